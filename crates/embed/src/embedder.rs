//! The port, and the values that cross it.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::batch::BatchJobs;
use crate::cost::{Estimate, Mode};
use crate::error::EmbedError;
use crate::local::Progress;

/// Who makes vectors. Two embedders with the same [`EmbedderId`] make the same vectors of the same text.
///
/// The contract that every implementation is tested against is in the crate's `tests/contract.rs`.
pub trait Embedder: Send + Sync {
    /// Whose vectors these are; an index keeps those of different identities apart.
    fn identity(&self) -> &EmbedderId;
    /// How much fits into one call.
    fn limits(&self) -> BatchLimits;
    /// One vector for each text, in order. Texts longer than the model reads are cut by the model or here, never
    /// refused. A call for [`Purpose::Query`] overtakes calls for [`Purpose::Document`]. Dropping the future stops the
    /// work as soon as it can be stopped.
    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>>;
    /// Where the texts go.
    fn reach(&self) -> Reach {
        // Who does not say is taken for somebody elsewhere.
        Reach::Service
    }
    /// Whether a question would be worked on at once. Asking starts nothing.
    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }
    /// Jobs of many texts, where the service has them and the configuration wants them.
    fn batch(&self) -> Option<&dyn BatchJobs> {
        None
    }
    /// What embedding these texts costs, as far as anybody knows. On this machine it costs nothing.
    fn estimate(&self, texts: &[&str], _mode: Mode) -> Estimate {
        Estimate::free(texts)
    }
}

/// Where texts go that become vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Nowhere: this program makes the vectors, or a child of it.
    Here,
    /// To a server on this machine, by its host and port. What that does with them nobody here knows.
    Server(String),
    /// To a service elsewhere.
    Service,
}

/// Whether an embedder works on a question at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// It does, as far as anybody knows.
    Ready,
    /// A program has to start and to read its model first: some seconds.
    Starting,
    /// A model is on its way to this machine: minutes. Questions are refused with
    /// [`Failure::NotReady`](crate::Failure::NotReady) meanwhile.
    Downloading(Progress),
}

/// What a text is for: many models want to be told, and a person waits for a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be searched for.
    Query,
    /// To be found.
    Document,
}

/// Where vectors come from. Vectors of different identities cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmbedderId {
    /// As the configuration calls it: `builtin`, `openai`, `gemini`, `voyage`, `local`.
    pub provider: &'static str,
    /// The model's name.
    pub model: String,
    /// Hex digest of everything else that changes the vectors: address, headers that are no secrets, prompts, version.
    pub fingerprint: String,
}

impl fmt::Display for EmbedderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

/// How much fits into one call of [`Embedder::embed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Texts.
    pub texts: usize,
    /// Bytes of all texts together; a single longer one may be sent alone.
    pub bytes: usize,
    /// Calls at the same time that are worth it.
    pub concurrency: usize,
}

/// A vector of length 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector(Vec<f32>);

impl Vector {
    /// Scales numbers to length 1. `None` when that is impossible: no numbers, all zero, or one that is not finite.
    #[must_use]
    pub fn normalized(mut numbers: Vec<f32>) -> Option<Self> {
        let norm = numbers.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        if numbers.is_empty() || !norm.is_finite() || norm <= f64::MIN_POSITIVE {
            return None;
        }
        for number in &mut numbers {
            *number = (f64::from(*number) / norm) as f32;
        }
        Some(Self(numbers))
    }

    /// The numbers.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Vector;
    use proptest::prelude::*;

    #[test]
    fn what_has_no_direction_is_no_vector() {
        for numbers in [vec![], vec![0.0; 4], vec![1.0, f32::NAN], vec![f32::INFINITY, 1.0]] {
            assert_eq!(Vector::normalized(numbers), None);
        }
    }

    proptest! {
        #[test]
        fn vectors_have_length_one(numbers in proptest::collection::vec(-1e30_f32..1e30, 1..64)) {
            if let Some(vector) = Vector::normalized(numbers) {
                let norm: f64 = vector.as_slice().iter().map(|&x| f64::from(x) * f64::from(x)).sum();
                prop_assert!((norm - 1.0).abs() < 1e-4);
            }
        }
    }
}
