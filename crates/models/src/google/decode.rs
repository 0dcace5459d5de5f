//! From the `data` of server-sent events to [`ModelEvent`]s, synchronously and without I/O.
//!
//! Source: Gemini API reference, "GenerateContentResponse", "FinishReason", "UsageMetadata"; guide "Thought
//! signatures". Every event is a whole response with the next parts; there is no event for the end.

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
/// use openclaw_models::{google::Decoder, wire::{Decoder as _, Redactor}, ModelEvent, ModelInfo, WireApi};
///
/// let info = ModelInfo::new("google", "gemini-3-pro", WireApi::GoogleGenerativeAi);
/// let mut decoder = Decoder::new(info.into(), Redactor::default());
/// let chunk = r#"{"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"}}]}"#;
/// assert_eq!(decoder.push(chunk).unwrap(), [ModelEvent::TextDelta("Hi".into())]);
/// ```
pub struct Decoder {
    info: Arc<ModelInfo>,
    redactor: Redactor,
    calls: usize,
    response_id: Option<String>,
    usage: Option<WireUsage>,
    finish: Option<Finish>,
    done: bool,
}

/// What `finishReason` said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finish {
    Stop,
    Length,
    Filtered,
    BrokenCall,
    Failed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow, default)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow, default)]
    prompt_feedback: Option<Feedback<'a>>,
    #[serde(default)]
    usage_metadata: Option<WireUsage>,
    #[serde(borrow, default)]
    response_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    parts: Option<Vec<Part<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thought: bool,
    #[serde(default)]
    thought_signature: Option<String>,
    #[serde(borrow, default)]
    function_call: Option<FunctionCall<'a>>,
}

#[derive(Deserialize)]
struct FunctionCall<'a> {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback<'a> {
    #[serde(borrow, default)]
    block_reason: Option<Text<'a>>,
}

/// Borrows where an `Option<Cow>` would copy.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// `usageMetadata`; counts are cumulative. `promptTokenCount` includes the cached ones, and thoughts are counted apart
/// from the candidates.
#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireUsage {
    prompt_token_count: u64,
    cached_content_token_count: u64,
    candidates_token_count: u64,
    thoughts_token_count: u64,
    tool_use_prompt_token_count: u64,
}

impl Decoder {
    /// A decoder for one answer of the model.
    #[must_use]
    pub fn new(info: Arc<ModelInfo>, redactor: Redactor) -> Self {
        Self { info, redactor, calls: 0, response_id: None, usage: None, finish: None, done: false }
    }
}

impl wire::Decoder for Decoder {
    fn push(&mut self, data: &str) -> Result<Vec<ModelEvent>, ModelError> {
        if self.done || data.trim().is_empty() {
            return Ok(Vec::new());
        }
        let chunk: Chunk<'_> = match serde_json::from_str(data) {
            Ok(chunk) => chunk,
            // Some gateways end as chat completions do.
            Err(_) if data.trim() == "[DONE]" => return self.finish(),
            Err(_) => return Err(self.info.malformed(Malformed::NotJson)),
        };
        if chunk.error.is_some_and(|error| error.get() != "null") {
            return Err(classify(Refusal::in_stream(data.as_bytes()), &self.info, &self.redactor));
        }
        self.chunk(chunk)
    }

    fn finish(&mut self) -> Result<Vec<ModelEvent>, ModelError> {
        if self.done {
            return Ok(Vec::new());
        }
        match self.finish {
            Some(finish) => self.end(finish),
            None => Err(self.info.malformed(Malformed::EndedEarly)),
        }
    }
}

impl Decoder {
    fn chunk(&mut self, chunk: Chunk<'_>) -> Result<Vec<ModelEvent>, ModelError> {
        if chunk.prompt_feedback.and_then(|feedback| feedback.block_reason).is_some() {
            return Err(ModelError::Filtered { provider: Arc::clone(&self.info.provider) });
        }
        let counted = chunk.usage_metadata.is_some();
        self.usage = chunk.usage_metadata.or(self.usage);
        if self.response_id.is_none() {
            self.response_id = chunk.response_id.map(|id| id.0.into_owned());
        }
        let mut events = Vec::new();
        // Only one candidate is ever asked for.
        let candidate = chunk.candidates.into_iter().flatten().find(|candidate| candidate.index == 0);
        let Some(candidate) = candidate else { return Ok(events) };
        for part in candidate.content.and_then(|content| content.parts).into_iter().flatten() {
            self.part(part, &mut events)?;
        }
        self.finish = candidate.finish_reason.and_then(|reason| finish(&reason.0)).or(self.finish);
        match self.finish {
            // The counts come with the last event; one that has both ends the answer.
            Some(finish) if counted => events.extend(self.end(finish)?),
            Some(_) | None => {}
        }
        Ok(events)
    }

