//! Opening a log to read it.

use std::fs::File;
use std::path::Path;

use openclaw_guard::{Root, RootError};

/// Opens the file of a log: a regular one. A link, which may lead to the configuration and its secrets, and a FIFO, which
/// would be waited for, are refused. For a blocking thread.
///
/// # Errors
/// [`RootError`]; [`RootError::NotFound`] when nothing was logged yet.
pub fn open_log(path: &Path) -> Result<File, RootError> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A link that is put there after this look still leads no further than the folder.
    if std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink()) {
        return Err(RootError::NotAFile { path: path.to_owned() });
    }
    if !folder.exists() {
        return Err(RootError::NotFound { path: path.to_owned() });
    }
    Root::open(folder)?.open_read(Path::new(path.file_name().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::open_log;
    use openclaw_guard::{RootError, write_atomic};
    use std::os::unix::fs::symlink;

    #[test]
    fn only_regular_files_are_opened() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        write_atomic(&at("openclaw.log"), b"a\n").unwrap();
        assert!(open_log(&at("openclaw.log")).is_ok());
        symlink(at("openclaw.log"), at("link.log")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("fifo.log"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        for name in ["link.log", "fifo.log", "."] {
            assert!(open_log(&at(name)).is_err(), "{name}");
        }
        for name in ["none.log", "no/none.log"] {
            assert!(matches!(open_log(&at(name)), Err(RootError::NotFound { .. })), "{name}");
        }
    }
}
