//! Writing to the disk and waiting for it, also from another thread than the one that appends.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_guard::{FileError, Root};
use rustix::fs::OFlags;

use super::back::ReadAt as _;
use crate::StoreError;

/// Bytes that are rewritten at a time.
const BLOCK_BYTES: u64 = 1024 * 1024;

/// Transcripts of which a sync failed, until they are opened again. Linux reports such a failure once, takes what it
/// could not write for written, and lets the next sync succeed: from then on the memory of the system and the disk
/// differ, and nobody is told.
static SUSPECTS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// How a transcript reaches its disk. Tests have one that fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk {
    pub(super) write: fn(&File, &[u8]) -> io::Result<()>,
    pub(super) sync: fn(&File) -> io::Result<()>,
    pub(super) cut: fn(&File, u64) -> io::Result<()>,
}

impl Default for Disk {
    fn default() -> Self {
        Self { write: write_all, sync: File::sync_data, cut: File::set_len }
    }
}

fn write_all(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)
}

/// A transcript's file, shared by those that append and those that wait.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) disk: Disk,
    /// Whether a write or a sync failed so that nobody knows what is on the disk.
    broken: AtomicBool,
    /// Held by the one that syncs: of two that wait at once the system would tell only one of a failure.
    syncing: Mutex<()>,
}

impl Handle {
    pub(super) fn new(path: PathBuf, file: File) -> Self {
        Self { path, file, disk: Disk::default(), broken: AtomicBool::new(false), syncing: Mutex::new(()) }
    }

    /// Whether what is in the file can be relied on.
    pub(super) fn is_sound(&self) -> bool {
        !self.broken.load(Ordering::Acquire)
    }

    /// An error if it cannot.
    pub(super) fn must_be_sound(&self) -> Result<(), StoreError> {
        if self.is_sound() { Ok(()) } else { Err(StoreError::Unsound { path: self.path.clone() }) }
    }

    /// Nothing is known of the end of the file any more.
    pub(super) fn give_up(&self) {
        self.broken.store(true, Ordering::Release);
        suspect(&self.path);
    }

    fn sync(&self) -> Result<(), StoreError> {
        let _turn = lock(&self.syncing);
        self.must_be_sound()?;
        (self.disk.sync)(&self.file).map_err(|source| {
            self.give_up();
            FileError::new("sync", &self.path, source).into()
        })
    }
}

/// Notes that what is in a file may not reach its disk, whatever later syncs say.
pub(super) fn suspect(path: &Path) {
    lock(&SUSPECTS).insert(path.to_owned());
}

/// Makes sure, when a transcript is opened of which a sync failed, that what is read of it now gets to the disk: all of
/// it is written again in its place. Then it is as good as any other.
pub(super) fn clear_suspicion(root: &Root, name: &Path, path: &Path) -> Result<(), StoreError> {
    if !lock(&SUSPECTS).contains(path) {
        return Ok(());
    }
    let (source, target) = (root.open_read(name)?, root.open_append(name)?);
    rewrite(&source, &target).map_err(|source| FileError::new("rewrite", path, source))?;
    lock(&SUSPECTS).remove(path);
    Ok(())
}

fn rewrite(source: &File, target: &File) -> io::Result<()> {
    // A file that is open for appending is written at its end, whatever place is named.
    let flags = rustix::fs::fcntl_getfl(target)?;
    rustix::fs::fcntl_setfl(target, flags - OFlags::APPEND)?;
    let length = source.metadata()?.len();
    let mut at = 0;
    while at < length {
        let end = length.min(at + BLOCK_BYTES);
        target.write_all_at(&source.read_range(at, end)?, at)?;
        at = end;
    }
    target.sync_all()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A handle that can wait until everything appended so far is on the disk, while its transcript goes on.
#[derive(Debug, Clone)]
pub struct TranscriptSync {
    pub(super) handle: Arc<Handle>,
}

impl TranscriptSync {
    /// Waits until everything appended before this call is on the disk. After a failure every later call fails too, and
    /// the transcript refuses to go on, until it is opened again: see [`StoreError::Unsound`].
    ///
    /// # Errors
    /// When the disk says no, or said so before.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.handle.sync()
    }
}
