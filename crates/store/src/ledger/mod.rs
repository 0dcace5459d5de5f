//! What was asked of the gateway and what it owes others, kept through every kind of end.
//!
//! [`Ledger`] is the port; [`SqliteLedger`] keeps it in `state/gateway.sqlite`. Nothing here knows a channel or a model.

mod error;
mod event;
mod outbox;
mod port;
mod retry;
mod slot;
mod space;
mod sqlite;

pub use error::LedgerError;
pub use event::{
    Accepted, EventId, EventKey, EventState, FinalLine, LineId, LinePlace, NewEvent, StoredEvent, TurnCommit,
};
pub use outbox::{
    ClaimedDelivery, Delivery, DeliveryFilter, DeliveryId, DeliveryState, Expired, NewDelivery, Repeats,
    Settled, StoredDelivery, WaitingLine,
};
pub use port::{Done, Ledger, LedgerCounts};
pub use retry::{LEASE, retry_delay};
pub use slot::{SlotClaim, SlotKey};
pub use space::{DiskSpace, LOW_SPACE_BYTES, MIN_FREE_BYTES, RESERVE_BYTES};
pub use sqlite::{LEDGER_FILE, LedgerView, SqliteLedger};
