//! Putting back a line that was committed elsewhere and may not have reached its file before a crash.

use std::io::Write as _;
use std::path::Path;

use openclaw_guard::{FileError, Root, create_private_dir};

use super::line::Line;
use super::record::{RecordId, rehang};
use super::{MAX_TRANSCRIPT_BYTES, NewTranscript, Tail, read_or_create, scan};
use crate::{SessionId, StoreError};

/// What [`restore_record`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// The record was in the file.
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
    create_private_dir(dir)?;
    let root = Root::open(dir)?;
    let (file, bytes) = read_or_create(&root, id, new, now_ms, MAX_TRANSCRIPT_BYTES)?;
    let path = dir.join(id.transcript_file_name());
    let no_record = || StoreError::NotARecord { path: path.clone() };
    let wanted = Line::parse(line).and_then(|line| line.id).ok_or_else(no_record)?;
    let scan = scan::scan(&bytes);
    if scan.records.iter().any(|record| record.id.as_str() == wanted) {
        return Ok(Restored::Present);
    }
    let leaf: Option<&RecordId> = scan.records.last().map(|record| &record.id);
    let line = rehang(line, leaf).ok_or_else(no_record)?;
    (&file)
        .write_all(&Tail::of(&bytes).finish(line))
        .and_then(|()| file.sync_data())
        .map_err(|source| FileError::new("append to", &path, source))?;
    Ok(Restored::Appended)
}
