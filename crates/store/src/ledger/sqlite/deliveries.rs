//! The outbox.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::events;
use super::schema::NOBODY;
use crate::ledger::{
    ClaimedDelivery, Delivery, DeliveryFilter, DeliveryId, DeliveryState, EventId, EventKey, Expired, LEASE,
    LedgerCounts, NewDelivery, Repeats, Settled, StoredDelivery, retry_delay,
};

/// Delivered messages are remembered this long: their keys stop a second delivery.
const DELIVERED_AGE_MS: i64 = 7 * 24 * 3_600_000;
/// Platforms explain themselves at length; this much of it is kept.
const MAX_REASON_CHARS: usize = 500;

/// True of a delivery `one` that no earlier one to its recipient stands before.
const IS_FIRST: &str = "NOT EXISTS (
    SELECT 1 FROM outbox AS earlier
    WHERE earlier.state IN (0, 1, 4) AND earlier.channel = one.channel AND earlier.account = one.account
        AND earlier.recipient = one.recipient AND earlier.seq < one.seq)";

/// Nothing waits longer than this: a try that is due later was planned by a clock that was ahead (P-21).
const MAX_WAIT_MS: i64 = 24 * 3_600_000;

/// Columns of a delivery in the order that [`stored`] reads.
const COLUMNS: &str = "seq, event, channel, account, recipient, key, body, repeats, state, attempts, created_ms, \
                       expires_ms, next_ms, message_id, reason";

impl DeliveryState {
    const fn number(self) -> i64 {
        match self {
            Self::Prepared => 0,
            Self::Sending => 1,
            Self::Delivered => 2,
            Self::Unknown => 3,
            Self::Failed => 4,
            Self::Dead => 5,
        }
    }
}

impl ToSql for DeliveryState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl FromSql for DeliveryState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        Self::ALL.into_iter().find(|state| state.number() == number).ok_or(FromSqlError::OutOfRange(number))
    }
}

impl ToSql for Repeats {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Shown => 0,
            Self::Harmless => 1,
        }
        .into())
    }
}

impl FromSql for Repeats {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(|number| if number == 1 { Self::Harmless } else { Self::Shown })
    }
}

pub(super) fn insert(db: &Connection, event: Option<EventId>, what: &NewDelivery) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO outbox (event, channel, account, recipient, key, body, repeats, state, attempts, created_ms,
                             expires_ms, ttl_ms, next_ms, owner, lease_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?10 - ?9, ?9, ?11, 0) ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        event.map(|event| event.0),
        what.channel,
        what.account,
        what.recipient,
        what.key,
        what.body,
        what.repeats,
        DeliveryState::Prepared,
        what.created_at_ms,
        what.expires_at_ms,
        NOBODY,
    ])
    .map(|_| ())
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredDelivery> {
    Ok(StoredDelivery {
        id: DeliveryId(row.get(0)?),
        event: row.get::<_, Option<i64>>(1)?.map(EventId),
        what: NewDelivery {
            channel: row.get(2)?,
            account: row.get(3)?,
            recipient: row.get(4)?,
            key: row.get(5)?,
            body: row.get(6)?,
            repeats: row.get(7)?,
            created_at_ms: row.get(10)?,
            expires_at_ms: row.get(11)?,
        },
        state: row.get(8)?,
        attempts: row.get(9)?,
        next_at_ms: row.get(12)?,
        message_id: row.get(13)?,
        reason: row.get(14)?,
    })
}

