//! OpenClaw's arithmetic of a search. Pure.

use std::collections::HashMap;

use super::chunks::ChunkId;
use super::options::{Multiplier, Weights};

/// No side hands in more candidates than this.
const MAX_CANDIDATES: usize = 200;
/// Stands for a rank that is not finite.
const NO_RANK: f64 = 999.0;

/// A chunk that one side found, and its score there.
pub(super) type Scored = (ChunkId, f64);

/// A chunk on its way to the results.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranked {
    pub(super) chunk: ChunkId,
    pub(super) score: f64,
    /// Of the vector side, if the chunk was among its candidates.
    pub(super) cosine: Option<f64>,
    /// Of the keyword side.
    pub(super) text: Option<f64>,
}

/// Candidates that each side hands in.
pub(super) fn candidates(max_results: usize, multiplier: Multiplier) -> usize {
    max_results.saturating_mul(multiplier.get()).clamp(1, MAX_CANDIDATES)
}

/// What the keyword side looks for: every run of Latin letters, digits and underscores, in any order. Nothing for a
/// query without any.
pub(super) fn keywords(query: &str) -> Option<String> {
    let tokens: Vec<String> = query
        .split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|token| !token.is_empty())
        .map(|token| format!("\"{token}\""))
        .collect();
    (!tokens.is_empty()).then(|| tokens.join(" AND "))
}

/// The score of a keyword hit by its BM25 rank. SQLite's ranks are below zero, so that it is 1: that is what OpenClaw
/// computes.
pub(super) fn text_score(rank: f64) -> f64 {
    let rank = if rank.is_finite() { rank.max(0.0) } else { NO_RANK };
    1.0 / (1.0 + rank)
}

/// Brings both sides together, best first; equal ones stay in the order of the vector side, then of the keyword side.
/// A side that there is not at all leaves the scores of the other as they are.
pub(super) fn fuse(
    meaning: Option<Vec<Scored>>,
    words: Option<Vec<Scored>>,
    weights: Weights,
) -> Vec<Ranked> {
    let mut ranked = match (meaning, words) {
        (None, None) => Vec::new(),
        (Some(meaning), None) => meaning.into_iter().map(by_meaning).collect(),
        (None, Some(words)) => words.into_iter().map(by_words).collect(),
        (Some(meaning), Some(words)) => merge(meaning, words, weights),
    };
    // Stable.
    ranked.sort_by(|a: &Ranked, b| b.score.total_cmp(&a.score));
    ranked
}

fn merge(meaning: Vec<Scored>, words: Vec<Scored>, weights: Weights) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = meaning.into_iter().map(by_meaning).collect();
    let at: HashMap<ChunkId, usize> = ranked.iter().enumerate().map(|(at, hit)| (hit.chunk, at)).collect();
    for (chunk, score) in words {
        match at.get(&chunk) {
            Some(&at) => ranked[at].text = Some(score),
            None => ranked.push(by_words((chunk, score))),
        }
    }
    for hit in &mut ranked {
        hit.score = weights.sum(hit.cosine.unwrap_or(0.0), hit.text.unwrap_or(0.0));
    }
    ranked
}

fn by_meaning((chunk, score): Scored) -> Ranked {
    Ranked { chunk, score, cosine: Some(score), text: None }
}

fn by_words((chunk, score): Scored) -> Ranked {
    Ranked { chunk, score, cosine: None, text: Some(score) }
}

#[cfg(test)]
mod tests {
    use super::{Ranked, candidates, fuse, keywords, text_score};
    use crate::corpus::NoteId;
    use crate::weighted::chunks::ChunkId;
    use crate::weighted::options::{Multiplier, Weights};
    use proptest::prelude::*;

    fn chunk(note: i64) -> ChunkId {
        ChunkId { note: NoteId(note), chunk: 0 }
    }

    fn order(ranked: &[Ranked]) -> Vec<(i64, f64)> {
        ranked.iter().map(|hit| (hit.chunk.note.0, (hit.score * 1e6).round() / 1e6)).collect()
    }

