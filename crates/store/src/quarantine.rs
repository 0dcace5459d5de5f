//! Where damaged things go: nothing is deleted, so that a person or a better tool can look at it later (P-06).

use std::path::{Path, PathBuf};

use openclaw_guard::{Root, RootError, iso_millis};

use crate::StoreError;

/// Beside the damaged file.
const FOLDER: &str = "quarantine";
/// Names tried for one file before giving up: two damages in one millisecond are rare, nine do not happen.
const MAX_NAME_TRIES: u32 = 9;

/// Keeps a copy of `bytes` under a name that says where they came from. Returns the path, or nothing if the same bytes
/// are there already from an earlier look.
pub(crate) fn keep_fragment(
    root: &Root,
    file: &str,
    offset: u64,
    bytes: &[u8],
) -> Result<Option<PathBuf>, StoreError> {
    let base = format!("{file}.at-{offset}");
    for attempt in 0..MAX_NAME_TRIES {
        let name = if attempt == 0 { base.clone() } else { format!("{base}.{attempt}") };
        let relative = Path::new(FOLDER).join(name);
        root.create_parent_dirs(&relative)?;
        match root.create_new(&relative, bytes) {
            Ok(()) => return Ok(Some(root.path().join(relative))),
            Err(RootError::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        match root.read_capped(&relative, bytes.len() as u64) {
            Ok(kept) if kept == bytes => return Ok(None),
            Ok(_) | Err(RootError::TooLarge { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // Every name holds other bytes. The original is still in its file; another copy would help nobody.
    Ok(None)
}

/// Copies `bytes`, the content of `file`, to `quarantine/<file>.<time>`.
pub(crate) fn keep_copy(root: &Root, file: &str, bytes: &[u8], now_ms: i64) -> Result<PathBuf, StoreError> {
    under_free_name(root, file, now_ms, |to| root.create_new(to, bytes))
}

/// Moves `file` to `quarantine/<file>.<time>`.
pub(crate) fn move_file(root: &Root, file: &str, now_ms: i64) -> Result<PathBuf, StoreError> {
    under_free_name(root, file, now_ms, |to| root.rename(Path::new(file), to))
}

fn under_free_name(
    root: &Root,
    file: &str,
    now_ms: i64,
    put: impl Fn(&Path) -> Result<(), RootError>,
) -> Result<PathBuf, StoreError> {
    let mut tries = 0;
    loop {
        let relative = Path::new(FOLDER).join(format!("{file}.{}", file_time(now_ms + i64::from(tries))));
        root.create_parent_dirs(&relative)?;
        match put(&relative) {
            Ok(()) => return Ok(root.path().join(relative)),
            Err(RootError::Exists { .. }) if tries < MAX_NAME_TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// A time as upstream puts it into file names: ISO with `-` for `:`.
pub(crate) fn file_time(now_ms: i64) -> String {
    iso_millis(now_ms).replace(':', "-")
}
