//! Streams that break: at every byte, twice, in the middle of a character, by noise.

use std::sync::Arc;

use openclaw_models::wire::{Frames, Redactor};
use openclaw_models::{Malformed, ModelError, ModelEvent, WireApi};
use openclaw_testkit::model_server::{Reply, ScriptedCall};

use crate::apis::{APIS, implementation, info, path, sketch};

type Outcome = Result<Vec<ModelEvent>, (Vec<ModelEvent>, ModelError)>;

/// Reads a body that comes in these pieces.
fn read<'a>(api: WireApi, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = implementation(api).decoder(Arc::new(info(api)), Redactor::default());
    let mut parser = Frames::new(implementation(api).framing());
    let mut events = Vec::new();
    for piece in pieces {
        for data in parser.push(piece).unwrap() {
            match decoder.push(&data) {
                Ok(more) => events.extend(more),
                Err(error) => return Err((events, error)),
            }
        }
    }
    let last = parser.finish().map(|data| decoder.push(&data)).transpose();
    match last.and_then(|more| Ok((more, decoder.finish()?))) {
        Ok((more, end)) => {
            events.extend(more.into_iter().flatten().chain(end));
            Ok(events)
        }
        Err(error) => Err((events, error)),
    }
}

fn everything() -> Reply {
    let call = |id: &str, arguments: &str| ScriptedCall {
        id: id.into(),
        name: "read".into(),
        arguments: arguments.into(),
    };
    Reply::Thinking {
        thought: "Grüße ☃".into(),
        signature: "c2ln".into(),
        text: "Ich lese \"zwei\" Dateien\n🙂".into(),
        calls: vec![call("call_1", r#"{"path":"ä"}"#), call("call_2", r#"{"path":"b"}"#)],
    }
}

#[test]
fn a_cut_between_any_two_bytes_changes_nothing() {
    for api in APIS {
        let body = everything().body(path(api));
        let whole = read(api, [body.as_ref()]).unwrap();
        assert_eq!(sketch(&whole).last().map(String::as_str), Some("done: ToolUse"));
        for at in 0..=body.len() {
            let (head, tail) = body.split_at(at);
            assert_eq!(read(api, [head, tail]), Ok(whole.clone()), "{} at {at}", api.as_str());
        }
        assert_eq!(read(api, body.chunks(1)), Ok(whole), "{} byte by byte", api.as_str());
    }
}

#[test]
fn an_end_behind_any_byte_is_an_early_end_or_the_whole_answer() {
    for api in APIS {
        let body = everything().body(path(api));
        let whole = read(api, [body.as_ref()]).unwrap();
        for at in 0..body.len() {
            match read(api, [&body[..at]]) {
                // Only what counts tokens may be lost behind the end of the answer.
                Ok(events) => assert_eq!(sketch(&events), sketch(&whole), "{} at {at}", api.as_str()),
                Err((events, error)) => {
                    assert!(whole.starts_with(&events), "{} at {at}: {events:?}", api.as_str());
                    let early = matches!(
                        error,
                        ModelError::Malformed { what: Malformed::EndedEarly | Malformed::NotJson, .. }
                    );
                    assert!(early, "{} at {at}: {error}", api.as_str());
                }
            }
        }
    }
}

#[test]
fn what_comes_after_the_end_is_not_read() {
    for api in APIS {
        let body = everything().body(path(api));
        let twice = [body.as_ref(), body.as_ref()];
        assert_eq!(read(api, twice), read(api, [body.as_ref()]), "{}", api.as_str());
    }
}

#[test]
fn a_changed_byte_never_panics_and_never_ends_twice() {
    for api in APIS {
        let body = everything().body(path(api));
        for at in 0..body.len() {
            for bit in [0, 3, 5, 7] {
                let mut changed = body.to_vec();
                changed[at] ^= 1 << bit;
                if let Ok(events) = read(api, [changed.as_slice()]) {
                    let ends = events.iter().filter(|event| matches!(event, ModelEvent::Done(_))).count();
                    assert_eq!(ends, 1, "{} at {at}", api.as_str());
                }
            }
        }
    }
}
