//! The ranking of OpenClaw 2026.2.9, for those who want the results they know: chunks of about 400 tokens, a keyword
//! side that wants every word, a vector side, and the weighted sum of the two. `bench/RESULTS.md` has what it finds.

mod chunk;
mod chunks;
mod formula;
mod options;
mod search;
mod store;

pub(crate) use chunks::Chunks;
pub use options::{Chunking, Fusion, Measured, Multiplier, Sides, Weighted, Weights};
pub(crate) use search::{Weighing, search};
pub(crate) use store::{DROP, Of, SCHEMA, delete, insert};
