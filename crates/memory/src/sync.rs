//! Bringing the index up to date with the notes.
//!
//! A pass lists the notes and compares size and time; only what differs is read, and only what differs in content is
//! indexed. Each note is one transaction, so that a pass may stop anywhere.

use std::cmp::Reverse;
use std::collections::HashMap;

use openclaw_guard::Clock;
use ring::digest;
use rusqlite::{OptionalExtension as _, params};

use crate::backend::{Skipped, Source, SyncReport};
use crate::index::{Generation, Index, IndexError, NewNote, Stamp};
use crate::open::OpenIndex;
use crate::sources::{Listing, Note, Sources, Text};

/// A note changed this recently may change again within the same millisecond and size, so its content is compared
/// in the next pass whatever its time says.
const SETTLE_MS: u64 = 1_000;
/// The time of a note that has not settled.
const UNSETTLED: i64 = -1;

/// Behind the hash of a transcript of which only the newest part is indexed.
const CUT: u8 = 1;

/// How much a pass does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Bytes of changed files that it may read; at least one file is read.
    pub(crate) bytes: u64,
    /// Transcripts are passed over if absent.
    pub(crate) transcripts: Option<Take>,
}

/// Which transcripts are indexed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Take {
    /// None; those that have grown enough are counted as pending.
    #[default]
    None,
    /// Those that have grown enough.
    Grown,
    /// Those that have grown at all.
    All,
}

/// One pass over all sources, into a generation.
pub(crate) fn sync(
    open: &mut OpenIndex,
    generation: Generation,
    sources: &Sources,
    clock: &dyn Clock,
    extent: Extent,
) -> Result<SyncReport, IndexError> {
    let (left, report) = (Some(extent.bytes), SyncReport::default());
    let mut pass = Pass { open, generation, sources, clock, left, report };
    pass.source(Source::Memory, Take::All)?;
    if let Some(take) = extent.transcripts {
        if take == Take::None {
            pass.left = None;
        }
        pass.source(Source::Sessions, take)?;
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
        let Listing { notes, skipped, .. } = sources.list(source);
        look.skipped.extend(skipped);
        let is_same = |note: &Note| {
            known.get(&note.path).is_some_and(|stamp| {
                let unsettled = stamp.mtime_ms == UNSETTLED && stamp.size == note.size;
                unsettled || !is_due(sources, source, note, stamp, Take::Grown)
            })
        };
        look.is_dirty |= known.len() != notes.len() || !notes.iter().all(is_same);
    }
    Ok(look)
}

/// Whether a file that was indexed must be looked at again.
fn is_due(sources: &Sources, source: Source, note: &Note, old: &Stamp, take: Take) -> bool {
    if (old.size, old.mtime_ms) == (note.size, note.mtime_ms) {
        return false;
    }
    let has_grown_only = source == Source::Sessions && note.size > old.size;
    !has_grown_only || take == Take::All || sources.has_grown(note, old.size)
}

impl Index {
    /// The text of a published note, as it was indexed.
    pub(crate) fn text_of(&self, source: Source, path: &str) -> Result<Option<String>, IndexError> {
        let mut query = self.db.prepare_cached(
            "SELECT text FROM mem_notes WHERE generation = ?1 AND source = ?2 AND path = ?3",
        )?;
        let key = params![self.published().number(), source.as_str(), path];
        let text: Option<Vec<u8>> = query.query_row(key, |row| row.get(0)).optional()?;
        let damaged = |_| IndexError::Rows { path: path.to_owned() };
        text.map(String::from_utf8).transpose().map_err(damaged)
    }
}

struct Pass<'a> {
    open: &'a mut OpenIndex,
    generation: Generation,
    sources: &'a Sources,
    clock: &'a dyn Clock,
    /// Bytes that may still be read; nothing when the budget is spent.
    left: Option<u64>,
    report: SyncReport,
}

impl Pass<'_> {
    fn source(&mut self, source: Source, take: Take) -> Result<(), IndexError> {
        let listing = self.sources.list(source);
        self.report.skipped.extend(listing.skipped);
        let stamps = self.open.index.stamps(self.generation, source)?;
        let mut known: HashMap<String, Stamp> = stamps.into_iter().collect();
        let mut due: Vec<(&Note, Option<Stamp>)> = Vec::new();
        for note in &listing.notes {
            match known.remove(&note.path) {
                Some(old) if !is_due(self.sources, source, note, &old, take) => {
                    if old.hash.last() == Some(&CUT) && old.hash.len() > digest::SHA256_OUTPUT_LEN {
                        self.skip_cut(&note.path);
                    }
                }
                old => due.push((note, old)),
            }
        }
        // What was written a moment ago is what is asked for. What is only compared again, because it had not settled,
        // must not keep out the others for as long as somebody writes to it.
        let is_compared = |old: &Option<Stamp>| old.as_ref().is_some_and(|old| old.mtime_ms == UNSETTLED);
        due.sort_by_key(|(note, old)| (is_compared(old), Reverse(note.mtime_ms)));
        for (note, old) in due {
            let Some(left) = self.left else {
                self.report.pending += 1;
                continue;
            };
            self.left = left.checked_sub(u64::from(note.size)).filter(|left| *left > 0);
            self.update(source, note, old.as_ref())?;
        }
        if !listing.is_partial {
            for path in known.keys() {
                self.open.remove(self.generation, source, path)?;
                self.report.removed += 1;
            }
        }
        Ok(())
    }

    fn update(&mut self, source: Source, note: &Note, old: Option<&Stamp>) -> Result<(), IndexError> {
        let Text { text, is_cut } = match note.text() {
            Ok(text) => text,
            Err(error) => {
                if old.is_some() {
                    self.open.remove(self.generation, source, &note.path)?;
                }
                self.report.skipped.push(Skipped { path: note.path.clone(), reason: error.to_string() });
                return Ok(());
            }
        };
        let mut hash = digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec();
        if is_cut {
            hash.push(CUT);
            self.skip_cut(&note.path);
        }
        let settled = match source {
            // A time far ahead is as good as any: it changes when the file does.
            Source::Memory => self.clock.now_ms().abs_diff(note.mtime_ms) > SETTLE_MS,
            // It only grows, and so its size tells.
            Source::Sessions => true,
        };
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

    fn skip_cut(&mut self, path: &str) {
        let reason = "long; only the newest part of the conversation is indexed".to_owned();
        self.report.skipped.push(Skipped { path: path.to_owned(), reason });
    }
}
