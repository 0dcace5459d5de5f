//! Files that are old or new but never half written, and directories nobody else can read (P-04, S-088).

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};

use crate::random::random_hex;

/// Owner may read and write, nobody else anything.
pub(crate) const FILE_MODE: u32 = 0o600;
/// Owner may do everything, nobody else anything.
const DIR_MODE: u32 = 0o700;
/// 128 random bits: a temporary name nobody can guess or collide with (S-086).
pub(crate) const TEMP_NAME_BYTES: usize = 16;
/// What temporary names end in.
pub(crate) const TEMP_SUFFIX: &str = ".tmp";

/// A file operation that failed, with the path and what was being done.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct FileError {
    /// The file or directory.
    pub path: PathBuf,
    /// What was being done, as a verb: `write`, `rename`, `create directory`.
    pub action: &'static str,
    /// What the operating system said.
    #[source]
    pub source: io::Error,
}

impl FileError {
    /// Names the path and the action of an I/O error.
    #[must_use]
    pub fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { path: path.to_owned(), action, source }
    }

    /// Whether there is no space, or no quota, left: worth telling the owner in other words than a fault.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        is_disk_full(&self.source)
    }
}

pub(crate) fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Replaces a file by `bytes`: a reader, and the machine after a power cut, sees the old content or the new.
///
/// The file ends up 0600 whatever the umask. A symbolic link at `path` is replaced, not followed. The directory must
/// exist.
///
/// # Errors
/// The step that failed; the old file is then still there, and the temporary file is gone.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    PreparedFile::write(path, bytes, &mut |_| Ok(()))?.commit(&mut |_| Ok(()))
}

/// A step of an atomic write; before each of them the machine may stop, and nothing is half written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteStep {
    /// Make the temporary file.
    Create,
    /// Fill it.
    Write,
    /// Bring it to the disk.
    Sync,
    /// Put it in the place of the old file.
    Rename,
    /// Bring the new name to the disk.
    SyncDirectory,
}

/// Asked ahead of each step of a write; an error refuses the step.
pub type BeforeStep<'b> = &'b mut dyn FnMut(WriteStep) -> io::Result<()>;

/// The new content of a file, on the disk under another name and not in force yet. Dropped, it is gone.
#[derive(Debug)]
pub struct PreparedFile {
    dir: OwnedFd,
    temp: String,
    path: PathBuf,
    name: std::ffi::OsString,
    bytes: Vec<u8>,
}

/// What became of a prepared file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is in force.
    Yes,
    /// Something else stood in its place than expected, and still does.
    Refused,
}

impl PreparedFile {
    /// Writes and syncs the content beside `path`. The file gets mode 0600, and when root writes for somebody else, the
    /// owner of the file it will replace, or of the directory.
    ///
    /// # Errors
    /// The step that failed or was refused; nothing is left of it.
    pub fn write(path: &Path, bytes: &[u8], before: BeforeStep<'_>) -> Result<Self, FileError> {
        let Some(name) = path.file_name() else {
            return Err(FileError::new("write", path, io::ErrorKind::InvalidInput.into()));
        };
        let parent = parent_or_here(path);
        let dir = open_dir(parent).map_err(|source| FileError::new("open directory", parent, source))?;
        let random = random_hex(TEMP_NAME_BYTES)
            .map_err(|error| FileError::new("name a temporary file for", path, io::Error::other(error)))?;
        let temp = format!(".{random}{TEMP_SUFFIX}");
        let (path_here, bytes_here) = (path.to_owned(), bytes.to_vec());
        let prepared = Self { dir, temp, path: path_here, name: name.to_owned(), bytes: bytes_here };
        let (dir, temp) = (prepared.dir.as_fd(), OsStr::new(&prepared.temp));
        write_new(dir, temp, bytes, FILE_MODE, before)
            .map_err(|step| FileError::new(step.action, path, step.source))?;
        give_to_owner(dir, temp, name);
        Ok(prepared)
    }

    /// Puts it in the place of the file, whatever that is.
    ///
    /// # Errors
    /// The step that failed or was refused. Up to and with the rename the old file is still there.
    pub fn commit(self, before: BeforeStep<'_>) -> Result<(), FileError> {
        before(WriteStep::Rename).map_err(|source| self.failed("rename", source))?;
        rustix::fs::renameat(&self.dir, &self.temp, &self.dir, &self.name)
            .map_err(|error| self.failed("rename", error.into()))?;
        self.sync(before)
    }

