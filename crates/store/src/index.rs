//! The session index of one agent: which session key speaks in which transcript.

mod load;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_guard::{Clock, Root, create_private_dir, write_atomic};
use serde::ser::SerializeMap as _;

use crate::{SessionEntry, SessionId, StoreError, field};

pub use load::LoadReport;

/// Upstream's name for the index.
const INDEX_FILE: &str = "sessions.json";

/// `agents/<id>/sessions/sessions.json`, held in memory.
///
/// Share it in an `Arc`. Making, patching and removing an entry is on disk, synced, when the call returns.
/// [`SessionIndex::update`] is for counters that change with every turn: it changes memory, and the owner's timer calls
/// [`SessionIndex::flush_if_dirty`]. The file is written as a whole, atomically, so an external edit made while this
/// process holds the [`crate::StateLock`] would be overwritten.
#[derive(Debug)]
pub struct SessionIndex {
    path: PathBuf,
    report: LoadReport,
    state: Mutex<State>,
    /// Held while the file is written, so that an older image never replaces a newer one. Taken before `state`.
    writer: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<String, Slot>,
    /// The place of the next new entry in the file.
    next_place: u64,
    /// Counts changes; the file has all of them when it equals `written`.
    version: u64,
    written: u64,
}

#[derive(Debug)]
struct Slot {
    place: u64,
    entry: Arc<SessionEntry>,
}

/// Whether [`SessionIndex::get_or_create`] made the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The entry was there.
    Existing,
    /// This call made it.
    New,
}

impl State {
    fn put(&mut self, key: &str, entry: SessionEntry) -> Arc<SessionEntry> {
        let entry = Arc::new(entry);
        self.version += 1;
        if let Some(slot) = self.entries.get_mut(key) {
            slot.entry = Arc::clone(&entry);
        } else {
            let slot = Slot { place: self.next_place, entry: Arc::clone(&entry) };
            self.next_place += 1;
            self.entries.insert(key.to_owned(), slot);
        }
        entry
    }

    fn in_file_order(&self) -> Vec<(String, Arc<SessionEntry>)> {
        let mut slots: Vec<_> = self.entries.iter().collect();
        slots.sort_unstable_by_key(|(_, slot)| slot.place);
        slots.into_iter().map(|(key, slot)| (key.clone(), Arc::clone(&slot.entry))).collect()
    }
}

