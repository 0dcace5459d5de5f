//! From two values to the changes between them, as small as they can be: what does not differ keeps its text.

use serde_json::Value;

use super::change::Change;
use crate::key_path::KeyPath;

/// The changes that make `new` of `old`, in the order in which they apply.
#[must_use]
pub fn diff(old: &Value, new: &Value) -> Vec<Change> {
    diff_at(&KeyPath::default(), old, new)
}

/// The same for two values of a path.
pub(super) fn diff_at(path: &KeyPath, old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Changes::default();
    changes.collect(old, new, path);
    changes.gone.append(&mut changes.other);
    changes.gone
}

/// What goes comes first, in lists from the end on: so every change means the same however many are made at once.
#[derive(Default)]
struct Changes {
    gone: Vec<Change>,
    other: Vec<Change>,
}

impl Changes {
    fn collect(&mut self, old: &Value, new: &Value, path: &KeyPath) {
        match (old, new) {
            (Value::Object(before), Value::Object(after)) => {
                let gone = before.keys().filter(|name| !after.contains_key(*name));
                self.gone.extend(gone.map(|name| Change::Remove { path: path.key(name) }));
                for (name, value) in after {
                    match before.get(name) {
                        Some(was) => self.collect(was, value, &path.key(name)),
                        None => self.other.push(Change::Set { path: path.key(name), value: value.clone() }),
                    }
                }
            }
            (Value::Array(before), Value::Array(after)) => self.lists(before, after, path),
            _ if old == new => {}
            _ => self.other.push(Change::Set { path: path.clone(), value: new.clone() }),
        }
    }

    /// Elements that both ends have in common stay; of those between, pairs are compared, the rest goes or comes.
    fn lists(&mut self, before: &[Value], after: &[Value], path: &KeyPath) {
        let head = before.iter().zip(after).take_while(|(was, is)| was == is).count();
        let rest = before.len().min(after.len()) - head;
        let ends = before.iter().rev().zip(after.iter().rev()).take(rest);
        let tail = ends.take_while(|(was, is)| was == is).count();
        let (old, new) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
        let pairs = old.len().min(new.len());
        for (index, (was, is)) in old.iter().zip(new).enumerate() {
            self.collect(was, is, &path.index(head + index));
        }
        let gone = (head + pairs..head + old.len()).rev();
        self.gone.extend(gone.map(|index| Change::Remove { path: path.index(index) }));
        for (index, value) in new.iter().enumerate().skip(pairs) {
            self.other.push(Change::Insert { path: path.index(head + index), value: value.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::diff;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn says_no_more_than_what_differs() {
        let old = json!({"a": {"b": 1, "c": [1, 2, 3]}, "d": 1});
        assert_eq!(diff(&old, &old), []);
        let new = json!({"a": {"b": 1, "c": [1, 3]}, "e": null});
        let shown: Vec<String> = diff(&old, &new).iter().map(|change| format!("{change:?}")).collect();
        assert_eq!(shown.len(), 3, "{shown:?}");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), (0..4).prop_map(Value::from)];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn applied_it_makes_the_new_value(old in value(), new in value()) {
            let mut edited = old.clone();
            for change in diff(&old, &new) {
                change.apply(&mut edited).unwrap();
            }
            prop_assert_eq!(edited, new);
        }
    }
}
