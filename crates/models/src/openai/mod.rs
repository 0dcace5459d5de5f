//! The wire API `openai-completions`: OpenAI chat completions, as spoken by OpenAI and most other servers.
//!
//! Source: OpenAI API reference, "Chat" and "Chat streaming"; `encode` and `decode` are pure, `driver` does the I/O.

mod classify;
mod decode;
mod driver;
mod encode;
mod redact;

pub use classify::{Refusal, classify};
pub use decode::Decoder;
pub use driver::{Endpoint, MAX_RESPONSE_BYTES, OpenAiChat};
pub use encode::encode;
pub use openclaw_http::EndpointError;
pub use redact::Redactor;

#[cfg(test)]
mod driver_tests;
