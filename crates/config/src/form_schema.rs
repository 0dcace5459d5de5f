//! The JSON Schema as forms can draw it: the release's Control UI shows a field for a shape, not for a choice of shapes.
//! What a form cannot write stays possible in the text, and the check knows the exact shapes.

use serde_json::{Map as JsonMap, Value, json};

use crate::hints::ui_hints;
use crate::schema::config_schema;

/// Keys that are taken and mean nothing: no form needs them.
const IGNORED: [&str; 1] = ["bridge"];

/// The schema for `config.schema`.
#[must_use]
pub fn form_schema() -> Value {
    let mut schema = config_schema();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !IGNORED.contains(&name.as_str()));
    }
    simplify(&mut schema);
    schema
}

/// The hints for `config.schema`: the release's Control UI looks keys of list elements up without the brackets, so each
/// such hint stands under both paths.
#[must_use]
pub fn form_hints() -> JsonMap<String, Value> {
    let mut hints = ui_hints();
    let elements = hints.iter().filter(|(path, _)| path.contains("[]"));
    let bare: Vec<_> = elements.map(|(path, hint)| (path.replace("[]", ""), hint.clone())).collect();
    for (path, hint) in bare {
        hints.entry(path).or_insert(hint);
    }
    hints
}

/// Replaces choices between shapes, and shapes that may be anything, all the way down.
fn simplify(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(Value::Array(branches)) = object.get("anyOf").cloned()
        && let Some(one) = drawable(&branches)
    {
        object.shift_remove("anyOf");
        object.extend(one);
    }
    let says_shape = ["type", "anyOf", "enum"].iter().any(|word| object.contains_key(*word));
    if !says_shape {
        object.insert("type".to_owned(), "object".into());
        object.insert("additionalProperties".to_owned(), json!({}));
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.values_mut().for_each(simplify);
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(inner).filter(|inner| inner.is_object()) {
            simplify_element(inner);
        }
    }
}

/// An element of a list or a map: one that may have several shapes, or any, is drawn as a box for JSON.
fn simplify_element(schema: &mut Value) {
    let has_any = |schema: &Value| schema.get("type").is_none() && schema.get("enum").is_none();
    if has_any(schema) && !is_scalar_choice(schema) {
        *schema = json!({});
    } else {
        simplify(schema);
    }
}

/// Whether it is a choice between text and numbers only, which forms draw as text.
fn is_scalar_choice(schema: &Value) -> bool {
    let branches = schema.get("anyOf").and_then(Value::as_array);
    let is_scalar = |branch: &Value| matches!(branch["type"].as_str(), Some("string" | "number" | "integer"));
    branches.is_some_and(|branches| branches.iter().all(is_scalar))
}

/// The one shape that a choice is drawn as; `None` to leave it as it is.
fn drawable(branches: &[Value]) -> Option<JsonMap<String, Value>> {
    let of_type = |name: &str| branches.iter().find(|branch| branch["type"] == name);
    if let Some(one) = of_type("object").or_else(|| of_type("array")) {
        return one.as_object().cloned();
    }
    of_type("boolean")?;
    let words = branches.iter().filter_map(|branch| branch["enum"].as_array()).flatten().cloned();
    let all: Vec<Value> = words.chain([json!(true), json!(false)]).collect();
    Some(JsonMap::from_iter([("enum".to_owned(), Value::Array(all))]))
}

#[cfg(test)]
mod tests {
    use super::{form_hints, form_schema};
    use serde_json::{Value, json};

    #[test]
    fn every_shape_can_be_drawn() {
        let schema = form_schema();
        assert!(schema["properties"]["bridge"].is_null());
        let key = |path: &str| schema["properties"].pointer(path).cloned().unwrap_or_default();
        assert_eq!(key("/agents/properties/defaults/properties/model")["type"], "object");
        assert_eq!(key("/commands/properties/native")["enum"], json!(["auto", true, false]));
        assert_eq!(key("/channels/properties/matrix")["type"], "object");
        assert!(key("/agents/properties/defaults/properties/model")["description"].is_string());
        check(&schema, "");
        assert_eq!(form_hints()["agents.list.name"], form_hints()["agents.list[].name"]);
    }

    fn check(schema: &Value, path: &str) {
        for branch in schema["anyOf"].as_array().into_iter().flatten() {
            let kind = branch["type"].as_str();
            assert!(!matches!(kind, Some("object" | "array")), "{path}: {schema}");
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            assert!(["type", "anyOf", "enum"].iter().any(|word| !inner[*word].is_null()), "{path}.{name}");
            check(inner, &format!("{path}.{name}"));
        }
        for inner in ["items", "additionalProperties"] {
            if schema[inner].is_object() {
                check(&schema[inner], &format!("{path}.{inner}"));
            }
        }
    }
}
