//! One conversation: a JSONL file that only ever grows, and the part of it that the model sees.

mod archive;
mod branch;
mod context;
mod line;
mod pairing;
mod scan;
mod tail;

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{Clock, FileError, Root, RootError, create_private_dir, iso_millis, random_hex};
use openclaw_protocol::message::{Content, KnownPart, Message, Part, UserMessage};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::{SessionId, StoreError, quarantine};
use branch::Branch;
use pairing::OpenCall;
use scan::Scan;

pub use archive::{ArchiveReason, archive};
pub use context::{HistoryItem, HistoryOrigin};
pub(crate) use line::session_key_of;
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
/// Bytes in a record id, as upstream has them: 8 hexadecimal digits.
const RECORD_ID_BYTES: usize = 4;
/// What the model reads in place of a result that was never written.
const INTERRUPTED: &str =
    "The gateway stopped before this call returned. It may or may not have taken effect.";

/// The id of a record: 8 hexadecimal digits in files that upstream or we wrote.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RecordId(Arc<str>);

impl RecordId {
    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
    path: PathBuf,
    file: File,
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Node<'a, B> {
    #[serde(rename = "type")]
    kind: &'a str,
    id: &'a RecordId,
    parent_id: Option<&'a RecordId>,
    timestamp: String,
    #[serde(flatten)]
    body: B,
}

#[derive(Serialize)]
struct MessageBody<'a> {
    message: &'a RawValue,
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
        Self::open_named(&dir.join(id.transcript_file_name()), id, new, clock)
    }

    /// The same for a transcript with another name, as [`crate::SessionEntry::transcript_file_name`] may give it.
    ///
    /// # Errors
    /// The same.
    pub fn open_named(
        file: &Path,
        id: &SessionId,
        new: &NewTranscript<'_>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let (Some(dir), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str())) else {
            return Err(FileError::new("open", file, std::io::ErrorKind::InvalidInput.into()).into());
        };
        let name = name.to_owned();
        create_private_dir(dir)?;
        let root = Root::open(dir)?;
        let mut bytes = match root.read_capped(Path::new(&name), MAX_TRANSCRIPT_BYTES) {
            Err(RootError::NotFound { .. }) => {
                root.create_new(Path::new(&name), b"")?;
                Vec::new()
            }
            read => read?,
        };
        let mut file = root.open_append(Path::new(&name))?;
        let path = dir.join(&name);
        if bytes.is_empty() {
            bytes = opening_lines(id, new, clock.now_ms())?;
            let written = file.write_all(&bytes).and_then(|()| file.sync_all());
            written.map_err(|source| FileError::new("write", &path, source))?;
        }
        let scan = scan::scan(&bytes);
        let Branch { settings, items, patched_calls, orphan_results, open } = branch::read(&scan);
        let mut transcript = Self {
            path,
            file,
            clock,
            tail: if bytes.ends_with(b"\n") { Tail::Clean } else { Tail::Torn },
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

    /// Appends a message; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written; a torn piece may be in the file and is passed over from then on. If only the sync
    /// fails, the message is in the file and in the history, and may be lost with the machine's power.
    pub fn append_message(&mut self, message: &Message) -> Result<RecordId, StoreError> {
        let raw = to_raw_value(message).map_err(|source| self.encode_error(source))?;
        let id = self.append("message", MessageBody { message: &raw })?;
        self.history.push(Arc::new(HistoryItem::appended(id.clone(), message.clone(), raw)));
        self.sync()?;
        Ok(id)
    }

    /// Records which model answers from here on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_model_change(&mut self, provider: &str, model_id: &str) -> Result<RecordId, StoreError> {
        let id = self.append("model_change", json!({"provider": provider, "modelId": model_id}))?;
        self.settings.model = Some((provider.to_owned(), model_id.to_owned()));
        Ok(id)
    }

    /// Records how much the model is asked to think from here on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_thinking_level(&mut self, level: &str) -> Result<RecordId, StoreError> {
        let id = self.append("thinking_level_change", json!({"thinkingLevel": level}))?;
        self.settings.thinking_level = Some(level.to_owned());
        Ok(id)
    }

    /// Appends a record for programs; the model never sees it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_custom(&mut self, custom_type: &str, data: &Value) -> Result<RecordId, StoreError> {
        self.append("custom", json!({"customType": custom_type, "data": data}))
    }

    /// Appends text that a program gives to the model as a user's; people see it only if `display` says so.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_custom_message(
        &mut self,
        custom_type: &str,
        text: &str,
        display: Display,
    ) -> Result<RecordId, StoreError> {
        let body = json!({"customType": custom_type, "content": text, "display": display == Display::Shown});
        let id = self.append("custom_message", body)?;
        let user = UserMessage { content: Content::Text(text.to_owned()), timestamp: self.clock.now_ms() };
        self.history.extend(
            HistoryItem::made(Some(id.clone()), HistoryOrigin::Injected, Message::User(user)).map(Arc::new),
        );
        self.sync()?;
        Ok(id)
    }

    /// Gives every tool call at the end of the history that has no result yet an error result saying `why`; returns how
    /// many. For a turn that ends while tools run.
    ///
    /// # Errors
    /// When a result cannot be written.
    pub fn close_open_calls(&mut self, why: &str) -> Result<usize, StoreError> {
        let open = pairing::open_at_end(&self.history);
        for call in &open {
            self.append_message(&call.result(why, self.clock.now_ms()))?;
        }
        Ok(open.len())
    }

    /// Waits until everything appended is on the disk.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(|source| FileError::new("sync", &self.path, source).into())
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

    fn append(&mut self, kind: &str, body: impl Serialize) -> Result<RecordId, StoreError> {
        let id = self.new_id()?;
        let timestamp = iso_millis(self.clock.now_ms());
        let node = Node { kind, id: &id, parent_id: self.leaf.as_ref(), timestamp, body };
        let line = serde_json::to_vec(&node).map_err(|source| self.encode_error(source))?;
        self.write_line(line)?;
        self.ids.insert(id.clone());
        self.leaf = Some(id.clone());
        Ok(id)
    }

    /// Writes a line and its end; after a broken write first the end of that. No line at all only ends the torn one.
    fn write_line(&mut self, mut line: Vec<u8>) -> Result<(), StoreError> {
        if !line.is_empty() {
            line.push(b'\n');
        }
        if self.tail == Tail::Torn {
            line.insert(0, b'\n');
        }
        self.tail = Tail::Torn;
        self.file.write_all(&line).map_err(|source| FileError::new("append to", &self.path, source))?;
        self.tail = Tail::Clean;
        Ok(())
    }

    fn new_id(&self) -> Result<RecordId, StoreError> {
        loop {
            let id = RecordId(random_hex(RECORD_ID_BYTES)?.into());
            if !self.ids.contains(&id) {
                return Ok(id);
            }
        }
    }

    fn encode_error(&self, source: serde_json::Error) -> StoreError {
        StoreError::Encode { path: self.path.clone(), source }
    }
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
        "id": random_hex(RECORD_ID_BYTES)?,
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
