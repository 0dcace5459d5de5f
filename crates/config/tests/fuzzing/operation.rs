//! What a case does to a configuration, written so that a person can write it too.

use openclaw_config::{Change, KeyPath, typed_value};
use serde_json::Value;

/// Paths of a value that an operation can point at.
const MAX_PATHS: usize = 2000;

/// One operation.
#[derive(Debug)]
pub(crate) enum Operation {
    /// `set PATH = JSON5`, `insert PATH = JSON5`, `remove PATH`, `move PATH to PATH`.
    Change(Change),
    /// `document TEXT`.
    Document(String),
    /// `patch TEXT`.
    Patch(String),
}

impl Operation {
    /// Reads an operation on a value; `None` if the text is none. In a path `#12` is the path of the 13th value below
    /// the root, so that a fuzzer that knows no names hits some.
    pub(crate) fn read(text: &str, value: &Value) -> Option<Self> {
        let (word, rest) = text.split_once([' ', '\n'])?;
        let path = |text: &str| read_path(text.trim(), value);
        match word {
            "document" => Some(Self::Document(rest.to_owned())),
            "patch" => Some(Self::Patch(rest.to_owned())),
            "remove" => Some(Self::Change(Change::Remove { path: path(rest)? })),
            "move" => {
                let (from, to) = rest.split_once(" to ")?;
                Some(Self::Change(Change::Move { from: path(from)?, to: path(to)? }))
            }
            "set" | "insert" => {
                let (at, new) = rest.split_once('=')?;
                let path = path(at)?;
                let value = typed_value(&path, new.trim_start()).ok()?; // no value: no operation
                let change =
                    if word == "set" { Change::Set { path, value } } else { Change::Insert { path, value } };
                Some(Self::Change(change))
            }
            _ => None,
        }
    }
}

fn read_path(text: &str, value: &Value) -> Option<KeyPath> {
    let Some(pointer) = text.strip_prefix('#') else { return text.parse().ok() }; // no path: no operation
    let end = pointer.find(|c: char| !c.is_ascii_digit()).unwrap_or(pointer.len());
    let (digits, more) = pointer.split_at(end);
    let mut paths = Vec::new();
    collect(value, &KeyPath::default(), &mut paths);
    let number: usize = digits.parse().unwrap_or(0);
    let base = paths.get(number % paths.len().max(1)).cloned().unwrap_or_default();
    format!("{base}{more}").parse().ok() // no path: no operation
}

fn collect(value: &Value, at: &KeyPath, paths: &mut Vec<KeyPath>) {
    if paths.len() >= MAX_PATHS {
        return;
    }
    if !at.is_root() {
        paths.push(at.clone());
    }
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| collect(item, &at.index(index), paths));
        }
        Value::Object(object) => {
            object.iter().for_each(|(name, item)| collect(item, &at.key(name), paths));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
