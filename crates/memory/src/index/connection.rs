//! An index that is open, on the disk or in memory.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{Generation, terms};
use crate::fault::IndexError;
use crate::lock::Lock;
use crate::postings::Postings;
use crate::repair::{check_name, create_file, finish, is_half_mended};
use crate::weighted::Chunking;
use crate::words::Analyser;

/// Pages kept in memory, in KiB: an idle agent should cost next to nothing.
const CACHE_KIB: i64 = 1024;
/// The write-ahead log is cut back to this after a large sync.
const MAX_WAL_BYTES: i64 = 4 * 1024 * 1024;
/// The command line and the gateway may both write; a note is indexed in milliseconds.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// An open index.
pub(crate) struct Index {
    pub(crate) db: Connection,
    /// Where it lies, if it is on the disk.
    pub(super) file: Option<PathBuf>,
    pub(super) published: Generation,
    pub(super) analyser: Analyser,
    /// How notes are cut into chunks, if they are.
    pub(crate) chunking: Option<Chunking>,
    /// What `rows_with` has found before; the thread that owns the index asks through shared references.
    pub(super) postings: RefCell<Postings>,
    /// At most so many vectors are in the cache; unknown until it was counted.
    pub(crate) cache_bound: Option<usize>,
}

impl Index {
    /// Opens the index, and makes it if it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, IndexError> {
        check_name(path)?;
        finish(path)?;
        let _held = Lock::opening(path)?;
        // Somebody was killed in the middle of it since.
        if is_half_mended(path) {
            return Err(IndexError::Locked);
        }
        Self::open_held(path)
    }

    /// The same for who has a lock on it already.
    pub(crate) fn open_held(path: &Path) -> Result<Self, IndexError> {
        create_file(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(BUSY_WAIT)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // A lost commit is a note indexed again; the file itself stays whole.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        db.pragma_update(None, "cache_size", -CACHE_KIB)?;
        // What is deleted from a note must not lie about in the pages that it leaves.
        db.pragma_update(None, "secure_delete", true)?;
        db.pragma_update(None, "journal_size_limit", MAX_WAL_BYTES)?;
        let mut index = Self { file: Some(path.to_owned()), ..Self::of(db) };
        index.migrate()?;
        Ok(index)
    }

    fn of(db: Connection) -> Self {
        Self {
            db,
            file: None,
            published: Generation::NONE,
            analyser: Analyser::default(),
            chunking: None,
            postings: RefCell::default(),
            cache_bound: None,
        }
    }

    /// An index that is gone with this value.
    pub(crate) fn in_memory() -> Result<Self, IndexError> {
        let db = Connection::open_in_memory()?;
        let mut index = Self::of(db);
        index.migrate()?;
        Ok(index)
    }

    /// How long writing waits for another process.
    pub(crate) fn wait_for_others(&self, longest: Duration) -> Result<(), IndexError> {
        Ok(self.db.busy_timeout(longest)?)
    }

    /// A number that changes when another connection has written.
    pub(crate) fn data_version(&self) -> Result<i64, IndexError> {
        Ok(self.db.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    /// Lets nothing lie about on the disk of what was deleted.
    pub(crate) fn scrub(&self) -> Result<(), IndexError> {
        terms::rewrite(&self.db)?;
        self.cut_log()
    }

    /// Moves what is in the log into the file, and empties the log.
    pub(crate) fn cut_log(&self) -> Result<(), IndexError> {
        // Another process that reads keeps the log; whoever closes the file last cuts it.
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

/// A count as SQLite stores it; counts of rows are far below 2^63.
pub(crate) fn stored(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The inverse of [`stored`]; SQLite has no unsigned numbers.
pub(crate) fn counted(stored: i64) -> usize {
    usize::try_from(stored).unwrap_or(0)
}
