//! Kernel locks beside the index file. They end with the process that has them, however it dies.
//!
//! Never on the index file itself: closing another handle on it would drop the locks that SQLite has there.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use openclaw_guard::{FileError, Root, RootError, create_private_dir};

use crate::fault::IndexError;
use crate::repair::check_name;

/// How long one process waits for another: a search answers from the notes then, and a job tries again.
const PATIENCE: Duration = Duration::from_millis(50);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(5);
/// Who opens the index shares this one; who puts a damaged one aside has it alone.
const MENDING: &str = ".lock";
/// Who fills a generation that is not published shares this one; who has it alone knows that nobody does.
const FILLING: &str = ".filling";

/// A lock, while it lives.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "dropped, it lets go")] Option<File>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Shared,
    Alone,
}

impl Lock {
    /// To open an index: nobody moves its files meanwhile.
    pub(crate) fn opening(database: &Path) -> Result<Self, IndexError> {
        Self::wait(database, MENDING, Mode::Shared)
    }

    /// To move the files of an index: nobody opens them meanwhile.
    pub(crate) fn mending(database: &Path) -> Result<Self, IndexError> {
        Self::wait(database, MENDING, Mode::Alone)
    }

    /// To fill a generation that is to be published.
    pub(crate) fn filling(database: &Path) -> Result<Self, IndexError> {
        Self::wait(database, FILLING, Mode::Shared)
    }

    /// To delete a generation that nobody fills any more; nothing if somebody may.
    pub(crate) fn abandoned(database: &Path) -> Result<Option<Self>, IndexError> {
        Self::attempt(&Self::file(database, FILLING)?, &beside(database, FILLING), Mode::Alone)
    }

    fn wait(database: &Path, suffix: &str, mode: Mode) -> Result<Self, IndexError> {
        let (file, path) = (Self::file(database, suffix)?, beside(database, suffix));
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Self::attempt(&file, &path, mode)? {
                Some(lock) => return Ok(lock),
                None if Instant::now() < deadline => thread::sleep(PAUSE),
                None => return Err(IndexError::Locked),
            }
        }
    }

    fn attempt(file: &File, path: &Path, mode: Mode) -> Result<Option<Self>, IndexError> {
        let fail = |source| FileError::new("lock", path, source);
        let tried = match mode {
            Mode::Shared => file.try_lock_shared(),
            Mode::Alone => file.try_lock(),
        };
        match tried {
            Ok(()) => Ok(Some(Self(Some(file.try_clone().map_err(fail)?)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            // There are file systems without locks; SQLite makes do with its own there.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Some(Self(None)))
            }
            Err(TryLockError::Error(source)) => Err(fail(source).into()),
        }
    }

    fn file(database: &Path, suffix: &str) -> Result<File, IndexError> {
        // A note may be named by mistake, and then nothing is made beside it.
        check_name(database)?;
        let path = beside(database, suffix);
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            Some(_) | None => Path::new("."),
        };
        create_private_dir(dir)?;
        let name = path.file_name().unwrap_or_default();
        // A pipe or a link in its place is refused: one could hang us, the other lead us elsewhere.
        let opened = Root::open(dir).and_then(|root| root.open_append(Path::new(name)));
        let fail = |error| {
            let source =
                if let RootError::Io { source, .. } = error { source } else { io::Error::other(error) };
            FileError::new("open", &path, source)
        };
        Ok(opened.map_err(fail)?)
    }
}

/// The path with something behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::Lock;
    use crate::fault::IndexError;

    #[test]
    fn many_open_and_fill_and_one_alone_mends_and_deletes() {
        let home = tempfile::tempdir().unwrap();
        let database = home.path().join("memory/main.sqlite");
        let busy = |lock: Result<Lock, IndexError>| matches!(lock, Err(IndexError::Locked));
        let open = [Lock::opening(&database).unwrap(), Lock::opening(&database).unwrap()];
        assert!(busy(Lock::mending(&database)));
        drop(open);
        let mending = Lock::mending(&database).unwrap();
        assert!(busy(Lock::opening(&database)) && busy(Lock::mending(&database)));
        drop(mending);
        let fill = [Lock::filling(&database).unwrap(), Lock::filling(&database).unwrap()];
        assert!(Lock::abandoned(&database).unwrap().is_none());
        drop(fill);
        let alone = Lock::abandoned(&database).unwrap();
        assert!(alone.is_some() && busy(Lock::filling(&database)));
    }
}
