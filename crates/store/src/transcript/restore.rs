//! Putting back a line that was committed elsewhere and may not have reached its file before a crash.

use std::fs::File;
use std::io::Seek as _;
use std::path::Path;

use openclaw_guard::FileError;

use super::NewTranscript;
use super::content::{Content, Limits, holds_before};
use super::line::Line;
use super::open::{Opening, open_file, place_of};
use super::record::rehang;
use super::sums::Sums;
use super::sync::{Disk, suspect};
use crate::{SessionId, StoreError};

/// What [`restore_record`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// The record was in the file, and is on the disk now.
    Present,
    /// It was not; now it is, synced.
    Appended,
}

/// Makes sure that the record of `line` is in the transcript `<dir>/<id>.jsonl`, which is made anew if it is missing.
///
/// Call it before the transcript is opened, for the lines of a session in the order they were committed. A torn last
/// line is closed first, as it may be this very line. If other records have followed the line's parent, the record is
/// hung on the last of them.
///
/// # Errors
/// When the file cannot be read or written, or the line is no record.
pub fn restore_record(
    dir: &Path,
    id: &SessionId,
    new: &NewTranscript<'_>,
    now_ms: i64,
    line: &[u8],
) -> Result<Restored, StoreError> {
    restore_named(&dir.join(id.transcript_file_name()), id, new, now_ms, line)
}

/// The same for a transcript with another name, as [`crate::SessionEntry::transcript_file_name`] may give it.
///
/// # Errors
/// The same.
pub fn restore_named(
    path: &Path,
    id: &SessionId,
    new: &NewTranscript<'_>,
    now_ms: i64,
    line: &[u8],
) -> Result<Restored, StoreError> {
    put_back(path, &Opening { id, new, now_ms }, line, Disk::default())
}

pub(super) fn put_back(
    path: &Path,
    opening: &Opening<'_>,
    line: &[u8],
    disk: Disk,
) -> Result<Restored, StoreError> {
    let (dir, name) = place_of(path)?;
    let (root, mut file) = open_file(path, opening)?;
    let sync = |file: &File| (disk.sync)(file).inspect_err(|_| suspect(&dir.join(name)));
    let no_record = || StoreError::NotARecord { path: path.to_owned() };
    let wanted = Line::parse(line).and_then(|line| line.id).ok_or_else(no_record)?;
    let fail = |source| FileError::new("append to", path, source);

    let missing = Content::read(&root, name, Limits::default(), |content, scan| {
        let present = scan.records.iter().any(|record| record.id.as_str() == wanted);
        if present || holds_before(&root.open_read(name)?, content.base, &wanted).map_err(fail)? {
            return Ok(None);
        }
        let leaf = scan.leaf.and_then(|leaf| scan.records.get(leaf)).map(|record| &record.id);
        let line = rehang(line, leaf).ok_or_else(no_record)?;
        Ok(Some((line, content.tail())))
    })?;
    let Some((line, tail)) = missing else {
        // The process that wrote it may have been killed before it synced, and the caller gives up its copy now.
        sync(&file).map_err(|source| FileError::new("sync", path, source))?;
        return Ok(Restored::Present);
    };
    let bytes = tail.finish(line);
    (disk.write)(&file, &bytes).and_then(|()| sync(&file)).map_err(fail)?;
    let end = file.stream_position().map_err(fail)?;
    Sums::new(dir, name).note_lines(&bytes, end.saturating_sub(bytes.len() as u64));
    Ok(Restored::Appended)
}
