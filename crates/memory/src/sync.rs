//! Bringing the index up to date with the notes.
//!
//! A pass lists the notes and compares size and time; only what differs is read, and only what differs in content is
//! indexed. Each note is one transaction, so that a pass may stop anywhere.

use std::collections::HashMap;

use openclaw_guard::Clock;
use ring::digest;

use crate::backend::{Skipped, Source, SyncReport};
use crate::index::{Generation, IndexError, NewNote, Stamp};
use crate::open::OpenIndex;
use crate::sources::{Listing, Note, Sources};

/// A note changed this recently may change again within the same millisecond and size, so its content is compared
/// in the next pass whatever its time says.
const SETTLE_MS: i64 = 1_000;
/// The time of a note that has not settled.
const UNSETTLED: i64 = -1;

/// Bytes of changed notes that one pass may read; at least one note is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget(pub(crate) u64);

/// One pass over all sources, into a generation.
pub(crate) fn sync(
    open: &mut OpenIndex,
    generation: Generation,
    sources: &Sources,
    clock: &dyn Clock,
    budget: Budget,
) -> Result<SyncReport, IndexError> {
    let mut pass = Pass { open, generation, clock, left: Some(budget.0), report: SyncReport::default() };
    for source in [Source::Memory, Source::Sessions] {
        let listing = sources.list(source);
        pass.report.skipped.extend(listing.skipped);
        pass.source(source, &listing.notes)?;
    }
    let Pass { mut report, .. } = pass;
    report.files = open.index.count(generation)?;
    Ok(report)
}

/// What a look at the folders tells.
#[derive(Default)]
pub(crate) struct Look {
    /// Whether a pass would find something to do, as far as size and time tell.
    pub(crate) is_dirty: bool,
    pub(crate) skipped: Vec<Skipped>,
}

/// Looks at the folders without reading a note.
pub(crate) fn look(open: &OpenIndex, sources: &Sources) -> Result<Look, IndexError> {
    let mut look = Look::default();
    for source in [Source::Memory, Source::Sessions] {
        let known: HashMap<String, Stamp> =
            open.index.stamps(open.index.published(), source)?.into_iter().collect();
        let Listing { notes, skipped } = sources.list(source);
        look.skipped.extend(skipped);
        let same = |note: &Note| {
            let stamp = known.get(&note.path);
            stamp.is_some_and(|stamp| {
                stamp.size == note.size && [note.mtime_ms, UNSETTLED].contains(&stamp.mtime_ms)
            })
        };
        look.is_dirty |= known.len() != notes.len() || !notes.iter().all(same);
    }
    Ok(look)
}

struct Pass<'a> {
    open: &'a mut OpenIndex,
    generation: Generation,
    clock: &'a dyn Clock,
    /// Bytes that may still be read; nothing when the budget is spent.
    left: Option<u64>,
    report: SyncReport,
}

impl Pass<'_> {
    fn source(&mut self, source: Source, notes: &[Note]) -> Result<(), IndexError> {
        let stamps = self.open.index.stamps(self.generation, source)?;
        let mut known: HashMap<String, Stamp> = stamps.into_iter().collect();
        for note in notes {
            let old = known.remove(&note.path);
            if old.as_ref().is_some_and(|old| (old.size, old.mtime_ms) == (note.size, note.mtime_ms)) {
                continue;
            }
            let Some(left) = self.left else {
                self.report.pending += 1;
                continue;
            };
            self.left = left.checked_sub(u64::from(note.size)).filter(|left| *left > 0);
            self.update(source, note, old.as_ref())?;
        }
        for path in known.keys() {
            self.open.remove(self.generation, source, path)?;
            self.report.removed += 1;
        }
        Ok(())
    }

    fn update(&mut self, source: Source, note: &Note, old: Option<&Stamp>) -> Result<(), IndexError> {
        let text = match note.text() {
            Ok(text) => text,
            Err(error) => {
                if old.is_some() {
                    self.open.remove(self.generation, source, &note.path)?;
                }
                self.report.skipped.push(Skipped { path: note.path.clone(), reason: error.to_string() });
                return Ok(());
            }
        };
        let hash = digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec();
        let settled = self.clock.now_ms().saturating_sub(note.mtime_ms) > SETTLE_MS;
        let stamp =
            Stamp { size: note.size, mtime_ms: if settled { note.mtime_ms } else { UNSETTLED }, hash };
        if old.is_some_and(|old| old.hash == stamp.hash) {
            return self.open.index.touch(self.generation, source, &note.path, &stamp);
        }
        let new = NewNote { source, path: &note.path, stamp: &stamp, text: &text };
        self.report.embedded += self.open.put(self.generation, &new)?;
        self.report.indexed += 1;
        Ok(())
    }
}
