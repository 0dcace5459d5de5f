//! A ledger that answers at once, a clock that follows tokio's, and a courier between them.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openclaw_channels::{
    Channel, Courier, CourierOptions, IdempotencyKey, Notice, Outbound, ask, interactive, scheduled,
};
use openclaw_guard::Clock;
use openclaw_store::{
    Accepted, ClaimedDelivery, DeliveryFilter, DeliveryId, DeliveryState, Done, EventId, EventKey,
    EventState, Expired, Ledger, LedgerCounts, LedgerError, LineId, LinePlace, NewDelivery, NewEvent,
    Settled, SlotClaim, SlotKey, SqliteLedger, StoredDelivery, StoredEvent, TurnCommit, WaitingLine,
};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::platform::Platform;

/// The wall clock begins here.
pub(crate) const START_MS: i64 = 1_800_000_000_000;

/// A wall clock that follows tokio's, which jumps.
struct Following(Instant);

impl Clock for Following {
    fn now_ms(&self) -> i64 {
        START_MS + i64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

/// When a process dies, seen from its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// Just before the call with this number, counted from 0.
    Before(usize),
    /// When the call with this number is on the disk, and before anybody hears of it.
    After(usize),
}

/// A ledger that has answered when a call returns: tokio's clock must not jump while somebody waits for a thread. It can
/// refuse, and it can die.
pub(crate) struct Prompt {
    inner: SqliteLedger,
    calls: AtomicUsize,
    refusals: AtomicUsize,
    death: Option<Death>,
    /// The folder as the dead process left it.
    left: Mutex<Option<TempDir>>,
    home: TempDir,
}

impl Prompt {
    pub(crate) fn new() -> Arc<Self> {
        Self::open(tempfile::tempdir().unwrap(), None)
    }

    pub(crate) fn open(home: TempDir, death: Option<Death>) -> Arc<Self> {
        let inner = SqliteLedger::open(home.path(), START_MS).unwrap();
        let (calls, refusals, left) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(None));
        Arc::new(Self { inner, calls, refusals, death, left, home })
    }

    /// What the next process finds: what a dead one left, or what this one would if it died now.
    pub(crate) fn leave(&self) -> TempDir {
        self.left.lock().unwrap().take().unwrap_or_else(|| copy(self.home.path()))
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn refuse(&self, times: usize) {
        self.refusals.store(times, Ordering::SeqCst);
    }

    fn die(&self) {
        let mut left = self.left.lock().unwrap();
        if left.is_none() {
            *left = Some(copy(self.home.path()));
        }
    }

    fn call<T: Send + 'static>(&self, start: impl FnOnce(&SqliteLedger, Done<T>), done: Done<T>) {
        if self.left.lock().unwrap().is_some() {
            return done(Err(LedgerError::Closed));
        }
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.death == Some(Death::Before(number)) {
            self.die();
            return done(Err(LedgerError::Closed));
        }
        let less = |count: usize| count.checked_sub(1);
        if self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return done(Err(LedgerError::Busy));
        }
        let (sender, answer) = channel();
        start(&self.inner, Box::new(move |result| sender.send(result).unwrap()));
        let answer = answer.recv().unwrap();
        if self.death == Some(Death::After(number)) {
            self.die();
            return done(Err(LedgerError::Closed));
        }
        done(answer);
    }
}

fn copy(home: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    openclaw_guard::create_private_dir(&copy.path().join("state")).unwrap();
    for entry in std::fs::read_dir(home.join("state")).unwrap().map(Result::unwrap) {
        // The shared memory is rebuilt from the log, and the reserve made again.
        let name = entry.file_name();
        if !name.to_string_lossy().ends_with("-shm") && name != "reserve" {
            std::fs::copy(entry.path(), copy.path().join("state").join(name)).unwrap();
        }
    }
    copy
}

macro_rules! through {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($arg: $ty,)* done: Done<$answer>) {
            self.call(|ledger, done| ledger.$name($($arg,)* done), done);
        }
    )*};
}

