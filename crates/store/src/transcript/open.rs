//! Opening a transcript: what is in the file, and what has to be repaired.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{Clock, FileError, Root, RootError, create_private_dir, iso_millis};
use openclaw_protocol::message::Message;
use serde_json::{Value, json};

use super::back::ReadAt as _;
use super::branch::{self, Branch};
use super::content::{Content, Limits, MAX_HEADER_BYTES, Part};
use super::line::{Line, payload, salvage, trim};
use super::notes::Notes;
use super::pairing::OpenCall;
use super::scan::Scan;
use super::sums::{self, Sums};
use super::sync::{Handle, clear_suspicion};
use super::{
    FORMAT_VERSION, HistoryOrigin, INTERRUPTED, NewTranscript, REPAIR_TYPE, RecordId, RepairReport,
    SESSION_KEY_TYPE, Settings, Summary, SummaryBy, Tail, Transcript,
};
use crate::{SessionId, StoreError, quarantine};

/// Bytes copied to quarantine in one repair. The damaged bytes also stay in the transcript itself.
const MAX_QUARANTINE_BYTES: usize = 16 * 1024 * 1024;
/// Files made for them. They are there for a person to look at; nobody looks at thousands.
const MAX_QUARANTINE_FILES: usize = 64;
/// What the model reads in place of what is too long to be read.
const LEFT_OUT: &str =
    "What was said before this is too long to be read again. It is kept in the file and left out here.";

/// What must still be done to an opened transcript.
#[derive(Debug, Default)]
struct Repairs {
    open_calls: Vec<OpenCall>,
    /// The first record to go on from, where what is before it is left out for good.
    left_out_before: Option<RecordId>,
}

