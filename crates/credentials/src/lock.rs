//! One writer at a time, over all agents and processes: a kernel lock, which ends with whoever has it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use openclaw_guard::{FileError, Root, create_private_dir};

use crate::error::AuthError;

/// How often a lock that is taken is tried again.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Changes of files: milliseconds.
pub(crate) const WRITING: &str = "auth.lock";
/// Renewals of tokens: as long as a provider takes.
pub(crate) const RENEWING: &str = "auth-renewal.lock";

/// The lock, while it is held.
pub(crate) struct Held(#[allow(dead_code, reason = "dropped, it lets go")] File);

/// Takes a lock in `state`, and waits for it on this thread.
///
/// # Errors
/// Somebody has it for longer than `limit`, or it cannot be opened.
pub(crate) fn take(state_dir: &Path, name: &str, limit: Duration) -> Result<Held, AuthError> {
    let until = Instant::now() + limit;
    loop {
        match attempt(state_dir, name)? {
            Ok(held) => return Ok(held),
            Err(path) if Instant::now() >= until => return Err(AuthError::Busy { path }),
            Err(_) => std::thread::sleep(LOOK_EVERY),
        }
    }
}

/// Takes a lock if nobody has it; else its path.
pub(crate) fn attempt(state_dir: &Path, name: &str) -> Result<Result<Held, PathBuf>, AuthError> {
    let folder = state_dir.join("state");
    create_private_dir(&folder)?;
    let file = Root::open(&folder)?.open_append(Path::new(name))?;
    match file.try_lock() {
        Ok(()) => Ok(Ok(Held(file))),
        Err(TryLockError::WouldBlock) => Ok(Err(folder.join(name))),
        Err(TryLockError::Error(source)) => Err(FileError::new("lock", &folder.join(name), source).into()),
    }
}
