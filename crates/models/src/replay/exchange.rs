//! One model call as a recording has it.

use std::collections::HashMap;
use std::sync::Arc;

use openclaw_guard::Redactor;
use openclaw_protocol::message::{Content, KnownPart, Message, Part};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::Fault;
use super::hide::{hidden_text, hide, hide_definition};
use crate::{InputKind, ModelEvent, ModelInfo, ModelRequest, Prices, ThinkingLevel, ToolDefinition, WireApi};

/// Base64 of an image beyond this many characters is recorded as its checksum: it can be neither read nor compared by
/// people, and it would be most of the file.
const MAX_IMAGE_CHARS: usize = 256;
/// What stands in the place of an image's data.
const IMAGE_SUM: &str = "sha256:";

/// One model call: what was asked, what came when, how it ended. It holds no secrets: nothing makes one but
/// [`Taken::exchange`](super::Taken::exchange), which takes them out, and reading a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Names the turn; calls of one turn share it.
    pub turn: String,
    /// Position in the turn, from 0.
    pub call: u32,
    /// Calls of the session that came before it and are not in the recording, as far as that is known.
    pub lost: u32,
    /// When it began, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The version of the program that wrote it.
    pub by: String,
    /// Who was asked.
    pub model: RecordedModel,
    /// What was asked.
    pub request: RecordedRequest,
    /// What came, each with its milliseconds since the beginning.
    pub events: Vec<(u64, ModelEvent)>,
    /// How it ended.
    pub end: End,
    /// Milliseconds from the beginning to the end.
    pub took_ms: u64,
    /// What went over the wire, where that was asked for.
    pub wire: Option<Wire>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// With [`ModelEvent::Done`].
    Done,
    /// With an error.
    Failed(Fault),
    /// Whoever had asked did not want the rest: the turn was stopped, or another model asked.
    Stopped,
    /// The answer was too large to be recorded; its beginning is there.
    TooLarge,
}

/// What went over the wire.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Wire {
    /// In the order in which it went, each with its milliseconds since the beginning.
    pub frames: Vec<(u64, Frame)>,
    /// Bytes that were too many to be kept.
    pub left_out_bytes: usize,
    /// Whether pieces of answers were left out because they spell out a secret, or may: cut into pieces it could not be
    /// found.
    pub withheld: bool,
}

/// Something that went over the wire. Headers are not recorded: the credential is in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Frame {
    /// A request; another one in the same call is a repetition.
    Asked {
        /// Its address, without user, password and query.
        url: String,
        /// Its body.
        body: String,
    },
    /// The head of an answer.
    Answered {
        /// HTTP status.
        status: u16,
        /// What the body is said to be.
        content_type: String,
    },
    /// A piece of its body, cut as it came. What is no UTF-8 is replaced.
    Piece(String),
}

impl Frame {
    /// Bytes of what it says.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Asked { body: text, .. } | Self::Piece(text) => text.len(),
            Self::Answered { .. } => 0,
        }
    }
}

/// What a recording knows of a model: what the turn's decisions depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedModel {
    /// Provider id.
    pub provider: String,
    /// Model id.
    pub id: String,
    /// How it was spoken to.
    pub api: WireApi,
    /// Tokens of prompt and answer together.
    pub context_window: u32,
    /// Most tokens of one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Whether it thinks before it answers.
    #[serde(default)]
    pub reasoning: bool,
    /// What a user message may contain.
    #[serde(default)]
    pub input: Vec<InputKind>,
    /// Whether it can call tools.
    pub calls_tools: bool,
    /// Sampling temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Its prices.
    #[serde(default)]
    pub prices: Prices,
}

impl RecordedModel {
    /// Writes down a model.
    #[must_use]
    pub fn of(info: &ModelInfo) -> Self {
        Self {
            provider: info.provider.to_string(),
            id: info.id.clone(),
            api: info.api,
            context_window: info.context_window,
            max_tokens: info.max_tokens,
            reasoning: info.reasoning,
            input: info.input.clone(),
            calls_tools: info.calls_tools,
            temperature: info.temperature,
            prices: info.prices,
        }
    }

    /// The model, as far as it was written down.
    #[must_use]
    pub fn info(&self) -> ModelInfo {
        ModelInfo {
            context_window: self.context_window,
            max_tokens: self.max_tokens,
            reasoning: self.reasoning,
            input: self.input.clone(),
            calls_tools: self.calls_tools,
            temperature: self.temperature,
            prices: self.prices,
            ..ModelInfo::new(&self.provider, &self.id, self.api)
        }
    }

    /// `provider/model`.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{}/{}", self.provider, self.id)
    }
}

/// A request without secrets, images by their checksums.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedRequest {
    /// The system prompt.
    pub system: Arc<str>,
    /// The conversation, each message as transcripts have it.
    pub messages: Vec<Arc<Value>>,
    /// The tools, each with name, description and parameters.
    pub tools: Arc<[Value]>,
    /// Most tokens to produce.
    pub max_tokens: Option<u32>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// How hard the model shall think.
    pub thinking: Option<String>,
}

/// Something, and what it was written down as.
type Pair<T, V> = (Arc<T>, Arc<V>);

/// What the last request of a conversation was written down as. The next one has most of its messages, which are then not
/// looked through again. It belongs to one redactor.
#[derive(Default)]
pub struct Hidden {
    system: Option<Pair<str, str>>,
    tools: Option<Pair<[ToolDefinition], [Value]>>,
    /// By their addresses, which are theirs as long as they are held here.
    messages: HashMap<usize, Pair<Message, Value>>,
}

