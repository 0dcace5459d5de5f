//! Opening a transcript: what is in the file, and what has to be repaired.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{Clock, FileError, Root, RootError, create_private_dir, iso_millis};
use serde_json::json;

use super::branch::{self, Branch};
use super::content::{Content, Limits};
use super::notes::Notes;
use super::pairing::OpenCall;
use super::scan::Scan;
use super::sums::{self, Sums};
use super::{
    FORMAT_VERSION, INTERRUPTED, NewTranscript, REPAIR_TYPE, RecordId, RepairReport, SESSION_KEY_TYPE,
    Settings, Tail, Transcript,
};
use crate::{SessionId, StoreError, quarantine};

/// Bytes copied to quarantine in one repair. The damaged bytes also stay in the transcript itself.
const MAX_QUARANTINE_BYTES: usize = 16 * 1024 * 1024;

/// What must still be done to an opened transcript.
#[derive(Debug, Default)]
struct Repairs {
    open_calls: Vec<OpenCall>,
}

impl Transcript {
    /// Opens `<dir>/<id>.jsonl`, making directory and file as needed, and repairs what is damaged.
    ///
    /// Nothing in the file is changed or cut. Damaged lines are copied to `<dir>/quarantine` and passed over, a torn
    /// last line is closed, calls at the end whose result is missing get one, and a record marks that this happened.
    /// Records that are not as they were written, by their checksums, are kept and counted.
    ///
    /// A file of some megabytes is read from what its last compaction kept; ids before that are not known then.
    ///
    /// # Errors
    /// When the file cannot be read or written. Damage is no error.
    pub fn open_or_create(
        dir: &Path,
        id: &SessionId,
        new: &NewTranscript<'_>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Self::open_within(dir, id, new, clock, Limits::default())
    }

    pub(super) fn open_within(
        dir: &Path,
        id: &SessionId,
        new: &NewTranscript<'_>,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let (root, file) = open_file(dir, id, new, clock.now_ms())?;
        let name = id.transcript_file_name();
        let name = Path::new(&name);
        let mut transcript = Self {
            path: dir.join(name).into(),
            file: Arc::new(file),
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
            let verdict = sums::check(&root, name, content, scan);
            transcript.report.altered = verdict.altered;
            transcript.report.missing_bytes = verdict.missing_bytes;
            Ok(Repairs { open_calls })
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
        self.notes = Notes::of(scan);
        self.history = items;
        self.report = RepairReport { patched_calls, orphan_results, ..scan.report.clone() };
        open
    }

    /// Reads the file again, after a record that changes what of it the model sees. The report stays that of opening.
    pub(super) fn reload(&mut self) -> Result<(), StoreError> {
        let (Some(dir), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Err(FileError::new("read", &self.path, std::io::ErrorKind::InvalidInput.into()).into());
        };
        let (root, name, report) = (Root::open(dir)?, Path::new(name).to_owned(), self.report.clone());
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
        for call in &repairs.open_calls {
            self.append_message(&Arc::new(call.result(INTERRUPTED, self.clock.now_ms())))?;
        }
        self.report.closed_calls = repairs.open_calls.len();
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
    for damage in &scan.damage {
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

/// The directory and the file, open for appending; an absent or empty file gets its first lines.
pub(super) fn open_file(
    dir: &Path,
    id: &SessionId,
    new: &NewTranscript<'_>,
    now_ms: i64,
) -> Result<(Root, File), StoreError> {
    create_private_dir(dir)?;
    let root = Root::open(dir)?;
    let name = id.transcript_file_name();
    let name = Path::new(&name);
    match root.create_new(name, b"") {
        Ok(()) | Err(RootError::Exists { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let mut file = root.open_append(name)?;
    let fail = |source| FileError::new("write", &root.path().join(name), source);
    if file.metadata().map_err(fail)?.len() == 0 {
        let bytes = opening_lines(id, new, now_ms)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(fail)?;
        Sums::new(dir, name).note_lines(&bytes, 0);
    }
    Ok((root, file))
}

/// The header and the record with the session key.
fn opening_lines(id: &SessionId, new: &NewTranscript<'_>, now_ms: i64) -> Result<Vec<u8>, StoreError> {
    let timestamp = iso_millis(now_ms);
    let mut header = json!({
        "type": "session",
        "version": FORMAT_VERSION,
        "id": id.as_str(),
        "timestamp": timestamp,
        "cwd": new.cwd.to_string_lossy(),
    });
    if let (Some(parent), Some(header)) = (new.parent, header.as_object_mut()) {
        header.insert("parentSession".to_owned(), json!(parent.to_string_lossy()));
    }
    let key = json!({
        "type": "custom",
        "customType": SESSION_KEY_TYPE,
        "data": {"key": new.key},
        "id": RecordId::free(&HashSet::new())?,
        "parentId": null,
        "timestamp": timestamp,
    });
    Ok(format!("{header}\n{key}\n").into_bytes())
}
