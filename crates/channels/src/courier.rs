//! The task that drives the outbox.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use openclaw_guard::Clock;
use openclaw_store::{
    ClaimedDelivery, DeliveryId, DeliveryState, Expired, Ledger, LedgerError, NewDelivery, Settled,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::attempt::attempt;
use crate::changes::{Changes, Teller};
use crate::{Channel, ask};

/// Tries under way at once, each to another recipient: enough that slow platforms do not hold up fast ones.
const MAX_IN_FLIGHT: usize = 32;
/// The wall clock may jump, and the machine may sleep: what is due is looked for at least this often while something
/// waits.
const MAX_NAP: Duration = Duration::from_secs(60);
/// Whatever the ledger says is due, there is a pause this long before it is asked again without a reason.
const MIN_NAP: Duration = Duration::from_millis(10);
/// The pause after the ledger refused. It has said why to the log; the disk may be full for hours.
const REFUSED_NAP: Duration = Duration::from_secs(5);
/// A try under way when the courier stops gets this long; then it is judged as broken off at the next start.
const LAST_MOMENT: Duration = Duration::from_millis(1_500);

/// What the owner should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Deliveries that could not be judged by a try: too old, or broken off.
    Expired(Expired),
    /// One delivery needs a person: dead or unknown.
    Stuck {
        /// Which.
        id: DeliveryId,
        /// The channel.
        channel: String,
        /// Dead or unknown.
        state: DeliveryState,
    },
}

/// What a courier works with.
pub struct CourierOptions {
    /// The channels that run.
    pub channels: Vec<Arc<dyn Channel>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// 0 to 1: spreads the times of retries.
    pub jitter: Box<dyn Fn() -> f64 + Send + Sync>,
    /// Tells the owner.
    pub tell: Box<dyn Fn(&Notice) + Send + Sync>,
}

/// A handle to the courier: wakes it, waits for what it does, stops it.
#[derive(Clone)]
pub struct Courier {
    shared: Arc<Shared>,
}

struct Shared {
    ledger: Arc<dyn Ledger>,
    wake: Notify,
    changes: Teller,
    stop: CancellationToken,
    stopped: CancellationToken,
}

impl Courier {
    /// A courier that does not work yet.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>) -> Self {
        let shared = Shared {
            ledger,
            wake: Notify::new(),
            changes: Teller::default(),
            stop: CancellationToken::new(),
            stopped: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// There is something new to deliver.
    pub fn wake(&self) {
        self.shared.wake.notify_one();
    }

    /// Deliveries were retried or removed by hand.
    pub fn changed(&self) {
        self.shared.changes.many();
        self.wake();
    }

    /// What happens from now on.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.shared.changes.listen()
    }

    /// Stops it in good order: nothing new is begun, a try under way gets a moment. Returns when it has stopped; one that
    /// never worked is not waited for.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        tokio::time::timeout(LAST_MOMENT * 2, self.shared.stopped.cancelled()).await.ok();
    }

    /// Works until it is stopped.
    pub async fn run(self, options: CourierOptions) {
        let stopped = self.shared.stopped.clone().drop_guard();
        let CourierOptions { channels, clock, jitter, tell } = options;
        let by_id = |channel: Arc<dyn Channel>| (channel.id().to_owned(), channel);
        let channels = channels.into_iter().map(by_id).collect();
        Work { shared: self.shared, channels, clock, jitter, tell, is_refused: false }.run().await;
        drop(stopped);
    }
}

struct Work {
    shared: Arc<Shared>,
    channels: BTreeMap<String, Arc<dyn Channel>>,
    clock: Arc<dyn Clock>,
    jitter: Box<dyn Fn() -> f64 + Send + Sync>,
    tell: Box<dyn Fn(&Notice) + Send + Sync>,
    /// Whether the ledger refused the last time: the log says it once.
    is_refused: bool,
}

/// What one round found.
enum Round {
    /// Tries to begin, and when the next is due.
    Found(Vec<ClaimedDelivery>, Option<i64>),
    /// The ledger refused.
    Refused,
    /// The ledger is closed.
    Over,
}

