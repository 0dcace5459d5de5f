//! The machine alone: no model, no tool, no clock.

use std::sync::Arc;
use std::time::Duration;

use super::{AbortReason, Effect, Input, MAX_ROUNDS, Outcome, Turn, TurnError, TurnEvent, step};
use openclaw_models::{ModelEvent, ModelInfo, ModelRequest, WireApi};
use openclaw_protocol::message::{Message, Part, StopReason};
use openclaw_tools::ToolOutcome;
use proptest::prelude::*;
use serde_json::json;

fn turn() -> Turn {
    Turn::new(
        ModelRequest::default(),
        ModelInfo::new("mock", "m", WireApi::OpenAiCompletions),
        Duration::from_secs(600),
    )
}

fn call(index: usize, id: &str, name: &str, arguments: &str) -> Vec<Input> {
    vec![
        Input::Model(ModelEvent::ToolCallStart { index, id: id.into(), name: name.into() }),
        Input::Model(ModelEvent::ToolCallArguments { index, delta: arguments.into() }),
    ]
}

fn done(reason: StopReason) -> Input {
    Input::Model(ModelEvent::Done(reason))
}

fn text(delta: &str) -> Input {
    Input::Model(ModelEvent::TextDelta(delta.into()))
}

fn result(id: &str, text: &str) -> Input {
    let outcome = ToolOutcome { content: vec![Part::text(text)], details: None, is_error: false };
    Input::ToolDone { call_id: id.into(), outcome }
}

fn feed(turn: &mut Turn, inputs: impl IntoIterator<Item = Input>) -> Vec<Effect> {
    inputs.into_iter().flat_map(|input| step(turn, input, 7)).collect()
}

fn ends(effects: &[Effect]) -> Vec<&Outcome> {
    effects.iter().filter_map(|e| if let Effect::End(outcome) = e { Some(outcome) } else { None }).collect()
}

#[test]
fn text_alone_is_the_answer() {
    let mut turn = turn();
    let effects = feed(&mut turn, [Input::Begin, text("Hel"), text("lo"), done(StopReason::Stop)]);
    assert_eq!(ends(&effects), [&Outcome::Replied { text: "Hello".into() }]);
    let shown: Vec<_> = effects
        .iter()
        .filter_map(|e| {
            let Effect::Emit(TurnEvent::Text { text, delta }) = e else { return None };
            Some((text.to_string(), delta.clone()))
        })
        .collect();
    assert_eq!(shown, [("Hel".to_owned(), "Hel".to_owned()), ("Hello".to_owned(), "lo".to_owned())]);
    assert!(matches!(&effects[effects.len() - 2], Effect::Append(Message::Assistant(_))));
}

#[test]
fn tools_run_one_after_the_other_and_then_the_model_speaks_again() {
    let mut turn = turn();
    let mut inputs = vec![Input::Begin];
    inputs.extend(call(0, "a", "read", "{}"));
    inputs.extend(call(1, "b", "read", "{\"x\":1}"));
    inputs.push(done(StopReason::ToolUse));
    let first = feed(&mut turn, inputs);
    let running = |effects: &[Effect]| {
        effects
            .iter()
            .filter_map(|e| if let Effect::RunTool(call) = e { Some(call.id.clone()) } else { None })
            .collect::<Vec<_>>()
    };
    assert_eq!(running(&first), ["a"]);
    assert!(feed(&mut turn, [result("b", "early")]).is_empty(), "a result nobody waits for changes nothing");
    assert_eq!(running(&feed(&mut turn, [result("a", "1")])), ["b"]);
    let third = feed(&mut turn, [result("b", "2")]);
    let request =
        third.iter().find_map(|e| if let Effect::CallModel(r) = e { Some(r) } else { None }).unwrap();
    assert_eq!(request.messages.len(), 3, "assistant and two results are in the next prompt");
}

