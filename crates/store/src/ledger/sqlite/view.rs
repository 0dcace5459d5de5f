//! The ledger, looked at while no gateway has it: nothing is made, put aside or changed.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::deliveries;
use super::open::{Place, with_part};
use super::schema::VERSION;
use crate::ledger::{DeliveryFilter, LedgerCounts, LedgerError, StoredDelivery};

/// Damage that a check names; more would only be more of the same.
const MAX_DAMAGE: u32 = 3;

/// What lies in `state/gateway.sqlite`, read only.
#[derive(Debug)]
pub struct LedgerView {
    db: Connection,
    place: Place,
}

impl LedgerView {
    /// Opens the file; `None` if there is none, or nothing has been written to it yet.
    ///
    /// # Errors
    /// It is damaged, of a later version, or cannot be read.
    pub fn open(state_dir: &Path) -> Result<Option<Self>, LedgerError> {
        let place = Place::in_state(state_dir);
        if matches!(place.file.metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            return Ok(None);
        }
        let db = connect(&place).map_err(|error| place.error(error))?;
        let version = db.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
        match version.map_err(|error| place.error(error))? {
            0 => Ok(None),
            found if found > VERSION => Err(LedgerError::Newer { path: place.file, found, known: VERSION }),
            _ => Ok(Some(Self { db, place })),
        }
    }

    /// Reads the whole file and looks whether it fits together.
    ///
    /// # Errors
    /// What does not.
    pub fn check(&self) -> Result<(), LedgerError> {
        let error = |error| self.place.error(error);
        let mut check = self.db.prepare(&format!("PRAGMA quick_check({MAX_DAMAGE})")).map_err(error)?;
        let rows = check.query_map([], |row| row.get::<_, String>(0)).map_err(error)?;
        let said = rows.collect::<rusqlite::Result<Vec<_>>>().map_err(error)?;
        if said == ["ok"] {
            return Ok(());
        }
        let why = said.join("; ").split_whitespace().collect::<Vec<_>>().join(" ");
        Err(LedgerError::Damaged { path: self.place.file.clone(), source: Arc::new(io::Error::other(why)) })
    }

    /// Shows tries that broke off with their process as the next owner will judge them; in memory, the file stays.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn judge_broken_tries(&self, now_ms: i64) -> Result<(), LedgerError> {
        let judge = || {
            self.db.pragma_update(None, "temp_store", "MEMORY")?;
            // A temporary table hides the one of the file.
            self.db.execute_batch("CREATE TEMP TABLE outbox AS SELECT * FROM main.outbox")?;
            let epoch: i64 = self.db.query_row("SELECT epoch + 1 FROM owner", [], |row| row.get(0))?;
            deliveries::judge_broken_tries(&self.db, epoch, now_ms)
        };
        judge().map(|_unknown| ()).map_err(|error| self.place.error(error))
    }

    /// Lists deliveries, the newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<StoredDelivery>, LedgerError> {
        deliveries::list(&self.db, filter).map_err(|error| self.place.error(error))
    }

    /// How many deliveries there are; events are not counted.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn counts(&self) -> Result<LedgerCounts, LedgerError> {
        deliveries::counts(&self.db).map_err(|error| self.place.error(error))
    }
}

/// Without a log the file is all there is, and SQLite need make none beside it to read it.
fn connect(place: &Place) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if with_part(&place.file, "-wal").exists() {
        return Connection::open_with_flags(&place.file, flags);
    }
    let mut name = place.file.display().to_string();
    for (letter, code) in [("%", "%25"), ("?", "%3f"), ("#", "%23")] {
        name = name.replace(letter, code);
    }
    Connection::open_with_flags(format!("file:{name}?immutable=1"), flags | OpenFlags::SQLITE_OPEN_URI)
}

#[cfg(test)]
mod tests {
    use super::LedgerView;
    use crate::{
        DeliveryFilter, DeliveryState, Ledger as _, LedgerError, NewDelivery, Repeats, SqliteLedger,
    };
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    const ALL: DeliveryFilter = DeliveryFilter { state: None, limit: 10 };

    fn entry(key: &str, repeats: Repeats) -> NewDelivery {
        NewDelivery {
            channel: "c".into(),
            account: "a".into(),
            recipient: key.into(),
            key: key.into(),
            body: vec![b'x'; 3000],
            repeats,
            created_at_ms: 1,
            expires_at_ms: 1_000_000,
        }
    }

    fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let read = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        read.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }

    #[test]
    fn looking_changes_nothing_and_judges_what_broke_off() {
        // A name that a URI must not misread.
        let top = tempfile::tempdir().unwrap();
        let home = top.path().join("50%25 ? #1");
        assert!(LedgerView::open(&home).unwrap().is_none() && !home.exists());
        let ledger = SqliteLedger::open(&home, 0).unwrap();
        let made = vec![entry("shown", Repeats::Shown), entry("harmless", Repeats::Harmless)];
        ledger.enqueue(made, Box::new(|result| result.unwrap()));
        ledger.claim_due(5, 10, Box::new(|claimed| assert_eq!(claimed.unwrap().len(), 2)));
        ledger.close();
        let before = files(&home.join("state"));
        let view = LedgerView::open(&home).unwrap().unwrap();
        view.check().unwrap();
        let states = || view.deliveries(ALL).unwrap().iter().map(|row| row.state).collect::<Vec<_>>();
        assert_eq!(states(), [DeliveryState::Sending, DeliveryState::Sending]);
        view.judge_broken_tries(10).unwrap();
        assert_eq!(states(), [DeliveryState::Failed, DeliveryState::Unknown]);
        assert_eq!((view.counts().unwrap().waiting, view.counts().unwrap().unknown), (1, 1));
        drop(view);
        assert!(files(&home.join("state")) == before);
    }

    #[test]
    fn damage_is_said_and_left_where_it_is() {
        let home = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::open(home.path(), 0).unwrap();
        let made = (0..200).map(|n| entry(&n.to_string(), Repeats::Shown)).collect();
        ledger.enqueue(made, Box::new(|result| result.unwrap()));
        ledger.close();
        let path = home.path().join("state/gateway.sqlite");
        let sound = std::fs::read(&path).unwrap();
        let mut holed = sound.clone();
        let len = holed.len();
        holed[len / 2..len / 2 + 40_960].fill(0xff);
        openclaw_guard::write_atomic(&path, &holed).unwrap();
        let view = LedgerView::open(home.path()).unwrap().unwrap();
        let error = view.check().unwrap_err();
        assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
        let mut headless = sound;
        headless[..16].fill(0);
        openclaw_guard::write_atomic(&path, &headless).unwrap();
        let error = LedgerView::open(home.path()).unwrap_err();
        assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
        assert!(std::fs::read(&path).unwrap() == headless);
    }
}
