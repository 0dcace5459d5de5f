//! The schema of a function's parameters. Source: Gemini API reference, "Schema".

use serde_json::Value;

use super::reader::{At, Check, Violation};

const FIELDS: &[&str] = &[
    "type",
    "format",
    "description",
    "nullable",
    "enum",
    "properties",
    "required",
    "items",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "anyOf",
];

/// Checks a schema and everything in it.
///
/// # Errors
/// It says something that the subset cannot say.
pub fn gemini_schema(schema: &Value) -> Result<(), Violation> {
    check(&At::root(schema))
}

pub(super) fn check(schema: &At<'_>) -> Check {
    schema.fields(&[], FIELDS)?;
    if let Some(text) = schema.get("description") {
        text.text()?;
    }
    if let Some(any_of) = schema.get("anyOf") {
        schema.must(schema.get("type").is_none(), "type beside anyOf")?;
        return any_of.members()?.iter().try_for_each(check);
    }
    let kind = schema.need("type")?;
    match kind.one_of(&["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"])? {
        "ARRAY" => check(&schema.need("items")?)?,
        "OBJECT" => object(schema)?,
        "STRING" => string(schema)?,
        _ => schema.must(schema.get("enum").is_none(), "enum belongs to strings")?,
    }
    for count in ["minItems", "maxItems", "minLength", "maxLength"] {
        if let Some(count) = schema.get(count) {
            count.integer(0)?;
        }
    }
    Ok(())
}

fn object(schema: &At<'_>) -> Check {
    let Some(properties) = schema.get("properties") else {
        return schema.must(schema.get("required").is_none(), "required without properties");
    };
    let map = properties.value.as_object().ok_or_else(|| properties.fail("is no object"))?;
    properties.must(!map.is_empty(), "is empty")?;
    for name in map.keys() {
        check(&properties.need(name)?)?;
    }
    for name in schema.get("required").map(|at| at.members()).transpose()?.unwrap_or_default() {
        name.must(map.contains_key(name.text()?), "is no property")?;
    }
    Ok(())
}

fn string(schema: &At<'_>) -> Check {
    if let Some(format) = schema.get("format") {
        format.one_of(&["enum", "date-time"])?;
    }
    for value in schema.get("enum").map(|at| at.members()).transpose()?.unwrap_or_default() {
        value.must(!value.text()?.is_empty(), "is empty")?;
    }
    Ok(())
}