#[test]
fn silence_is_recorded_and_never_shown() {
    let mut turn = turn();
    let effects = feed(&mut turn, [Input::Begin, text("NO_"), text("REPLY"), done(StopReason::Stop)]);
    assert_eq!(ends(&effects), [&Outcome::Silent]);
    assert!(!effects.iter().any(|e| matches!(e, Effect::Emit(TurnEvent::Text { .. }))));
}

#[test]
fn an_empty_answer_is_an_error_in_plain_words() {
    let effects = feed(&mut turn(), [Input::Begin, done(StopReason::Stop)]);
    assert_eq!(ends(&effects), [&Outcome::Failed(TurnError::EmptyAnswer { model: "mock/m".into() })]);
}

#[test]
fn abort_keeps_the_partial_text_and_closes_open_calls() {
    let mut streaming = turn();
    feed(&mut streaming, [Input::Begin, text("half")]);
    let effects = feed(&mut streaming, [Input::Abort(AbortReason::Rpc)]);
    assert!(matches!(&effects[0], Effect::CancelModel));
    assert_eq!(ends(&effects), [&Outcome::Aborted { reason: AbortReason::Rpc, text: "half".into() }]);

    let mut tools = turn();
    let mut inputs = vec![Input::Begin];
    inputs.extend(call(0, "a", "exec", "{}"));
    inputs.extend(call(1, "b", "exec", "{}"));
    inputs.push(done(StopReason::ToolUse));
    feed(&mut tools, inputs);
    let effects = feed(&mut tools, [Input::Abort(AbortReason::StopWord)]);
    let results = effects.iter().filter(|e| matches!(e, Effect::Append(Message::ToolResult(_)))).count();
    assert_eq!(results, 2);
    assert!(feed(&mut tools, [result("a", "late"), Input::Deadline]).is_empty());
}

#[test]
fn the_same_call_with_the_same_result_is_stopped() {
    let mut turn = turn();
    let mut effects = feed(&mut turn, [Input::Begin]);
    for round in 0..10 {
        let id = format!("c{round}");
        effects.extend(feed(&mut turn, call(0, &id, "exec", "{\"command\":\"ls\"}")));
        effects.extend(feed(&mut turn, [done(StopReason::ToolUse), result(&id, "same")]));
    }
    assert_eq!(ends(&effects), [&Outcome::Failed(TurnError::ToolLoop { tool: "exec".into(), times: 4 })]);
}

#[test]
fn rounds_are_bounded_even_when_results_differ() {
    let mut turn = turn();
    let mut effects = feed(&mut turn, [Input::Begin]);
    for round in 0..=MAX_ROUNDS {
        let id = format!("c{round}");
        effects.extend(feed(&mut turn, call(0, &id, "exec", "{}")));
        effects.extend(feed(&mut turn, [done(StopReason::ToolUse), result(&id, &id)]));
    }
    assert_eq!(ends(&effects), [&Outcome::Failed(TurnError::TooManyRounds)]);
}

