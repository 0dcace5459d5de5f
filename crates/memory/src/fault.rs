//! What can go wrong with the index file, and what helps.

use std::path::{Path, PathBuf};

use openclaw_guard::FileError;
use rusqlite::{Error, ErrorCode, ffi};

use crate::error::MemoryError;

/// A failure of the index.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    #[error(transparent)]
    Sqlite(#[from] Error),
    /// Bytes that are not what was written.
    #[error("what the index holds of {path} is damaged")]
    Rows { path: String },
    /// Another process has replaced or removed it since the index was looked at.
    #[error("note {note} was changed by another process meanwhile; try again")]
    Gone { note: i64 },
    /// Another process fills, or has published, another generation.
    #[error("another process is building the memory index anew, and goes on with it; this one stopped")]
    Superseded,
    /// Another process moves its files just now, or deletes what nobody fills.
    #[error("another process is mending the memory index; try again in a moment")]
    Locked,
    #[error("{} is not named like an index", path.display())]
    Name { path: PathBuf },
    #[error("a batch job cannot be written down: {0}")]
    Job(String),
    #[error(transparent)]
    File(#[from] FileError),
}

impl IndexError {
    /// Whether building the index anew will help.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Sqlite(error) => is_damage(error),
            Self::Rows { .. } => true,
            Self::Gone { .. }
            | Self::Superseded
            | Self::Locked
            | Self::Name { .. }
            | Self::File(_)
            | Self::Job(_) => false,
        }
    }

    /// Whether the index was changed by somebody else, and the same work will do after another look at it.
    pub(crate) fn is_outdated(&self) -> bool {
        match self {
            Self::Gone { .. } | Self::Superseded => true,
            Self::Sqlite(_)
            | Self::Rows { .. }
            | Self::Locked
            | Self::Name { .. }
            | Self::File(_)
            | Self::Job(_) => false,
        }
    }

    /// As it is told outside.
    pub(crate) fn told(self, path: &Path) -> MemoryError {
        let path = path.to_owned();
        match self {
            Self::File(error) => MemoryError::File(error),
            Self::Name { path } => MemoryError::IndexName { path },
            Self::Gone { .. } | Self::Superseded | Self::Locked => {
                MemoryError::OtherProcess { path, source: self.into() }
            }
            Self::Sqlite(_) | Self::Rows { .. } | Self::Job(_) => {
                MemoryError::Index { path, source: self.into() }
            }
        }
    }

    /// Whether another process has the index just now; nothing was changed.
    pub(crate) fn is_busy(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
            }
            Self::Locked => true,
            Self::Rows { .. }
            | Self::Gone { .. }
            | Self::Superseded
            | Self::Name { .. }
            | Self::File(_)
            | Self::Job(_) => false,
        }
    }
}

fn is_damage(error: &Error) -> bool {
    // A file that is shorter than its head says, such as one that was put in the place of another.
    let is_short =
        error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHORT_READ);
    let codes = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase];
    is_short || error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
}
