//! What the gateway and the program `openclaw-local` say to each other: one JSON object per line.
//!
//! The program says [`Reply::Hello`] once its model is loaded, or [`Reply::Failed`] without an `id` and ends. Then each
//! [`Request::Embed`] gets one answer with its `id`, in order. The program ends when its input does. Both sides compile
//! this very file: the program's workspace has a target directory and a lock file of its own, and includes it by path.

use std::io::{BufRead, Read};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Changes whenever a line of one version could be misread by the other.
pub(crate) const PROTOCOL: u32 = 1;
/// Changes whenever a model gets other prompts, because then it makes other vectors of the same texts.
pub(crate) const PROMPTS: u32 = 1;
/// The longest line. The largest honest one is an answer of [`MAX_TEXTS`] vectors of 8,192 numbers of 14 digits.
pub(crate) const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;
/// Texts of one request: few, so that a query does not wait long for documents.
pub(crate) const MAX_TEXTS: usize = 16;

/// Gateway to program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Request {
    /// Make a vector of each text.
    Embed {
        /// Comes back in the answer.
        id: u64,
        /// Chooses the model's prompt.
        purpose: For,
        /// At most [`MAX_TEXTS`].
        texts: Vec<String>,
    },
}

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum For {
    /// To be searched for.
    Query,
    /// To be found.
    Document,
}

/// Program to gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Reply {
    /// The model is loaded.
    Hello(Hello),
    /// One vector per text, in order, of any length but zero.
    Vectors {
        /// That of the request.
        id: u64,
        /// As many as texts.
        vectors: Vec<Vec<f32>>,
    },
    /// There is no answer.
    Failed {
        /// That of the request; none before the hello.
        id: Option<u64>,
        /// Who can do something about it.
        kind: Kind,
        /// In plain words, with the next step.
        message: String,
    },
}

/// What the program runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hello {
    /// [`PROTOCOL`] of the program.
    pub(crate) protocol: u32,
    /// [`PROMPTS`] of the program.
    pub(crate) prompts: u32,
    /// The model's name for itself.
    pub(crate) model: String,
    /// What llama.cpp calls its kind.
    pub(crate) architecture: String,
    /// Numbers of a vector.
    pub(crate) dimensions: usize,
    /// Tokens of a text that are read; the rest is cut off.
    pub(crate) tokens: usize,
    /// The prompts that are put before texts.
    pub(crate) prompt: String,
}

/// Who can do something about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    /// The owner: another file, another processor, more memory.
    Unusable,
    /// The sender of the request.
    Refused,
}

/// A line that is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// Longer than [`MAX_LINE_BYTES`].
    #[error("a line of more than {MAX_LINE_BYTES} bytes")]
    TooLong,
    /// Not what the other side may say.
    #[error("a line that is no message of the protocol")]
    NoMessage(#[source] serde_json::Error),
    /// The pipe failed.
    #[error("the pipe failed")]
    Pipe(#[source] std::io::Error),
}

/// One message as a line.
pub(crate) fn to_line(message: &impl Serialize) -> Result<Vec<u8>, WireError> {
    let mut line = serde_json::to_vec(message).map_err(WireError::NoMessage)?;
    line.push(b'\n');
    if line.len() > MAX_LINE_BYTES { Err(WireError::TooLong) } else { Ok(line) }
}

/// The next message; nothing at the end. A last line without its end was cut by a crash and is an error.
pub(crate) fn next_message<M: DeserializeOwned>(from: &mut impl BufRead) -> Result<Option<M>, WireError> {
    let mut line = Vec::new();
    let limit = MAX_LINE_BYTES as u64;
    from.take(limit).read_until(b'\n', &mut line).map_err(WireError::Pipe)?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => serde_json::from_slice(&line).map(Some).map_err(WireError::NoMessage),
        Some(_) if line.len() + 1 >= MAX_LINE_BYTES => Err(WireError::TooLong),
        Some(_) => Err(WireError::Pipe(std::io::ErrorKind::UnexpectedEof.into())),
    }
}
