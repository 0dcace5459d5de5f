//! From a [`ModelRequest`] to the bytes of a request to Ollama's chat.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use crate::conversation::{
    IdRule, ImageRule, LoneSignatures, Outcome, Piece, Roles, Rules, Said, Turn, turns,
};
use crate::params::Fields;
use crate::thinking::{effort, knows_efforts, word};
use crate::wire::{object, output_limit};
use crate::{ModelInfo, ModelRequest, ThinkingLevel};

/// It has no ids of calls; images are what its runners read, at most as large as a phone makes them.
const RULES: Rules = Rules {
    ids: IdRule::Plain { max_len: 64 },
    images: ImageRule { kinds: &["image/png", "image/jpeg", "image/webp"], max_base64: 20 * 1024 * 1024 },
    roles: Roles::Free,
    lone_signatures: LoneSignatures::Drop,
};

/// The request body.
///
/// # Errors
/// Only if a tool's schema cannot be written as JSON, which no value made by `serde_json` can cause.
pub fn encode(request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
    let limit = output_limit(request, info);
    // A model that does not think refuses to be told so.
    let asked = request.thinking.filter(|_| info.reasoning && !info.own_fields.decide_thinking());
    let think = asked.map(|level| match level {
        level if knows_efforts(&info.id) => Think::Effort(word(effort(&info.id, level))),
        level => Think::Switch(level != ThinkingLevel::Off),
    });
    serde_json::to_vec(&Body {
        model: &info.id,
        messages: messages(request, info),
        tools: request
            .tools
            .iter()
            .map(|tool| WireTool::of(&tool.name, &tool.description, &tool.parameters))
            .collect(),
        stream: true,
        think,
        options: Options {
            num_ctx: info.context_window,
            num_predict: limit,
            temperature: request.temperature,
            own: info.own_fields.sampling(),
        },
        own: info.own_fields.body(),
    })
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<Think>,
    options: Options<'a>,
    #[serde(flatten)]
    own: Fields<'a>,
}

/// Most models think or not; gpt-oss thinks always and is told how hard.
#[derive(Serialize)]
#[serde(untagged)]
enum Think {
    Switch(bool),
    Effort(&'static str),
}

#[derive(Serialize)]
struct Options<'a> {
    num_ctx: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_predict: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(flatten)]
    own: Fields<'a>,
}

#[derive(Serialize, Default)]
struct WireMessage<'a> {
    role: &'static str,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct WireCall<'a> {
    function: CallFunction<'a>,
}

#[derive(Serialize)]
struct CallFunction<'a> {
    name: Cow<'a, str>,
    /// An object, not its text.
    arguments: Cow<'a, Value>,
}

#[derive(Serialize)]
struct WireTool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: ToolFunction<'a>,
}

#[derive(Serialize)]
struct ToolFunction<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl<'a> WireTool<'a> {
    fn of(name: &'a str, description: &'a str, parameters: &'a Value) -> Self {
        Self { kind: "function", function: ToolFunction { name, description, parameters } }
    }
}

fn messages<'a>(request: &'a ModelRequest, info: &ModelInfo) -> Vec<WireMessage<'a>> {
    let mut wire = Vec::with_capacity(request.messages.len() + 1);
    if !request.system.is_empty() {
        let content = Cow::Borrowed(&*request.system);
        wire.push(WireMessage { role: "system", content, ..WireMessage::default() });
    }
    for turn in turns(request, info, RULES) {
        match turn {
            Turn::User(pieces) => wire.push(user(pieces)),
            Turn::Assistant(said) => wire.push(assistant(said)),
            Turn::Results(outcomes) => results(outcomes, &mut wire),
        }
    }
    wire
}

fn user(pieces: Vec<Piece<'_>>) -> WireMessage<'_> {
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Text(text) => texts.push(text),
            Piece::Image { data, .. } => images.push(data),
        }
    }
    WireMessage { role: "user", content: joined(texts), images, ..WireMessage::default() }
}

