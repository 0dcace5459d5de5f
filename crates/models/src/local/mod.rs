//! Model servers on this machine: what their models can do, asked of themselves.
//!
//! Only loopback is asked, only the servers whose APIs are known (Ollama, LM Studio), and nothing but names goes there.

mod facts;
mod known;
mod look;
mod printed;
mod scanner;

pub(crate) use facts::OLLAMA_WINDOW;
pub use facts::{LocalModel, lm_studio_models, ollama_model, ollama_names};
pub use known::LocalModels;
pub use look::{LookError, Looked, look_around, look_at};
pub use printed::PrintedCalls;
pub use scanner::{MAX_HELD_BYTES, Piece, Scanner};
