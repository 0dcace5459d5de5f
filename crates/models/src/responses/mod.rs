//! The wire API `openai-responses`.
//!
//! Source: OpenAI API reference, "Responses" and "Streaming events"; guides "Reasoning models" (encrypted reasoning
//! items), "Function calling", "Conversation state".

mod api;
mod decode;
mod encode;

pub use api::Responses;
pub use decode::Decoder;
pub use encode::encode;
