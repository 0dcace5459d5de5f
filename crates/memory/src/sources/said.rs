//! What a record of a transcript says: one place for everybody who reads conversations.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// A person.
    User,
    /// The agent.
    Assistant,
}

impl Speaker {
    /// As lines of a conversation begin.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Assistant => "Assistant",
        }
    }
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionMessage {
    /// Who.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// A record of a transcript; what is not looked at is not read.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: String,
}

/// The message in a line of a transcript, and when it was said. Records that are no messages, thoughts, results of tools,
/// damaged and torn lines say nothing.
pub(crate) fn said(line: &[u8]) -> Option<(SessionMessage, Option<Timestamp>)> {
    let line = String::from_utf8_lossy(line);
    let record: Record<'_> = serde_json::from_str(&line).ok()?;
    if record.kind != "message" {
        return None;
    }
    let message: Message<'_> = serde_json::from_str(record.message?.get()).ok()?;
    let speaker = match message.role.as_ref() {
        "user" => Speaker::User,
        "assistant" => Speaker::Assistant,
        _ => return None,
    };
    let text = text_of(message.content?.get())?;
    let at = record.timestamp.and_then(|at| moment(at.get()));
    Some((SessionMessage { speaker, text }, at))
}

/// The text of a message, or of those of its parts that are text.
fn text_of(content: &str) -> Option<String> {
    if let Ok(text) = serde_json::from_str::<String>(content) {
        return Some(text);
    }
    let parts: Vec<&RawValue> = serde_json::from_str(content).ok()?;
    let parts = parts.into_iter().filter_map(|part| serde_json::from_str::<Part>(part.get()).ok());
    let texts: Vec<String> = parts.filter(|part| part.kind == "text").map(|part| part.text).collect();
    Some(texts.join("\n"))
}

/// A moment as RFC 3339 or in milliseconds.
fn moment(json: &str) -> Option<Timestamp> {
    match serde_json::from_str::<String>(json) {
        Ok(text) => text.parse().ok(),
        Err(_) => Timestamp::from_millisecond(json.parse().ok()?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Speaker, said};

    #[test]
    fn what_is_no_text_does_not_hide_what_is() {
        let rows = [
            (r#"{"type":"message","message":{"role":"user","content":"tea"}}"#, Some((Speaker::User, "tea"))),
            (
                r#"{"type":"message","message":{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"image"},{"type":"text","text":7},7,{"type":"text","text":"b"}]}}"#,
                Some((Speaker::Assistant, "a\nb")),
            ),
            (r#"{"type":"message","message":{"role":"user","content":7}}"#, None),
            (r#"{"type":"message","message":{"role":"toolResult","content":"x"}}"#, None),
            (r#"{"type":"custom","message":{"role":"user","content":"x"}}"#, None),
            (r#"{"type":"message"}"#, None),
        ];
        for (line, expected) in rows {
            let message = said(line.as_bytes()).map(|(message, _)| message);
            let found = message.as_ref().map(|message| (message.speaker, message.text.as_str()));
            assert_eq!(found, expected, "{line}");
        }
        let broken =
            [br#"{"type":"message","message":{"role":"user","content":"t"#.as_slice(), b"\xff", b"\"}}"]
                .concat();
        assert_eq!(said(&broken).unwrap().0.text, "t\u{fffd}");
    }
}
