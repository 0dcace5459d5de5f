//! Text to vectors: the port [`Embedder`] and its implementations.
//!
//! This crate talks to embedding services and runs the built-in model. It knows nothing of notes, indexes or search,
//! and it sends nothing before the first call of [`Embedder::embed`] or [`BatchJobs::submit`].
//!
//! ```
//! use openclaw_config::Env;
//! use openclaw_embed::{Around, Choice, EnvKeys, choose};
//!
//! let file = "{ agents: { defaults: { memorySearch: { fallback: 'voyage' } } } }";
//! let env = Env::from([("VOYAGE_API_KEY", "pa-1")]);
//! let parsed = openclaw_config::parse(file, "openclaw.json", &env).unwrap_or_else(|_| unreachable!());
//! let around = Around {
//!     providers: &parsed.config.models.providers,
//!     keys: &EnvKeys(&env),
//!     find_file: &|_| None,
//! };
//! let chosen = choose(&parsed.config.agents.defaults.memory_search, &around);
//! assert_eq!(chosen.primary.as_ref().map(Choice::provider), Some("voyage"));
//! assert_eq!(chosen.why, "VOYAGE_API_KEY is set");
//! assert!(chosen.fallback.is_none(), "it is the primary already");
//! ```

mod batch;
mod builtin;
mod cost;
mod embedder;
mod error;
pub mod local;
mod remote;
mod resolve;
mod tokens;

pub use batch::{
    BatchItem, BatchJob, BatchJobs, BatchPolicy, Ended, JobLimits, JobLine, JobMark, JobState, Next,
    NoVector, Seen, Waiting, text_id, wait,
};
pub use builtin::Builtin;
pub use cost::{Estimate, Mode, price};
pub use embedder::{BatchLimits, Embedder, EmbedderId, Purpose, Reach, Readiness, Vector};
pub use error::{EmbedError, Failure};
pub use remote::{
    Allowance, BatchApi, Budget, Dialect, Endpoint, EndpointError, Means, RemoteEmbedder, RemoteSpec,
    Retries, SystemTimer, Timer,
};
pub use resolve::{
    Around, Asked, Choice, Chosen, DEFAULT_LOCAL_MODEL, EnvKeys, Key, Keys, LocalModel, LocalSpec, Makers,
    OwnKeys, OwnMakers, Resolution, ResolveProblem, build, choose, resolve,
};
pub use tokens::estimate_tokens;
