//! The tables.

/// Version of the tables, in `PRAGMA user_version`. A file with a later one is refused.
pub(super) const VERSION: i64 = 1;

/// `events.state`
pub(super) const OPEN: i64 = 0;
pub(super) const ENDED: i64 = 1;

/// The owner of what nobody has claimed.
pub(super) const NOBODY: i64 = 0;

pub(super) const SCHEMA: &str = "
    CREATE TABLE owner (
        epoch INTEGER NOT NULL
    ) STRICT;
    INSERT INTO owner (epoch) VALUES (0);

    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        channel TEXT NOT NULL,
        account TEXT NOT NULL,
        id TEXT NOT NULL,
        session TEXT NOT NULL,
        received_ms INTEGER NOT NULL,
        state INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        begun INTEGER NOT NULL,
        owner INTEGER NOT NULL,
        payload BLOB,
        outcome BLOB,
        ended_ms INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX events_key ON events (channel, account, id);
    CREATE INDEX events_open ON events (seq) WHERE state = 0;
    CREATE INDEX events_told ON events (ended_ms) WHERE outcome IS NOT NULL;

    CREATE TABLE lines (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        agent TEXT NOT NULL,
        file TEXT NOT NULL,
        session_key TEXT NOT NULL,
        record TEXT NOT NULL,
        line BLOB NOT NULL
    ) STRICT;

    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        event INTEGER,
        channel TEXT NOT NULL,
        account TEXT NOT NULL,
        recipient TEXT NOT NULL,
        key TEXT NOT NULL,
        body BLOB NOT NULL,
        repeats INTEGER NOT NULL,
        state INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        ttl_ms INTEGER NOT NULL,
        next_ms INTEGER NOT NULL,
        owner INTEGER NOT NULL,
        lease_ms INTEGER NOT NULL,
        message_id TEXT,
        reason TEXT
    ) STRICT;
    CREATE UNIQUE INDEX outbox_key ON outbox (channel, account, key);
    CREATE INDEX outbox_due ON outbox (next_ms) WHERE state IN (0, 4);
    CREATE INDEX outbox_lane ON outbox (channel, account, recipient, seq) WHERE state IN (0, 1, 4);
    CREATE INDEX outbox_rest ON outbox (state, seq);
    CREATE INDEX outbox_event ON outbox (event) WHERE event IS NOT NULL;

    CREATE TABLE slots (
        job TEXT NOT NULL,
        due_ms INTEGER NOT NULL,
        owner INTEGER NOT NULL,
        started_ms INTEGER NOT NULL,
        ended_ms INTEGER,
        outcome TEXT,
        PRIMARY KEY (job, due_ms)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX slots_age ON slots (started_ms);";
