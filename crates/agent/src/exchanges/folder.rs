//! The recordings of an agent together: how much room they take, and removing them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openclaw_guard::{FileError, Root};
use openclaw_store::SessionId;

use super::{file_name, older_name};

/// Files of full size that a folder holds. Then the oldest goes.
const FULL_FILES: u64 = 16;
/// What a recording's name ends with.
const SUFFIX: &str = ".jsonl";

/// What a line did to its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grown {
    By(u64),
    /// A file was put aside, in the place of another one.
    Anew,
}

/// How much the recordings of an agent take.
pub(super) struct Folder {
    max_bytes: u64,
    /// Unknown until it is counted.
    bytes: Option<u64>,
}

/// One recording.
struct Recording {
    written: SystemTime,
    path: PathBuf,
    bytes: u64,
}

impl Folder {
    /// One that holds so many files of that size.
    pub(super) fn holding(file_bytes: u64) -> Self {
        Self { max_bytes: file_bytes.saturating_mul(FULL_FILES), bytes: None }
    }

    /// Others have changed it.
    pub(super) fn forget(&mut self) {
        self.bytes = None;
    }

    /// Notes what was written for a session, and makes room when there is too much.
    pub(super) fn grew(&mut self, root: &Root, session: &SessionId, grown: Grown) -> Result<(), FileError> {
        let bytes = match (self.bytes, grown) {
            (Some(bytes), Grown::By(more)) => bytes.saturating_add(more),
            (None, Grown::By(_)) | (_, Grown::Anew) => total(&recordings(root.path())?),
        };
        self.bytes = Some(bytes);
        if bytes > self.max_bytes {
            self.bytes = Some(self.make_room(root, session)?);
        }
        Ok(())
    }

    /// Removes the oldest files but the one that is being written. Returns what is left.
    fn make_room(&self, root: &Root, session: &SessionId) -> Result<u64, FileError> {
        let mut recordings = recordings(root.path())?;
        recordings.sort_by(|one, other| (one.written, &one.path).cmp(&(other.written, &other.path)));
        let mut bytes = total(&recordings);
        let written = root.path().join(file_name(session));
        for recording in recordings.iter().filter(|recording| recording.path != written) {
            if bytes <= self.max_bytes {
                break;
            }
            remove(&recording.path)?;
            bytes = bytes.saturating_sub(recording.bytes);
        }
        Ok(bytes)
    }
}

fn total(recordings: &[Recording]) -> u64 {
    recordings.iter().map(|recording| recording.bytes).sum()
}

fn recordings(folder: &Path) -> Result<Vec<Recording>, FileError> {
    let failed = |source| FileError::new("list", folder, source);
    let mut recordings = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // One that is gone meanwhile is none.
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_file() && entry.file_name().to_str().is_some_and(|name| name.ends_with(SUFFIX)) {
            let written = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            recordings.push(Recording { written, path: entry.path(), bytes: meta.len() });
        }
    }
    Ok(recordings)
}

/// Removes what is recorded of a session, if anything is.
///
/// # Errors
/// A file is there and cannot be removed.
pub fn remove_session(folder: &Path, session: &SessionId) -> Result<(), FileError> {
    remove(&folder.join(older_name(session)))?;
    remove(&folder.join(file_name(session)))
}

fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(error)
            if error.kind() != io::ErrorKind::NotFound && error.kind() != io::ErrorKind::NotADirectory =>
        {
            Err(FileError::new("remove", path, error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