/// Claims the first unsettled delivery of each recipient, if it is due. Tries that broke off are judged first.
pub(super) fn claim_due(
    db: &Connection,
    epoch: i64,
    now_ms: i64,
    limit: usize,
) -> rusqlite::Result<Vec<ClaimedDelivery>> {
    judge_broken_tries(db, epoch, now_ms)?;
    let due: Vec<StoredDelivery> = db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outbox AS one
             WHERE state IN (0, 4) AND (next_ms <= ?1 OR next_ms > ?3) AND expires_ms > ?1 AND {IS_FIRST}
             ORDER BY seq LIMIT ?2"
        ))?
        .query_map(
            params![now_ms, i64::try_from(limit).unwrap_or(i64::MAX), now_ms.saturating_add(MAX_WAIT_MS)],
            stored,
        )?
        .collect::<rusqlite::Result<_>>()?;
    let lease_ms = now_ms.saturating_add(millis(LEASE));
    let mut begin = db.prepare_cached(
        "UPDATE outbox SET state = ?2, attempts = attempts + 1, owner = ?3, lease_ms = ?4 WHERE seq = ?1",
    )?;
    for delivery in &due {
        begin.execute(params![delivery.id.0, DeliveryState::Sending, epoch, lease_ms])?;
    }
    let claimed = |delivery: StoredDelivery| ClaimedDelivery {
        id: delivery.id,
        what: delivery.what,
        attempt: delivery.attempts + 1,
    };
    Ok(due.into_iter().map(claimed).collect())
}

/// A try whose process is gone, or that has given no sign for the length of its lease: the platform may have the
/// message. Where a repetition does no harm it is tried again, elsewhere a person decides; how many of those there are.
pub(super) fn judge_broken_tries(db: &Connection, epoch: i64, now_ms: i64) -> rusqlite::Result<u64> {
    let judge = |repeats: Repeats, state: DeliveryState| {
        db.prepare_cached(
            "UPDATE outbox SET owner = ?3, next_ms = ?2, reason = 'the try broke off', state = ?4
             WHERE state = ?5 AND repeats = ?6 AND (owner <> ?1 OR lease_ms <= ?2)",
        )?
        .execute(params![epoch, now_ms, NOBODY, state, DeliveryState::Sending, repeats])
    };
    judge(Repeats::Harmless, DeliveryState::Failed)?;
    let unknown = judge(Repeats::Shown, DeliveryState::Unknown)?;
    Ok(u64::try_from(unknown).unwrap_or(0))
}

/// What becomes of a delivery.
#[derive(Debug, PartialEq)]
pub(super) struct After {
    pub(super) state: DeliveryState,
    pub(super) next_at_ms: i64,
    pub(super) message_id: Option<String>,
    pub(super) reason: Option<String>,
}

/// Decides what becomes of a delivery after a try.
pub(super) fn after(settled: &Settled, attempts: u32, what: &NewDelivery) -> After {
    let now_ms = settled.now_ms;
    let rest = |state, reason: &str| After {
        state,
        next_at_ms: now_ms,
        message_id: None,
        reason: Some(reason.chars().take(MAX_REASON_CHARS).collect()),
    };
    let again = |reason: &str, wanted_ms: Option<i64>| {
        let delay = millis(retry_delay(attempts, settled.jitter)).max(wanted_ms.unwrap_or(0));
        let next_at_ms = now_ms.saturating_add(delay);
        if next_at_ms >= what.expires_at_ms {
            let given_up = format!("given up after {attempts} tries: {reason}");
            return rest(DeliveryState::Dead, &given_up);
        }
        After { next_at_ms, ..rest(DeliveryState::Failed, reason) }
    };
    match (&settled.delivery, what.repeats) {
        (Delivery::Delivered { message_id }, _) => After {
            state: DeliveryState::Delivered,
            next_at_ms: now_ms,
            message_id: Some(message_id.clone()),
            reason: None,
        },
        (Delivery::Transient { reason, retry_after_ms }, _) => again(reason, *retry_after_ms),
        (Delivery::Permanent { reason }, _) => rest(DeliveryState::Dead, reason),
        (Delivery::Unknown { reason }, Repeats::Harmless) => again(reason, None),
        (Delivery::Unknown { reason }, Repeats::Shown) => rest(DeliveryState::Unknown, reason),
    }
}

/// Records a result. One of an earlier try changes nothing, unless it says that the platform has the message. One that
/// comes after nobody could say what became of its try is what became of it.
pub(super) fn settle(db: &Connection, settled: &Settled) -> rusqlite::Result<DeliveryState> {
    let found = db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE seq = ?1"))?
        .query_row([settled.id.0], stored)
        .optional()?;
    // One that somebody removed meanwhile.
    let Some(found) = found else { return Ok(DeliveryState::Dead) };
    let is_awaited = matches!(found.state, DeliveryState::Sending | DeliveryState::Unknown);
    let is_late = !is_awaited || found.attempts != settled.attempt;
    if is_late && !matches!(settled.delivery, Delivery::Delivered { .. }) {
        return Ok(found.state);
    }
    let After { state, next_at_ms, message_id, reason } = after(settled, found.attempts, &found.what);
    db.prepare_cached(
        "UPDATE outbox SET state = ?2, next_ms = ?3, message_id = ?4, reason = ?5, owner = ?6 WHERE seq = ?1",
    )?
    .execute(params![settled.id.0, state, next_at_ms, message_id, reason, NOBODY])?;
    Ok(state)
}

