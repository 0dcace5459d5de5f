//! A configuration that comes back from a client that saw it redacted: marks become the values they stand for again,
//! and `${NAME}` stays where a client wrote what it stands for (S-113).

use serde_json::Value;

use super::error::EditError;
use super::style::Style;
use crate::env::Env;
use crate::key_path::KeyPath;
use crate::redact::REDACTED;
use crate::substitute::expanded;
use crate::text::{parse, without_bom};

/// Puts into `new` what the marks in it stand for in `old`. In lists an element with an `id` takes from the one with
/// the same id, any other from the one at its position if the list is as long as it was.
///
/// # Errors
/// [`EditError::NothingHidden`] for a mark without such a value.
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
            let len = items.len();
            for (index, item) in items.iter_mut().enumerate() {
                let old = counterpart(item, index, len, olds);
                adopt_at(item, old, env, &path.index(index))?;
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

fn counterpart<'v>(item: &Value, index: usize, len: usize, olds: &'v [Value]) -> Option<&'v Value> {
    match item.get("id") {
        Some(id) => olds.iter().find(|old| old.get("id") == Some(id)),
        None => olds.get(index).filter(|_| len == olds.len()),
    }
}

/// The text of a configuration with its marks replaced, comments and layout kept. A text that is not JSON5 is returned
/// as it is: whoever reads it says what is wrong with it.
///
/// # Errors
/// [`EditError::NothingHidden`] for a mark without a value.
pub(super) fn adopt_text(raw: &str, old: &Value) -> Result<String, EditError> {
    let body = without_bom(raw);
    let Ok(tree) = parse(body) else { return Ok(raw.to_owned()) };
    let mut value = Value::from(tree.clone());
    adopt(&mut value, old, &Env::default())?;
    let style = Style::of(body, &tree);
    let mut marks = Vec::new();
    collect_marks(&tree, &value, &style, &mut marks);
    Ok(format!("{}{}", &raw[..raw.len() - body.len()], super::splice::apply(body, &marks)))
}

fn collect_marks(
    node: &jsonc_parser::ast::Value<'_>,
    value: &Value,
    style: &Style,
    marks: &mut Vec<super::splice::Splice>,
) {
    use jsonc_parser::ast;
    use jsonc_parser::common::Ranged as _;
    match node {
        ast::Value::StringLit(text) if text.value == REDACTED => {
            let span = super::layout::Span { start: node.start(), end: node.end() };
            marks.push(super::splice::Splice { span, text: style.value(value, "") });
        }
        ast::Value::Array(list) => {
            for (item, value) in list.elements.iter().zip(value.as_array().into_iter().flatten()) {
                collect_marks(item, value, style, marks);
            }
        }
        ast::Value::Object(object) => {
            for property in &object.properties {
                if let Some(value) = value.get(property.name.as_str()) {
                    collect_marks(&property.value, value, style, marks);
                }
            }
        }
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => {}
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
    fn in_a_text_only_the_marks_change() {
        let old = json!({"a": {"t": "it's"}});
        let raw = format!("\u{feff}{{ // mine\n  a: {{ t: '{REDACTED}', }}, // end\n}}");
        let expected = "\u{feff}{ // mine\n  a: { t: 'it\\'s', }, // end\n}";
        assert_eq!(adopt_text(&raw, &old).unwrap(), expected);
        assert_eq!(adopt_text("{a: ", &old).unwrap(), "{a: ");
        assert!(adopt_text(&format!("{{b: '{REDACTED}'}}"), &old).is_err());
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