    fn part(&mut self, part: Part<'_>, events: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        let signature = part.thought_signature.filter(|signature| !signature.is_empty());
        let text = part.text.filter(|text| !text.is_empty());
        if let Some(call) = part.function_call {
            return self.call(call, signature, events);
        }
        if part.thought {
            events.extend(text.map(ModelEvent::ThinkingDelta));
            events.extend(signature.map(ModelEvent::ThinkingSignature));
        } else {
            events.extend(text.map(ModelEvent::TextDelta));
            events.extend(signature.map(ModelEvent::TextSignature));
        }
        Ok(())
    }

    /// Calls come whole. Older models give them no id.
    fn call(
        &mut self,
        call: FunctionCall<'_>,
        signature: Option<String>,
        events: &mut Vec<ModelEvent>,
    ) -> Result<(), ModelError> {
        let name = call.name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| self.info.malformed(Malformed::UnnamedToolCall))?;
        let index = self.calls;
        if index >= MAX_TOOL_CALLS {
            return Err(self.info.malformed(Malformed::TooManyToolCalls));
        }
        self.calls += 1;
        let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| self.made_id(index));
        events.push(ModelEvent::ToolCallStart { index, id, name });
        let arguments = call.args.map(RawValue::get).filter(|args| *args != "null");
        events.extend(arguments.map(|args| ModelEvent::ToolCallArguments { index, delta: args.to_owned() }));
        events.extend(signature.map(|signature| ModelEvent::ToolCallSignature { index, signature }));
        Ok(())
    }

    fn made_id(&self, index: usize) -> String {
        let response = self.response_id.as_deref().unwrap_or("call");
        format!("{response}_{index}")
    }

    fn end(&mut self, finish: Finish) -> Result<Vec<ModelEvent>, ModelError> {
        self.done = true;
        let provider = || Arc::clone(&self.info.provider);
        let stop = match finish {
            Finish::Filtered => return Err(ModelError::Filtered { provider: provider() }),
            Finish::BrokenCall => return Err(self.info.malformed(Malformed::BrokenToolCall)),
            Finish::Failed => return Err(ModelError::Server { provider: provider(), status: 200 }),
            Finish::Length => StopReason::Length,
            Finish::Stop if self.calls > 0 => StopReason::ToolUse,
            Finish::Stop => StopReason::Stop,
        };
        let usage = self.usage.map(|usage| ModelEvent::Usage(self.price(usage)));
        Ok(usage.into_iter().chain([ModelEvent::Done(stop)]).collect())
    }

    fn price(&self, wire: WireUsage) -> Usage {
        let cache_read = wire.cached_content_token_count.min(wire.prompt_token_count);
        let input = (wire.prompt_token_count - cache_read).saturating_add(wire.tool_use_prompt_token_count);
        let output = wire.candidates_token_count.saturating_add(wire.thoughts_token_count);
        let total_tokens = input.saturating_add(cache_read).saturating_add(output);
        let mut usage = Usage { input, output, cache_read, total_tokens, ..Usage::default() };
        usage.cost = self.info.prices.cost_of(&usage);
        usage
    }
}

