//! The port: what the rest of the house asks of the durable core. No engine shows in it.

use super::{
    Accepted, ClaimedDelivery, DeliveryFilter, DeliveryId, DeliveryState, EventId, EventKey, EventState,
    Expired, LedgerError, LineId, LinePlace, NewDelivery, NewEvent, Settled, SlotClaim, SlotKey,
    StoredDelivery, StoredEvent, TurnCommit, WaitingLine,
};

/// Gets the answer, on the ledger's own thread and in the order of the requests. It must not block.
pub type Done<T> = Box<dyn FnOnce(Result<T, LedgerError>) + Send>;

/// How much lies in the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerCounts {
    /// Events whose turns have not ended.
    pub open_events: u64,
    /// At most how many events are remembered.
    pub events: u64,
    /// Deliveries that wait or are tried again.
    pub waiting: u64,
    /// Deliveries nobody can say anything about.
    pub unknown: u64,
    /// Deliveries that will not be sent.
    pub dead: u64,
}

/// Inbound events, turns, deliveries and cron slots. An answer comes when what it says is on the disk.
///
/// Every method returns at once. Requests are done in their order; many of them become durable with one wait for the
/// disk. A claim belongs to the process that made it, known by the number that the ledger gives each process that opens
/// it, and ends with it.
pub trait Ledger: Send + Sync {
    /// Accepts an event, unless it was accepted before. An event that is new is claimed.
    fn accept(&self, event: NewEvent, done: Done<Accepted>);
    /// Accepts an event together with what must be delivered because of it; the event has ended with that.
    fn accept_delivery(&self, event: NewEvent, delivery: NewDelivery, done: Done<Accepted>);
    /// Ends a turn. A turn that has ended stays as it ended. Answers with the line's id, to be forgotten once the
    /// line is in its file and synced.
    fn commit_turn(&self, commit: TurnCommit, done: Done<Option<LineId>>);
    /// Notes that a turn begins: the process may not outlive it. Of the events that are taken over, those that were begun
    /// come first.
    fn begin(&self, event: EventId, done: Done<()>);
    /// Gives a claim back without an end: the next process begins with it, and this one does not count.
    fn release(&self, event: EventId, done: Done<()>);
    /// How an event stands.
    fn event(&self, key: EventKey, done: Done<Option<EventState>>);
    /// Claims all open events of processes that are gone, oldest first.
    fn take_over(&self, done: Done<Vec<StoredEvent>>);

    /// Lines that are committed and may be missing in their files, oldest first; of one transcript, or of all.
    fn waiting_lines(&self, of: Option<LinePlace>, done: Done<Vec<WaitingLine>>);
    /// These lines are in their files for good. Kept for the next time the disk is written anyway.
    fn forget_lines(&self, lines: Vec<LineId>);

    /// Makes deliveries; those whose key is known are not made again.
    fn enqueue(&self, deliveries: Vec<NewDelivery>, done: Done<()>);
    /// Claims deliveries that are due, for each recipient only the first that is not settled. Tries that broke off are
    /// judged first, also with a limit of 0.
    fn claim_due(&self, now_ms: i64, limit: usize, done: Done<Vec<ClaimedDelivery>>);
    /// Records what became of a try.
    fn settle(&self, settled: Settled, done: Done<DeliveryState>);
    /// Judges tries that broke off, and turns deliveries that are past their time into dead letters.
    fn expire(&self, now_ms: i64, done: Done<Expired>);
    /// When the next delivery is due, in milliseconds since the epoch. One that waits for an earlier one to the same
    /// recipient is not due, whatever its time: the end of that one is what it waits for.
    fn next_due(&self, done: Done<Option<i64>>);
    /// Lists deliveries.
    fn deliveries(&self, filter: DeliveryFilter, done: Done<Vec<StoredDelivery>>);
    /// The deliveries that came of an event, the oldest first.
    fn deliveries_of(&self, event: EventKey, done: Done<Vec<StoredDelivery>>);
    /// Has a failed, unknown or dead delivery tried again at once; whether there was one.
    fn retry(&self, id: DeliveryId, now_ms: i64, done: Done<bool>);
    /// The same for all dead ones; answers with how many.
    fn retry_dead(&self, now_ms: i64, done: Done<u64>);
    /// Removes a delivery that is not being sent; whether there was one.
    fn discard(&self, id: DeliveryId, done: Done<bool>);

    /// Takes a slot of a job.
    fn claim_slot(&self, slot: SlotKey, now_ms: i64, done: Done<SlotClaim>);
    /// Ends a slot that was claimed; the outcome is for people.
    fn end_slot(&self, slot: SlotKey, now_ms: i64, outcome: String, done: Done<()>);

    /// Forgets what is old enough: see the engine.
    fn prune(&self, now_ms: i64, done: Done<u64>);
    /// Counts, for `status`.
    fn counts(&self, done: Done<LedgerCounts>);
    /// Answers when everything asked before is on the disk.
    fn sync(&self, done: Done<()>);
    /// Writes everything asked so far and closes; later requests are answered with [`LedgerError::Closed`]. Blocks until
    /// the file is free.
    fn close(&self);
}
