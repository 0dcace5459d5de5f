//! The index as a file: how it may be called, how it is made, and what is saved of a damaged one.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use openclaw_guard::{FileError, create_private_dir};
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params_from_iter};

use crate::fault::IndexError;
use crate::index::Index;
use crate::lock::{Lock, beside};
use crate::{cache, jobs, measure, vectors};

/// Owner only (S-088).
const FILE_MODE: u32 = 0o600;
/// How the name of an index ends. `store.path` may name a note by mistake, and a note is never opened as a database.
const EXTENSIONS: [&str; 3] = ["sqlite", "sqlite3", "db"];

/// Where the head of a file has the version of SQLite's format that may write it: 1, or 2 with a log.
const WRITE_VERSION: usize = 18;

/// Behind the name of a damaged index, until what can be saved of it is saved; it tells the next process after a kill.
const SAVING: &str = ".saving";
/// Behind its name afterwards.
const DAMAGED: &str = ".damaged";

/// Device and number of a file.
pub(crate) type Identity = (u64, u64);

/// A damaged index that was put aside.
#[derive(Debug)]
pub(crate) struct Mended {
    /// Where it is.
    pub(crate) aside: PathBuf,
    /// Rows that were saved from it.
    pub(crate) saved: usize,
}

/// A table of what cost time or money, with the types of its columns; the first of them are its key.
pub(crate) struct Kept {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [(&'static str, Type)],
    pub(crate) key: &'static str,
}

/// Whether a file may be the index.
pub(crate) fn is_named_like_index(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.map(OsStr::new).contains(&extension))
}

/// Before anything is touched: an empty note would become a database.
pub(crate) fn check_name(path: &Path) -> Result<(), IndexError> {
    if is_named_like_index(path) { Ok(()) } else { Err(IndexError::Name { path: path.to_owned() }) }
}

/// Whether the head of a file says that only a later SQLite may write it, which nobody has done to ours.
pub(crate) fn is_of_later_format(path: &Path) -> bool {
    let mut head = [0; WRITE_VERSION + 1];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head[WRITE_VERSION] > 2
}

/// Device and number of a file.
pub(crate) fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Makes the file before SQLite would, because SQLite follows the umask; its log files take the mode of this one.
pub(crate) fn create_file(path: &Path) -> Result<(), IndexError> {
    check_name(path)?;
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

/// Puts a damaged index aside and saves of it what can be saved, unless another process has done so since `seen` was the
/// file at the path.
pub(crate) fn mend(path: &Path, seen: Option<Identity>) -> Result<Option<Mended>, IndexError> {
    check_name(path)?;
    let _held = Lock::mending(path)?;
    if seen.is_some() && identity(path) == seen {
        set_aside(path)?;
    }
    complete(path)
}

/// Whether a damaged index was put aside, and not yet saved from.
pub(crate) fn is_half_mended(path: &Path) -> bool {
    beside(path, SAVING).exists()
}

/// Goes on where a process was killed that put a damaged index aside.
pub(crate) fn finish(path: &Path) -> Result<Option<Mended>, IndexError> {
    if !is_half_mended(path) {
        return Ok(None);
    }
    let _held = Lock::mending(path)?;
    complete(path)
}

/// Moves a damaged index out of the way. Its log goes with it, for what was written last stands there alone.
fn set_aside(path: &Path) -> Result<(), IndexError> {
    // Behind one that waits there is nothing yet that cost anything.
    let suffix = if is_half_mended(path) { DAMAGED } else { SAVING };
    move_index(path, &beside(path, suffix))
}

/// Saves what can be saved of an index that was set aside, and gives it its last name, over the one before.
fn complete(path: &Path) -> Result<Option<Mended>, IndexError> {
    let saving = beside(path, SAVING);
    if !saving.exists() {
        return Ok(None);
    }
    if !path.exists() {
        move_log(path, &saving)?;
    }
    let saved = salvage(&saving, path)?;
    let aside = beside(path, DAMAGED);
    move_index(&saving, &aside)?;
    Ok(Some(Mended { aside, saved }))
}

fn move_index(from: &Path, to: &Path) -> Result<(), IndexError> {
    remove(&beside(to, "-wal"))?;
    remove(&beside(to, "-shm"))?;
    std::fs::rename(from, to).map_err(|source| FileError::new("rename", from, source))?;
    move_log(from, to)
}

fn move_log(from: &Path, to: &Path) -> Result<(), IndexError> {
    let log = beside(from, "-wal");
    match std::fs::rename(&log, beside(to, "-wal")) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(FileError::new("rename", &log, source).into());
        }
        Err(_) | Ok(()) => {}
    }
    Ok(remove(&beside(from, "-shm"))?)
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
fn salvage(aside: &Path, database: &Path) -> Result<usize, IndexError> {
    let mut new = Index::open_held(database)?;
    // Only read: what is left of the old one stays as it was found.
    let Ok(old) = Connection::open_with_flags(aside, OpenFlags::SQLITE_OPEN_READ_ONLY) else { return Ok(0) };
    let tx = new.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let embedders = copy_embedders(&old, &tx)?;
    // After a kill the same is saved again, and by then a job's number may be that of another.
    let has_jobs: bool = tx.query_row("SELECT EXISTS (SELECT 1 FROM mem_jobs)", [], |row| row.get(0))?;
    let jobs = if has_jobs { &[] } else { jobs::KEPT };
    let mut saved = embedders.len();
    for kept in cache::KEPT.iter().chain(measure::KEPT).chain(jobs) {
        saved += copy(&old, &tx, kept, &embedders)?;
    }
    // Else nobody would ever send them.
    tx.execute("DELETE FROM mem_job_texts WHERE job NOT IN (SELECT id FROM mem_jobs)", [])?;
    tx.commit()?;
    drop(old);
    remove(&beside(aside, "-shm"))?;
    Ok(saved)
}

/// Copies embedders; gives the new number of each old one. A number says nothing by itself: where the row of an embedder
/// cannot be read, its number goes to another.
fn copy_embedders(old: &Connection, tx: &Transaction<'_>) -> Result<HashMap<i64, i64>, rusqlite::Error> {
    let mut numbers = HashMap::new();
    each_readable(old, &vectors::EMBEDDERS, |values| {
        let [Value::Integer(number), name @ ..] = values.as_slice() else { return Ok(()) };
        let add = "INSERT OR IGNORE INTO mem_embedders (provider, model, fingerprint) VALUES (?, ?, ?)";
        tx.execute(add, params_from_iter(name))?;
        let find = "SELECT id FROM mem_embedders WHERE provider = ? AND model = ? AND fingerprint = ?";
        let own = tx.query_row(find, params_from_iter(name), |row| row.get(0))?;
        numbers.insert(*number, own);
        Ok(())
    })?;
    Ok(numbers)
}

fn copy(
    old: &Connection,
    tx: &Transaction<'_>,
    kept: &Kept,
    embedders: &HashMap<i64, i64>,
) -> Result<usize, rusqlite::Error> {
    let places = vec!["?"; kept.columns.len()].join(", ");
    let insert = format!("INSERT OR IGNORE INTO {} ({}) VALUES ({places})", kept.table, kept.names());
    let mut insert = tx.prepare(&insert)?;
    let owner = kept.columns.iter().position(|(name, _)| *name == "embedder");
    let mut copied = 0;
    each_readable(old, kept, |mut values| {
        if let Some(Value::Integer(number)) = owner.and_then(|at| values.get_mut(at)) {
            let Some(own) = embedders.get(number) else { return Ok(()) };
            *number = *own;
        }
        copied += insert.execute(params_from_iter(values))?;
        Ok(())
    })?;
    Ok(copied)
}

/// Hands out the rows of a table that can be read, and are what they should be. Fails when the taker does.
fn each_readable(
    old: &Connection,
    kept: &Kept,
    mut take: impl FnMut(Vec<Value>) -> Result<(), rusqlite::Error>,
) -> Result<(), rusqlite::Error> {
    // From the other end comes what lies behind the damage.
    for order in ["ASC", "DESC"] {
        if walk(old, kept, order, &mut take)? == Reached::End {
            break;
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Reached {
    End,
    Damage,
}

fn walk(
    old: &Connection,
    kept: &Kept,
    order: &str,
    take: &mut impl FnMut(Vec<Value>) -> Result<(), rusqlite::Error>,
) -> Result<Reached, rusqlite::Error> {
    let by = kept.key.split(", ").map(|column| format!("{column} {order}")).collect::<Vec<_>>().join(", ");
    let query = format!("SELECT {} FROM {} ORDER BY {by}", kept.names(), kept.table);
    let Ok(mut query) = old.prepare(&query) else { return Ok(Reached::Damage) };
    let Ok(mut rows) = query.query([]) else { return Ok(Reached::Damage) };
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(Reached::End),
            Err(_damage) => return Ok(Reached::Damage),
        };
        let values = (0..kept.columns.len()).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>();
        let Ok(values) = values else { return Ok(Reached::Damage) };
        // A job that was being sent has no text yet.
        let is_whole = values.iter().zip(kept.columns).all(|(value, (name, kind))| {
            value.data_type() == *kind || (*name == "job" && *value == Value::Null)
        });
        if is_whole {
            take(values)?;
        }
    }
}

impl Kept {
    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Mended, identity, is_of_later_format, mend, move_log, set_aside};
    use crate::fault::IndexError;
    use crate::index::Index;
    use crate::index::tests::model;
    use crate::lock::Lock;
    use crate::measure::SelfTest;
    use crate::vectors::EmbedderKey;
    use openclaw_guard::write_atomic;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// Vectors of one passage each, and what says that they are those of an embedder.
    fn fill_cache(index: &Index, EmbedderKey(embedder): EmbedderKey, count: i64) {
        let fill = "WITH RECURSIVE n (x) AS (VALUES (0) UNION ALL SELECT x + 1 FROM n WHERE x < ?2 - 1)
            INSERT INTO mem_cache SELECT ?1, CAST(printf('%05d', x) AS BLOB), zeroblob(400), x FROM n";
        index.db.execute(fill, [embedder, count]).unwrap();
    }

    /// A file whose middle is damaged and whose log holds a job.
    fn damaged(home: &Path) -> (PathBuf, Vec<u8>) {
        let path = home.join("main.sqlite");
        let index = Index::open(&path).unwrap();
        fill_cache(&index, index.embedder(&model("m")).unwrap(), 300);
        index.db.execute("PRAGMA wal_checkpoint(TRUNCATE)", []).unwrap_or_default();
        // This stands in the log alone.
        index.db.execute("INSERT INTO mem_jobs (embedder, begun) VALUES (1, 5)", []).unwrap();
        let log = fs::read(home.join("main.sqlite-wal")).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        drop(index);
        let middle = bytes.windows(5).position(|part| part == b"00150").unwrap() / 4096 * 4096;
        bytes[middle..middle + 4096].fill(0xa5);
        write_atomic(&path, &bytes).unwrap();
        write_atomic(&home.join("main.sqlite-wal"), &log).unwrap();
        (path, bytes)
    }

    fn is_saved(path: &Path, bytes: &[u8]) {
        let (damaged, saving) = (path.with_extension("sqlite.damaged"), path.with_extension("sqlite.saving"));
        let index = Index::open(path).unwrap();
        assert_eq!(fs::read(&damaged).unwrap(), bytes, "the damaged one stays as it is");
        assert!(!saving.exists());
        let has = |hash: &str| {
            let query = "SELECT count(*) FROM mem_cache WHERE hash = CAST(?1 AS BLOB)";
            index.db.query_row(query, [hash], |row| row.get::<_, i64>(0)).unwrap() == 1
        };
        assert!(has("00000") && has("00299") && !has("00150"));
        assert!(index.cached().unwrap() > 250);
        let jobs = "SELECT count(*) FROM mem_jobs WHERE job IS NULL";
        assert_eq!(index.db.query_row(jobs, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
        assert_eq!(index.embedder(&model("m")).unwrap().0, 1);
    }

    #[test]
    fn damage_is_recognised_and_set_aside() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut bytes = b"SQLite format 3\0".to_vec();
        bytes.resize(8192, 0x5a);
        write_atomic(&path, &bytes).unwrap();
        assert!(Index::open(&path).err().unwrap().is_damage());
        let Mended { aside, saved } = mend(&path, identity(&path)).unwrap().unwrap();
        assert_eq!((aside.exists(), saved), (true, 0));
        assert!(matches!(mend(Path::new("MEMORY.md"), None), Err(IndexError::Name { .. })));
        assert!(Index::open(&path).is_ok());
    }

    #[test]
    fn a_file_that_only_a_later_version_may_write_is_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        assert!(!is_of_later_format(&path));
        drop(Index::open(&path).unwrap());
        assert!(!is_of_later_format(&path));
        let mut bytes = fs::read(&path).unwrap();
        bytes[18] = 6;
        write_atomic(&path, &bytes).unwrap();
        assert!(is_of_later_format(&path));
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
        let (path, bytes) = damaged(home.path());
        assert!(mend(&path, identity(&path)).unwrap().unwrap().saved > 250);
        is_saved(&path, &bytes);
    }

    /// A process is killed after each step of putting the file aside.
    #[test]
    fn what_was_put_aside_is_saved_by_the_next_process() {
        let home = tempfile::tempdir().unwrap();
        let (path, bytes) = damaged(home.path());
        fs::rename(&path, home.path().join("main.sqlite.saving")).unwrap();
        is_saved(&path, &bytes);

        let home = tempfile::tempdir().unwrap();
        let (path, bytes) = damaged(home.path());
        set_aside(&path).unwrap();
        is_saved(&path, &bytes);

        // Saved, and not yet called so: what was saved is there once, and jobs begun since stay what they are.
        let home = tempfile::tempdir().unwrap();
        let (path, bytes) = damaged(home.path());
        mend(&path, identity(&path)).unwrap();
        let own = |suffix: &str| home.path().join(format!("main.sqlite{suffix}"));
        fs::rename(own(".damaged"), own(".saving")).unwrap();
        move_log(&own(".damaged"), &own(".saving")).unwrap();
        is_saved(&path, &bytes);
    }

    #[test]
    fn of_two_processes_at_one_damaged_file_one_mends_it() {
        let home = tempfile::tempdir().unwrap();
        let (path, bytes) = damaged(home.path());
        let seen = identity(&path);
        let ends: Vec<_> = std::thread::scope(|scope| {
            let ends: Vec<_> = (0..8).map(|_| scope.spawn(|| mend(&path, seen))).collect();
            ends.into_iter().map(|end| end.join().unwrap()).collect()
        });
        let mended = ends.iter().filter(|end| matches!(end, Ok(Some(_)))).count();
        let left_to_it = ends.iter().filter(|end| matches!(end, Ok(None) | Err(IndexError::Locked))).count();
        assert_eq!((mended, left_to_it), (1, 7), "{ends:?}");
        // One that comes late does not take the new file for the damaged one.
        assert!(mend(&path, seen).unwrap().is_none());
        is_saved(&path, &bytes);
        // And nobody opens it in between.
        let held = Lock::mending(&path).unwrap();
        assert!(Index::open(&path).err().unwrap().is_busy());
        drop(held);
    }

    #[test]
    fn vectors_of_one_model_never_become_those_of_another() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let index = Index::open(&path).unwrap();
        let (lost, kept) = (index.embedder(&model("lost")).unwrap(), index.embedder(&model("kept")).unwrap());
        fill_cache(&index, lost, 5);
        fill_cache(&index, kept, 3);
        let measured = SelfTest { meaning: 0.5, words: 0.25 };
        index.keep_measured(lost, SelfTest { meaning: 0.9, words: 0.9 }).unwrap();
        index.keep_measured(kept, measured).unwrap();
        let add = "INSERT INTO mem_jobs (embedder, begun, job) VALUES (?1, 5, 'batch')";
        index.db.execute(add, [lost.0]).unwrap();
        index.db.execute("INSERT INTO mem_job_texts VALUES (?1, x'00', 1)", [lost.0]).unwrap();
        // What is left when the page with its name cannot be read.
        index.db.execute("DELETE FROM mem_embedders WHERE id = ?1", [lost.0]).unwrap();
        drop(index);
        mend(&path, identity(&path)).unwrap().unwrap();

        let index = Index::open(&path).unwrap();
        let (kept, other) =
            (index.embedder(&model("kept")).unwrap(), index.embedder(&model("other")).unwrap());
        let count = |what: &str, embedder: EmbedderKey| {
            let query = format!("SELECT count(*) FROM {what} WHERE embedder = ?1");
            index.db.query_row(&query, [embedder.0], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!((count("mem_cache", kept), count("mem_cache", other)), (3, 0));
        assert_eq!((count("mem_jobs", other), count("mem_job_texts", other)), (0, 0));
        assert_eq!((index.measured(kept).unwrap(), index.measured(other).unwrap()), (Some(measured), None));
        assert_eq!(index.cached().unwrap(), 3);
    }
}