/// API reference, "FinishReason". An unknown reason still says that the answer is complete.
fn finish(reason: &str) -> Option<Finish> {
    match reason {
        "" | "FINISH_REASON_UNSPECIFIED" => None,
        "MAX_TOKENS" => Some(Finish::Length),
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => Some(Finish::Filtered),
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE" => Some(Finish::BrokenCall),
        "OTHER" => Some(Finish::Failed),
        _ => Some(Finish::Stop),
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
        let prices = Prices { input: 1.0, output: 2.0, cache_read: 0.5, cache_write: 0.0 };
        let info = ModelInfo { prices, ..ModelInfo::new("p", "m", WireApi::GoogleGenerativeAi) };
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
    fn every_kind_of_part_with_its_signature() {
        let events = decode(&[
            r#"{"candidates":[{"content":{"parts":[{"text":"**Plan**","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":10,"totalTokenCount":10},"modelVersion":"m","responseId":"r1"}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"I look"}],"role":"model"},"index":0}],"responseId":"r1"}"#,
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"read","args":{"p":1}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"x9","name":"ls"}}],"role":"model"},"index":0}]}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"ZW5k"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":40,"candidatesTokenCount":7,"thoughtsTokenCount":5,"totalTokenCount":112}}"#,
            "after the end",
        ])
        .unwrap();
        let start = |index, id: &str, name: &str| ModelEvent::ToolCallStart {
            index,
            id: id.into(),
            name: name.into(),
        };
        let usage = Usage {
            input: 60,
            output: 12,
            cache_read: 40,
            cache_write: 0,
            total_tokens: 112,
            cost: Cost::default(),
        };
        let ModelEvent::Usage(got) = events[7] else { panic!("{events:?}") };
        assert!((got.cost.total - (60.0 + 24.0 + 20.0) * 1e-6).abs() < 1e-12);
        assert_eq!(Usage { cost: Cost::default(), ..got }, usage);
        assert_eq!(
            [&events[..7], &events[8..]].concat(),
            [
                ModelEvent::ThinkingDelta("**Plan**".into()),
                ModelEvent::TextDelta("I look".into()),
                start(0, "r1_0", "read"),
                ModelEvent::ToolCallArguments { index: 0, delta: "{\"p\":1}".into() },
                ModelEvent::ToolCallSignature { index: 0, signature: "c2ln".into() },
                start(1, "x9", "ls"),
                ModelEvent::TextSignature("ZW5k".into()),
                ModelEvent::Done(StopReason::ToolUse),
            ]
        );
    }

    #[test]
    fn finish_reasons() {
        let provider: Arc<str> = Arc::from("p");
        let filtered = || Err(ModelError::Filtered { provider: Arc::clone(&provider) });
        let broken =
            Err(ModelError::Malformed { provider: Arc::clone(&provider), what: Malformed::BrokenToolCall });
        let rows = [
            ("STOP", Ok(StopReason::Stop)),
            ("A_NEW_ONE", Ok(StopReason::Stop)),
            ("MAX_TOKENS", Ok(StopReason::Length)),
            ("SAFETY", filtered()),
            ("RECITATION", filtered()),
            ("PROHIBITED_CONTENT", filtered()),
            ("MALFORMED_FUNCTION_CALL", broken),
            ("OTHER", Err(ModelError::Server { provider: Arc::clone(&provider), status: 200 })),
        ];
        for (reason, expected) in rows {
            let chunk = format!(r#"{{"candidates":[{{"finishReason":"{reason}"}}]}}"#);
            let expected = expected.map(|reason| vec![ModelEvent::Done(reason)]);
            assert_eq!(decode(&[&chunk]), expected, "{reason}");
        }
    }

    #[test]
    fn what_is_not_an_answer_is_an_error() {
        let provider: Arc<str> = Arc::from("p");
        let malformed = |what| ModelError::Malformed { provider: Arc::clone(&provider), what };
        let rows = [
            (r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#, malformed(Malformed::EndedEarly)),
            (r#"{"usageMetadata":{}}"#, malformed(Malformed::EndedEarly)),
            ("[{\"candidates\"", malformed(Malformed::NotJson)),
            (
                r#"{"candidates":[{"content":{"parts":[{"functionCall":{"args":{}}}]}}]}"#,
                malformed(Malformed::UnnamedToolCall),
            ),
            (
                r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{}}"#,
                ModelError::Filtered { provider: Arc::clone(&provider) },
            ),
            (
                r#"{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}"#,
                ModelError::Overloaded { provider: Arc::clone(&provider), retry_after: None },
            ),
        ];
        for (event, expected) in rows {
            assert_eq!(decode(&[event]), Err(expected), "{event}");
        }
        let call = r#"{"functionCall":{"name":"t"}}"#;
        let many = vec![call; MAX_TOOL_CALLS + 1].join(",");
        let chunk = format!(r#"{{"candidates":[{{"content":{{"parts":[{many}]}}}}]}}"#);
        assert_eq!(decode(&[&chunk]), Err(malformed(Malformed::TooManyToolCalls)));
    }
}
