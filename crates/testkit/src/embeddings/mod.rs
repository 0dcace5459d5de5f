//! Services that make vectors, over real HTTP on a loopback port: OpenAI, Gemini and Voyage, with their batch jobs.
//!
//! The vectors mean something: a text is a bag of hashed words, so that texts which share words point the same way.
//! Sources of the wire formats: OpenAI API reference "Embeddings", "Batch", "Files" and "Error codes"; Gemini API
//! reference "Embeddings", "Batch API" and "Files"; Voyage API reference "Text embedding models", "Error codes" and
//! "Batch Inference".

mod answers;
mod jobs;
mod requests;
mod serve;
mod server;
mod trouble;
mod vectors;

pub use jobs::{JobEnd, JobPlan};
pub use server::{Api, Asked, EmbeddingServer};
pub use trouble::Trouble;
pub use vectors::{DIMENSIONS, bag_of_words};
