//! From JSON Schema to the subset that Gemini takes for the parameters of a function.
//!
//! Source: Gemini API reference, "Schema": a part of OpenAPI 3.0. Everything else is refused, so what it says is either
//! said in the subset or left out; the tool checks its arguments itself.

use std::cell::{Cell, RefCell};

use serde_json::{Map, Number, Value, json};

/// Deepest nesting that is kept; what lies deeper, or points back at itself, becomes a plain object.
const MAX_DEPTH: usize = 24;
/// Most schemas in one; references can multiply what they name.
const MAX_SCHEMAS: usize = 1_000;
/// Most alternatives of one `anyOf`.
const MAX_ALTERNATIVES: usize = 32;

/// The schema of a function's parameters, or nothing when it has none.
#[must_use]
pub fn reduce(schema: &Value) -> Option<Value> {
    let reducer =
        Reducer { root: schema, left: Cell::new(MAX_SCHEMAS), open: RefCell::new(vec![ROOT.to_owned()]) };
    let reduced = reducer.schema(schema, 0);
    let is_object = reduced["type"] == "OBJECT";
    let has_properties = reduced["properties"].as_object().is_some_and(|all| !all.is_empty());
    (is_object && has_properties).then_some(reduced)
}

/// The reference to the whole.
const ROOT: &str = "#";

struct Reducer<'a> {
    root: &'a Value,
    /// Schemas that may still be written.
    left: Cell<usize>,
    /// References that are being followed: what points back at itself has no end.
    open: RefCell<Vec<String>>,
}

/// What the words of a schema say about `type`.
enum Kind {
    One(&'static str),
    Several(Vec<&'static str>),
    Unsaid,
}

impl Reducer<'_> {
    fn schema(&self, schema: &Value, depth: usize) -> Value {
        let Some(fields) = schema.as_object() else { return json!({"type": "STRING"}) };
        let left = self.left.get();
        if depth > MAX_DEPTH || left == 0 {
            return json!({"type": "OBJECT"});
        }
        self.left.set(left - 1);
        if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
            return described(self.referred(target, depth), fields.get("description"));
        }
        let merged = merge_all_of(fields);
        let fields = merged.as_ref().unwrap_or(fields);
        if let Some(alternatives) = alternatives(fields) {
            return self.any_of(fields, &alternatives, depth);
        }
        match kind(fields) {
            Kind::One(name) => self.typed(fields, name, depth),
            Kind::Several(names) => {
                let each = names.iter().map(|name| self.typed(fields, name, depth + 1)).collect();
                described(with_nullable(join(each), fields), fields.get("description"))
            }
            Kind::Unsaid => self.typed(fields, guessed(fields), depth),
        }
    }

    fn referred(&self, target: &str, depth: usize) -> Value {
        let known = target.strip_prefix('#').and_then(|path| self.root.pointer(path));
        let Some(found) = known.filter(|_| !self.open.borrow().iter().any(|open| open == target)) else {
            return json!({"type": "OBJECT"});
        };
        self.open.borrow_mut().push(target.to_owned());
        let reduced = self.schema(found, depth + 1);
        self.open.borrow_mut().pop();
        reduced
    }

    fn any_of(&self, fields: &Map<String, Value>, alternatives: &[&Value], depth: usize) -> Value {
        let is_null = |schema: &&&Value| schema["type"] == "null";
        let nullable = alternatives.iter().any(|schema| is_null(&schema));
        let real = alternatives.iter().filter(|schema| !is_null(schema)).take(MAX_ALTERNATIVES);
        let mut joined = join(real.map(|schema| self.schema(schema, depth + 1)).collect());
        if nullable {
            joined["nullable"] = Value::Bool(true);
        }
        described(joined, fields.get("description"))
    }

