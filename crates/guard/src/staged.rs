//! A large file that is written piece by piece, and then takes the place of another that is still what it was.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::atomic::{self, BeforeStep, Committed, FileError, Place, WriteStep};
use crate::random::random_hex;

/// Bytes collected before they are written.
const BUFFER_BYTES: usize = 64 * 1024;

/// New content of a file under a temporary name, for content that is too large to hold in memory twice. Dropped, it is
/// gone. See [`crate::PreparedFile`] for small files.
#[derive(Debug)]
pub struct StagedFile {
    file: BufWriter<File>,
    dir: OwnedFd,
    temp: String,
    path: PathBuf,
    name: OsString,
}

/// What must stand where a staged file is put.
pub enum Expected<'c> {
    /// Nothing.
    Nothing,
    /// A regular file of which this says that it is the expected one.
    File(&'c mut dyn FnMut(&File) -> bool),
}

impl StagedFile {
    /// Makes the temporary file beside `path`, 0600; when root writes for somebody else, it is theirs.
    ///
    /// # Errors
    /// The step that failed or was refused; nothing is left of it.
    pub fn create(path: &Path, before: BeforeStep<'_>) -> Result<Self, FileError> {
        let Some(name) = path.file_name() else {
            return Err(FileError::new("write", path, io::ErrorKind::InvalidInput.into()));
        };
        let parent = atomic::parent_or_here(path);
        let dir =
            atomic::open_dir(parent).map_err(|source| FileError::new("open directory", parent, source))?;
        let random = random_hex(atomic::TEMP_NAME_BYTES)
            .map_err(|error| FileError::new("name a temporary file for", path, io::Error::other(error)))?;
        let temp = format!(".{random}{}", atomic::TEMP_SUFFIX);
        let file = before(WriteStep::Create)
            .and_then(|()| {
                atomic::create_new_at(dir.as_fd(), OsStr::new(&temp), OFlags::WRONLY, atomic::FILE_MODE)
            })
            .map_err(|source| FileError::new("create", path, source))?;
        atomic::give_to_owner(dir.as_fd(), OsStr::new(&temp), name);
        let file = BufWriter::with_capacity(BUFFER_BYTES, File::from(file));
        Ok(Self { file, dir, temp, path: path.to_owned(), name: name.to_owned() })
    }

    /// Brings what was written to the disk and says what the file is like; committing does not change that.
    ///
    /// # Errors
    /// The step that failed or was refused.
    pub fn sync(&mut self, before: BeforeStep<'_>) -> Result<Metadata, FileError> {
        before(WriteStep::Write)
            .and_then(|()| self.file.flush())
            .map_err(|source| FileError::new("write", &self.path, source))?;
        before(WriteStep::Sync)
            .and_then(|()| self.file.get_ref().sync_all())
            .and_then(|()| self.file.get_ref().metadata())
            .map_err(|source| FileError::new("sync", &self.path, source))
    }