impl Transcript {
    /// Opens `<dir>/<id>.jsonl`, making directory and file as needed, and repairs what is damaged.
    ///
    /// Nothing in the file is changed or cut. Damaged lines are copied to `<dir>/quarantine` and passed over, a torn
    /// last line is closed, calls at the end whose result is missing get one, and a record marks that this happened.
    /// Records that are not as they were written, by their checksums, are kept and counted.
    ///
    /// A file of some megabytes is read from what its last compaction kept; ids before that are not known then. One that
    /// has too much since then goes on from its last part: a compaction is written that says so, and nothing is cut.
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
        path: &Path,
        id: &SessionId,
        new: &NewTranscript<'_>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Self::open_within(path, id, new, clock, Limits::default())
    }

    pub(super) fn open_within(
        path: &Path,
        id: &SessionId,
        new: &NewTranscript<'_>,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let (dir, name) = place_of(path)?;
        let (root, file) = open_file(path, &Opening { id, new, now_ms: clock.now_ms() })?;
        let mut transcript = Self {
            handle: Arc::new(Handle::new(dir.join(name), file)),
            clock,
            limits,
            tail: Tail::Clean,
            read_from: 0,
            ids: HashSet::new(),
            leaf: None,
            settings: Settings::default(),
            notes: Notes::default(),
            history: Vec::new(),
            report: RepairReport::default(),
            sums: Sums::new(dir, name),
        };
        let repairs = Content::read(&root, name, limits, |content, scan| {
            let open_calls = transcript.take_over(content, scan);
            transcript.tail = content.tail();
            transcript.report.torn_tail = transcript.tail == Tail::Torn;
            transcript.report.quarantined = quarantine_damage(&root, name, content, scan)?;
            let (verdict, renewed) = sums::check(&root, name, content, scan);
            renewed.into_iter().for_each(|renewed| transcript.sums.hold(renewed));
            transcript.report.altered = verdict.altered;
            transcript.report.missing_bytes = verdict.missing_bytes;
            let left_out = content.part == Part::Latest;
            transcript.report.left_out_bytes = if left_out { content.base } else { 0 };
            let left_out_before = branch::first_said(scan).filter(|_| left_out);
            Ok(Repairs { open_calls, left_out_before })
        })?;
        transcript.repair(&repairs)?;
        Ok(transcript)
    }

    /// Makes the transcript what was read; returns the calls at its end that have no result.
    fn take_over(&mut self, content: &Content, scan: &Scan<'_>) -> Vec<OpenCall> {
        let Branch { settings, items, patched_calls, orphan_results, open } = branch::read(scan);
        self.read_from = content.base;
        self.ids = scan.records.iter().map(|record| record.id.clone()).collect();
        self.leaf = scan.leaf.and_then(|leaf| scan.records.get(leaf)).map(|record| record.id.clone());
        self.settings = settings;
        self.notes = Notes::of(&content.bytes, scan);
        self.history = items;
        self.report = RepairReport { patched_calls, orphan_results, ..scan.report.clone() };
        open
    }

    /// Reads the file again, after a record that changes what of it the model sees. The report stays that of opening.
    pub(super) fn reload(&mut self) -> Result<(), StoreError> {
        let (dir, name) = place_of(self.handle.path.as_path())?;
        let (root, name, report) = (Root::open(dir)?, name.to_owned(), self.report.clone());
        Content::read(&root, &name, self.limits, |content, scan| {
            self.take_over(content, scan);
            Ok(())
        })?;
        self.report = report;
        Ok(())
    }

    fn repair(&mut self, repairs: &Repairs) -> Result<(), StoreError> {
        if self.tail == Tail::Torn {
            self.write_line(Vec::new())?;
        }
        let report = &self.report;
        if !report.quarantined.is_empty() || report.altered > 0 || report.missing_bytes > 0 {
            let data = json!({
                "damagedLines": report.damaged_lines,
                "quarantined": report.quarantined.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
                "altered": report.altered,
                "missingBytes": report.missing_bytes,
            });
            self.append_custom(REPAIR_TYPE, &data)?;
        }
        self.sums.release();
        for call in &repairs.open_calls {
            self.append_message(&Arc::new(call.result(INTERRUPTED, self.clock.now_ms())))?;
        }
        self.report.closed_calls = repairs.open_calls.len();
        if let Some(first) = &repairs.left_out_before {
            let summary = self.history.first().filter(|item| item.origin == HistoryOrigin::Summary);
            let earlier = match summary.and_then(|item| item.message.as_deref()) {
                Some(Message::User(user)) => format!("{}\n\n", user.content.text()),
                Some(Message::Assistant(_) | Message::ToolResult(_)) | None => String::new(),
            };
            let text = format!("{earlier}{LEFT_OUT}");
            let report = self.report.clone();
            self.append_compaction(Summary { text: &text, details: None, by: SummaryBy::Agent }, first, 0)?;
            self.report = report;
        }
        Ok(())
    }
}

fn quarantine_damage(
    root: &Root,
    name: &Path,
    content: &Content,
    scan: &Scan<'_>,
) -> Result<Vec<PathBuf>, StoreError> {
    let (mut budget, mut kept) = (MAX_QUARANTINE_BYTES, Vec::new());
    for damage in joined(&scan.damage, &content.bytes).into_iter().take(MAX_QUARANTINE_FILES) {
        let fragment = content.bytes.get(damage.clone()).unwrap_or_default();
        if fragment.len() > budget {
            continue;
        }
        budget -= fragment.len();
        let offset = content.base + damage.start as u64;
        kept.extend(quarantine::keep_fragment(root, &name.to_string_lossy(), offset, fragment)?);
    }
    Ok(kept)
}

/// Damaged lines that follow each other, as one piece: a file of another format has thousands.
fn joined(damage: &[Range<usize>], bytes: &[u8]) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    for line in damage {
        let follows = |last: &Range<usize>| {
            let between = bytes.get(last.end..line.start).unwrap_or_default();
            trim(between).is_empty() && line.end - last.start <= MAX_QUARANTINE_BYTES
        };
        match pieces.last_mut().filter(|last| follows(last)) {
            Some(last) => last.end = line.end,
            None => pieces.push(line.clone()),
        }
    }
    pieces
}

/// The directory of a transcript, and its name there.
pub(super) fn place_of(path: &Path) -> Result<(&Path, &Path), StoreError> {
    let place = path.parent().zip(path.file_name().map(Path::new));
    place.ok_or_else(|| FileError::new("open", path, std::io::ErrorKind::InvalidInput.into()).into())
}

