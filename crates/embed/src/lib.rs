//! Text to vectors: the port [`Embedder`] and its implementations.
//!
//! This crate talks to embedding services and runs the built-in model. It knows nothing of notes, indexes or search.

mod builtin;
mod embedder;
mod error;
pub mod local;

pub use builtin::Builtin;
pub use embedder::{BatchLimits, Embedder, EmbedderId, Purpose, Vector};
pub use error::{EmbedError, Failure};