    fn typed(&self, fields: &Map<String, Value>, name: &'static str, depth: usize) -> Value {
        let mut out = json!({"type": name});
        match name {
            "OBJECT" => self.object(fields, &mut out, depth),
            "ARRAY" => {
                out["items"] = self.items(fields, depth);
                counts(fields, &["minItems", "maxItems"], &mut out);
            }
            "STRING" => {
                string(fields, &mut out);
                counts(fields, &["minLength", "maxLength"], &mut out);
            }
            "NUMBER" | "INTEGER" => number(fields, name, &mut out),
            _ => {}
        }
        described(with_nullable(out, fields), fields.get("description"))
    }

    fn object(&self, fields: &Map<String, Value>, out: &mut Value, depth: usize) {
        let Some(properties) = fields.get("properties").and_then(Value::as_object) else { return };
        let reduced: Map<String, Value> =
            properties.iter().map(|(name, schema)| (name.clone(), self.schema(schema, depth + 1))).collect();
        let required: Vec<Value> = fields
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|name| name.as_str().is_some_and(|name| reduced.contains_key(name)))
            .cloned()
            .collect();
        if !reduced.is_empty() {
            out["properties"] = Value::Object(reduced);
        }
        if !required.is_empty() {
            out["required"] = Value::Array(required);
        }
    }

    /// `items` is required; a tuple becomes a list of any of its members.
    fn items(&self, fields: &Map<String, Value>, depth: usize) -> Value {
        let tuple = fields.get("prefixItems").or_else(|| fields.get("items")).and_then(Value::as_array);
        match (tuple, fields.get("items")) {
            (Some(members), _) => {
                let members = members.iter().take(MAX_ALTERNATIVES);
                join(members.map(|schema| self.schema(schema, depth + 1)).collect())
            }
            (None, Some(items)) => self.schema(items, depth + 1),
            (None, None) => json!({"type": "STRING"}),
        }
    }
}

/// `allOf` means all at once: fields of later members win, properties and requirements add up.
fn merge_all_of(fields: &Map<String, Value>) -> Option<Map<String, Value>> {
    let members = fields.get("allOf")?.as_array()?;
    let mut merged = fields.clone();
    merged.remove("allOf");
    for (name, value) in members.iter().filter_map(Value::as_object).flatten() {
        match (merged.get_mut(name), value) {
            (Some(Value::Object(have)), Value::Object(more)) => have.extend(more.clone()),
            (Some(Value::Array(have)), Value::Array(more)) if name == "required" => {
                have.extend(more.iter().cloned());
            }
            _ => drop(merged.insert(name.clone(), value.clone())),
        }
    }
    Some(merged)
}

fn alternatives(fields: &Map<String, Value>) -> Option<Vec<&Value>> {
    let all = fields.get("anyOf").or_else(|| fields.get("oneOf"))?.as_array()?;
    (!all.is_empty()).then(|| all.iter().collect())
}

fn kind(fields: &Map<String, Value>) -> Kind {
    let named = |value: &Value| match value.as_str()? {
        "object" => Some("OBJECT"),
        "array" => Some("ARRAY"),
        "string" => Some("STRING"),
        "number" => Some("NUMBER"),
        "integer" => Some("INTEGER"),
        "boolean" => Some("BOOLEAN"),
        _ => None,
    };
    match fields.get("type") {
        Some(Value::Array(names)) => {
            let mut names: Vec<_> = names.iter().filter_map(named).collect();
            match (names.pop(), names.is_empty()) {
                (None, _) => Kind::Unsaid,
                (Some(only), true) => Kind::One(only),
                (Some(last), false) => {
                    names.push(last);
                    Kind::Several(names)
                }
            }
        }
        Some(name) => named(name).map_or(Kind::Unsaid, Kind::One),
        None => Kind::Unsaid,
    }
}

/// The type that the other words are about.
fn guessed(fields: &Map<String, Value>) -> &'static str {
    let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
    if has(&["properties", "additionalProperties", "required"]) {
        "OBJECT"
    } else if has(&["items", "prefixItems"]) {
        "ARRAY"
    } else if has(&["minimum", "maximum"]) {
        "NUMBER"
    } else {
        "STRING"
    }
}

