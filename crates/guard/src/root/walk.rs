//! Listing the regular files beneath a root.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Stat};
use rustix::io::Errno;

use super::{Root, RootError};

/// Directories deeper than this are not entered. Notes are nested two or three deep; a loop made of mounts has no end.
pub const MAX_WALK_DEPTH: usize = 32;

/// What a filter is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory: accepting it means entering it.
    Directory,
    /// A regular file: accepting it means listing it.
    File,
}

/// A regular file found by [`Root::walk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelFile {
    /// Relative to the root, so that it can be given back to it.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Modification time, milliseconds since the epoch.
    pub mtime_ms: i64,
}

/// What [`Root::walk`] found.
#[derive(Debug, Default)]
pub struct Walk {
    /// The accepted files, by path.
    pub files: Vec<RelFile>,
    /// Symbolic links in the place of what would have been accepted; none is followed.
    pub links: Vec<PathBuf>,
    /// Whether there are more entries than were to be looked at.
    pub truncated: bool,
    /// Whether there are directories deeper than [`MAX_WALK_DEPTH`].
    pub too_deep: bool,
    /// Directories that could not be read, and why; what was read before the fault is listed.
    pub unreadable: Vec<RootError>,
}

impl Root {
    /// Lists the regular files beneath a directory, however deep, that `accept` takes.
    ///
    /// `accept` gets each path relative to the root. Special files are passed over, symbolic links named and not followed. At most
    /// `max_entries` directory entries are looked at.
    ///
    /// # Errors
    /// When the directory itself cannot be opened. Faults further down are in [`Walk::unreadable`].
    pub fn walk(
        &self,
        asked: &Path,
        accept: impl Fn(&Path, EntryKind) -> bool,
        max_entries: usize,
    ) -> Result<Walk, RootError> {
        let start = self.relative(asked)?;
        let mut found = Walk::default();
        let mut left = max_entries;
        let mut pending = vec![(start, 0_usize)];
        while let Some((path, depth)) = pending.pop() {
            let mut visit = |name: &CStr, stat: &Stat| {
                if left == 0 {
                    return Seen::Enough;
                }
                left -= 1;
                let entry = path.join(OsStr::from_bytes(name.to_bytes()));
                let kind = FileType::from_raw_mode(stat.st_mode);
                if kind == FileType::RegularFile && accept(&entry, EntryKind::File) {
                    found.files.push(rel_file(entry, stat));
                } else if kind == FileType::Directory && accept(&entry, EntryKind::Directory) {
                    if depth == MAX_WALK_DEPTH {
                        return Seen::TooDeep;
                    }
                    pending.push((entry, depth + 1));
                } else if kind == FileType::Symlink
                    && (accept(&entry, EntryKind::File) || accept(&entry, EntryKind::Directory))
                {
                    found.links.push(entry);
                }
                Seen::Next
            };
            match self.visit_dir(&path, &mut visit) {
                Ok(Listing::Whole) => {}
                Ok(Listing::Flattened) => found.too_deep = true,
                Ok(Listing::Cut) => found.truncated = true,
                Err(error) if depth == 0 => return Err(error),
                // Removed while walking: as if it had never been there.
                Err(RootError::NotFound { .. }) => {}
                Err(error) => found.unreadable.push(error),
            }
        }
        found.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        found.links.sort_unstable();
        Ok(found)
    }

    fn visit_dir(
        &self,
        path: &Path,
        visit: &mut impl FnMut(&CStr, &Stat) -> Seen,
    ) -> Result<Listing, RootError> {
        let fail = |errno: Errno| RootError::io("list", path, errno.into());
        let dir = self.open_dir_beneath(path, path)?;
        let mut listing = Listing::Whole;
        for entry in Dir::read_from(&dir).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let stat = match rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(fail(errno)),
            };
            match visit(name, &stat) {
                Seen::Next => {}
                Seen::TooDeep => listing = Listing::Flattened,
                Seen::Enough => return Ok(Listing::Cut),
            }
        }
        Ok(listing)
    }
}

/// What became of one entry.
enum Seen {
    Next,
    TooDeep,
    Enough,
}

/// Whether a directory was listed to its end.
enum Listing {
    Whole,
    /// All but directories that lie too deep.
    Flattened,
    Cut,
}

#[allow(
    clippy::useless_conversion,
    clippy::unnecessary_cast,
    reason = "the integer types in Stat differ between systems"
)]
fn rel_file(path: PathBuf, stat: &Stat) -> RelFile {
    let millis = i64::try_from(stat.st_mtime_nsec as i64 / 1_000_000).unwrap_or(0);
    RelFile {
        path,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mtime_ms: (stat.st_mtime as i64).saturating_mul(1_000).saturating_add(millis),
    }
}
