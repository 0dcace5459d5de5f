//! A configuration made of one or more files: every value with the place it was written at.

use std::collections::HashMap;

use serde_json::{Map as JsonMap, Value};

use crate::key_path::{KeyPath, Step};
use crate::problem::{Problem, ProblemKind};
use crate::source::{Sources, Spot};

/// Which part of `key: value` a problem is about.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Key,
    Value,
}

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: Spot,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    /// Anything but a list or an object.
    Leaf(Value),
    List(Vec<Node>),
    /// No name stands twice; the order is that of the files.
    Object(Vec<Entry>),
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) key: Spot,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn to_value(&self) -> Value {
        match &self.body {
            Body::Leaf(value) => value.clone(),
            Body::List(items) => items.iter().map(Self::to_value).collect(),
            Body::Object(entries) => {
                let pairs = entries.iter().map(|entry| (entry.name.clone(), entry.node.to_value()));
                Value::Object(pairs.collect::<JsonMap<_, _>>())
            }
        }
    }

    /// Lays `over` on this: lists are joined, objects merge, everything else is replaced (CFG-05).
    pub(crate) fn merge(self, over: Self) -> Self {
        let body = match (self.body, over.body) {
            (Body::List(mut items), Body::List(more)) => {
                items.extend(more);
                Body::List(items)
            }
            (Body::Object(entries), Body::Object(more)) => Body::Object(merge_entries(entries, more)),
            (_, body) => body,
        };
        Self { at: over.at, body }
    }

    /// The value at a path.
    pub(crate) fn value_at(&self, path: &KeyPath) -> Option<&Self> {
        path.steps().iter().try_fold(self, |node, step| node.step(step).map(|(node, _)| node))
    }

    /// The value nearest to a path on the way to it, and how many steps lead there.
    pub(crate) fn nearest(&self, path: &KeyPath) -> (usize, &Self) {
        let mut node = self;
        for (depth, step) in path.steps().iter().enumerate() {
            match node.step(step) {
                Some((next, _)) => node = next,
                None => return (depth, node),
            }
        }
        (path.steps().len(), node)
    }

    /// Where the item at a path begins: with its name in an object, with its value in a list.
    pub(crate) fn item(&self, path: &KeyPath) -> Option<Spot> {
        let (last, steps) = path.steps().split_last()?;
        self.value_at(&KeyPath::from(steps))?.step(last).map(|(_, spot)| spot)
    }

    /// The value one step down, and where its item begins.
    fn step(&self, step: &Step) -> Option<(&Self, Spot)> {
        match (step, &self.body) {
            (Step::Key(name), Body::Object(entries)) => {
                entries.iter().find(|entry| entry.name == *name).map(|entry| (&entry.node, entry.key))
            }
            (Step::Index(index), Body::List(items)) => items.get(*index).map(|item| (item, item.at)),
            _ => None,
        }
    }

    /// The texts that this value and those in it are written in.
    pub(crate) fn sources(&self, found: &mut Vec<usize>) {
        if !found.contains(&self.at.source) {
            found.push(self.at.source);
        }
        match &self.body {
            Body::Leaf(_) => {}
            Body::List(items) => items.iter().for_each(|item| item.sources(found)),
            Body::Object(entries) => entries.iter().for_each(|entry| entry.node.sources(found)),
        }
    }

    /// Where the key stands, or the nearest object around it that is there.
    fn find(&self, path: &KeyPath, part: Part) -> Spot {
        let (mut node, mut key) = (self, None);
        for (position, step) in path.steps().iter().enumerate() {
            let is_last = position + 1 == path.steps().len();
            let Some((value, key_spot)) = node.step(step) else { break };
            node = value;
            key = matches!(part, Part::Key if is_last).then_some(key_spot);
        }
        key.unwrap_or(node.at)
    }
}

fn merge_entries(under: Vec<Entry>, over: Vec<Entry>) -> Vec<Entry> {
    let places: HashMap<String, usize> =
        under.iter().enumerate().map(|(at, entry)| (entry.name.clone(), at)).collect();
    let mut merged: Vec<Option<Entry>> = under.into_iter().map(Some).collect();
    for entry in over {
        let below = places.get(&entry.name).and_then(|at| merged.get_mut(*at));
        match below.map(|slot| (slot.take(), slot)) {
            Some((Some(old), slot)) => *slot = Some(Entry { node: old.node.merge(entry.node), ..entry }),
            Some((None, slot)) => *slot = Some(entry),
            None => merged.push(Some(entry)),
        }
    }
    merged.into_iter().flatten().collect()
}

/// The merged value and the texts it came from.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: Node,
    pub(crate) sources: Sources,
}

impl Tree {
    pub(crate) fn problem(&self, key: KeyPath, part: Part, kind: ProblemKind) -> Problem {
        self.sources.problem(self.root.find(&key, part), key, kind)
    }
}
