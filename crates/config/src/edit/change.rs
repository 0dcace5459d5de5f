//! One change, and what it does to a value.

use serde_json::{Map as JsonMap, Number, Value};

use crate::check::type_name;
use crate::include::INCLUDE;
use crate::key_path::{KeyPath, Step};
use crate::text;

/// Changes that one edit makes, those of single keys in a whole object counted. A configuration of the largest size has
/// fewer keys that differ; without a bound a client could keep the editor busy.
pub const MAX_CHANGES: usize = 20_000;
/// Lists and objects in each other in a changed value: what JSON readers take, and less than those of files do.
const MAX_DEPTH: usize = 128;

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
    /// A number that would be another one when it is read again.
    #[error(
        "{path} holds a number that is too large to be kept exactly; write it as a string, or a smaller one"
    )]
    Number {
        /// The value that holds it.
        path: KeyPath,
    },
    /// A value that includes files.
    #[error(
        "{path}: files are included by editing the file, not by changing a value; write \"{INCLUDE}\" there by hand"
    )]
    Include {
        /// The value.
        path: KeyPath,
    },
    /// A value of lists and objects in lists and objects.
    #[error("{path} holds lists and objects more than {MAX_DEPTH} deep in each other")]
    TooDeep {
        /// The value.
        path: KeyPath,
    },
    /// More than one edit makes.
    #[error("more than {MAX_CHANGES} changes at once; make them in portions, or edit the file by hand")]
    TooMany,
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

    /// Whether the change can be written at all. Nothing else looks at a value before that: it may be too deep for
    /// whoever goes down into it.
    pub(super) fn check(&self) -> Result<(), ChangeError> {
        match self {
            Self::Set { path, value } | Self::Insert { path, value } => {
                check_path(path)?;
                check_value(path, value)
            }
            Self::Remove { path } => check_path(path),
            Self::Move { from, to } => check_path(from).and_then(|()| check_path(to)),
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
                let taken = take(value, from)?;
                match slot(value, to) {
                    Ok(slot) => {
                        *slot = taken.value;
                        Ok(())
                    }
                    Err(error) => {
                        taken.put_back(value, from);
                        Err(error)
                    }
                }
            }
        }
    }
}

fn check_path(path: &KeyPath) -> Result<(), ChangeError> {
    if path.steps().len() > MAX_DEPTH {
        return Err(ChangeError::TooDeep { path: KeyPath::from(&path.steps()[..1]) });
    }
    if path.steps().iter().any(|step| step.as_key() == Some(INCLUDE)) {
        return Err(ChangeError::Include { path: path.clone() });
    }
    Ok(())
}

fn check_value(path: &KeyPath, value: &Value) -> Result<(), ChangeError> {
    let mut open = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        if depth > MAX_DEPTH {
            return Err(ChangeError::TooDeep { path: path.clone() });
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(object) if object.contains_key(INCLUDE) => {
                return Err(ChangeError::Include { path: path.clone() });
            }
            Value::Object(object) => open.extend(object.values().map(|item| (item, depth + 1))),
            Value::Number(number) if !is_kept(number) => {
                return Err(ChangeError::Number { path: path.clone() });
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    Ok(())
}

/// Whether a number is the same when its text is read.
fn is_kept(number: &Number) -> bool {
    text::number(&number.to_string()).is_some_and(|read| match number.as_u64() {
        Some(whole) => read.as_u64() == Some(whole),
        None => read.as_f64() == number.as_f64(),
    })
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

/// A value that was taken out, and its position.
struct Taken {
    value: Value,
    position: usize,
}

impl Taken {
    fn put_back(self, root: &mut Value, path: &KeyPath) {
        let Some((last, steps)) = path.steps().split_last() else { return };
        match (last, KeyPath::from(steps).find_mut(root)) {
            (Step::Key(name), Some(Value::Object(object))) => {
                object.shift_insert(self.position, name.clone(), self.value);
            }
            (Step::Index(_), Some(Value::Array(items))) => items.insert(self.position, self.value),
            _ => {} // it was taken from there
        }
    }
}

fn take(root: &mut Value, path: &KeyPath) -> Result<Taken, ChangeError> {
    let missing = || ChangeError::Missing { path: path.clone() };
    let (last, steps) = path.steps().split_last().ok_or(ChangeError::Root)?;
    match (last, KeyPath::from(steps).find_mut(root).ok_or_else(missing)?) {
        (Step::Key(name), Value::Object(object)) => {
            let position = object.keys().position(|key| key == name).ok_or_else(missing)?;
            // `shift_remove` keeps the order of the other keys.
            object.shift_remove(name).map(|value| Taken { value, position }).ok_or_else(missing)
        }
        (Step::Index(index), Value::Array(items)) if *index < items.len() => {
            Ok(Taken { value: items.remove(*index), position: *index })
        }
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
