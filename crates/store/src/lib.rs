//! What must survive the process: the session index, the transcripts, and the lock that says who may write them.
//!
//! `sessions.json` and the JSONL transcripts have OpenClaw's format, so that either program can read what the other
//! wrote. Nothing here is ever truncated: what is damaged is copied to a `quarantine` folder beside it, the rest is kept
//! and the session goes on. Calls block on the disk; run them off the reactor threads. This crate may touch the agents'
//! `sessions` directories, `state/gateway.lock` and `state/version.json`, through `openclaw_guard` only.
//!
//! ```
//! use openclaw_guard::{Clock, SystemClock};
//! use openclaw_protocol::message::{Content, Message, UserMessage};
//! use openclaw_store::{NewTranscript, SessionEntry, SessionId, SessionIndex, StateLock, Transcript, field, read_tail};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! # let (state, clock) = (home.path(), Arc::new(SystemClock));
//! let _lock = StateLock::acquire(state)?; // one writer per state directory
//! let sessions = state.join("agents/main/sessions");
//! let index = SessionIndex::load(&sessions, "main", clock.clone())?;
//!
//! let (entry, _) = index.get_or_create("agent:main:main", || SessionEntry::new(&SessionId::random(), clock.now_ms()))?;
//! let new = NewTranscript { cwd: state, key: "agent:main:main", parent: None };
//! let mut transcript = Transcript::open_or_create(&sessions, &entry.session_id(), &new, clock.clone())?;
//! let hello = UserMessage { content: Content::Text("hello".into()), timestamp: clock.now_ms() };
//! transcript.append_message(&Arc::new(Message::User(hello)))?;
//! assert_eq!(transcript.history().len(), 1);
//!
//! index.update("agent:main:main", |entry| entry.set(field::TOTAL_TOKENS, &12));
//! index.flush_if_dirty()?; // counters wait for the owner's timer, everything else is written at once
//! assert_eq!(read_tail(transcript.path(), 10)?.len(), 1);
//! # Ok(())
//! # }
//! ```

mod entry;
mod error;
mod index;
mod ledger;
mod lock;
mod quarantine;
mod session_id;
mod state_version;
mod transcript;

pub use entry::{BadEntry, Field, FieldValue, Origin, Route, SessionEntry, field};
pub use error::StoreError;
pub use index::{
    Creation, IndexEvent, IndexForm, IndexLook, IndexView, LoadReport, SessionIndex, look_at_index,
};
pub use ledger::{
    Accepted, ClaimedDelivery, Delivery, DeliveryFilter, DeliveryId, DeliveryState, DiskSpace, Done, EventId,
    EventKey, EventState, Expired, FinalLine, LEASE, LEDGER_FILE, LOW_SPACE_BYTES, Ledger, LedgerCounts,
    LedgerError, LedgerView, LineId, LinePlace, MIN_FREE_BYTES, NewDelivery, NewEvent, RESERVE_BYTES,
    Repeats, Settled, SlotClaim, SlotKey, SqliteLedger, StoredDelivery, StoredEvent, TurnCommit, WaitingLine,
    retry_delay,
};
pub use lock::{LockError, StateLock};
pub use session_id::{SessionId, SessionIdError};
pub use state_version::{STATE_VERSION, StateVersion, VersionError};
pub use transcript::{
    ArchiveReason, Display, HistoryItem, HistoryOrigin, NewTranscript, Notes, PreparedRecord, RecordId,
    RepairReport, Restored, Settings, Summary, SummaryBy, Transcript, TranscriptSync, archive,
    predecessor_of, read_tail, restore_named, restore_record,
};
