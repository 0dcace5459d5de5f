//! A request as the ledger keeps it: all that is needed to answer it in another process.

use std::time::Duration;

use openclaw_agent::AskedThinking;
use openclaw_models::ThinkingLevel;
use openclaw_protocol::message::Part;
use openclaw_store::{RecordId, SessionId};
use serde::{Deserialize, Serialize};

use crate::rpc::Message;

/// The form of the payload; other forms are of later versions.
const VERSION: u32 = 1;

/// A message. What its sender may do is not kept: it may be another thing then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    version: u32,
    text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    images: Vec<Part>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra_system: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thinking: Option<String>,
    /// Whether the session keeps that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    keep_thinking: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    /// The id of the user's record in the transcript.
    record: String,
}

impl Request {
    pub(crate) fn new(message: &Message, record: &RecordId) -> Self {
        let millis = |timeout: Duration| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        Self {
            version: VERSION,
            text: message.text.clone(),
            images: message.images.clone(),
            extra_system: message.extra_system.clone(),
            session_id: message.session_id.as_ref().map(ToString::to_string),
            thinking: message.thinking.map(|asked| level_of(asked).as_str().to_owned()),
            keep_thinking: matches!(message.thinking, Some(AskedThinking::FromNowOn(_))),
            timeout_ms: message.timeout.map(millis),
            record: record.to_string(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // Texts and numbers always encode.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What was kept; `None` if this version cannot read it.
    pub(crate) fn parse(payload: &[u8]) -> Option<Self> {
        // What cannot be read is told to the sender as such.
        serde_json::from_slice(payload).ok().filter(|request: &Self| request.version == VERSION)
    }

    pub(crate) fn record(&self) -> Option<RecordId> {
        RecordId::parse(&self.record)
    }

    pub(crate) fn into_message(self) -> Message {
        let keep = if self.keep_thinking { AskedThinking::FromNowOn } else { AskedThinking::Once };
        Message {
            text: self.text,
            images: self.images,
            extra_system: self.extra_system,
            // It was one when it was accepted.
            session_id: self.session_id.and_then(|id| SessionId::parse(&id).ok()),
            thinking: self.thinking.as_deref().and_then(ThinkingLevel::parse).map(keep),
            timeout: self.timeout_ms.map(Duration::from_millis),
        }
    }
}

fn level_of(asked: AskedThinking) -> ThinkingLevel {
    match asked {
        AskedThinking::Once(level) | AskedThinking::FromNowOn(level) => level,
    }
}

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::rpc::Message;
    use openclaw_agent::AskedThinking;
    use openclaw_models::ThinkingLevel;
    use openclaw_protocol::message::{KnownPart, Part};
    use openclaw_store::{RecordId, SessionId};
    use std::time::Duration;

    #[test]
    fn what_is_kept_is_what_was_sent() {
        let message = Message {
            text: "hello\u{0} \u{1f600}".into(),
            images: vec![Part::Known(KnownPart::Image {
                data: "aGk=".into(),
                mime_type: "image/png".into(),
            })],
            extra_system: Some("be brief".into()),
            session_id: Some(SessionId::parse("abc").unwrap()),
            thinking: Some(AskedThinking::FromNowOn(ThinkingLevel::High)),
            timeout: Some(Duration::from_millis(1_500)),
        };
        let record = RecordId::random().unwrap();
        let request = Request::parse(&Request::new(&message, &record).encode()).unwrap();
        assert_eq!(request.record(), Some(record.clone()));
        let again = Request::new(&request.clone().into_message(), &record);
        assert_eq!(again, request);
        let again = again.into_message();
        assert_eq!((again.images, again.thinking), (message.images, message.thinking));
        for bad in [&b""[..], b"{}", br#"{"version":2,"text":"","record":"a"}"#] {
            assert_eq!(Request::parse(bad), None);
        }
    }
}
