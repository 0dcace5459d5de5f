//! From the `data` of server-sent events to [`ModelEvent`]s, synchronously and without I/O.
//!
//! Source: Anthropic API reference, "Streaming messages". Unknown events, blocks and deltas are read over, as the
//! versioning policy asks.

use std::borrow::Cow;
use std::sync::Arc;

use openclaw_protocol::message::{StopReason, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::classify::classify;
use crate::wire::{self, MAX_TOOL_CALLS, Redactor, Refusal};
use crate::{Malformed, ModelError, ModelEvent, ModelInfo};

/// Decodes one answer.
///
/// ```
/// use openclaw_models::{anthropic::Decoder, wire::{Decoder as _, Redactor}, ModelEvent, ModelInfo, WireApi};
///
/// let info = ModelInfo::new("anthropic", "claude-opus-4-6", WireApi::AnthropicMessages);
/// let mut decoder = Decoder::new(info.into(), Redactor::default());
/// let delta = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#;
/// assert_eq!(decoder.push(delta).unwrap(), [ModelEvent::TextDelta("Hi".into())]);
/// ```
pub struct Decoder {
    info: Arc<ModelInfo>,
    redactor: Redactor,
    /// The block index of each call, in the order of appearance.
    calls: Vec<OpenCall>,
    /// Signature of the open reasoning; it may come in pieces.
    signature: String,
    usage: WireUsage,
    has_usage: bool,
    stop: Option<Stop>,
    done: bool,
}

struct OpenCall {
    block: u64,
    /// Arguments that came with the start of the block, used when no piece follows.
    whole: Option<String>,
}

/// What `stop_reason` said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Said(StopReason),
    Refused,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    index: u64,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    content_block: Option<Block<'a>>,
    #[serde(default)]
    message: Option<Start>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    partial_json: Option<String>,
    #[serde(borrow, default)]
    stop_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    data: Option<String>,
}

/// Borrows where an `Option<Cow>` would copy.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// `usage`; counts are cumulative, and an event that leaves one out changes nothing.
#[derive(Deserialize, Clone, Copy, Default)]
struct WireUsage {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
}

impl Decoder {
    /// A decoder for one answer of the model.
    #[must_use]
    pub fn new(info: Arc<ModelInfo>, redactor: Redactor) -> Self {
        Self {
            info,
            redactor,
            calls: Vec::new(),
            signature: String::new(),
            usage: WireUsage::default(),
            has_usage: false,
            stop: None,
            done: false,
        }
    }
}

impl wire::Decoder for Decoder {
    fn push(&mut self, data: &str) -> Result<Vec<ModelEvent>, ModelError> {
        if self.done || data.trim().is_empty() {
            return Ok(Vec::new());
        }
        let event: Event<'_> = match serde_json::from_str(data) {
            Ok(event) => event,
            // Some imitations end as chat completions do.
            Err(_) if data.trim() == "[DONE]" => return self.finish(),
            Err(_) => return Err(self.info.malformed(Malformed::NotJson)),
        };
        if event.error.is_some() || event.kind == "error" {
            let refusal = Refusal::in_stream(data.as_bytes());
            return Err(classify(refusal, &self.info, &self.redactor));
        }
        self.event(event)
    }

    fn finish(&mut self) -> Result<Vec<ModelEvent>, ModelError> {
        if self.done {
            return Ok(Vec::new());
        }
        match self.stop {
            Some(stop) => self.end(stop),
            None => Err(self.info.malformed(Malformed::EndedEarly)),
        }
    }
}

impl Decoder {
    fn event(&mut self, event: Event<'_>) -> Result<Vec<ModelEvent>, ModelError> {
        match event.kind.as_ref() {
            "message_start" => self.count(event.message.and_then(|message| message.usage)),
            "content_block_start" => {
                return event.content_block.map_or(Ok(Vec::new()), |block| self.open(event.index, block));
            }
            "content_block_delta" => {
                return event.delta.map_or(Ok(Vec::new()), |delta| self.delta(event.index, delta));
            }
            "content_block_stop" => return Ok(self.close(event.index)),
            "message_delta" => {
                self.count(event.usage);
                let reason = event.delta.and_then(|delta| delta.stop_reason);
                self.stop = reason.map(|reason| stop(&reason.0)).or(self.stop);
            }
            "message_stop" => return self.end(self.stop.unwrap_or(Stop::Said(StopReason::Stop))),
            _ => {}
        }
        Ok(Vec::new())
    }

    fn count(&mut self, usage: Option<WireUsage>) {
        let Some(new) = usage else { return };
        self.has_usage = true;
        let old = self.usage;
        self.usage = WireUsage {
            input_tokens: new.input_tokens.or(old.input_tokens),
            output_tokens: new.output_tokens.or(old.output_tokens),
            cache_read_input_tokens: new.cache_read_input_tokens.or(old.cache_read_input_tokens),
            cache_creation_input_tokens: new.cache_creation_input_tokens.or(old.cache_creation_input_tokens),
        };
    }

