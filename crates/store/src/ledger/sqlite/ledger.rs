//! Requests to the writer.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::open::{Opened, Place, open};
use super::writer::{Asked, Job, Needs, Writer};
use super::{deliveries, events, slots};
use crate::ledger::{
    Accepted, ClaimedDelivery, DeliveryFilter, DeliveryId, DeliveryState, DiskSpace, Done, EventId, EventKey,
    EventState, Expired, Ledger, LedgerCounts, LedgerError, LineId, LinePlace, NewDelivery, NewEvent,
    Settled, SlotClaim, SlotKey, StoredDelivery, StoredEvent, TurnCommit, WaitingLine,
};

/// Requests that may wait for the writer. The gateway admits 2,048 runs at once, each with a handful of requests.
const MAX_WAITING: usize = 16_384;

/// The ledger in `state/gateway.sqlite`.
///
/// Dropping it waits until everything asked for is written.
#[derive(Debug)]
pub struct SqliteLedger {
    jobs: RwLock<Option<SyncSender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    path: PathBuf,
    quarantined: Option<PathBuf>,
}

impl SqliteLedger {
    /// Opens the ledger of a state directory, whose [`crate::StateLock`] the caller holds. A damaged file is put aside,
    /// unchanged, and a new one begun: see [`SqliteLedger::quarantined`].
    ///
    /// # Errors
    /// When it cannot be made or read, or is of a later version.
    pub fn open(state_dir: &Path, now_ms: i64) -> Result<Self, LedgerError> {
        let place = Arc::new(Place::in_state(state_dir));
        let Opened { db, epoch, quarantined } = open(&place, now_ms)?;
        let (jobs, waiting) = sync_channel(MAX_WAITING);
        let (path, space) = (place.file.clone(), DiskSpace::of(&place.dir));
        let writer = Writer { db, epoch, place, space };
        let thread = std::thread::Builder::new().name("ledger".to_owned());
        let started = thread
            .spawn(move || writer.work(&waiting))
            .map_err(|source| LedgerError::Engine { path: path.clone(), source: Arc::new(source) })?;
        Ok(Self { jobs: RwLock::new(Some(jobs)), writer: Mutex::new(Some(started)), path, quarantined })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a damaged file was put when this ledger was opened.
    #[must_use]
    pub fn quarantined(&self) -> Option<&Path> {
        self.quarantined.as_deref()
    }

    fn ask<T, F>(&self, needs: Needs, done: Done<T>, work: F)
    where
        T: Send + 'static,
        F: FnMut(&Connection, i64) -> rusqlite::Result<T> + Send + 'static,
    {
        let job = Job { request: Box::new(Asked::new(work, done)), needs };
        let (job, error) = match &*self.jobs.read().unwrap_or_else(PoisonError::into_inner) {
            None => (job, LedgerError::Closed),
            Some(jobs) => match jobs.try_send(job) {
                Ok(()) => return,
                Err(TrySendError::Full(job)) => (job, LedgerError::Busy),
                Err(TrySendError::Disconnected(job)) => (job, LedgerError::Closed),
            },
        };
        job.request.answer(Some(error));
    }
}

impl Drop for SqliteLedger {
    fn drop(&mut self) {
        self.close();
    }
}

impl Ledger for SqliteLedger {
    fn accept(&self, event: NewEvent, done: Done<Accepted>) {
        self.ask(Needs::Room, done, move |db, epoch| events::accept(db, epoch, &event));
    }

    fn accept_delivery(&self, event: NewEvent, delivery: NewDelivery, done: Done<Accepted>) {
        self.ask(Needs::Room, done, move |db, epoch| {
            let accepted = events::accept(db, epoch, &event)?;
            if let Accepted::New(id) = &accepted {
                deliveries::insert(db, Some(*id), &delivery)?;
                events::end(db, *id, &[], event.received_at_ms)?;
            }
            Ok(accepted)
        });
    }

    fn commit_turn(&self, commit: TurnCommit, done: Done<Option<LineId>>) {
        self.ask(Needs::Commit, done, move |db, _| {
            if !events::end(db, commit.event, &commit.outcome, commit.ended_at_ms)? {
                return Ok(None);
            }
            for reply in &commit.replies {
                deliveries::insert(db, Some(commit.event), reply)?;
            }
            commit.line.as_ref().map(|line| events::keep_line(db, line)).transpose()
        });
    }

