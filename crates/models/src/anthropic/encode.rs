//! From a [`ModelRequest`] to the bytes of a messages request.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::thinking::{OutputConfig, Thinking, asked, own, takes_temperature};
use crate::conversation::{
    IdRule, ImageRule, LoneSignatures, Outcome, Piece, Roles, Rules, Said, Shown, Turn, plain_name, turns,
};
use crate::params::Fields;
use crate::{ModelInfo, ModelRequest, ThinkingLevel, ToolDefinition};

/// `max_tokens` is required; this is asked for when nothing is known of the model. All served models can do it.
const DEFAULT_MAX_TOKENS: u32 = 8_192;

/// Ids match `^[a-zA-Z0-9_-]+$`; 64 bytes is what the stricter imitations take. Images: guide "Vision", 5 MB each.
const RULES: Rules = Rules {
    ids: IdRule::Plain { max_len: 64 },
    images: ImageRule {
        kinds: &["image/jpeg", "image/png", "image/gif", "image/webp"],
        max_base64: 5 * 1024 * 1024,
    },
    roles: Roles::Alternate,
    lone_signatures: LoneSignatures::Drop,
};

/// The request body.
///
/// # Errors
/// Only if a value cannot be written as JSON, which no value made by `serde_json` can cause.
pub fn encode(request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
    let max_tokens = match (request.max_tokens, info.max_tokens) {
        (Some(asked), Some(most)) => asked.min(most),
        (asked, most) => asked.or(most).unwrap_or(DEFAULT_MAX_TOKENS),
    };
    let turns = turns(request, info, RULES);
    let level = request.thinking.filter(|_| info.reasoning);
    let (thinking, output_config) = thinking(level, &turns, info, max_tokens);
    // With reasoning, and for the newest models, the API takes no temperature but its own.
    let samples_itself = thinking.is_some() || !takes_temperature(&info.id);
    let temperature = request.temperature.filter(|_| !samples_itself);
    let temperature = temperature.map(|temperature| temperature.clamp(0.0, 1.0));
    let apart: &[&str] = if samples_itself { &["thinking", "top_p", "top_k"] } else { &["thinking"] };
    let mut messages = messages(turns);
    mark_end(&mut messages);
    let tools: Vec<WireTool<'_>> = request.tools.iter().map(WireTool::from).collect();
    serde_json::to_vec(&Body {
        model: &info.id,
        max_tokens: max_tokens.max(1),
        stream: true,
        system: system(&request.system),
        messages,
        tools,
        temperature,
        thinking,
        output_config,
        own: info.own_fields.body_without(apart),
    })
}

/// A budget is refused when the calls at the end of the conversation have no signed reasoning in front of them, as
/// after a change of the provider in the middle of a turn.
fn thinking(
    level: Option<ThinkingLevel>,
    turns: &[Turn<'_>],
    info: &ModelInfo,
    max_tokens: u32,
) -> (Option<Thinking>, Option<OutputConfig>) {
    let (thinking, output_config) = match info.own_fields.get("thinking") {
        Some(wish) => (own(wish, max_tokens), None),
        None => asked(level, &info.id, max_tokens),
    };
    let unsigned = turns.iter().rev().find_map(|turn| match turn {
        Turn::Assistant(said) => Some(!matches!(said.first(), Some(Said::Thinking { .. }))),
        Turn::User(_) | Turn::Results(_) => None,
    });
    match thinking {
        Some(Thinking::Enabled { .. }) if in_tool_loop(turns) && unsigned == Some(true) => (None, None),
        Some(Thinking::Enabled { .. } | Thinking::Adaptive) | None => (thinking, output_config),
    }
}

fn in_tool_loop(turns: &[Turn<'_>]) -> bool {
    let last_spoken = turns.iter().rposition(|turn| matches!(turn, Turn::Assistant(_)));
    last_spoken.is_some_and(|place| matches!(turns.get(place + 1), Some(Turn::Results(_))))
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig>,
    #[serde(flatten)]
    own: Fields<'a>,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: Role,
    content: Vec<Block<'a>>,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
}

/// A content block, with a mark where the provider's cache may cut.
#[derive(Serialize)]
struct Block<'a> {
    #[serde(flatten)]
    content: BlockContent<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum BlockContent<'a> {
    Text {
        text: Cow<'a, str>,
    },
    Image {
        source: ImageSource<'a>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    RedactedThinking {
        data: &'a str,
    },
    ToolUse {
        id: String,
        name: Cow<'a, str>,
        input: Cow<'a, Value>,
    },
    ToolResult {
        tool_use_id: String,
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Serialize)]
struct ImageSource<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    media_type: &'static str,
    data: Cow<'a, str>,
}

