//! The session index of one agent: which session key speaks in which transcript.

mod disk;
mod due;
mod edits;
mod event;
mod image;
mod journal;
mod lines;
mod load;
mod look;
mod offline;
mod rebuild;
mod state;
mod step;
mod view;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openclaw_guard::{Clock, Root, create_private_dir};

use crate::{SessionEntry, SessionId, StoreError, field};
use disk::{Broken, Shared};
use image::MAX_INDEX_BYTES;
use rebuild::{Rebuild, Rebuilder};
use state::State;
use step::{Step, Steps};

pub use event::IndexEvent;
pub use load::LoadReport;
pub use look::{IndexForm, IndexLook, look_at_index};
pub use view::IndexView;

/// Upstream's name for the index.
const INDEX_FILE: &str = "sessions.json";
/// What changed since that was written. Upstream knows nothing of it.
const JOURNAL_FILE: &str = "sessions.journal";
/// A folder that can be read in this time is complete when [`SessionIndex::load`] returns.
const LOAD_WAIT: Duration = Duration::from_millis(100);
/// How long a message for an unknown session waits for an older transcript of it (P-07: answered within a second).
const UNKNOWN_WAIT: Duration = Duration::from_millis(500);

/// `agents/<id>/sessions/sessions.json`, held in memory.
///
/// Share it in an `Arc`. Making, patching and removing an entry is on disk, synced, when the call returns: as a line of
/// `sessions.journal`. [`SessionIndex::update`] is for counters that change with every turn: it changes memory, and the
/// owner's timer calls [`SessionIndex::flush_if_dirty`] a few times a second, which appends them. The file itself is
/// written as a whole, atomically: when the index is small and quiet, when the journal has grown, and at
/// [`SessionIndex::close`]. What others write into the file meanwhile is taken over, field by field.
pub struct SessionIndex {
    // Dropped first: the thread ends before what it works on.
    rebuilder: Option<Rebuilder>,
    shared: Arc<Shared>,
}

impl fmt::Debug for SessionIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionIndex")
            .field("path", &self.shared.path)
            .field("rebuilder", &self.rebuilder)
            .finish_non_exhaustive()
    }
}

/// Whether [`SessionIndex::get_or_create`] made the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The entry was there.
    Existing,
    /// This call made it.
    New,
}

