//! A configuration that comes back from a client that saw it redacted: marks become the values they stand for again,
//! and `${NAME}` stays where a client wrote what it stands for (S-113).

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use serde_json::Value;

use super::error::EditError;
use super::layout::Span;
use super::splice::{Splice, apply};
use super::style::Style;
use crate::env::Env;
use crate::key_path::KeyPath;
use crate::redact::REDACTED;
use crate::substitute::expanded;
use crate::text::{parse, without_bom};

/// Puts into `new` what the marks in it stand for in `old`.
///
/// # Errors
/// [`EditError::NothingHidden`] for a mark without such a value, also where it is not certain which one is meant: a
/// secret that is sent to somebody else's address is worse than one that is typed again.
pub(super) fn adopt(new: &mut Value, old: &Value, env: &Env) -> Result<(), EditError> {
    adopt_at(new, Some(old), env, &KeyPath::default())
}

fn adopt_at(new: &mut Value, old: Option<&Value>, env: &Env, path: &KeyPath) -> Result<(), EditError> {
    match new {
        Value::String(text) if text == REDACTED => {
            let hidden = old.filter(|old| old.is_string() || old.is_number());
            *new = hidden.cloned().ok_or_else(|| EditError::NothingHidden { path: path.clone() })?;
        }
        Value::String(text) => {
            if let Some(Value::String(written)) = old
                && text != written
                && expanded(written, env).as_ref() == Some(text)
            {
                text.clone_from(written);
            }
        }
        Value::Array(items) => {
            let olds = old.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let partners = partners(items, olds);
            for (index, (item, partner)) in items.iter_mut().zip(partners).enumerate() {
                adopt_at(item, partner, env, &path.index(index))?;
            }
        }
        Value::Object(object) => {
            for (name, item) in object {
                adopt_at(item, old.and_then(|old| old.get(name)), env, &path.key(name))?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

/// Which old element each new one was. One with an `id` is the one with that id. Any other is one that it equals apart
/// from its marks: the only such one, or in a list that is as long as it was the one at its position. If such a list has
/// changed in one element alone, that one is the one at its position.
fn partners<'v>(items: &[Value], olds: &'v [Value]) -> Vec<Option<&'v Value>> {
    let is_as_long = items.len() == olds.len();
    let at_place = |index: usize| olds.get(index).filter(|old| is_as_long && equals(&items[index], old));
    let is_edit = |index: usize| {
        is_as_long && (0..items.len()).all(|other| other == index || at_place(other).is_some())
    };
    let partner = |(index, item): (usize, &Value)| {
        if let Some(id) = item.get("id").filter(|id| *id != REDACTED) {
            return olds.iter().find(|old| old.get("id") == Some(id));
        }
        let mut equals = olds.iter().filter(|old| equals(item, old));
        let only = equals.next().filter(|_| equals.next().is_none());
        at_place(index).or(only).or_else(|| olds.get(index).filter(|_| is_edit(index)))
    };
    items.iter().enumerate().map(partner).collect()
}

/// Whether a new value is an old one, a mark standing for any text or number.
fn equals(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::String(text), Value::String(_) | Value::Number(_)) if text == REDACTED => true,
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| equals(new, old))
        }
        (Value::Object(new), Value::Object(old)) => {
            new.len() == old.len()
                && new.iter().all(|(name, new)| old.get(name).is_some_and(|old| equals(new, old)))
        }
        _ => new == old,
    }
}

/// The text of a configuration with its marks replaced, comments and layout kept; `old` is the text before. A text that
/// is not JSON5 is returned as it is: whoever reads it says what is wrong with it.
///
/// # Errors
/// [`EditError::NothingHidden`] for a mark without a value.
pub(super) fn adopt_text(raw: &str, old: &str) -> Result<String, EditError> {
    let (body, old) = (without_bom(raw), without_bom(old));
    let Ok(tree) = parse(body) else { return Ok(raw.to_owned()) };
    let before = parse(old).ok(); // of a torn text nothing can be taken over
    let mut value = Value::from(tree.clone());
    adopt(&mut value, &before.clone().map(Value::from).unwrap_or_default(), &Env::default())?;
    let mut marks = Marks { old, literals: Vec::new(), style: Style::of(body, &tree), splices: Vec::new() };
    if let Some(before) = &before {
        marks.collect_literals(before);
    }
    marks.collect(&tree, &value);
    Ok(format!("{}{}", &raw[..raw.len() - body.len()], apply(body, &marks.splices)))
}

