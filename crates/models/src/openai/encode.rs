//! From a [`ModelRequest`] to the bytes of a chat completions request.
//!
//! The bytes depend on the request alone, so that a provider's prompt cache sees the same prefix from turn to turn.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::details;
use crate::conversation::{
    IdRule, ImageRule, LoneSignatures, Outcome, Piece, Roles, Rules, Said, Turn, turns,
};
use crate::params::Fields;
use crate::thinking::{effort, routed_effort, word};
use crate::wire::{IMAGES_ABOVE, object, output_limit};
use crate::{MaxTokensField, ModelInfo, ModelRequest, ReasoningForm, ThinkingLevel, ToolDefinition};

/// The field in which many servers show reasoning; as a signature it says that the text may go back under that name.
pub(super) const REASONING_FIELD: &str = "reasoning_content";

/// The request body.
///
/// # Errors
/// Only if a tool's schema cannot be written as JSON, which no value made by `serde_json` can cause.
pub fn encode(request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
    let limit = output_limit(request, info);
    let old_field = info.compat.max_tokens_field == Some(MaxTokensField::MaxTokens);
    serde_json::to_vec(&Body {
        model: &info.id,
        messages: messages(request, info),
        stream: true,
        stream_options: (info.compat.supports_usage_in_streaming != Some(false)).then_some(WITH_USAGE),
        store: (info.compat.supports_store == Some(true)).then_some(false),
        max_completion_tokens: limit.filter(|_| !old_field),
        max_tokens: limit.filter(|_| old_field),
        temperature: request.temperature,
        tools: request.tools.iter().map(WireTool::from).collect(),
        thinking: thinking(request, info),
        own: info.own_fields.body(),
    })
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    #[serde(flatten)]
    thinking: Option<WireThinking>,
    #[serde(flatten)]
    own: Fields<'a>,
}

/// How hard to think, under the name that the server has for it.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum WireThinking {
    ReasoningEffort(&'static str),
    Thinking {
        #[serde(rename = "type")]
        kind: &'static str,
    },
    Reasoning {
        effort: &'static str,
    },
}

/// A level that a server cannot be told is left to it.
fn thinking(request: &ModelRequest, info: &ModelInfo) -> Option<WireThinking> {
    let level = request.thinking.filter(|_| info.reasoning && !info.own_fields.decide_thinking())?;
    match info.compat.reasoning_form.unwrap_or(ReasoningForm::Effort) {
        ReasoningForm::Effort => Some(WireThinking::ReasoningEffort(word(effort(&info.id, level)))),
        ReasoningForm::Object => {
            let effort = word(routed_effort(&info.id, level)?);
            Some(WireThinking::Reasoning { effort })
        }
        ReasoningForm::Type => {
            let kind = if level == ThinkingLevel::Off { "disabled" } else { "enabled" };
            Some(WireThinking::Thinking { kind })
        }
        ReasoningForm::Untold => None,
    }
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

const WITH_USAGE: StreamOptions = StreamOptions { include_usage: true };

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum WireMessage<'a> {
    System {
        content: &'a str,
    },
    Developer {
        content: &'a str,
    },
    User {
        content: Vec<WirePart<'a>>,
    },
    Assistant {
        content: Option<Vec<WirePart<'a>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reasoning_content: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        reasoning_details: Vec<Value>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<WireCall<'a>>,
    },
    Tool {
        content: String,
        tool_call_id: String,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WirePart<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

#[derive(Serialize)]
struct WireCall<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CallFunction<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<Value>,
}

#[derive(Serialize)]
struct CallFunction<'a> {
    name: Cow<'a, str>,
    /// JSON as a string, as the API wants it.
    arguments: String,
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

impl<'a> From<&'a ToolDefinition> for WireTool<'a> {
    fn from(tool: &'a ToolDefinition) -> Self {
        let function =
            ToolFunction { name: &tool.name, description: &tool.description, parameters: &tool.parameters };
        Self { kind: "function", function }
    }
}

