//! What a person has written beside the values stays in the file, and where it belongs.

use std::collections::BTreeSet;

use super::{Change, commented, edited, edited_in, home, object, open, remove};
use crate::KeyPath;
use crate::edit::EditError;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, parse_to_ast};
use proptest::prelude::*;
use serde_json::Value;

fn relocate(from: &str, to: &str) -> Change {
    Change::Move { from: from.parse().unwrap(), to: to.parse().unwrap() }
}

/// The comments of a text, sorted.
pub(super) fn notes(text: &str) -> Vec<String> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::Separate, tokens: false };
    let parsed = parse_to_ast(text, &collect, &crate::text::options()).unwrap();
    let mut found = BTreeSet::new();
    for list in parsed.comments.into_iter().flat_map(|map| map.into_values().collect::<Vec<_>>()) {
        for comment in list.iter() {
            let range = jsonc_parser::common::Ranged::range(comment);
            found.insert((range.start, range.end));
        }
    }
    let mut found: Vec<String> = found.into_iter().map(|(start, end)| text[start..end].to_owned()).collect();
    found.sort();
    found
}

#[test]
fn comments_move_with_what_they_are_about() {
    let text = "\
{
  routing: { // old
    // who may write
    bindings: [ 'a' ], // bind
    // about queue
    queue: { mode: 'collect' }, // q
    // nothing more
  }, // end routing
}
";
    let moves = [
        relocate("routing.bindings", "bindings"),
        relocate("routing.queue", "messages.queue"),
        remove("routing"),
    ];
    let expected = "\
{
  // old
  // nothing more
  // end routing
  // who may write
  bindings: [ 'a' ], // bind
  messages: {
    // about queue
    queue: { mode: 'collect' }, // q
  },
}
";
    assert_eq!(edited(text, &moves), expected);
}

#[test]
fn a_line_makes_room_for_comments() {
    let text = "{ a: { // l\n  // x\n  b: 1 // t\n}, c: { d: 2 } }";
    let expected = "{ a: { // l\n}, c: { d: 2,\n  // x\n  b: 1 // t\n } }";
    assert_eq!(edited(text, &[relocate("a.b", "c.b")]), expected);
}

#[test]
fn another_name_in_the_same_place_touches_nothing_else() {
    let text = "{\n  // x\n  a: /* in */ [\n    1,\n  ], // t\n  b: 2,\n}\n";
    let expected = "{\n  // x\n  /* in */ c: [\n    1,\n  ], // t\n  b: 2,\n}\n";
    assert_eq!(edited(text, &[relocate("a", "c")]), expected);
}

const SECRET: (&str, &str) = ("secret.json5", "{ botToken: 'sekret' }\n");

/// What is included stays in its file, and the file stays included.
#[test]
fn an_included_value_moves_as_it_is_written() {
    let main = "{\n  telegram: { $include: './secret.json5', enabled: true }, // mine\n  channels: {},\n}\n";
    let expected =
        "{\n  channels: {\n    telegram: { $include: './secret.json5', enabled: true }, // mine\n  },\n}\n";
    let files = [("openclaw.json", main), SECRET];
    let changes = [relocate("telegram", "channels.telegram")];
    assert_eq!(edited_in(&files, &changes, "openclaw.json"), expected);
    assert_eq!(edited_in(&files, &changes, "secret.json5"), SECRET.1);
}

/// Names of files are relative to the file that they stand in.
#[test]
fn an_include_does_not_move_to_another_folder() {
    let files = [
        (
            "openclaw.json",
            "{ telegram: { $include: './secret.json5' }, channels: { $include: 'sub/c.json5' } }",
        ),
        SECRET,
        ("sub/c.json5", "{}"),
    ];
    let (_home, locations) = home(&files);
    let refused = open(&locations).apply(&[relocate("telegram", "channels.telegram")]).unwrap_err();
    assert!(matches!(&refused, EditError::Scattered { files, .. } if files.len() == 2), "{refused}");
    assert!(!refused.to_string().contains("sekret"));
}

/// Every path of a value with the value there.
fn paths(value: &Value, at: &KeyPath, found: &mut Vec<(KeyPath, Value)>) {
    if !at.is_root() {
        found.push((at.clone(), value.clone()));
    }
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| paths(item, &at.index(n), found))
        }
        Value::Object(map) => map.iter().for_each(|(name, item)| paths(item, &at.key(name), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A comment for every one in the text, each with a number, so that none can stand for another.
fn numbered(text: &str) -> String {
    let mut out = String::new();
    let parts: Vec<&str> = text.split("note").collect();
    for (number, part) in parts.iter().enumerate() {
        out.push_str(part);
        if number + 1 < parts.len() {
            out.push_str(&format!("note {number}"));
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_comment_is_lost_when_values_move(
        old in object(),
        seed in any::<u32>(),
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4u8), 1..6),
    ) {
        let text = numbered(&commented(&old, 0, &mut seed.clone()));
        let (_home, locations) = home(&[("openclaw.json", &text)]);
        let mut editor = open(&locations);
        let mut changes = Vec::new();
        let mut expected = old.clone();
        for (from, to, kind) in picks {
            let mut all = Vec::new();
            paths(&expected, &KeyPath::default(), &mut all);
            if all.is_empty() {
                break;
            }
            let (from, value) = from.get(&all).clone();
            let siblings = matches!(from.steps().last(), Some(crate::Step::Index(_)))
                .then(|| from.steps()[..from.steps().len() - 1].to_vec());
            let is_empty = matches!(&value, Value::Array(items) if items.is_empty())
                || matches!(&value, Value::Object(items) if items.is_empty());
            let target = match kind {
                0 => KeyPath::default().key("fresh").key("x"),
                1 => to.get(&all).0.key("y"),
                2 => from.key("z"),
                _ => KeyPath::default().key(&format!("n{}", changes.len())),
            };
            if siblings.is_some_and(|list| target.steps().starts_with(&list)) {
                continue; // refused: the positions mean others afterwards
            }
            let change = match is_empty && kind != 3 {
                true => Change::Remove { path: from },
                false => Change::Move { from, to: target },
            };
            if change.apply(&mut expected).is_ok() {
                changes.push(change);
            }
        }
        editor.apply(&changes).unwrap();
        prop_assert_eq!(editor.value(), expected);
        prop_assert_eq!(notes(editor.text()), notes(&text), "{:?} of\n{}\nmade\n{}", changes, text, editor.text());
    }
}
