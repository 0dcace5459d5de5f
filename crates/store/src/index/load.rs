//! Reading `sessions.json` and its journal, whatever state they are in.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use openclaw_guard::{Root, RootError};

use super::disk::{Form, ImageFile};
use super::image::{self, Whole};
use super::journal::{Journal, Tail};
use super::lines::{Change, Header, Holds, Parsed, Stamp, is_foreign};
use super::offline::{Conflicts, Offline};
use super::rebuild::Recover;
use super::state::State;
use super::{INDEX_FILE, IndexEvent, JOURNAL_FILE, MAX_INDEX_BYTES};
use crate::{StoreError, field, quarantine};

/// What loading an index had to repair, and what is being repaired still.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LoadReport {
    /// Where the damaged file, or a copy of it, was put.
    pub quarantined: Option<PathBuf>,
    /// Keys of entries that were no entries and were left out.
    pub dropped: Vec<String>,
    /// Entries made from transcripts so far.
    pub recovered: usize,
    /// Where a copy of the damaged journal was put; its sound lines were followed.
    pub journal_quarantined: Option<PathBuf>,
    /// Whether transcripts are being read in the background, so that there may be more sessions than listed.
    pub is_rebuilding: bool,
}

impl LoadReport {
    /// Whether anything was repaired.
    #[must_use]
    pub fn is_repaired(&self) -> bool {
        self.quarantined.is_some() || self.recovered > 0 || self.journal_quarantined.is_some()
    }
}

/// An index, read.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) image: ImageFile,
    pub(super) journal: Journal,
    pub(super) recover: Option<Recover>,
}

/// What the journal is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Its changes were made to this image, or are in it: all are followed.
    Whole,
    /// Somebody wrote the image while no gateway ran: what was used later in the image stays as it is there.
    IfNewer,
}

pub(super) fn load(root: &Root, now_ms: i64) -> Result<Loaded, StoreError> {
    let mut loaded = Loaded::default();
    loaded.read_image(root, now_ms)?;
    loaded.read_journal(root, now_ms)?;
    loaded.state.ahead.is_wanted |= loaded.state.report.is_repaired();
    Ok(loaded)
}

