//! The versions that are kept of each file.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use openclaw_guard::{FileError, PreparedFile, WriteStep};

use crate::file::read_text;
use crate::last_good::beside;

/// Versions of each file that are kept beside it: `.bak`, `.bak.1` and so on, the newest first (P-09).
pub const BACKUPS: usize = 10;
/// Nobody else reads them, whoever made them.
const MODE: u32 = 0o600;

/// The file that keeps version `age` of another: 0 is the newest.
#[must_use]
pub fn backup_path(path: &Path, age: usize) -> PathBuf {
    if age == 0 { beside(path, "bak") } else { beside(path, &format!("bak.{age}")) }
}

/// Keeps a text as the newest of the earlier versions. One that is the newest already, such as after a write that
/// failed, is not kept twice.
pub(super) fn keep(
    path: &Path,
    text: &str,
    steps: &mut dyn FnMut(WriteStep) -> io::Result<()>,
) -> Result<(), FileError> {
    let newest = backup_path(path, 0);
    if read_text(&newest).is_ok_and(|kept| kept.as_deref() == Some(text)) {
        return Ok(());
    }
    for age in (0..BACKUPS - 1).rev() {
        let (from, to) = (backup_path(path, age), backup_path(path, age + 1));
        match steps(WriteStep::Rename).and_then(|()| std::fs::rename(&from, &to)) {
            Ok(()) => make_private(&to),
            // A gap in the row is no fault.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(FileError::new("rename", &from, source)),
        }
    }
    PreparedFile::write(&newest, text.as_bytes(), steps)?.commit(steps)
}

fn make_private(path: &Path) {
    let is_open = |meta: &std::fs::Metadata| meta.is_file() && meta.permissions().mode() & 0o077 != 0;
    if path.symlink_metadata().is_ok_and(|meta| is_open(&meta)) {
        // Of a file of somebody else the mode cannot be changed, and need not be.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE)).ok();
    }
}
