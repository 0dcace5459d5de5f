//! Another parser of JSON5 reads the same values: a mistake of the one that we use would change what people wrote.

mod mutation;

use std::path::Path;

use mutation::CONFIGURATION;
use openclaw_config::typed_value;
use openclaw_testkit::mutation::Mutator;
use serde_json::{Value, json};

/// Mutated texts that both parsers are asked about.
const MUTATIONS: usize = 5_000;
/// Fewer texts that both accept mean that the comparison compares nothing.
const MIN_AGREED: usize = 600;

/// What we read; `None` if it is not JSON5 to us, or cannot be used (`NaN`).
fn ours(text: &str) -> Option<Value> {
    // Below this key anything may stand; what is not JSON5 comes back as it is.
    let path = "plugins.entries.x.config".parse().ok()?; // it is a path
    let value = typed_value(&path, text);
    value.ok().filter(|value| value.as_str() != Some(text))
}

fn theirs(text: &str) -> Option<Value> {
    json5::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok() // not JSON5 to them
}

/// Whether two values are one to JavaScript, which knows one kind of number.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same =
                |(name, value): (&String, &Value)| other.get(name).is_some_and(|own| is_same(value, own));
            one.len() == other.len() && one.iter().all(same)
        }
        _ => one == other,
    }
}

#[test]
fn what_both_accept_both_read_alike() {
    let texts = corpus(Path::new("tests/examples"));
    let mut mutator = Mutator::new(7, &texts, &CONFIGURATION);
    let mutated: Vec<Vec<u8>> = (0..MUTATIONS).map(|_| mutator.case()).collect();
    let mut agreed = 0;
    for text in texts.iter().chain(&mutated).filter_map(|bytes| std::str::from_utf8(bytes).ok()) {
        if let (Some(own), Some(other)) = (ours(text), theirs(text)) {
            assert!(is_same(&own, &other), "{text}\n{own}\n{other}");
            agreed += 1;
        }
    }
    assert!(agreed >= MIN_AGREED, "{agreed}");
}

/// The examples of the documentation, each a text.
fn corpus(folder: &Path) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    let mut paths: Vec<_> =
        folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            texts.extend(corpus(&path));
        } else {
            let page = std::fs::read_to_string(&path).unwrap_or_default();
            let bodies = page.split("=== ").skip(1).filter_map(|example| example.split_once('\n'));
            texts.extend(bodies.map(|(_name, text)| text.as_bytes().to_vec()));
        }
    }
    texts
}

/// What each of the two reads, ours first: where they differ, and what nearly does.
#[test]
fn where_they_differ() {
    let rows: [(&str, Option<Value>, Option<Value>); 12] = [
        ("{1: 2}", Some(json!({"1": 2})), None),
        ("{a-b: 2}", Some(json!({"a-b": 2})), None),
        ("[NaN]", None, Some(json!([null]))),
        ("[-Infinity]", None, Some(json!([null]))),
        ("[1e999]", None, Some(json!([null]))),
        ("[0xFFFFFFFFFFFFFFFFFF]", None, Some(json!([4_722_366_482_869_645_000_000.0_f64]))),
        ("{\u{e9}: 1}", Some(json!({"\u{e9}": 1})), Some(json!({"\u{e9}": 1}))),
        ("{\\u0061: 1}", None, Some(json!({"a": 1}))),
        ("{a: 1}\u{2028}", Some(json!({"a": 1})), Some(json!({"a": 1}))),
        ("['\\v\\0\\x41\\\u{2028}']", Some(json!(["\u{b}\0A"])), Some(json!(["\u{b}\0A"]))),
        ("['a\tb']", Some(json!(["a\tb"])), Some(json!(["a\tb"]))),
        ("['a\nb']", None, None),
    ];
    let found: Vec<_> = rows.iter().map(|(text, _, _)| (*text, ours(text), theirs(text))).collect();
    for ((text, own, other), (_, expected, expected_other)) in found.iter().zip(&rows) {
        assert_eq!((own, other), (expected, expected_other), "{text}");
    }
}