    fn open(&mut self, index: u64, block: Block<'_>) -> Result<Vec<ModelEvent>, ModelError> {
        let said = |text: &String| !text.is_empty();
        let mut events = Vec::new();
        match block.kind.as_ref() {
            "text" => events.extend(block.text.filter(said).map(ModelEvent::TextDelta)),
            "thinking" => {
                self.signature = block.signature.unwrap_or_default();
                events.extend(block.thinking.filter(said).map(ModelEvent::ThinkingDelta));
            }
            "redacted_thinking" => events.extend(block.data.filter(said).map(ModelEvent::RedactedThinking)),
            "tool_use" => events.push(self.open_call(index, block)?),
            _ => {}
        }
        Ok(events)
    }

    fn open_call(&mut self, block_index: u64, block: Block<'_>) -> Result<ModelEvent, ModelError> {
        let name = block.name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| self.info.malformed(Malformed::UnnamedToolCall))?;
        let index = self.calls.len();
        if index >= MAX_TOOL_CALLS {
            return Err(self.info.malformed(Malformed::TooManyToolCalls));
        }
        let whole = block.input.map(RawValue::get).filter(|input| !matches!(*input, "{}" | "null" | "\"\""));
        self.calls.push(OpenCall { block: block_index, whole: whole.map(ToOwned::to_owned) });
        let id = block.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{index}"));
        Ok(ModelEvent::ToolCallStart { index, id, name })
    }

    fn delta(&mut self, block: u64, delta: Delta<'_>) -> Result<Vec<ModelEvent>, ModelError> {
        let said = |text: &String| !text.is_empty();
        let event = match delta.kind.as_ref() {
            "text_delta" => delta.text.filter(said).map(ModelEvent::TextDelta),
            "thinking_delta" => delta.thinking.filter(said).map(ModelEvent::ThinkingDelta),
            "signature_delta" => {
                self.signature.push_str(delta.signature.as_deref().unwrap_or_default());
                None
            }
            "input_json_delta" => match delta.partial_json.filter(said) {
                Some(piece) => Some(self.arguments(block, piece)?),
                None => None,
            },
            _ => None,
        };
        Ok(event.into_iter().collect())
    }

    fn arguments(&mut self, block: u64, delta: String) -> Result<ModelEvent, ModelError> {
        let Some(index) = self.calls.iter().rposition(|call| call.block == block) else {
            return Err(self.info.malformed(Malformed::UnnamedToolCall));
        };
        self.calls[index].whole = None;
        Ok(ModelEvent::ToolCallArguments { index, delta })
    }

    fn close(&mut self, block: u64) -> Vec<ModelEvent> {
        if !self.signature.is_empty() {
            return vec![ModelEvent::ThinkingSignature(std::mem::take(&mut self.signature))];
        }
        let call = self.calls.iter_mut().enumerate().rfind(|(_, call)| call.block == block);
        let whole = call.and_then(|(index, call)| Some((index, call.whole.take()?)));
        whole.map(|(index, delta)| ModelEvent::ToolCallArguments { index, delta }).into_iter().collect()
    }

    fn end(&mut self, stop: Stop) -> Result<Vec<ModelEvent>, ModelError> {
        self.done = true;
        let stop = match stop {
            Stop::Refused => return Err(ModelError::Filtered { provider: Arc::clone(&self.info.provider) }),
            Stop::Said(StopReason::Length) => StopReason::Length,
            Stop::Said(_) if !self.calls.is_empty() => StopReason::ToolUse,
            Stop::Said(_) => StopReason::Stop,
        };
        let usage = self.has_usage.then(|| ModelEvent::Usage(self.price()));
        Ok(usage.into_iter().chain([ModelEvent::Done(stop)]).collect())
    }

    fn price(&self) -> Usage {
        let count = |tokens: Option<u64>| tokens.unwrap_or(0);
        let wire = self.usage;
        let mut usage = Usage {
            input: count(wire.input_tokens),
            output: count(wire.output_tokens),
            cache_read: count(wire.cache_read_input_tokens),
            cache_write: count(wire.cache_creation_input_tokens),
            ..Usage::default()
        };
        usage.total_tokens = [usage.output, usage.cache_read, usage.cache_write]
            .into_iter()
            .fold(usage.input, u64::saturating_add);
        usage.cost = self.info.prices.cost_of(&usage);
        usage
    }
}

