//! Strict validators of requests to model providers, one per wire API, from the providers' public API references.
//!
//! They refuse more than the providers do: what a reference does not allow is a violation, even where a server is
//! known to be lenient. They share nothing with the code they check.

mod anthropic;
mod base64;
mod completions;
mod efforts;
mod gemini;
mod gemini_schema;
mod ollama;
mod reader;
mod responses;

pub use anthropic::anthropic;
pub use completions::completions;
pub use efforts::efforts;
pub use gemini::gemini;
pub use gemini_schema::gemini_schema;
pub use ollama::ollama;
pub use reader::Violation;
pub use responses::responses;