/// Marks in a text, and how the values they stand for were written.
struct Marks<'t> {
    old: &'t str,
    /// Each string of the old text: its value, and where it stands.
    literals: Vec<(String, Span)>,
    style: Style,
    splices: Vec<Splice>,
}

impl Marks<'_> {
    fn collect_literals(&mut self, node: &ast::Value<'_>) {
        match node {
            ast::Value::StringLit(text) => {
                let span = Span { start: node.start(), end: node.end() };
                self.literals.push((text.value.clone().into_owned(), span));
            }
            ast::Value::Array(list) => list.elements.iter().for_each(|item| self.collect_literals(item)),
            ast::Value::Object(object) => {
                object.properties.iter().for_each(|property| self.collect_literals(&property.value));
            }
            ast::Value::NumberLit(_) | ast::Value::BooleanLit(_) | ast::Value::NullKeyword(_) => {}
        }
    }

    fn collect(&mut self, node: &ast::Value<'_>, value: &Value) {
        match node {
            ast::Value::StringLit(text) if text.value == REDACTED => {
                let span = Span { start: node.start(), end: node.end() };
                let as_before = self.literals.iter().find(|(known, _)| value == known);
                let text = match as_before {
                    Some((_, Span { start, end })) => self.old[*start..*end].to_owned(),
                    None => self.style.value(value, ""),
                };
                self.splices.push(Splice { span, text });
            }
            ast::Value::Array(list) => {
                let values = value.as_array().into_iter().flatten();
                list.elements.iter().zip(values).for_each(|(item, value)| self.collect(item, value));
            }
            ast::Value::Object(object) => {
                for (index, property) in object.properties.iter().enumerate() {
                    let name = property.name.as_str();
                    // Of a name that stands twice only the last one has a value; a mark in another one is refused.
                    let is_last =
                        !object.properties[index + 1..].iter().any(|later| later.name.as_str() == name);
                    if let Some(value) = value.get(name).filter(|_| is_last) {
                        self.collect(&property.value, value);
                    }
                }
            }
            ast::Value::StringLit(_)
            | ast::Value::NumberLit(_)
            | ast::Value::BooleanLit(_)
            | ast::Value::NullKeyword(_) => {}
        }
    }
}

/// What a merge patch (RFC 7386) makes of a value: objects merge, `null` removes, everything else replaces.
pub(super) fn merge_patch(value: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut merged = value.as_object().cloned().unwrap_or_default();
    for (name, part) in patch {
        if part.is_null() {
            merged.shift_remove(name);
        } else {
            let old = merged.get(name).unwrap_or(&Value::Null);
            let new = merge_patch(old, part);
            merged.insert(name.clone(), new);
        }
    }
    Value::Object(merged)
}

#[cfg(test)]
mod tests {
    use super::{adopt, adopt_text, merge_patch};
    use crate::env::Env;
    use crate::redact::REDACTED;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn adopted(mut new: Value, old: &Value) -> Result<Value, String> {
        let env = Env::from([("TOKEN", "s3cret")]);
        adopt(&mut new, old, &env).map(|()| new).map_err(|error| error.to_string())
    }

