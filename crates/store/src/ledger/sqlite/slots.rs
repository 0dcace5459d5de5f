//! Times of scheduled jobs.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::ledger::{SlotClaim, SlotKey};

/// A slot is remembered this long; no schedule looks further back.
const SLOT_AGE_MS: i64 = 30 * 24 * 3_600_000;

pub(super) fn claim(db: &Connection, epoch: i64, slot: &SlotKey, now_ms: i64) -> rusqlite::Result<SlotClaim> {
    let taken: Option<(i64, bool)> = db
        .prepare_cached("SELECT owner, ended_ms IS NOT NULL FROM slots WHERE job = ?1 AND due_ms = ?2")?
        .query_row(params![slot.job, slot.due_at_ms], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match taken {
        Some((_, true)) => Ok(SlotClaim::Ended),
        Some((owner, false)) if owner == epoch => Ok(SlotClaim::Running),
        Some((_, false)) => Ok(SlotClaim::Interrupted),
        None => {
            db.prepare_cached("INSERT INTO slots (job, due_ms, owner, started_ms) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![slot.job, slot.due_at_ms, epoch, now_ms])?;
            Ok(SlotClaim::Claimed)
        }
    }
}

pub(super) fn end(db: &Connection, slot: &SlotKey, now_ms: i64, outcome: &str) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE slots SET ended_ms = ?3, outcome = ?4 WHERE job = ?1 AND due_ms = ?2 AND ended_ms IS NULL",
    )?
    .execute(params![slot.job, slot.due_at_ms, now_ms, outcome])
    .map(|_| ())
}

pub(super) fn prune(db: &Connection, now_ms: i64) -> rusqlite::Result<u64> {
    let removed = db.execute("DELETE FROM slots WHERE started_ms < ?1", [now_ms - SLOT_AGE_MS])?;
    Ok(u64::try_from(removed).unwrap_or(0))
}
