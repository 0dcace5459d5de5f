//! JSON Schema from the descriptor tables, for `config.schema`.

use serde_json::{Map as JsonMap, Value, json};

use crate::keys::{root, spec};
use crate::spec::{Form, Key, Kind, Limits, SectionSpec};

/// The JSON Schema (draft-07) of the whole file.
#[must_use]
pub fn config_schema() -> Value {
    let mut schema = object_schema(spec());
    schema.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("title".to_owned(), "openclaw.json".into());
    Value::Object(schema)
}

fn kind_schema(kind: &Kind, limits: Limits) -> JsonMap<String, Value> {
    match kind {
        Kind::Bool => typed("boolean"),
        Kind::Integer { max } => {
            let mut schema = typed("integer");
            schema.insert("minimum".to_owned(), whole(limits.min.unwrap_or(0.0)));
            schema.insert("maximum".to_owned(), limits.max.map_or_else(|| json!(max), whole));
            schema
        }
        Kind::Number => {
            let mut schema = typed("number");
            let bounds =
                [("minimum", limits.min), ("exclusiveMinimum", limits.above), ("maximum", limits.max)];
            schema.extend(
                bounds.into_iter().filter_map(|(name, bound)| Some((name.to_owned(), whole(bound?)))),
            );
            schema
        }
        Kind::Text => text_schema(limits),
        Kind::Secret => typed("string"),
        Kind::Choice(names) => with(typed("string"), "enum", json!(names)),
        Kind::List(element) => with(typed("array"), "items", Value::Object(kind_schema(element, limits))),
        Kind::Map(element) => {
            with(typed("object"), "additionalProperties", Value::Object(kind_schema(element, limits)))
        }
        Kind::Object(section) => object_schema(section),
        Kind::OneOf(kinds) => {
            let any = kinds.iter().map(|kind| Value::Object(kind_schema(kind, limits))).collect();
            with(JsonMap::new(), "anyOf", any)
        }
        Kind::Any | Kind::Sealed => JsonMap::new(),
    }
}

fn typed(name: &str) -> JsonMap<String, Value> {
    with(JsonMap::new(), "type", name.into())
}

fn with(mut schema: JsonMap<String, Value>, name: &str, value: Value) -> JsonMap<String, Value> {
    schema.insert(name.to_owned(), value);
    schema
}

/// A bound as it is usually written: `1` and not `1.0`.
fn whole(bound: f64) -> Value {
    format!("{bound}").parse().unwrap_or_else(|_| json!(bound))
}

fn text_schema(limits: Limits) -> JsonMap<String, Value> {
    let mut schema = typed("string");
    let bounds = [("minLength", limits.min), ("maxLength", limits.max)];
    schema.extend(bounds.into_iter().filter_map(|(name, bound)| Some((name.to_owned(), whole(bound?)))));
    match limits.form {
        Some(Form::Color) => with(schema, "pattern", "^#?[0-9a-fA-F]{6}$".into()),
        Some(Form::Pattern) => with(schema, "format", "regex".into()),
        Some(Form::IndexFile) => with(schema, "pattern", r"^\s*$|\.(sqlite3?|db)\s*$".into()),
        None => schema,
    }
}

fn object_schema(section: &SectionSpec) -> JsonMap<String, Value> {
    let mut properties = JsonMap::new();
    let mut required = Vec::new();
    for key in section.all_keys() {
        properties.insert(key.name.to_owned(), Value::Object(key_schema(key)));
        if key.required {
            required.push(key.name);
        }
    }
    let rest = section
        .rest
        .map_or(Value::Bool(false), |rest| Value::Object(kind_schema(rest.kind, Limits::default())));
    let mut schema = with(typed("object"), "properties", Value::Object(properties));
    schema.insert("additionalProperties".to_owned(), rest);
    match required.is_empty() {
        true => schema,
        false => with(schema, "required", json!(required)),
    }
}

fn key_schema(key: &Key) -> JsonMap<String, Value> {
    let mut schema = with(kind_schema(&key.kind, key.limits), "description", key.help().into());
    if let Some(default) = key.default {
        schema.insert("default".to_owned(), default());
    }
    schema
}

/// Calls `visit` with the sections directly below a shape and the written path to their keys.
pub(crate) fn visit_sections(kind: &Kind, path: &str, visit: &mut impl FnMut(&'static SectionSpec, &str)) {
    match kind {
        Kind::Object(section) => visit(section, path),
        Kind::List(element) => visit_sections(element, &format!("{path}[]"), visit),
        Kind::Map(element) => visit_sections(element, &format!("{path}.*"), visit),
        Kind::OneOf(kinds) => kinds.iter().for_each(|kind| visit_sections(kind, path, visit)),
        Kind::Bool | Kind::Integer { .. } | Kind::Number | Kind::Text => {}
        Kind::Secret | Kind::Choice(_) | Kind::Any | Kind::Sealed => {}
    }
}

/// Every declared key with its written path, in declaration order, sections that are used twice listed twice.
pub fn declared_keys() -> Vec<(String, &'static Key)> {
    let mut keys = Vec::new();
    visit_sections(root(), "", &mut |section, _| collect(section, "", &mut keys));
    keys
}

fn collect(section: &'static SectionSpec, prefix: &str, keys: &mut Vec<(String, &'static Key)>) {
    for key in section.all_keys() {
        let path = format!("{prefix}{}", key.name);
        keys.push((path.clone(), key));
        visit_sections(&key.kind, &path, &mut |section, path| collect(section, &format!("{path}."), keys));
    }
}
