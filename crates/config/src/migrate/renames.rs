//! Keys that have only moved, from the declarations: which they are, where they stand in a value, and what they are now.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::{agents, groups, models, speech};
use crate::key_path::{KeyPath, Step};
use crate::keys::root;
use crate::schema::declared_keys;
use crate::spec::kinds_at;

/// Moves of keys that several objects share, where the attribute could not say which of them is meant.
const SHARED: [(&str, &str); 2] = [("agent.tools.allow", "tools.allow"), ("agent.tools.deny", "tools.deny")];

/// One part of a written path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Name(String),
    /// `*` or `[]`: any key, any position.
    Any,
}

impl Part {
    fn fits(&self, step: &Step) -> bool {
        match (self, step) {
            (Self::Any, _) => true,
            (Self::Name(name), Step::Key(key)) => name == key,
            (Self::Name(_), Step::Index(_)) => false,
        }
    }
}

/// A key that has moved.
pub(super) struct Rename {
    from: Vec<Part>,
    to: Vec<Part>,
}

impl Rename {
    /// Every place in the value that the old path names, and the new one of each.
    pub(super) fn places(&self, value: &Value) -> Vec<(KeyPath, KeyPath)> {
        let mut places = Vec::new();
        collect(value, &self.from, KeyPath::default(), &mut places);
        places.into_iter().map(|from| (from.clone(), self.target(from.steps()))).collect()
    }

    /// The new path of an old one.
    fn target(&self, from: &[Step]) -> KeyPath {
        let mut caught = self.from.iter().zip(from).filter(|(part, _)| **part == Part::Any);
        let steps = self.to.iter().filter_map(|part| match part {
            Part::Name(name) => Some(Step::Key(name.clone())),
            Part::Any => caught.next().map(|(_, step)| step.clone()),
        });
        KeyPath::from(&steps.collect::<Vec<_>>()[..])
    }

    /// Whether another retired key stands below this one in the value: that one has to move first.
    pub(super) fn is_above_another(&self, value: &Value) -> bool {
        let below =
            |other: &&Rename| other.from.len() > self.from.len() && other.from.starts_with(&self.from);
        renames().iter().filter(below).any(|other| !other.places(value).is_empty())
    }
}

/// All of them, the deepest old path first.
pub(super) fn renames() -> &'static [Rename] {
    static RENAMES: LazyLock<Vec<Rename>> = LazyLock::new(|| {
        let renames = retired_names().into_iter().filter_map(|(from, to)| {
            let [to] = &to[..] else { return None }; // a test proves that there is one
            Some(Rename { from: parts(&from), to: parts(to) })
        });
        let mut renames: Vec<Rename> = renames.collect();
        renames.sort_by_key(|rename| std::cmp::Reverse(rename.from.len()));
        renames
    });
    &RENAMES
}

/// Every old path that is declared, and what it is now, both as written; a sound declaration has one answer for each.
#[must_use]
pub fn retired_names() -> BTreeMap<String, Vec<String>> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, key) in declared_keys() {
        for old in key.was {
            names.entry((*old).to_owned()).or_default().push(path.clone());
        }
    }
    for (old, candidates) in &mut names {
        let from = parts(old);
        let wildcards = |path: &[Part]| path.iter().filter(|part| **part == Part::Any).count();
        candidates.retain(|path| wildcards(&parts(path)) == wildcards(&from));
        let common = |path: &str| from.iter().zip(&parts(path)).take_while(|(a, b)| a == b).count();
        let longest = candidates.iter().map(|path| common(path)).max();
        candidates.retain(|path| Some(common(path)) == longest);
    }
    for (old, new) in SHARED {
        names.entry(old.to_owned()).or_default().push(new.to_owned());
    }
    names
}

/// `a.*.b` or `a[].b` in parts.
fn parts(path: &str) -> Vec<Part> {
    let name = |part: &str| if part == "*" { Part::Any } else { Part::Name(part.to_owned()) };
    path.replace("[]", ".*").split('.').map(name).collect()
}

fn collect(value: &Value, rest: &[Part], path: KeyPath, places: &mut Vec<KeyPath>) {
    let Some((part, rest)) = rest.split_first() else { return places.push(path) };
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter().filter(|(name, _)| part.fits(&Step::Key((*name).clone()))) {
                collect(value, rest, path.key(name), places);
            }
        }
        Value::Array(items) if *part == Part::Any => {
            for (index, value) in items.iter().enumerate() {
                collect(value, rest, path.index(index), places);
            }
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Old keys that take another shape, and what they are now.
fn replaced() -> &'static [(Vec<Part>, &'static str)] {
    static REPLACED: LazyLock<Vec<(Vec<Part>, &'static str)>> = LazyLock::new(|| {
        let families = [agents::REPLACED, groups::REPLACED, models::REPLACED, speech::REPLACED];
        families.iter().flat_map(|family| family.iter()).map(|(old, now)| (parts(old), *now)).collect()
    });
    &REPLACED
}

/// What earlier releases had under a path.
pub(crate) enum Retired {
    /// A key; this has taken its place, each name in quotes.
    Renamed(String),
    /// An object around keys that have moved.
    Above,
    /// Nothing.
    No,
}

/// Whether a path that is not declared is that of an earlier release.
pub(crate) fn retired(path: &[Step]) -> Retired {
    let fits = |from: &[Part]| from.iter().zip(path).all(|(part, step)| part.fits(step));
    if let Some(rename) = renames().iter().find(|one| one.from.len() == path.len() && fits(&one.from)) {
        return Retired::Renamed(format!("\"{}\"", rename.target(path)));
    }
    let replaced = replaced();
    if let Some((_, now)) = replaced.iter().find(|(from, _)| from.len() == path.len() && fits(from)) {
        return Retired::Renamed((*now).to_owned());
    }
    let is_above = |from: &[Part]| from.len() > path.len() && fits(from);
    let mut all = renames().iter().map(|one| &one.from).chain(replaced.iter().map(|(from, _)| from));
    if all.any(|from| is_above(from)) { Retired::Above } else { Retired::No }
}

/// Whether a section declares what stands at this path, or takes any key there.
#[must_use]
pub fn is_declared(path: &KeyPath) -> bool {
    !kinds_at(root(), path.steps()).is_empty()
}