    #[test]
    fn marks_become_what_they_stand_for() {
        let old = json!({"a": {"t": "${TOKEN}", "n": 5}, "l": [{"id": "x", "k": "1"}, {"id": "y", "k": "2"}], "p": ["1", "2"]});
        let rows = [
            (json!({"a": {"t": REDACTED, "n": REDACTED}}), json!({"a": {"t": "${TOKEN}", "n": 5}})),
            (json!({"a": {"t": "s3cret"}}), json!({"a": {"t": "${TOKEN}"}})),
            (json!({"a": {"t": "other"}}), json!({"a": {"t": "other"}})),
            (
                json!({"l": [{"id": "y", "k": REDACTED}, {"id": "z", "k": "3"}]}),
                json!({"l": [{"id": "y", "k": "2"}, {"id": "z", "k": "3"}]}),
            ),
            (json!({"p": [REDACTED, "x"]}), json!({"p": ["1", "x"]})),
        ];
        for (new, expected) in rows {
            assert_eq!(adopted(new, &old), Ok(expected));
        }
        for (new, path) in [
            (json!({"b": REDACTED}), "b"),
            (json!({"l": [{"id": "z", "k": REDACTED}]}), "l[0].k"),
            (json!({"p": [REDACTED]}), "p[0]"),
        ] {
            assert!(adopted(new, &old).unwrap_err().starts_with(&format!("{path} holds the mark")));
        }
    }

    #[test]
    fn a_secret_never_changes_its_place_in_a_list() {
        let entry = |provider: &str, secret: &str| json!({"provider": provider, "headers": {"A": secret}});
        let old = json!([entry("p1", "one"), entry("p2", "two"), entry("p3", "three")]);
        let rows = [
            (
                json!([entry("p2", REDACTED), entry("p1", REDACTED)]),
                Ok(json!([entry("p2", "two"), entry("p1", "one")])),
            ),
            (
                json!([entry("p1", REDACTED), entry("p2", REDACTED), entry("p9", REDACTED)]),
                Ok(json!([entry("p1", "one"), entry("p2", "two"), entry("p9", "three")])),
            ),
            (json!([entry("p9", REDACTED), entry("p1", REDACTED)]), Err("[0].headers.A")),
            (
                json!([entry("p9", REDACTED), entry("p8", REDACTED), entry("p3", REDACTED)]),
                Err("[0].headers.A"),
            ),
        ];
        for (new, expected) in rows {
            let found =
                adopted(new.clone(), &old).map_err(|error| error.split(' ').next().map(str::to_owned));
            assert_eq!(found, expected.map_err(|path: &str| Some(path.to_owned())), "{new}");
        }
        let sealed = json!([{"id": "acc1", "token": "t"}, {"id": "acc2", "token": "u"}]);
        let shown = json!([{"id": REDACTED, "token": REDACTED}, {"id": REDACTED, "token": REDACTED}]);
        assert_eq!(adopted(shown, &sealed), Ok(sealed));
    }

    proptest! {
        #[test]
        fn what_was_redacted_comes_back(value in value()) {
            prop_assert_eq!(adopted(hidden(&value), &value), Ok(value));
        }
    }

    /// Every text and number hidden, as in what nobody declared.
    fn hidden(value: &Value) -> Value {
        match value {
            Value::String(_) | Value::Number(_) => REDACTED.into(),
            Value::Array(items) => items.iter().map(hidden).collect(),
            Value::Object(map) => {
                Value::Object(map.iter().map(|(name, item)| (name.clone(), hidden(item))).collect())
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), "[a-c]{1,3}".prop_map(Value::from), (0..9).prop_map(Value::from)];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn in_a_text_only_the_marks_change() {
        let old = "{ b: 0x10, a: { t: \"it's \\u0041\" } }";
        let raw = format!("\u{feff}{{ // mine\n  a: {{ t: '{REDACTED}', }}, // end\n}}");
        let expected = "\u{feff}{ // mine\n  a: { t: \"it's \\u0041\", }, // end\n}";
        assert_eq!(adopt_text(&raw, old).unwrap(), expected);
        assert_eq!(adopt_text("{a: ", old).unwrap(), "{a: ");
        assert!(adopt_text(&format!("{{b: {{c: '{REDACTED}'}}}}"), old).is_err());
    }

    #[test]
    fn patches_merge_as_rfc_7386_says() {
        let rows = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (value, patch, expected) in rows {
            assert_eq!(merge_patch(&value, &patch), expected);
        }
    }
}
