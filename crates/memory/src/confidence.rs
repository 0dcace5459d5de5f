//! How probable it is that lines are about a query. Pure.
//!
//! A logistic curve of what words and meaning say, fitted on questions with and without an answer (LoCoMo, development
//! half; see `bench/RESULTS.md`). Likeness alone is believed only when it is great: questions of one form are alike.

use crate::score::Evidence;

const BIAS: f64 = -4.9;
const OF_RATIO: f64 = 3.6;
const OF_COSINE: f64 = 5.7;
/// For each rare word of the query that the window holds: three that agree say more than one.
const OF_HELD: f64 = 2.25;
/// For each that was asked for.
const OF_ASKED: f64 = -0.46;
/// The curve of the cosine alone.
const ALIKE: (f64, f64) = (-6.0, 8.0);

/// From 0 to 1. A passage that is not embedded, or a memory without vectors, is judged by its words.
pub(crate) fn confidence(evidence: Evidence) -> f64 {
    let Evidence { ratio, coverage, information, cosine } = evidence;
    let words = OF_RATIO * ratio + OF_HELD * coverage * information + OF_ASKED * information;
    let together = logistic(BIAS + words + OF_COSINE * cosine.unwrap_or(ratio));
    let alike = cosine.map_or(0.0, |cosine| logistic(ALIKE.0 + ALIKE.1 * cosine));
    together.max(alike)
}

fn logistic(sum: f64) -> f64 {
    1.0 / (1.0 + (-sum).exp())
}

#[cfg(test)]
mod tests {
    use super::confidence;
    use crate::score::Evidence;
    use proptest::prelude::*;

    fn evidence(ratio: f64, coverage: f64, information: f64, cosine: Option<f64>) -> Evidence {
        Evidence { ratio, coverage, information, cosine }
    }

    #[test]
    fn what_is_sure_and_what_is_not() {
        for (what, given, least, most) in [
            ("a code alone, found", evidence(0.8, 1.0, 1.0, Some(0.3)), 0.7, 1.0),
            ("the same without vectors", evidence(0.8, 1.0, 1.0, None), 0.8, 1.0),
            ("two words, both found", evidence(0.5, 1.0, 2.0, Some(0.5)), 0.9, 1.0),
            ("one of three words", evidence(0.2, 0.3, 3.0, Some(0.3)), 0.0, 0.25),
            ("nothing", evidence(0.0, 0.0, 3.0, Some(0.2)), 0.0, 0.05),
            ("great likeness, other words", evidence(0.0, 0.0, 3.0, Some(0.8)), 0.5, 1.0),
            ("no evidence at all", Evidence::default(), 0.0, 0.05),
        ] {
            let sure = confidence(given);
            assert!((least..=most).contains(&sure), "{what}: {sure}");
        }
    }

    proptest! {
        #[test]
        fn more_evidence_is_never_less_sure(
            (ratio, coverage, information) in (0.0_f64..1.0, 0.0_f64..1.0, 0.0_f64..6.0),
            cosine in -1.0_f64..1.0,
            more in 0.0_f64..0.5,
        ) {
            let sure = confidence(evidence(ratio, coverage, information, Some(cosine)));
            prop_assert!((0.0..=1.0).contains(&sure));
            prop_assert!(sure <= confidence(evidence(ratio + more, coverage, information, Some(cosine))));
            prop_assert!(sure <= confidence(evidence(ratio, coverage + more, information, Some(cosine))));
            prop_assert!(sure <= confidence(evidence(ratio, coverage, information, Some(cosine + more))));
        }
    }
}
