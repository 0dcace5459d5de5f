//! The wire API `openai-completions`: OpenAI chat completions, as spoken by OpenAI and most other servers.
//!
//! Source: OpenAI API reference, "Chat" and "Chat streaming".

mod api;
mod chunk;
mod classify;
mod decode;
mod details;
mod encode;

pub use api::Completions;
pub use classify::classify;
pub use decode::Decoder;
pub use encode::encode;