impl Hidden {
    fn system(&mut self, system: &Arc<str>, redactor: &Redactor) -> Arc<str> {
        match &self.system {
            Some((known, hidden)) if Arc::ptr_eq(known, system) => Arc::clone(hidden),
            Some(_) | None => {
                let hidden: Arc<str> = Arc::from(hidden_text(system, redactor));
                self.system = Some((Arc::clone(system), Arc::clone(&hidden)));
                hidden
            }
        }
    }

    fn tools(&mut self, tools: &Arc<[ToolDefinition]>, redactor: &Redactor) -> Arc<[Value]> {
        match &self.tools {
            Some((known, hidden)) if Arc::ptr_eq(known, tools) => Arc::clone(hidden),
            Some(_) | None => {
                let hide = |tool: &ToolDefinition| {
                    // No value of these types fails to become JSON.
                    let mut value = serde_json::to_value(tool).unwrap_or_default();
                    hide_definition(&mut value, redactor);
                    value
                };
                let hidden: Arc<[Value]> = tools.iter().map(hide).collect();
                self.tools = Some((Arc::clone(tools), Arc::clone(&hidden)));
                hidden
            }
        }
    }

    fn messages(&mut self, messages: &[Arc<Message>], redactor: &Redactor) -> Vec<Arc<Value>> {
        let known = std::mem::take(&mut self.messages);
        let hidden = messages.iter().map(|message| {
            let address = Arc::as_ptr(message).addr();
            let value = known.get(&address).map(|(_, value)| Arc::clone(value)).unwrap_or_else(|| {
                let mut value = serde_json::to_value(with_sums(message)).unwrap_or_default();
                hide(&mut value, redactor);
                Arc::new(value)
            });
            // A large image would be held for the sake of its checksum.
            if large_images(message).next().is_none() {
                self.messages.insert(address, (Arc::clone(message), Arc::clone(&value)));
            }
            value
        });
        hidden.collect()
    }
}

impl RecordedRequest {
    /// Writes down a request. The clock is no part of it.
    #[must_use]
    pub fn of(request: &ModelRequest, redactor: &Redactor) -> Self {
        Self::after(request, &mut Hidden::default(), redactor)
    }

    /// The same behind another request of the conversation.
    pub(super) fn after(request: &ModelRequest, hidden: &mut Hidden, redactor: &Redactor) -> Self {
        Self {
            system: hidden.system(&request.system, redactor),
            messages: hidden.messages(&request.messages, redactor),
            tools: hidden.tools(&request.tools, redactor),
            max_tokens: request.max_tokens,
            temperature: request.temperature,
            thinking: request.thinking.map(thinking_word),
        }
    }

    /// The request again. What was no message or tool when it was recorded is left out.
    #[must_use]
    pub fn request(&self) -> ModelRequest {
        let message = |value: &Arc<Value>| Message::deserialize(value.as_ref()).ok().map(Arc::new);
        ModelRequest {
            system: Arc::clone(&self.system),
            messages: self.messages.iter().filter_map(message).collect(),
            tools: self.tools.iter().filter_map(|tool| ToolDefinition::deserialize(tool).ok()).collect(),
            max_tokens: self.max_tokens,
            max_bytes: None,
            temperature: self.temperature,
            thinking: self.thinking.as_deref().and_then(thinking_level),
            now_ms: 0,
            session: None,
        }
    }
}

/// The levels that a recording may name.
const LEVELS: [ThinkingLevel; 6] = [
    ThinkingLevel::Off,
    ThinkingLevel::Minimal,
    ThinkingLevel::Low,
    ThinkingLevel::Medium,
    ThinkingLevel::High,
    ThinkingLevel::XHigh,
];

fn thinking_word(level: ThinkingLevel) -> String {
    format!("{level:?}").to_ascii_lowercase()
}

fn thinking_level(word: &str) -> Option<ThinkingLevel> {
    LEVELS.into_iter().find(|level| thinking_word(*level) == word)
}

/// The message with the checksums of its large images in their place.
#[must_use]
pub fn with_sums(message: &Message) -> Message {
    let mut message = message.clone();
    let parts = match &mut message {
        Message::User(user) => match &mut user.content {
            Content::Text(_) => return message,
            Content::Parts(parts) => parts,
        },
        Message::Assistant(assistant) => &mut assistant.content,
        Message::ToolResult(result) => &mut result.content,
    };
    for part in parts {
        if let Part::Known(KnownPart::Image { data, .. }) = part
            && data.len() > MAX_IMAGE_CHARS
        {
            *data = format!("{IMAGE_SUM}{}", sum(data.as_bytes()));
        }
    }
    message
}

/// The images of a message whose checksums are recorded.
fn large_images(message: &Message) -> impl Iterator<Item = &Part> {
    let parts = match message {
        Message::User(user) => match &user.content {
            Content::Text(_) => &[],
            Content::Parts(parts) => parts.as_slice(),
        },
        Message::Assistant(assistant) => &assistant.content,
        Message::ToolResult(result) => &result.content,
    };
    let is_large = |part: &&Part| matches!(part, Part::Known(KnownPart::Image { data, .. }) if data.len() > MAX_IMAGE_CHARS);
    parts.iter().filter(is_large)
}

/// SHA-256 in hexadecimal digits.
fn sum(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// Hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