pub(super) fn expire(db: &Connection, epoch: i64, now_ms: i64) -> rusqlite::Result<Expired> {
    let unknown = judge_broken_tries(db, epoch, now_ms)?;
    let dead = db
        .prepare_cached(
            "UPDATE outbox SET state = ?2, reason = 'too old to be sent without a word'
             WHERE state IN (0, 4) AND expires_ms <= ?1",
        )?
        .execute(params![now_ms, DeliveryState::Dead])?;
    Ok(Expired { dead: u64::try_from(dead).unwrap_or(0), unknown })
}

pub(super) fn next_due(db: &Connection) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(&format!(
        "SELECT next_ms FROM outbox AS one WHERE state IN (0, 4) AND {IS_FIRST} ORDER BY next_ms LIMIT 1"
    ))?
    .query_row([], |row| row.get(0))
    .optional()
}

pub(super) fn of_event(db: &Connection, event: &EventKey) -> rusqlite::Result<Vec<StoredDelivery>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM outbox WHERE event IS NOT NULL AND event = (
             SELECT seq FROM events WHERE channel = ?1 AND account = ?2 AND id = ?3) ORDER BY seq"
    ))?
    .query_map(params![event.channel, event.account, event.id], stored)?
    .collect()
}

pub(super) fn list(db: &Connection, filter: DeliveryFilter) -> rusqlite::Result<Vec<StoredDelivery>> {
    let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM outbox WHERE ?1 IS NULL OR state = ?1 ORDER BY seq DESC LIMIT ?2"
    ))?
    .query_map(params![filter.state, limit], stored)?
    .collect()
}

/// A delivery gets the whole of its time again.
const AGAIN: &str = "UPDATE outbox SET state = ?1, attempts = 0, next_ms = ?2, reason = NULL,
                         expires_ms = max(expires_ms, ?2 + ttl_ms)";

pub(super) fn retry(db: &Connection, id: DeliveryId, now_ms: i64) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached(&format!("{AGAIN} WHERE seq = ?3 AND state IN (3, 4, 5)"))?
        .execute(params![DeliveryState::Prepared, now_ms, id.0])?;
    Ok(changed == 1)
}

pub(super) fn retry_dead(db: &Connection, now_ms: i64) -> rusqlite::Result<u64> {
    let changed = db.prepare_cached(&format!("{AGAIN} WHERE state = ?3"))?.execute(params![
        DeliveryState::Prepared,
        now_ms,
        DeliveryState::Dead
    ])?;
    Ok(u64::try_from(changed).unwrap_or(0))
}

pub(super) fn discard(db: &Connection, id: DeliveryId) -> rusqlite::Result<bool> {
    let removed = db.prepare_cached("DELETE FROM outbox WHERE seq = ?1 AND state <> 1")?.execute([id.0])?;
    Ok(removed == 1)
}

pub(super) fn prune(db: &Connection, now_ms: i64) -> rusqlite::Result<u64> {
    let removed = db.execute(
        "DELETE FROM outbox WHERE state = ?1 AND created_ms < ?2",
        params![DeliveryState::Delivered, now_ms - DELIVERED_AGE_MS],
    )?;
    Ok(u64::try_from(removed).unwrap_or(0))
}

pub(super) fn counts(db: &Connection) -> rusqlite::Result<LedgerCounts> {
    let count = |states: &str| {
        let sql = format!("SELECT count(*) FROM outbox WHERE state IN ({states})");
        events::count(db, &sql)
    };
    Ok(LedgerCounts {
        waiting: count("0, 1, 4")?,
        unknown: count("3")?,
        dead: count("5")?,
        ..LedgerCounts::default()
    })
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