#[derive(Serialize)]
struct CacheControl {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct WireTool<'a> {
    name: Cow<'a, str>,
    description: &'a str,
    input_schema: Cow<'a, Value>,
}

impl<'a> From<&'a ToolDefinition> for WireTool<'a> {
    fn from(tool: &'a ToolDefinition) -> Self {
        let input_schema = with_type_object(&tool.parameters);
        Self { name: plain_name(&tool.name), description: &tool.description, input_schema }
    }
}

/// `input_schema.type` must be `object`; a tool without parameters may come without.
fn with_type_object(schema: &Value) -> Cow<'_, Value> {
    if schema["type"] == "object" {
        return Cow::Borrowed(schema);
    }
    let mut fields = schema.as_object().cloned().unwrap_or_default();
    fields.insert("type".to_owned(), Value::from("object"));
    Cow::Owned(Value::Object(fields))
}

impl<'a> From<BlockContent<'a>> for Block<'a> {
    fn from(content: BlockContent<'a>) -> Self {
        Self { content, cache_control: None }
    }
}

impl Block<'_> {
    fn mark(&mut self) {
        self.cache_control = Some(CacheControl { kind: "ephemeral" });
    }
}

/// Tools come before the system prompt in the provider's cache, so one mark behind both is enough.
fn system(text: &str) -> Vec<Block<'_>> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let mut block = Block::from(BlockContent::Text { text: Cow::Borrowed(text) });
    block.mark();
    vec![block]
}

/// The conversation so far is the beginning of the next request.
fn mark_end(messages: &mut [WireMessage<'_>]) {
    if let Some(block) = messages.last_mut().and_then(|message| message.content.last_mut()) {
        block.mark();
    }
}

/// Results and what the user says after them are one message, the results first.
fn messages(turns: Vec<Turn<'_>>) -> Vec<WireMessage<'_>> {
    let mut wire: Vec<WireMessage<'_>> = Vec::with_capacity(turns.len());
    for turn in turns {
        let (role, mut content): (Role, Vec<Block<'_>>) = match turn {
            Turn::User(pieces) => (Role::User, pieces.into_iter().map(block).collect()),
            Turn::Assistant(said) => (Role::Assistant, said.into_iter().map(said_block).collect()),
            Turn::Results(outcomes) => (Role::User, outcomes.into_iter().map(result).collect()),
        };
        match wire.last_mut() {
            Some(last) if last.role == role => last.content.append(&mut content),
            Some(_) | None => wire.push(WireMessage { role, content }),
        }
    }
    wire
}

fn block(piece: Piece<'_>) -> Block<'_> {
    Block::from(match piece {
        Piece::Text(text) => BlockContent::Text { text },
        Piece::Image { data, mime } => {
            BlockContent::Image { source: ImageSource { kind: "base64", media_type: mime, data } }
        }
    })
}

fn said_block(said: Said<'_>) -> Block<'_> {
    let content = match said {
        Said::Text { text, .. } => BlockContent::Text { text: Cow::Borrowed(text) },
        Said::Thinking { text, signature, shown: Shown::Yes } => {
            BlockContent::Thinking { thinking: text, signature }
        }
        Said::Thinking { signature, shown: Shown::Redacted, .. } => {
            BlockContent::RedactedThinking { data: signature }
        }
        Said::Call { id, name, arguments, .. } => {
            BlockContent::ToolUse { id, name, input: object(arguments) }
        }
    };
    Block::from(content)
}

/// What a model wrote as arguments need not be an object; the result of the call says so already.
fn object(arguments: &Value) -> Cow<'_, Value> {
    if arguments.is_object() { Cow::Borrowed(arguments) } else { Cow::Owned(Value::Object(Map::new())) }
}

fn result(outcome: Outcome<'_>) -> Block<'_> {
    Block::from(BlockContent::ToolResult {
        tool_use_id: outcome.id,
        content: outcome.pieces.into_iter().map(block).collect(),
        is_error: outcome.failed,
    })
}
