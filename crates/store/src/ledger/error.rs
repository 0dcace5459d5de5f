//! What can go wrong with the ledger.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use openclaw_guard::FileError;

/// A ledger operation that failed. Nothing of it was kept. Copies are cheap: one failed write fails all that were to
/// be written with it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// So little space is left that what is under way may need it.
    #[error(
        "only {} MiB are free on the disk of {}; nothing new is accepted below {} MiB, so that what was accepted can \
         be finished. Free some space and send the message again",
        free_bytes >> 20, path.display(), super::MIN_FREE_BYTES >> 20
    )]
    LowSpace {
        /// The ledger's file.
        path: PathBuf,
        /// Bytes that are free.
        free_bytes: u64,
    },
    /// The disk, or the quota, is full.
    #[error("the disk of {} is full; free some space and try again", path.display())]
    Full {
        /// The ledger's file.
        path: PathBuf,
    },
    /// The disk refuses.
    #[error("{} cannot be written: {source}", path.display())]
    Engine {
        /// The ledger's file.
        path: PathBuf,
        /// What the engine says.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The file is damaged.
    #[error("{} is damaged: {source}; `openclaw doctor` says what to do", path.display())]
    Damaged {
        /// The ledger's file.
        path: PathBuf,
        /// What the engine says.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The file was written by a later version.
    #[error(
        "{} has version {found}, this program knows versions up to {known}; start the newer openclaw again, or use \
         another state directory",
        path.display()
    )]
    Newer {
        /// The ledger's file.
        path: PathBuf,
        /// The version of the file.
        found: i64,
        /// The latest version known here.
        known: i64,
    },
    /// The file or its folder cannot be made.
    #[error("the ledger cannot be opened: {0}")]
    File(#[source] Arc<FileError>),
    /// More is asked than can be written.
    #[error("too much waits to be written; try again in a moment")]
    Busy,
    /// The ledger was closed: the gateway stops.
    #[error("the gateway is stopping")]
    Closed,
}

impl LedgerError {
    /// Whether there is no space, or too little of it.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::LowSpace { .. } | Self::Full { .. } => true,
            Self::File(error) => error.is_disk_full(),
            Self::Engine { .. } | Self::Damaged { .. } | Self::Newer { .. } | Self::Busy | Self::Closed => {
                false
            }
        }
    }
}
