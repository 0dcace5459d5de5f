//! The wire API `google-generative-ai`: the Gemini API.
//!
//! Source: Gemini API reference, "Generating content" (`streamGenerateContent`), "Caching and schemas"; guides
//! "Function calling", "Thinking", "Thought signatures", "Troubleshooting".

mod api;
mod classify;
mod decode;
mod encode;
mod schema;
mod thinking;

pub use api::Gemini;
pub use classify::classify;
pub use decode::Decoder;
pub use encode::encode;
pub use schema::reduce;
pub(crate) use thinking::level;
