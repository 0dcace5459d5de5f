//! From a [`ModelRequest`] to the bytes of a chat completions request.
//!
//! The bytes depend on the request alone, so that a provider's prompt cache sees the same prefix from turn to turn.

use std::borrow::Cow;

use openclaw_protocol::message::{AssistantMessage, Content, KnownPart, Message, Part, ToolResultMessage};
use serde::Serialize;
use serde_json::Value;

use crate::{MaxTokensField, ModelInfo, ModelRequest, ToolDefinition};

/// Stands for the result of a call that never got one, for example because the process ended. The API refuses a
/// conversation in which a call has no result.
const INTERRUPTED: &str = "No result: the call was interrupted.";
/// Stands for an image when the model reads text only.
const IMAGE_LEFT_OUT: &str = "[an image was left out: this model reads text only]";
/// Stands for the text of a result that has none.
const NO_TEXT: &str = "(no text)";

/// The request body.
///
/// # Errors
/// Only if a tool's schema cannot be written as JSON, which no value made by `serde_json` can cause.
pub fn encode(request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
    let limit = match (request.max_tokens, info.max_tokens) {
        (Some(asked), Some(most)) => Some(asked.min(most)),
        (asked, most) => asked.or(most),
    };
    let old_field = info.compat.max_tokens_field == Some(MaxTokensField::MaxTokens);
    serde_json::to_vec(&Body {
        model: &info.id,
        messages: messages(request, info),
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        store: (info.compat.supports_store != Some(false)).then_some(false),
        max_completion_tokens: limit.filter(|_| !old_field),
        max_tokens: limit.filter(|_| old_field),
        temperature: request.temperature,
        tools: request.tools.iter().map(WireTool::from).collect(),
    })
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    stream: bool,
    stream_options: StreamOptions,
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
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

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
        content: UserContent<'a>,
    },
    Assistant {
        content: Option<Vec<WirePart<'a>>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<WireCall<'a>>,
    },
    Tool {
        content: Cow<'a, str>,
        tool_call_id: &'a str,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum UserContent<'a> {
    Text(&'a str),
    Parts(Vec<WirePart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WirePart<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

#[derive(Serialize)]
struct WireCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CallFunction<'a>,
}

#[derive(Serialize)]
struct CallFunction<'a> {
    name: &'a str,
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
    strict: bool,
}

impl<'a> From<&'a ToolDefinition> for WireTool<'a> {
    fn from(tool: &'a ToolDefinition) -> Self {
        let function = ToolFunction {
            name: &tool.name,
            description: &tool.description,
            parameters: &tool.parameters,
            strict: false,
        };
        Self { kind: "function", function }
    }
}

/// Keeps the rule that every call is followed by its result and every result has its call.
struct Conversation<'a> {
    info: &'a ModelInfo,
    wire: Vec<WireMessage<'a>>,
    open_calls: Vec<&'a str>,
    result_images: Vec<WirePart<'a>>,
}

fn messages<'a>(request: &'a ModelRequest, info: &'a ModelInfo) -> Vec<WireMessage<'a>> {
    let mut conversation = Conversation {
        info,
        wire: Vec::with_capacity(request.messages.len() + 1),
        open_calls: Vec::new(),
        result_images: Vec::new(),
    };
    conversation.system(&request.system);
    for message in &request.messages {
        match message.as_ref() {
            Message::User(user) => conversation.user(&user.content),
            Message::Assistant(assistant) => conversation.assistant(assistant),
            Message::ToolResult(result) => conversation.result(result),
        }
    }
    conversation.close_calls();
    conversation.wire
}

impl<'a> Conversation<'a> {
    fn system(&mut self, content: &'a str) {
        if content.is_empty() {
            return;
        }
        let developer = self.info.reasoning && self.info.compat.supports_developer_role == Some(true);
        self.wire.push(if developer {
            WireMessage::Developer { content }
        } else {
            WireMessage::System { content }
        });
    }

    fn user(&mut self, content: &'a Content) {
        self.close_calls();
        let content = match content {
            Content::Text(text) => UserContent::Text(text),
            Content::Parts(parts) => UserContent::Parts(self.user_parts(parts)),
        };
        self.wire.push(WireMessage::User { content });
    }

