//! How well the right note is found, by vectors and by words.

use std::collections::HashSet;

use jiff::civil::Date;
use openclaw_embed::Vector;

use super::set::{Pair, SET};
use crate::backend::{MAX_RESULTS, Query, Source};
use crate::index::{IndexError, NewNote, Stamp};
use crate::open::OpenIndex;

/// A day that no question is about.
const TODAY: Date = Date::constant(2026, 1, 1);

/// The mean reciprocal rank by vectors, of notes and of their questions in the same order. Of notes that are equally near, the
/// right one comes last: vectors that are all alike find nothing.
pub(crate) fn by_meaning(notes: &[Vector], questions: &[Vector]) -> f64 {
    let rank = |(right, question): (usize, &Vector)| {
        let near: Vec<f32> = notes.iter().map(|note| cosine(note, question)).collect();
        let own = near.get(right).copied().unwrap_or(f32::NEG_INFINITY);
        near.iter().filter(|&&other| other >= own).count().max(1)
    };
    mean(questions.iter().enumerate().map(rank).map(Some))
}

fn cosine(a: &Vector, b: &Vector) -> f32 {
    a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b).sum()
}

/// The mean reciprocal rank by words, with an index of the notes in memory.
pub(crate) fn by_words() -> Result<f64, IndexError> {
    let mut open = OpenIndex::in_memory()?;
    let generation = open.index.published();
    for (number, pair) in SET.iter().enumerate() {
        let stamp = Stamp { size: 0, mtime_ms: 0, hash: Vec::new() };
        let path = path_of(number);
        open.put(
            generation,
            &NewNote { source: Source::Memory, path: &path, below: &path, stamp: &stamp, text: pair.note },
        )?;
    }
    let mut ranks = Vec::with_capacity(SET.len());
    for (number, pair) in SET.iter().enumerate() {
        ranks.push(rank_by_words(&open, number, pair)?);
    }
    Ok(mean(ranks.into_iter()))
}

fn rank_by_words(open: &OpenIndex, number: usize, pair: &Pair) -> Result<Option<usize>, IndexError> {
    let query = Query { max_results: MAX_RESULTS, ..Query::new(pair.question) };
    let found = open.search(&query, None, TODAY)?;
    let right = path_of(number);
    let mut seen = HashSet::new();
    let notes = found.hits.into_iter().map(|hit| hit.path).filter(|path| seen.insert(path.clone()));
    Ok(notes.enumerate().find(|(_, path)| *path == right).map(|(before, _)| before + 1))
}

fn path_of(number: usize) -> String {
    format!("memory/{number}.md")
}

/// Of ranks from 1; one that is not found counts nothing.
fn mean(ranks: impl ExactSizeIterator<Item = Option<usize>>) -> f64 {
    let count = ranks.len().max(1) as f64;
    ranks.flatten().map(|rank| 1.0 / rank as f64).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::{by_meaning, by_words};
    use crate::measure::formula::{SelfTest, TUNED, TUNED_EDGE, weight};
    use crate::measure::set::SET;
    use openclaw_embed::{Builtin, Embedder as _, Purpose, Vector};

    /// Numbers without sense, the same for the same seed.
    fn senseless(seed: u64) -> Vector {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / 16_777_216.0 - 0.5
        };
        Vector::normalized((0..64).map(|_| next()).collect()).unwrap()
    }

    /// `sense` of a right vector, and the rest of it without sense.
    fn mixed(number: u64, seed: u64, sense: f32) -> Vector {
        let (right, other) = (senseless(number + 1_000), senseless(seed));
        let both = right.as_slice().iter().zip(other.as_slice());
        Vector::normalized(both.map(|(right, other)| sense * right + (1.0 - sense) * other).collect())
            .unwrap()
    }

    fn measured(sense: f32) -> f64 {
        let all = |from: u64| (0..SET.len() as u64).map(|n| mixed(n, from + n, sense)).collect::<Vec<_>>();
        by_meaning(&all(10_000), &all(20_000))
    }

    #[tokio::test]
    #[allow(clippy::float_cmp, reason = "the tuned weight comes out as it was tuned")]
    async fn the_built_in_model_gets_the_weight_that_was_tuned() {
        let builtin = Builtin::new();
        let embed = |purpose, texts: Vec<String>| builtin.embed(purpose, texts);
        let notes = SET.iter().map(|pair| pair.note.to_owned()).collect();
        let questions = SET.iter().map(|pair| pair.question.to_owned()).collect();
        let notes = embed(Purpose::Document, notes).await.unwrap();
        let questions = embed(Purpose::Query, questions).await.unwrap();
        let found = SelfTest { meaning: by_meaning(&notes, &questions), words: by_words().unwrap() };
        let edge = found.meaning - found.words;
        // Other processors round otherwise, and so may put two notes the other way round.
        assert!((edge - TUNED_EDGE).abs() < 0.01, "{found:?}: the edge is {edge:.4}");
        assert_eq!(weight(found), TUNED);
    }

    #[test]
    fn a_model_without_sense_counts_least_and_a_better_one_more() {
        let words = by_words().unwrap();
        let of = |sense| weight(SelfTest { meaning: measured(sense), words });
        let senses = [0.0, 0.3, 0.4, 0.5, 0.6, 1.0];
        let weights = senses.map(of);
        assert!(weights.is_sorted(), "{weights:?}");
        assert!(weights[0] < 0.15 && weights[5] > 0.65, "{weights:?}");
    }

    #[test]
    fn vectors_that_are_all_alike_find_nothing() {
        let same = vec![senseless(1); SET.len()];
        assert!(by_meaning(&same, &same) < 0.03);
        assert!(by_meaning(&[], &[]) < f64::EPSILON);
    }
}
