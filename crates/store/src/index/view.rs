//! An index, looked at from outside: nothing is made, copied or repaired, whoever owns it.

use std::path::Path;
use std::sync::Arc;

use openclaw_guard::{Root, RootError};
use serde::de::IgnoredAny;

use super::image::{self, Look, MAX_INDEX_BYTES, Whole};
use super::lines::{Parsed, Stamp};
use super::load::{Loaded, Trust};
use super::state::State;
use super::{INDEX_FILE, JOURNAL_FILE};
use crate::{SessionEntry, StoreError};

/// How often it is read again when its owner wrote it meanwhile.
const MAX_LOOKS: usize = 5;

/// What an index holds: `sessions.json`, and what `sessions.journal` says has changed since.
#[derive(Debug, Default)]
pub struct IndexView {
    /// Keys and entries, in the order of the file. What is no entry is left out.
    pub entries: Vec<(String, Arc<SessionEntry>)>,
    /// Why the entries end early: from here on the file is no JSON.
    pub damage: Option<serde_json::Error>,
}

impl IndexView {
    /// Reads the index in a `sessions` directory; one that is not there has no entries.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(dir: &Path, now_ms: i64) -> Result<Self, StoreError> {
        let root = match Root::open(dir) {
            Ok(root) => root,
            Err(_) if !dir.exists() => return Ok(Self::default()),
            Err(error) => return Err(error.into()),
        };
        let mut looks = 1;
        loop {
            let (view, look) = Self::read_once(&root, now_ms)?;
            // An image and the journal of another one would lose changes.
            if looks == MAX_LOOKS || Look::at(&root.path().join(INDEX_FILE))? == look {
                return Ok(view);
            }
            looks += 1;
        }
    }

    fn read_once(root: &Root, now_ms: i64) -> Result<(Self, Option<Look>), StoreError> {
        let mut loaded = Loaded::default();
        let (image, look) = match image::read(root) {
            Ok((bytes, look)) => (Some(bytes), Some(look)),
            Err(RootError::NotFound { .. }) => (None, None),
            Err(error) => return Err(error.into()),
        };
        let mut damage = None;
        if let Some(bytes) = &image {
            let (state, whole) = image::parse(bytes, |state: &mut State, key, entry| {
                if let Some(entry) = entry {
                    state.place(&key, entry);
                }
            });
            loaded.state = state;
            if matches!(whole, Whole::No(_)) {
                damage = serde_json::from_slice::<IgnoredAny>(bytes).err();
            }
        }
        match root.read_capped(Path::new(JOURNAL_FILE), MAX_INDEX_BYTES) {
            Ok(bytes) => {
                let parsed = Parsed::read(&bytes);
                let is_known = image.is_some_and(|image| parsed.knows(Stamp::of(&image)));
                loaded.replay(&parsed, if is_known { Trust::Whole } else { Trust::IfNewer }, now_ms);
            }
            Err(RootError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok((Self { entries: loaded.state.in_file_order(), damage }, look))
    }
}

#[cfg(test)]
mod tests {
    use super::IndexView;
    use crate::{SessionEntry, SessionId, SessionIndex, field};
    use openclaw_guard::{SystemClock, write_atomic};
    use std::path::Path;
    use std::sync::Arc;

    fn index(dir: &Path) -> SessionIndex {
        SessionIndex::load(dir, "main", Arc::new(SystemClock)).unwrap()
    }

    fn make(index: &SessionIndex, key: &str) {
        index.get_or_create(key, || SessionEntry::new(&SessionId::random(), 5)).unwrap();
    }

    fn shown(dir: &Path) -> Vec<(String, Option<u64>)> {
        let view = IndexView::read(dir, 9).unwrap();
        assert!(view.damage.is_none());
        view.entries.iter().map(|(key, entry)| (key.clone(), entry.get(field::TOTAL_TOKENS))).collect()
    }

    #[test]
    fn what_its_owner_has_said_is_seen_before_the_file_is_written() {
        let dir = tempfile::tempdir().unwrap();
        assert!(IndexView::read(&dir.path().join("none"), 0).unwrap().entries.is_empty());
        let owner = index(dir.path());
        make(&owner, "agent:main:a");
        make(&owner, "agent:main:b");
        owner.close().unwrap();
        let written = std::fs::read(dir.path().join("sessions.json")).unwrap();
        make(&owner, "agent:main:c");
        owner.patch("agent:main:a", |entry| entry.set(field::TOTAL_TOKENS, &7)).unwrap();
        owner.remove("agent:main:b").unwrap();
        let expected = [("agent:main:a".to_owned(), Some(7)), ("agent:main:c".to_owned(), None)];
        assert_eq!(shown(dir.path()), expected);
        assert_eq!(std::fs::read(dir.path().join("sessions.json")).unwrap(), written, "it is in the journal");
        owner.close().unwrap();
        assert_eq!(shown(dir.path()), expected);
    }

    #[test]
    fn damage_is_told_and_nothing_is_moved() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        write_atomic(&path, b"{\"agent:main:a\": {\"sessionId\": \"s\", \"updatedAt\": 1}, \"agent:")
            .unwrap();
        let view = IndexView::read(dir.path(), 0).unwrap();
        assert_eq!(view.entries.len(), 1);
        assert!(view.damage.is_some());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
