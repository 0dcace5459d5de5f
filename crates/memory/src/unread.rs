//! Files that could not be read, in the index file: what was tried once is not tried again until it changes, and every
//! process can say why it is missing.

use rusqlite::{Connection, params};

use crate::backend::Source;
use crate::fault::IndexError;
use crate::index::{Generation, Index};

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mem_unread (
        generation INTEGER NOT NULL,
        source TEXT NOT NULL,
        path TEXT NOT NULL,
        size INTEGER NOT NULL,
        mtime_ms INTEGER NOT NULL,
        opens INTEGER NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (generation, source, path)
    ) WITHOUT ROWID;";
pub(crate) const DROP: &str = "DROP TABLE IF EXISTS mem_unread;";

/// Size and time of a file when it could not be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) size: u32,
    pub(crate) mtime_ms: i64,
    /// Whether it could be opened. One that could not may be opened later, though nothing in it has changed.
    pub(crate) opens: bool,
    pub(crate) reason: String,
}

impl Index {
    /// Every file of a source that could not be read.
    pub(crate) fn unread(
        &self,
        generation: Generation,
        source: Source,
    ) -> Result<Vec<(String, Unread)>, IndexError> {
        let mut query = self.db.prepare_cached(
            "SELECT path, size, mtime_ms, opens, reason FROM mem_unread WHERE generation = ?1 AND source = ?2",
        )?;
        let rows = query.query_map(params![generation.number(), source.as_str()], |row| {
            let (size, mtime_ms) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, Unread { size, mtime_ms, opens: row.get(3)?, reason: row.get(4)? }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that a file could not be read.
    pub(crate) fn set_unread(
        &self,
        generation: Generation,
        source: Source,
        path: &str,
        unread: &Unread,
    ) -> Result<(), IndexError> {
        let Unread { size, mtime_ms, opens, reason } = unread;
        self.db
            .prepare_cached(
                "INSERT OR REPLACE INTO mem_unread (generation, source, path, size, mtime_ms, opens, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![generation.number(), source.as_str(), path, size, mtime_ms, opens, reason])?;
        Ok(())
    }

    /// The file was read, or is gone.
    pub(crate) fn forget_unread(
        &self,
        generation: Generation,
        source: Source,
        path: &str,
    ) -> Result<(), IndexError> {
        self.db
            .prepare_cached("DELETE FROM mem_unread WHERE generation = ?1 AND source = ?2 AND path = ?3")?
            .execute(params![generation.number(), source.as_str(), path])?;
        Ok(())
    }
}

pub(crate) fn delete_all_but(db: &Connection, generation: Generation) -> Result<(), IndexError> {
    db.execute("DELETE FROM mem_unread WHERE generation <> ?1", [generation.number()])?;
    Ok(())
}

/// Deletes what belongs neither to one generation nor to the other.
pub(crate) fn delete_dead(db: &Connection, published: i64, filling: i64) -> Result<(), IndexError> {
    db.execute("DELETE FROM mem_unread WHERE generation NOT IN (?1, ?2)", [published, filling])?;
    Ok(())
}