/// Guide "Handling stop reasons". An unknown reason still says that the answer is complete.
fn stop(reason: &str) -> Stop {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => Stop::Said(StopReason::Length),
        "tool_use" => Stop::Said(StopReason::ToolUse),
        "refusal" => Stop::Refused,
        _ => Stop::Said(StopReason::Stop),
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoder, MAX_TOOL_CALLS};
    use crate::wire::{Decoder as _, Redactor};
    use crate::{Malformed, ModelError, ModelEvent, ModelInfo, Prices, WireApi};
    use openclaw_protocol::message::{Cost, StopReason, Usage};
    use std::sync::Arc;

    fn decoder() -> Decoder {
        let prices = Prices { input: 1.0, output: 2.0, cache_read: 0.5, cache_write: 1.25 };
        let info = ModelInfo { prices, ..ModelInfo::new("p", "m", WireApi::AnthropicMessages) };
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

    #[test]
    fn every_kind_of_block_in_the_documented_order() {
        let events = decode(&[
            r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":100,"cache_read_input_tokens":1000,"output_tokens":1}}}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me see"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"CgYI"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"Emwk"}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"I look \u2603"}}"#,
            r#"{"type":"content_block_stop","index":2}"#,
            r#"{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"read","input":{}}}"#,
            r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}"#,
            r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"p\": "}}"#,
            r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
            r#"{"type":"content_block_stop","index":3}"#,
            r#"{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_2","name":"ls","input":{"all":true}}}"#,
            r#"{"type":"content_block_stop","index":4}"#,
            r#"{"type":"content_block_start","index":5,"content_block":{"type":"hologram","x":1}}"#,
            r#"{"type":"content_block_delta","index":5,"delta":{"type":"hologram_delta","x":2}}"#,
            r#"{"type":"a_new_event","payload":{}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89}}"#,
            r#"{"type":"message_stop"}"#,
            "after the end",
        ])
        .unwrap();
        let usage = Usage {
            input: 25,
            output: 89,
            cache_read: 1000,
            cache_write: 100,
            total_tokens: 1214,
            cost: Cost::default(),
        };
        let ModelEvent::Usage(got) = events[9] else { panic!("{events:?}") };
        assert!((got.cost.total - (25.0 + 178.0 + 500.0 + 125.0) * 1e-6).abs() < 1e-12);
        assert_eq!(Usage { cost: Cost::default(), ..got }, usage);
        let start = |index, id: &str, name: &str| ModelEvent::ToolCallStart {
            index,
            id: id.into(),
            name: name.into(),
        };
        let arguments = |index, delta: &str| ModelEvent::ToolCallArguments { index, delta: delta.into() };
        assert_eq!(
            [&events[..9], &events[10..]].concat(),
            [
                ModelEvent::ThinkingDelta("Let me see".into()),
                ModelEvent::ThinkingSignature("EqQBCgYI".into()),
                ModelEvent::RedactedThinking("Emwk".into()),
                ModelEvent::TextDelta("I look \u{2603}".into()),
                start(0, "toolu_1", "read"),
                arguments(0, "{\"p\": "),
                arguments(0, "1}"),
                start(1, "toolu_2", "ls"),
                arguments(1, "{\"all\":true}"),
                ModelEvent::Done(StopReason::ToolUse),
            ]
        );
    }

    #[test]
    fn stop_reasons() {
        let rows = [
            ("end_turn", StopReason::Stop),
            ("stop_sequence", StopReason::Stop),
            ("pause_turn", StopReason::Stop),
            ("max_tokens", StopReason::Length),
            ("model_context_window_exceeded", StopReason::Length),
        ];
        for (reason, expected) in rows {
            let delta = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}}}}"#);
            // The body may end without message_stop: everything was said.
            assert_eq!(decode(&[&delta]).unwrap(), [ModelEvent::Done(expected)], "{reason}");
        }
        let refused = r#"{"type":"message_delta","delta":{"stop_reason":"refusal"}}"#;
        assert_eq!(decode(&[refused]), Err(ModelError::Filtered { provider: Arc::from("p") }));
    }

    #[test]
    fn what_is_not_an_answer_is_an_error() {
        let provider: Arc<str> = Arc::from("p");
        let malformed = |what| ModelError::Malformed { provider: Arc::clone(&provider), what };
        let delta = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#;
        let stray = r#"{"type":"content_block_delta","index":9,"delta":{"type":"input_json_delta","partial_json":"{"}}"#;
        let unnamed =
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t"}}"#;
        let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let rows = [
            (delta, malformed(Malformed::EndedEarly)),
            ("{\"type\":", malformed(Malformed::NotJson)),
            ("[DONE]", malformed(Malformed::EndedEarly)),
            (stray, malformed(Malformed::UnnamedToolCall)),
            (unnamed, malformed(Malformed::UnnamedToolCall)),
            (overloaded, ModelError::Overloaded { provider: Arc::clone(&provider), retry_after: None }),
        ];
        for (event, expected) in rows {
            assert_eq!(decode(&[event]), Err(expected), "{event}");
        }
        let mut decoder = decoder();
        let failed = (0..=MAX_TOOL_CALLS).find_map(|n| {
            let block = format!(
                r#"{{"type":"content_block_start","index":{n},"content_block":{{"type":"tool_use","id":"i{n}","name":"t","input":{{}}}}}}"#
            );
            decoder.push(&block).err()
        });
        assert_eq!(failed, Some(malformed(Malformed::TooManyToolCalls)));
    }
}