    fn user_parts(&self, parts: &'a [Part]) -> Vec<WirePart<'a>> {
        let sees = self.info.sees_images();
        let mut wire: Vec<WirePart<'a>> = parts.iter().filter_map(|part| wire_part(part, sees)).collect();
        if wire.is_empty() {
            let text = if parts.iter().any(is_image) { IMAGE_LEFT_OUT } else { "" };
            wire.push(WirePart::Text { text });
        }
        wire
    }

    fn assistant(&mut self, message: &'a AssistantMessage) {
        self.close_calls();
        let text: Vec<WirePart<'a>> = message
            .content
            .iter()
            .filter_map(Part::as_text)
            .filter(|text| !text.is_empty())
            .map(|text| WirePart::Text { text })
            .collect();
        let tool_calls: Vec<WireCall<'a>> = message.content.iter().filter_map(wire_call).collect();
        // An answer that failed before its first word says nothing, and the API refuses an empty one.
        if text.is_empty() && tool_calls.is_empty() {
            return;
        }
        self.open_calls.extend(tool_calls.iter().map(|call| call.id));
        let content = (!text.is_empty()).then_some(text);
        self.wire.push(WireMessage::Assistant { content, tool_calls });
    }

    fn result(&mut self, message: &'a ToolResultMessage) {
        let id = message.tool_call_id.as_str();
        let Some(open) = self.open_calls.iter().position(|call| *call == id) else { return };
        self.open_calls.remove(open);
        self.wire.push(WireMessage::Tool { content: result_text(&message.content), tool_call_id: id });
        if self.info.sees_images() {
            let images = message.content.iter().filter(|part| is_image(part));
            self.result_images.extend(images.filter_map(|part| wire_part(part, true)));
        }
    }

    /// Answers the calls that got no result, and shows the images of the results: a tool message holds text only.
    fn close_calls(&mut self) {
        for id in self.open_calls.drain(..) {
            self.wire.push(WireMessage::Tool { content: Cow::Borrowed(INTERRUPTED), tool_call_id: id });
        }
        if !self.result_images.is_empty() {
            let mut parts = vec![WirePart::Text { text: "Images from the tool results above:" }];
            parts.append(&mut self.result_images);
            self.wire.push(WireMessage::User { content: UserContent::Parts(parts) });
        }
    }
}

fn is_image(part: &Part) -> bool {
    matches!(part, Part::Known(KnownPart::Image { .. }))
}

fn wire_part(part: &Part, sees_images: bool) -> Option<WirePart<'_>> {
    match part {
        Part::Known(KnownPart::Text { text, .. }) => Some(WirePart::Text { text }),
        Part::Known(KnownPart::Image { data, mime_type }) if sees_images => Some(WirePart::ImageUrl {
            image_url: ImageUrl { url: format!("data:{mime_type};base64,{data}") },
        }),
        Part::Known(KnownPart::Image { .. } | KnownPart::Thinking { .. } | KnownPart::ToolCall { .. })
        | Part::Other(_) => None,
    }
}

fn wire_call(part: &Part) -> Option<WireCall<'_>> {
    match part {
        Part::Known(KnownPart::ToolCall { id, name, arguments, .. }) => Some(WireCall {
            id,
            kind: "function",
            function: CallFunction { name, arguments: arguments.to_string() },
        }),
        Part::Known(KnownPart::Text { .. } | KnownPart::Image { .. } | KnownPart::Thinking { .. })
        | Part::Other(_) => None,
    }
}

fn result_text(parts: &[Part]) -> Cow<'_, str> {
    let mut texts = parts.iter().filter_map(Part::as_text);
    match (texts.next(), texts.next()) {
        (None, _) => Cow::Borrowed(NO_TEXT),
        (Some(""), None) => Cow::Borrowed(NO_TEXT),
        (Some(only), None) => Cow::Borrowed(only),
        (Some(_), Some(_)) => Cow::Owned(openclaw_protocol::message::text_of(parts)),
    }
}

#[cfg(test)]
mod tests {
    use super::encode;
    use crate::{InputKind, MaxTokensField, ModelInfo, ModelRequest, ToolDefinition, WireApi};
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
            r#""stream":true,"stream_options":{"include_usage":true},"store":false,"max_completion_tokens":4096,"#,
            r#""tools":[{"type":"function","function":{"name":"read","description":"Reads a file","#,
            r#""parameters":{"type":"object","properties":{"path":{"type":"string"}}},"strict":false}}]}"#,
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
    fn compat_and_limits_change_the_fields() {
        let mut request = request(json!([{"role":"user","content":"x","timestamp":0}]));
        request.system = Arc::from("s");
        request.max_tokens = Some(100);
        request.temperature = Some(0.5);
        let mut info = ModelInfo { reasoning: true, ..info() };
        info.compat.supports_store = Some(false);
        info.compat.supports_developer_role = Some(true);
        info.compat.max_tokens_field = Some(MaxTokensField::MaxTokens);
        assert_eq!(
            encoded(&request, &info),
            json!({"model":"mock-1","messages":[{"role":"developer","content":"s"},{"role":"user","content":"x"}],
                "stream":true,"stream_options":{"include_usage":true},"max_tokens":100,"temperature":0.5})
        );
    }
}
