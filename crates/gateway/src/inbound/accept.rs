//! Making a request durable, and telling a new one from one that was sent again.

use std::sync::Arc;

use openclaw_agent::{Inbound, LaneSlot, Resume};
use openclaw_protocol::frame::ErrorShape;
use openclaw_store::{Accepted, EventKey, EventState, LedgerError, NewEvent, RecordId, StoreError};
use tokio::sync::oneshot;

use super::Request;
use crate::core::Core;
use crate::observer::Starter;
use crate::rpc::{Message, Run, Target, turn_job};
use crate::runs::{RunEnd, RunKind};

/// The channel of requests over the gateway.
const CHANNEL: &str = "gateway";

/// What came of a request.
pub(crate) enum Verdict {
    /// It is durable, and its turn begins when this has been told.
    New,
    /// It was accepted before.
    Known(Known),
    /// It cannot be kept.
    Refused(ErrorShape),
}

/// How a request that was accepted before stands.
pub(crate) enum Known {
    /// It is not answered yet.
    Open,
    /// It ended.
    Ended(Box<RunEnd>),
}

impl Known {
    pub(crate) fn of(state: EventState) -> Self {
        match state {
            EventState::Open => Self::Open,
            EventState::Ended { ended_at_ms, outcome } => {
                Self::Ended(Box::new(RunEnd::restore(outcome.as_deref(), ended_at_ms)))
            }
        }
    }
}

/// The ledger's key of a run.
pub(crate) fn event_key(kind: RunKind, id: &str) -> EventKey {
    EventKey { channel: CHANNEL.to_owned(), account: kind.as_str().to_owned(), id: id.to_owned() }
}

/// Makes an admitted run durable and then hands it to its lane. `told` is called once, before anything of the run
/// happens; it must not block. A run that is not new, or cannot be kept, is withdrawn.
pub(crate) fn accept(
    core: &Arc<Core>,
    run: Run,
    (target, slot): (Target, LaneSlot),
    (message, starter): (Message, Starter),
    told: impl FnOnce(Verdict) + Send + 'static,
) {
    let record = match RecordId::random() {
        Ok(record) => record,
        Err(error) => {
            core.runs.withdraw(run.kind, &run.id);
            return told(Verdict::Refused(refusal_of(&error)));
        }
    };
    let event = NewEvent {
        key: event_key(run.kind, &run.id),
        session_key: target.key.to_string(),
        received_at_ms: core.now_ms(),
        payload: Request::new(&message, &record).encode(),
    };
    let after = Arc::clone(core);
    let done = move |accepted: Result<Accepted, LedgerError>| match accepted {
        Ok(Accepted::New(event)) => {
            let inbound = Inbound { event, record, resume: Resume::Fresh };
            told(Verdict::New);
            slot.send(turn_job(&after, &run, &target, (message, inbound), starter));
        }
        Ok(Accepted::Duplicate(state)) => {
            after.runs.withdraw(run.kind, &run.id);
            told(Verdict::Known(Known::of(state)));
        }
        Err(error) => {
            after.runs.withdraw(run.kind, &run.id);
            told(Verdict::Refused(refused(&error)));
        }
    };
    core.ledger.accept(event, Box::new(done));
}

/// Returns when a run that is known to be under way is durable.
///
/// # Errors
/// It could not be made so, and is not under way any more.
pub(crate) async fn durable(core: &Core, id: &str) -> Result<(), ErrorShape> {
    let (sender, synced) = oneshot::channel();
    // The ledger does one thing after the other: when it has done this, it has done what came before. Whoever waits may
    // have gone.
    core.ledger.sync(Box::new(move |result| drop(sender.send(result))));
    synced.await.unwrap_or(Err(LedgerError::Closed)).map_err(|error| refused(&error))?;
    match core.runs.state(id, core.now_ms()) {
        Some(_) => Ok(()),
        None => Err(ErrorShape::unavailable("the message is not accepted; send it again").retry_after(1_000)),
    }
}

/// Why a message is not accepted, in words; it is with its sender, who can send it again.
fn refused(error: &LedgerError) -> ErrorShape {
    let retry_after_ms = match error {
        LedgerError::Busy => 1_000,
        LedgerError::Closed => 2_000,
        LedgerError::LowSpace { .. }
        | LedgerError::Full { .. }
        | LedgerError::Engine { .. }
        | LedgerError::Damaged { .. }
        | LedgerError::Newer { .. }
        | LedgerError::File(_) => 30_000,
    };
    ErrorShape::unavailable(format!("the message is not accepted: {error}")).retry_after(retry_after_ms)
}

fn refusal_of(error: &StoreError) -> ErrorShape {
    ErrorShape::unavailable(format!("the message is not accepted: {error}")).retry_after(1_000)
}
