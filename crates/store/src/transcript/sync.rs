//! Waiting for the disk from another thread than the one that appends.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use openclaw_guard::FileError;

use crate::StoreError;

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
