//! How probable it is that lines are about a query. Pure.

use crate::score::Evidence;

/// The logistic curve of the evidence.
const BIAS: f64 = -3.2;
const OF_COVERAGE: f64 = 4.0;
const OF_RATIO: f64 = 4.0;
const OF_COSINE: f64 = 3.0;

/// From 0 to 1. A passage that is not embedded, or a memory without vectors, is judged by its words.
pub(crate) fn confidence(evidence: Evidence) -> f64 {
    let meaning = evidence.cosine.unwrap_or(evidence.ratio);
    let sum = BIAS + OF_COVERAGE * evidence.coverage + OF_RATIO * evidence.ratio + OF_COSINE * meaning;
    1.0 / (1.0 + (-sum).exp())
}
