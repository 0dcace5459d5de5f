//! Who makes vectors, and how, as values.

use std::sync::Arc;

use openclaw_config::{EmbeddingBatch, EmbeddingRemote};
use openclaw_embed::{BatchPolicy, Embedder, Resolution, SystemTimer, Timer};

/// Who turns text into vectors.
#[derive(Clone, Default)]
pub struct Embedders {
    /// Whose vectors are used.
    pub primary: Option<Arc<dyn Embedder>>,
    /// Who steps in when it fails.
    pub fallback: Option<Arc<dyn Embedder>>,
    /// What does not work as it was configured, in plain words.
    pub problem: Option<String>,
    /// How batch jobs are waited for.
    pub batching: Batching,
    /// A service that costs money gets no more estimated tokens than this at once in the background; no limit if absent.
    pub ask_above_tokens: Option<u64>,
    /// Whether it is measured how much their vectors are worth.
    pub self_testing: SelfTesting,
}

/// Whether an embedder is measured, once for an index file, by the self-test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SelfTesting {
    /// It is: one more call for notes and one for questions, of 38 short texts each.
    Once,
    /// Its vectors count the default.
    #[default]
    Never,
}

/// How batch jobs are waited for.
#[derive(Clone)]
pub struct Batching {
    /// `remote.batch` of the configuration.
    pub policy: BatchPolicy,
    /// Waiting, so that tests need not.
    pub timer: Arc<dyn Timer>,
}

impl Default for Batching {
    fn default() -> Self {
        Self { policy: BatchPolicy::from_config(&EmbeddingBatch::default()), timer: Arc::new(SystemTimer) }
    }
}

impl Embedders {
    /// Follows `memorySearch.remote`.
    #[must_use]
    pub(crate) fn following(mut self, remote: &EmbeddingRemote) -> Self {
        self.batching.policy = BatchPolicy::from_config(&remote.batch);
        self.ask_above_tokens = Some(remote.ask_above_tokens);
        self.self_testing = SelfTesting::Once;
        self
    }
}

impl From<Resolution> for Embedders {
    fn from(resolution: Resolution) -> Self {
        let problems: Vec<String> = resolution.problems.iter().map(ToString::to_string).collect();
        // A missing primary is stood in for from the start.
        let (primary, fallback) = match resolution.primary {
            Some(primary) => (Some(primary), resolution.fallback),
            None => (resolution.fallback, None),
        };
        let problem = (!problems.is_empty()).then(|| problems.join("; "));
        Self { primary, fallback, problem, ..Self::default() }
    }
}
