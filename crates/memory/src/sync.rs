//! Bringing the index up to date with the notes.
//!
//! A pass lists the notes and compares size and time; only what differs is read, and only what differs in content is
//! indexed. Each note is one transaction, so that a pass may stop anywhere.

use std::collections::HashMap;

use openclaw_guard::Clock;
use ring::digest;

use crate::backend::{Skipped, SyncReport};
use crate::index::{Index, IndexError, Stamp};
use crate::sources::{Note, Sources};

/// A note changed this recently may change again within the same millisecond and size, so its content is compared
/// in the next pass whatever its time says.
const SETTLE_MS: i64 = 1_000;
/// The time of a note that has not settled.
const UNSETTLED: i64 = -1;

/// How much one pass may read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Budget {
    /// At least one note, then no more than this many bytes.
    Bytes(u64),
    /// Everything.
    Whole,
}

/// One pass.
pub(crate) fn sync(
    index: &mut Index,
    sources: &Sources,
    clock: &dyn Clock,
    budget: Budget,
) -> Result<SyncReport, IndexError> {
    let listing = sources.list();
    let mut known: HashMap<String, Stamp> = index.stamps()?.into_iter().collect();
    let mut report = SyncReport { skipped: listing.skipped, ..SyncReport::default() };
    let mut read = 0_u64;
    for note in &listing.notes {
        let old = known.remove(&note.path);
        if old.as_ref().is_some_and(|old| (old.size, old.mtime_ms) == (note.size, note.mtime_ms)) {
            continue;
        }
        if spent(budget, read, note.size.into()) {
            report.pending += 1;
            continue;
        }
        read += u64::from(note.size);
        match update(index, note, old.as_ref(), clock)? {
            Update::Indexed => report.indexed += 1,
            Update::Same => {}
            Update::Unreadable(reason) => {
                if old.is_some() {
                    index.remove(&note.path)?;
                }
                report.skipped.push(Skipped { path: note.path.clone(), reason });
            }
        }
    }
    for path in known.keys() {
        index.remove(path)?;
        report.removed += 1;
    }
    report.files = index.totals()?.files;
    Ok(report)
}

/// Whether a pass would find something to do, as far as size and time tell.
pub(crate) fn is_dirty(index: &Index, sources: &Sources) -> Result<bool, IndexError> {
    let known: HashMap<String, Stamp> = index.stamps()?.into_iter().collect();
    let notes = sources.list().notes;
    let same = |note: &Note| {
        let stamp = known.get(&note.path);
        stamp.is_some_and(|stamp| {
            stamp.size == note.size && [note.mtime_ms, UNSETTLED].contains(&stamp.mtime_ms)
        })
    };
    Ok(known.len() != notes.len() || !notes.iter().all(same))
}

fn spent(budget: Budget, read: u64, next: u64) -> bool {
    match budget {
        Budget::Bytes(limit) => read > 0 && read + next > limit,
        Budget::Whole => false,
    }
}

enum Update {
    Indexed,
    Same,
    Unreadable(String),
}

fn update(
    index: &mut Index,
    note: &Note,
    old: Option<&Stamp>,
    clock: &dyn Clock,
) -> Result<Update, IndexError> {
    let text = match note.text() {
        Ok(text) => text,
        Err(error) => return Ok(Update::Unreadable(error.to_string())),
    };
    let hash = digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec();
    let settled = clock.now_ms().saturating_sub(note.mtime_ms) > SETTLE_MS;
    let stamp = Stamp { size: note.size, mtime_ms: if settled { note.mtime_ms } else { UNSETTLED }, hash };
    if old.is_some_and(|old| old.hash == stamp.hash) {
        index.touch(&note.path, &stamp)?;
        return Ok(Update::Same);
    }
    index.put(&note.path, &stamp, &text)?;
    Ok(Update::Indexed)
}