    /// Puts it in the place of a file with this content, or of none. What somebody else put there in the last moment
    /// is looked at after the exchange and put back.
    ///
    /// # Errors
    /// The step that failed or was refused.
    pub fn commit_over(
        self,
        expected: Option<&[u8]>,
        before: BeforeStep<'_>,
    ) -> Result<Committed, FileError> {
        before(WriteStep::Rename).map_err(|source| self.failed("rename", source))?;
        let swapped = self.exchange(expected.is_some());
        match swapped {
            Ok(()) => {}
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::EXIST) => return Ok(Committed::Refused),
            // This file system, or this system, cannot exchange names: a look, and a rename right behind it.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
                if self.content(&self.name) != expected.map(<[u8]>::to_vec) {
                    return Ok(Committed::Refused);
                }
                rustix::fs::renameat(&self.dir, &self.temp, &self.dir, &self.name)
                    .map_err(|error| self.failed("rename", error.into()))?;
                return self.sync(before).map(|()| Committed::Yes);
            }
            Err(error) => return Err(self.failed("rename", error.into())),
        }
        if expected.is_some() && self.content(OsStr::new(&self.temp)) != expected.map(<[u8]>::to_vec) {
            self.exchange(true).map_err(|error| self.failed("put back", error.into()))?;
            if self.content(OsStr::new(&self.temp)).as_deref() != Some(&self.bytes) {
                // Somebody was faster twice: what came out is the newest.
                self.exchange(true).map_err(|error| self.failed("put back", error.into()))?;
            }
            return Ok(Committed::Refused);
        }
        self.sync(before).map(|()| Committed::Yes)
    }

    fn exchange(&self, is_there: bool) -> rustix::io::Result<()> {
        let place = if is_there { Place::Taken } else { Place::Free };
        exchange(self.dir.as_fd(), OsStr::new(&self.temp), &self.name, place)
    }

    fn content(&self, name: &OsStr) -> Option<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.dir, name, flags, Mode::empty()).ok()?; // gone is as good as different
        let mut file = File::from(file);
        let mut bytes = Vec::new();
        // A file that cannot be read is not the expected one.
        if file.metadata().is_ok_and(|meta| meta.is_file()) {
            file.read_to_end(&mut bytes).ok()?
        } else {
            0
        };
        Some(bytes)
    }

    fn sync(&self, before: BeforeStep<'_>) -> Result<(), FileError> {
        before(WriteStep::SyncDirectory)
            .and_then(|()| sync_dir(self.dir.as_fd()))
            .map_err(|source| self.failed("sync the directory of", source))
    }

    fn failed(&self, action: &'static str, source: io::Error) -> FileError {
        FileError::new(action, &self.path, source)
    }
}

impl Drop for PreparedFile {
    fn drop(&mut self) {
        // After a commit the name is gone, or holds what was replaced.
        rustix::fs::unlinkat(&self.dir, &self.temp, AtFlags::empty()).ok();
    }
}

/// What stands where a new file is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file, which is exchanged.
    Taken,
    /// Nothing.
    Free,
}

