//! From the `data` of server-sent events to [`ModelEvent`]s, synchronously and without I/O.
//!
//! Source: OpenAI API reference, "The chat completion chunk object". Fields that only other servers send
//! (`reasoning_content`, `reasoning`) are read as well.

use std::borrow::Cow;
use std::sync::Arc;

use openclaw_protocol::message::{StopReason, Usage};
use serde::Deserialize;

use super::classify::classify;
use super::encode::REASONING_FIELD;
use crate::wire::{self, MAX_TOOL_CALLS, Redactor, Refusal};
use crate::{Malformed, ModelError, ModelEvent, ModelInfo};

/// Decodes one answer.
///
/// ```
/// use openclaw_models::{openai::Decoder, wire::Decoder as _, ModelEvent, ModelInfo, WireApi};
/// use openclaw_protocol::message::StopReason;
///
/// let mut decoder = Decoder::new(ModelInfo::new("openai", "gpt-5-mini", WireApi::OpenAiCompletions).into());
/// let chunk = r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#;
/// assert_eq!(decoder.push(chunk).unwrap(), [ModelEvent::TextDelta("Hi".into())]);
/// assert_eq!(decoder.push("[DONE]").unwrap(), [ModelEvent::Done(StopReason::Stop)]);
/// ```
pub struct Decoder {
    info: Arc<ModelInfo>,
    redactor: Redactor,
    calls: Vec<OpenCall>,
    usage: Option<WireUsage>,
    finish: Option<Finish>,
    /// Reasoning has come under the field that wants it back, and nothing after it.
    unsigned_reasoning: bool,
    done: bool,
}

/// A tool call as far as it came.
struct OpenCall {
    /// The index the server gave, if any.
    index: Option<u32>,
    id: String,
}

/// What `finish_reason` said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finish {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(borrow, default)]
    error: Option<&'a serde_json::value::RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(default)]
    content: Option<String>,
    /// A refusal in the model's own words; it is what the user gets to read.
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    reasoning_content: Option<String>,
    #[serde(default)]
    reasoning: Option<String>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<CallDelta<'a>>>,
}

#[derive(Deserialize)]
struct CallDelta<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    function: Option<FunctionDelta>,
}

#[derive(Deserialize)]
struct FunctionDelta {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
}

/// `usage`, in the provider's tokens. `prompt_tokens` includes the cached ones.
#[derive(Deserialize, Clone, Copy)]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize, Clone, Copy)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

impl Decoder {
    /// A decoder for one answer of the model.
    #[must_use]
    pub fn new(info: Arc<ModelInfo>) -> Self {
        Self::with_redactor(info, Redactor::default())
    }

    /// The same, removing the endpoint's credentials from what the provider says in an error.
    #[must_use]
    pub fn with_redactor(info: Arc<ModelInfo>, redactor: Redactor) -> Self {
        Self {
            info,
            redactor,
            calls: Vec::new(),
            usage: None,
            finish: None,
            unsigned_reasoning: false,
            done: false,
        }
    }
}

