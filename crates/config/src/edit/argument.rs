//! A value that a person types behind a key: what it means follows from what the key is declared to be.

use serde_json::{Value, json};

use crate::check::accepts;
use crate::include::Drafts;
use crate::key_path::KeyPath;
use crate::keys::root;
use crate::problem::{Problem, ProblemKind};
use crate::reader::{Origin, read_tree};
use crate::spec::{Kind, kinds_at};

/// Why a typed value cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// It is meant as JSON5 and is none, or holds what no value can; where, and what to do.
    #[error("{0}")]
    Unreadable(Box<Problem>),
    /// It includes files.
    #[error("files are included by editing the file, not by setting a value")]
    Include,
}

/// Reads a typed value: `8080` is a number for a port and a text for a token; words are a text.
///
/// # Errors
/// It begins like an object or a list, or is a number that cannot be kept, and the key takes more than texts.
pub fn typed_value(path: &KeyPath, text: &str) -> Result<Value, ValueError> {
    let kinds = kinds_at(root(), path.steps());
    let fits = |value: &Value| kinds.iter().any(|kind| accepts(kind, value));
    let is_free = kinds.iter().any(|kind| matches!(kind, Kind::Any | Kind::Sealed));
    let as_text = Value::from(text);
    let reading = read_tree(text, Origin::Text("the value"), &Drafts::new());
    let value = reading.tree.map(|tree| tree.root.to_value());
    match (value, reading.problems.into_iter().next()) {
        // The quotes of `"8080"` are the shell's business when the key takes a text anyway.
        (Some(value), None) if !value.is_string() && !is_free && !fits(&value) && fits(&as_text) => {
            Ok(as_text)
        }
        (Some(value), None) => Ok(value),
        (_, Some(problem)) => {
            let takes_only_texts =
                !is_free && fits(&as_text) && ![json!({}), json!([]), json!(0), json!(0.5)].iter().any(fits);
            let is_meant = text.trim_start().starts_with(['{', '[']) || is_a_number(&problem, text);
            if takes_only_texts || !is_meant {
                Ok(as_text)
            } else if matches!(problem.kind, ProblemKind::Include(_)) {
                Err(ValueError::Include)
            } else {
                Err(ValueError::Unreadable(problem.into()))
            }
        }
        (None, None) => Ok(as_text),
    }
}

/// Whether the text is a number, though none that can be kept.
fn is_a_number(problem: &Problem, text: &str) -> bool {
    matches!(problem.kind, ProblemKind::BadNumber) && text.contains(|c: char| c.is_ascii_digit())
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
            ("agents.defaults.workspace", "{notes", json!("{notes")),
            ("gateway.auth.token", "{1e400", json!("{1e400")),
            ("gateway.auth.token", "1e400", json!("1e400")),
            ("no.such.key", "some words", json!("some words")),
        ] {
            assert_eq!(typed_value(&path.parse().unwrap(), text).as_ref(), Ok(&expected), "{path} {text}");
        }
    }

    #[test]
    fn what_is_meant_as_a_structure_is_none_by_mistake_and_told() {
        for (path, text, said) in [
            ("agents.list", "[{id: 'main'}", "the value:1:1"),
            (
                "agents.defaults.model",
                "{primary: 'a/b'",
                "the value:1:1: syntax: this object is never closed",
            ),
            ("gateway", "{port: 1 mode: 'local'}", "the value:1:9: syntax: a comma is missing"),
            ("no.such.key", "{a", "the value:1:"),
            ("gateway.port", "1e400", "the value:1:1"),
            ("agents", "{ $include: './agents.json5' }", "files are included by editing the file"),
        ] {
            let error = typed_value(&path.parse().unwrap(), text).unwrap_err().to_string();
            assert!(error.starts_with(said), "{path} {text}: {error}");
        }
    }
}
