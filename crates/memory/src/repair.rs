//! The index as a file: how it may be called, how it is made, and what is saved of a damaged one.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use openclaw_guard::{FileError, create_private_dir};
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params_from_iter};

use crate::fault::IndexError;
use crate::index::Index;

/// Owner only (S-088).
const FILE_MODE: u32 = 0o600;
/// How the name of an index ends. `store.path` may name a note by mistake, and a note is never opened as a database.
const EXTENSIONS: [&str; 3] = ["sqlite", "sqlite3", "db"];

/// A table of what cost time or money, with the types of its columns; the first of them are its key.
struct Kept {
    table: &'static str,
    columns: &'static [(&'static str, Type)],
    key: &'static str,
}

const KEPT: [Kept; 5] = [
    Kept {
        table: "mem_embedders",
        columns: &[
            ("id", Type::Integer),
            ("provider", Type::Text),
            ("model", Type::Text),
            ("fingerprint", Type::Text),
        ],
        key: "id",
    },
    Kept {
        table: "mem_cache",
        columns: &[
            ("embedder", Type::Integer),
            ("hash", Type::Blob),
            ("vector", Type::Blob),
            ("used", Type::Integer),
        ],
        key: "embedder, hash",
    },
    Kept {
        table: "mem_embedders_used",
        columns: &[("embedder", Type::Integer), ("used", Type::Integer)],
        key: "embedder",
    },
    Kept {
        table: "mem_jobs",
        columns: &[
            ("id", Type::Integer),
            ("embedder", Type::Integer),
            ("begun", Type::Integer),
            ("job", Type::Text),
            ("stopped", Type::Integer),
        ],
        key: "id",
    },
    Kept {
        table: "mem_job_texts",
        columns: &[("embedder", Type::Integer), ("hash", Type::Blob), ("job", Type::Integer)],
        key: "embedder, hash",
    },
];

/// Whether a file may be the index.
pub(crate) fn is_named_like_index(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.map(OsStr::new).contains(&extension))
}