    fn begin(&self, event: EventId, done: Done<()>) {
        self.ask(Needs::Commit, done, move |db, _| events::begin(db, event));
    }

    fn release(&self, event: EventId, done: Done<()>) {
        self.ask(Needs::Commit, done, move |db, epoch| events::release(db, epoch, event));
    }

    fn event(&self, key: EventKey, done: Done<Option<EventState>>) {
        self.ask(Needs::Commit, done, move |db, _| events::state(db, &key));
    }

    fn take_over(&self, done: Done<Vec<StoredEvent>>) {
        self.ask(Needs::Commit, done, events::take_over);
    }

    fn waiting_lines(&self, of: Option<LinePlace>, done: Done<Vec<WaitingLine>>) {
        self.ask(Needs::Commit, done, move |db, _| events::waiting_lines(db, of.as_ref()));
    }

    fn forget_lines(&self, lines: Vec<LineId>) {
        // What is not forgotten is found in its file at the next start, and forgotten then.
        self.ask(Needs::Later, Box::new(|_| ()), move |db, _| events::forget_lines(db, &lines));
    }

    fn enqueue(&self, deliveries: Vec<NewDelivery>, done: Done<()>) {
        self.ask(Needs::Room, done, move |db, _| {
            deliveries.iter().try_for_each(|delivery| deliveries::insert(db, None, delivery))
        });
    }

    fn claim_due(&self, now_ms: i64, limit: usize, done: Done<Vec<ClaimedDelivery>>) {
        self.ask(Needs::Commit, done, move |db, epoch| deliveries::claim_due(db, epoch, now_ms, limit));
    }

    fn settle(&self, settled: Settled, done: Done<DeliveryState>) {
        self.ask(Needs::Commit, done, move |db, _| deliveries::settle(db, &settled));
    }

    fn expire(&self, now_ms: i64, done: Done<Expired>) {
        self.ask(Needs::Commit, done, move |db, epoch| deliveries::expire(db, epoch, now_ms));
    }

    fn next_due(&self, done: Done<Option<i64>>) {
        self.ask(Needs::Commit, done, |db, _| deliveries::next_due(db));
    }

    fn deliveries(&self, filter: DeliveryFilter, done: Done<Vec<StoredDelivery>>) {
        self.ask(Needs::Commit, done, move |db, _| deliveries::list(db, filter));
    }

    fn deliveries_of(&self, event: EventKey, done: Done<Vec<StoredDelivery>>) {
        self.ask(Needs::Commit, done, move |db, _| deliveries::of_event(db, &event));
    }

    fn retry_dead(&self, now_ms: i64, done: Done<u64>) {
        self.ask(Needs::Commit, done, move |db, _| deliveries::retry_dead(db, now_ms));
    }

    fn retry(&self, id: DeliveryId, now_ms: i64, done: Done<bool>) {
        self.ask(Needs::Commit, done, move |db, _| deliveries::retry(db, id, now_ms));
    }

    fn discard(&self, id: DeliveryId, done: Done<bool>) {
        self.ask(Needs::Commit, done, move |db, _| deliveries::discard(db, id));
    }

    fn claim_slot(&self, slot: SlotKey, now_ms: i64, done: Done<SlotClaim>) {
        self.ask(Needs::Commit, done, move |db, epoch| slots::claim(db, epoch, &slot, now_ms));
    }

    fn end_slot(&self, slot: SlotKey, now_ms: i64, outcome: String, done: Done<()>) {
        self.ask(Needs::Commit, done, move |db, _| slots::end(db, &slot, now_ms, &outcome));
    }

    fn prune(&self, now_ms: i64, done: Done<u64>) {
        self.ask(Needs::Commit, done, move |db, _| {
            Ok(events::prune(db, now_ms)? + deliveries::prune(db, now_ms)? + slots::prune(db, now_ms)?)
        });
    }

    fn counts(&self, done: Done<LedgerCounts>) {
        self.ask(Needs::Commit, done, |db, _| {
            let mut counts = deliveries::counts(db)?;
            (counts.open_events, counts.events) = events::counts(db)?;
            Ok(counts)
        });
    }

    fn sync(&self, done: Done<()>) {
        self.ask(Needs::Commit, done, |_, _| Ok(()));
    }

    fn close(&self) {
        self.jobs.write().unwrap_or_else(PoisonError::into_inner).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A panic of the writer has been told to everybody who waited.
        writer.map(JoinHandle::join);
    }
}
