//! What somebody wrote into `sessions.json` after a gateway was killed and before the next one read its journal.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::lines::{Change, Parsed};
use super::state::State;
use crate::entry::sums_of;
use crate::{SessionEntry, field};

/// Checksums of the values that a field had as far as the journal knows; `None` where there was no such field. A value
/// that is none of them is somebody's edit.
type Known = HashMap<String, HashSet<Option<u32>>>;

/// The image's side of a replay.
pub(super) struct Offline {
    entries: HashMap<String, (Arc<SessionEntry>, Known)>,
}

/// What an edit and a journal did not agree on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Conflicts {
    /// Fields that stay as they were edited.
    pub(super) fields: usize,
    /// Entries that the journal had removed.
    pub(super) removed: usize,
}

impl Offline {
    /// Notes what the image has of all that the journal is about to change.
    pub(super) fn before(state: &State, parsed: &Parsed<'_>) -> Self {
        let mut entries: HashMap<String, (Arc<SessionEntry>, Known)> = HashMap::new();
        for (key, change) in parsed.changes() {
            let Some(entry) = state.get_exact(key) else { continue };
            let (_, known) =
                entries.entry(key.to_owned()).or_insert_with(|| (Arc::clone(entry), Known::new()));
            match change {
                Change::Put(entry) => {
                    for (name, sum) in entry.sums() {
                        known.entry(name.to_owned()).or_default().insert(Some(sum));
                    }
                }
                Change::Set { set, unset, was } => {
                    for (name, sum) in sums_of(&set) {
                        let before = was.get(&name).copied();
                        known.entry(name).or_default().extend([before, Some(sum)]);
                    }
                    for name in unset {
                        let before = was.get(name).copied();
                        known.entry(name.clone()).or_default().extend([before, None]);
                    }
                }
                Change::Gone { .. } => {}
            }
        }
        Self { entries }
    }

    /// Puts back what was edited: the last word is that of a person.
    pub(super) fn keep_edits(self, state: &mut State) -> Conflicts {
        let mut conflicts = Conflicts::default();
        for (key, (image, known)) in self.entries {
            let Some(now) = state.get_exact(&key).map(Arc::clone) else {
                conflicts.removed += 1;
                continue;
            };
            let mut merged = SessionEntry::clone(&now);
            merged.apply(&image.changes_since(&now).only(|name, sum| {
                let is_edited = !known.get(name).is_some_and(|values| values.contains(&sum));
                is_edited && name != field::UPDATED_AT.key()
            }));
            conflicts.fields += merged.changes_since(&now).len();
            if image.updated_at() > merged.updated_at() {
                merged.set(field::UPDATED_AT, &image.updated_at());
            }
            if merged != *now {
                state.place(&key, merged);
            }
        }
        conflicts
    }
}
