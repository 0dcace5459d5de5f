//! Ollama's own chat API. Its copy of chat completions has no field for the window, so that a long prompt would be cut to
//! the server's default in silence; here `num_ctx` goes along.
//!
//! Source: Ollama API, "Generate a chat completion".

mod api;
mod decode;
mod encode;

pub use api::Chat;
pub use decode::Decoder;
pub use encode::encode;
