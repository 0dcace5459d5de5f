//! How good answers are. Pure.

use super::needles::{Kind, Needle};
use super::report::{Quality, Row, Speed};
use crate::backend::Hit;
use crate::embedding::LOW_CONFIDENCE;

/// Results that an agent is shown when it does not say how many it wants.
const SHOWN: usize = 6;

/// What came of one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Of the question.
    pub kind: Kind,
    /// The result that shows the answer, from 1.
    pub rank: Option<usize>,
    /// How many results there were.
    pub results: usize,
    /// Of the whole answer.
    pub confidence: f64,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

/// The first result that shows the answer, from 1: the very line, or the same words elsewhere.
#[must_use]
pub fn rank_of(needle: &Needle, results: &[Hit]) -> Option<usize> {
    let target = needle.target.as_ref()?;
    let wanted = blanks_as_one(&target.text);
    let shows = |hit: &Hit| {
        let covers = hit.path == target.path && (hit.start_line..=hit.end_line).contains(&target.line);
        covers || (!wanted.is_empty() && blanks_as_one(&hit.snippet).contains(&wanted))
    };
    results.iter().position(shows).map(|at| at + 1)
}

fn blanks_as_one(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How probable it is that an answer to a real question is surer than one to nonsense: 1 is perfect, .5 is chance.
#[must_use]
pub fn separation(real: &[f64], nonsense: &[f64]) -> Option<f64> {
    let pairs = real.len() * nonsense.len();
    let mut wins = 0.0;
    for real in real {
        for nonsense in nonsense {
            wins += match real.total_cmp(nonsense) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    (pairs > 0).then(|| wins / pairs as f64)
}

/// The value below which a share of the values lies (nearest rank); 0 without values.
#[must_use]
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// What the outcomes say.
#[must_use]
pub fn judge(outcomes: &[Outcome]) -> Quality {
    let of = |kind| outcomes.iter().filter(move |outcome: &&Outcome| outcome.kind == kind);
    let real: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.kind != Kind::Nonsense).collect();
    let nonsense: Vec<&Outcome> = of(Kind::Nonsense).collect();
    let rows = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Nonsense);
    let confidence =
        |outcomes: &[&Outcome]| -> Vec<f64> { outcomes.iter().map(|outcome| outcome.confidence).collect() };
    let times: Vec<f64> = outcomes.iter().map(|outcome| outcome.ms).collect();
    Quality {
        rows: rows.map(|kind| row(kind, of(kind))).filter(|row| row.questions > 0).collect(),
        questions: real.len(),
        found1: share(&real, |outcome| outcome.rank == Some(1)),
        found6: share(&real, is_shown),
        empty: real.iter().filter(|outcome| outcome.results == 0).count(),
        nonsense: nonsense.len(),
        rejected: share(&nonsense, |outcome| outcome.confidence < LOW_CONFIDENCE),
        kept: share(&real, |outcome| outcome.confidence >= LOW_CONFIDENCE),
        separation: separation(&confidence(&real), &confidence(&nonsense)),
        search: Speed { p50_ms: percentile(&times, 0.5), p95_ms: percentile(&times, 0.95) },
    }
}

fn row<'a>(kind: Kind, outcomes: impl Iterator<Item = &'a Outcome>) -> Row {
    let outcomes: Vec<&Outcome> = outcomes.collect();
    Row {
        kind,
        questions: outcomes.len(),
        found1: share(&outcomes, |outcome| outcome.rank == Some(1)),
        found6: share(&outcomes, is_shown),
    }
}

fn is_shown(outcome: &Outcome) -> bool {
    outcome.rank.is_some_and(|rank| rank <= SHOWN)
}

/// From 0 to 1; 0 of none.
fn share(outcomes: &[&Outcome], test: impl Fn(&Outcome) -> bool) -> f64 {
    let count = outcomes.iter().filter(|outcome| test(outcome)).count();
    if outcomes.is_empty() { 0.0 } else { count as f64 / outcomes.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, judge, percentile, rank_of, separation};
    use crate::backend::{Hit, Source};
    use crate::bench::needles::{Kind, Needle, Target};

    fn hit(path: &str, lines: (u32, u32), snippet: &str) -> Hit {
        Hit {
            path: path.into(),
            start_line: lines.0,
            end_line: lines.1,
            score: 0.9,
            snippet: snippet.into(),
            source: Source::Memory,
            citation: String::new(),
            heading: None,
            date: None,
            repeated: 0,
            elsewhere: Vec::new(),
            cut: None,
            explain: None,
        }
    }

    #[test]
    fn the_line_or_the_same_words_elsewhere_count() {
        let target = Target { path: "a.md".into(), line: 5, text: "the key  is here".into() };
        let needle = Needle { kind: Kind::Half, query: "key".into(), target: Some(target) };
        let other = || hit("b.md", (5, 5), "something else");
        for (hits, expected) in [
            (vec![], None),
            (vec![other()], None),
            (vec![other(), hit("a.md", (4, 6), "x")], Some(2)),
            (vec![hit("a.md", (6, 9), "x")], None),
            (vec![hit("c.md", (1, 1), "- the key is here, too")], Some(1)),
        ] {
            assert_eq!(rank_of(&needle, &hits), expected, "{hits:?}");
        }
        let nonsense = Needle { kind: Kind::Nonsense, query: "x".into(), target: None };
        assert_eq!(rank_of(&nonsense, &[other()]), None);
    }

    #[test]
    fn shares_and_ranks() {
        assert_eq!(separation(&[0.9, 0.8], &[0.1, 0.2]), Some(1.0));
        assert_eq!(separation(&[0.5], &[0.5]), Some(0.5));
        assert_eq!(separation(&[0.1], &[0.9, 0.05]), Some(0.5));
        assert_eq!(separation(&[], &[0.9]), None);
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((percentile(&values, 0.5), percentile(&values, 0.95)), (50.0, 95.0));
        assert_eq!((percentile(&[3.0], 0.95), percentile(&[], 0.5)), (3.0, 0.0));
    }

    #[test]
    fn an_answer_key() {
        let outcome = |kind, rank: Option<usize>, confidence| Outcome {
            kind,
            rank,
            results: rank.unwrap_or(0),
            confidence,
            ms: 2.0,
        };
        let judged = judge(&[
            outcome(Kind::Rare, Some(1), 0.9),
            outcome(Kind::Rare, Some(6), 0.8),
            outcome(Kind::Half, Some(7), 0.7),
            outcome(Kind::Code, None, 0.1),
            outcome(Kind::Nonsense, None, 0.2),
            outcome(Kind::Nonsense, None, 0.3),
        ]);
        assert_eq!((judged.questions, judged.nonsense, judged.empty), (4, 2, 1));
        assert_eq!((judged.found1, judged.found6), (0.25, 0.5));
        assert_eq!((judged.rejected, judged.kept), (0.5, 0.75));
        assert_eq!(judged.separation, Some(0.75));
        let kinds: Vec<_> = judged.rows.iter().map(|row| (row.kind, row.questions, row.found6)).collect();
        assert_eq!(kinds, [(Kind::Rare, 2, 1.0), (Kind::Half, 1, 0.0), (Kind::Code, 1, 0.0)]);
        assert_eq!(judged.search.p50_ms, 2.0);
    }
}
