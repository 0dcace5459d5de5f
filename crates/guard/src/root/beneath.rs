//! Opening a clean relative path so that it cannot leave its directory, also while somebody moves things about.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Flags for a directory on the way.
pub(crate) const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// `openat2` gives `EAGAIN` when a rename anywhere races with the look-up; an attacker renaming in a loop must not keep
/// us here. After this many tries the walk, which has no such answer, takes over.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MAX_RACED_TRIES: usize = 8;

/// Who makes sure that a path stays beneath its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolver {
    /// `openat2` (Linux 5.6), or the walk where that is missing or forbidden.
    Kernel,
    /// One `openat` per component; also what other systems get.
    #[cfg_attr(not(test), allow(dead_code, reason = "chosen by the tests that compare both ways"))]
    Walk,
}

impl Resolver {
    /// Opens `clean`, a relative path without `..`, following no link.
    pub(crate) fn open(self, root: BorrowedFd<'_>, clean: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        match self {
            Self::Kernel => kernel(root, clean, flags),
            Self::Walk => walk(root, clean, flags),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn kernel(root: BorrowedFd<'_>, clean: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    // With NOFOLLOW a link that should be a directory is ENOTDIR; without it NO_SYMLINKS says ELOOP, which is the reason.
    let flags = flags.difference(OFlags::NOFOLLOW);
    for _ in 0..MAX_RACED_TRIES {
        match rustix::fs::openat2(root, clean, flags, Mode::empty(), resolve) {
            Ok(file) => return Ok(file),
            Err(Errno::AGAIN | Errno::INTR) => {}
            // An old kernel, or a container's system call filter, which answers EPERM.
            Err(Errno::NOSYS | Errno::PERM) => break,
            Err(error) => return Err(error.into()),
        }
    }
    walk(root, clean, flags)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn kernel(root: BorrowedFd<'_>, clean: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    walk(root, clean, flags)
}

fn walk(root: BorrowedFd<'_>, clean: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let Some(name) = clean.file_name() else {
        return step(root, OsStr::new("."), flags);
    };
    let mut dir: Option<OwnedFd> = None;
    for component in clean.parent().into_iter().flat_map(Path::iter) {
        let next = step(dir.as_ref().map_or(root, |dir| dir.as_fd()), component, DIRECTORY)?;
        dir = Some(next);
    }
    step(dir.as_ref().map_or(root, |dir| dir.as_fd()), name, flags)
}

/// Opens one name in `dir` without following it, and says `ELOOP` for every kind of link.
pub(crate) fn step(dir: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
    let error = match rustix::fs::openat(dir, name, flags | OFlags::NOFOLLOW, Mode::empty()) {
        Ok(file) => return Ok(file),
        Err(error) => error,
    };
    // A link opened as a directory is ENOTDIR on Linux, EMLINK on FreeBSD; the caller wants to know that it is a link.
    let is_link = || {
        rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
    };
    match error {
        Errno::NOTDIR | Errno::MLINK if is_link() => Err(Errno::LOOP.into()),
        other => Err(other.into()),
    }
}

/// Renames without replacing: in one step where the system can, else after looking.
pub(crate) fn rename_to_free(
    from_dir: BorrowedFd<'_>,
    from: &OsStr,
    to_dir: BorrowedFd<'_>,
    to: &OsStr,
) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    match rustix::fs::renameat_with(from_dir, from, to_dir, to, rustix::fs::RenameFlags::NOREPLACE) {
        // Network and overlay file systems often lack the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        done => return Ok(done?),
    }
    match rustix::fs::statat(to_dir, to, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_taken) => Err(Errno::EXIST.into()),
        Err(Errno::NOENT) => Ok(rustix::fs::renameat(from_dir, from, to_dir, to)?),
        Err(error) => Err(error.into()),
    }
}