fn join(mut schemas: Vec<Value>) -> Value {
    match (schemas.pop(), schemas.is_empty()) {
        (None, _) => json!({"type": "STRING"}),
        (Some(only), true) => only,
        (Some(last), false) => {
            schemas.push(last);
            json!({"anyOf": schemas})
        }
    }
}

fn with_nullable(mut schema: Value, fields: &Map<String, Value>) -> Value {
    let in_types =
        fields.get("type").and_then(Value::as_array).is_some_and(|all| all.iter().any(|t| t == "null"));
    if in_types || fields.get("nullable") == Some(&Value::Bool(true)) {
        schema["nullable"] = Value::Bool(true);
    }
    schema
}

fn described(mut schema: Value, description: Option<&Value>) -> Value {
    let own = schema.get("description").and_then(Value::as_str);
    let text = match (description.and_then(Value::as_str), own) {
        // Values that `enum` may not hold stand in the description already.
        (Some(text), Some(own)) if own.starts_with("One of ") => Some(format!("{text} {own}")),
        (Some(text), _) => Some(text.to_owned()),
        (None, _) => None,
    };
    if let Some(text) = text {
        schema["description"] = Value::String(text);
    }
    schema
}

/// `enum` holds non-empty strings only, and `format` two words.
fn string(fields: &Map<String, Value>, out: &mut Value) {
    let values = values(fields);
    let words: Vec<&Value> =
        values.iter().copied().filter(|v| v.as_str().is_some_and(|v| !v.is_empty())).collect();
    if !words.is_empty() && words.len() == values.len() {
        out["enum"] = json!(words);
    } else if !values.is_empty() {
        out["description"] = one_of(&values);
    }
    if fields.get("format").is_some_and(|format| format == "date-time") {
        out["format"] = Value::from("date-time");
    }
}

fn number(fields: &Map<String, Value>, name: &str, out: &mut Value) {
    let values = values(fields);
    if !values.is_empty() {
        out["description"] = one_of(&values);
    }
    for bound in ["minimum", "maximum"] {
        if let Some(Value::Number(number)) = fields.get(bound) {
            out[bound] = Value::Number(number.clone());
        }
    }
    let formats: &[&str] = if name == "INTEGER" { &["int32", "int64"] } else { &["float", "double"] };
    let format = fields.get("format").and_then(Value::as_str);
    if let Some(format) = format.filter(|format| formats.contains(format)) {
        out["format"] = Value::from(format);
    }
}

fn values(fields: &Map<String, Value>) -> Vec<&Value> {
    let listed = fields.get("enum").and_then(Value::as_array);
    listed.map_or_else(|| fields.get("const").into_iter().collect(), |all| all.iter().collect())
}

fn one_of(values: &[&Value]) -> Value {
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    Value::String(format!("One of {}.", texts.join(", ")))
}

