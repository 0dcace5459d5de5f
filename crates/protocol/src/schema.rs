//! The shape of parameters, declared as data, and the one validator that reads the declarations.
//!
//! Messages are those clients of the release know (they come from a JSON Schema validator there):
//! `must have required property 'x'`, `at root: unexpected property 'x'`, `at /a/b: must be string`.

use serde_json::{Map, Value};

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub enum Ty {
    /// Any JSON value.
    Any,
    /// A string, possibly empty.
    Str,
    /// A string of at least one character.
    NonEmptyStr,
    /// A string of at most this many characters.
    StrUpTo(usize),
    /// A string of one to this many characters: a name that is kept in memory.
    Token(usize),
    /// `true` or `false`.
    Bool,
    /// A whole number between the two, inclusive.
    Int(i64, i64),
    /// An object whose values are free.
    Object,
    /// An object whose values all have one type.
    MapOf(&'static Ty),
    /// A closed object.
    Closed(&'static [Field]),
    /// An array of at least this many items of one type.
    ArrayOf(&'static Ty, usize),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// The type, or `null`.
    OrNull(&'static Ty),
}

/// One property of a closed object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// JSON name.
    pub name: &'static str,
    /// What it must be.
    pub ty: Ty,
    /// Whether it must be there.
    pub presence: Presence,
}

/// Whether a property must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Its absence is an error.
    Required,
    /// It may be left out.
    Optional,
}

/// A property that must be there.
#[must_use]
pub const fn required(name: &'static str, ty: Ty) -> Field {
    Field { name, ty, presence: Presence::Required }
}

/// A property that may be left out.
#[must_use]
pub const fn optional(name: &'static str, ty: Ty) -> Field {
    Field { name, ty, presence: Presence::Optional }
}

/// At most this many violations are reported: a hostile object must not make a long answer.
const MAX_VIOLATIONS: usize = 20;

/// Checks `value` and returns all violations joined by `; `, without repeats, or `None` when it is valid.
#[must_use]
pub fn violations(ty: Ty, value: &Value) -> Option<String> {
    let mut found = Vec::new();
    check(ty, value, "", &mut found);
    if found.is_empty() {
        return None;
    }
    let mut unique: Vec<String> = Vec::new();
    for text in found {
        if !unique.contains(&text) {
            unique.push(text);
        }
    }
    Some(unique.join("; "))
}

fn check(ty: Ty, value: &Value, at: &str, found: &mut Vec<String>) {
    if found.len() >= MAX_VIOLATIONS {
        return;
    }
    match ty {
        Ty::Any => {}
        Ty::Str => expect(value.is_string(), at, "must be string", found),
        Ty::NonEmptyStr => check_text(1, usize::MAX, value, at, found),
        Ty::StrUpTo(limit) => check_text(0, limit, value, at, found),
        Ty::Token(limit) => check_text(1, limit, value, at, found),
        Ty::Bool => expect(value.is_boolean(), at, "must be boolean", found),
        Ty::Int(low, high) => check_int(low, high, value, at, found),
        Ty::Object => expect(value.is_object(), at, "must be object", found),
        Ty::MapOf(inner) => match value.as_object() {
            Some(map) => {
                for (name, item) in map {
                    if found.len() >= MAX_VIOLATIONS {
                        return;
                    }
                    check(*inner, item, &join(at, name), found);
                }
            }
            None => report(at, "must be object", found),
        },
        Ty::Closed(fields) => match value.as_object() {
            Some(map) => check_closed(fields, map, at, found),
            None => report(at, "must be object", found),
        },
        Ty::ArrayOf(inner, at_least) => match value.as_array() {
            Some(items) if items.len() < at_least => {
                report(at, &format!("must NOT have fewer than {at_least} items"), found);
            }
            Some(items) => {
                for (index, item) in items.iter().enumerate() {
                    if found.len() >= MAX_VIOLATIONS {
                        return;
                    }
                    check(*inner, item, &format!("{at}/{index}"), found);
                }
            }
            None => report(at, "must be array", found),
        },
        Ty::OneOf(names) => {
            if !value.as_str().is_some_and(|text| names.contains(&text)) {
                report(at, "must be equal to constant", found);
                report(at, "must match a schema in anyOf", found);
            }
        }
        Ty::OrNull(inner) => {
            if !value.is_null() {
                check(*inner, value, at, found);
            }
        }
    }
}

fn check_text(at_least: usize, at_most: usize, value: &Value, at: &str, found: &mut Vec<String>) {
    match value.as_str().map(|text| text.chars().count()) {
        Some(length) if length < at_least => {
            report(at, &format!("must NOT have fewer than {at_least} characters"), found);
        }
        Some(length) if length > at_most => {
            report(at, &format!("must NOT have more than {at_most} characters"), found);
        }
        Some(_) => {}
        None => report(at, "must be string", found),
    }
}

fn check_int(low: i64, high: i64, value: &Value, at: &str, found: &mut Vec<String>) {
    match value.as_i64() {
        Some(number) if number < low => report(at, &format!("must be >= {low}"), found),
        Some(number) if number > high => report(at, &format!("must be <= {high}"), found),
        Some(_) => {}
        None => report(at, "must be integer", found),
    }
}

fn check_closed(fields: &[Field], map: &Map<String, Value>, at: &str, found: &mut Vec<String>) {
    for field in fields {
        if found.len() < MAX_VIOLATIONS
            && field.presence == Presence::Required
            && !map.contains_key(field.name)
        {
            let text = format!("must have required property '{}'", field.name);
            found.push(if at.is_empty() { text } else { format!("at {at}: {text}") });
        }
    }
    for name in map.keys() {
        if found.len() >= MAX_VIOLATIONS {
            return;
        }
        if !fields.iter().any(|field| field.name == name) {
            let place = if at.is_empty() { "root" } else { at };
            found.push(format!("at {place}: unexpected property '{}'", clip(name)));
        }
    }
    for field in fields {
        if let Some(value) = map.get(field.name) {
            check(field.ty, value, &join(at, field.name), found);
        }
    }
}

fn expect(holds: bool, at: &str, otherwise: &str, found: &mut Vec<String>) {
    if !holds {
        report(at, otherwise, found);
    }
}

fn report(at: &str, text: &str, found: &mut Vec<String>) {
    found.push(if at.is_empty() { text.to_owned() } else { format!("at {at}: {text}") });
}

fn join(at: &str, name: &str) -> String {
    format!("{at}/{}", clip(name))
}

/// Peer-supplied names are repeated only up to 64 characters (S-112).
fn clip(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::{Field, Ty, optional, required, violations};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const CLIENT: &[Field] = &[required("id", Ty::OneOf(&["cli", "test"])), optional("age", Ty::Int(1, 5))];
    const SAMPLE: &[Field] = &[
        required("key", Ty::NonEmptyStr),
        required("text", Ty::Str),
        optional("client", Ty::Closed(CLIENT)),
        optional("tags", Ty::ArrayOf(&Ty::Str, 1)),
        optional("label", Ty::OrNull(&Ty::StrUpTo(3))),
    ];

    #[test]
    fn says_what_the_release_says() {
        let rows = [
            (json!({"key":"k","text":""}), None),
            (json!({}), Some("must have required property 'key'; must have required property 'text'")),
            (json!({"key":"k","text":"t","bogus":1}), Some("at root: unexpected property 'bogus'")),
            (json!({"key":5,"text":"t"}), Some("at /key: must be string")),
            (
                json!({"key":"k","text":"t","client":{"id":"x"}}),
                Some("at /client/id: must be equal to constant; at /client/id: must match a schema in anyOf"),
            ),
            (
                json!({"key":"k","text":"t","client":{"id":"cli","b":1}}),
                Some("at /client: unexpected property 'b'"),
            ),
            (
                json!({"key":"k","text":"t","client":{"id":"cli","age":9}}),
                Some("at /client/age: must be <= 5"),
            ),
            (json!({"key":"k","text":"t","tags":[]}), Some("at /tags: must NOT have fewer than 1 items")),
            (json!({"key":"k","text":"t","tags":["a",2]}), Some("at /tags/1: must be string")),
            (json!({"key":"k","text":"t","label":null}), None),
            (
                json!({"key":"k","text":"t","label":"long"}),
                Some("at /label: must NOT have more than 3 characters"),
            ),
            (json!([]), Some("must be object")),
        ];
        for (value, expected) in rows {
            assert_eq!(violations(Ty::Closed(SAMPLE), &value).as_deref(), expected, "{value}");
        }
    }

    /// Fifty thousand unknown names cost one pass and make an answer of a few lines.
    #[test]
    fn a_hostile_object_makes_a_short_answer() {
        let names = (0..50_000).map(|n| (format!("{}{n}", "x".repeat(90)), Value::Null)).collect();
        let many = Value::Object(names);
        for value in [many.clone(), json!({"key": "k", "text": "t", "client": many}), json!({"tags": [many]})]
        {
            let text = violations(Ty::Closed(SAMPLE), &value).unwrap_or_default();
            assert!(text.len() < 4_096, "{}", text.len());
        }
    }

    proptest! {
        #[test]
        fn any_value_is_judged(text in ".{0,100}", number in any::<i64>()) {
            for value in [json!(text), json!(number), json!([text]), json!({ "key": text, "tags": [number] })] {
                drop(violations(Ty::Closed(SAMPLE), &value));
            }
        }
    }
}
