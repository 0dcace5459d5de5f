//! What holds for any bytes that a provider may send: one execution per API, which stops the program where a property is
//! broken. The test of this crate and the fuzz targets in `fuzz/` run the same code.

use std::sync::Arc;

use openclaw_models::wire::{Frames, Redactor, speaks};
use openclaw_models::{Malformed, ModelError, ModelEvent, ModelInfo, WireApi};

/// Everything that came, and how it ended.
type Read = (Vec<ModelEvent>, Option<ModelError>);

/// One case: the body of an answer.
pub(crate) fn stream_once(api: WireApi, case: &[u8]) {
    let info = Arc::new(ModelInfo::new("p", "m", api));
    let whole = read(&info, &[case]);
    judge(&whole);
    // Where it is cut depends on the case alone, so that a failure comes again.
    let seed =
        case.iter().fold(case.len(), |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let cut = seed % (case.len() + 1);
    let (head, tail) = case.split_at(cut);
    assert_eq!(read(&info, &[head, tail]), whole, "cut at {cut}");
    // An early end takes nothing back.
    if let (early, Some(_)) = read(&info, &[head]) {
        assert!(early.iter().zip(&whole.0).all(|(early, whole)| early == whole), "an end at {cut}");
    }
}

fn read(info: &Arc<ModelInfo>, pieces: &[&[u8]]) -> Read {
    let Some(api) = speaks(info.api) else { panic!("{:?} has no wire", info.api) };
    let mut decoder = api.decoder(Arc::clone(info), Redactor::default());
    let (mut parser, mut events) = (Frames::new(api.framing()), Vec::new());
    for piece in pieces {
        let Ok(all) = parser.push(piece) else {
            let what = Malformed::EventTooLarge;
            return (events, Some(ModelError::Malformed { provider: Arc::clone(&info.provider), what }));
        };
        for data in all {
            match decoder.push(&data) {
                Ok(more) => events.extend(more),
                Err(error) => return (events, Some(error)),
            }
        }
    }
    let last = parser.finish().map_or(Ok(Vec::new()), |data| decoder.push(&data));
    match last.and_then(|more| Ok([more, decoder.finish()?].concat())) {
        Ok(more) => {
            events.extend(more);
            (events, None)
        }
        Err(error) => (events, Some(error)),
    }
}

/// One end or one error, usage once at most, no piece of a call that has not begun, no empty piece.
fn judge((events, error): &Read) {
    let count = |wanted: fn(&ModelEvent) -> bool| events.iter().filter(|event| wanted(event)).count();
    let ends = count(|event| matches!(event, ModelEvent::Done(_)));
    assert_eq!(ends, usize::from(error.is_none()), "{events:?} {error:?}");
    assert!(
        ends == 0 || matches!(events.last(), Some(ModelEvent::Done(_))),
        "the end comes last: {events:?}"
    );
    assert!(count(|event| matches!(event, ModelEvent::Usage(_))) <= 1, "{events:?}");
    let mut begun = 0;
    for event in events {
        match event {
            ModelEvent::ToolCallStart { index, id, name } => {
                assert_eq!(*index, begun, "{events:?}");
                assert!(!id.is_empty() && !name.is_empty(), "{events:?}");
                begun += 1;
            }
            ModelEvent::ToolCallArguments { index, delta: text }
            | ModelEvent::ToolCallSignature { index, signature: text } => {
                assert!(*index < begun && !text.is_empty(), "{events:?}");
            }
            ModelEvent::TextDelta(text)
            | ModelEvent::ThinkingDelta(text)
            | ModelEvent::ThinkingSignature(text)
            | ModelEvent::RedactedThinking(text)
            | ModelEvent::TextSignature(text) => assert!(!text.is_empty(), "{events:?}"),
            ModelEvent::Usage(_) | ModelEvent::Done(_) => {}
        }
    }
}