/// What a transcript begins with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening<'a> {
    pub(super) id: &'a SessionId,
    pub(super) new: &'a NewTranscript<'a>,
    pub(super) now_ms: i64,
}

/// The directory and the file, open for appending; one that is absent, or was not begun in full, gets its first lines.
pub(super) fn open_file(path: &Path, opening: &Opening<'_>) -> Result<(Root, File), StoreError> {
    let (dir, name) = place_of(path)?;
    create_private_dir(dir)?;
    let root = Root::open(dir)?;
    let path = dir.join(name);
    let lines = opening.lines(&Beginning::Nothing)?;
    match root.create_new(name, &lines) {
        Ok(()) => Sums::new(dir, name).note_lines(&lines, 0),
        Err(RootError::Exists { .. }) => complete_beginning(&root, name, opening)?,
        Err(error) => return Err(error.into()),
    }
    clear_suspicion(&root, name, &path)?;
    let file = root.open_append(name)?;
    Ok((root, file))
}

/// Writes what of the first lines is missing, where a process broke off while it made the file.
fn complete_beginning(root: &Root, name: &Path, opening: &Opening<'_>) -> Result<(), StoreError> {
    let path = root.path().join(name);
    let fail = |source| FileError::new("read", &path, source);
    let source = root.open_read(name)?;
    let length = source.metadata().map_err(fail)?.len();
    if length > MAX_HEADER_BYTES {
        return Ok(());
    }
    let bytes = source.read_range(0, length).map_err(fail)?;
    let missing = opening.lines(&Beginning::of(&bytes))?;
    if missing.is_empty() {
        return Ok(());
    }
    let tail = if bytes.last().is_none_or(|&b| b == b'\n') { Tail::Clean } else { Tail::Torn };
    let missing = [if tail == Tail::Torn { &b"\n"[..] } else { b"" }, &missing].concat();
    let mut file = root.open_append(name)?;
    if let Err(source) = file.write_all(&missing).and_then(|()| file.sync_all()) {
        // Best effort: a piece of it is completed by the next opening.
        file.set_len(length).ok();
        return Err(FileError::new("write", &path, source).into());
    }
    Sums::new(root.path(), name).note_lines(&missing, length);
    Ok(())
}

/// How far a short file was begun.
enum Beginning {
    /// No line of it can be read.
    Nothing,
    /// A header, written at this time, and no record.
    Header(Option<String>),
    /// There are records.
    Done,
}

impl Beginning {
    fn of(bytes: &[u8]) -> Self {
        let mut found = Self::Nothing;
        for line in bytes.split(|&b| b == b'\n') {
            let text = line.get(trim(line)).unwrap_or_default();
            match Line::parse(text) {
                Some(line) if line.kind == "session" => found = Self::Header(payload(line.timestamp)),
                None if salvage(text).is_empty() => {}
                Some(_) | None => return Self::Done,
            }
        }
        found
    }
}

impl Opening<'_> {
    /// The header and the record with the session key, as far as they are missing.
    fn lines(&self, found: &Beginning) -> Result<Vec<u8>, StoreError> {
        let now = iso_millis(self.now_ms);
        let (header, time) = match found {
            Beginning::Done => return Ok(Vec::new()),
            Beginning::Header(time) => (String::new(), time.clone().unwrap_or(now)),
            Beginning::Nothing => (format!("{}\n", self.header(&now)), now),
        };
        let key = json!({
            "type": "custom",
            "customType": SESSION_KEY_TYPE,
            "data": {"key": self.new.key},
            "id": RecordId::free(&HashSet::new())?,
            "parentId": null,
            "timestamp": time,
        });
        Ok(format!("{header}{key}\n").into_bytes())
    }

    fn header(&self, time: &str) -> Value {
        let mut header = json!({
            "type": "session",
            "version": FORMAT_VERSION,
            "id": self.id.as_str(),
            "timestamp": time,
            "cwd": self.new.cwd.to_string_lossy(),
        });
        if let (Some(parent), Some(header)) = (self.new.parent, header.as_object_mut()) {
            header.insert("parentSession".to_owned(), json!(parent.to_string_lossy()));
        }
        header
    }
}
