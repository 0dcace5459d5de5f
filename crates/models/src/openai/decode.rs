//! From the `data` of server-sent events to [`ModelEvent`]s, synchronously and without I/O.
//!
//! What chunks look like says `chunk.rs`.

use std::sync::Arc;

use openclaw_protocol::message::{StopReason, Usage};
use serde_json::Value;
use serde_json::value::RawValue;

use super::chunk::{CallDelta, Chunk, Delta, WireUsage};
use super::classify::classify;
use super::details;
use super::encode::REASONING_FIELD;
use crate::wire::{self, MAX_TOOL_CALLS, Redactor, Refusal};
use crate::{Malformed, ModelError, ModelEvent, ModelInfo};

/// The status of an answer that had begun.
const IN_STREAM: u16 = 200;

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
    /// What came as `reasoning_details` and is not said yet.
    details: Vec<Value>,
    done: bool,
}

/// A tool call as far as it came.
struct OpenCall {
    /// The index the server gave, if any.
    index: Option<u32>,
    id: String,
    is_signed: bool,
}

/// What `finish_reason` said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finish {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
    /// The server says that it failed.
    Failed,
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
            details: Vec::new(),
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
        // Only one choice is ever asked for.
        let choice = chunk.choices.into_iter().flatten().find(|choice| choice.index == 0);
        let of_choice = choice.as_ref().and_then(|choice| choice.error);
        if let Some(error) =
            [chunk.error, of_choice].into_iter().flatten().find(|error| error.get() != "null")
        {
            return Err(self.failure(error));
        }
        let of_choice = choice.as_ref().and_then(|choice| choice.usage);
        self.usage = chunk.usage.or(of_choice).or(self.usage);
        let mut events = Vec::new();
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
        let provider = || Arc::clone(&self.info.provider);
        let stop = match self.finish.unwrap_or(otherwise) {
            Finish::ContentFilter => return Err(ModelError::Filtered { provider: provider() }),
            Finish::Failed => return Err(ModelError::Server { provider: provider(), status: IN_STREAM }),
            Finish::Length => StopReason::Length,
            // Some servers say "stop" after tool calls.
            Finish::Stop | Finish::ToolCalls if !self.calls.is_empty() => StopReason::ToolUse,
            Finish::Stop | Finish::ToolCalls => StopReason::Stop,
        };
        let mut events: Vec<ModelEvent> = self.sign().into_iter().collect();
        events.extend(self.usage.map(|usage| ModelEvent::Usage(self.price(usage))));
        events.push(ModelEvent::Done(stop));
        Ok(events)
    }

    /// Says how the reasoning so far may go back: as the list it came in, or under the name of its field.
    fn sign(&mut self) -> Option<ModelEvent> {
        let in_field = std::mem::take(&mut self.unsigned_reasoning);
        let details = std::mem::take(&mut self.details);
        if !details.is_empty() {
            return Some(ModelEvent::ThinkingSignature(details::to_signature(details)));
        }
        in_field.then(|| ModelEvent::ThinkingSignature(REASONING_FIELD.to_owned()))
    }

    fn failure(&self, error: &RawValue) -> ModelError {
        let body = format!("{{\"error\":{}}}", error.get());
        classify(Refusal::in_stream(body.as_bytes()), &self.info, &self.redactor)
    }

    fn price(&self, wire: WireUsage) -> Usage {
        let cache_read = wire.cached();
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
        events.extend(Some(delta.content.thinking).filter(said).map(ModelEvent::ThinkingDelta));
        for piece in delta.reasoning_details.into_iter().flatten() {
            details::add(&mut self.details, piece);
        }
        for text in [Some(delta.content.text), delta.refusal].into_iter().flatten().filter(said) {
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
        let function = call.function.unwrap_or_default();
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
        let extra = call.extra_content.map(RawValue::get).filter(|extra| extra.starts_with('{'));
        if let Some(extra) = extra.filter(|_| !std::mem::replace(&mut self.calls[index].is_signed, true)) {
            events.push(ModelEvent::ToolCallSignature { index, signature: extra.to_owned() });
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
        self.calls.push(OpenCall { index, id, is_signed: false });
        Ok(position)
    }
}

/// Documented values, the older `function_call`, and what only some servers say: Z.AI (`sensitive`, `network_error`,
/// `model_context_window_exceeded`), Mistral (`model_length`, `error`), OpenRouter (`error`). They are one table for all,
/// because gateways pass on what they get. An unknown value says that the answer is complete: there are many for that.
fn finish(reason: &str) -> Option<Finish> {
    match reason {
        "" => None,
        "length" | "max_tokens" | "model_length" | "model_context_window_exceeded" => Some(Finish::Length),
        "tool_calls" | "function_call" => Some(Finish::ToolCalls),
        "content_filter" | "sensitive" => Some(Finish::ContentFilter),
        "error" | "network_error" => Some(Finish::Failed),
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

    /// Moonshot: issues of AstrBot (6614) and pi (2017) have the chunks.
    #[test]
    fn usage_in_the_choice_counts() {
        let events = decode(&[
            r#"{"choices":[{"index":0,"delta":{"content":"name?"},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":1336,"completion_tokens":31,"total_tokens":1367,"cached_tokens":1280}}]}"#,
            "[DONE]",
        ]);
        let Ok([_, ModelEvent::Usage(usage), _]) = events.as_deref() else { panic!("{events:?}") };
        assert_eq!((usage.input, usage.cache_read, usage.output), (56, 1_280, 31));
    }

    /// Mistral's reasoning models: issue 16272 of litellm has the chunks.
    #[test]
    fn content_may_be_a_list_of_what_was_thought_and_said() {
        let events = decode(&[
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Okay"}]}]},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"Hello"},{"type":"reference","reference_ids":[1]}]},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"!"},"finish_reason":"stop"}]}"#,
        ]);
        let thought = ModelEvent::ThinkingDelta("Okay".into());
        assert_eq!(events.unwrap(), [thought, text("Hello"), text("!"), ModelEvent::Done(StopReason::Stop)]);
    }

    /// OpenRouter with Gemini behind: the encrypted item comes after the call that it belongs to.
    #[test]
    fn reasoning_details_become_signatures() {
        let events = decode(&[
            r#"{"choices":[{"index":0,"delta":{"content":"","reasoning":"I ","reasoning_details":[{"type":"reasoning.text","text":"I ","format":"google-gemini-v1","index":0}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"","reasoning":"read.","reasoning_details":[{"type":"reasoning.text","text":"read.","format":"google-gemini-v1","index":0}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":null,"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"read","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"","reasoning_details":[{"type":"reasoning.encrypted","data":"EjQ=","id":"t","index":1}]},"finish_reason":"tool_calls"}]}"#,
        ]);
        let signed = |list: &str| ModelEvent::ThinkingSignature(list.to_owned());
        assert_eq!(
            events.unwrap(),
            [
                ModelEvent::ThinkingDelta("I ".into()),
                ModelEvent::ThinkingDelta("read.".into()),
                signed(
                    r#"[{"type":"reasoning.text","text":"I read.","format":"google-gemini-v1","index":0}]"#
                ),
                start(0, "t", "read"),
                arguments(0, "{}"),
                signed(r#"[{"type":"reasoning.encrypted","data":"EjQ=","id":"t","index":1}]"#),
                ModelEvent::Done(StopReason::ToolUse),
            ]
        );
    }

    /// Google's OpenAI-compatible endpoint sends whole calls without an index.
    #[test]
    fn what_comes_beside_a_call_is_its_signature() {
        let events = decode(&[
            r#"{"choices":[{"delta":{"role":"assistant","tool_calls":[{"extra_content":{"google":{"thought_signature":"EjQ="}},"function":{"arguments":"{}","name":"read"},"id":"jm4owj31","type":"function"}]},"finish_reason":"tool_calls","index":0}]}"#,
            "[DONE]",
        ]);
        let signature = r#"{"google":{"thought_signature":"EjQ="}}"#.to_owned();
        assert_eq!(
            events.unwrap(),
            [
                start(0, "jm4owj31", "read"),
                arguments(0, "{}"),
                ModelEvent::ToolCallSignature { index: 0, signature },
                ModelEvent::Done(StopReason::ToolUse),
            ]
        );
    }

    #[test]
    fn finish_reasons() {
        let rows = [
            ("stop", StopReason::Stop),
            ("length", StopReason::Length),
            ("function_call", StopReason::Stop),
            ("eos", StopReason::Stop),
            ("model_length", StopReason::Length),
            ("model_context_window_exceeded", StopReason::Length),
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
                r#"{"choices":[{"index":0,"finish_reason":"sensitive","delta":{"role":"assistant","content":""}}]}"#,
                ModelError::Filtered { provider: Arc::clone(&provider) },
            ),
            (
                r#"{"choices":[{"index":0,"finish_reason":"network_error","delta":{"content":"Hal"}}]}"#,
                ModelError::Server { provider: Arc::clone(&provider), status: 200 },
            ),
            (
                r#"{"choices":[{"index":0,"finish_reason":"error","delta":{"content":""}}]}"#,
                ModelError::Server { provider: Arc::clone(&provider), status: 200 },
            ),
            (
                r#"{"id":"gen-1","provider":"x","error":{"code":502,"message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#,
                ModelError::Server { provider: Arc::clone(&provider), status: 502 },
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error","error":{"code":429,"message":"slow down"}}]}"#,
                ModelError::RateLimited { provider: Arc::clone(&provider), retry_after: None },
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
