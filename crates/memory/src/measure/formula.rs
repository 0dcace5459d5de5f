//! From the test to the weight of meaning. Pure.
//!
//! The *edge* of a model is its mean reciprocal rank less that of words. The built-in model's weight was tuned on
//! conversations (see `bench/RESULTS.md`); its edge is where the line is fixed:
//!
//! ```text
//! weight = TUNED + SLOPE * (edge - TUNED_EDGE), at least LEAST and at most MOST
//! ```
//!
//! Differences of up to `CHANCE` count as none: one question that goes the other way makes as much.

use std::fmt;

use serde::Serialize;

/// What meaning counts with the built-in model, and with one that was not measured.
pub(crate) const TUNED: f64 = 0.5;
/// The built-in model's edge; a test measures it again.
pub(crate) const TUNED_EDGE: f64 = 0.233;
/// Vectors without sense come out at the least weight, and perfect ones at the most.
const SLOPE: f64 = 2.0 / 3.0;
/// Vectors are there because somebody wants them: they are not left out altogether.
const LEAST: f64 = 0.1;
/// Words find codes and names that no vector knows.
const MOST: f64 = 0.7;
const CHANCE: f64 = 0.02;

/// What a model reached in the test: mean reciprocal ranks of the right note, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SelfTest {
    /// By the model's vectors alone.
    pub meaning: f64,
    /// By words alone.
    pub words: f64,
}

/// What meaning counts beside words, of 1 in all, and where that comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeaningWeight {
    /// What it counts.
    pub weight: f64,
    /// What it was measured by; absent for the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<SelfTest>,
}

impl MeaningWeight {
    /// By what was measured, if anything was.
    pub(crate) fn of(measured: Option<SelfTest>) -> Self {
        Self { weight: measured.map_or(TUNED, weight), measured }
    }
}

/// For people: `0.50, measured (0.71 by meaning, 0.66 by words)`.
impl fmt::Display for MeaningWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}, ", self.weight)?;
        match self.measured {
            Some(SelfTest { meaning, words }) => {
                write!(
                    f,
                    "measured by the self-test ({meaning:.2} by meaning alone, {words:.2} by words alone)"
                )
            }
            None => f.write_str("the default: the model was not measured yet"),
        }
    }
}

/// What meaning is to count beside words, of 1 in all.
pub(crate) fn weight(measured: SelfTest) -> f64 {
    let more = measured.meaning - measured.words - TUNED_EDGE;
    let beyond = (more.abs() - CHANCE).max(0.0).copysign(more);
    (TUNED + SLOPE * beyond).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::{CHANCE, LEAST, MOST, SelfTest, TUNED, TUNED_EDGE, weight};
    use proptest::prelude::*;

    fn of_edge(edge: f64) -> f64 {
        weight(SelfTest { meaning: 0.6 + edge, words: 0.6 })
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "the fixed point is exact")]
    fn the_tuned_model_is_the_fixed_point() {
        for by_chance in [-0.9, -0.5, 0.0, 0.5, 0.9] {
            assert_eq!(of_edge(TUNED_EDGE + by_chance * CHANCE), TUNED);
        }
        assert!(of_edge(TUNED_EDGE + 3.0 * CHANCE) > TUNED && of_edge(TUNED_EDGE - 3.0 * CHANCE) < TUNED);
    }

    proptest! {
        #[test]
        fn better_never_counts_less_and_the_bounds_hold(
            (meaning, words) in (0.0_f64..=1.0, 0.0_f64..=1.0),
            more in 0.0_f64..0.5,
        ) {
            let before = weight(SelfTest { meaning, words });
            prop_assert!((LEAST..=MOST).contains(&before));
            let (better, words_better) = (
                weight(SelfTest { meaning: meaning + more, words }),
                weight(SelfTest { meaning, words: words + more }),
            );
            prop_assert!(words_better <= before && before <= better);
        }
    }
}
