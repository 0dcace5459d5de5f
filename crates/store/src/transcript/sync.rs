//! Writing to the disk and waiting for it, also from another thread than the one that appends.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use openclaw_guard::FileError;

use crate::StoreError;

/// How a transcript reaches its disk. Tests have one that fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk {
    pub(super) write: fn(&File, &[u8]) -> io::Result<()>,
    pub(super) sync: fn(&File) -> io::Result<()>,
}

impl Default for Disk {
    fn default() -> Self {
        Self { write: write_all, sync: File::sync_data }
    }
}

fn write_all(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)
}

/// A handle that can wait until everything appended so far is on the disk, while its transcript goes on.
#[derive(Debug, Clone)]
pub struct TranscriptSync {
    pub(super) path: Arc<Path>,
    pub(super) file: Arc<File>,
}

impl TranscriptSync {
    /// Waits until everything appended before this call is on the disk.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(|source| FileError::new("sync", &self.path, source).into())
    }
}