impl Ledger for Prompt {
    through! {
        accept(event: NewEvent) -> Accepted;
        accept_delivery(event: NewEvent, delivery: NewDelivery) -> Accepted;
        commit_turn(commit: TurnCommit) -> Option<LineId>;
        begin(event: EventId) -> ();
        release(event: EventId) -> ();
        event(key: EventKey) -> Option<EventState>;
        take_over() -> Vec<StoredEvent>;
        waiting_lines(of: Option<LinePlace>) -> Vec<WaitingLine>;
        enqueue(deliveries: Vec<NewDelivery>) -> ();
        claim_due(now_ms: i64, limit: usize) -> Vec<ClaimedDelivery>;
        settle(settled: Settled) -> DeliveryState;
        expire(now_ms: i64) -> Expired;
        next_due() -> Option<i64>;
        deliveries(filter: DeliveryFilter) -> Vec<StoredDelivery>;
        deliveries_of(event: EventKey) -> Vec<StoredDelivery>;
        retry(id: DeliveryId, now_ms: i64) -> bool;
        retry_dead(now_ms: i64) -> u64;
        discard(id: DeliveryId) -> bool;
        claim_slot(slot: SlotKey, now_ms: i64) -> SlotClaim;
        end_slot(slot: SlotKey, now_ms: i64, outcome: String) -> ();
        prune(now_ms: i64) -> u64;
        counts() -> LedgerCounts;
        sync() -> ();
    }
    fn forget_lines(&self, lines: Vec<LineId>) {
        self.inner.forget_lines(lines);
    }
    fn close(&self) {
        self.inner.close();
    }
}

/// One process: a ledger, a courier that works on it, and what the owner was told.
pub(crate) struct World {
    pub(crate) ledger: Arc<Prompt>,
    pub(crate) courier: Courier,
    pub(crate) platform: Arc<Platform>,
    told: Arc<Mutex<Vec<Notice>>>,
    clock: Arc<dyn Clock>,
    task: tokio::task::JoinHandle<()>,
}

impl World {
    /// Starts a process on what a ledger holds. `begun` is when the wall clock began.
    pub(crate) fn start(ledger: Arc<Prompt>, platform: &Arc<Platform>, begun: Instant) -> Self {
        let shared: Arc<dyn Ledger> = Arc::clone(&ledger) as Arc<dyn Ledger>;
        let courier = Courier::new(shared);
        let told: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let hears = Arc::clone(&told);
        let clock: Arc<dyn Clock> = Arc::new(Following(begun));
        let options = CourierOptions {
            channels: vec![Arc::clone(platform) as Arc<dyn Channel>],
            clock: Arc::clone(&clock),
            jitter: Box::new(|| 0.5),
            tell: Box::new(move |notice| hears.lock().unwrap().push(notice.clone())),
        };
        let task = tokio::spawn(courier.clone().run(options));
        Self { ledger, courier, platform: Arc::clone(platform), told, clock, task }
    }

    /// A message of now, which somebody waits for.
    pub(crate) fn message(&self, to: &str, key: &str) -> NewDelivery {
        let message = Outbound::new("default", to, format!("text of {key}"));
        interactive(&*self.platform, &message, IdempotencyKey::new(key), self.clock.now_ms())
    }

    pub(crate) async fn enqueue(&self, deliveries: Vec<NewDelivery>) {
        ask(|done| self.ledger.enqueue(deliveries, done)).await.unwrap();
        self.courier.wake();
    }

    pub(crate) fn told(&self) -> Vec<Notice> {
        self.told.lock().unwrap().clone()
    }

    pub(crate) async fn rows(&self) -> Vec<StoredDelivery> {
        let all = DeliveryFilter { state: None, limit: 10_000 };
        let mut rows = ask(|done| self.ledger.deliveries(all, done)).await.unwrap();
        rows.reverse();
        rows
    }

    pub(crate) async fn states(&self) -> Vec<(String, DeliveryState)> {
        self.rows().await.into_iter().map(|row| (row.what.key, row.state)).collect()
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Whether the courier has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

/// Entries that lie in a ledger before anybody works on it.
pub(crate) fn seed(ledger: &Prompt, entries: Vec<NewDelivery>) {
    ledger.inner.enqueue(entries, Box::new(|done| done.unwrap()));
    let (sender, answer) = channel();
    ledger.inner.sync(Box::new(move |done| sender.send(done).unwrap()));
    answer.recv().unwrap().unwrap();
}

/// An entry for a day, made when the clock began.
pub(crate) fn entry(platform: &Platform, to: &str, key: &str) -> NewDelivery {
    let message = Outbound::new("default", to, format!("text of {key}"));
    scheduled(platform, &message, IdempotencyKey::new(key), START_MS)
}