fn joined(mut texts: Vec<Cow<'_, str>>) -> Cow<'_, str> {
    if texts.len() < 2 { texts.pop().unwrap_or_default() } else { Cow::Owned(texts.join("\n")) }
}

fn assistant(said: Vec<Said<'_>>) -> WireMessage<'_> {
    let (mut texts, mut tool_calls) = (Vec::new(), Vec::new());
    for said in said {
        match said {
            Said::Text { text, .. } => texts.push(Cow::Borrowed(text)),
            // It asks for none back.
            Said::Thinking { .. } => {}
            Said::Call { name, arguments, .. } => {
                tool_calls.push(WireCall { function: CallFunction { name, arguments: object(arguments) } });
            }
        }
    }
    WireMessage { role: "assistant", content: joined(texts), tool_calls, ..WireMessage::default() }
}

/// Calls have no ids: results stand in the order of their calls, and each names its tool.
fn results<'a>(mut outcomes: Vec<Outcome<'a>>, wire: &mut Vec<WireMessage<'a>>) {
    outcomes.sort_by_key(|outcome| outcome.position);
    for outcome in outcomes {
        let content = Cow::Owned(outcome.text().into_owned());
        let images = outcome.pieces.into_iter().filter_map(|piece| match piece {
            Piece::Image { data, .. } => Some(data),
            Piece::Text(_) => None,
        });
        let (images, tool_name) = (images.collect(), Some(outcome.name));
        wire.push(WireMessage { role: "tool", content, images, tool_name, ..WireMessage::default() });
    }
}

#[cfg(test)]
mod tests {
    use super::encode;
    use crate::{InputKind, ModelInfo, ModelRequest, ThinkingLevel, ToolDefinition, WireApi};
    use openclaw_protocol::message::Message;
    use serde_json::{Value, json};
    use std::sync::Arc;

    #[test]
    fn thinking_is_on_or_off_but_for_those_that_always_think() {
        let rows = [
            ("qwen3:8b", ThinkingLevel::Off, json!(false)),
            ("qwen3:8b", ThinkingLevel::Low, json!(true)),
            ("gpt-oss:20b", ThinkingLevel::Off, json!("low")),
            ("gpt-oss:120b", ThinkingLevel::Medium, json!("medium")),
            ("openai/gpt-oss:20b", ThinkingLevel::XHigh, json!("high")),
        ];
        for (id, level, expected) in rows {
            let info = ModelInfo { reasoning: true, ..ModelInfo::new("ollama", id, WireApi::OllamaChat) };
            let request = ModelRequest { thinking: Some(level), ..ModelRequest::default() };
            let body: Value = serde_json::from_slice(&super::encode(&request, &info).unwrap()).unwrap();
            assert_eq!(body["think"], expected, "{id} {level:?}");
        }
    }

    #[test]
    fn the_whole_body() {
        let info = ModelInfo {
            context_window: 16_384,
            max_tokens: Some(2_048),
            input: vec![InputKind::Text, InputKind::Image],
            ..ModelInfo::new("ollama", "qwen3:8b", WireApi::OllamaChat)
        };
        let messages: Vec<Message> = serde_json::from_value(json!([
            {"role": "user", "content": [{"type": "text", "text": "look"},
                {"type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png"}], "timestamp": 1},
            {"role": "assistant", "content": [{"type": "text", "text": "I read."},
                {"type": "toolCall", "id": "c1", "name": "read", "arguments": {"path": "a"}}],
                "api": "x", "provider": "p", "model": "m", "usage": {}, "stopReason": "toolUse", "timestamp": 2},
            {"role": "toolResult", "toolCallId": "c1", "toolName": "read",
                "content": [{"type": "text", "text": "tea"}], "isError": false, "timestamp": 3},
        ]))
        .unwrap();
        let tool = ToolDefinition {
            name: "read".into(),
            description: "Reads".into(),
            parameters: json!({"type": "object"}),
        };
        let request = ModelRequest {
            system: Arc::from("Be brief."),
            messages: messages.into_iter().map(Arc::new).collect(),
            tools: Arc::from([tool]),
            max_tokens: Some(4_096),
            temperature: Some(0.5),
            ..ModelRequest::default()
        };
        let body: Value = serde_json::from_slice(&encode(&request, &info).unwrap()).unwrap();
        assert_eq!(
            body,
            json!({
                "model": "qwen3:8b",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "look", "images": ["iVBORw0KGgo="]},
                    {"role": "assistant", "content": "I read.",
                        "tool_calls": [{"function": {"name": "read", "arguments": {"path": "a"}}}]},
                    {"role": "tool", "content": "tea", "tool_name": "read"},
                ],
                "tools": [{"type": "function", "function": {"name": "read", "description": "Reads",
                    "parameters": {"type": "object"}}}],
                "stream": true,
                "options": {"num_ctx": 16_384, "num_predict": 2_048, "temperature": 0.5},
            })
        );
    }

    #[test]
    fn what_a_model_wrote_as_arguments_is_an_object_and_results_keep_the_order() {
        let messages: Vec<Message> = serde_json::from_value(json!([
            {"role": "assistant", "content": [
                {"type": "toolCall", "id": "c1", "name": "read", "arguments": "{\"path\": \"cut"},
                {"type": "toolCall", "id": "c2", "name": "read", "arguments": {"path": "b"}}], "timestamp": 1},
            {"role": "toolResult", "toolCallId": "c2", "toolName": "read",
                "content": [{"type": "text", "text": "of b"}], "isError": false, "timestamp": 2},
            {"role": "toolResult", "toolCallId": "c1", "toolName": "read",
                "content": [{"type": "text", "text": "not readable"}], "isError": true, "timestamp": 3},
        ]))
        .unwrap();
        let request = ModelRequest {
            messages: messages.into_iter().map(Arc::new).collect(),
            ..ModelRequest::default()
        };
        let info = ModelInfo::new("ollama", "m", WireApi::OllamaChat);
        let body: Value = serde_json::from_slice(&encode(&request, &info).unwrap()).unwrap();
        assert_eq!(body["messages"][0]["tool_calls"][0]["function"]["arguments"], json!({}));
        assert_eq!(
            (&body["messages"][1]["content"], &body["messages"][2]["content"]),
            (&json!("not readable"), &json!("of b"))
        );
    }
}