impl Work {
    async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut tries = FuturesUnordered::new();
        while !shared.stop.is_cancelled() {
            let nap = match self.round(MAX_IN_FLIGHT - tries.len()).await {
                Round::Over => return,
                Round::Refused => Some(REFUSED_NAP),
                Round::Found(claimed, next) => {
                    tries.extend(claimed.into_iter().map(|claimed| self.deliver(claimed)));
                    // With no room for another try, the end of one is what to wait for.
                    next.filter(|_| tries.len() < MAX_IN_FLIGHT).map(|next| self.nap_until(next))
                }
            };
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => break,
                Some(ended) = tries.next(), if !tries.is_empty() => self.ended(&ended),
                () = shared.wake.notified() => {}
                () = nap_for(nap) => {}
            }
        }
        let last = async {
            while let Some(ended) = tries.next().await {
                self.ended(&ended);
            }
        };
        if tokio::time::timeout(LAST_MOMENT, last).await.is_err() {
            tracing::warn!("messages were being sent when the gateway stopped; the next start judges them");
        }
    }

    /// Judges what is too old, and claims what is due.
    async fn round(&mut self, room: usize) -> Round {
        match self.look(room).await {
            Ok((claimed, next)) => {
                self.is_refused = false;
                Round::Found(claimed, next)
            }
            Err(LedgerError::Closed) => Round::Over,
            Err(error) => {
                if !self.is_refused {
                    tracing::error!(%error, "the outbox cannot be read; it is tried again every few seconds");
                }
                self.is_refused = true;
                Round::Refused
            }
        }
    }

    async fn look(&self, room: usize) -> Result<(Vec<ClaimedDelivery>, Option<i64>), LedgerError> {
        let (ledger, now_ms) = (&self.shared.ledger, self.clock.now_ms());
        // In this order, and for one wait of the disk.
        let (expired, claimed, next) = tokio::join!(
            biased;
            ask(|done| ledger.expire(now_ms, done)),
            ask(|done| ledger.claim_due(now_ms, room, done)),
            ask(|done| ledger.next_due(done)),
        );
        // What is claimed is ours to try, whatever became of the other questions.
        let claimed = claimed?;
        let (expired, next) = match (expired, next) {
            (Ok(expired), Ok(next)) => (expired, next),
            (Err(error), _) | (_, Err(error)) if claimed.is_empty() => return Err(error),
            (_, _) => return Ok((claimed, Some(self.clock.now_ms()))),
        };
        if expired != Expired::default() {
            self.shared.changes.many();
            let Expired { dead, unknown } = expired;
            tracing::warn!(
                dead,
                unknown,
                "messages were not sent: dead ones are too old, of unknown ones nobody can say whether they arrived; \
                 `openclaw outbox list` shows them, `openclaw outbox retry` sends them"
            );
            (self.tell)(&Notice::Expired(expired));
        }
        Ok((claimed, next))
    }

    fn nap_until(&self, due_ms: i64) -> Duration {
        let wait_ms = due_ms.saturating_sub(self.clock.now_ms()).max(0);
        Duration::from_millis(wait_ms.unsigned_abs()).clamp(MIN_NAP, MAX_NAP)
    }

    /// A try and the record of its end.
    fn deliver(&self, claimed: ClaimedDelivery) -> impl Future<Output = Ended> + use<> {
        let channel = self.channels.get(&claimed.what.channel).cloned();
        let (shared, clock, jitter) = (Arc::clone(&self.shared), Arc::clone(&self.clock), (self.jitter)());
        async move {
            let delivery = attempt(channel, &claimed).await;
            let (id, attempt) = (claimed.id, claimed.attempt);
            let settled = Settled { id, attempt, delivery, now_ms: clock.now_ms(), jitter };
            let state = settle(&*shared.ledger, settled).await;
            Ended { id: claimed.id, what: claimed.what, state }
        }
    }

    fn ended(&self, ended: &Ended) {
        let Ended { id, what, state } = ended;
        self.shared.changes.one(what);
        match state {
            Some(state @ (DeliveryState::Dead | DeliveryState::Unknown)) => {
                let id_number = id.number();
                tracing::warn!(id = id_number, channel = %what.channel, state = state.as_str(), "a message needs you: `openclaw outbox list`");
                let channel = what.channel.clone();
                (self.tell)(&Notice::Stuck { id: *id, channel, state: *state });
            }
            Some(
                DeliveryState::Prepared
                | DeliveryState::Sending
                | DeliveryState::Delivered
                | DeliveryState::Failed,
            )
            | None => {}
        }
    }
}

/// The end of a try.
struct Ended {
    id: DeliveryId,
    what: NewDelivery,
    /// Unknown when the ledger was closed before it could be recorded.
    state: Option<DeliveryState>,
}

/// Records what the platform said. While the ledger refuses, it is asked again: what the platform has must not be
/// forgotten as long as there is somebody who knows.
async fn settle(ledger: &dyn Ledger, settled: Settled) -> Option<DeliveryState> {
    loop {
        match ask(|done| ledger.settle(settled.clone(), done)).await {
            Ok(state) => return Some(state),
            Err(LedgerError::Closed) => return None,
            Err(error) => {
                tracing::error!(%error, id = settled.id.number(), "the end of a delivery cannot be recorded yet");
                tokio::time::sleep(REFUSED_NAP).await;
            }
        }
    }
}

async fn nap_for(nap: Option<Duration>) {
    match nap {
        Some(nap) => tokio::time::sleep(nap).await,
        None => std::future::pending().await,
    }
}
