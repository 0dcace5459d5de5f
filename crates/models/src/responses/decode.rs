//! From the `data` of server-sent events to [`ModelEvent`]s, synchronously and without I/O.
//!
//! Source: OpenAI API reference, "Responses: streaming events". Events that say again what deltas said are used only
//! where no delta came.

use std::borrow::Cow;
use std::sync::Arc;

use openclaw_protocol::message::{StopReason, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::openai::classify;
use crate::wire::{self, MAX_TOOL_CALLS, Redactor, Refusal};
use crate::{Malformed, ModelError, ModelEvent, ModelInfo};

/// Between two parts of a summary, which the API sends without any.
const PARAGRAPH: &str = "\n\n";

/// Decodes one answer.
///
/// ```
/// use openclaw_models::{responses::Decoder, wire::{Decoder as _, Redactor}, ModelEvent, ModelInfo, WireApi};
///
/// let info = ModelInfo::new("openai", "gpt-5", WireApi::OpenAiResponses);
/// let mut decoder = Decoder::new(info.into(), Redactor::default());
/// let delta = r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hi"}"#;
/// assert_eq!(decoder.push(delta).unwrap(), [ModelEvent::TextDelta("Hi".into())]);
/// ```
pub struct Decoder {
    info: Arc<ModelInfo>,
    redactor: Redactor,
    calls: Vec<OpenCall>,
    /// Whether the open message or summary has sent a delta.
    said: bool,
    done: bool,
}

struct OpenCall {
    output_index: u64,
    has_arguments: bool,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    output_index: u64,
    #[serde(default)]
    summary_index: u64,
    #[serde(default)]
    delta: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
    #[serde(borrow, default)]
    item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    call_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
    #[serde(default)]
    encrypted_content: Option<String>,
    #[serde(default)]
    summary: Option<Value>,
    #[serde(default)]
    content: Option<Value>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(default)]
    incomplete_details: Option<Incomplete>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Incomplete {
    #[serde(default)]
    reason: Option<String>,
}

/// `usage`; `input_tokens` includes the cached ones.
#[derive(Deserialize, Clone, Copy)]
struct WireUsage {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
    #[serde(default)]
    input_tokens_details: Option<InputDetails>,
}

#[derive(Deserialize, Clone, Copy)]
struct InputDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

impl Decoder {
    /// A decoder for one answer of the model.
    #[must_use]
    pub fn new(info: Arc<ModelInfo>, redactor: Redactor) -> Self {
        Self { info, redactor, calls: Vec::new(), said: false, done: false }
    }
}

impl wire::Decoder for Decoder {
    fn push(&mut self, data: &str) -> Result<Vec<ModelEvent>, ModelError> {
        if self.done || data.trim().is_empty() {
            return Ok(Vec::new());
        }
        let event: Event<'_> = match serde_json::from_str(data) {
            Ok(event) => event,
            // Some servers add the end of chat completions; the answer has ended before it.
            Err(_) if data.trim() == "[DONE]" => return self.finish(),
            Err(_) => return Err(self.info.malformed(Malformed::NotJson)),
        };
        let error = event.error.filter(|error| error.get() != "null");
        match (event.kind.as_ref(), error) {
            ("error", None) => Err(self.failure(data)),
            (_, Some(error)) => Err(self.failure(&format!("{{\"error\":{}}}", error.get()))),
            (_, None) => self.event(event),
        }
    }

    fn finish(&mut self) -> Result<Vec<ModelEvent>, ModelError> {
        if self.done { Ok(Vec::new()) } else { Err(self.info.malformed(Malformed::EndedEarly)) }
    }
}