/// Exchanges a temporary file with the one that is there, or takes a free name.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(crate) fn exchange(
    dir: BorrowedFd<'_>,
    temp: &OsStr,
    name: &OsStr,
    place: Place,
) -> rustix::io::Result<()> {
    use rustix::fs::RenameFlags;
    let flags = match place {
        Place::Taken => RenameFlags::EXCHANGE,
        Place::Free => RenameFlags::NOREPLACE,
    };
    rustix::fs::renameat_with(dir, temp, dir, name, flags)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(crate) fn exchange(
    _dir: BorrowedFd<'_>,
    _temp: &OsStr,
    _name: &OsStr,
    _place: Place,
) -> rustix::io::Result<()> {
    Err(rustix::io::Errno::NOSYS)
}

/// Root that writes for another user leaves them their file.
pub(crate) fn give_to_owner(dir: BorrowedFd<'_>, temp: &OsStr, name: &OsStr) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let there = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).or_else(|_| rustix::fs::fstat(dir));
    if let Ok(owner) = there {
        let (user, group) =
            (rustix::fs::Uid::from_raw(owner.st_uid), rustix::fs::Gid::from_raw(owner.st_gid));
        // A file system without owners has nothing to give.
        rustix::fs::chownat(dir, temp, Some(user), Some(group), AtFlags::SYMLINK_NOFOLLOW).ok();
    }
}

/// Whether a file is of the user that runs this process.
#[must_use]
pub fn is_own(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    meta.uid() == rustix::process::geteuid().as_raw()
}

/// No write takes this long; a temporary file that is older belongs to nobody.
const ABANDONED: std::time::Duration = std::time::Duration::from_secs(10 * 60);

/// Removes what writers that were killed have left in a directory.
pub fn sweep_temporary(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let is_old = |entry: &std::fs::DirEntry| {
        let written = entry.metadata().and_then(|meta| meta.modified()).ok(); // gone: somebody else's, and finished
        written.and_then(|written| written.elapsed().ok()).is_some_and(|age| age > ABANDONED)
    };
    for entry in entries.flatten().filter(is_old) {
        let name = entry.file_name();
        let Some(random) = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(TEMP_SUFFIX))
        else {
            continue;
        };
        if random.len() == 2 * TEMP_NAME_BYTES && random.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            // Best effort: the next writer tries again.
            std::fs::remove_file(entry.path()).ok();
        }
    }
}

/// Opens a directory for `*at` calls and for syncing.
pub(crate) fn open_dir(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// The step of an atomic write that failed.
pub(crate) struct FailedStep {
    pub(crate) action: &'static str,
    pub(crate) source: io::Error,
}

fn failed<E: Into<io::Error>>(action: &'static str) -> impl FnOnce(E) -> FailedStep {
    move |source| FailedStep { action, source: source.into() }
}

/// Writes `bytes` under a random name in `dir`, syncs, renames to `name`, syncs `dir`.
pub(crate) fn replace_at(
    dir: BorrowedFd<'_>,
    name: &OsStr,
    bytes: &[u8],
    mode: u32,
) -> Result<(), FailedStep> {
    let random = random_hex(TEMP_NAME_BYTES).map_err(|error| FailedStep {
        action: "name a temporary file for",
        source: io::Error::other(error),
    })?;
    let temp = format!(".{random}{TEMP_SUFFIX}");
    let written = write_new(dir, OsStr::new(&temp), bytes, mode, &mut |_| Ok(()))
        .and_then(|()| rustix::fs::renameat(dir, &temp, dir, name).map_err(failed("rename")));
    if let Err(step) = written {
        // Best effort: the write has failed already and that is the error worth reporting.
        rustix::fs::unlinkat(dir, &temp, AtFlags::empty()).ok();
        return Err(step);
    }
    sync_dir(dir).map_err(failed("sync the directory of"))
}

/// Creates a file that must not exist, with exactly `mode`, and syncs its content. Does not sync the directory.
fn write_new(
    dir: BorrowedFd<'_>,
    name: &OsStr,
    bytes: &[u8],
    mode: u32,
    before: BeforeStep<'_>,
) -> Result<(), FailedStep> {
    before(WriteStep::Create).map_err(failed("create"))?;
    let file = create_new_at(dir, name, OFlags::WRONLY, mode).map_err(failed("create"))?;
    let mut file = File::from(file);
    before(WriteStep::Write).and_then(|()| file.write_all(bytes)).map_err(failed("write"))?;
    before(WriteStep::Sync).and_then(|()| file.sync_all()).map_err(failed("sync"))
}

/// Opens a file that must not exist, with exactly `mode` whatever the umask.
pub(crate) fn create_new_at(
    dir: BorrowedFd<'_>,
    name: &OsStr,
    access: OFlags,
    mode: u32,
) -> io::Result<OwnedFd> {
    let flags = access | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, name, flags, Mode::from_raw_mode(FILE_MODE))?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
    Ok(file)
}

