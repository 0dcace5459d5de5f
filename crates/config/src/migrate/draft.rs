//! One migration while it is worked out: applied to a copy, and given up as a whole where a value is in its way.

use serde_json::{Map as JsonMap, Value};

use super::plan::{Migration, Obstacle};
use super::renames::is_declared;
use crate::edit::Change;
use crate::key_path::KeyPath;

/// A path of plain keys.
pub(super) fn at(names: &[&str]) -> KeyPath {
    names.iter().fold(KeyPath::default(), |path, name| path.key(name))
}

/// The path above.
pub(super) fn above(path: &KeyPath) -> Option<KeyPath> {
    path.steps().split_last().map(|(_, steps)| KeyPath::from(steps))
}

/// What became of a draft.
pub(super) enum Outcome {
    /// There was nothing to do.
    Nothing,
    /// The migration.
    Done(Migration),
    /// Something is in the way.
    Blocked(Obstacle),
}

/// A migration that is being worked out.
pub(super) struct Draft {
    value: Value,
    at: KeyPath,
    about: String,
    changes: Vec<Change>,
    obstacle: Option<Obstacle>,
}

impl Draft {
    /// A migration of what stands `at`; `about` is its sentence for the user.
    pub(super) fn new(value: &Value, at: KeyPath, about: String) -> Self {
        Self::on(value.clone(), at, about)
    }

    /// The same on the value itself: a copy for each of thousands of places would be quadratic.
    pub(super) fn on(value: Value, at: KeyPath, about: String) -> Self {
        Self { value, at, about, changes: Vec::new(), obstacle: None }
    }

    /// What became of it, and the value that it has worked on.
    pub(super) fn finish(self) -> (Outcome, Value) {
        let Self { value, at, about, changes, obstacle } = self;
        let outcome = match obstacle {
            Some(obstacle) => Outcome::Blocked(obstacle),
            None if changes.is_empty() => Outcome::Nothing,
            None => Outcome::Done(Migration { at, about, changes }),
        };
        (outcome, value)
    }

    /// The value as it is after the changes so far.
    pub(super) fn get(&self, path: &KeyPath) -> Option<&Value> {
        path.find(&self.value)
    }

    /// The object at a path, if there is one.
    pub(super) fn object(&self, path: &KeyPath) -> Option<&JsonMap<String, Value>> {
        self.get(path)?.as_object()
    }

    /// Gives the migration up; the first reason is the one that is told. It must not hold a value.
    pub(super) fn block(&mut self, at: &KeyPath, why: impl Into<String>) {
        self.obstacle.get_or_insert_with(|| Obstacle { at: at.clone(), about: why.into() });
    }

    pub(super) fn set(&mut self, path: KeyPath, value: Value) {
        self.apply(Change::Set { path, value });
    }

    pub(super) fn remove(&mut self, path: KeyPath) {
        self.apply(Change::Remove { path });
    }

    fn apply(&mut self, change: Change) {
        if self.obstacle.is_some() {
            return;
        }
        match change.apply(&mut self.value) {
            Ok(()) => self.changes.push(change),
            Err(error) => {
                let at = self.at.clone();
                self.block(&at, format!("{error}; move it by hand"));
            }
        }
    }

    /// Takes a value to another path. Objects are merged; two values that differ are in each other's way.
    pub(super) fn move_into(&mut self, from: &KeyPath, to: &KeyPath) {
        let Some(source) = self.get(from) else { return };
        let names: Vec<String> =
            source.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        match self.get(to) {
            None => self.apply(Change::Move { from: from.clone(), to: to.clone() }),
            Some(target) if target == source => self.remove(from.clone()),
            Some(Value::Object(_)) if source.is_object() => {
                for name in names {
                    self.move_into(&from.key(&name), &to.key(&name));
                }
                if self.object(from).is_some_and(JsonMap::is_empty) {
                    self.remove(from.clone());
                }
            }
            Some(_) => self.block(from, format!("\"{to}\" is set already and differs; keep one of the two")),
        }
    }

    /// The same, and then removes the undeclared objects around the old place that are left empty.
    pub(super) fn move_away(&mut self, from: &KeyPath, to: &KeyPath) {
        self.move_into(from, to);
        self.prune(from);
    }

    /// Removes the undeclared objects above a path that are empty.
    pub(super) fn prune(&mut self, path: &KeyPath) {
        let mut next = above(path);
        while let Some(path) = next.filter(|path| !path.is_root()) {
            if !self.object(&path).is_some_and(JsonMap::is_empty) || is_declared(&path) {
                return;
            }
            next = above(&path);
            self.remove(path);
        }
    }

    /// The place of an agent in `agents.list`, made if it is missing.
    pub(super) fn agent(&mut self, id: &str) -> Option<KeyPath> {
        let list = at(&["agents", "list"]);
        let place = match self.get(&list) {
            None => {
                self.set(list.clone(), Value::Array(Vec::new()));
                None
            }
            Some(Value::Array(agents)) => {
                let has_id =
                    |agent: &Value| agent.get("id").and_then(Value::as_str).map(str::trim) == Some(id);
                Some((agents.iter().position(has_id), agents.len()))
            }
            Some(_) => {
                self.block(&list, "is not a list; make it one first");
                return None;
            }
        };
        let (found, len) = place.unwrap_or((None, 0));
        let path = list.index(found.unwrap_or(len));
        if found.is_none() {
            self.set(path.clone(), serde_json::json!({ "id": id }));
        }
        Some(path)
    }
}
