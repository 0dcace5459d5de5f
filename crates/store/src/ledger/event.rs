//! Inbound events and the turns that they start.

use crate::RecordId;

/// What makes an event the same event when it comes again.
///
/// Messages that clients send over the gateway are events, too: their channel is `gateway`, the account is the method,
/// the id is the idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventKey {
    /// The channel's id.
    pub channel: String,
    /// The account of the channel.
    pub account: String,
    /// The id that the platform or the client gave it.
    pub id: String,
}

/// The place of an event in the order of acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub(crate) i64);

/// A line that is committed and perhaps not yet in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineId(pub(crate) i64);

impl EventId {
    /// The number, for logs.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

/// An event that asks to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// What makes it the same when it comes again.
    pub key: EventKey,
    /// The session it belongs to.
    pub session_key: String,
    /// Milliseconds since the epoch.
    pub received_at_ms: i64,
    /// All that is needed to answer it after a restart, as its acceptor writes it.
    pub payload: Vec<u8>,
}

/// What became of an event that asked to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is on the disk and claimed by whoever asked.
    New(EventId),
    /// It was accepted before.
    Duplicate(EventState),
}

/// How an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventState {
    /// Its turn has not ended.
    Open,
    /// Its turn has ended; the outcome as it was committed. Old outcomes are forgotten before their keys are.
    Ended {
        /// When, in milliseconds since the epoch.
        ended_at_ms: i64,
        /// What the turn's owner wrote for whoever asks again.
        outcome: Option<Vec<u8>>,
    },
}

/// An event that an earlier process accepted and did not end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place.
    pub id: EventId,
    /// What makes it the same when it comes again.
    pub key: EventKey,
    /// The session it belongs to.
    pub session_key: String,
    /// When it was accepted, in milliseconds since the epoch.
    pub received_at_ms: i64,
    /// As it was accepted.
    pub payload: Vec<u8>,
    /// How often a turn was begun for it. One that a process gave back in good order does not count.
    pub attempts: u32,
}

/// The end of a turn: all of it is on the disk, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnCommit {
    /// The event that started the turn.
    pub event: EventId,
    /// For whoever asks again.
    pub outcome: Vec<u8>,
    /// Milliseconds since the epoch.
    pub ended_at_ms: i64,
    /// The last record of the turn, which goes to the transcript once this is committed.
    pub line: Option<FinalLine>,
    /// What must be delivered.
    pub replies: Vec<super::NewDelivery>,
}

/// Which transcript a line belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinePlace {
    /// The agent's id.
    pub agent: String,
    /// The name of the file in the agent's folder of transcripts.
    pub file: String,
}

/// A transcript line that is committed before it is in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalLine {
    /// The transcript. No path: the state directory may move.
    pub place: LinePlace,
    /// The session key, should the file have to be made anew.
    pub session_key: String,
    /// The record.
    pub record: RecordId,
    /// The line, without its end.
    pub line: Vec<u8>,
}