/// Makes a rename or a new name in `dir` survive a power cut. Some file systems cannot sync directories and say so
/// with `EINVAL`; there is nothing better to do there.
pub(crate) fn sync_dir(dir: BorrowedFd<'_>) -> io::Result<()> {
    match rustix::fs::fsync(dir) {
        Err(rustix::io::Errno::INVAL) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Makes a directory and its missing ancestors, each 0700 whatever the umask. A directory that exists is left alone.
///
/// # Errors
/// When a component is not a directory or cannot be made; the path in the error is that component.
pub fn create_private_dir(path: &Path) -> Result<(), FileError> {
    // `metadata` follows links: a state directory that is a link to a real one is the owner's choice.
    let missing = |dir: &&Path| !dir.as_os_str().is_empty() && std::fs::metadata(dir).is_err();
    let to_make: Vec<&Path> = path.ancestors().take_while(missing).collect();
    for dir in to_make.into_iter().rev() {
        make_private_dir(dir).map_err(|source| FileError::new("create directory", dir, source))?;
    }
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    Err(FileError::new("create directory", path, io::ErrorKind::NotADirectory.into()))
}

/// One directory in an existing one, exactly 0700, synced.
fn make_private_dir(path: &Path) -> io::Result<()> {
    // Without a name the path ends in `..`, which exists as soon as what precedes it does.
    let Some(name) = path.file_name() else { return Ok(()) };
    let parent = open_dir(parent_or_here(path))?;
    if make_dir_at(parent.as_fd(), name)? == Made::New {
        // The umask can only have taken bits of the owner away.
        rustix::fs::chmodat(&parent, name, Mode::from_raw_mode(DIR_MODE), AtFlags::empty())?;
        sync_dir(parent.as_fd())?;
    }
    Ok(())
}

/// Who made a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// This call.
    New,
    /// Somebody before: whatever is there is theirs, and may not be a directory.
    Earlier,
}

/// One directory, 0700 minus the umask.
pub(crate) fn make_dir_at(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<Made> {
    match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(DIR_MODE)) {
        Ok(()) => Ok(Made::New),
        Err(rustix::io::Errno::EXIST) => Ok(Made::Earlier),
        Err(error) => Err(error.into()),
    }
}

/// The directory a path is in; `.` for a bare name.
pub(crate) fn parent_or_here(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::{create_private_dir, write_atomic};
    use std::os::unix::fs::{MetadataExt as _, symlink};
    use std::path::Path;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn writes_private_files_and_leaves_no_temporaries() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("openclaw.json");
        for text in ["one", "", "three"] {
            write_atomic(&file, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(mode(&file), 0o600);
        assert_eq!(names(home.path()), ["openclaw.json"]);
    }

    #[test]
    fn replaces_a_link_instead_of_writing_through_it() {
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        write_atomic(&real, b"kept").unwrap();
        symlink(&real, &link).unwrap();
        write_atomic(&link, b"new").unwrap();
        assert_eq!(std::fs::read(&real).unwrap(), b"kept");
        assert_eq!(std::fs::read(&link).unwrap(), b"new");
    }

    #[test]
    fn a_failed_write_names_path_and_action_and_keeps_the_old_state() {
        let home = tempfile::tempdir().unwrap();
        let missing = home.path().join("no/such/file");
        let error = write_atomic(&missing, b"x").unwrap_err();
        assert_eq!((error.action, error.path.as_path()), ("open directory", missing.parent().unwrap()));
        assert!(!error.is_disk_full());

        let dir = home.path().join("dir");
        create_private_dir(&dir).unwrap();
        assert_eq!(write_atomic(&dir, b"x").unwrap_err().action, "rename");
        assert_eq!(names(home.path()), ["dir"]);
    }

    #[test]
    fn disk_full_is_recognised() {
        // `/dev/full` is not a directory to rename in, so the check is on the error kind itself.
        for (raw, expected) in [(28, true), (2, false)] {
            assert_eq!(super::is_disk_full(&std::io::Error::from_raw_os_error(raw)), expected);
        }
    }

    #[test]
    fn makes_private_directories_and_leaves_others_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let deep = home.path().join("a/b/c");
        create_private_dir(&deep).unwrap();
        create_private_dir(&deep).unwrap();
        assert_eq!(mode(home.path()), 0o755);
        for dir in [deep.clone(), home.path().join("a/b"), home.path().join("a")] {
            assert_eq!(mode(&dir), 0o700, "{}", dir.display());
        }
        let file = deep.join("file");
        write_atomic(&file, b"").unwrap();
        for bad in [file.clone(), file.join("below")] {
            assert!(create_private_dir(&bad).is_err(), "{}", bad.display());
        }
    }
}
