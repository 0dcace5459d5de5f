//! The wire API `anthropic-messages`, as spoken by Anthropic and by servers that imitate it.
//!
//! Source: Anthropic API reference, "Messages", "Streaming messages", "Errors"; guides "Extended thinking",
//! "Prompt caching", "Tool use".

mod api;
mod classify;
mod decode;
mod encode;
mod thinking;

pub use api::Messages;
pub use classify::classify;
pub use decode::Decoder;
pub use encode::encode;
pub(crate) use thinking::{claude_version, level};
