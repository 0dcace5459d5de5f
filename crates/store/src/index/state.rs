//! What the index holds in memory, and what of it the disk does not have yet.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::IndexEvent;
use super::lines::{Change, gone_line, put_line, set_line};
use super::load::LoadReport;
use super::rebuild::Rebuild;
use crate::entry::Shares;
use crate::{SessionEntry, SessionId, field};

/// Lines that wait for the disk. With more than this, as on a disk that stays full, the whole image is written instead.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;
/// Events that nobody has fetched; older ones are forgotten.
const MAX_EVENTS: usize = 64;

/// Entries by key with what is known of them.
#[derive(Default)]
pub(super) struct State {
    entries: HashMap<String, Slot>,
    /// Keys that are not in lower case, by what they would be: an index made by hand may have some.
    folded: HashMap<String, String>,
    /// The place of the next new entry in the file.
    next_place: u64,
    /// Counts changes.
    pub(super) version: u64,
    pub(super) waiting: Waiting,
    pub(super) ahead: Ahead,
    pub(super) shares: Shares,
    pub(super) rebuild: Rebuild,
    /// Keys that got a new session while older transcripts were still being read.
    pub(super) made_early: HashSet<String>,
    /// Sessions removed meanwhile: their transcripts bring them back no more.
    pub(super) removed_early: HashSet<SessionId>,
    pub(super) report: LoadReport,
    events: Vec<IndexEvent>,
}

struct Slot {
    place: u64,
    entry: Arc<SessionEntry>,
}

/// Lines for the journal.
#[derive(Default)]
pub(super) struct Waiting {
    lines: Vec<u8>,
    use_of: Use,
}

/// Whether lines can be of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Use {
    /// There is no journal they could stand in; the next write is that of a whole image.
    #[default]
    None,
    /// They go into the journal.
    Journal,
}

impl Waiting {
    fn push(&mut self, line: &[u8]) {
        if self.use_of == Use::None {
            return;
        }
        self.lines.extend_from_slice(line);
        if self.lines.len() > MAX_WAITING_BYTES {
            self.stop();
        }
    }

    /// From here on lines are collected.
    pub(super) fn start(&mut self) {
        self.use_of = Use::Journal;
    }

    /// Lines have no use any more.
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    pub(super) fn use_of(&self) -> Use {
        self.use_of
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.lines)
    }

    /// Puts back what could not be written, before what has come since.
    pub(super) fn give_back(&mut self, mut lines: Vec<u8>) {
        lines.append(&mut self.lines);
        self.lines = lines;
        if self.lines.len() > MAX_WAITING_BYTES {
            self.stop();
        }
    }
}

/// How far memory is ahead of the image.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Keys that changed, with the entries the image has.
    pub(super) changed: HashMap<String, Option<Arc<SessionEntry>>>,
    pub(super) since_ms: Option<i64>,
    pub(super) last_ms: i64,
    /// Whether the image is to be written even so: it is lost, damaged, or incomplete.
    pub(super) is_wanted: bool,
}

impl Ahead {
    pub(super) fn is_any(&self) -> bool {
        self.is_wanted || !self.changed.is_empty()
    }

    fn note(&mut self, key: &str, before: Option<Arc<SessionEntry>>, now_ms: i64) {
        if !self.changed.contains_key(key) {
            self.changed.insert(key.to_owned(), before);
        }
        self.since_ms.get_or_insert(now_ms);
        self.last_ms = now_ms;
    }

    /// Takes back what a snapshot took with it, because that did not become the image.
    pub(super) fn give_back(&mut self, older: Self) {
        self.changed.extend(older.changed);
        self.since_ms = older.since_ms.or(self.since_ms);
        self.last_ms = self.last_ms.max(older.last_ms);
        self.is_wanted |= older.is_wanted;
    }
}

