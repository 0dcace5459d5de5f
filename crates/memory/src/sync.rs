//! Bringing the index up to date with the notes.
//!
//! A pass lists the notes and compares size and time; only what differs is read, and only what differs in content is
//! indexed. Each note is one transaction, so that a pass may stop anywhere.

use std::cmp::Reverse;
use std::collections::HashMap;

use openclaw_guard::Clock;
use ring::digest;

use crate::backend::{Skipped, Source, SyncReport};
use crate::index::{Generation, IndexError, NewNote, Stamp};
use crate::open::OpenIndex;
use crate::sources::{Listing, Note, Sources, Text};
use crate::unread::Unread;

/// A note changed this recently may change again within the same millisecond and size, so its content is compared
/// in the next pass whatever its time says.
const SETTLE_MS: u64 = 1_000;
/// The time of a note that has not settled.
const UNSETTLED: i64 = -1;

/// Behind the hash of a transcript: whether only its newest part is indexed. Then follows what secrets were hidden by.
const CUT: u8 = 1;
const WHOLE: u8 = 0;

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
        let generation = open.index.published();
        let known: HashMap<String, Stamp> = open.index.stamps(generation, source)?.into_iter().collect();
        let unread: HashMap<String, Unread> = open.index.unread(generation, source)?.into_iter().collect();
        let Listing { notes, skipped, .. } = sources.list(source);
        look.skipped.extend(skipped);
        let mut is_dirty = known.len() + unread.len() != notes.len();
        for note in &notes {
            let is_unsettled = |size, mtime_ms| mtime_ms == UNSETTLED && size == note.size;
            is_dirty |= match (known.get(&note.path), unread.get(&note.path)) {
                (Some(stamp), _) => {
                    !is_unsettled(stamp.size, stamp.mtime_ms)
                        && is_due(sources, source, note, stamp, Take::Grown)
                }
                (None, Some(unread)) => {
                    look.skipped.push(skipped_for(note, unread));
                    !is_unsettled(unread.size, unread.mtime_ms) && !fails_still(note, unread)
                }
                (None, None) => true,
            };
        }
        look.is_dirty |= is_dirty;
    }
    Ok(look)
}

fn skipped_for(note: &Note, unread: &Unread) -> Skipped {
    Skipped::note(&note.path, &unread.reason)
}

/// Whether a file that was indexed must be looked at again.
fn is_due(sources: &Sources, source: Source, note: &Note, old: &Stamp, take: Take) -> bool {
    // Something else may be a secret now, and must go from what is indexed.
    if source == Source::Sessions && redaction_of(&old.hash) != sources.redaction() {
        return true;
    }
    if (old.size, old.mtime_ms) == (note.size, note.mtime_ms) {
        return false;
    }
    let has_grown_only = source == Source::Sessions && note.size > old.size;
    !has_grown_only || take == Take::All || sources.has_grown(note, old.size)
}

/// The hash of a text, and whether it was cut.
fn content(hash: &[u8]) -> &[u8] {
    hash.get(..=digest::SHA256_OUTPUT_LEN).unwrap_or(hash)
}

fn is_cut(hash: &[u8]) -> bool {
    hash.get(digest::SHA256_OUTPUT_LEN) == Some(&CUT)
}

/// By what secrets were hidden in a transcript when it was indexed.
fn redaction_of(hash: &[u8]) -> &[u8] {
    hash.get(digest::SHA256_OUTPUT_LEN + 1..).unwrap_or_default()
}

/// A file that is to be read, and what is known of it from before.
struct Due<'a> {
    note: &'a Note,
    old: Option<Stamp>,
    failed: Option<Unread>,
}

impl Due<'_> {
    /// Whether it is read only because it had not settled.
    fn is_compared(&self) -> bool {
        let times =
            [self.old.as_ref().map(|old| old.mtime_ms), self.failed.as_ref().map(|failed| failed.mtime_ms)];
        times.contains(&Some(UNSETTLED))
    }
}

