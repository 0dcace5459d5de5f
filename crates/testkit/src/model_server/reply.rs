//! What a server can be told to answer.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::speakers::{Dialect, Say};
use super::wire;

/// The answer to one chat request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Pieces of text, with a pause before each.
    Text {
        /// The pieces, a delta each.
        chunks: Vec<String>,
        /// The pause before each piece.
        delay: Duration,
    },
    /// Text, which may be empty, and then tool calls. Arguments arrive in two pieces.
    ToolCalls {
        /// What the model says before it calls.
        text: String,
        /// The calls.
        calls: Vec<ScriptedCall>,
    },
    /// Reasoning with its signature, and then text and calls, either of which may be empty.
    Thinking {
        /// The reasoning; empty means that the provider hides it.
        thought: String,
        /// What the provider wants back with it.
        signature: String,
        /// What the model says.
        text: String,
        /// The calls.
        calls: Vec<ScriptedCall>,
    },
    /// Some pieces of text and then silence, with the connection open.
    Stall {
        /// The pieces before the silence; with none the head of the answer still comes.
        after: Vec<String>,
    },
    /// Not even the head of an answer.
    Silent,
    /// An error status.
    Status {
        /// HTTP status.
        code: u16,
        /// The `Retry-After` header, as it is.
        retry_after: Option<String>,
        /// The body, normally JSON.
        body: String,
    },
    /// Some pieces of text, and then an event that is not JSON.
    MalformedSse {
        /// The pieces before the fault.
        after: Vec<String>,
    },
    /// Some pieces of text, and then the connection breaks without the end of the body.
    DropMidStream {
        /// The pieces before the break.
        after: Vec<String>,
    },
    /// Some pieces of text, and then the body ends properly but without finish reason and `[DONE]`.
    EndEarly {
        /// The pieces before the end.
        after: Vec<String>,
    },
    /// Some pieces of text, and then an error object inside the stream.
    ErrorMidStream {
        /// The pieces before the error.
        after: Vec<String>,
        /// `error.code`.
        code: String,
    },
    /// A body of server-sent events made beforehand and sent as one piece, for benchmarks.
    Prebuilt(Bytes),
    /// A body made beforehand, in pieces of this many bytes.
    InPieces {
        /// The whole body.
        body: Bytes,
        /// Bytes of each piece.
        size: usize,
    },
    /// The beginning of a body, and then the connection breaks.
    Cut {
        /// The whole body.
        body: Bytes,
        /// Bytes before the break.
        at: usize,
    },
}

/// A tool call to make.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptedCall {
    /// The call's id.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as JSON text; a test may send broken JSON.
    pub arguments: String,
}

impl Reply {
    /// A text in a few pieces, split behind spaces, without pauses.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text {
            chunks: text.split_inclusive(' ').map(ToOwned::to_owned).collect(),
            delay: Duration::ZERO,
        }
    }

    /// A text whose pieces come `delay` apart.
    #[must_use]
    pub fn slow_text(text: &str, delay: Duration) -> Self {
        Self::Text { chunks: text.split_inclusive(' ').map(ToOwned::to_owned).collect(), delay }
    }

    /// One tool call with the id `call_mock_1`.
    #[must_use]
    pub fn tool_call(name: &str, arguments: &Value) -> Self {
        let call =
            ScriptedCall { id: "call_mock_1".into(), name: name.into(), arguments: arguments.to_string() };
        Self::ToolCalls { text: String::new(), calls: vec![call] }
    }

    /// 429 with `Retry-After` in seconds.
    #[must_use]
    pub fn rate_limited(retry_after_seconds: u64) -> Self {
        Self::Status {
            code: 429,
            retry_after: Some(retry_after_seconds.to_string()),
            body: wire::error_body("Rate limit reached for requests", "requests", "rate_limit_exceeded"),
        }
    }

    /// 429 that waiting does not heal: the account has no credit.
    #[must_use]
    pub fn out_of_credit() -> Self {
        let body =
            wire::error_body("You exceeded your current quota", "insufficient_quota", "insufficient_quota");
        Self::Status { code: 429, retry_after: None, body }
    }

    /// 500.
    #[must_use]
    pub fn server_error() -> Self {
        let body = wire::error_body("The server had an error", "server_error", "server_error");
        Self::Status { code: 500, retry_after: None, body }
    }

    /// 400 with the code that OpenAI gives to a conversation that is too long.
    #[must_use]
    pub fn context_overflow() -> Self {
        let message = "This model's maximum context length is 4096 tokens.";
        let body = wire::error_body(message, "invalid_request_error", "context_length_exceeded");
        Self::Status { code: 400, retry_after: None, body }
    }

    /// The body of server-sent events that this reply is, in the words of the API behind `path`.
    ///
    /// # Panics
    /// There is no such API, or the reply is more than steps of an answer.
    #[must_use]
    pub fn body(&self, path: &str) -> Bytes {
        let mut speaker = Dialect::of_path(path).expect("the path of an API").speaker(1, &Value::Null);
        let (thinking, text, calls) = match self {
            Self::Text { chunks, .. } => (None, chunks.clone(), &[][..]),
            Self::ToolCalls { text, calls } => (None, vec![text.clone()], calls.as_slice()),
            Self::Thinking { thought, signature, text, calls } => {
                (Some((thought, signature)), vec![text.clone()], calls.as_slice())
            }
            Self::Stall { .. }
            | Self::Silent
            | Self::Status { .. }
            | Self::MalformedSse { .. }
            | Self::DropMidStream { .. }
            | Self::EndEarly { .. }
            | Self::ErrorMidStream { .. }
            | Self::Prebuilt(_)
            | Self::InPieces { .. }
            | Self::Cut { .. } => panic!("{self:?} has no body of its own"),
        };
        let mut says = vec![Say::Begin];
        says.extend(thinking.map(|(text, signature)| Say::Thinking { text, signature }));
        says.extend(text.iter().filter(|text| !text.is_empty()).map(|text| Say::Text(text)));
        says.extend(calls.iter().map(Say::Call));
        says.push(Say::End { calls: !calls.is_empty(), tokens: says.len() });
        Bytes::from(says.iter().flat_map(|say| speaker.say(say)).collect::<Vec<_>>().concat())
    }

    /// The whole text as one prebuilt body: no work per request beyond the copy to the socket.
    #[must_use]
    pub fn instant(text: &str) -> Self {
        Self::Prebuilt(wire::whole_stream(text))
    }
}
