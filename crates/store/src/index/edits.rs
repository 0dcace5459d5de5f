//! What somebody else wrote into `sessions.json` while this process runs: a person with an editor, or upstream.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use openclaw_guard::RootError;

use super::disk::{BrokenFile, Fault, Form, ImageFile, Shared};
use super::image::{self, Look, Whole};
use super::lines::{Stamp, is_foreign};
use super::state::State;
use super::{INDEX_FILE, IndexEvent, lock};
use crate::entry::{Changes, write_text};
use crate::{SessionEntry, StoreError, field, quarantine};

/// Fewer removed entries are taken for what was meant.
const MANY_REMOVED: usize = 8;

/// An edited file, read.
#[derive(Default)]
struct Edit {
    entries: HashMap<String, SessionEntry>,
    /// In the order of the file.
    keys: Vec<String>,
    /// Keys of what is no entry; the entries that were there stay.
    bad: HashSet<String>,
}

/// What an edit did.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    added: usize,
    changed: usize,
    removed: usize,
}

impl Shared {
    /// Looks whether somebody changed the file, and makes their changes here.
    pub(super) fn look(&self, file: &mut ImageFile) -> Result<(), StoreError> {
        let there = Look::at(&self.path)?;
        if there == file.look {
            return Ok(());
        }
        if there.is_none() {
            // Not an edit: nobody removes ten thousand conversations like this. Memory has them all.
            *file = ImageFile::default();
            lock(&self.state).ahead.is_wanted = true;
            return Ok(());
        }
        match image::read(&self.root) {
            Ok((bytes, look)) => {
                file.look = Some(look);
                self.read_edit(file, &bytes)
            }
            Err(RootError::NotFound { .. }) => Ok(()), // the next look finds nothing
            Err(error) if is_foreign(&error) => {
                file.look = there;
                self.note_broken(file, Fault::NotJson, Stamp::of(b""))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn read_edit(&self, file: &mut ImageFile, bytes: &[u8]) -> Result<(), StoreError> {
        let stamp = Stamp::of(bytes);
        if bytes.iter().all(|byte| *byte == 0) {
            return self.note_broken(file, Fault::Void, stamp);
        }
        if file.stamp == Some(stamp) {
            // What was broken is as it was before: the journal must know that, too.
            return if file.broken.take().is_some() { self.mark(stamp) } else { Ok(()) };
        }
        let (mut edit, whole) = image::parse(bytes, |edit: &mut Edit, key, entry| {
            match entry {
                Some(entry) => {
                    edit.entries.insert(key.clone(), entry);
                }
                None => {
                    edit.bad.insert(key.clone());
                }
            }
            edit.keys.push(key);
        });
        file.form = match whole {
            Whole::Json => Form::Json,
            Whole::Json5 => Form::Json5,
            Whole::No(_) => return self.note_broken(file, Fault::NotJson, stamp),
        };
        file.broken = None;
        if !edit.bad.is_empty() {
            let to = quarantine::keep_copy(&self.root, INDEX_FILE, bytes, self.now_ms())?;
            let mut state = lock(&self.state);
            state.ahead.is_wanted = true;
            state.tell(IndexEvent::BadEntries { count: edit.bad.len(), copy: to });
        }
        self.take_over(&mut edit)?;
        file.stamp = Some(stamp);
        self.mark(stamp)
    }

    /// Tells the journal what the file is now.
    fn mark(&self, stamp: Stamp) -> Result<(), StoreError> {
        let mut journal = lock(&self.journal);
        let marked = self.append(&mut journal).and_then(|()| self.append_mark(&mut journal, stamp));
        if marked.is_err() || !journal.is_usable() {
            // Without that mark another start would not know what is newer.
            lock(&self.state).ahead.is_wanted = true;
        }
        marked
    }

    /// From now on, and until the file can be read again or is replaced, the journal alone has everything.
    fn note_broken(&self, file: &mut ImageFile, fault: Fault, stamp: Stamp) -> Result<(), StoreError> {
        {
            let mut state = lock(&self.state);
            state.ahead.is_wanted = true;
            if file.broken.is_none_or(|known| known.fault != fault) {
                let path = self.path.clone();
                state.tell(match fault {
                    Fault::Void => IndexEvent::Emptied { path },
                    Fault::NotJson => IndexEvent::Unreadable { path },
                });
            }
        }
        let since_ms =
            file.broken.filter(|known| known.fault == fault).map_or(self.now_ms(), |known| known.since_ms);
        file.broken = Some(BrokenFile { since_ms, fault, stamp });
        let begun = self.begin_whole(stamp);
        if begun.is_err() {
            file.look = None; // the next look tries again
        }
        begun
    }

    fn take_over(&self, edit: &mut Edit) -> Result<(), StoreError> {
        let (ours, known) = {
            let state = lock(&self.state);
            (state.in_file_order(), state.ahead.changed.clone())
        };
        // Compared without the lock: the image, and so this, changes only while the image's own lock is held.
        let mut in_image: HashMap<&str, &Arc<SessionEntry>> =
            ours.iter().map(|(key, entry)| (key.as_str(), entry)).collect();
        for (key, before) in &known {
            match before {
                Some(before) => in_image.insert(key, before),
                None => in_image.remove(key.as_str()),
            };
        }
        for key in &edit.bad {
            if let Some(before) = in_image.get(key.as_str()) {
                edit.entries.insert(key.clone(), SessionEntry::clone(before));
            }
        }
        let differs =
            |key: &&String| edit.entries.get(*key) != in_image.get(key.as_str()).map(|entry| &***entry);
        let mut keys: Vec<String> = edit.keys.iter().filter(differs).cloned().collect();
        let removed: Vec<(&str, &Arc<SessionEntry>)> = in_image
            .iter()
            .filter(|(key, _)| !edit.entries.contains_key(**key))
            .map(|(key, entry)| (*key, *entry))
            .collect();
        if removed.len() >= MANY_REMOVED && removed.len() * 2 > in_image.len() {
            self.keep_removed(&removed)?;
        }
        keys.extend(removed.iter().map(|(key, _)| (*key).to_owned()));
        let now_ms = self.now_ms();
        let mut state = lock(&self.state);
        let mut counts = Counts::default();
        for key in &keys {
            merge(&mut state, key, edit.entries.get(key), now_ms, &mut counts);
        }
        let Counts { added, changed, removed } = counts;
        if added + changed + removed > 0 {
            state.tell(IndexEvent::Edited { added, changed, removed });
        }
        state.rebase(&keys, |key| edit.entries.get(key).cloned(), now_ms);
        Ok(())
    }

    /// Most of an index is gone: that may have been a mistake, or another program's.
    fn keep_removed(&self, removed: &[(&str, &Arc<SessionEntry>)]) -> Result<(), StoreError> {
        let mut text = String::new();
        for (key, entry) in removed {
            text.push_str(if text.is_empty() { "{\n  " } else { ",\n  " });
            write_text(key, &mut text);
            text.push_str(": ");
            entry.write_indented(1, &mut text);
        }
        text.push_str("\n}");
        let copy = quarantine::keep_copy(&self.root, INDEX_FILE, text.as_bytes(), self.now_ms())?;
        lock(&self.state).tell(IndexEvent::ManyRemoved { count: removed.len(), copy });
        Ok(())
    }
}

/// Makes one entry's changes. The edit wins for what it changed; what changed here and not there stays.
fn merge(state: &mut State, key: &str, theirs: Option<&SessionEntry>, now_ms: i64, counts: &mut Counts) {
    let before = state.in_image(key);
    let ours = state.get(key).map(Arc::clone);
    match (before, theirs, ours) {
        (Some(before), Some(theirs), Some(ours)) => {
            let changes = theirs.changes_since(&before);
            if !changes.is_empty() {
                state.put(key, merged(&ours, &changes), now_ms);
                counts.changed += 1;
            }
        }
        // Removed here, but changed there, or both made one: who knows more of it.
        (_, Some(theirs), None) => {
            state.put(key, theirs.clone(), now_ms);
            counts.added += 1;
        }
        (None, Some(theirs), Some(ours)) => {
            if theirs.updated_at() > ours.updated_at() {
                state.put(key, theirs.clone(), now_ms);
                counts.changed += 1;
            }
        }
        (Some(_), None, Some(_)) => {
            state.remove(key, now_ms);
            counts.removed += 1;
        }
        (_, None, None) | (None, None, Some(_)) => {}
    }
}

fn merged(ours: &SessionEntry, changes: &Changes<'_>) -> SessionEntry {
    let mut merged = ours.clone();
    merged.apply(changes);
    // The time of the last use only ever goes on.
    if merged.updated_at() < ours.updated_at() {
        merged.set(field::UPDATED_AT, &ours.updated_at());
    }
    merged
}
