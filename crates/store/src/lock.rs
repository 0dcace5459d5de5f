//! One writer per state directory (P-08).

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use openclaw_guard::{FileError, Root, RootError, create_private_dir};

/// Beneath the state directory.
const LOCK_FILE: &str = "state/gateway.lock";
/// A process id has at most 20 digits.
const MAX_PID_BYTES: u64 = 32;
/// How often the holder's name is looked for, and the pause in between: on a busy machine a tenth of a second passes
/// between taking the lock and saying so.
const HOLDER_LOOKS: usize = 40;
const HOLDER_PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

/// The right to write a state directory: a kernel lock that ends with this value or with the process, however it dies.
///
/// The file stays; only the lock on it means something. The process id inside is for the error message. Upstream's
/// `sessions.json.lock` is not taken: while this lock is held nobody else is expected to write the directory.
#[derive(Debug)]
pub struct StateLock {
    file: File,
}

impl Drop for StateLock {
    /// Opened by hand: a child that is just being forked has the file for a moment, too, and would keep it locked.
    fn drop(&mut self) {
        // Where this fails, closing the file opens the lock.
        self.file.unlock().ok();
    }
}

/// Why the lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error(
        "another gateway{} is using this state directory ({} is locked); stop it, or choose another directory with \
         OPENCLAW_STATE_DIR",
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(), path.display()
    )]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who says to hold it, if the file says so.
        pid: Option<u32>,
    },
    /// The directory could not be made.
    #[error(transparent)]
    Directory(#[from] FileError),
    /// The lock file could not be opened.
    #[error(transparent)]
    Open(#[from] RootError),
    /// The file system cannot lock, or another fault.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

impl StateLock {
    /// Takes the lock, without waiting. Makes the directory if needed.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process, or another value in this one, has it.
    pub fn acquire(state_dir: &Path) -> Result<Self, LockError> {
        let path = state_dir.join(LOCK_FILE);
        let io = |source| LockError::Io { path: path.clone(), source };
        create_private_dir(path.parent().unwrap_or(state_dir))?;
        let root = Root::open(state_dir)?;
        let mut file = root.open_append(Path::new(LOCK_FILE))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { path, pid: holder(&root) });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0).map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { file })
    }

    /// The process that has the lock, if one has it. Nothing is made or changed.
    #[must_use]
    pub fn holder(state_dir: &Path) -> Option<u32> {
        let root = Root::open(state_dir).ok()?;
        let text = root.read_capped(Path::new(LOCK_FILE), MAX_PID_BYTES).ok()?;
        let pid = std::str::from_utf8(&text).ok()?.trim().parse().ok().filter(|pid| is_running(*pid))?;
        // Whoever is named may be another program by now. The lock is only tried where somebody seems to have it: a
        // gateway that begins at this moment must not find it taken.
        let file = root.open_read(Path::new(LOCK_FILE)).ok()?;
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then_some(pid)
    }
}

/// Who says to hold the lock. Whoever has just taken it has not said so yet, and the file may still name the one before;
/// so it is looked at again for a moment. The answer is "held" whether or not anybody is named.
fn holder(root: &Root) -> Option<u32> {
    let mut named = None;
    for attempt in 0..HOLDER_LOOKS {
        if attempt > 0 {
            std::thread::sleep(HOLDER_PAUSE);
        }
        let text = root.read_capped(Path::new(LOCK_FILE), MAX_PID_BYTES).unwrap_or_default();
        named = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok());
        if named.is_some_and(is_running) {
            return named;
        }
    }
    named
}

/// Whether there is such a process; one of another user is one, too.
fn is_running(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let asked = pid.map(rustix::process::test_kill_process);
    matches!(asked, Some(Ok(()) | Err(rustix::io::Errno::PERM)))
}

#[cfg(test)]
mod tests {
    use super::{LOCK_FILE, LockError, StateLock};

    #[test]
    fn a_child_that_has_the_file_too_keeps_nothing_locked() {
        let home = tempfile::tempdir().unwrap();
        let lock = StateLock::acquire(home.path()).unwrap();
        let inherited = lock.file.try_clone().unwrap();
        drop(lock);
        assert_eq!(StateLock::holder(home.path()), None);
        drop(StateLock::acquire(home.path()).unwrap());
        drop(inherited);
    }

    #[test]
    fn one_holder_at_a_time_and_the_error_names_it() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(StateLock::holder(home.path()), None);
        let lock = StateLock::acquire(home.path()).unwrap();
        assert_eq!(StateLock::holder(home.path()), Some(std::process::id()));
        let error = StateLock::acquire(home.path()).unwrap_err();
        let LockError::Held { pid, .. } = &error else { panic!("{error}") };
        assert_eq!(*pid, Some(std::process::id()));
        assert!(error.to_string().contains("OPENCLAW_STATE_DIR"));
        drop(lock);
        assert_eq!(StateLock::holder(home.path()), None);
        drop(StateLock::acquire(home.path()).unwrap());
        // A file without a lock, whatever it says, stops nobody.
        let text = std::fs::read_to_string(home.path().join(LOCK_FILE)).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
        drop(StateLock::acquire(home.path()).unwrap());
    }
}
