//! One change, and what it does to a value.

use serde_json::{Map as JsonMap, Value};

use crate::check::type_name;
use crate::key_path::{KeyPath, Step};
use crate::text;

/// One change of a configuration as it is written: `${NAME}` not expanded, included files merged in.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Puts a value at a path. Objects that are missing on the way are made; the position behind the last one of a list
    /// appends.
    Set {
        /// Where.
        path: KeyPath,
        /// What.
        value: Value,
    },
    /// Puts a value into a list; those from the position on move up by one.
    Insert {
        /// Where; the last step is a position.
        path: KeyPath,
        /// What.
        value: Value,
    },
    /// Takes a key out of its object, or an element out of its list.
    Remove {
        /// Where.
        path: KeyPath,
    },
    /// Takes a value from one path to another one where nothing is yet. Its text stays as it is written.
    Move {
        /// From here.
        from: KeyPath,
        /// To here.
        to: KeyPath,
    },
}

/// Why a change does not fit the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// A step leads into something that has no such steps.
    #[error("{at} holds {found}, so nothing can be put at {path}")]
    NotThere {
        /// Where the change wants to go.
        path: KeyPath,
        /// Where it cannot go on.
        at: KeyPath,
        /// The JSON type found there.
        found: &'static str,
    },
    /// A position behind the end of a list.
    #[error("{path}: the list has {len} elements")]
    BeyondEnd {
        /// The path.
        path: KeyPath,
        /// The elements of the list.
        len: usize,
    },
    /// There is nothing to remove or to move.
    #[error("{path} is not set")]
    Missing {
        /// The path.
        path: KeyPath,
    },
    /// A value is in the way of a move.
    #[error("{path} is set already")]
    Taken {
        /// The path.
        path: KeyPath,
    },
    /// The whole file cannot be removed or moved.
    #[error("the whole configuration cannot be removed; name a key")]
    Root,
}

impl Change {
    /// Where it happens; for a move, where it leads.
    #[must_use]
    pub fn path(&self) -> &KeyPath {
        match self {
            Self::Set { path, .. } | Self::Insert { path, .. } | Self::Remove { path } => path,
            Self::Move { to, .. } => to,
        }
    }

    /// The change with its numbers as they are read back from a file: `1.0` is `1`.
    pub(super) fn normal(&self) -> Self {
        match self {
            Self::Set { path, value } => Self::Set { path: path.clone(), value: normal(value) },
            Self::Insert { path, value } => Self::Insert { path: path.clone(), value: normal(value) },
            Self::Remove { .. } | Self::Move { .. } => self.clone(),
        }
    }

    /// Does it to a value.
    ///
    /// # Errors
    /// The change does not fit; the value is then as it was.
    pub fn apply(&self, value: &mut Value) -> Result<(), ChangeError> {
        match self {
            Self::Set { path, value: new } => {
                *slot(value, path)? = new.clone();
                Ok(())
            }
            Self::Insert { path, value: new } => {
                let Some((Step::Index(index), steps)) = path.steps().split_last() else {
                    return Err(ChangeError::Root);
                };
                let list = KeyPath::from(steps);
                match list.find_mut(value) {
                    Some(Value::Array(items)) if *index <= items.len() => {
                        items.insert(*index, new.clone());
                        Ok(())
                    }
                    Some(Value::Array(items)) => {
                        Err(ChangeError::BeyondEnd { path: path.clone(), len: items.len() })
                    }
                    Some(other) => Err(not_there(path, list.clone(), other)),
                    None => Err(ChangeError::Missing { path: list }),
                }
            }
            Self::Remove { path } => take(value, path).map(drop),
            Self::Move { from, to } => {
                if to.find(value).is_some() {
                    return Err(ChangeError::Taken { path: to.clone() });
                }
                let place = place_in(value, from)?;
                let taken = take(value, from)?;
                match slot(value, to) {
                    Ok(slot) => {
                        *slot = taken;
                        Ok(())
                    }
                    Err(error) => {
                        // Back where it was: a copy of the whole value for every move would make many moves slow.
                        put_back(value, from, place, taken);
                        Err(error)
                    }
                }
            }
        }
    }
}

fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            text::number(&number.to_string()).map_or_else(|| value.clone(), Value::Number)
        }
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(object) => {
            Value::Object(object.iter().map(|(name, value)| (name.clone(), normal(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

fn not_there(path: &KeyPath, at: KeyPath, found: &Value) -> ChangeError {
    ChangeError::NotThere { path: path.clone(), at, found: type_name(found) }
}

/// The place of a value, made if it is missing.
fn slot<'v>(root: &'v mut Value, path: &KeyPath) -> Result<&'v mut Value, ChangeError> {
    reachable(root, path)?;
    let mut value = root;
    for step in path.steps() {
        value = match step {
            Step::Key(name) => {
                if !value.is_object() {
                    *value = Value::Object(JsonMap::new());
                }
                let Value::Object(object) = value else { return Err(ChangeError::Root) };
                object.entry(name.clone()).or_insert(Value::Null)
            }
            Step::Index(index) => {
                let Value::Array(items) = value else { return Err(ChangeError::Root) };
                if *index == items.len() {
                    items.push(Value::Null);
                }
                &mut items[*index]
            }
        };
    }
    Ok(value)
}

/// Whether every step of the path leads somewhere, so that making the rest cannot fail half-way.
fn reachable(root: &Value, path: &KeyPath) -> Result<(), ChangeError> {
    let mut at = Some(root);
    for (position, step) in path.steps().iter().enumerate() {
        let here = || KeyPath::from(&path.steps()[..position]);
        at = match (step, at) {
            (Step::Key(name), Some(Value::Object(object))) => object.get(name),
            (Step::Index(index), Some(Value::Array(items))) if *index <= items.len() => items.get(*index),
            (Step::Index(_), Some(Value::Array(items))) => {
                return Err(ChangeError::BeyondEnd { path: path.clone(), len: items.len() });
            }
            (Step::Key(_), None) => None,
            (Step::Index(_), None) => return Err(ChangeError::Missing { path: here() }),
            (_, Some(other)) => return Err(not_there(path, here(), other)),
        };
    }
    Ok(())
}

/// The position of a value in its object or list.
fn place_in(root: &Value, path: &KeyPath) -> Result<usize, ChangeError> {
    let missing = || ChangeError::Missing { path: path.clone() };
    let (last, steps) = path.steps().split_last().ok_or(ChangeError::Root)?;
    match (last, KeyPath::from(steps).find(root)) {
        (Step::Key(name), Some(Value::Object(object))) => {
            object.keys().position(|key| key == name).ok_or_else(missing)
        }
        (Step::Index(index), Some(Value::Array(items))) if *index < items.len() => Ok(*index),
        _ => Err(missing()),
    }
}

/// Puts a value back where [`take`] has taken it from.
fn put_back(root: &mut Value, path: &KeyPath, place: usize, value: Value) {
    let Some((last, steps)) = path.steps().split_last() else { return };
    match (last, KeyPath::from(steps).find_mut(root)) {
        (Step::Key(name), Some(Value::Object(object))) => {
            object.shift_insert(place, name.clone(), value);
        }
        (Step::Index(_), Some(Value::Array(items))) => items.insert(place, value),
        _ => {} // it has just been there
    }
}

fn take(root: &mut Value, path: &KeyPath) -> Result<Value, ChangeError> {
    let missing = || ChangeError::Missing { path: path.clone() };
    let (last, steps) = path.steps().split_last().ok_or(ChangeError::Root)?;
    match (last, KeyPath::from(steps).find_mut(root).ok_or_else(missing)?) {
        // `shift_remove` keeps the order of the other keys.
        (Step::Key(name), Value::Object(object)) => object.shift_remove(name).ok_or_else(missing),
        (Step::Index(index), Value::Array(items)) if *index < items.len() => Ok(items.remove(*index)),
        _ => Err(missing()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, ChangeError};
    use crate::key_path::KeyPath;
    use serde_json::{Value, json};

    fn path(text: &str) -> KeyPath {
        text.parse().unwrap()
    }

    fn set(at: &str, value: Value) -> Change {
        Change::Set { path: path(at), value }
    }

    #[test]
    fn changes_do_what_they_say() {
        let before = json!({"a": {"b": [1, 2]}, "c": "x"});
        let rows = [
            (set("a.b[1]", json!(3)), json!({"a": {"b": [1, 3]}, "c": "x"})),
            (set("a.b[2]", json!(3)), json!({"a": {"b": [1, 2, 3]}, "c": "x"})),
            (set("d.e.f", json!(true)), json!({"a": {"b": [1, 2]}, "c": "x", "d": {"e": {"f": true}}})),
            (set("", json!({})), json!({})),
            (
                Change::Insert { path: path("a.b[0]"), value: json!(0) },
                json!({"a": {"b": [0, 1, 2]}, "c": "x"}),
            ),
            (Change::Remove { path: path("a.b[0]") }, json!({"a": {"b": [2]}, "c": "x"})),
            (Change::Remove { path: path("a") }, json!({"c": "x"})),
            (Change::Move { from: path("c"), to: path("a.d") }, json!({"a": {"b": [1, 2], "d": "x"}})),
        ];
        for (change, after) in rows {
            let mut value = before.clone();
            assert_eq!(change.apply(&mut value), Ok(()), "{change:?}");
            assert_eq!(value, after, "{change:?}");
        }
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let before = json!({"a": {"b": [1, 2]}, "c": "x"});
        let missing = |at: &str| ChangeError::Missing { path: path(at) };
        let rows = [
            (set("a.b[4]", json!(3)), ChangeError::BeyondEnd { path: path("a.b[4]"), len: 2 }),
            (
                set("c.d", json!(3)),
                ChangeError::NotThere { path: path("c.d"), at: path("c"), found: "a string" },
            ),
            (set("x[0]", json!(3)), missing("x")),
            (Change::Remove { path: path("a.x") }, missing("a.x")),
            (Change::Remove { path: KeyPath::default() }, ChangeError::Root),
            (Change::Move { from: path("c"), to: path("a") }, ChangeError::Taken { path: path("a") }),
            (Change::Move { from: path("x"), to: path("y") }, missing("x")),
            (
                Change::Move { from: path("a"), to: path("c.d") },
                ChangeError::NotThere { path: path("c.d"), at: path("c"), found: "a string" },
            ),
        ];
        for (change, error) in rows {
            let mut value = before.clone();
            assert_eq!(change.apply(&mut value), Err(error), "{change:?}");
            assert_eq!(value, before, "{change:?}");
        }
    }
}