/// A panic while one of our locks is held cannot leave a value half changed: every change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SessionIndex {
    /// Reads the index of `agent_id` in `dir` (`<state>/agents/<agent>/sessions`), making the directory if needed.
    ///
    /// A damaged file is moved to `quarantine`, what can be read of it is kept, and the rest is rebuilt from the
    /// transcripts; a single bad entry is left out after the file was copied there. [`SessionIndex::report`] says so.
    ///
    /// # Errors
    /// When the directory cannot be read, or the repaired index not written. Damage is no error.
    pub fn load(dir: &Path, agent_id: &str, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        create_private_dir(dir)?;
        let root = Root::open(dir)?;
        let loaded = load::load(&root, agent_id, clock.now_ms())?;
        let mut state = State::default();
        for (key, entry) in loaded.entries {
            state.put(&key, entry);
        }
        state.written = state.version;
        let index = Self {
            path: dir.join(INDEX_FILE),
            report: loaded.report,
            state: Mutex::new(state),
            writer: Mutex::new(()),
        };
        if index.report.is_repaired() {
            index.flush()?;
        }
        Ok(index)
    }

    /// What loading had to repair.
    #[must_use]
    pub fn report(&self) -> &LoadReport {
        &self.report
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entry of a session key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Arc<SessionEntry>> {
        lock(&self.state).entries.get(key).map(|slot| Arc::clone(&slot.entry))
    }

    /// All entries, in the order of the file.
    #[must_use]
    pub fn list(&self) -> Vec<(String, Arc<SessionEntry>)> {
        lock(&self.state).in_file_order()
    }

    /// The key of the entry with this session id; of several (a cron run has two) the most recently used.
    #[must_use]
    pub fn find_by_session_id(&self, id: &SessionId) -> Option<String> {
        self.find(|entry| entry.session_id() == *id)
    }

    /// The key of the entry with this label; of several the most recently used.
    #[must_use]
    pub fn find_by_label(&self, label: &str) -> Option<String> {
        self.find(|entry| entry.text(field::LABEL) == Some(label))
    }

    fn find(&self, wanted: impl Fn(&SessionEntry) -> bool) -> Option<String> {
        let state = lock(&self.state);
        let found = state.entries.iter().filter(|(_, slot)| wanted(&slot.entry));
        // Of equally old ones the first in the file, so that the answer does not change from call to call.
        let best = found.max_by_key(|(_, slot)| (slot.entry.updated_at(), std::cmp::Reverse(slot.place)));
        best.map(|(key, _)| key.clone())
    }

    /// The entry of a key; if there is none, `make` makes it and it is written.
    ///
    /// # Errors
    /// When writing fails; the entry is in memory nevertheless and is written with the next change.
    pub fn get_or_create(
        &self,
        key: &str,
        make: impl FnOnce() -> SessionEntry,
    ) -> Result<(Arc<SessionEntry>, Creation), StoreError> {
        let entry = {
            let mut state = lock(&self.state);
            if let Some(slot) = state.entries.get(key) {
                return Ok((Arc::clone(&slot.entry), Creation::Existing));
            }
            state.put(key, make())
        };
        self.flush()?;
        Ok((entry, Creation::New))
    }

    /// Changes an entry in memory and returns it; nothing if there is none. For counters: see the type.
    pub fn update(&self, key: &str, change: impl FnOnce(&mut SessionEntry)) -> Option<Arc<SessionEntry>> {
        let mut state = lock(&self.state);
        let mut entry = SessionEntry::clone(&state.entries.get(key)?.entry);
        change(&mut entry);
        Some(state.put(key, entry))
    }

    /// Changes an entry and writes it; nothing if there is none.
    ///
    /// # Errors
    /// When writing fails; the change is in memory nevertheless and is written with the next one.
    pub fn patch(
        &self,
        key: &str,
        change: impl FnOnce(&mut SessionEntry),
    ) -> Result<Option<Arc<SessionEntry>>, StoreError> {
        let Some(entry) = self.update(key, change) else { return Ok(None) };
        self.flush()?;
        Ok(Some(entry))
    }

    /// Removes an entry and writes that; returns it if there was one. The transcript is not touched.
    ///
    /// # Errors
    /// When writing fails; the entry is gone from memory nevertheless.
    pub fn remove(&self, key: &str) -> Result<Option<Arc<SessionEntry>>, StoreError> {
        let removed = {
            let mut state = lock(&self.state);
            let Some(slot) = state.entries.remove(key) else { return Ok(None) };
            state.version += 1;
            slot.entry
        };
        self.flush()?;
        Ok(Some(removed))
    }

    /// Writes the index now.
    ///
    /// # Errors
    /// When writing fails; the old file is still there.
    pub fn flush(&self) -> Result<(), StoreError> {
        let _writer = lock(&self.writer);
        let (image, version) = {
            let state = lock(&self.state);
            (Image(state.in_file_order()), state.version)
        };
        let encode = |source| StoreError::Encode { path: self.path.clone(), source };
        let bytes = serde_json::to_vec_pretty(&image).map_err(encode)?;
        write_atomic(&self.path, &bytes)?;
        let mut state = lock(&self.state);
        state.written = state.written.max(version);
        Ok(())
    }

    /// Writes the index if memory is ahead of it.
    ///
    /// # Errors
    /// When writing fails; the old file is still there.
    pub fn flush_if_dirty(&self) -> Result<(), StoreError> {
        let dirty = {
            let state = lock(&self.state);
            state.written != state.version
        };
        if dirty { self.flush() } else { Ok(()) }
    }
}

/// The entries as one JSON object.
struct Image(Vec<(String, Arc<SessionEntry>)>);

impl serde::Serialize for Image {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, entry) in &self.0 {
            map.serialize_entry(key, entry.as_ref())?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