/// Ids of at most 40 bytes, and the kinds of images that the vision guide lists, up to its 20 MB.
const RULES: Rules = Rules {
    ids: IdRule::Plain { max_len: 40 },
    images: ImageRule {
        kinds: &["image/png", "image/jpeg", "image/webp", "image/gif"],
        max_base64: 20 * 1024 * 1024,
    },
    roles: Roles::Free,
    lone_signatures: LoneSignatures::Drop,
};

fn messages<'a>(request: &'a ModelRequest, info: &ModelInfo) -> Vec<WireMessage<'a>> {
    let mut wire = Vec::with_capacity(request.messages.len() + 1);
    wire.extend(system(&request.system, info));
    let nine = info.compat.requires_mistral_tool_ids.unwrap_or_else(|| is_of_mistral(&info.id));
    let rules = if nine { Rules { ids: IdRule::Nine, ..RULES } } else { RULES };
    for turn in turns(request, info, rules) {
        match turn {
            Turn::User(pieces) => wire.push(WireMessage::User { content: user_content(pieces) }),
            Turn::Assistant(said) => wire.push(assistant(said)),
            Turn::Results(outcomes) => results(outcomes, &mut wire),
        }
    }
    wire
}

/// A model of Mistral served by others: "Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9".
fn is_of_mistral(id: &str) -> bool {
    let id = id.to_ascii_lowercase();
    ["stral", "mixtral", "pixtral"].iter().any(|name| id.contains(name))
}

fn system<'a>(content: &'a str, info: &ModelInfo) -> Option<WireMessage<'a>> {
    let developer = info.reasoning && info.compat.supports_developer_role == Some(true);
    match (content.is_empty(), developer) {
        (true, _) => None,
        (false, true) => Some(WireMessage::Developer { content }),
        (false, false) => Some(WireMessage::System { content }),
    }
}