impl Loaded {
    fn read_image(&mut self, root: &Root, now_ms: i64) -> Result<(), StoreError> {
        let (bytes, look) = match image::read(root) {
            Ok(read) => read,
            Err(RootError::NotFound { .. }) => {
                self.recover = Some(Recover::All);
                return Ok(());
            }
            // The owner keeps the file elsewhere: that is not damaged, and moving the link away would lose it.
            Err(RootError::Symlink { .. }) => return Err(link_error(root.path())),
            // A directory, a file without end: it is moved away, not read.
            Err(error) if is_foreign(&error) => {
                self.state.report.quarantined = Some(quarantine::move_file(root, INDEX_FILE, now_ms)?);
                self.recover = Some(Recover::All);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        // Later entries with a key win over earlier ones, as in every JSON reader, but keep the place of the first.
        let (state, whole) = image::parse(&bytes, |state: &mut State, key, entry| match entry {
            Some(entry) => {
                state.place(&key, entry);
            }
            None => state.report.dropped.push(key),
        });
        self.recover = match whole {
            Whole::No(_) => Some(Recover::All),
            Whole::Json | Whole::Json5 if !state.report.dropped.is_empty() => Some(Recover::Named),
            Whole::Json | Whole::Json5 => None,
        };
        self.state = state;
        let form = if whole == Whole::Json5 { Form::Json5 } else { Form::Json };
        self.image = ImageFile { look: Some(look), stamp: Some(Stamp::of(&bytes)), broken: None, form };
        if self.recover.is_some() {
            // The damaged file stays until a sound one takes its place, so that no kill loses what could be read.
            self.state.report.quarantined = Some(quarantine::keep_copy(root, INDEX_FILE, &bytes, now_ms)?);
        }
        Ok(())
    }

    fn read_journal(&mut self, root: &Root, now_ms: i64) -> Result<(), StoreError> {
        let bytes = match root.read_capped(Path::new(JOURNAL_FILE), MAX_INDEX_BYTES) {
            Ok(bytes) => bytes,
            Err(RootError::NotFound { .. }) => {
                self.new_journal();
                return Ok(());
            }
            Err(error) if is_foreign(&error) => {
                let moved = quarantine::move_file(root, JOURNAL_FILE, now_ms)?;
                self.state.report.journal_quarantined = Some(moved);
                self.new_journal();
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let parsed = Parsed::read(&bytes);
        let is_all = parsed.holds_all() && self.image.stamp.is_none_or(|stamp| parsed.knows(stamp));
        if is_all {
            // The file was broken, or taken away, while a gateway ran.
            self.state.forget_entries();
            self.state.report.dropped.clear();
            self.state.ahead.is_wanted = true;
            self.recover = None;
        }
        let is_known = is_all || self.image.stamp.is_some_and(|stamp| parsed.knows(stamp));
        if is_known {
            self.replay(&parsed, Trust::Whole, now_ms);
        } else {
            self.replay_over_edits(root, &parsed, &bytes, now_ms)?;
        }
        if parsed.damaged > 0 || (parsed.header.is_none() && !bytes.is_empty()) {
            let copy = quarantine::keep_copy(root, JOURNAL_FILE, &bytes, now_ms)?;
            self.state.report.journal_quarantined = Some(copy);
            self.state.ahead.is_wanted = true;
            return Ok(());
        }
        if self.recover.is_none() && is_known {
            self.recover = parsed.header.and_then(|header| header.rebuild);
            let tail = if parsed.is_torn { Tail::Torn } else { Tail::Clean };
            self.journal = Journal::resume(root, bytes.len() as u64, tail)?;
            self.state.waiting.start();
        } else if self.state.ahead.is_any() {
            self.state.ahead.is_wanted = true;
        } else {
            self.new_journal();
        }
        Ok(())
    }

    /// A sound image needs no other before the first change.
    fn new_journal(&mut self) {
        if let (Some(image), None) = (self.image.stamp, self.recover) {
            self.journal = Journal::new(Header { image, rebuild: None, holds: Holds::Changes });
            self.state.waiting.start();
        }
    }

    /// Follows the journal where the image is one that it does not know. Of a sound image the edits stay.
    fn replay_over_edits(
        &mut self,
        root: &Root,
        parsed: &Parsed<'_>,
        journal: &[u8],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let offline = Offline::before(&self.state, parsed);
        self.replay(parsed, Trust::IfNewer, now_ms);
        if self.recover == Some(Recover::All) {
            return Ok(()); // what is in a damaged file may be damage
        }
        let conflicts = offline.keep_edits(&mut self.state);
        if conflicts == Conflicts::default() {
            return Ok(());
        }
        let journal = quarantine::keep_copy(root, JOURNAL_FILE, journal, now_ms)?;
        let (bytes, _) = image::read(root)?;
        let image = quarantine::keep_copy(root, INDEX_FILE, &bytes, now_ms)?;
        let Conflicts { fields, removed } = conflicts;
        self.state.tell(IndexEvent::EditedOffline { fields, removed, image, journal });
        Ok(())
    }

    pub(super) fn replay(&mut self, parsed: &Parsed<'_>, trust: Trust, now_ms: i64) {
        let mut times: HashMap<&str, i64> = HashMap::new();
        for (key, change) in parsed.changes() {
            if let Some(at) = time_of(&change) {
                let time = times.entry(key).or_insert(at);
                *time = at.max(*time);
            }
        }
        let in_image: HashMap<&str, i64> = match trust {
            Trust::Whole => HashMap::new(),
            Trust::IfNewer => {
                times.keys().filter_map(|key| Some((*key, self.state.get(key)?.updated_at()))).collect()
            }
        };
        for (key, change) in parsed.changes() {
            let is_older = in_image.get(key).zip(times.get(key)).is_some_and(|(there, here)| there > here);
            if !is_older {
                self.state.replay(key, change, now_ms);
            }
        }
    }
}

/// The index in a folder is a link.
pub(super) fn link_error(dir: &Path) -> StoreError {
    let path = dir.join(INDEX_FILE);
    // Gone in this moment: then the next try finds none.
    let to = path.read_link().map_or_else(|_| PathBuf::new(), |to| dir.join(to));
    StoreError::IndexIsLink { path, to }
}

/// When an entry was last used, as far as a change says it.
fn time_of(change: &Change<'_>) -> Option<i64> {
    match change {
        Change::Put(entry) => Some(entry.updated_at()),
        Change::Gone { updated_at } => Some(*updated_at),
        Change::Set { set, .. } => {
            let at = set.0.iter().rev().find(|(name, _)| name == field::UPDATED_AT.key())?;
            serde_json::from_str(at.1.get()).ok()
        }
    }
}
