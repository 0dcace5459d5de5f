//! Messages as transcripts store them and `chat.history` returns them (format version 3).
//!
//! Source: OpenClaw 2026.2.9 transcript JSONL. Unknown roles and parts are kept as they are, because a
//! transcript written by another version must survive being read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role")]
pub enum Message {
    /// What a person, or the system on their behalf, said.
    #[serde(rename = "user")]
    User(UserMessage),
    /// What the model answered: text, thinking and tool calls.
    #[serde(rename = "assistant")]
    Assistant(AssistantMessage),
    /// What a tool returned for one call of the assistant.
    #[serde(rename = "toolResult")]
    ToolResult(ToolResultMessage),
}

/// A user message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserMessage {
    /// Text, or parts.
    pub content: Content,
    /// Milliseconds since the epoch.
    #[serde(default)]
    pub timestamp: i64,
}

/// An assistant message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssistantMessage {
    /// Parts in the order the model produced them.
    pub content: Vec<Part>,
    /// Wire API, for example `openai-completions`.
    #[serde(default)]
    pub api: String,
    /// Provider id, for example `openai`.
    #[serde(default)]
    pub provider: String,
    /// Model id within the provider.
    #[serde(default)]
    pub model: String,
    /// Tokens and cost as the provider reported them.
    #[serde(default)]
    pub usage: Usage,
    /// Why the model stopped.
    #[serde(default)]
    pub stop_reason: StopReason,
    /// Plain words, when the stop reason is `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Milliseconds since the epoch.
    #[serde(default)]
    pub timestamp: i64,
}

/// The result of one tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolResultMessage {
    /// The id of the call this answers.
    pub tool_call_id: String,
    /// The tool's name.
    pub tool_name: String,
    /// What the model gets to see.
    pub content: Vec<Part>,
    /// Structured result for clients; never sent to the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// Whether the tool failed.
    #[serde(default)]
    pub is_error: bool,
    /// Milliseconds since the epoch.
    #[serde(default)]
    pub timestamp: i64,
}

/// The content of a user message: old transcripts have a bare string.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A bare string.
    Text(String),
    /// Parts.
    Parts(Vec<Part>),
}

impl Content {
    /// All text of the content, parts joined by a newline.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => text_of(parts),
        }
    }
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Part {
    /// A part this version knows.
    Known(KnownPart),
    /// Anything else, kept byte for byte in meaning.
    Other(Value),
}

/// The parts this version knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum KnownPart {
    /// Plain or Markdown text.
    Text {
        /// The text.
        text: String,
        /// Opaque provider signature, replayed as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text_signature: Option<String>,
    },
    /// The model's reasoning, shown only when asked for.
    Thinking {
        /// The text.
        thinking: String,
        /// Opaque provider signature, replayed as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thinking_signature: Option<String>,
        /// Whether the provider showed no text; the signature is then the data that it wants back.
        #[serde(default, skip_serializing_if = "is_false")]
        redacted: bool,
    },
    /// An image.
    Image {
        /// Base64.
        data: String,
        /// For example `image/png`.
        mime_type: String,
    },
    /// A tool call.
    ToolCall {
        /// The provider's id of the call.
        id: String,
        /// The tool's name.
        name: String,
        /// The arguments, normally an object.
        arguments: Value,
        /// Opaque provider signature, replayed as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thought_signature: Option<String>,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Part {
    /// A text part.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Known(KnownPart::Text { text: text.into(), text_signature: None })
    }

    /// A tool call part.
    #[must_use]
    pub fn tool_call(id: impl Into<String>, name: impl Into<String>, arguments: Value) -> Self {
        Self::Known(KnownPart::ToolCall {
            id: id.into(),
            name: name.into(),
            arguments,
            thought_signature: None,
        })
    }

    /// The text, if this is a text part.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Known(KnownPart::Text { text, .. }) => Some(text),
            Self::Known(
                KnownPart::Thinking { .. } | KnownPart::Image { .. } | KnownPart::ToolCall { .. },
            )
            | Self::Other(_) => None,
        }
    }
}

/// All text parts joined by a newline.
#[must_use]
pub fn text_of(parts: &[Part]) -> String {
    let texts: Vec<&str> = parts.iter().filter_map(Part::as_text).collect();
    texts.join("\n")
}

/// Tokens and money of one model call. Tokens are the provider's own counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// Prompt tokens that were not read from a cache.
    pub input: u64,
    /// Completion tokens.
    pub output: u64,
    /// Prompt tokens read from the provider's cache.
    pub cache_read: u64,
    /// Prompt tokens written to the provider's cache.
    pub cache_write: u64,
    /// Sum of the above.
    pub total_tokens: u64,
    /// US dollars, from the configured prices.
    pub cost: Cost,
}

/// US dollars of one model call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cost {
    /// For the prompt.
    pub input: f64,
    /// For the completion.
    pub output: f64,
    /// For cached prompt tokens.
    pub cache_read: f64,
    /// For writing the cache.
    pub cache_write: f64,
    /// Sum of the above.
    pub total: f64,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StopReason {
    /// It was done.
    #[default]
    Stop,
    /// It reached its output limit.
    Length,
    /// It wants tools to run.
    ToolUse,
    /// The provider failed.
    Error,
    /// The user or a deadline stopped it.
    Aborted,
}

#[cfg(test)]
mod tests {
    use super::{Message, Part};
    use serde_json::json;

    #[test]
    fn round_trips_what_the_release_writes() {
        let rows = [
            json!({"role":"user","content":[{"type":"text","text":"hi"}],"timestamp":5}),
            json!({"role":"user","content":"old form","timestamp":5}),
            json!({"role":"assistant","content":[{"type":"toolCall","id":"c1","name":"read","arguments":{"path":"a"}}],
                "api":"openai-completions","provider":"mock","model":"m",
                "usage":{"input":1,"output":2,"cacheRead":0,"cacheWrite":0,"totalTokens":3,
                    "cost":{"input":0.5,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.5}},
                "stopReason":"toolUse","timestamp":6}),
            json!({"role":"toolResult","toolCallId":"c1","toolName":"read",
                "content":[{"type":"text","text":"x"}],"isError":false,"timestamp":7}),
        ];
        for row in rows {
            let message: Message = serde_json::from_value(row.clone()).unwrap();
            assert_eq!(serde_json::to_value(&message).unwrap(), row);
        }
    }

    #[test]
    fn unknown_parts_survive() {
        let part: Part = serde_json::from_value(json!({"type":"hologram","x":[1,2]})).unwrap();
        assert_eq!(serde_json::to_value(&part).unwrap(), json!({"type":"hologram","x":[1,2]}));
    }
}
