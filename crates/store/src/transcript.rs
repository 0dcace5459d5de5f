//! One conversation: a JSONL file that only ever grows, and the part of it that the model sees.

mod append;
mod archive;
mod back;
mod branch;
mod content;
mod context;
mod line;
mod notes;
mod open;
mod pairing;
mod predecessor;
mod record;
mod restore;
mod scan;
mod sums;
mod surrogates;
mod sync;
mod tail;
mod tree;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{Clock, FileError, Root};
use openclaw_protocol::message::{KnownPart, Part};

use crate::StoreError;
use content::Limits;
use sums::Sums;
use sync::Handle;

pub use archive::{ArchiveReason, archive};
pub use context::{HistoryItem, HistoryOrigin};
pub(crate) use line::session_key_of;
pub use notes::Notes;
pub use predecessor::predecessor_of;
pub use record::{PreparedRecord, RecordId};
pub use restore::{Restored, restore_named, restore_record};
pub use sync::TranscriptSync;
pub use tail::read_tail;
pub use tree::{Summary, SummaryBy};

/// The format version that upstream 2026.2.9 writes and so do we.
const FORMAT_VERSION: u32 = 3;
/// Custom record with the session key, so that a lost index can be rebuilt.
const SESSION_KEY_TYPE: &str = "openclaw.session-key";
/// Custom record that marks a place where damage was found.
const REPAIR_TYPE: &str = "openclaw.repair";
/// What the model reads in place of a result that was never written.
const INTERRUPTED: &str =
    "The gateway stopped before this call returned. It may or may not have taken effect.";

/// What a new transcript says about itself.
#[derive(Debug, Clone, Copy)]
pub struct NewTranscript<'a> {
    /// The agent's workspace.
    pub cwd: &'a Path,
    /// The session key.
    pub key: &'a str,
    /// The transcript of the conversation before this one, where a reset began it: see [`predecessor_of`].
    pub parent: Option<&'a Path>,
}

/// What opening a transcript found and repaired; all zero and empty for a sound file. The gateway logs it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RepairReport {
    /// New copies of damaged lines. Damage found by an earlier opening is not reported again.
    pub quarantined: Vec<PathBuf>,
    /// Damaged lines, new and old. They stay in the file and are passed over.
    pub damaged_lines: usize,
    /// Whether the last line lacked its end and was closed.
    pub torn_tail: bool,
    /// Whether the file does not begin with a session header.
    pub header_missing: bool,
    /// Lines that repeat an earlier record byte for byte; passed over.
    pub duplicates: usize,
    /// Records that read well but are not as this program wrote them, by their checksums: edited or damaged. They are
    /// kept as they are now.
    pub altered: usize,
    /// Bytes at the beginning that are too many to be read. They stay in the file, and from now on are left out.
    pub left_out_bytes: u64,
    /// Bytes that this program wrote behind what is now the end of the file.
    pub missing_bytes: u64,
    /// Records whose parent is gone; hung on the record before them.
    pub bridged: usize,
    /// Tool calls without a result that got one on disk.
    pub closed_calls: usize,
    /// Tool calls without a result in mid-conversation that got one in memory.
    pub patched_calls: usize,
    /// Tool results without a call; not shown to the model.
    pub orphan_results: usize,
}

/// The settings last recorded on the active branch.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Provider and model id of the last `model_change`.
    pub model: Option<(String, String)>,
    /// Level of the last `thinking_level_change`.
    pub thinking_level: Option<String>,
}

/// Whether people see a text that a program gave to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// Chat windows show it.
    Shown,
    /// Only the model reads it.
    Hidden,
}

/// Whether the file ends with a line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    Clean,
    /// A write broke off: the next record must begin with a line end, or it would be lost with the fragment.
    Torn,
}

/// An open transcript. One owner (the session's lane) appends; every append is one write of one whole line.
pub struct Transcript {
    handle: Arc<Handle>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    tail: Tail,
    /// Where in the file reading began; 0 if all of it was read.
    read_from: u64,
    ids: HashSet<RecordId>,
    leaf: Option<RecordId>,
    settings: Settings,
    notes: Notes,
    history: Vec<Arc<HistoryItem>>,
    report: RepairReport,
    sums: Sums,
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcript")
            .field("path", &self.path())
            .field("leaf", &self.leaf)
            .finish_non_exhaustive()
    }
}

impl Transcript {
    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.handle.path
    }

    /// Whether it can go on. After a write or a sync that failed it cannot: everything it is asked for then is an error,
    /// until it is opened again.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.handle.is_sound()
    }

    /// What opening found and repaired.
    #[must_use]
    pub fn report(&self) -> &RepairReport {
        &self.report
    }

    /// What the model may see, oldest first: the active branch from its last compaction on, with that compaction's
    /// summary first. Every tool call is followed by its result, unless one was appended since and is still running.
    #[must_use]
    pub fn history(&self) -> &[Arc<HistoryItem>] {
        &self.history
    }

    /// The model and the thinking level last recorded.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The name and the labels that people gave, as far as they are in the part that was read. A long file is opened from
    /// the first record that its last compaction kept: a name or a label that was given before that record is not here,
    /// and the absence of a name then does not mean that there is none. See [`Transcript::is_whole`].
    #[must_use]
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Whether all of the file was read, and not only its end.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.read_from == 0
    }

    /// Whether a record of the part that was read has this id: all of the file, but for a long one.
    #[must_use]
    pub fn contains(&self, id: &RecordId) -> bool {
        self.ids.contains(id)
    }

    /// Whether a record of the file has this id. Reads the part of a long file that opening left out.
    ///
    /// # Errors
    /// When the file cannot be read, or a sync of it failed: the record may be nowhere but in memory.
    pub fn holds(&self, id: &RecordId) -> Result<bool, StoreError> {
        self.handle.must_be_sound()?;
        if self.contains(id) || self.read_from == 0 {
            return Ok(self.contains(id));
        }
        let (Some(dir), Some(name)) = (self.path().parent(), self.path().file_name()) else {
            return Ok(false);
        };
        let file = Root::open(dir)?.open_read(Path::new(name))?;
        content::holds_before(&file, self.read_from, id.as_str())
            .map_err(|source| FileError::new("read", self.path(), source).into())
    }

    /// What the model sees of a record; nothing if it is none for the model, or before the last compaction.
    #[must_use]
    pub fn message_of(&self, id: &RecordId) -> Option<&Arc<HistoryItem>> {
        self.history.iter().rev().find(|item| item.record.as_ref() == Some(id))
    }

    /// A handle to wait for the disk with, while this transcript goes on.
    #[must_use]
    pub fn syncer(&self) -> TranscriptSync {
        TranscriptSync { handle: Arc::clone(&self.handle) }
    }

    /// Waits until everything appended is on the disk.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.syncer().sync()
    }
}

/// The ids and names of the tool calls among the parts of an assistant message.
fn tool_calls(parts: &[Part]) -> impl Iterator<Item = (&str, &str)> {
    parts.iter().filter_map(|part| match part {
        Part::Known(KnownPart::ToolCall { id, name, .. }) => Some((id.as_str(), name.as_str())),
        Part::Known(KnownPart::Text { .. } | KnownPart::Thinking { .. } | KnownPart::Image { .. })
        | Part::Other(_) => None,
    })
}

#[cfg(test)]
mod content_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod sums_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tree_tests;
#[cfg(test)]
mod two_phase_tests;
