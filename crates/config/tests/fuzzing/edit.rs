//! One execution of the editor.

use openclaw_config::{Change, EditError, Editor, REDACTED, load};
use serde_json::Value;

use super::instance::{Instance, files_and_operations};
use super::operation::Operation;
use super::syntax::Syntax;

/// More operations say nothing that fewer do not, and take longer.
const MAX_OPERATIONS: usize = 16;
/// Far below what the parser takes.
const MAX_DEPTH: usize = 200;

/// Edits the files of a case. What is done means the same in the value and in the files, and leaves everything else as
/// it is written; what is refused changes nothing.
pub(crate) fn edit_once(instance: &mut Instance, case: &[u8]) {
    let (files, operations) = files_and_operations(case);
    assert!(instance.write(&files).is_ok(), "the files cannot be written");
    let open = |instance: &Instance| Editor::open(&instance.at, &instance.env);
    let Ok(mut editor) = open(instance) else { return }; // not a text
    assert!(open(instance).is_ok_and(|editor| editor.draft().files().is_empty()), "nothing was done");
    let has_variables = files.iter().any(|bytes| bytes.windows(2).any(|pair| pair == b"${"));
    let mut done = Vec::new();
    for text in operations.iter().take(MAX_OPERATIONS) {
        let Some(operation) = Operation::read(text, &editor.value()) else { continue };
        if perform(&mut editor, &operation, has_variables) {
            done.push(operation);
        }
    }
    // An editor that saw only what was accepted ends with the same texts.
    let replayed = open(instance).and_then(|mut editor| {
        done.iter().try_for_each(|operation| act(&mut editor, operation))?;
        Ok(editor.draft())
    });
    let draft = editor.draft();
    assert!(
        replayed.is_ok_and(|replayed| replayed.files() == draft.files()),
        "a refusal left something: {done:?}"
    );
    let mut after: Vec<Vec<u8>> = files.iter().map(|bytes| bytes.to_vec()).collect();
    for edit in draft.files() {
        match instance.position(&edit.path).and_then(|position| after.get_mut(position)) {
            Some(bytes) => *bytes = edit.after.clone().into_bytes(),
            None => panic!("an edit of {}, which is no file of the case", edit.path.display()),
        }
    }
    let after: Vec<&[u8]> = after.iter().map(Vec::as_slice).collect();
    assert!(instance.write(&after).is_ok(), "the files cannot be written");
    let reopened = open(instance).map(|editor| editor.value()).unwrap_or_default();
    assert_eq!(&reopened, draft.value(), "the files mean something else than the edit: {done:?}");
    let is_right = load(&instance.at, &instance.env).is_ok();
    assert_eq!(is_right, draft.problems().is_empty(), "{:?}", draft.problems());
}

fn act(editor: &mut Editor, operation: &Operation) -> Result<(), EditError> {
    match operation {
        Operation::Change(change) => editor.apply(std::slice::from_ref(change)),
        Operation::Document(text) => editor.take_document(text),
        Operation::Patch(text) => editor.take_patch(text),
    }
}

/// Performs an operation; whether it was accepted.
fn perform(editor: &mut Editor, operation: &Operation, has_variables: bool) -> bool {
    let (value, text) = (editor.value(), editor.text().to_owned());
    if let Err(error) = act(editor, operation) {
        let can_change = editor.apply(&[]).is_ok();
        assert!(
            !(can_change && must_be_done(&value, &text, operation)),
            "{operation:?} of\n{text}\nis refused: {error}"
        );
        assert_eq!(editor.value(), value, "a refused {operation:?} changed the value");
        assert_eq!(editor.text(), text, "a refused {operation:?} changed the text");
        return false;
    }
    if let Some(expected) = expected(&value, operation, has_variables) {
        assert_eq!(editor.value(), expected, "{operation:?} of\n{text}\nmade\n{}", editor.text());
    }
    if let (Some(before), Some(after)) = (Syntax::of(&text), Syntax::of(editor.text()))
        && let Operation::Change(change) = operation
        && before.is_plain()
    {
        leaves_the_rest(change, &before, &after);
    }
    true
}

/// Whether nothing stands in the way of a change: it fits, and one file holds each key once.
fn must_be_done(value: &Value, text: &str, operation: &Operation) -> bool {
    let Operation::Change(change) = operation else { return false };
    let mut expected = value.clone();
    let fits = change.apply(&mut expected).is_ok();
    fits && depth(&expected) < MAX_DEPTH
        && !format!("{change:?}").contains("$include")
        && Syntax::of(text).is_some_and(|syntax| syntax.is_plain())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// What an accepted operation makes of a value, where that can be said without doing what the editor does.
fn expected(value: &Value, operation: &Operation, has_variables: bool) -> Option<Value> {
    let own = |text: &str| {
        // Marks and variables are taken from what is there.
        let is_plain = !has_variables && !text.contains(REDACTED) && !text.contains('\\');
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let is_whole = is_plain && Syntax::of(text).is_some_and(|syntax| syntax.is_plain());
        let read = || openclaw_config::typed_value(&"plugins".parse().unwrap_or_default(), body).ok();
        is_whole.then(read).flatten() // a number that cannot be kept: the editor refuses it, too
    };
    match operation {
        Operation::Change(change) => {
            let mut value = value.clone();
            let fits = change.apply(&mut value);
            assert!(fits.is_ok(), "the editor accepted what does not fit: {change:?}: {fits:?}");
            Some(value)
        }
        Operation::Document(text) => own(text),
        Operation::Patch(text) => own(text).map(|patch| patched(value, &patch)),
    }
}

/// RFC 7386, as its section 2 has it.
fn patched(target: &Value, patch: &Value) -> Value {
    let Value::Object(parts) = patch else { return patch.clone() };
    let mut target = target.as_object().cloned().unwrap_or_default();
    for (name, part) in parts {
        if part.is_null() {
            target.remove(name);
        } else {
            let old = target.get(name).cloned().unwrap_or_default();
            target.insert(name.clone(), patched(&old, part));
        }
    }
    Value::Object(target)
}

/// Comments outside what is replaced or removed stay, and a new leaf changes no byte around it.
fn leaves_the_rest(change: &Change, before: &Syntax<'_>, after: &Syntax<'_>) {
    let nothing = 0..0;
    let touched = match change {
        Change::Set { path, .. } => match before.written(path) {
            Some(written) if written.is_leaf => {
                let (old, new) = (before.text(), after.text());
                let is_around =
                    new.starts_with(&old[..written.value.start]) && new.ends_with(&old[written.value.end..]);
                assert!(is_around, "{change:?} changed more than its leaf:\n{old}\nbecame\n{new}");
                written.value
            }
            // What is alike in an object or a list stays, and what is not goes with its comments.
            Some(written) => written.item,
            None => nothing,
        },
        Change::Insert { .. } => nothing,
        Change::Remove { path } | Change::Move { from: path, .. } => {
            before.written(path).map_or(nothing, |written| written.item)
        }
    };
    let stays = before.comments_outside(&touched);
    let mut rest = after.comments_outside(&(0..0)).into_iter();
    let mut is_kept = |comment: &str| rest.any(|other| other == comment);
    if !matches!(change, Change::Move { .. }) {
        let lost = stays.iter().copied().find(|comment| !is_kept(comment));
        assert_eq!(lost, None, "{change:?} of\n{}\nmade\n{}", before.text(), after.text());
    }
}