#[test]
fn signatures_go_into_the_transcript_and_into_the_next_round() {
    let mut turn = turn();
    let mut inputs = vec![
        Input::Begin,
        Input::Model(ModelEvent::ThinkingDelta("hm".into())),
        Input::Model(ModelEvent::ThinkingSignature("s1".into())),
        Input::Model(ModelEvent::RedactedThinking("s2".into())),
    ];
    inputs.extend(call(0, "a", "read", "{}"));
    inputs.push(Input::Model(ModelEvent::ToolCallSignature { index: 0, signature: "s3".into() }));
    inputs.extend([done(StopReason::ToolUse), result("a", "1")]);
    let effects = feed(&mut turn, inputs);
    let mut prompts =
        effects.iter().filter_map(|e| if let Effect::CallModel(r) = e { Some(&r.messages) } else { None });
    let said = serde_json::to_value(&prompts.next_back().unwrap()[0]).unwrap();
    assert_eq!(
        said["content"],
        json!([
            {"type":"thinking","thinking":"hm","thinkingSignature":"s1"},
            {"type":"thinking","thinking":"","thinkingSignature":"s2","redacted":true},
            {"type":"toolCall","id":"a","name":"read","arguments":{},"thoughtSignature":"s3"}
        ])
    );
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        Just(Input::ModelReplaced(Box::new(ModelInfo::new("other", "n", WireApi::OpenAiCompletions)))),
        Just(Input::NobodyAnswers { words: "w".into() }),
        Just(Input::OverBudget { words: "w".into() }),
        Just(Input::Begin),
        "[a-zNO_REPLY]{0,8}".prop_map(|t| Input::Model(ModelEvent::TextDelta(t))),
        "[a-z]{0,4}".prop_map(|t| Input::Model(ModelEvent::ThinkingDelta(t))),
        "[a-z]{1,2}".prop_map(|t| Input::Model(ModelEvent::ThinkingSignature(t))),
        "[a-z]{1,2}".prop_map(|t| Input::Model(ModelEvent::RedactedThinking(t))),
        "[a-z]{1,2}".prop_map(|t| Input::Model(ModelEvent::TextSignature(t))),
        (0usize..3, "[a-z]{1,2}").prop_map(|(index, signature)| {
            Input::Model(ModelEvent::ToolCallSignature { index, signature })
        }),
        (0usize..3, "[ab]", "[xy]")
            .prop_map(|(index, id, name)| { Input::Model(ModelEvent::ToolCallStart { index, id, name }) }),
        (0usize..3, ".{0,6}")
            .prop_map(|(index, delta)| { Input::Model(ModelEvent::ToolCallArguments { index, delta }) }),
        Just(done(StopReason::Stop)),
        Just(done(StopReason::ToolUse)),
        ("[ab]", ".{0,3}").prop_map(|(id, text)| result(&id, &text)),
        Just(Input::Abort(AbortReason::Rpc)),
        Just(Input::Deadline),
    ]
}

proptest! {
    /// Whatever arrives in whatever order: one end at most, nothing after it, and once stopped every tool call in
    /// the transcript has its result.
    #[test]
    fn every_turn_ends_once_and_leaves_no_open_call(inputs in proptest::collection::vec(any_input(), 0..60)) {
        let mut turn = turn();
        let mut effects = feed(&mut turn, inputs);
        effects.extend(feed(&mut turn, [Input::Begin, Input::Abort(AbortReason::Shutdown)]));
        prop_assert_eq!(ends(&effects).len(), 1);
        prop_assert!(matches!(effects.last(), Some(Effect::End(_))));
        let mut open = 0;
        for effect in &effects {
            if let Effect::Append(Message::Assistant(message)) = effect {
                prop_assert_eq!(open, 0, "an answer follows only closed calls");
                let is_call = |part: &&Part| serde_json::to_value(part).is_ok_and(|value| value["type"] == "toolCall");
                open += message.content.iter().filter(is_call).count();
            }
            if let Effect::Append(Message::ToolResult(_)) = effect {
                open -= 1;
            }
        }
        prop_assert_eq!(open, 0);
    }
}

