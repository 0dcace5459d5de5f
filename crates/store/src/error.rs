//! What can go wrong between memory and disk.

use openclaw_guard::{FileError, RandomError, RootError};
use std::path::PathBuf;

use crate::RecordId;

/// A store operation that failed. Each names the file; the files themselves are left as they were.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file could not be written, or a directory not made.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file could not be opened, read or renamed.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The session index is a symbolic link, and the file it leads to may be no program's to replace.
    #[error(
        "{0} is a link to {1}, and links are not followed here; put the file itself in its place: \
         cp --remove-destination '{1}' '{0}'",
        path.display(), to.display()
    )]
    IndexIsLink {
        /// The link.
        path: PathBuf,
        /// What it leads to.
        to: PathBuf,
    },
    /// A value could not be turned into JSON.
    #[error("cannot encode a record for {}: {source}", path.display())]
    Encode {
        /// Where it was to be written.
        path: PathBuf,
        /// What the encoder said.
        #[source]
        source: serde_json::Error,
    },
    /// A record was to be written under an id that another one has.
    #[error("{} has a record {id} already", path.display())]
    RecordExists {
        /// The transcript.
        path: PathBuf,
        /// The id.
        id: RecordId,
    },
    /// A record was named that is not in the transcript, or not in the part of it that was read.
    #[error("{} has no record {id} in the part that is in use", path.display())]
    NoSuchRecord {
        /// The transcript.
        path: PathBuf,
        /// The id.
        id: RecordId,
    },
    /// A line was to be put back that is no record with an id and a parent.
    #[error("the line kept for {} is no record", path.display())]
    NotARecord {
        /// The transcript.
        path: PathBuf,
    },
    /// A write or a sync failed, so that nobody knows what of the file is on the disk. Open it again.
    #[error("{} could not be written to its disk; it must be opened again before it is used", path.display())]
    Unsound {
        /// The transcript.
        path: PathBuf,
    },
    /// No random bytes for a new record id.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The task that did the work broke off; what it had written is on disk, what it had not is not.
    #[error("the work on {what} broke off")]
    Interrupted {
        /// The session or task.
        what: String,
    },
}

impl StoreError {
    /// Whether there is no space, or no quota, left: the owner should hear that in plain words.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::File(error) => error.is_disk_full(),
            Self::Root(error) => error.is_disk_full(),
            Self::IndexIsLink { .. }
            | Self::Encode { .. }
            | Self::RecordExists { .. }
            | Self::NoSuchRecord { .. }
            | Self::NotARecord { .. }
            | Self::Unsound { .. }
            | Self::Random(_)
            | Self::Interrupted { .. } => false,
        }
    }
}
