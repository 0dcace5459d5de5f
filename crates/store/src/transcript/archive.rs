//! Putting a transcript aside under the names upstream uses.

use std::path::{Path, PathBuf};

use openclaw_guard::{FileError, Root, RootError};

use super::sums;
use crate::StoreError;
use crate::quarantine::file_time;

/// Milliseconds a name is moved on while it is taken: archives made in the same millisecond are few.
const MAX_NAME_TRIES: i64 = 100;

/// Why a transcript is put aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveReason {
    /// Its session was deleted: `.deleted.<time>`.
    Deleted,
    /// It was replaced by another version of itself: `.bak.<time>`.
    Backup,
}

/// Renames `<file>` to `<file>.<reason>.<time>`, never over another file, and returns the new path. Its checksums follow.
///
/// # Errors
/// [`RootError::NotFound`] inside [`StoreError::Root`] when there is no such file; others as they apply.
pub fn archive(path: &Path, reason: ArchiveReason, now_ms: i64) -> Result<PathBuf, StoreError> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(FileError::new("archive", path, std::io::ErrorKind::InvalidInput.into()).into());
    };
    let suffix = match reason {
        ArchiveReason::Deleted => "deleted",
        ArchiveReason::Backup => "bak",
    };
    let root = Root::open(dir)?;
    let mut tries = 0;
    loop {
        let new_name = format!("{name}.{suffix}.{}", file_time(now_ms.saturating_add(tries)));
        match root.rename(Path::new(name), Path::new(&new_name)) {
            Ok(()) => {
                sums::follow(&root, Path::new(name), Path::new(&new_name));
                return Ok(dir.join(new_name));
            }
            Err(RootError::Exists { .. }) if tries < MAX_NAME_TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}