#[test]
fn the_prompt_of_a_later_round_starts_with_the_earlier_one() {
    let mut turn = turn();
    turn.request.messages.push(Arc::new(serde_json::from_str(r#"{"role":"user","content":"q"}"#).unwrap()));
    let mut inputs = vec![Input::Begin];
    inputs.extend(call(0, "a", "read", "{}"));
    inputs.extend([done(StopReason::ToolUse), result("a", "1")]);
    let effects = feed(&mut turn, inputs);
    let prompts: Vec<_> = effects
        .iter()
        .filter_map(|e| if let Effect::CallModel(r) = e { Some(&r.messages) } else { None })
        .collect();
    assert_eq!(prompts.len(), 2);
    assert!(prompts[1].starts_with(prompts[0]));
}

fn other(window: u32) -> ModelInfo {
    ModelInfo { context_window: window, ..ModelInfo::new("other", "n", WireApi::OpenAiCompletions) }
}

fn requests(effects: &[Effect]) -> Vec<&ModelRequest> {
    effects
        .iter()
        .filter_map(|e| if let Effect::CallModel(request) = e { Some(&**request) } else { None })
        .collect()
}

#[test]
fn another_model_takes_the_turn_over_before_anything_was_said() {
    let mut turn = turn();
    let replaced = || Input::ModelReplaced(Box::new(other(64_000)));
    let effects = feed(&mut turn, [Input::Begin, replaced(), text("Hi"), done(StopReason::Stop)]);
    assert_eq!(requests(&effects).len(), 2);
    assert_eq!(ends(&effects), [&Outcome::Replied { text: "Hi".into() }]);
    let said = effects
        .iter()
        .find_map(|e| if let Effect::Append(Message::Assistant(m)) = e { Some(m) } else { None });
    assert_eq!(said.map(|m| (m.provider.as_str(), m.model.as_str())), Some(("other", "n")));
}

#[test]
fn what_was_only_thought_is_dropped_with_its_model() {
    let mut turn = turn();
    feed(&mut turn, [Input::Begin, Input::Model(ModelEvent::ThinkingDelta("hm".into()))]);
    assert!(turn.is_unspoken());
    let effects =
        feed(&mut turn, [Input::ModelReplaced(Box::new(other(64_000))), text("Hi"), done(StopReason::Stop)]);
    let said = effects
        .iter()
        .find_map(|e| if let Effect::Append(Message::Assistant(m)) = e { Some(m) } else { None });
    assert_eq!(said.map(|m| m.content.clone()), Some(vec![Part::text("Hi")]));
}

#[test]
fn what_was_said_is_not_said_again_by_another_model() {
    let mut turn = turn();
    feed(&mut turn, [Input::Begin, text("Hel")]);
    assert!(!turn.is_unspoken());
    let effects =
        feed(&mut turn, [Input::ModelReplaced(Box::new(other(64_000))), text("lo"), done(StopReason::Stop)]);
    assert!(requests(&effects).is_empty());
    assert_eq!(ends(&effects), [&Outcome::Replied { text: "Hello".into() }]);
}

#[test]
fn a_smaller_window_gets_what_fits_and_no_tools_when_it_calls_none() {
    let message = |n: usize| -> Arc<Message> {
        Arc::new(
            serde_json::from_value(
                serde_json::json!({"role": "user", "content": "x".repeat(4_000), "timestamp": n}),
            )
            .unwrap(),
        )
    };
    let tool = openclaw_models::ToolDefinition {
        name: "read".into(),
        description: String::new(),
        parameters: serde_json::json!({}),
    };
    let request = ModelRequest {
        messages: (0..10).map(message).collect(),
        tools: Arc::from([tool]),
        ..ModelRequest::default()
    };
    let mut turn =
        Turn::new(request, ModelInfo::new("mock", "m", WireApi::OpenAiCompletions), Duration::from_secs(1));
    let small =
        ModelInfo { calls_tools: false, temperature: Some(0.5), max_tokens: Some(500), ..other(4_000) };
    let effects = feed(&mut turn, [Input::Begin, Input::ModelReplaced(Box::new(small))]);
    let [first, second] = requests(&effects)[..] else { panic!("two calls") };
    assert_eq!((first.messages.len(), first.tools.len(), first.temperature), (10, 1, None));
    assert_eq!((second.messages.len(), second.tools.len()), (3, 0));
    assert_eq!((second.max_tokens, second.temperature), (Some(500), Some(0.5)));
}

#[test]
fn when_nobody_answers_or_nobody_pays_the_turn_ends_with_the_words() {
    for (input, expected) in [
        (Input::NobodyAnswers { words: "w".into() }, TurnError::Model { words: "w".into() }),
        (Input::OverBudget { words: "w".into() }, TurnError::Budget { words: "w".into() }),
    ] {
        let mut turn = turn();
        let effects = feed(&mut turn, [Input::Begin, input]);
        assert_eq!(ends(&effects), [&Outcome::Failed(expected)]);
        assert!(feed(&mut turn, [text("late"), Input::ModelReplaced(Box::new(other(1)))]).is_empty());
    }
}
