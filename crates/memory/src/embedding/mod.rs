//! Who makes the vectors of one engine: in ordinary calls, in batch jobs, and within what may be spent.
//!
//! Nothing here fails a search: without vectors, words answer, and the answer says why.

mod asking;
mod calls;
mod embedders;
mod jobs;
mod measuring;
mod spending;
mod standing;
mod state;

pub use embedders::{Batching, Embedders, SelfTesting};
pub use jobs::{JobStage, JobUnderWay};
pub use spending::Spending;
pub(crate) use state::{Embedding, LOW_CONFIDENCE};
