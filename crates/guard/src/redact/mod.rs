//! Hiding secrets in text that somebody will read: logs, consoles, output of tools.
//!
//! Three sources say what a secret is. Known values are found wherever they stand and however they are encoded;
//! shapes are what credentials usually look like; patterns are the user's own. All of it is linear in the text.

mod forms;
mod known;
mod names;
mod pattern;
mod redactor;
mod shapes;
mod span;
mod stream;

pub use known::MIN_SECRET_BYTES;
pub use names::says_secret;
pub use pattern::{Pattern, PatternError};
pub use redactor::{Hiding, Redactor};
pub use span::HIDDEN;
pub use stream::RedactStream;
