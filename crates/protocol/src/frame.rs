//! Frames: request, response, event, and the error shape. All objects are closed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schema::{Field, Ty, optional, required, violations};

const REQUEST: &[Field] = &[
    required("type", Ty::OneOf(&["req"])),
    required("id", Ty::NonEmptyStr),
    required("method", Ty::NonEmptyStr),
    optional("params", Ty::Any),
];

/// A request from a client.
#[derive(Debug, Clone, Deserialize)]
pub struct RequestFrame {
    /// Chosen by the client; the response carries it.
    pub id: String,
    /// Method name.
    pub method: String,
    /// Parameters, checked by [`crate::methods::MethodSpec::check`].
    #[serde(default)]
    pub params: Option<Value>,
}

/// Why a text is not a request frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Not JSON at all; there is nobody to answer to.
    #[error("frame is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// JSON, but no request frame.
    #[error("invalid request frame: {problems}")]
    Invalid {
        /// The frame's id, if it has a usable one, to answer under.
        id: Option<String>,
        /// Whether the object calls itself a request.
        claims_request: bool,
        /// What is wrong, in the validator's words.
        problems: String,
    },
}

impl RequestFrame {
    /// Parses one text frame.
    ///
    /// # Errors
    /// [`FrameError`], which says whether there is an id to answer under.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        let value: Value = serde_json::from_str(text)?;
        if let Some(problems) = violations(Ty::Closed(REQUEST), &value) {
            let id = value.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
            return Err(FrameError::Invalid {
                id: id.map(|id| id.chars().take(64).collect()),
                claims_request: value.get("type").and_then(Value::as_str) == Some("req"),
                problems,
            });
        }
        Ok(serde_json::from_value(value)?)
    }
}

/// The error codes of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// A channel is not linked.
    NotLinked,
    /// The device is not paired.
    NotPaired,
    /// The agent did not finish in time.
    AgentTimeout,
    /// The request cannot succeed as it is.
    InvalidRequest,
    /// The request failed here; it may succeed later.
    Unavailable,
}

/// An error in a response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorShape {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// For programs that know more about this error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// Whether the same request may succeed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// When to try again, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl ErrorShape {
    /// An error with code and message only.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: None, retryable: None, retry_after_ms: None }
    }

    /// `INVALID_REQUEST`.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    /// `UNAVAILABLE`.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unavailable, message)
    }

    /// The same error with details.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// The same error, marked as worth a retry after this many milliseconds.
    #[must_use]
    pub fn retry_after(mut self, retry_after_ms: u64) -> Self {
        self.retryable = Some(true);
        self.retry_after_ms = Some(retry_after_ms);
        self
    }
}

/// A response. Success carries a payload; a failure carries an error and may carry a payload too.
#[derive(Debug, Clone)]
pub struct ResponseFrame {
    id: String,
    payload: Option<Value>,
    error: Option<ErrorShape>,
}

impl ResponseFrame {
    /// Success.
    #[must_use]
    pub fn ok(id: &str, payload: Value) -> Self {
        Self { id: id.to_owned(), payload: Some(payload), error: None }
    }

    /// Failure.
    #[must_use]
    pub fn error(id: &str, error: ErrorShape) -> Self {
        Self { id: id.to_owned(), payload: None, error: Some(error) }
    }

    /// Failure that still carries a payload (`chat.send`, `agent`).
    #[must_use]
    pub fn error_with_payload(id: &str, payload: Value, error: ErrorShape) -> Self {
        Self { id: id.to_owned(), payload: Some(payload), error: Some(error) }
    }

    /// The text frame.
    #[must_use]
    pub fn encode(&self) -> String {
        #[derive(Serialize)]
        struct Wire<'a> {
            r#type: &'static str,
            id: &'a str,
            ok: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            payload: Option<&'a Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'a ErrorShape>,
        }
        encode(&Wire {
            r#type: "res",
            id: &self.id,
            ok: self.error.is_none(),
            payload: self.payload.as_ref(),
            error: self.error.as_ref(),
        })
    }
}

/// The counters that let a client see whether its picture is current.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateVersion {
    /// Counts changes of the presence list.
    pub presence: u64,
    /// Counts health snapshots.
    pub health: u64,
}

/// Encodes an event frame. `seq` is the broadcast counter; events to chosen connections carry none.
#[must_use]
pub fn encode_event(
    event: &str,
    payload: &impl Serialize,
    seq: Option<u64>,
    state_version: Option<StateVersion>,
) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire<'a, P> {
        r#type: &'static str,
        event: &'a str,
        payload: &'a P,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        state_version: Option<StateVersion>,
    }
    encode(&Wire { r#type: "event", event, payload, seq, state_version })
}

/// A frame from the gateway, as a client reads it.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub enum ServerFrame {
    /// Answer to a request.
    #[serde(rename = "res")]
    Response {
        /// The request's id.
        id: String,
        /// Whether it succeeded.
        ok: bool,
        /// The result.
        #[serde(default)]
        payload: Option<Value>,
        /// The error.
        #[serde(default)]
        error: Option<ErrorShape>,
    },
    /// Something happened.
    #[serde(rename = "event")]
    Event {
        /// Event name.
        event: String,
        /// Its content.
        #[serde(default)]
        payload: Option<Value>,
        /// Broadcast counter.
        #[serde(default)]
        seq: Option<u64>,
    },
}

/// Encodes a request frame, as a client sends it.
#[must_use]
pub fn encode_request(id: &str, method: &str, params: &Value) -> String {
    json!({"type": "req", "id": id, "method": method, "params": params}).to_string()
}

fn encode(value: &impl Serialize) -> String {
    // Only maps with non-string keys and failing `Serialize` impls make this fail; frames have neither.
    serde_json::to_string(value).unwrap_or_else(|error| {
        json!({"type": "event", "event": "error", "payload": {"message": error.to_string()}}).to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::{ErrorShape, FrameError, RequestFrame, ResponseFrame, StateVersion, encode_event};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn refuses_what_is_no_request() {
        let rows = [
            (
                r#"{"type":"req","id":"a","bogus":1}"#,
                "must have required property 'method'; at root: unexpected property 'bogus'",
            ),
            (r#"{"type":"req","id":"","method":"x"}"#, "at /id: must NOT have fewer than 1 characters"),
            (r#"[]"#, "must be object"),
        ];
        for (text, expected) in rows {
            match RequestFrame::parse(text) {
                Err(FrameError::Invalid { problems, .. }) => assert_eq!(problems, expected),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(matches!(RequestFrame::parse("{"), Err(FrameError::NotJson(_))));
    }

    #[test]
    fn encodes_as_the_release_does() {
        assert_eq!(
            ResponseFrame::ok("1", json!({"a":1})).encode(),
            r#"{"type":"res","id":"1","ok":true,"payload":{"a":1}}"#
        );
        assert_eq!(
            ResponseFrame::error("1", ErrorShape::invalid("no")).encode(),
            r#"{"type":"res","id":"1","ok":false,"error":{"code":"INVALID_REQUEST","message":"no"}}"#
        );
        assert_eq!(
            encode_event("health", &json!({}), Some(3), Some(StateVersion { presence: 1, health: 2 })),
            r#"{"type":"event","event":"health","payload":{},"seq":3,"stateVersion":{"presence":1,"health":2}}"#
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,300}") {
            drop(RequestFrame::parse(&text));
        }
    }
}
