//! What a recording must not hold, wherever and however it stands in arguments, bodies and pieces.

use bytes::Bytes;
use openclaw_guard::{Pattern, Redactor, Secret};
use openclaw_testkit::model_server::{ModelServer, Reply};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::replay::Wire;
use crate::wire::{Seen, Tapped};

/// The arguments of a call as they are recorded, cut in two.
async fn arguments(text: &str) -> String {
    let (head, tail) = text.split_at(text.len() / 2);
    let delta = |delta: &str| Ok(ModelEvent::ToolCallArguments { index: 0, delta: delta.into() });
    let exchanges = recorded(vec![delta(head), delta(tail), done()], asking("hi")).await;
    let pieces = exchanges[0].events.iter().filter_map(|(_, event)| {
        if let ModelEvent::ToolCallArguments { delta, .. } = event { Some(delta.as_str()) } else { None }
    });
    pieces.collect()
}

#[tokio::test(start_paused = true)]
async fn arguments_are_hidden_value_by_value_and_stay_json() {
    for (said, kept) in [
        (r#"{"env":{"SSH_KEY":"correct-horse"}}"#, r#"{"env":{"SSH_KEY":"***"}}"#),
        (r#"{"password":["x", {"y": 7}]}"#, r#"{"password":["***",{"y":"***"}]}"#),
        (r#"{"token": 12345, "n": 5}"#, r#"{"token":"***","n":5}"#),
        (r#"{"Authorization":null}"#, r#"{"Authorization":null}"#),
        (r#"{"a": 1,  "é": true}"#, r#"{"a": 1,  "é": true}"#),
        // A reader takes the last one; the text has both.
        (r#"{"password":["x"],"password":null}"#, r#"{"password":null}"#),
        (r#"{"in":"{\"apiKey\":{\"of\":\"me\"}}"}"#, r#"{"in":"{\"apiKey\":{\"of\":\"***\"}}"}"#),
        // A key in another spelling of JSON.
        ("{\"a\":\"\\u0063anary-0123456789\"}", r#"{"a":"***"}"#),
    ] {
        assert_eq!(arguments(said).await, kept, "{said}");
    }
    // What is no JSON is a text.
    assert_eq!(arguments(r#"{"password":"x"#).await, r#"{"password":"***"#);
}

#[test]
fn a_pattern_of_the_user_reaches_over_values_and_numbers() {
    let patterns = ["[0-9]{16}", "\"pin\":\"x\",\"is\":\"([a-z]+)\""];
    let patterns = patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect();
    let redactor = Redactor::new(&[], Hiding::Shapes { patterns });
    let mut text = r#"{"card":4111111111111111,"pin":"x","is":"abc"}"#.to_owned();
    super::super::hide::hide_text(&mut text, &redactor);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(!text.contains("4111111111111111") && !text.contains("abc"), "{text}");
    assert_eq!(value["pin"], "x");
    // The time of a message stays a number.
    let mut message = json!({"timestamp": 1_795_170_420_000_000_i64, "text": "4111111111111111"});
    super::super::hide::hide(&mut message, &redactor);
    assert_eq!(message["timestamp"], 1_795_170_420_000_000_i64);
    assert!(!message.to_string().contains("4111"), "{message}");
    // What a tool was called with is a model's own JSON, and comes again in every later request.
    let mut message =
        json!({"content": [{"type": "toolCall", "arguments": {"card": 4_111_111_111_111_111_u64, "n": 5}}]});
    super::super::hide::hide(&mut message, &redactor);
    assert_eq!(message["content"][0]["arguments"], json!({"card": "***", "n": 5}));
}

/// A key with what JSON spells in more than one way.
const SPELT: &str = "pass\"word\\&line\nbreak";

fn spelling() -> Redactor {
    Redactor::new(&[Secret::new(SPELT.into())], Hiding::Shapes { patterns: Vec::new() })
}

fn kept(bodies: &[&str], answers: &[(u16, &[&str])]) -> Wire {
    kept_of(bodies, answers, Ok(ModelEvent::Done(StopReason::Stop)))
}

/// What is kept of a call that had this on the wire.
fn kept_of(bodies: &[&str], answers: &[(u16, &[&str])], end: Result<ModelEvent, ModelError>) -> Wire {
    let mut notes = Vec::new();
    for (at, body) in (0..).zip(bodies) {
        notes.push((at, Tapped::Asked { url: "https://h/".into(), body: body.as_bytes().to_vec() }));
        let Some((status, pieces)) = answers.get(usize::try_from(at).unwrap()) else { continue };
        notes.push((at, Tapped::Answered { status: *status, content_type: "text/event-stream".into() }));
        notes.extend(pieces.iter().map(|piece| (at, Tapped::Piece(piece.as_bytes().to_vec()))));
    }
    let broke = match end {
        Err(ModelError::Malformed { .. }) => super::super::frames::Broke::Malformed,
        Ok(_) | Err(_) => super::super::frames::Broke::Not,
    };
    let seen = Seen { notes, ..Seen::default() };
    super::super::frames::wire(seen, (super::super::frames::Spelt::Nothing, broke), &spelling())
}

fn pieces(wire: &Wire) -> Vec<&str> {
    let pieces = wire.frames.iter().filter_map(|(_, frame)| match frame {
        Frame::Piece(text) => Some(text.as_str()),
        Frame::Asked { .. } | Frame::Answered { .. } => None,
    });
    pieces.collect()
}

#[test]
fn bodies_are_hidden_as_what_they_say_at_every_depth() {
    let inner = json!({"env": {"SSH_KEY": "correct-horse"}, "said": SPELT}).to_string();
    let body = json!({
        "messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": inner}}]}, {"content": SPELT}],
        "tools": [{"name": "t", "parameters": {"properties": {"token": {"type": "string"}}, "default": SPELT}}],
    });
    let wire = kept(&[&body.to_string()], &[]);
    let [(_, Frame::Asked { body, .. })] = &wire.frames[..] else { panic!("{wire:?}") };
    assert!(!body.contains("correct-horse") && !body.contains("word") && !body.contains("break"), "{body}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body["tools"][0]["parameters"]["properties"]["token"]["type"], "string",
        "the name of a parameter"
    );
    let arguments = body["messages"][0]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    assert_eq!(arguments, r#"{"env":{"SSH_KEY":"***"},"said":"***"}"#);

    // An error that quotes the request in a JSON text, with other escapes.
    let quoted = json!({"error": {"message": json!({"key": SPELT}).to_string()}}).to_string();
    let quoted = quoted.replace('&', "\\u0026");
    let wire = kept(&["{}"], &[(400, &[&quoted])]);
    assert!(wire.withheld && pieces(&wire).is_empty(), "{wire:?}");
    let plain = r#"{"error": {"message": "not today"}}"#;
    let wire = kept(&["{}"], &[(400, &[plain])]);
    assert!(!wire.withheld && pieces(&wire) == [plain], "{wire:?}");
}

/// An event that says a text.
fn event(delta: &str) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": delta}}]}))
}

#[test]
fn a_secret_in_events_that_the_turn_did_not_take_is_not_kept() {
    let (head, tail) = SPELT.split_at(7);
    let (head, tail, other) = (event(head), event(tail), event("fine"));
    let stopped = || Err(ModelError::Aborted);
    // In one piece, in two, and in a repetition.
    for answers in [
        &[(200, &[&*other, &format!("{head}{tail}")][..])][..],
        &[(200, &[&*other, &*head, &*tail])],
        &[(200, &[&*head, &*tail]), (200, &[&*other])],
    ] {
        let wire = kept_of(&["{}", "{}"], answers, stopped());
        assert!(wire.withheld, "{wire:?}");
        let said = pieces(&wire).concat();
        assert!(!said.contains("word") && !said.contains("break"), "{said}");
    }
    // Another text that comes at the same time is not what it goes on with.
    let second = |delta: &str| event(delta).replacen("\"index\":0", "\"index\":1", 1);
    let wire = kept_of(&["{}"], &[(200, &[&*head, &*second("x"), &*tail])], stopped());
    assert!(wire.withheld, "{wire:?}");
    let wire = kept_of(&["{}"], &[(200, &[&*head, &*other, &second("word\\&line\nbreak")])], stopped());
    assert_eq!((wire.withheld, pieces(&wire).len()), (false, 3));

    // The beginning of an event is kept only where the place is what matters.
    let cut = &tail[..tail.len() - 6];
    let wire = kept_of(&["{}"], &[(200, &[&*other, &*head, cut])], stopped());
    assert!(wire.withheld && pieces(&wire).len() == 2, "{wire:?}");
    let malformed = Err(ModelError::Malformed { provider: Arc::from("p"), what: Malformed::NotJson });
    let wire = kept_of(&["{}"], &[(200, &[&*other, "data: {oops\n\n"])], malformed);
    assert_eq!((wire.withheld, pieces(&wire).len()), (false, 2));
}

#[tokio::test]
async fn a_call_that_is_stopped_in_the_middle_of_a_piece_keeps_nothing_of_what_it_spelt() {
    let server = ModelServer::start();
    let body = ["hello ", "the key is can", "ary-0123", "456789 "].map(event).concat();
    server.script([Reply::Prebuilt(Bytes::from(body))]);
    let (recorder, kept) = on_the_wire(&server, "");
    let mut stream = recorder.stream(asking("hi"), CancellationToken::new());
    assert_eq!(stream.next().await, Some(text("hello ")));
    drop(stream);
    let exchanges = kept.exchanges(&knowing());
    assert_eq!((exchanges[0].events.len(), &exchanges[0].end), (1, &End::Stopped));
    let file = written(exchanges.clone());
    assert!(exchanges[0].wire.as_ref().unwrap().withheld, "{file}");
    assert!(!file.contains("456789") && !file.contains("ary-0123"), "{file}");
}

/// A key that no profile has any more, or none yet: what was sent tells it.
#[tokio::test]
async fn what_a_request_carried_is_told_to_whoever_hides_secrets() {
    let server = ModelServer::start();
    server.script([Reply::text("fine")]);
    let (recorder, kept) = on_the_wire(&server, "");
    collect(&recorder, asking("hi")).await;
    let taken = kept.0.lock().unwrap().remove(0);
    assert!(taken.secrets().iter().any(|secret| secret.expose() == KEY));
    assert!(taken.bytes() > 0);

    let recorder =
        Recorder::new(connected(&server, ""), TakenFrom::turn("t"), kept.clone(), WireFrames::Left);
    server.script([Reply::text("fine")]);
    collect(&recorder, asking("hi")).await;
    let taken = kept.0.lock().unwrap().remove(0);
    assert!(taken.secrets().iter().any(|secret| secret.expose() == KEY), "also without frames");
    assert_eq!(taken.exchange(&knowing()).wire, None);
}

/// What was looked through is not looked through again, and what is new is.
#[tokio::test(start_paused = true)]
async fn a_request_behind_another_is_the_same_as_one_that_stands_alone() {
    let kept = Arc::new(Kept::default());
    let recorder = Recorder::new(
        Says::new(vec![text("ok"), done()]),
        TakenFrom::turn("t"),
        kept.clone(),
        WireFrames::Left,
    );
    let redactor = knowing();
    let mut request = planted();
    let mut hidden = crate::replay::Hidden::default();
    let mut before: Option<RecordedRequest> = None;
    for number in 0..4 {
        collect(&recorder, request.clone()).await;
        let taken = kept.0.lock().unwrap().remove(0);
        let exchange = taken.exchange_after(&mut hidden, &redactor);
        assert_eq!(exchange.request, RecordedRequest::of(&request, &redactor));
        if let Some(before) = before {
            let is_known = |(one, other): (&Arc<Value>, &Arc<Value>)| Arc::ptr_eq(one, other);
            let known =
                before.messages.iter().zip(&exchange.request.messages).filter(|both| is_known(*both)).count();
            // Not the one with an image, which would be held for it.
            assert_eq!(known, before.messages.len() - 1, "{number}");
        }
        before = Some(exchange.request);
        request.messages.push(asking(&format!("{number} {KEY}")).messages[0].clone());
    }
    // Another prompt at the same place, and fewer messages.
    request.system = Arc::from(format!("another {KEY}"));
    request.messages.drain(..2);
    collect(&recorder, request.clone()).await;
    let taken = kept.0.lock().unwrap().remove(0);
    assert_eq!(
        taken.exchange_after(&mut hidden, &redactor).request,
        RecordedRequest::of(&request, &redactor)
    );
}
