//! Why credentials cannot be read, changed or renewed.

use std::path::PathBuf;

use openclaw_guard::{FileError, RootError};

/// Why credentials cannot be read or changed. It never contains one.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not JSON, or not what it should be. It is left as it is.
    #[error("{}:{line}:{column}: not the JSON of an auth-profiles.json; repair it or move it away", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: usize,
        /// 1-based column.
        column: usize,
    },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] FileError),
    /// The lock could not be opened.
    #[error(transparent)]
    Lock(#[from] RootError),
    /// Somebody else has had the lock for too long.
    #[error("{} is locked by another process; try again", path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
    /// There is no such profile, or there is nothing of use in it.
    #[error("there is no usable profile {id}")]
    NoProfile {
        /// The profile.
        id: String,
    },
    /// The token has ended and could not be renewed.
    #[error("the token of {id} has ended and cannot be renewed: {why}")]
    NotRenewed {
        /// The profile.
        id: String,
        /// Why.
        why: crate::RefreshError,
    },
    /// A task was stopped in the middle.
    #[error("interrupted while working with credentials")]
    Interrupted,
}