impl Decoder {
    fn event(&mut self, event: Event<'_>) -> Result<Vec<ModelEvent>, ModelError> {
        let delta = event.delta.filter(|delta| !delta.is_empty());
        match event.kind.as_ref() {
            "response.output_text.delta" | "response.refusal.delta" => {
                self.said = true;
                Ok(delta.map(ModelEvent::TextDelta).into_iter().collect())
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.said = true;
                Ok(delta.map(ModelEvent::ThinkingDelta).into_iter().collect())
            }
            "response.reasoning_summary_part.added" if event.summary_index > 0 && self.said => {
                Ok(vec![ModelEvent::ThinkingDelta(PARAGRAPH.to_owned())])
            }
            "response.function_call_arguments.delta" => match delta {
                Some(delta) => self.arguments(event.output_index, delta),
                None => Ok(Vec::new()),
            },
            "response.function_call_arguments.done" => self.whole(event.output_index, event.arguments),
            "response.output_item.added" => match self.item(event.item)? {
                Some(item) => self.open(event.output_index, item),
                None => Ok(Vec::new()),
            },
            "response.output_item.done" => match self.item(event.item)? {
                Some(item) => self.close(event.output_index, item),
                None => Ok(Vec::new()),
            },
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.end(&event.kind, event.response)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn item(&self, item: Option<&RawValue>) -> Result<Option<Item>, ModelError> {
        item.map(|item| serde_json::from_str(item.get()).map_err(|_| self.info.malformed(Malformed::NotJson)))
            .transpose()
    }

    fn open(&mut self, output_index: u64, item: Item) -> Result<Vec<ModelEvent>, ModelError> {
        self.said = false;
        if item.kind != "function_call" {
            return Ok(Vec::new());
        }
        let name = item.name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| self.info.malformed(Malformed::UnnamedToolCall))?;
        let index = self.calls.len();
        if index >= MAX_TOOL_CALLS {
            return Err(self.info.malformed(Malformed::TooManyToolCalls));
        }
        self.calls.push(OpenCall { output_index, has_arguments: false });
        let call_id = item.call_id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{index}"));
        // Both ids come back with the call, as OpenClaw 2026.2.9 stores them.
        let id =
            item.id.filter(|id| !id.is_empty()).map_or(call_id.clone(), |item| format!("{call_id}|{item}"));
        let mut events = vec![ModelEvent::ToolCallStart { index, id, name }];
        if let Some(arguments) = item.arguments.filter(|arguments| !arguments.is_empty()) {
            events.extend(self.arguments(output_index, arguments)?);
        }
        Ok(events)
    }

    fn close(&mut self, output_index: u64, item: Item) -> Result<Vec<ModelEvent>, ModelError> {
        match item.kind.as_str() {
            "function_call" if self.call(output_index).is_none() => {
                // A server that says everything at the end.
                self.open(output_index, item)
            }
            "function_call" => self.whole(output_index, item.arguments),
            "message" => {
                let unsaid =
                    (!self.said).then(|| texts(item.content.as_ref())).filter(|text| !text.is_empty());
                let mut events: Vec<_> = unsaid.map(ModelEvent::TextDelta).into_iter().collect();
                let id = item.id.filter(|id| !id.is_empty() && (self.said || !events.is_empty()));
                events.extend(id.map(ModelEvent::TextSignature));
                Ok(events)
            }
            "reasoning" => {
                let unsaid =
                    (!self.said).then(|| texts(item.summary.as_ref())).filter(|text| !text.is_empty());
                let mut events: Vec<_> = unsaid.map(ModelEvent::ThinkingDelta).into_iter().collect();
                events.extend(reasoning_item(item).map(ModelEvent::ThinkingSignature));
                Ok(events)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn call(&self, output_index: u64) -> Option<usize> {
        self.calls.iter().rposition(|call| call.output_index == output_index)
    }

    fn arguments(&mut self, output_index: u64, delta: String) -> Result<Vec<ModelEvent>, ModelError> {
        let Some(index) = self.call(output_index) else {
            return Err(self.info.malformed(Malformed::UnnamedToolCall));
        };
        self.calls[index].has_arguments = true;
        Ok(vec![ModelEvent::ToolCallArguments { index, delta }])
    }

    fn whole(&mut self, output_index: u64, arguments: Option<String>) -> Result<Vec<ModelEvent>, ModelError> {
        let unsaid = self.call(output_index).is_some_and(|index| !self.calls[index].has_arguments);
        match arguments.filter(|arguments| unsaid && !arguments.is_empty()) {
            Some(arguments) => self.arguments(output_index, arguments),
            None => Ok(Vec::new()),
        }
    }

    fn end(&mut self, kind: &str, response: Option<&RawValue>) -> Result<Vec<ModelEvent>, ModelError> {
        let response = response.map_or("{}", RawValue::get);
        let response: Response =
            serde_json::from_str(response).map_err(|_| self.info.malformed(Malformed::NotJson))?;
        self.done = true;
        if kind == "response.failed" {
            let error = response.error.unwrap_or_else(|| json!({"code": "server_error"}));
            return Err(self.failure(&json!({"error": error}).to_string()));
        }
        let reason = response.incomplete_details.and_then(|details| details.reason);
        if reason.as_deref() == Some("content_filter") {
            return Err(ModelError::Filtered { provider: Arc::clone(&self.info.provider) });
        }
        let stop = match (kind, self.calls.is_empty()) {
            ("response.incomplete", _) => StopReason::Length,
            (_, false) => StopReason::ToolUse,
            (_, true) => StopReason::Stop,
        };
        let usage = response.usage.map(|usage| ModelEvent::Usage(self.price(usage)));
        Ok(usage.into_iter().chain([ModelEvent::Done(stop)]).collect())
    }

    fn price(&self, wire: WireUsage) -> Usage {
        let cached = wire.input_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        let cache_read = cached.min(wire.input_tokens);
        let mut usage = Usage {
            input: wire.input_tokens - cache_read,
            output: wire.output_tokens,
            cache_read,
            total_tokens: wire.input_tokens.saturating_add(wire.output_tokens),
            ..Usage::default()
        };
        usage.cost = self.info.prices.cost_of(&usage);
        usage
    }

    fn failure(&self, body: &str) -> ModelError {
        classify(Refusal::in_stream(body.as_bytes()), &self.info, &self.redactor)
    }
}

/// The `text` or `refusal` of each part.
fn texts(parts: Option<&Value>) -> String {
    let parts = parts.and_then(Value::as_array).into_iter().flatten();
    let texts: Vec<&str> =
        parts.filter_map(|part| part["text"].as_str().or_else(|| part["refusal"].as_str())).collect();
    texts.join(PARAGRAPH)
}

/// The item as it has to come back, when the provider gave it in a form that needs no storage.
fn reasoning_item(item: Item) -> Option<String> {
    let encrypted = item.encrypted_content.filter(|content| !content.is_empty())?;
    let summary = item.summary.filter(Value::is_array).unwrap_or_else(|| json!([]));
    let item =
        json!({"id": item.id?, "type": "reasoning", "summary": summary, "encrypted_content": encrypted});
    Some(item.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Decoder, MAX_TOOL_CALLS};
    use crate::wire::{Decoder as _, Redactor};
    use crate::{Malformed, ModelError, ModelEvent, ModelInfo, Prices, WireApi};
    use openclaw_protocol::message::{Cost, StopReason, Usage};
    use std::sync::Arc;

    fn decoder() -> Decoder {
        let prices = Prices { input: 1.0, output: 2.0, cache_read: 0.5, cache_write: 0.0 };
        let info = ModelInfo { prices, ..ModelInfo::new("p", "m", WireApi::OpenAiResponses) };
        Decoder::new(Arc::new(info), Redactor::default())
    }

    fn decode(events: &[&str]) -> Result<Vec<ModelEvent>, ModelError> {
        let mut decoder = decoder();
        let mut all = Vec::new();
        for event in events {
            all.extend(decoder.push(event)?);
        }
        all.extend(decoder.finish()?);
        Ok(all)
    }

    fn start(index: usize, id: &str, name: &str) -> ModelEvent {
        ModelEvent::ToolCallStart { index, id: id.into(), name: name.into() }
    }

    fn arguments(index: usize, delta: &str) -> ModelEvent {
        ModelEvent::ToolCallArguments { index, delta: delta.into() }
    }

    #[test]
    fn every_kind_of_item_in_the_documented_order() {
        let events = decode(&[
            r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress"}}"#,
            r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"early"}}"#,
            r#"{"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
            r#"{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"First"}"#,
            r#"{"type":"response.reasoning_summary_text.done","item_id":"rs_1","output_index":0,"summary_index":0,"text":"First"}"#,
            r#"{"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""}}"#,
            r#"{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":1,"delta":"Second"}"#,
            r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning","status":null,"summary":[{"type":"summary_text","text":"First"}],"encrypted_content":"gAAAA"}}"#,
            r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
            r#"{"type":"response.content_part.added","item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#,
            r#"{"type":"response.output_text.delta","item_id":"msg_1","output_index":1,"content_index":0,"delta":"I look"}"#,
            r#"{"type":"response.output_text.done","item_id":"msg_1","output_index":1,"content_index":0,"text":"I look"}"#,
            r#"{"type":"response.output_item.done","output_index":1,"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"I look"}]}}"#,
            r#"{"type":"response.output_item.added","output_index":2,"item":{"id":"fc_1","type":"function_call","status":"in_progress","arguments":"","call_id":"call_1","name":"read"}}"#,
            r#"{"type":"response.output_item.added","output_index":3,"item":{"id":"fc_2","type":"function_call","arguments":"","call_id":"call_2","name":"ls"}}"#,
            r#"{"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":2,"delta":"{\"p\":"}"#,
            r#"{"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":2,"delta":"1}"}"#,
            r#"{"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":2,"arguments":"{\"p\":1}"}"#,
            r#"{"type":"response.function_call_arguments.done","item_id":"fc_2","output_index":3,"arguments":"{}"}"#,
            r#"{"type":"response.output_item.done","output_index":2,"item":{"id":"fc_1","type":"function_call","arguments":"{\"p\":1}","call_id":"call_1","name":"read"}}"#,
            r#"{"type":"response.output_item.done","output_index":3,"item":{"id":"fc_2","type":"function_call","arguments":"{}","call_id":"call_2","name":"ls"}}"#,
            r#"{"type":"response.completed","response":{"id":"resp_1","status":"completed","error":null,"incomplete_details":null,"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":40},"output_tokens":20,"output_tokens_details":{"reasoning_tokens":8},"total_tokens":120}}}"#,
            "[DONE]",
        ])
        .unwrap();
        let usage = Usage {
            input: 60,
            output: 20,
            cache_read: 40,
            cache_write: 0,
            total_tokens: 120,
            cost: Cost::default(),
        };
        let ModelEvent::Usage(got) = events[11] else { panic!("{events:?}") };
        assert!((got.cost.total - (60.0 + 40.0 + 20.0) * 1e-6).abs() < 1e-12);
        assert_eq!(Usage { cost: Cost::default(), ..got }, usage);
        let item = r#"{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"First"}],"encrypted_content":"gAAAA"}"#;
        assert_eq!(
            [&events[..11], &events[12..]].concat(),
            [
                ModelEvent::ThinkingDelta("First".into()),
                ModelEvent::ThinkingDelta("\n\n".into()),
                ModelEvent::ThinkingDelta("Second".into()),
                ModelEvent::ThinkingSignature(item.into()),
                ModelEvent::TextDelta("I look".into()),
                ModelEvent::TextSignature("msg_1".into()),
                start(0, "call_1|fc_1", "read"),
                start(1, "call_2|fc_2", "ls"),
                arguments(0, "{\"p\":"),
                arguments(0, "1}"),
                arguments(1, "{}"),
                ModelEvent::Done(StopReason::ToolUse),
            ]
        );
    }

    #[test]
    fn servers_that_send_no_deltas_and_ends_of_all_kinds() {
        let done = |reason| vec![ModelEvent::Done(reason)];
        let rows = [
            (vec![r#"{"type":"response.completed","response":{}}"#], done(StopReason::Stop)),
            (
                vec![
                    r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}"#,
                ],
                done(StopReason::Length),
            ),
            (
                vec![
                    r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"msg_1","type":"message","content":[{"type":"output_text","text":"Hi"}]}}"#,
                    r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"c","name":"ls","arguments":"{}"}}"#,
                    r#"{"type":"response.completed","response":{}}"#,
                ],
                vec![
                    ModelEvent::TextDelta("Hi".into()),
                    ModelEvent::TextSignature("msg_1".into()),
                    start(0, "c", "ls"),
                    arguments(0, "{}"),
                    ModelEvent::Done(StopReason::ToolUse),
                ],
            ),
        ];
        for (events, expected) in rows {
            assert_eq!(decode(&events).unwrap(), expected, "{events:?}");
        }
    }

    #[test]
    fn what_is_not_an_answer_is_an_error() {
        let provider: Arc<str> = Arc::from("p");
        let malformed = |what| ModelError::Malformed { provider: Arc::clone(&provider), what };
        let limited = ModelError::RateLimited { provider: Arc::clone(&provider), retry_after: None };
        let server = ModelError::Server { provider: Arc::clone(&provider), status: 200 };
        let rows = [
            (r#"{"type":"response.output_text.delta","delta":"a"}"#, malformed(Malformed::EndedEarly)),
            ("{\"type\":", malformed(Malformed::NotJson)),
            ("[DONE]", malformed(Malformed::EndedEarly)),
            (r#"{"type":"response.output_item.added","item":7}"#, malformed(Malformed::NotJson)),
            (
                r#"{"type":"response.function_call_arguments.delta","output_index":4,"delta":"{"}"#,
                malformed(Malformed::UnnamedToolCall),
            ),
            (
                r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"c"}}"#,
                malformed(Malformed::UnnamedToolCall),
            ),
            (
                r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"}}}"#,
                ModelError::Filtered { provider: Arc::clone(&provider) },
            ),
            (
                r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"slow down"}}}"#,
                limited,
            ),
            (r#"{"type":"response.failed","response":{}}"#, server.clone()),
            (r#"{"type":"error","code":"server_error","message":"x","param":null}"#, server.clone()),
            (r#"{"type":"error","error":{"code":"server_error","message":"x"}}"#, server),
            (
                r#"{"type":"error","code":"context_length_exceeded","message":"x"}"#,
                ModelError::ContextOverflow { provider: Arc::clone(&provider), model: "m".into() },
            ),
        ];
        for (event, expected) in rows {
            assert_eq!(decode(&[event]), Err(expected), "{event}");
        }
        let mut decoder = decoder();
        let failed = (0..=MAX_TOOL_CALLS).find_map(|n| {
            let item = format!(
                r#"{{"type":"response.output_item.added","output_index":{n},"item":{{"type":"function_call","call_id":"c{n}","name":"t"}}}}"#
            );
            decoder.push(&item).err()
        });
        assert_eq!(failed, Some(malformed(Malformed::TooManyToolCalls)));
    }
}
