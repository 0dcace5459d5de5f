//! The index file: notes, their rows, and which row holds which term.
//!
//! The tables have names of their own (`lex_…`), so that an index written by OpenClaw can lie in the same file and
//! a person can go back to it. Everything here is derived from the notes.

use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use openclaw_guard::{FileError, create_private_dir};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};

use crate::layout::{Row, decode_rows, encode_rows, lay_out};

/// Changes when tables, terms or windows change; an index of another version is built anew.
const VERSION: i64 = 1;
/// Owner only (S-088).
const FILE_MODE: u32 = 0o600;
/// Pages kept in memory, in KiB: an idle agent should cost next to nothing.
const CACHE_KIB: i64 = 1024;
/// The write-ahead log is cut back to this after a large sync.
const MAX_WAL_BYTES: i64 = 4 * 1024 * 1024;
/// The command line and the gateway may both write; a note is indexed in milliseconds.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Rows a note may have: a 2 MiB note has at most one row per byte, so that a row's id is note id and row number.
const ROW_BITS: u32 = 22;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS lex_meta (version INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS lex_files (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ms INTEGER NOT NULL,
        hash BLOB NOT NULL,
        windows INTEGER NOT NULL,
        window_terms INTEGER NOT NULL,
        row_count INTEGER NOT NULL,
        rows BLOB NOT NULL,
        text BLOB NOT NULL
    );
    CREATE VIRTUAL TABLE IF NOT EXISTS lex_rows
        USING fts5(terms, content='', contentless_delete=1, detail=none, tokenize='ascii');";
const DROP: &str = "
    DROP TABLE IF EXISTS lex_meta;
    DROP TABLE IF EXISTS lex_files;
    DROP TABLE IF EXISTS lex_rows;";

/// A database failure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the rows of {path} are damaged")]
    Rows { path: String },
    #[error(transparent)]
    File(#[from] FileError),
}

impl IndexError {
    /// Whether building the index anew will help.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            Self::Rows { .. } => true,
            Self::File(_) => false,
        }
    }
}

/// Size, time and content of a note when it was indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u32,
    pub(crate) mtime_ms: i64,
    pub(crate) hash: Vec<u8>,
}

/// Sums over all notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) files: usize,
    pub(crate) windows: usize,
    pub(crate) window_terms: usize,
}

/// A row, as the note it is in and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowId {
    pub(crate) file: i64,
    pub(crate) row: usize,
}

/// An open index.
pub(crate) struct Index {
    db: Connection,
}