/// Bounds that are whole numbers.
fn counts(fields: &Map<String, Value>, names: &[&str], out: &mut Value) {
    for name in names {
        if let Some(count) = fields.get(*name).and_then(Value::as_u64) {
            out[*name] = Value::Number(Number::from(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reduce;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn what_the_subset_can_say_is_kept() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "path": {"type": "string", "description": "Where", "minLength": 1, "pattern": "^/"},
                "mode": {"enum": ["a", "b"], "default": "a"},
                "level": {"type": "integer", "enum": [1, 2], "description": "How much"},
                "only": {"const": "x"},
                "maybe": {"type": ["string", "null"]},
                "either": {"type": ["string", "number"]},
                "one": {"oneOf": [{"type": "string"}, {"type": "null"}]},
                "two": {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 0}]},
                "list": {"type": "array"},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}], "maxItems": 2},
                "free": {"type": "object", "additionalProperties": true},
                "when": {"type": "string", "format": "date-time"},
                "mail": {"type": "string", "format": "email"},
                "ref": {"$ref": "#/$defs/Node", "description": "A tree"},
                "all": {"allOf": [{"properties": {"x": {"type": "number"}}, "required": ["x"]}, {"required": ["y"]}]},
                "any": true
            },
            "required": ["path", "ghost"],
            "$defs": {"Node": {"type": "object", "properties": {"name": {"type": "string"}}}}
        });
        let expected = json!({
            "type": "OBJECT",
            "properties": {
                "path": {"type": "STRING", "minLength": 1, "description": "Where"},
                "mode": {"type": "STRING", "enum": ["a", "b"]},
                "level": {"type": "INTEGER", "description": "How much One of 1, 2."},
                "only": {"type": "STRING", "enum": ["x"]},
                "maybe": {"type": "STRING", "nullable": true},
                "either": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]},
                "one": {"type": "STRING", "nullable": true},
                "two": {"anyOf": [{"type": "STRING"}, {"type": "INTEGER", "minimum": 0}]},
                "list": {"type": "ARRAY", "items": {"type": "STRING"}},
                "pair": {"type": "ARRAY", "items": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]}, "maxItems": 2},
                "free": {"type": "OBJECT"},
                "when": {"type": "STRING", "format": "date-time"},
                "mail": {"type": "STRING"},
                "ref": {"type": "OBJECT", "properties": {"name": {"type": "STRING"}}, "description": "A tree"},
                "all": {"type": "OBJECT", "properties": {"x": {"type": "NUMBER"}}, "required": ["x"]},
                "any": {"type": "STRING"}
            },
            "required": ["path"]
        });
        assert_eq!(reduce(&schema).unwrap(), expected);
    }

    #[test]
    fn a_function_without_parameters_has_no_schema() {
        for schema in
            [json!({}), json!({"type": "object", "properties": {}}), json!(null), json!({"type": "string"})]
        {
            assert_eq!(reduce(&schema), None);
        }
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let tree = json!({"type": "object", "properties": {"next": {"$ref": "#"}, "lost": {"$ref": "#/no"}, "far": {"$ref": "x.json"}}});
        let reduced = reduce(&tree).unwrap();
        assert_eq!(reduced["properties"]["lost"], json!({"type": "OBJECT"}));
        assert!(reduced.to_string().len() < 10_000);
        // Each level names the next one twice: 2^40 schemas without a bound.
        let mut levels = serde_json::Map::new();
        for n in 0..40 {
            let next = json!({"$ref": format!("#/$defs/L{}", n + 1)});
            levels.insert(format!("L{n}"), json!({"type": "object", "properties": {"a": next, "b": next}}));
        }
        let wide = json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/L0"}}, "$defs": levels});
        assert!(reduce(&wide).unwrap().to_string().len() < 200_000);
    }

    fn any_schema() -> impl Strategy<Value = Value> {
        let word = prop_oneof![
            Just(json!("object")),
            Just(json!("array")),
            Just(json!("string")),
            Just(json!("null")),
            Just(json!(["integer", "null"])),
            Just(json!(7)),
            Just(json!("nothing"))
        ];
        let leaf = prop_oneof![
            Just(json!(true)),
            Just(json!({})),
            word.prop_map(|t| json!({"type": t})),
            Just(json!({"enum": ["", "a", 1]})),
            Just(json!({"$ref": "#"})),
            Just(json!({"const": null}))
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(|all| json!({"anyOf": all})),
                proptest::collection::vec(inner.clone(), 0..3).prop_map(|all| json!({"allOf": all})),
                inner.clone().prop_map(|one| json!({"type": "array", "items": one})),
                (inner.clone(), inner).prop_map(
                    |(a, b)| json!({"type": "object", "properties": {"a": a, "b": b}, "required": ["a", "z"]})
                ),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_schema_becomes_one_of_the_subset(schema in any_schema()) {
            if let Some(reduced) = reduce(&json!({"type": "object", "properties": {"x": schema}})) {
                prop_assert_eq!(openclaw_testkit::strict::gemini_schema(&reduced), Ok(()));
            }
        }
    }
}