/// Makes the file before SQLite would, because SQLite follows the umask; its log files take the mode of this one.
pub(crate) fn create_file(path: &Path) -> Result<(), IndexError> {
    // Before anything is touched: an empty note would become a database.
    if !is_named_like_index(path) {
        return Err(IndexError::Name { path: path.to_owned() });
    }
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

/// Moves a damaged index out of the way, over the one moved before, and returns its new path. Its log goes with it, for
/// what was written last stands there alone.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, IndexError> {
    if !is_named_like_index(path) {
        return Err(IndexError::Name { path: path.to_owned() });
    }
    let aside = with(path, ".damaged");
    remove(&with(&aside, "-wal"))?;
    remove(&with(&aside, "-shm"))?;
    std::fs::rename(path, &aside).map_err(|source| FileError::new("rename", path, source))?;
    let log = with(path, "-wal");
    match std::fs::rename(&log, with(&aside, "-wal")) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(FileError::new("rename", &log, source).into());
        }
        Err(_) | Ok(()) => {}
    }
    remove(&with(path, "-shm"))?;
    Ok(aside)
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(FileError::new("remove", path, source))
        }
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Copies vectors and batch jobs out of a damaged index into a new one, as far as they can be read; tells how many rows
/// there were.
pub(crate) fn salvage(aside: &Path, database: &Path) -> Result<usize, IndexError> {
    // Only read: what is left of the old one stays as it was found.
    let old = Connection::open_with_flags(aside, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut new = Index::open(database)?;
    let tx = new.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut saved = 0;
    for kept in &KEPT {
        let forwards = copy(&old, &tx, kept, "ASC");
        // From the other end comes what lies behind the damage.
        saved += match forwards {
            Ok(rows) => rows,
            Err(_damage) => copy(&old, &tx, kept, "DESC").unwrap_or_default(),
        };
    }
    tx.commit()?;
    drop(old);
    remove(&with(aside, "-shm"))?;
    Ok(saved)
}

fn copy(old: &Connection, tx: &Transaction<'_>, kept: &Kept, order: &str) -> Result<usize, rusqlite::Error> {
    let Kept { table, columns, key } = kept;
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let order = key.split(", ").map(|column| format!("{column} {order}")).collect::<Vec<_>>().join(", ");
    let places = vec!["?"; columns.len()].join(", ");
    let mut insert = tx.prepare(&format!("INSERT OR IGNORE INTO {table} ({names}) VALUES ({places})"))?;
    let mut query = old.prepare(&format!("SELECT {names} FROM {table} ORDER BY {order}"))?;
    let mut rows = query.query([])?;
    let mut copied = 0;
    while let Some(row) = rows.next()? {
        let values: Vec<Value> = (0..columns.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?;
        // A job that was being sent has no text yet.
        let is_whole = values.iter().zip(*columns).all(|(value, (name, kind))| {
            value.data_type() == *kind || (*name == "job" && *value == Value::Null)
        });
        if is_whole {
            copied += insert.execute(params_from_iter(values))?;
        }
    }
    Ok(copied)
}

impl Index {
    /// Lets nothing lie about on the disk of what was deleted.
    pub(crate) fn scrub(&self) -> Result<(), IndexError> {
        // Words of a deleted note stay where they are until their part of the index is written anew.
        self.db.execute("INSERT INTO mem_words (mem_words) VALUES ('optimize')", [])?;
        self.cut_log()
    }

    /// Moves what is in the log into the file, and empties the log.
    pub(crate) fn cut_log(&self) -> Result<(), IndexError> {
        // Another process that reads keeps the log; whoever closes the file last cuts it.
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{salvage, set_aside};
    use crate::fault::IndexError;
    use crate::index::Index;
    use openclaw_embed::EmbedderId;
    use openclaw_guard::write_atomic;
    use std::fs;
    use std::path::Path;

    #[test]
    fn damage_is_recognised_and_set_aside() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut bytes = b"SQLite format 3\0".to_vec();
        bytes.resize(8192, 0x5a);
        write_atomic(&path, &bytes).unwrap();
        assert!(Index::open(&path).err().unwrap().is_damage());
        assert!(set_aside(&path).unwrap().exists());
        assert!(matches!(set_aside(Path::new("MEMORY.md")), Err(IndexError::Name { .. })));
        assert!(Index::open(&path).is_ok());
    }

    #[test]
    fn what_is_not_named_like_a_database_is_not_even_touched() {
        let home = tempfile::tempdir().unwrap();
        for name in ["MEMORY.md", "index", "a.sqlite.md"] {
            let path = home.path().join(name);
            write_atomic(&path, b"").unwrap();
            let before = fs::metadata(&path).unwrap();
            assert!(matches!(Index::open(&path), Err(IndexError::Name { .. })), "{name}");
            let after = fs::metadata(&path).unwrap();
            assert_eq!((after.len(), after.permissions()), (0, before.permissions()), "{name}");
            assert_eq!(after.modified().unwrap(), before.modified().unwrap(), "{name}");
        }
        assert!(matches!(Index::open(&home.path().join("new.md")), Err(IndexError::Name { .. })));
        assert!(!home.path().join("new.md").exists());
    }

    #[test]
    fn vectors_and_jobs_are_saved_from_both_sides_of_the_damage_and_from_the_log() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let index = Index::open(&path).unwrap();
        let id = EmbedderId { provider: "test", model: "m".into(), fingerprint: String::new() };
        index.embedder(&id).unwrap();
        let fill = "WITH RECURSIVE n (x) AS (VALUES (0) UNION ALL SELECT x + 1 FROM n WHERE x < 299)
            INSERT INTO mem_cache SELECT 1, CAST(printf('%05d', x) AS BLOB), zeroblob(400), x FROM n";
        index.db.execute(fill, []).unwrap();
        index.db.execute("PRAGMA wal_checkpoint(TRUNCATE)", []).unwrap_or_default();
        // This stands in the log alone.
        index.db.execute("INSERT INTO mem_jobs (embedder, begun) VALUES (1, 5)", []).unwrap();
        let log = fs::read(home.path().join("main.sqlite-wal")).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        drop(index);
        let middle = bytes.windows(5).position(|part| part == b"00150").unwrap() / 4096 * 4096;
        bytes[middle..middle + 4096].fill(0xa5);
        write_atomic(&path, &bytes).unwrap();
        write_atomic(&home.path().join("main.sqlite-wal"), &log).unwrap();

        let aside = set_aside(&path).unwrap();
        let saved = salvage(&aside, &path).unwrap();
        assert_eq!(fs::read(&aside).unwrap(), bytes, "the damaged one stays as it is");
        let index = Index::open(&path).unwrap();
        let has = |hash: &str| {
            let query = "SELECT count(*) FROM mem_cache WHERE hash = CAST(?1 AS BLOB)";
            index.db.query_row(query, [hash], |row| row.get::<_, i64>(0)).unwrap() == 1
        };
        assert!(has("00000") && has("00299") && !has("00150"), "{saved}");
        assert!(index.cached().unwrap() > 250);
        let jobs = "SELECT count(*) FROM mem_jobs WHERE job IS NULL";
        assert_eq!(index.db.query_row(jobs, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
        assert_eq!(index.embedder(&id).unwrap().0, 1);
    }
}