impl State {
    /// The key as the index has it.
    fn spelling<'k>(&'k self, key: &'k str) -> Option<&'k str> {
        if self.entries.contains_key(key) {
            return Some(key);
        }
        self.folded.get(key).map(String::as_str)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Arc<SessionEntry>> {
        self.entries.get(self.spelling(key)?).map(|slot| &slot.entry)
    }

    /// The entry of a key that is spelled so.
    pub(super) fn get_exact(&self, key: &str) -> Option<&Arc<SessionEntry>> {
        self.entries.get(key).map(|slot| &slot.entry)
    }

    /// Puts an entry in its place, or a new one last, without noting a change.
    pub(super) fn place(&mut self, key: &str, mut entry: SessionEntry) -> Arc<SessionEntry> {
        entry.pack(&mut self.shares);
        let entry = Arc::new(entry);
        if let Some(slot) = self.entries.get_mut(key) {
            slot.entry = Arc::clone(&entry);
            return entry;
        }
        let lower = key.to_lowercase();
        if lower != key {
            self.folded.insert(lower, key.to_owned());
        }
        self.entries.insert(key.to_owned(), Slot { place: self.next_place, entry: Arc::clone(&entry) });
        self.next_place += 1;
        entry
    }

    /// Puts an entry and notes what changed.
    pub(super) fn put(&mut self, key: &str, entry: SessionEntry, now_ms: i64) -> Arc<SessionEntry> {
        let key = self.spelling(key).unwrap_or(key).to_owned();
        let before = self.get(&key).map(Arc::clone);
        let entry = self.place(&key, entry);
        let line = match &before {
            None => Some(put_line(&key, &entry)),
            Some(before) => {
                let changes = entry.changes_since(before);
                (!changes.is_empty()).then(|| set_line(&key, &changes))
            }
        };
        if let Some(line) = line {
            self.waiting.push(&line);
            self.version += 1;
            self.ahead.note(&key, before, now_ms);
        }
        entry
    }

    pub(super) fn remove(&mut self, key: &str, now_ms: i64) -> Option<Arc<SessionEntry>> {
        let key = self.spelling(key)?.to_owned();
        let entry = self.take_out(&key)?;
        self.waiting.push(&gone_line(&key, entry.updated_at()));
        self.version += 1;
        self.ahead.note(&key, Some(Arc::clone(&entry)), now_ms);
        if self.rebuild.is_running() {
            self.removed_early.insert(entry.session_id());
        }
        Some(entry)
    }

    fn take_out(&mut self, key: &str) -> Option<Arc<SessionEntry>> {
        let entry = self.entries.remove(key)?.entry;
        let lower = key.to_lowercase();
        if self.folded.get(&lower).is_some_and(|spelling| spelling == key) {
            self.folded.remove(&lower);
            // Another spelling of it was hidden by this one; of several the last in the file, as after a start.
            let others =
                self.entries.iter().filter(|(other, _)| **other != lower && other.to_lowercase() == lower);
            if let Some((other, _)) = others.max_by_key(|(_, slot)| slot.place) {
                self.folded.insert(lower, other.clone());
            }
        }
        Some(entry)
    }

    /// Makes a change that a journal tells of.
    pub(super) fn replay(&mut self, key: &str, change: Change<'_>, now_ms: i64) {
        let before = self.entries.get(key).map(|slot| Arc::clone(&slot.entry));
        match (change, &before) {
            (Change::Put(entry), _) => {
                self.place(key, entry);
            }
            (Change::Set { set, unset, was: _ }, Some(before)) => {
                let mut entry = SessionEntry::clone(before);
                entry.apply_raw(&set, unset);
                self.place(key, entry);
            }
            (Change::Gone { .. }, Some(_)) => {
                self.take_out(key);
            }
            (Change::Set { .. } | Change::Gone { .. }, None) => return,
        }
        self.ahead.note(key, before, now_ms);
    }

    /// Begins with nothing.
    pub(super) fn forget_entries(&mut self) {
        self.entries.clear();
        self.folded.clear();
        self.next_place = 0;
    }

    /// The entry the image has under a key.
    pub(super) fn in_image(&self, key: &str) -> Option<Arc<SessionEntry>> {
        match self.ahead.changed.get(key) {
            Some(before) => before.clone(),
            None => self.entries.get(key).map(|slot| Arc::clone(&slot.entry)),
        }
    }

    /// The image is now another: for `keys`, and all that changed before, it has what `image` says.
    pub(super) fn rebase(
        &mut self,
        keys: &[String],
        mut image: impl FnMut(&str) -> Option<SessionEntry>,
        now_ms: i64,
    ) {
        let before = std::mem::take(&mut self.ahead.changed);
        for key in before.keys().chain(keys) {
            let theirs = image(key);
            let ours = self.entries.get(key).map(|slot| &*slot.entry);
            // The journal must lead from the other image to what is here.
            let line = match (ours, &theirs) {
                (Some(ours), Some(theirs)) if ours == theirs => continue,
                (Some(ours), Some(theirs)) => set_line(key, &ours.changes_since(theirs)),
                (Some(ours), None) => put_line(key, ours),
                (None, Some(theirs)) => gone_line(key, theirs.updated_at()),
                (None, None) => continue,
            };
            self.waiting.push(&line);
            self.version += 1;
            self.ahead.note(key, theirs.map(Arc::new), now_ms);
        }
        if self.ahead.changed.is_empty() {
            self.ahead.since_ms = None;
        }
    }

    pub(super) fn in_file_order(&self) -> Vec<(String, Arc<SessionEntry>)> {
        let mut slots: Vec<_> = self.entries.iter().collect();
        slots.sort_unstable_by_key(|(_, slot)| slot.place);
        slots.into_iter().map(|(key, slot)| (key.clone(), Arc::clone(&slot.entry))).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The names of the transcripts that entries lead to.
    pub(super) fn transcripts(&self) -> HashSet<String> {
        self.entries.values().map(|slot| slot.entry.transcript_file_name()).collect()
    }

    /// The key of the matching entry that was used last.
    pub(super) fn find(&self, wanted: impl Fn(&SessionEntry) -> bool) -> Option<String> {
        let found = self.entries.iter().filter(|(_, slot)| wanted(&slot.entry));
        // Of equally old ones the first in the file, so that the answer does not change from call to call.
        let best = found.max_by_key(|(_, slot)| (slot.entry.updated_at(), std::cmp::Reverse(slot.place)));
        best.map(|(key, _)| key.clone())
    }

    /// An older transcript of a key turned up after the key got a new session: that says what was before it.
    pub(super) fn link(&mut self, key: &str, previous: &SessionId, now_ms: i64) {
        let Some(entry) = self.get(key) else { return };
        let mut entry = SessionEntry::clone(entry);
        entry.set_text(field::PREVIOUS_SESSION_ID, previous.as_str());
        self.put(key, entry, now_ms);
    }

    pub(super) fn tell(&mut self, event: IndexEvent) {
        if self.events.len() == MAX_EVENTS {
            self.events.remove(0);
        }
        self.events.push(event);
    }

    pub(super) fn take_events(&mut self) -> Vec<IndexEvent> {
        std::mem::take(&mut self.events)
    }
}