fn user_content(pieces: Vec<Piece<'_>>) -> Vec<WirePart<'_>> {
    pieces.into_iter().map(wire_part).collect()
}

fn wire_part(piece: Piece<'_>) -> WirePart<'_> {
    match piece {
        Piece::Text(text) => WirePart::Text { text },
        Piece::Image { data, mime } => {
            WirePart::ImageUrl { image_url: ImageUrl { url: format!("data:{mime};base64,{data}") } }
        }
    }
}

fn assistant(said: Vec<Said<'_>>) -> WireMessage<'_> {
    let (mut text, mut tool_calls, mut reasoning) = (Vec::new(), Vec::new(), String::new());
    let (mut reasoning_details, mut renamed) = (Vec::new(), Vec::new());
    for said in said {
        match said {
            Said::Text { text: words, .. } => text.push(WirePart::Text { text: Cow::Borrowed(words) }),
            Said::Thinking { text, signature: REASONING_FIELD, .. } => reasoning.push_str(text),
            Said::Thinking { signature, .. } => reasoning_details.extend(details::of_signature(signature)),
            Said::Call { id, stored_id, name, arguments, signature, .. } => {
                renamed.push((stored_id, id.clone()));
                tool_calls.push(WireCall {
                    id,
                    kind: "function",
                    function: CallFunction { name, arguments: object(arguments).to_string() },
                    extra_content: signature.and_then(extra_content),
                });
            }
        }
    }
    details::rename(&mut reasoning_details, &renamed);
    // Servers that show their reasoning under this name want it back beside the calls it led to.
    let reasoning_content = (!tool_calls.is_empty() && !reasoning.is_empty()).then_some(reasoning);
    let content = (!text.is_empty()).then_some(text);
    WireMessage::Assistant { content, reasoning_content, reasoning_details, tool_calls }
}

/// What came beside a call, as an object under the provider's name.
fn extra_content(signature: &str) -> Option<Value> {
    serde_json::from_str(signature).ok().filter(Value::is_object)
}

/// A tool message holds text only; images follow behind all results as the user's.
fn results<'a>(outcomes: Vec<Outcome<'a>>, wire: &mut Vec<WireMessage<'a>>) {
    let mut images = Vec::new();
    for outcome in outcomes {
        let content = outcome.text().into_owned();
        wire.push(WireMessage::Tool { content, tool_call_id: outcome.id });
        let seen = outcome.pieces.into_iter().filter(|piece| matches!(piece, Piece::Image { .. }));
        images.extend(seen.map(wire_part));
    }
    if !images.is_empty() {
        let words = Cow::Borrowed(IMAGES_ABOVE);
        images.insert(0, WirePart::Text { text: words });
        wire.push(WireMessage::User { content: images });
    }
}

#[cfg(test)]
mod tests {
    use super::encode;
    use crate::{
        InputKind, MaxTokensField, ModelInfo, ModelRequest, OwnFields, ReasoningForm, ThinkingLevel,
        ToolDefinition, WireApi,
    };
    use openclaw_protocol::message::Message;
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn info() -> ModelInfo {
        ModelInfo { max_tokens: Some(4096), ..ModelInfo::new("mock", "mock-1", WireApi::OpenAiCompletions) }
    }

    fn request(messages: Value) -> ModelRequest {
        let messages: Vec<Message> = serde_json::from_value(messages).unwrap();
        ModelRequest { messages: messages.into_iter().map(Arc::new).collect(), ..ModelRequest::default() }
    }

    fn encoded(request: &ModelRequest, info: &ModelInfo) -> Value {
        serde_json::from_slice(&encode(request, info).unwrap()).unwrap()
    }

    #[test]
    fn the_whole_body_byte_for_byte() {
        let mut request = request(json!([
            {"role":"user","content":[{"type":"text","text":"read it"}],"timestamp":1},
            {"role":"assistant","content":[{"type":"thinking","thinking":"hm"},
                {"type":"toolCall","id":"call_1","name":"read","arguments":{"path":"MEMORY.md"}}],"timestamp":2},
            {"role":"toolResult","toolCallId":"call_1","toolName":"read",
                "content":[{"type":"text","text":"# Memory\n"}],"isError":false,"timestamp":3}
        ]));
        request.system = Arc::from("You are \"it\".");
        request.tools = Arc::from([ToolDefinition {
            name: "read".into(),
            description: "Reads a file".into(),
            parameters: json!({"type":"object","properties":{"path":{"type":"string"}}}),
        }]);
        let expected = concat!(
            r#"{"model":"mock-1","messages":[{"role":"system","content":"You are \"it\"."},"#,
            r#"{"role":"user","content":[{"type":"text","text":"read it"}]},"#,
            r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","#,
            r#""function":{"name":"read","arguments":"{\"path\":\"MEMORY.md\"}"}}]},"#,
            r##"{"role":"tool","content":"# Memory\n","tool_call_id":"call_1"}],"##,
            r#""stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":4096,"#,
            r#""tools":[{"type":"function","function":{"name":"read","description":"Reads a file","#,
            r#""parameters":{"type":"object","properties":{"path":{"type":"string"}}}}}]}"#,
        );
        assert_eq!(String::from_utf8(encode(&request, &info()).unwrap()).unwrap(), expected);
        assert_eq!(encode(&request, &info()).unwrap(), encode(&request.clone(), &info()).unwrap());
    }

    #[test]
    fn every_call_gets_a_result_and_every_result_has_a_call() {
        let request = request(json!([
            {"role":"assistant","content":[
                {"type":"toolCall","id":"a","name":"read","arguments":{}},
                {"type":"toolCall","id":"b","name":"read","arguments":{}}],"timestamp":0},
            {"role":"toolResult","toolCallId":"b","toolName":"read","content":[],"timestamp":0},
            {"role":"toolResult","toolCallId":"ghost","toolName":"read","content":[],"timestamp":0},
            {"role":"assistant","content":[],"stopReason":"error","timestamp":0},
            {"role":"user","content":"go on","timestamp":0}
        ]));
        let body = encoded(&request, &info());
        let rows: Vec<(&str, &str)> = body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| (m["role"].as_str().unwrap(), m["tool_call_id"].as_str().unwrap_or_default()))
            .collect();
        assert_eq!(rows, [("assistant", ""), ("tool", "b"), ("tool", "a"), ("user", "")]);
        assert_eq!(body["messages"][1]["content"], "(no text)");
        assert_eq!(body["messages"][2]["content"], "No result: the call was interrupted.");
    }

    #[test]
    fn images_go_only_to_models_that_see() {
        let request = request(json!([
            {"role":"user","content":[{"type":"image","data":"QUJD","mimeType":"image/png"}],"timestamp":0},
            {"role":"assistant","content":[{"type":"toolCall","id":"a","name":"read","arguments":{}}],"timestamp":0},
            {"role":"toolResult","toolCallId":"a","toolName":"read",
                "content":[{"type":"image","data":"REVG","mimeType":"image/gif"}],"timestamp":0}
        ]));
        let blind = encoded(&request, &info());
        assert_eq!(blind["messages"][0]["content"][0]["type"], "text");
        assert_eq!(blind["messages"].as_array().unwrap().len(), 3);
        let seeing = ModelInfo { input: vec![InputKind::Text, InputKind::Image], ..info() };
        let body = encoded(&request, &seeing);
        assert_eq!(body["messages"][0]["content"][0]["image_url"]["url"], "data:image/png;base64,QUJD");
        assert_eq!(body["messages"][3]["content"][1]["image_url"]["url"], "data:image/gif;base64,REVG");
    }

    #[test]
    fn mistral_gets_ids_of_nine_characters() {
        let request = request(json!([
            {"role":"assistant","content":[{"type":"toolCall","id":"call_1","name":"read","arguments":{}}],"timestamp":0},
            {"role":"toolResult","toolCallId":"call_1","toolName":"read","content":[],"timestamp":0}
        ]));
        let rows = [
            (Some(true), "large", 9),
            (None, "mistralai/devstral-2", 9),
            (Some(false), "mistralai/devstral-2", 6),
            (None, "m", 6),
        ];
        for (told, id, expected) in rows {
            let mut info = ModelInfo::new("p", id, WireApi::OpenAiCompletions);
            info.compat.requires_mistral_tool_ids = told;
            let body = encoded(&request, &info);
            let call = body["messages"][0]["tool_calls"][0]["id"].as_str().unwrap();
            assert_eq!((call.len(), &body["messages"][1]["tool_call_id"]), (expected, &json!(call)), "{id}");
        }
    }

    #[test]
    fn thinking_is_asked_for_as_each_server_has_it() {
        let base = request(json!([{"role":"user","content":"x","timestamp":0}]));
        let asked = |form, level, reasoning| {
            let mut info = ModelInfo { reasoning, ..info() };
            info.compat.reasoning_form = form;
            let mut body = encoded(&ModelRequest { thinking: Some(level), ..base.clone() }, &info);
            let fields = body.as_object_mut().unwrap();
            fields.retain(|name, _| ["reasoning_effort", "reasoning", "thinking"].contains(&name.as_str()));
            body
        };
        let rows = [
            (None, ThinkingLevel::Minimal, json!({"reasoning_effort": "low"})),
            (Some(ReasoningForm::Effort), ThinkingLevel::XHigh, json!({"reasoning_effort": "high"})),
            (Some(ReasoningForm::Effort), ThinkingLevel::Off, json!({"reasoning_effort": "low"})),
            (Some(ReasoningForm::Object), ThinkingLevel::Off, json!({"reasoning": {"effort": "none"}})),
            (Some(ReasoningForm::Object), ThinkingLevel::Medium, json!({"reasoning": {"effort": "medium"}})),
            (Some(ReasoningForm::Type), ThinkingLevel::Low, json!({"thinking": {"type": "enabled"}})),
            (Some(ReasoningForm::Type), ThinkingLevel::Off, json!({"thinking": {"type": "disabled"}})),
            (Some(ReasoningForm::Untold), ThinkingLevel::High, json!({})),
        ];
        for (form, level, expected) in rows {
            assert_eq!(asked(form, level, true), expected, "{form:?} {level:?}");
            assert_eq!(asked(form, level, false), json!({}), "{form:?} {level:?} of a model that does not");
        }
        let set =
            json!({"thinking": {"type": "enabled", "clear_thinking": false}, "top_p": 0.9, "stream": false});
        let own_fields = OwnFields::new(WireApi::OpenAiCompletions, set.as_object().unwrap());
        let info = ModelInfo { own_fields, reasoning: true, ..info() };
        let body = encoded(&ModelRequest { thinking: Some(ThinkingLevel::Off), ..base }, &info);
        assert_eq!(
            (&body["thinking"], &body["top_p"], &body["stream"]),
            (&set["thinking"], &json!(0.9), &json!(true))
        );
        assert_eq!(body.get("reasoning_effort"), None);
    }

    #[test]
    fn what_a_provider_wants_back_goes_back_to_the_same_model() {
        let list = r#"[{"type":"reasoning.text","text":"hm","index":0}]"#;
        let hidden = r#"[{"type":"reasoning.encrypted","data":"x","id":"a b"}]"#;
        let request = request(json!([
            {"role":"assistant","api":"openai-completions","provider":"mock","model":"mock-1","stopReason":"toolUse","content":[
                {"type":"thinking","thinking":"hm","thinkingSignature":list},
                {"type":"toolCall","id":"a b","name":"read","arguments":"{\"cut","thoughtSignature":"{\"google\":{\"thought_signature\":\"s\"}}"},
                {"type":"thinking","thinking":"","thinkingSignature":hidden}],"timestamp":0},
            {"role":"toolResult","toolCallId":"a b","toolName":"read","content":[],"timestamp":0}
        ]));
        let said = encoded(&request, &info())["messages"][0].clone();
        let call = &said["tool_calls"][0];
        assert_eq!(call["extra_content"], json!({"google": {"thought_signature": "s"}}));
        assert_eq!(call["function"]["arguments"], "{}");
        assert_ne!(call["id"], "a b");
        assert_eq!(
            said["reasoning_details"],
            json!([{"type": "reasoning.text", "text": "hm", "index": 0},
                {"type": "reasoning.encrypted", "data": "x", "id": call["id"]}])
        );
        let other = encoded(&request, &ModelInfo { id: "mock-2".into(), ..info() })["messages"][0].clone();
        assert!(other.get("reasoning_details").is_none(), "{other}");
        assert!(other["tool_calls"][0].get("extra_content").is_none(), "{other}");
    }

    #[test]
    fn compat_and_limits_change_the_fields() {
        let mut request = request(json!([{"role":"user","content":"x","timestamp":0}]));
        request.system = Arc::from("s");
        request.max_tokens = Some(100);
        request.temperature = Some(0.5);
        let mut info = ModelInfo { reasoning: true, ..info() };
        info.compat.supports_store = Some(true);
        info.compat.supports_usage_in_streaming = Some(false);
        info.compat.supports_developer_role = Some(true);
        info.compat.max_tokens_field = Some(MaxTokensField::MaxTokens);
        assert_eq!(
            encoded(&request, &info),
            json!({"model":"mock-1","messages":[{"role":"developer","content":"s"},{"role":"user","content":[{"type":"text","text":"x"}]}],
                "stream":true,"store":false,"max_tokens":100,"temperature":0.5})
        );
    }
}