impl wire::Decoder for Decoder {
    fn push(&mut self, data: &str) -> Result<Vec<ModelEvent>, ModelError> {
        if self.done || data.trim().is_empty() {
            return Ok(Vec::new());
        }
        if data.trim() == "[DONE]" {
            return self.end(Finish::Stop);
        }
        let chunk: Chunk<'_> =
            serde_json::from_str(data).map_err(|_| self.info.malformed(Malformed::NotJson))?;
        if let Some(error) = chunk.error.filter(|error| error.get() != "null") {
            let body = format!("{{\"error\":{}}}", error.get());
            return Err(classify(Refusal::in_stream(body.as_bytes()), &self.info, &self.redactor));
        }
        if chunk.usage.is_some() {
            self.usage = chunk.usage;
        }
        let mut events = Vec::new();
        // Only one choice is ever asked for.
        let choice = chunk.choices.into_iter().flatten().find(|choice| choice.index == 0);
        if let Some(choice) = choice {
            if let Some(delta) = choice.delta {
                self.delta(delta, &mut events)?;
            }
            self.finish = choice.finish_reason.as_deref().and_then(finish).or(self.finish);
        }
        Ok(events)
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
    fn end(&mut self, otherwise: Finish) -> Result<Vec<ModelEvent>, ModelError> {
        self.done = true;
        let finish = self.finish.unwrap_or(otherwise);
        if finish == Finish::ContentFilter {
            return Err(ModelError::Filtered { provider: Arc::clone(&self.info.provider) });
        }
        let stop = match finish {
            Finish::Length => StopReason::Length,
            // Some servers say "stop" after tool calls.
            Finish::Stop | Finish::ToolCalls | Finish::ContentFilter if !self.calls.is_empty() => {
                StopReason::ToolUse
            }
            Finish::Stop | Finish::ToolCalls | Finish::ContentFilter => StopReason::Stop,
        };
        let mut events: Vec<ModelEvent> = self.sign().into_iter().collect();
        events.extend(self.usage.map(|usage| ModelEvent::Usage(self.price(usage))));
        events.push(ModelEvent::Done(stop));
        Ok(events)
    }

    /// Says under which name the reasoning so far may go back.
    fn sign(&mut self) -> Option<ModelEvent> {
        std::mem::take(&mut self.unsigned_reasoning)
            .then(|| ModelEvent::ThinkingSignature(REASONING_FIELD.to_owned()))
    }

    fn price(&self, wire: WireUsage) -> Usage {
        let cached = wire.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        let cache_read = cached.min(wire.prompt_tokens);
        let mut usage = Usage {
            input: wire.prompt_tokens - cache_read,
            output: wire.completion_tokens,
            cache_read,
            cache_write: 0,
            total_tokens: wire.prompt_tokens.saturating_add(wire.completion_tokens),
            ..Usage::default()
        };
        usage.cost = self.info.prices.cost_of(&usage);
        usage
    }

    fn delta(&mut self, delta: Delta<'_>, events: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        let said = |text: &String| !text.is_empty();
        if let Some(thinking) = delta.reasoning_content.filter(said) {
            self.unsigned_reasoning = true;
            events.push(ModelEvent::ThinkingDelta(thinking));
        } else {
            events.extend(delta.reasoning.filter(said).map(ModelEvent::ThinkingDelta));
        }
        for text in [delta.content, delta.refusal].into_iter().flatten().filter(said) {
            events.extend(self.sign());
            events.push(ModelEvent::TextDelta(text));
        }
        for call in delta.tool_calls.into_iter().flatten() {
            self.call(call, events)?;
        }
        Ok(())
    }

    fn call(&mut self, call: CallDelta<'_>, events: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        let id = call.id.as_deref().filter(|id| !id.is_empty());
        let function = call.function.unwrap_or(FunctionDelta { name: None, arguments: None });
        let name = function.name.filter(|name| !name.is_empty());
        let index = match self.known_call(call.index, id, name.as_deref()) {
            Some(index) => index,
            None => {
                let name = name.ok_or_else(|| self.info.malformed(Malformed::UnnamedToolCall))?;
                let index = self.open_call(call.index, id)?;
                events.extend(self.sign());
                events.push(ModelEvent::ToolCallStart { index, id: self.calls[index].id.clone(), name });
                index
            }
        };
        if let Some(delta) = function.arguments.filter(|arguments| !arguments.is_empty()) {
            events.push(ModelEvent::ToolCallArguments { index, delta });
        }
        Ok(())
    }

    /// The call a delta continues. The index decides; but some servers leave it out, some give 0 to every call of an
    /// answer, and some give a new id to every delta: only a new id together with a name begins a new call.
    fn known_call(&self, index: Option<u32>, id: Option<&str>, name: Option<&str>) -> Option<usize> {
        let by_id = id.and_then(|id| self.calls.iter().position(|call| call.id == id));
        if by_id.is_some() || (id.is_some() && name.is_some()) {
            return by_id;
        }
        match index {
            Some(index) => self.calls.iter().rposition(|call| call.index == Some(index)),
            None if name.is_some() => None,
            None => self.calls.len().checked_sub(1),
        }
    }

    fn open_call(&mut self, index: Option<u32>, id: Option<&str>) -> Result<usize, ModelError> {
        let position = self.calls.len();
        if position >= MAX_TOOL_CALLS {
            return Err(self.info.malformed(Malformed::TooManyToolCalls));
        }
        let id = id.map_or_else(|| format!("call_{position}"), ToOwned::to_owned);
        self.calls.push(OpenCall { index, id });
        Ok(position)
    }
}

/// Documented values, and the older `function_call`. An unknown value still says that the answer is complete.
fn finish(reason: &str) -> Option<Finish> {
    match reason {
        "" => None,
        "length" => Some(Finish::Length),
        "tool_calls" | "function_call" => Some(Finish::ToolCalls),
        "content_filter" => Some(Finish::ContentFilter),
        _ => Some(Finish::Stop),
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoder, MAX_TOOL_CALLS};
    use crate::sse::Parser;
    use crate::wire::Decoder as _;
    use crate::{Malformed, ModelError, ModelEvent, ModelInfo, Prices, WireApi};
    use openclaw_protocol::message::{StopReason, Usage};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn decoder() -> Decoder {
        let prices = Prices { input: 1.0, output: 2.0, cache_read: 0.5, cache_write: 0.0 };
        Decoder::new(Arc::new(ModelInfo { prices, ..ModelInfo::new("p", "m", WireApi::OpenAiCompletions) }))
    }

    fn decode(chunks: &[&str]) -> Result<Vec<ModelEvent>, ModelError> {
        let mut decoder = decoder();
        let mut events = Vec::new();
        for chunk in chunks {
            events.extend(decoder.push(chunk)?);
        }
        events.extend(decoder.finish()?);
        Ok(events)
    }

    fn text(text: &str) -> ModelEvent {
        ModelEvent::TextDelta(text.into())
    }

    fn start(index: usize, id: &str, name: &str) -> ModelEvent {
        ModelEvent::ToolCallStart { index, id: id.into(), name: name.into() }
    }

    fn arguments(index: usize, delta: &str) -> ModelEvent {
        ModelEvent::ToolCallArguments { index, delta: delta.into() }
    }

    #[test]
    fn text_usage_and_done_in_the_documented_order() {
        let events = decode(&[
            r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"lo \u2603"},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":6}}}"#,
            "[DONE]",
        ])
        .unwrap();
        let ModelEvent::Usage(usage) = events[2] else { panic!("{events:?}") };
        assert_eq!(
            Usage { cost: Default::default(), ..usage },
            Usage { input: 4, output: 4, cache_read: 6, total_tokens: 14, ..Usage::default() }
        );
        assert!((usage.cost.total - 15e-6).abs() < 1e-12);
        assert_eq!(
            (&events[..2], &events[3..]),
            ([text("Hel"), text("lo \u{2603}")].as_slice(), [ModelEvent::Done(StopReason::Stop)].as_slice())
        );
    }