    /// Puts it in the place of what is expected there. What somebody else put there in the last moment is looked at
    /// after the exchange and put back. [`StagedFile::sync`] comes first.
    ///
    /// # Errors
    /// The step that failed or was refused.
    pub fn commit_over(
        self,
        mut expected: Expected<'_>,
        before: BeforeStep<'_>,
    ) -> Result<Committed, FileError> {
        before(WriteStep::Rename).map_err(|source| self.failed("rename", source))?;
        let place = match expected {
            Expected::Nothing => Place::Free,
            Expected::File(_) => Place::Taken,
        };
        match self.exchange(place) {
            Ok(()) => {}
            Err(Errno::NOENT | Errno::EXIST) => return Ok(Committed::Refused),
            // This file system, or this system, cannot exchange names: a look, and a rename right behind it.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                if !self.is_expected(&self.name, &mut expected) {
                    return Ok(Committed::Refused);
                }
                rustix::fs::renameat(&self.dir, &self.temp, &self.dir, &self.name)
                    .map_err(|error| self.failed("rename", error.into()))?;
                return self.sync_name(before);
            }
            Err(error) => return Err(self.failed("rename", error.into())),
        }
        if place == Place::Taken && !self.is_expected(OsStr::new(&self.temp), &mut expected) {
            self.put_back()?;
            return Ok(Committed::Refused);
        }
        self.sync_name(before)
    }

    fn exchange(&self, place: Place) -> rustix::io::Result<()> {
        atomic::exchange(self.dir.as_fd(), OsStr::new(&self.temp), &self.name, place)
    }

    fn is_expected(&self, name: &OsStr, expected: &mut Expected<'_>) -> bool {
        let file = self.open(name);
        match expected {
            Expected::Nothing => file.is_none(),
            Expected::File(check) => {
                let is_file = |file: &File| file.metadata().is_ok_and(|meta| meta.is_file());
                file.is_some_and(|file| is_file(&file) && check(&file))
            }
        }
    }

    /// Nothing for a file that cannot be opened, which is not the expected one.
    fn open(&self, name: &OsStr) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::openat(&self.dir, name, flags, Mode::empty()).ok().map(File::from)
    }

    fn put_back(&self) -> Result<(), FileError> {
        let exchange = || self.exchange(Place::Taken).map_err(|error| self.failed("put back", error.into()));
        exchange()?;
        let own = self.file.get_ref().metadata();
        let is_own = self.open(OsStr::new(&self.temp)).is_some_and(
            |file| matches!((file.metadata(), own), (Ok(there), Ok(own)) if there.ino() == own.ino()),
        );
        // If somebody was faster twice, what came out is the newest.
        if is_own { Ok(()) } else { exchange() }
    }

    fn sync_name(&self, before: BeforeStep<'_>) -> Result<Committed, FileError> {
        before(WriteStep::SyncDirectory)
            .and_then(|()| atomic::sync_dir(self.dir.as_fd()))
            .map(|()| Committed::Yes)
            .map_err(|source| self.failed("sync the directory of", source))
    }

    fn failed(&self, action: &'static str, source: io::Error) -> FileError {
        FileError::new(action, &self.path, source)
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        // After a commit the name is gone, or holds what was replaced.
        rustix::fs::unlinkat(&self.dir, &self.temp, AtFlags::empty()).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::{Expected, StagedFile};
    use crate::{Committed, WriteStep, write_atomic};
    use std::io::{self, Read as _, Write as _};
    use std::path::Path;

    fn staged(path: &Path, text: &str) -> StagedFile {
        let mut staged = StagedFile::create(path, &mut |_| Ok(())).unwrap();
        staged.write_all(text.as_bytes()).unwrap();
        assert_eq!(staged.sync(&mut |_| Ok(())).unwrap().len(), text.len() as u64);
        staged
    }

    fn commit(staged: StagedFile, over: Option<&str>) -> Committed {
        let mut is_it = |mut file: &std::fs::File| {
            let mut text = String::new();
            file.read_to_string(&mut text).is_ok() && Some(text.as_str()) == over
        };
        let expected = if over.is_some() { Expected::File(&mut is_it) } else { Expected::Nothing };
        staged.commit_over(expected, &mut |_| Ok(())).unwrap()
    }

    #[test]
    fn takes_the_place_of_what_is_expected_and_of_nothing_else() {
        let rows = [
            (None, None, Committed::Yes),
            (Some("old"), Some("old"), Committed::Yes),
            (Some("edited"), Some("old"), Committed::Refused),
            (Some("edited"), None, Committed::Refused),
            (None, Some("old"), Committed::Refused),
        ];
        for (there, expected, outcome) in rows {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join("index");
            if let Some(text) = there {
                write_atomic(&path, text.as_bytes()).unwrap();
            }
            assert_eq!(commit(staged(&path, "new"), expected), outcome, "{there:?} {expected:?}");
            let now = std::fs::read_to_string(&path).ok();
            let kept = if outcome == Committed::Yes { Some("new") } else { there };
            assert_eq!(now.as_deref(), kept);
            let names = std::fs::read_dir(home.path()).unwrap().count();
            assert_eq!(names, usize::from(kept.is_some()), "a temporary file is left");
        }
    }

    #[test]
    fn a_refused_step_leaves_the_old_file_and_nothing_else() {
        for refused in [WriteStep::Create, WriteStep::Write, WriteStep::Sync, WriteStep::Rename] {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join("index");
            write_atomic(&path, b"old").unwrap();
            let mut before =
                |step| if step == refused { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) };
            let written = StagedFile::create(&path, &mut before).and_then(|mut file| {
                file.write_all(b"new").unwrap();
                file.sync(&mut before)?;
                file.commit_over(Expected::File(&mut |_| true), &mut before)
            });
            assert!(written.unwrap_err().is_disk_full(), "{refused:?}");
            assert_eq!(std::fs::read(&path).unwrap(), b"old");
            assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
        }
    }
}