    #[test]
    fn each_side_hands_in_results_times_the_multiplier() {
        for (results, multiplier, expected) in [
            (6, 4, 24),
            (1, 1, 1),
            (0, 4, 1),
            (50, 4, 200),
            (50, 20, 200),
            (9, 20, 180),
            (usize::MAX, 2, 200),
        ] {
            assert_eq!(candidates(results, Multiplier::new(multiplier)), expected);
        }
    }

    #[test]
    fn keywords_are_latin_and_all_are_wanted() {
        for (query, expected) in [
            ("Where is the key?", Some(r#""Where" AND "is" AND "the" AND "key""#)),
            ("a-b snake_case 1.0.21", Some(r#""a" AND "b" AND "snake_case" AND "1" AND "0" AND "21""#)),
            ("Zürich \" OR x*", Some(r#""Z" AND "rich" AND "OR" AND "x""#)),
            ("鍵はどこ？", None),
            ("  ", None),
        ] {
            assert_eq!(keywords(query).as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn every_keyword_hit_scores_one() {
        for (rank, expected) in [
            (-7.5, 1.0),
            (-1e-6, 1.0),
            (0.0, 1.0),
            (1.0, 0.5),
            (3.0, 0.25),
            (f64::NAN, 0.001),
            (f64::INFINITY, 0.001),
        ] {
            assert!((text_score(rank) - expected).abs() < 1e-12, "{rank}");
        }
    }

    #[test]
    fn the_sum_is_weighted_and_a_missing_side_counts_nothing() {
        let meaning = || vec![(chunk(1), 0.6), (chunk(2), 0.5), (chunk(3), 0.1)];
        let words = || vec![(chunk(2), 1.0), (chunk(4), 1.0)];
        let weights = Weights::default();
        // .7 * .6; .7 * .5 + .3; .7 * .1; .3
        let both = fuse(Some(meaning()), Some(words()), weights);
        assert_eq!(order(&both), [(2, 0.65), (1, 0.42), (4, 0.3), (3, 0.07)]);
        assert_eq!((both[0].cosine, both[0].text), (Some(0.5), Some(1.0)));
        // The keyword side found nothing, but is there.
        assert_eq!(order(&fuse(Some(meaning()), Some(Vec::new()), weights))[0], (1, 0.42));
        // It is not there at all.
        assert_eq!(order(&fuse(Some(meaning()), None, weights)), [(1, 0.6), (2, 0.5), (3, 0.1)]);
        assert_eq!(order(&fuse(None, Some(words()), weights)), [(2, 1.0), (4, 1.0)]);
        assert!(fuse(None, None, weights).is_empty());
        // Equal scores stay as they came: the vector side first.
        let tied = fuse(
            Some(vec![(chunk(9), 0.3), (chunk(8), 0.3)]),
            Some(vec![(chunk(1), 0.3)]),
            Weights::new(0.5, 0.5),
        );
        assert_eq!(tied.iter().map(|hit| hit.chunk.note.0).collect::<Vec<_>>(), [9, 8, 1]);
    }

    proptest! {
        #[test]
        fn scores_fall_and_every_chunk_is_ranked_once(
            meaning in proptest::collection::btree_map(0_i64..30, -1.0_f64..1.0, 0..20),
            words in proptest::collection::btree_map(0_i64..30, 0.0_f64..1.0, 0..20),
            (vector, text) in (0.0_f64..1.0, 0.0_f64..1.0),
        ) {
            let side = |scores: &std::collections::BTreeMap<i64, f64>| {
                scores.iter().map(|(&note, &score)| (chunk(note), score)).collect::<Vec<_>>()
            };
            let ranked = fuse(Some(side(&meaning)), Some(side(&words)), Weights::new(vector, text));
            let mut notes: Vec<i64> = ranked.iter().map(|hit| hit.chunk.note.0).collect();
            prop_assert!(ranked.windows(2).all(|pair| pair[0].score >= pair[1].score));
            prop_assert!(ranked.iter().all(|hit| hit.score <= 1.0 + 1e-12));
            notes.sort_unstable();
            let mut all: Vec<i64> = meaning.keys().chain(words.keys()).copied().collect();
            all.sort_unstable();
            all.dedup();
            prop_assert_eq!(notes, all);
        }
    }
}