/// Whether a file that could not be read is as it was then. What could not be opened is tried: rights change without a
/// trace in time and size.
fn fails_still(note: &Note, failed: &Unread) -> bool {
    (failed.size, failed.mtime_ms) == (note.size, note.mtime_ms) && (failed.opens || note.open().is_err())
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
        let mut known: HashMap<String, Stamp> =
            self.open.index.stamps(self.generation, source)?.into_iter().collect();
        let mut unread: HashMap<String, Unread> =
            self.open.index.unread(self.generation, source)?.into_iter().collect();
        let mut due: Vec<Due<'_>> = Vec::new();
        for note in &listing.notes {
            let (old, failed) = (known.remove(&note.path), unread.remove(&note.path));
            if let Some(failed) = failed.as_ref().filter(|failed| fails_still(note, failed)) {
                self.report.skipped.push(skipped_for(note, failed));
                continue;
            }
            match old {
                Some(old) if !is_due(self.sources, source, note, &old, take) => {
                    if is_cut(&old.hash) {
                        self.skip_cut(&note.path);
                    }
                }
                old => due.push(Due { note, old, failed }),
            }
        }
        // What was written a moment ago is what is asked for. What is only compared again, because it had not settled,
        // must not keep out the others for as long as somebody writes to it.
        due.sort_by_key(|due| (due.is_compared(), Reverse(due.note.mtime_ms)));
        for due in due {
            let Some(left) = self.left else {
                self.report.pending += 1;
                continue;
            };
            let read = self.update(source, &due)?;
            self.left = left.checked_sub(read).filter(|left| *left > 0);
        }
        if !listing.is_partial {
            for path in known.keys() {
                self.open.remove(self.generation, source, path)?;
                self.report.removed += 1;
            }
            for path in unread.keys() {
                self.open.index.forget_unread(self.generation, source, path)?;
            }
        }
        Ok(())
    }

    /// Indexes a file; tells how many bytes of it were read.
    fn update(&mut self, source: Source, due: &Due<'_>) -> Result<u64, IndexError> {
        let Due { note, old, failed } = due;
        let settled = match source {
            // A time far ahead is as good as any: it changes when the file does.
            Source::Memory => self.clock.now_ms().abs_diff(note.mtime_ms) > SETTLE_MS,
            // It only grows, and so its size tells.
            Source::Sessions => true,
        };
        let (size, mtime_ms) = (note.size, if settled { note.mtime_ms } else { UNSETTLED });
        let Text { text, is_cut } = match note.text() {
            Ok(text) => text,
            Err(error) => {
                if old.is_some() {
                    self.open.remove(self.generation, source, &note.path)?;
                }
                let opens = note.open().is_ok();
                let unread = Unread { size, mtime_ms, opens, reason: error.to_string() };
                self.open.index.set_unread(self.generation, source, &note.path, &unread)?;
                self.report.skipped.push(skipped_for(note, &unread));
                return Ok(if opens { u64::from(size) } else { 0 });
            }
        };
        if failed.is_some() {
            self.open.index.forget_unread(self.generation, source, &note.path)?;
        }
        let mut hash = digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec();
        if source == Source::Sessions {
            hash.push(if is_cut { CUT } else { WHOLE });
            hash.extend_from_slice(self.sources.redaction());
        }
        if is_cut {
            self.skip_cut(&note.path);
        }
        let stamp = Stamp { size, mtime_ms, hash };
        if old.as_ref().is_some_and(|old| content(&old.hash) == content(&stamp.hash)) {
            self.open.index.touch(self.generation, source, &note.path, &stamp)?;
            return Ok(u64::from(size));
        }
        let new = NewNote { source, path: &note.path, below: note.below(), stamp: &stamp, text: &text };
        self.report.embedded += self.open.put(self.generation, &new)?;
        self.report.indexed += 1;
        Ok(u64::from(size))
    }

    fn skip_cut(&mut self, path: &str) {
        let reason = "long; only the newest part of the conversation is indexed".to_owned();
        self.report.skipped.push(Skipped::note(path, reason));
    }
}
