//! Events, turns and the lines of transcripts that were committed with them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::schema::{ENDED, NOBODY, OPEN};
use crate::RecordId;
use crate::ledger::{
    Accepted, EventId, EventKey, EventState, FinalLine, LineId, LinePlace, NewEvent, StoredEvent, WaitingLine,
};

/// Keys are remembered at least this long (P-01: seven days).
const KEY_AGE_MS: i64 = 7 * 24 * 3_600_000;
/// And at least this many of each account (P-01: a million).
const KEYS_PER_ACCOUNT: u64 = 1_000_000;
/// Outcomes are kept this long for who asks again; the key alone then says that it was answered.
const OUTCOME_AGE_MS: i64 = 24 * 3_600_000;
/// Rows that one prune removes, so that nobody waits for it.
const PRUNED_AT_ONCE: u64 = 2_000;

pub(super) fn accept(db: &Connection, epoch: i64, event: &NewEvent) -> rusqlite::Result<Accepted> {
    let EventKey { channel, account, id } = &event.key;
    let inserted = db
        .prepare_cached(
            "INSERT INTO events (channel, account, id, session, received_ms, state, attempts, begun, owner, payload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            channel,
            account,
            id,
            event.session_key,
            event.received_at_ms,
            OPEN,
            epoch,
            event.payload
        ])?;
    if inserted == 1 {
        return Ok(Accepted::New(EventId(db.last_insert_rowid())));
    }
    // It is there, or nothing would have stopped the insertion.
    Ok(Accepted::Duplicate(state(db, &event.key)?.unwrap_or(EventState::Open)))
}

pub(super) fn state(db: &Connection, key: &EventKey) -> rusqlite::Result<Option<EventState>> {
    let read = |row: &Row<'_>| {
        let state: i64 = row.get(0)?;
        if state == OPEN {
            return Ok(EventState::Open);
        }
        Ok(EventState::Ended {
            ended_at_ms: row.get::<_, Option<i64>>(1)?.unwrap_or(0),
            outcome: row.get(2)?,
        })
    };
    db.prepare_cached(
        "SELECT state, ended_ms, outcome FROM events WHERE channel = ?1 AND account = ?2 AND id = ?3",
    )?
    .query_row(params![key.channel, key.account, key.id], read)
    .optional()
}

/// Whether this ended it: it had not ended before.
pub(super) fn end(db: &Connection, event: EventId, outcome: &[u8], now_ms: i64) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE events SET state = ?2, outcome = ?3, ended_ms = ?4, payload = NULL, owner = ?5
             WHERE seq = ?1 AND state = ?6",
        )?
        .execute(params![event.0, ENDED, outcome, now_ms, NOBODY, OPEN])?;
    Ok(changed == 1)
}

pub(super) fn begin(db: &Connection, event: EventId) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE events SET attempts = attempts + 1, begun = 1 WHERE seq = ?1 AND state = ?2")?
        .execute(params![event.0, OPEN])
        .map(|_| ())
}

pub(super) fn release(db: &Connection, epoch: i64, event: EventId) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE events SET owner = ?2, attempts = max(attempts - 1, 0) WHERE seq = ?1 AND state = ?3 AND owner = ?4",
    )?
    .execute(params![event.0, NOBODY, OPEN, epoch])
    .map(|_| ())
}

pub(super) fn take_over(db: &Connection, epoch: i64) -> rusqlite::Result<Vec<StoredEvent>> {
    let mut found = db.prepare(
        "UPDATE events SET owner = ?1 WHERE state = ?2 AND owner <> ?1
         RETURNING seq, channel, account, id, session, received_ms, payload, attempts, begun",
    )?;
    let read = |row: &Row<'_>| {
        let is_begun: bool = row.get(8)?;
        let event = StoredEvent {
            id: EventId(row.get(0)?),
            key: EventKey { channel: row.get(1)?, account: row.get(2)?, id: row.get(3)? },
            session_key: row.get(4)?,
            received_at_ms: row.get(5)?,
            payload: row.get::<_, Option<Vec<u8>>>(6)?.unwrap_or_default(),
            attempts: row.get(7)?,
        };
        Ok((is_begun, event))
    };
    let mut events = found.query_map(params![epoch, OPEN], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    // What was begun may be in its transcript already, and nothing must come between it and its answer.
    events.sort_by_key(|(is_begun, event)| (!is_begun, event.id));
    Ok(events.into_iter().map(|(_, event)| event).collect())
}