/// A panic while one of our locks is held cannot leave a value half changed: every change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SessionIndex {
    /// Reads the index of `agent_id` in `dir` (`<state>/agents/<agent>/sessions`), making the directory if needed.
    ///
    /// A damaged file is copied to `quarantine` and what can be read of it is kept; a single bad entry is left out after
    /// the file was copied there. What is missing is then rebuilt from the transcripts in the background, the newest
    /// first; [`SessionIndex::report`] says so.
    ///
    /// # Errors
    /// When the directory cannot be read, or a copy not be made. Damage is no error.
    pub fn load(dir: &Path, agent_id: &str, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        create_private_dir(dir)?;
        openclaw_guard::sweep_temporary(dir);
        let root = Root::open(dir)?;
        let mut loaded = load::load(&root, clock.now_ms())?;
        if let Some(what) = loaded.recover {
            loaded.state.rebuild = Rebuild::Running(what);
        }
        let is_damaged = loaded.state.report.is_repaired();
        let shared = Arc::new(Shared {
            path: dir.join(INDEX_FILE),
            root,
            agent_id: agent_id.to_owned(),
            clock,
            image: Mutex::new(loaded.image),
            journal: Mutex::new(loaded.journal),
            state: Mutex::new(loaded.state),
            found: Condvar::new(),
            steps: Steps::default(),
        });
        let rebuilder = loaded.recover.map(|what| Rebuilder::start(&shared, what));
        let index = Self { rebuilder, shared };
        index.wait_until_rebuilt(LOAD_WAIT);
        if is_damaged {
            // On a full disk this fails; the owner's timer tries again and says why.
            index.flush().ok();
        }
        Ok(index)
    }

    /// What loading had to repair, and whether sessions are still being found.
    #[must_use]
    pub fn report(&self) -> LoadReport {
        let state = lock(&self.shared.state);
        LoadReport { is_rebuilding: state.rebuild.is_running(), ..state.report.clone() }
    }

    /// What happened since this was asked last, for the log.
    #[must_use]
    pub fn take_events(&self) -> Vec<IndexEvent> {
        lock(&self.shared.state).take_events()
    }

    /// Waits until every session is found, but not longer than `limit`; returns whether it is so.
    pub fn wait_until_rebuilt(&self, limit: Duration) -> bool {
        let wait = |state: &mut State| state.rebuild.is_running();
        let state = lock(&self.shared.state);
        let waited = self.shared.found.wait_timeout_while(state, limit, wait);
        !waited.unwrap_or_else(PoisonError::into_inner).0.rebuild.is_running()
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.shared.state).len()
    }

    /// The entry of a session key. Keys are compared as they are, and then in lower case.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Arc<SessionEntry>> {
        lock(&self.shared.state).get(key).map(Arc::clone)
    }

    /// All entries, in the order of the file.
    #[must_use]
    pub fn list(&self) -> Vec<(String, Arc<SessionEntry>)> {
        lock(&self.shared.state).in_file_order()
    }

    /// The key of the entry with this session id; of several (a cron run has two) the most recently used.
    #[must_use]
    pub fn find_by_session_id(&self, id: &SessionId) -> Option<String> {
        lock(&self.shared.state).find(|entry| entry.has_session_id(id))
    }

    /// The key of the entry with this label; of several the most recently used.
    #[must_use]
    pub fn find_by_label(&self, label: &str) -> Option<String> {
        lock(&self.shared.state).find(|entry| entry.text(field::LABEL) == Some(label))
    }

    /// The entry of a key; if there is none, `make` makes it and it is written. While sessions are still being found,
    /// this waits a moment for an older one.
    ///
    /// # Errors
    /// When writing fails; the entry is in memory nevertheless and is written with the next change.
    pub fn get_or_create(
        &self,
        key: &str,
        make: impl FnOnce() -> SessionEntry,
    ) -> Result<(Arc<SessionEntry>, Creation), StoreError> {
        let now_ms = self.shared.now_ms();
        let (entry, version) = {
            let mut state = self.wait_for(key);
            if let Some(entry) = state.get(key) {
                return Ok((Arc::clone(entry), Creation::Existing));
            }
            if state.rebuild.is_running() {
                state.made_early.insert(key.to_owned());
            }
            (state.put(key, make(), now_ms), state.version)
        };
        self.shared.settle(version)?;
        Ok((entry, Creation::New))
    }

    /// The state, once it has the key or nothing is to be expected.
    fn wait_for(&self, key: &str) -> MutexGuard<'_, State> {
        let deadline = Instant::now() + UNKNOWN_WAIT;
        let mut state = lock(&self.shared.state);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if !state.rebuild.is_running() || state.get(key).is_some() || left.is_zero() {
                return state;
            }
            state = self.shared.found.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Changes an entry in memory and returns it; nothing if there is none. For counters: see the type.
    pub fn update(&self, key: &str, change: impl FnOnce(&mut SessionEntry)) -> Option<Arc<SessionEntry>> {
        self.change(key, change).map(|(entry, _)| entry)
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut SessionEntry)) -> Option<(Arc<SessionEntry>, u64)> {
        let now_ms = self.shared.now_ms();
        let mut state = lock(&self.shared.state);
        let mut entry = SessionEntry::clone(state.get(key)?);
        change(&mut entry);
        let entry = state.put(key, entry, now_ms);
        Some((entry, state.version))
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
        let Some((entry, version)) = self.change(key, change) else { return Ok(None) };
        self.shared.settle(version)?;
        Ok(Some(entry))
    }

    /// Removes an entry and writes that; returns it if there was one. The transcript is not touched.
    ///
    /// # Errors
    /// When writing fails; the entry is gone from memory nevertheless.
    pub fn remove(&self, key: &str) -> Result<Option<Arc<SessionEntry>>, StoreError> {
        let now_ms = self.shared.now_ms();
        let (removed, version) = {
            let mut state = lock(&self.shared.state);
            let Some(removed) = state.remove(key, now_ms) else { return Ok(None) };
            (removed, state.version)
        };
        self.shared.settle(version)?;
        Ok(Some(removed))
    }

    /// Writes `sessions.json` now.
    ///
    /// # Errors
    /// When writing fails; the old file is still there.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.shared.write_image(Broken::SetAside)
    }

    /// For the owner's timer, a few times a second: appends what [`SessionIndex::update`] changed, takes over what
    /// somebody else wrote into the file, and writes the file itself when it is time.
    ///
    /// # Errors
    /// When reading or writing fails; the next call tries again.
    pub fn flush_if_dirty(&self) -> Result<(), StoreError> {
        self.shared.tick()
    }

    /// For an orderly stop: writes `sessions.json` if memory is ahead of it.
    ///
    /// # Errors
    /// When writing fails; the old file and its journal are still there.
    pub fn close(&self) -> Result<(), StoreError> {
        self.shared.write_image_if_behind()
    }
}

#[cfg(test)]
mod tests;
