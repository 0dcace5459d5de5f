//! What holds for any bytes that a program may print. The test of this crate and the fuzz target in `fuzz/` run the same code.

use openclaw_models::cli::{Output, OutputReader, OutputSaid};

/// One case: the output of a program.
pub(crate) fn output_once(case: &[u8]) {
    for form in [Output::Json, Output::Jsonl, Output::Text] {
        let whole = read(form, &[case]);
        judge(form, case, &whole);
        // Where it is cut depends on the case alone, so that a failure comes again.
        let seed =
            case.iter().fold(case.len(), |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        let (head, tail) = case.split_at(seed % (case.len() + 1));
        assert_eq!(read(form, &[head, tail]), whole, "{form:?} cut at {}", head.len());
        // Whatever went wrong on the way: an end that is good is one.
        if form == Output::Jsonl {
            let (_, said) = read(form, &[case, b"\n{\"type\":\"result\",\"result\":\"x\"}\n"]);
            assert_eq!((said.failure.as_deref(), said.is_answer), (None, true), "{said:?}");
        }
        // What was told of the beginning stays told.
        let early = read(form, &[head]).0;
        assert!(whole.0.starts_with(&early), "{form:?} ends at {}: {early:?} {whole:?}", head.len());
    }
}

/// The pieces that were told while it ran, and what it said at the end.
fn read(form: Output, pieces: &[&[u8]]) -> (Vec<String>, OutputSaid) {
    let fields = ["session_id".to_owned(), "conversationId".to_owned()];
    let mut reader = OutputReader::new(form, &fields);
    let mut told = Vec::new();
    for piece in pieces {
        told.extend(reader.push(piece).unwrap_or_else(|_| panic!("a case is shorter than any limit")));
    }
    (told, reader.finish())
}

/// No empty piece, an answer exactly when there is text, no id that could be an option, no failure without words, and no
/// words beside the JSON that could be taken for a reason.
fn judge(form: Output, case: &[u8], (told, said): &(Vec<String>, OutputSaid)) {
    assert!(told.iter().all(|piece| !piece.is_empty()), "{told:?}");
    assert!(form == Output::Jsonl || told.is_empty(), "only lines are told as they come: {told:?}");
    let text = format!("{}{}", told.concat(), said.rest);
    assert_eq!(said.is_answer, !text.trim().is_empty(), "{text:?}");
    if let Some(id) = &said.session {
        assert!(!id.is_empty() && !id.starts_with('-') && !id.contains(char::is_whitespace), "{id:?}");
    }
    if form == Output::Text {
        assert_eq!(text, String::from_utf8_lossy(case).trim());
    }
    assert!(!said.is_strange || said.rest.is_empty(), "{said:?}");
    assert!(said.failure.as_ref().is_none_or(|failure| !failure.trim().is_empty()), "{said:?}");
    assert!(form != Output::Text || said.failure.is_none(), "a text reports nothing: {said:?}");
    let is_object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(case).is_ok();
    assert!(!is_object || form != Output::Json || said.plain.is_empty(), "{said:?}");
}