    #[test]
    fn tool_calls_of_many_servers() {
        let documented = [
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"read","arguments":""}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"p\""}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"ls","arguments":"{}"}},{"index":0,"function":{"arguments":":1}"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        ];
        let same_index = [
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"read","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"ls","arguments":"{}"}}]},"finish_reason":"stop"}]}"#,
        ];
        let no_index_no_id = [
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"read","arguments":"{}"}},{"function":{"name":"ls","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
        ];
        let new_id_each_time = [
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"read","arguments":"{"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"arguments":"}"}}]},"finish_reason":"tool_calls"}]}"#,
        ];
        let done = ModelEvent::Done(StopReason::ToolUse);
        let two = |one: &str, two: &str| {
            vec![
                start(0, one, "read"),
                arguments(0, "{}"),
                start(1, two, "ls"),
                arguments(1, "{}"),
                done.clone(),
            ]
        };
        let rows: [(&[&str], Vec<ModelEvent>); 4] = [
            (
                &documented,
                vec![
                    start(0, "a", "read"),
                    arguments(0, "{\"p\""),
                    start(1, "b", "ls"),
                    arguments(1, "{}"),
                    arguments(0, ":1}"),
                    done.clone(),
                ],
            ),
            (&same_index, two("a", "b")),
            (&no_index_no_id, two("call_0", "call_1")),
            (
                &new_id_each_time,
                vec![start(0, "a", "read"), arguments(0, "{"), arguments(0, "}"), done.clone()],
            ),
        ];
        for (chunks, expected) in rows {
            assert_eq!(decode(chunks).unwrap(), expected);
        }
    }

    #[test]
    fn finish_reasons() {
        let rows = [
            ("stop", StopReason::Stop),
            ("length", StopReason::Length),
            ("function_call", StopReason::Stop),
            ("eos", StopReason::Stop),
        ];
        for (reason, expected) in rows {
            let chunk = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
            assert_eq!(decode(&[&chunk]).unwrap(), [ModelEvent::Done(expected)], "{reason}");
        }
        let thinking = r#"{"choices":[{"delta":{"reasoning_content":"hm"},"finish_reason":"stop"}]}"#;
        assert_eq!(decode(&[thinking]).unwrap()[0], ModelEvent::ThinkingDelta("hm".into()));
        assert_eq!(decode(&["[DONE]", "after the end"]).unwrap(), [ModelEvent::Done(StopReason::Stop)]);
    }

    #[test]
    fn what_is_not_an_answer_is_an_error() {
        let provider: Arc<str> = Arc::from("p");
        let malformed = |what| ModelError::Malformed { provider: Arc::clone(&provider), what };
        let unnamed = r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}"#;
        let rows = [
            (r#"{"choices":[{"delta":{"content":"a"}}]}"#, malformed(Malformed::EndedEarly)),
            ("{\"choices\":", malformed(Malformed::NotJson)),
            ("<html>", malformed(Malformed::NotJson)),
            (unnamed, malformed(Malformed::UnnamedToolCall)),
            (
                r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#,
                ModelError::Filtered { provider: Arc::clone(&provider) },
            ),
            (
                r#"{"error":{"message":"x","code":"context_length_exceeded"}}"#,
                ModelError::ContextOverflow { provider: Arc::clone(&provider), model: "m".into() },
            ),
        ];
        for (chunk, expected) in rows {
            assert_eq!(decode(&[chunk]), Err(expected), "{chunk}");
        }
        let mut decoder = decoder();
        let failed = (0..=MAX_TOOL_CALLS).find_map(|n| {
            let call = format!(
                r#"{{"choices":[{{"delta":{{"tool_calls":[{{"id":"i{n}","function":{{"name":"t"}}}}]}}}}]}}"#
            );
            decoder.push(&call).err()
        });
        assert_eq!(failed, Some(malformed(Malformed::TooManyToolCalls)));
    }

    /// An answer as bytes on the wire, with pieces of text that contain multi-byte characters.
    fn answer(pieces: &[String]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in pieces {
            let chunk = serde_json::json!({"choices":[{"index":0,"delta":{"content":piece}}]});
            bytes.extend(format!("data: {chunk}\n\n").into_bytes());
        }
        bytes.extend(
            b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]\n\n",
        );
        bytes
    }

    fn through(bytes: &[u8], cuts: &[usize]) -> Vec<ModelEvent> {
        let (mut parser, mut decoder, mut events) = (Parser::default(), decoder(), Vec::new());
        let mut from = 0;
        for cut in cuts.iter().copied().chain([bytes.len()]) {
            for data in parser.push(&bytes[from..cut]).unwrap() {
                events.extend(decoder.push(&data).unwrap());
            }
            from = cut;
        }
        events.extend(decoder.finish().unwrap());
        events
    }

    proptest! {
        #[test]
        fn any_cut_of_the_bytes_gives_the_same_events(
            pieces in proptest::collection::vec("[a-zäß☃\"\\\\\n]{0,6}", 0..6),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let bytes = answer(&pieces);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            cuts.sort_unstable();
            let events = through(&bytes, &cuts);
            prop_assert_eq!(&events, &through(&bytes, &[]));
            prop_assert_eq!(crate::contract::said(&events), pieces.concat());
        }

        #[test]
        fn any_data_is_decoded_without_panic(data in proptest::collection::vec("\\PC{0,40}|\\{\"choices\":\\[\\{\"delta\":\\{\"content\":\"x\"\\}\\}\\]\\}", 0..5)) {
            let mut decoder = decoder();
            for data in &data {
                if decoder.push(data).is_err() { break }
            }
        }
    }
}
