//! Opening the file: making it, refusing a later version's, putting a damaged one aside.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openclaw_guard::{FileError, Root, create_private_dir};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::schema::{SCHEMA, VERSION};
use crate::ledger::{DiskSpace, LedgerError};
use crate::quarantine::file_time;

/// The file, beneath the state directory.
pub const LEDGER_FILE: &str = "state/gateway.sqlite";
/// What belongs to the file: the file itself last, so that a move that breaks off leaves no file without its log.
const PARTS: [&str; 3] = ["-wal", "-shm", ""];
/// Where a damaged one goes, in its folder.
const QUARANTINE: &str = "quarantine";
/// Pages kept in memory, in KiB: lookups by key and the open rows.
const CACHE_KIB: i64 = 2048;
/// The write-ahead log is cut back to this.
const MAX_WAL_BYTES: i64 = 8 << 20;
/// Somebody may look at the file with another program.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Where the ledger is.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) dir: PathBuf,
}

impl Place {
    pub(super) fn in_state(state_dir: &Path) -> Self {
        let file = state_dir.join(LEDGER_FILE);
        let dir = file.parent().unwrap_or(state_dir).to_owned();
        Self { file, dir }
    }

    /// An error of the engine as one of the ledger.
    pub(super) fn error(&self, error: rusqlite::Error) -> LedgerError {
        let path = self.file.clone();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => LedgerError::Full { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                LedgerError::Damaged { path, source: Arc::new(error) }
            }
            Some(_) | None => LedgerError::Engine { path, source: Arc::new(error) },
        }
    }
}

/// An open file and the number of this opening.
pub(super) struct Opened {
    pub(super) db: Connection,
    pub(super) epoch: i64,
    /// Where a damaged file was put.
    pub(super) quarantined: Option<PathBuf>,
}

/// Opens the file, makes it if it is missing, and takes the next number. A damaged file is put aside as it is.
pub(super) fn open(place: &Place, now_ms: i64) -> Result<Opened, LedgerError> {
    let file_error = |error: FileError| LedgerError::File(Arc::new(error));
    create_private_dir(&place.dir).map_err(file_error)?;
    make_file(place).map_err(file_error)?;
    match open_with_room(place) {
        Err(LedgerError::Damaged { .. }) => {
            let quarantined = put_aside(place, now_ms).map_err(file_error)?;
            make_file(place).map_err(file_error)?;
            let (db, epoch) = open_once(place)?;
            Ok(Opened { db, epoch, quarantined: Some(quarantined) })
        }
        opened => opened.map(|(db, epoch)| Opened { db, epoch, quarantined: None }),
    }
}

/// SQLite makes files as the umask says; an existing one keeps its mode, and its log gets the same (S-088).
fn make_file(place: &Place) -> Result<(), FileError> {
    let name = place.file.file_name().map(Path::new).unwrap_or(&place.file);
    let made = Root::open(&place.dir).and_then(|root| root.open_append(name));
    made.map(|_| ()).map_err(|error| FileError::new("make", &place.file, std::io::Error::other(error)))
}

/// Opens the file; on a full disk with the room that was held back for this.
fn open_with_room(place: &Place) -> Result<(Connection, i64), LedgerError> {
    match open_once(place) {
        Err(error) if error.is_disk_full() && DiskSpace::of(&place.dir).release() => open_once(place),
        opened => opened,
    }
}

fn open_once(place: &Place) -> Result<(Connection, i64), LedgerError> {
    let error = |error| place.error(error);
    let mut db = Connection::open(&place.file).map_err(error)?;
    db.busy_timeout(BUSY_WAIT).map_err(error)?;
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(error)?;
    if found > VERSION {
        return Err(LedgerError::Newer { path: place.file.clone(), found, known: VERSION });
    }
    let is_new = found == 0;
    // What was answered is on the disk, also when the power goes. A new file has answered nothing yet: SQLite would wait
    // for the disk ten times while it makes one, and waiting once at the end does as well.
    set_up(&db, if is_new { "OFF" } else { "FULL" }).map_err(error)?;
    let epoch = next_epoch(&mut db, found).map_err(error)?;
    if is_new {
        sync_new(place).map_err(|source| LedgerError::File(Arc::new(source)))?;
        db.pragma_update(None, "synchronous", "FULL").map_err(error)?;
    }
    Ok((db, epoch))
}

fn set_up(db: &Connection, synchronous: &str) -> rusqlite::Result<()> {
    db.pragma_update(None, "synchronous", synchronous)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.pragma_update(None, "journal_size_limit", MAX_WAL_BYTES)?;
    // What people wrote is gone from the file when it is forgotten, not only from sight.
    db.pragma_update(None, "secure_delete", "ON")?;
    // Sorting and savepoints need no files.
    db.pragma_update(None, "temp_store", "MEMORY")
}

/// Waits until a new file, its log and their names are on the disk.
fn sync_new(place: &Place) -> Result<(), FileError> {
    for path in [place.file.clone(), with_part(&place.file, "-wal"), place.dir.clone()] {
        let synced = std::fs::File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|source| FileError::new("sync", &path, source))?;
    }
    Ok(())
}

pub(super) fn with_part(path: &Path, part: &str) -> PathBuf {
    PathBuf::from(format!("{}{part}", path.display()))
}

fn next_epoch(db: &mut Connection, found: i64) -> rusqlite::Result<i64> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if found == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.execute("UPDATE owner SET epoch = epoch + 1", [])?;
    let epoch = transaction.query_row("SELECT epoch FROM owner", [], |row| row.get(0))?;
    transaction.commit()?;
    Ok(epoch)
}

/// Moves the file and its log to `quarantine`, under a name that says when.
fn put_aside(place: &Place, now_ms: i64) -> Result<PathBuf, FileError> {
    let folder = place.dir.join(QUARANTINE);
    create_private_dir(&folder)?;
    let name = place.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let to = folder.join(format!("{name}.{}", file_time(now_ms)));
    for part in PARTS {
        match std::fs::rename(with_part(&place.file, part), with_part(&to, part)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(FileError::new("move", &with_part(&place.file, part), error)),
        }
    }
    Ok(to)
}
