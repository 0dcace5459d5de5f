//! One script in the words of each wire API. Sources: the providers' API references on streaming.

mod anthropic;
mod completions;
mod gemini;
mod ollama;
mod responses;

use bytes::Bytes;
use serde_json::Value;

use super::reply::ScriptedCall;

/// One step of an answer.
#[derive(Debug, Clone)]
pub(super) enum Say<'a> {
    /// Before anything is said.
    Begin,
    Thinking {
        text: &'a str,
        signature: &'a str,
    },
    Text(&'a str),
    Call(&'a ScriptedCall),
    /// The documented end, with usage.
    End {
        calls: bool,
        tokens: usize,
    },
    /// An error object in the middle of the answer.
    Error {
        code: &'a str,
    },
    /// An event that is not JSON.
    Broken,
}

/// Puts steps into events; each answer has its own.
pub(super) trait Speaker: Send {
    fn say(&mut self, say: &Say<'_>) -> Vec<Bytes>;
}

/// The wire APIs that the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Completions,
    Anthropic,
    Gemini,
    Responses,
    Ollama,
}

impl Dialect {
    /// The path decides, as at the providers.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or(path);
        if path.ends_with("/chat/completions") {
            Some(Self::Completions)
        } else if path.ends_with("/messages") {
            Some(Self::Anthropic)
        } else if path.ends_with(":streamGenerateContent") {
            Some(Self::Gemini)
        } else if path.ends_with("/responses") {
            Some(Self::Responses)
        } else if path.ends_with("/api/chat") {
            Some(Self::Ollama)
        } else {
            None
        }
    }

    /// What the answers are called.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Completions | Self::Anthropic | Self::Gemini | Self::Responses => {
                "text/event-stream; charset=utf-8"
            }
            Self::Ollama => "application/x-ndjson",
        }
    }

    /// Where the conversation is in a request.
    pub(super) fn conversation(self) -> &'static str {
        match self {
            Self::Completions | Self::Anthropic | Self::Ollama => "messages",
            Self::Gemini => "contents",
            Self::Responses => "input",
        }
    }

    pub(super) fn speaker(self, number: usize, request: &Value) -> Box<dyn Speaker> {
        match self {
            Self::Completions => Box::new(completions::Completions::new(number, request)),
            Self::Anthropic => Box::new(anthropic::Anthropic::default()),
            Self::Gemini => Box::new(gemini::Gemini::new(number)),
            Self::Responses => Box::new(responses::Responses::default()),
            Self::Ollama => Box::new(ollama::Ollama::default()),
        }
    }
}

/// Arguments in two pieces, cut at a character.
fn halves(text: &str) -> [&str; 2] {
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap();
    let (head, tail) = text.split_at(middle);
    [head, tail]
}
