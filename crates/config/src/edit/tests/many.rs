//! Many changes at once, and values that are large, deep or no values of a file.

use super::{Change, edited, home, open, set};
use crate::edit::{ChangeError, EditError, MAX_CHANGES};
use crate::key_path::KeyPath;
use serde_json::{Value, json};

fn variables(count: usize, value: &str) -> Value {
    (0..count)
        .map(|n| (format!("V{n}"), Value::from(format!("{value}{n}"))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn refusal(change: Change) -> Option<ChangeError> {
    let (_home, locations) = home(&[("openclaw.json", "{ a: 1 }")]);
    match open(&locations).apply(&[change]) {
        Err(EditError::Change(error)) => Some(error),
        Err(_) | Ok(()) => None,
    }
}

/// Made one by one, each with a reading of its own, these would take minutes.
#[test]
fn thousands_of_changes_are_made_on_a_few_readings() {
    let count = 4000;
    let text = serde_json::to_string_pretty(&json!({"env": {"vars": variables(count, "a")}})).unwrap();
    let (_home, locations) = home(&[("openclaw.json", &text)]);
    let mut editor = open(&locations);
    editor.apply(&[set("env.vars", variables(count, "b"))]).unwrap();
    assert_eq!(editor.text(), text.replace("\"a", "\"b"));
    editor.apply(&[set("env.vars", variables(2 * count, "b"))]).unwrap();
    let one_by_one: Vec<Change> =
        (0..count).map(|n| Change::Remove { path: format!("env.vars.V{n}").parse().unwrap() }).collect();
    editor.apply(&one_by_one).unwrap();
    assert_eq!(editor.value()["env"]["vars"].as_object().unwrap().len(), count);
    let list: Vec<usize> = (0..count).collect();
    editor.apply(&[set("env.list", json!([])), set("env.list", json!(list))]).unwrap();
    editor.apply(&[set("env.list", json!([1]))]).unwrap();
    assert_eq!(editor.value()["env"]["list"], json!([1]));
}

#[test]
fn of_many_changes_the_one_that_cannot_be_made_is_named() {
    let files = [
        ("openclaw.json", "{ a: { $include: 'x.json5' }, b: { $include: 'x.json5' }, c: {} }"),
        ("x.json5", "{ k: 1 }"),
    ];
    let (_home, locations) = home(&files);
    let mut editor = open(&locations);
    let mut changes: Vec<Change> = (0..100).map(|n| set(&format!("c.n{n}"), json!(n))).collect();
    changes.insert(37, set("a.k", json!(2)));
    let refused = editor.apply(&changes).unwrap_err();
    assert!(matches!(&refused, EditError::Entangled { path, .. } if path.to_string() == "a.k"), "{refused}");
    assert!(editor.draft().files().is_empty());
}

#[test]
fn changes_that_build_on_each_other_keep_their_order() {
    let changes = [
        set("b.c", json!(1)),
        set("b.d", json!(2)),
        set("l", json!([1, 2])),
        set("l[2]", json!(3)),
        Change::Remove { path: "l[0]".parse().unwrap() },
        Change::Insert { path: "l[0]".parse().unwrap(), value: json!(9) },
        Change::Move { from: "b".parse().unwrap(), to: "e.f".parse().unwrap() },
        set("e.f.c", json!(4)),
    ];
    let after = edited("{}", &changes);
    let value: Value = serde_json::from_str(&after).unwrap();
    assert_eq!(value, json!({"l": [9, 2, 3], "e": {"f": {"c": 4, "d": 2}}}));
}

#[test]
fn more_than_so_many_changes_are_refused() {
    let error = refusal(set("v", json!({})).clone());
    assert_eq!(error, None);
    let (_home, locations) = home(&[("openclaw.json", "{ v: {} }")]);
    let refused = open(&locations).apply(&[set("v", variables(MAX_CHANGES + 1, ""))]);
    assert!(matches!(refused, Err(EditError::Change(ChangeError::TooMany))));
}

#[test]
fn what_would_be_read_as_something_else_is_refused() {
    let path: KeyPath = "b".parse().unwrap();
    for number in [json!(u64::MAX), json!({"n": [i64::MAX as u64 + 1]})] {
        assert_eq!(refusal(set("b", number)), Some(ChangeError::Number { path: path.clone() }));
    }
    for number in [json!(i64::MAX), json!(i64::MIN + 1), json!(1e300), json!(0.1), json!(-0.0)] {
        assert_eq!(refusal(set("b", number)), None);
    }
    let include = set("b", json!([{"$include": "./x.json5"}]));
    assert_eq!(refusal(include), Some(ChangeError::Include { path: path.clone() }));
    assert!(matches!(refusal(set("$include", json!("./x"))), Some(ChangeError::Include { .. })));
}

/// A list in a list, so many times. Such a value is taken apart in a loop, for going down into it takes stack.
fn deep(depth: usize) -> Value {
    (0..depth).fold(json!([]), |value, _| Value::Array(vec![value]))
}

fn drop_deep(mut value: Value) {
    while let Value::Array(mut items) = value {
        value = items.pop().unwrap_or_default();
    }
}

#[test]
fn values_that_lie_too_deep_are_refused_and_not_a_crash() {
    let (_home, locations) = home(&[("openclaw.json", "{ a: 1 }")]);
    for (depth, is_refused) in [(100, false), (500, true), (100_000, true)] {
        let changes = [set("b", deep(depth))];
        let made = open(&locations).apply(&changes);
        assert_eq!(
            matches!(made, Err(EditError::Change(ChangeError::TooDeep { .. }))),
            is_refused,
            "{depth}"
        );
        let [change] = changes;
        if let Change::Set { value, .. } = change {
            drop_deep(value);
        }
    }
    let steps = vec![crate::Step::Key("k".to_owned()); 100_000];
    let change = Change::Set { path: KeyPath::from(&steps[..]), value: json!(1) };
    assert!(matches!(refusal(change), Some(ChangeError::TooDeep { .. })));
}

/// What a file may hold, a client may send back.
#[test]
fn texts_that_lie_as_deep_as_the_parser_takes_are_read_and_written() {
    for depth in [200, 250, 255] {
        let text = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let (_home, locations) = home(&[("openclaw.json", &text)]);
        let mut editor = open(&locations);
        editor.take_patch("{ b: 1 }").unwrap();
        editor.take_document(&text).unwrap();
        assert!(!editor.draft().problems().is_empty());
        drop(crate::redact_text(&text));
        let changed = text.replace('1', "2");
        // Refused or made; it returns.
        open(&locations).take_document(&changed).ok();
    }
}
