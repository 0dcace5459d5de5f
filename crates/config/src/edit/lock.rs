//! The right to write a configuration: a kernel lock that ends with the process, however it dies.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use openclaw_guard::{FileError, Root, RootError, create_private_dir};

use super::error::EditError;
use crate::last_good::{beside, real_path};

/// A writer holds the lock for the milliseconds that a few synced files take; sixty of them queue up for a second.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Between two looks at the lock.
const PAUSE: Duration = Duration::from_millis(5);

/// Held while it lives.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock, but not forever. It lies beside the real file, so that all names of it share one.
    pub(super) fn take(config: &Path) -> Result<Self, EditError> {
        let lock = beside(&real_path(config), "lock");
        let refused = |source| EditError::Write { source, written: Vec::new() };
        let failed = |source| refused(FileError::new("lock", &lock, source));
        let dir = lock.parent().unwrap_or(Path::new("/"));
        create_private_dir(dir).map_err(refused)?;
        // A pipe or a link in its place is refused: one could hang us, the other lead us elsewhere.
        let open = |root: Root| root.open_append(Path::new(lock.file_name().unwrap_or_default()));
        let opened = Root::open(dir).and_then(open).map_err(|error| failed(io_error(error)))?;
        give_to_owner(&opened, dir);
        let deadline = Instant::now() + MAX_WAIT;
        loop {
            match opened.try_lock() {
                Ok(()) => return Ok(Self { _file: opened }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(EditError::Busy { file: config.to_owned(), lock });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
    }
}

fn io_error(error: RootError) -> io::Error {
    if let RootError::Io { source, .. } = error { source } else { io::Error::other(error) }
}

/// A lock that root made must not lock its owner out.
fn give_to_owner(file: &File, dir: &Path) {
    let (Ok(lock), Ok(owner)) = (file.metadata(), dir.metadata()) else { return };
    if lock.uid() != owner.uid() {
        // Only root may, and only root has to.
        std::os::unix::fs::fchown(file, Some(owner.uid()), Some(owner.gid())).ok();
    }
}