impl Index {
    /// Opens the index, and makes it if it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, IndexError> {
        create_file(path)?;
        let db = Connection::open(path)?;
        db.busy_timeout(BUSY_WAIT)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // A lost commit is a note indexed again; the file itself stays whole.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        db.pragma_update(None, "cache_size", -CACHE_KIB)?;
        db.pragma_update(None, "journal_size_limit", MAX_WAL_BYTES)?;
        let mut index = Self { db };
        index.migrate()?;
        Ok(index)
    }

    fn migrate(&mut self) -> Result<(), IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch("CREATE TABLE IF NOT EXISTS lex_meta (version INTEGER NOT NULL)")?;
        let version: Option<i64> =
            tx.query_row("SELECT version FROM lex_meta", [], |row| row.get(0)).optional()?;
        if version != Some(VERSION) {
            tx.execute_batch(DROP)?;
            tx.execute_batch(SCHEMA)?;
            tx.execute("INSERT INTO lex_meta (version) VALUES (?1)", [VERSION])?;
        }
        Ok(tx.commit()?)
    }

    /// Forgets every note.
    pub(crate) fn clear(&mut self) -> Result<(), IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute("DELETE FROM lex_meta", [])?;
        tx.commit()?;
        self.migrate()
    }

    /// Path and stamp of every note.
    pub(crate) fn stamps(&self) -> Result<Vec<(String, Stamp)>, IndexError> {
        let mut query = self.db.prepare_cached("SELECT path, size, mtime_ms, hash FROM lex_files")?;
        let rows = query.query_map([], |row| {
            let stamp = Stamp { size: row.get(1)?, mtime_ms: row.get(2)?, hash: row.get(3)? };
            Ok((row.get(0)?, stamp))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that a note was touched but not changed.
    pub(crate) fn touch(&self, path: &str, stamp: &Stamp) -> Result<(), IndexError> {
        let mut update =
            self.db.prepare_cached("UPDATE lex_files SET size = ?2, mtime_ms = ?3 WHERE path = ?1")?;
        update.execute(params![path, stamp.size, stamp.mtime_ms])?;
        Ok(())
    }

    /// Indexes a note in place of its older state, in one transaction.
    pub(crate) fn put(&mut self, path: &str, stamp: &Stamp, text: &str) -> Result<(), IndexError> {
        let layout = lay_out(text);
        let shown = || layout.rows.iter().filter(|row| row.window().is_some());
        let window_terms: i64 = shown().map(|row| i64::from(row.window_terms)).sum();
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        delete(&tx, path)?;
        tx.prepare_cached(
            "INSERT INTO lex_files (path, size, mtime_ms, hash, windows, window_terms, row_count, rows, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            path,
            stamp.size,
            stamp.mtime_ms,
            stamp.hash,
            stored(shown().count()),
            window_terms,
            stored(layout.rows.len()),
            encode_rows(&layout.rows),
            text.as_bytes(),
        ])?;
        let file = tx.last_insert_rowid();
        {
            let mut insert = tx.prepare_cached("INSERT INTO lex_rows (rowid, terms) VALUES (?1, ?2)")?;
            for (row, terms) in layout.terms.iter().enumerate().filter(|(_, terms)| !terms.is_empty()) {
                insert.execute(params![RowId { file, row }.pack(), terms.join(" ")])?;
            }
        }
        Ok(tx.commit()?)
    }

    /// Forgets a note.
    pub(crate) fn remove(&mut self, path: &str) -> Result<(), IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        delete(&tx, path)?;
        Ok(tx.commit()?)
    }

    /// Sums over all notes.
    pub(crate) fn totals(&self) -> Result<Totals, IndexError> {
        let mut query = self.db.prepare_cached(
            "SELECT count(*), coalesce(sum(windows), 0), coalesce(sum(window_terms), 0) FROM lex_files",
        )?;
        Ok(query.query_row([], |row| {
            let count = |column: usize| row.get(column).map(counted);
            Ok(Totals { files: count(0)?, windows: count(1)?, window_terms: count(2)? })
        })?)
    }

    /// The rows that hold a term, ascending.
    pub(crate) fn rows_with(&self, term: &str) -> Result<Vec<RowId>, IndexError> {
        let mut query = self.db.prepare_cached("SELECT rowid FROM lex_rows WHERE lex_rows MATCH ?1")?;
        let rows = query.query_map([quoted(term)], |row| row.get(0).map(RowId::unpack))?;
        let mut found: Vec<RowId> = rows.collect::<Result<_, _>>()?;
        found.sort_unstable();
        Ok(found)
    }

    /// The rows of a note.
    pub(crate) fn layout(&self, file: i64) -> Result<Vec<Row>, IndexError> {
        let mut query =
            self.db.prepare_cached("SELECT path, rows, length(text) FROM lex_files WHERE id = ?1")?;
        let (path, rows, text_len): (String, Vec<u8>, usize) =
            query.query_row([file], |row| Ok((row.get(0)?, row.get(1)?, counted(row.get(2)?))))?;
        decode_rows(&rows, text_len).ok_or(IndexError::Rows { path })
    }

    /// The path of a note and a piece of its text, given in bytes.
    pub(crate) fn excerpt(
        &self,
        file: i64,
        bytes: std::ops::Range<u32>,
    ) -> Result<(String, String), IndexError> {
        let mut query =
            self.db.prepare_cached("SELECT path, substr(text, ?2, ?3) FROM lex_files WHERE id = ?1")?;
        let (path, piece): (String, Vec<u8>) = query.query_row(
            params![file, i64::from(bytes.start) + 1, i64::from(bytes.end) - i64::from(bytes.start)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        match String::from_utf8(piece) {
            Ok(text) => Ok((path, text)),
            Err(_cut_inside_a_character) => Err(IndexError::Rows { path }),
        }
    }
}

fn delete(db: &Connection, path: &str) -> Result<(), IndexError> {
    let mut find = db.prepare_cached("DELETE FROM lex_files WHERE path = ?1 RETURNING id, row_count")?;
    let old: Option<(i64, usize)> =
        find.query_row([path], |row| Ok((row.get(0)?, counted(row.get(1)?)))).optional()?;
    if let Some((file, rows)) = old {
        let (first, end) = (RowId { file, row: 0 }, RowId { file, row: rows });
        db.prepare_cached("DELETE FROM lex_rows WHERE rowid >= ?1 AND rowid < ?2")?
            .execute(params![first.pack(), end.pack()])?;
    }
    Ok(())
}

impl RowId {
    fn pack(self) -> i64 {
        (self.file << ROW_BITS) | stored(self.row)
    }

    fn unpack(packed: i64) -> Self {
        let row = packed & ((1 << ROW_BITS) - 1);
        Self { file: packed >> ROW_BITS, row: counted(row) }
    }
}

/// A count as SQLite stores it; counts of rows are far below 2^63.
fn stored(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The inverse of [`stored`]; SQLite has no unsigned numbers.
fn counted(stored: i64) -> usize {
    usize::try_from(stored).unwrap_or(0)
}

/// A term as an FTS5 string, whatever it holds: query syntax never comes from outside.
fn quoted(term: &str) -> String {
    format!("\"{}\"", term.replace('"', "\"\""))
}

/// Makes the file before SQLite would, because SQLite follows the umask; its log files take the mode of this one.
fn create_file(path: &Path) -> Result<(), FileError> {
    if let Some(dir) = path.parent() {
        create_private_dir(dir)?;
    }
    let fail = |source| FileError::new("open", path, source);
    let mut options = std::fs::OpenOptions::new();
    options.read(true).append(true).create(true).mode(FILE_MODE);
    let file = options.open(path).map_err(fail)?;
    let mode = file.metadata().map_err(fail)?.permissions().mode();
    if mode & 0o777 != FILE_MODE {
        file.set_permissions(std::fs::Permissions::from_mode(FILE_MODE)).map_err(fail)?;
    }
    Ok(())
}

/// Moves a damaged index out of the way, over the one moved before, and returns its new path.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
    let with = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let aside = with(".damaged");
    std::fs::rename(path, &aside).map_err(|source| FileError::new("rename", path, source))?;
    for log in [with("-wal"), with("-shm")] {
        match std::fs::remove_file(&log) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(FileError::new("remove", &log, source));
            }
            Err(_) | Ok(()) => {}
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::{Index, RowId, Stamp, quoted, set_aside};
    use std::os::unix::fs::PermissionsExt as _;

    fn stamp() -> Stamp {
        Stamp { size: 1, mtime_ms: 2, hash: vec![3] }
    }

    #[test]
    fn a_note_replaced_or_removed_leaves_no_rows() {
        let home = tempfile::tempdir().unwrap();
        let mut index = Index::open(&home.path().join("memory/main.sqlite")).unwrap();
        index.put("a.md", &stamp(), "# Tea\ngreen\noolong").unwrap();
        index.put("b.md", &stamp(), "green").unwrap();
        assert_eq!(index.rows_with("green").unwrap().len(), 2);
        index.put("a.md", &stamp(), "black").unwrap();
        assert_eq!(index.rows_with("green").unwrap().len(), 1);
        assert!(index.rows_with("oolong").unwrap().is_empty());
        index.remove("b.md").unwrap();
        assert!(index.rows_with("green").unwrap().is_empty());
        assert_eq!(index.totals().unwrap().windows, 1);
        index.clear().unwrap();
        assert_eq!(index.totals().unwrap().files, 0);
    }

    #[test]
    fn the_file_is_private_and_a_foreign_table_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let old = rusqlite::Connection::open(&path).unwrap();
        old.execute_batch("CREATE TABLE files (path TEXT PRIMARY KEY); INSERT INTO files VALUES ('x')")
            .unwrap();
        drop(old);
        let index = Index::open(&path).unwrap();
        let kept: i64 = index.db.query_row("SELECT count(*) FROM files", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 1);
        for entry in std::fs::read_dir(home.path()).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600);
        }
    }

    #[test]
    fn damage_is_recognised_and_set_aside() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut bytes = b"SQLite format 3\0".to_vec();
        bytes.resize(8192, 0x5a);
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), &bytes).unwrap();
        assert!(Index::open(&path).err().unwrap().is_damage());
        assert!(set_aside(&path).unwrap().exists());
        assert!(Index::open(&path).is_ok());
    }

    #[test]
    fn row_ids_round_trip_and_terms_are_quoted() {
        let id = RowId { file: 77, row: 4_000_000 };
        assert_eq!(RowId::unpack(id.pack()), id);
        assert_eq!(quoted("a\" OR b*"), "\"a\"\" OR b*\"");
    }
}
