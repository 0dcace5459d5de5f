//! One conversation: a JSONL file that only ever grows, and the part of it that the model sees.

mod append;
mod archive;
mod branch;
mod context;
mod line;
mod pairing;
mod record;
mod restore;
mod scan;
mod sync;
mod tail;

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{Clock, FileError, Root, RootError, create_private_dir, iso_millis};
use openclaw_protocol::message::{KnownPart, Part};
use serde_json::json;

use crate::{SessionId, StoreError, quarantine};
use branch::Branch;
use pairing::OpenCall;
use scan::Scan;

pub use archive::{ArchiveReason, archive};
pub use context::{HistoryItem, HistoryOrigin};
pub(crate) use line::session_key_of;
pub use record::{PreparedRecord, RecordId};
pub use restore::{Restored, restore_record};
pub use sync::TranscriptSync;
pub use tail::read_tail;

/// The format version that upstream 2026.2.9 writes and so do we.
const FORMAT_VERSION: u32 = 3;
/// Custom record with the session key, so that a lost index can be rebuilt.
const SESSION_KEY_TYPE: &str = "openclaw.session-key";
/// Custom record that marks a place where damage was found.
const REPAIR_TYPE: &str = "openclaw.repair";
/// A transcript is read as a whole. Long conversations with images reach tens of megabytes; what is larger than this
/// would not fit a small machine's memory and must be moved away by a person.
const MAX_TRANSCRIPT_BYTES: u64 = 256 * 1024 * 1024;
/// Bytes copied to quarantine in one repair. The damaged bytes also stay in the transcript itself.
const MAX_QUARANTINE_BYTES: usize = 16 * 1024 * 1024;
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
    path: Arc<Path>,
    file: Arc<File>,
    clock: Arc<dyn Clock>,
    tail: Tail,
    ids: HashSet<RecordId>,
    leaf: Option<RecordId>,
    settings: Settings,
    history: Vec<Arc<HistoryItem>>,
    report: RepairReport,
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcript")
            .field("path", &self.path)
            .field("leaf", &self.leaf)
            .finish_non_exhaustive()
    }
}

impl Transcript {
    /// Opens `<dir>/<id>.jsonl`, making directory and file as needed, and repairs what is damaged.
    ///
    /// Nothing in the file is changed or cut. Damaged lines are copied to `<dir>/quarantine` and passed over, a torn
    /// last line is closed, calls at the end whose result is missing get one, and a record marks that this happened.
    ///
    /// # Errors
    /// When the file cannot be read or written. Damage is no error.
    pub fn open_or_create(
        dir: &Path,
        id: &SessionId,
        new: &NewTranscript<'_>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        create_private_dir(dir)?;
        let root = Root::open(dir)?;
        let (file, bytes) = read_or_create(&root, id, new, clock.now_ms(), MAX_TRANSCRIPT_BYTES)?;
        let name = id.transcript_file_name();
        let scan = scan::scan(&bytes);
        let Branch { settings, items, patched_calls, orphan_results, open } = branch::read(&scan);
        let mut transcript = Self {
            path: dir.join(&name).into(),
            file: Arc::new(file),
            clock,
            tail: Tail::of(&bytes),
            ids: scan.records.iter().map(|record| record.id.clone()).collect(),
            leaf: scan.records.last().map(|record| record.id.clone()),
            settings,
            history: items,
            report: RepairReport { patched_calls, orphan_results, ..scan.report.clone() },
        };
        transcript.repair(&root, &name, &bytes, &scan, &open)?;
        Ok(transcript)
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
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

    /// Whether a record has this id.
    #[must_use]
    pub fn contains(&self, id: &RecordId) -> bool {
        self.ids.contains(id)
    }

    /// What the model sees of a record; nothing if it is none for the model, or before the last compaction.
    #[must_use]
    pub fn message_of(&self, id: &RecordId) -> Option<&Arc<HistoryItem>> {
        self.history.iter().rev().find(|item| item.record.as_ref() == Some(id))
    }

    /// A handle to wait for the disk with, while this transcript goes on.
    #[must_use]
    pub fn syncer(&self) -> TranscriptSync {
        TranscriptSync { path: Arc::clone(&self.path), file: Arc::clone(&self.file) }
    }

    /// Waits until everything appended is on the disk.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.syncer().sync()
    }

    fn repair(
        &mut self,
        root: &Root,
        name: &str,
        bytes: &[u8],
        scan: &Scan<'_>,
        open: &[OpenCall],
    ) -> Result<(), StoreError> {
        let mut budget = MAX_QUARANTINE_BYTES;
        for damage in &scan.damage {
            let fragment = bytes.get(damage.clone()).unwrap_or_default();
            if fragment.len() > budget {
                continue;
            }
            budget -= fragment.len();
            self.report.quarantined.extend(quarantine::keep_fragment(root, name, damage.start, fragment)?);
        }
        self.report.torn_tail = self.tail == Tail::Torn;
        if self.tail == Tail::Torn {
            self.write_line(Vec::new())?;
        }
        if !self.report.quarantined.is_empty() {
            let data = json!({
                "damagedLines": self.report.damaged_lines,
                "quarantined": self.report.quarantined.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
            });
            self.append_custom(REPAIR_TYPE, &data)?;
        }
        for call in open {
            self.append_message(&call.result(INTERRUPTED, self.clock.now_ms()))?;
        }
        self.report.closed_calls = open.len();
        Ok(())
    }
}

impl Tail {
    fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() || bytes.ends_with(b"\n") { Self::Clean } else { Self::Torn }
    }
}

/// The file, open for appending, and what is in it; an absent or empty one gets its first lines.
fn read_or_create(
    root: &Root,
    id: &SessionId,
    new: &NewTranscript<'_>,
    now_ms: i64,
    max_bytes: u64,
) -> Result<(File, Vec<u8>), StoreError> {
    let name = id.transcript_file_name();
    let mut bytes = match root.read_capped(Path::new(&name), max_bytes) {
        Err(RootError::NotFound { .. }) => {
            root.create_new(Path::new(&name), b"")?;
            Vec::new()
        }
        read => read?,
    };
    let mut file = root.open_append(Path::new(&name))?;
    if bytes.is_empty() {
        bytes = opening_lines(id, new, now_ms)?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_all());
        written.map_err(|source| FileError::new("write", &root.path().join(&name), source))?;
    }
    Ok((file, bytes))
}

/// The header and the record with the session key.
fn opening_lines(id: &SessionId, new: &NewTranscript<'_>, now_ms: i64) -> Result<Vec<u8>, StoreError> {
    let timestamp = iso_millis(now_ms);
    let header = json!({
        "type": "session",
        "version": FORMAT_VERSION,
        "id": id.as_str(),
        "timestamp": timestamp,
        "cwd": new.cwd.to_string_lossy(),
    });
    let key = json!({
        "type": "custom",
        "customType": SESSION_KEY_TYPE,
        "data": {"key": new.key},
        "id": RecordId::random()?,
        "parentId": null,
        "timestamp": timestamp,
    });
    Ok(format!("{header}\n{key}\n").into_bytes())
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
mod damage_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod two_phase_tests;
