//! From the lines of an answer to [`ModelEvent`]s.

use std::sync::Arc;

use openclaw_protocol::message::{StopReason, Usage};
use serde::Deserialize;
use serde_json::Value;

use super::api::classify;
use crate::wire::{self, MAX_TOOL_CALLS, Redactor, Refusal};
use crate::{Malformed, ModelError, ModelEvent, ModelInfo};

/// Decodes one answer.
pub struct Decoder {
    info: Arc<ModelInfo>,
    redactor: Redactor,
    calls: usize,
    done: bool,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    message: Said,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    error: Option<String>,
    #[serde(default)]
    prompt_eval_count: u64,
    #[serde(default)]
    eval_count: u64,
}

#[derive(Deserialize, Default)]
struct Said {
    #[serde(default)]
    content: String,
    #[serde(default)]
    thinking: String,
    #[serde(default)]
    tool_calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    #[serde(default)]
    name: String,
    #[serde(default)]
    arguments: Value,
}

impl Decoder {
    /// For an answer of this model.
    #[must_use]
    pub fn new(info: Arc<ModelInfo>) -> Self {
        Self::with_redactor(info, Redactor::new(Vec::new()))
    }

    pub(super) fn with_redactor(info: Arc<ModelInfo>, redactor: Redactor) -> Self {
        Self { info, redactor, calls: 0, done: false }
    }

    fn call(&mut self, call: Call, events: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        if self.calls >= MAX_TOOL_CALLS {
            return Err(self.info.malformed(Malformed::TooManyToolCalls));
        }
        if call.function.name.trim().is_empty() {
            return Err(self.info.malformed(Malformed::UnnamedToolCall));
        }
        let index = self.calls;
        self.calls += 1;
        let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{index}"));
        events.push(ModelEvent::ToolCallStart { index, id, name: call.function.name });
        // Some models give the text of an object.
        let delta = match call.function.arguments {
            Value::String(text) => text,
            Value::Null => String::new(),
            object @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                object.to_string()
            }
        };
        if !delta.is_empty() {
            events.push(ModelEvent::ToolCallArguments { index, delta });
        }
        Ok(())
    }
}

impl wire::Decoder for Decoder {
    fn push(&mut self, data: &str) -> Result<Vec<ModelEvent>, ModelError> {
        if self.done {
            return Ok(Vec::new());
        }
        let line: Line = serde_json::from_str(data).map_err(|_| self.info.malformed(Malformed::NotJson))?;
        if line.error.is_some() {
            return Err(classify(Refusal::in_stream(data.as_bytes()), &self.info, &self.redactor));
        }
        let mut events = Vec::new();
        if !line.message.thinking.is_empty() {
            events.push(ModelEvent::ThinkingDelta(line.message.thinking));
        }
        if !line.message.content.is_empty() {
            events.push(ModelEvent::TextDelta(line.message.content));
        }
        for call in line.message.tool_calls {
            self.call(call, &mut events)?;
        }
        if line.done {
            self.done = true;
            let (input, output) = (line.prompt_eval_count, line.eval_count);
            if input + output > 0 {
                let total_tokens = input.saturating_add(output);
                events.push(ModelEvent::Usage(Usage { input, output, total_tokens, ..Usage::default() }));
            }
            let reason = match (self.calls, line.done_reason.as_deref()) {
                (1.., _) => StopReason::ToolUse,
                (0, Some("length")) => StopReason::Length,
                (0, Some(_) | None) => StopReason::Stop,
            };
            events.push(ModelEvent::Done(reason));
        }
        Ok(events)
    }

    fn finish(&mut self) -> Result<Vec<ModelEvent>, ModelError> {
        if self.done { Ok(Vec::new()) } else { Err(self.info.malformed(Malformed::EndedEarly)) }
    }
}

#[cfg(test)]
mod tests {
    use super::Decoder;
    use crate::wire::Decoder as _;
    use crate::{Malformed, ModelError, ModelEvent, ModelInfo, WireApi};
    use openclaw_protocol::message::{StopReason, Usage};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn decoder() -> Decoder {
        Decoder::new(Arc::new(ModelInfo::new("ollama", "m", WireApi::OllamaChat)))
    }

    fn decode(lines: &[&str]) -> Result<Vec<ModelEvent>, ModelError> {
        let mut decoder = decoder();
        let mut events = Vec::new();
        for line in lines {
            events.extend(decoder.push(line)?);
        }
        events.extend(decoder.finish()?);
        Ok(events)
    }

    #[test]
    fn text_thinking_calls_and_counts() {
        let events = decode(&[
            r#"{"model":"m","message":{"role":"assistant","content":"","thinking":"Hm."},"done":false}"#,
            r#"{"model":"m","message":{"role":"assistant","content":"I look."},"done":false}"#,
            r#"{"message":{"content":"","tool_calls":[{"function":{"name":"read","arguments":{"path":"a"}}}]},"done":false}"#,
            r#"{"message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":3}"#,
        ]);
        assert_eq!(
            events.unwrap(),
            [
                ModelEvent::ThinkingDelta("Hm.".into()),
                ModelEvent::TextDelta("I look.".into()),
                ModelEvent::ToolCallStart { index: 0, id: "call_0".into(), name: "read".into() },
                ModelEvent::ToolCallArguments { index: 0, delta: r#"{"path":"a"}"#.into() },
                ModelEvent::Usage(Usage { input: 7, output: 3, total_tokens: 10, ..Usage::default() }),
                ModelEvent::Done(StopReason::ToolUse),
            ]
        );
        let cut = decode(&[r#"{"message":{"content":"a"},"done":true,"done_reason":"length"}"#]).unwrap();
        assert_eq!(cut.last(), Some(&ModelEvent::Done(StopReason::Length)));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let provider = || Arc::from("ollama");
        let rows: [(&[&str], ModelError); 4] = [
            (
                &[r#"{"message":{"content":"a"},"done":false}"#],
                ModelError::Malformed { provider: provider(), what: Malformed::EndedEarly },
            ),
            (&["<html>"], ModelError::Malformed { provider: provider(), what: Malformed::NotJson }),
            (
                &[r#"{"message":{"tool_calls":[{"function":{"name":""}}]}}"#],
                ModelError::Malformed { provider: provider(), what: Malformed::UnnamedToolCall },
            ),
            (&[r#"{"error":"runner stopped"}"#], ModelError::Server { provider: provider(), status: 200 }),
        ];
        for (lines, expected) in rows {
            assert_eq!(decode(lines), Err(expected), "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_decoded_without_panic(lines in prop::collection::vec(".{0,80}", 0..6)) {
            let mut decoder = decoder();
            for line in &lines {
                if decoder.push(line).is_err() {
                    break;
                }
            }
            decoder.finish().ok();
        }
    }
}
