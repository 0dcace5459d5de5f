//! A value that a person types behind a key: what it means follows from what the key is declared to be.

use serde_json::Value;

use crate::check::accepts;
use crate::include::Drafts;
use crate::key_path::KeyPath;
use crate::keys::root;
use crate::reader::{Origin, read_tree};
use crate::spec::{Kind, kinds_at};

/// Reads a typed value: `8080` is a number for a port and a text for a token; what is not JSON5 is a text.
#[must_use]
pub fn typed_value(path: &KeyPath, text: &str) -> Value {
    let reading = read_tree(text, Origin::Text("the value"), &Drafts::new());
    let value = reading.tree.filter(|_| reading.problems.is_empty()).map(|tree| tree.root.to_value());
    let Some(value) = value else { return text.into() };
    let kinds = kinds_at(root(), path.steps());
    let fits = |value: &Value| kinds.iter().any(|kind| accepts(kind, value));
    let is_free = kinds.iter().any(|kind| matches!(kind, Kind::Any | Kind::Sealed));
    let as_text = Value::from(text);
    // The quotes of `"8080"` are the shell's business when the key takes a text anyway.
    if !value.is_string() && !is_free && !fits(&value) && fits(&as_text) { as_text } else { value }
}

#[cfg(test)]
mod tests {
    use super::typed_value;
    use serde_json::json;

    #[test]
    fn the_declaration_decides_what_is_meant() {
        for (path, text, expected) in [
            ("gateway.port", "8080", json!(8080)),
            ("gateway.auth.token", "8080", json!("8080")),
            ("gateway.auth.token", "true", json!("true")),
            ("gateway.mode", "local", json!("local")),
            ("gateway.mode", "'local'", json!("local")),
            ("agents.list", "[{id: 'main'}]", json!([{"id": "main"}])),
            ("agents.list[0].model", "a/b", json!("a/b")),
            ("no.such.key", "1", json!(1)),
            ("agents.defaults.workspace", "~/{notes", json!("~/{notes")),
        ] {
            assert_eq!(typed_value(&path.parse().unwrap(), text), expected, "{path} {text}");
        }
    }
}
