//! Text to vectors: the port [`Embedder`] and its implementations.
//!
//! This crate talks to embedding services and runs the built-in model. It knows nothing of notes, indexes or search.

mod batch;
mod cost;
mod embedder;
mod error;
mod remote;
mod resolve;
mod tokens;

pub use batch::{
    BatchItem, BatchJob, BatchJobs, BatchPolicy, Ended, JobLimits, JobLine, JobState, Next, Seen, Waiting,
    text_id, wait,
};
pub use cost::{Estimate, Mode, price};
pub use embedder::{BatchLimits, Embedder, EmbedderId, Purpose, Vector};
pub use error::{EmbedError, Failure};
pub use remote::{
    Allowance, BatchApi, Budget, Dialect, Endpoint, EndpointError, Means, RemoteEmbedder, RemoteSpec,
    Retries, SystemTimer, Timer,
};
pub use resolve::{
    Around, Asked, Choice, Chosen, DEFAULT_LOCAL_MODEL, EnvKeys, Key, Keys, LocalModel, LocalSpec, Makers,
    Resolution, ResolveProblem, build, choose, resolve,
};
pub use tokens::estimate_tokens;