pub(super) fn keep_line(db: &Connection, line: &FinalLine) -> rusqlite::Result<LineId> {
    let LinePlace { agent, file } = &line.place;
    db.prepare_cached(
        "INSERT INTO lines (agent, file, session_key, record, line) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![agent, file, line.session_key, line.record.as_str(), line.line])?;
    Ok(LineId(db.last_insert_rowid()))
}

pub(super) fn waiting_lines(db: &Connection, of: Option<&LinePlace>) -> rusqlite::Result<Vec<WaitingLine>> {
    let mut found = db.prepare_cached(
        "SELECT id, agent, file, session_key, record, line FROM lines
         WHERE ?1 IS NULL OR (agent = ?1 AND file = ?2) ORDER BY id",
    )?;
    let (agent, file) = (of.map(|of| of.agent.as_str()), of.map(|of| of.file.as_str()));
    let read = |row: &Row<'_>| {
        let record: String = row.get(4)?;
        // It was one when it was written.
        let Some(record) = RecordId::parse(&record) else { return Ok(None) };
        let place = LinePlace { agent: row.get(1)?, file: row.get(2)? };
        let line = FinalLine { place, session_key: row.get(3)?, record, line: row.get(5)? };
        Ok(Some(WaitingLine { id: LineId(row.get(0)?), line }))
    };
    let lines = found.query_map(params![agent, file], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(lines.into_iter().flatten().collect())
}

pub(super) fn forget_lines(db: &Connection, lines: &[LineId]) -> rusqlite::Result<()> {
    let mut forget = db.prepare_cached("DELETE FROM lines WHERE id = ?1")?;
    lines.iter().try_for_each(|line| forget.execute([line.0]).map(|_| ()))
}

/// Events not ended, and all.
pub(super) fn counts(db: &Connection) -> rusqlite::Result<(u64, u64)> {
    let open = count(db, "SELECT count(*) FROM events WHERE state = 0")?;
    Ok((open, remembered(db)?))
}

/// At most how many events are remembered: told from the first and the last, for counting reads them all.
fn remembered(db: &Connection) -> rusqlite::Result<u64> {
    count(db, "SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM events")
}

/// What a statement counts.
pub(super) fn count(db: &Connection, sql: &str) -> rusqlite::Result<u64> {
    let count: i64 = db.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Forgets outcomes after a day; keys after seven days, of each account all but the last million.
pub(super) fn prune(db: &Connection, now_ms: i64) -> rusqlite::Result<u64> {
    let told = db.execute(
        "UPDATE events SET outcome = NULL WHERE seq IN (
             SELECT seq FROM events WHERE outcome IS NOT NULL AND ended_ms < ?1 LIMIT ?2)",
        params![now_ms.saturating_sub(OUTCOME_AGE_MS), i64::try_from(PRUNED_AT_ONCE).unwrap_or(0)],
    )?;
    // The rows of an account are counted only when there are enough of all accounts together.
    let keys = if remembered(db)? <= KEYS_PER_ACCOUNT { 0 } else { prune_keys(db, now_ms)? };
    Ok(u64::try_from(told + keys).unwrap_or(0))
}

fn prune_keys(db: &Connection, now_ms: i64) -> rusqlite::Result<usize> {
    let mut accounts =
        db.prepare("SELECT channel, account, count(*) FROM events GROUP BY channel, account")?;
    let rows = accounts.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
    })?;
    let mut removed = 0;
    for row in rows {
        let (channel, account, count) = row?;
        let surplus = u64::try_from(count).unwrap_or(0).saturating_sub(KEYS_PER_ACCOUNT).min(PRUNED_AT_ONCE);
        let surplus = i64::try_from(surplus).unwrap_or(0);
        removed += db.execute(
            "DELETE FROM events WHERE seq IN (
                 SELECT seq FROM events WHERE channel = ?1 AND account = ?2 AND state = ?3 AND ended_ms < ?4
                 ORDER BY seq LIMIT ?5)",
            params![channel, account, ENDED, now_ms.saturating_sub(KEY_AGE_MS), surplus],
        )?;
    }
    Ok(removed)
}
