//! What can go wrong with the index file, and what helps.

use std::path::{Path, PathBuf};

use openclaw_guard::FileError;
use rusqlite::{Error, ErrorCode, ffi};

use crate::error::MemoryError;

/// The bits of an extended code that are the code it extends.
const PRIMARY: i32 = 0xff;

/// A row that is there although nobody has written it, or lacks what was written: what is written is first looked for, or
/// deleted, in the same transaction.
const UNWRITTEN: [i32; 4] = [
    ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
    ffi::SQLITE_CONSTRAINT_ROWID,
    ffi::SQLITE_CONSTRAINT_UNIQUE,
    ffi::SQLITE_CONSTRAINT_NOTNULL,
];

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

    /// Whether SQLite takes it for one that may not be written.
    pub(crate) fn is_read_only(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_READONLY))
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
    // Every statement is a constant, every row has its types, and what is asked for without an alternative is there.
    let is_unlike_ours = matches!(
        error,
        Error::SqlInputError { .. }
            | Error::InvalidColumnType(..)
            | Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
            | Error::QueryReturnedNoRows
    );
    is_unlike_ours || error.sqlite_error().is_some_and(is_damaged_file)
}

fn is_damaged_file(error: &ffi::Error) -> bool {
    // A file that is shorter than its head says, such as one that was put in the place of another.
    let is_short = error.extended_code == ffi::SQLITE_IOERR_SHORT_READ;
    // "SQL logic error": a statement that does not fit the tables, which is never the statement's fault.
    let is_misfit = error.extended_code & PRIMARY == ffi::SQLITE_ERROR;
    is_short
        || is_misfit
        || UNWRITTEN.contains(&error.extended_code)
        || [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase].contains(&error.code)
}

#[cfg(test)]
mod tests {
    use super::IndexError;
    use rusqlite::{Connection, Error, ffi};

    fn failed(code: i32) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn what_is_damage_and_what_is_not() {
        let db = Connection::open_in_memory().unwrap();
        let rows = [
            (failed(ffi::SQLITE_CORRUPT), true),
            (failed(ffi::SQLITE_CORRUPT_VTAB), true),
            (failed(ffi::SQLITE_NOTADB), true),
            (failed(ffi::SQLITE_IOERR_SHORT_READ), true),
            (failed(ffi::SQLITE_ERROR), true),
            (failed(ffi::SQLITE_CONSTRAINT_PRIMARYKEY), true),
            (db.prepare("SELECT text FROM mem_notes").err().unwrap(), true),
            (db.query_row("SELECT 'a'", [], |row| row.get::<_, i64>(0)).err().unwrap(), true),
            (failed(ffi::SQLITE_IOERR_READ), false),
            (failed(ffi::SQLITE_FULL), false),
            (failed(ffi::SQLITE_BUSY), false),
            (failed(ffi::SQLITE_READONLY), false),
            (failed(ffi::SQLITE_CANTOPEN), false),
            (failed(ffi::SQLITE_CONSTRAINT_TRIGGER), false),
        ];
        for (error, expected) in rows {
            let error = IndexError::from(error);
            assert_eq!(error.is_damage(), expected, "{error:?}");
        }
    }
}
