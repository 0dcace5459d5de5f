//! The copy of the last configuration that worked, beside the file: for a person to go back to, and for a configuration
//! that lost something to be confirmed by.

use std::path::{Path, PathBuf};

use openclaw_guard::{FileError, write_atomic};

use crate::file::read_text;

/// Where the copy lies: `<config file>.last-good`, beside the real file when the name is a link.
#[must_use]
pub fn last_good_path(config: &Path) -> PathBuf {
    beside(&real_path(config), "last-good")
}

/// `openclaw.json` and `bak.1` make `openclaw.json.bak.1` in the same directory.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// Through links: a configuration that is a link into a collection of such files stays one, and what is kept beside it
/// is kept beside the real file. A name that leads nowhere is returned as it is.
#[must_use]
pub fn real_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The text of the copy; `None` when there is none that can be read.
#[must_use]
pub fn last_good(config: &Path) -> Option<String> {
    read_text(&last_good_path(config)).ok().flatten() // a copy that cannot be read confirms nothing
}

/// Makes the copy, 0600. One with this content is left as it is: its time tells when it was made.
///
/// # Errors
/// The step that failed; a copy that was there is then still there.
pub fn keep_last_good(config: &Path, text: &str) -> Result<(), FileError> {
    if last_good(config).as_deref() == Some(text) {
        return Ok(());
    }
    write_atomic(&last_good_path(config), text.as_bytes())
}

/// The same, and one with this content is written anew too: somebody confirmed what the files say now, and a loss in
/// an included file leaves this text as it was.
///
/// # Errors
/// As for [`keep_last_good`].
pub(crate) fn confirm_last_good(config: &Path, text: &str) -> Result<(), FileError> {
    write_atomic(&last_good_path(config), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{keep_last_good, last_good, last_good_path};
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn a_copy_is_private_and_written_when_it_differs() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("openclaw.json");
        assert_eq!(last_good(&config), None);
        keep_last_good(&config, "{}").unwrap();
        let inode = || std::fs::metadata(last_good_path(&config)).unwrap().ino();
        let first = inode();
        keep_last_good(&config, "{}").unwrap();
        assert_eq!(inode(), first);
        keep_last_good(&config, "{ }").unwrap();
        assert_eq!(last_good(&config).as_deref(), Some("{ }"));
        assert_eq!(
            std::fs::metadata(home.path().join("openclaw.json.last-good")).unwrap().mode() & 0o777,
            0o600
        );
    }
}
