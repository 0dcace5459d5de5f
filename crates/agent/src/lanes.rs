//! Lanes: one task per busy session, one turn at a time in each, a global limit over all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openclaw_protocol::session_key::SessionKey;
use openclaw_store::Ledger;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::lane::{Job, Lane};
use crate::runtime::AgentRuntime;
use crate::turn_limit::TurnLimit;

/// Jobs that may wait in one session. A person cannot type that fast; a runaway client is told to wait.
const MAX_WAITING: usize = 32;
/// An idle lane forgets its transcript after this long, so that thousands of sessions cost nothing.
const IDLE: Duration = Duration::from_secs(20);

/// All lanes of the process.
#[derive(Clone)]
pub struct Lanes {
    inner: Arc<Inner>,
}

struct Inner {
    lanes: Mutex<HashMap<SessionKey, Entry>>,
    /// Turns that may run at once.
    turns: Arc<TurnLimit>,
    /// Where turns are ended for good.
    ledger: Arc<dyn Ledger>,
    /// Set under the lock of the lanes.
    is_closed: AtomicBool,
}

/// A lane as others see it: where its jobs go, and what ends it.
struct Entry {
    jobs: mpsc::Sender<Work>,
    task: JoinHandle<()>,
}

/// A job, and the agent as it was configured when the job came.
type Work = (Arc<AgentRuntime>, Job);

/// A session takes no more messages now: too many wait, or the gateway stops.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_WAITING} messages already wait in {key}; send again when some of them are answered")]
pub struct LaneFull {
    /// The session.
    pub key: String,
}

impl Lanes {
    /// Lanes that run at most this many turns at once and end them in a ledger.
    #[must_use]
    pub fn new(max_turns: usize, ledger: Arc<dyn Ledger>) -> Self {
        let lanes = Mutex::new(HashMap::new());
        Self {
            inner: Arc::new(Inner {
                lanes,
                turns: Arc::new(TurnLimit::new(max_turns)),
                ledger,
                is_closed: AtomicBool::new(false),
            }),
        }
    }

    /// Changes how many turns may run at once. Turns that run are not stopped: a lower limit holds as soon as enough of
    /// them have ended.
    pub fn set_max_turns(&self, max_turns: usize) {
        self.inner.turns.set(max_turns);
    }

    /// Ends every lane where it stands, and takes no more work. Jobs that wait or run are dropped and say so to whoever
    /// waits for them. Returns when all have, or the time is over: the next gateway must not find anybody writing.
    pub async fn shut_down(&self, limit: Duration) {
        let lanes: Vec<Entry> = {
            let mut lanes = self.inner.lock();
            self.inner.is_closed.store(true, Ordering::Relaxed);
            lanes.drain().map(|(_, lane)| lane).collect()
        };
        for lane in &lanes {
            lane.task.abort();
        }
        let ended = futures_util::future::join_all(lanes.into_iter().map(|lane| lane.task));
        // One that is in the middle of a write ends after it.
        tokio::time::timeout(limit, ended).await.ok();
    }

    /// Takes a place in the lane of a session. Jobs of one session run in the order of these calls.
    ///
    /// # Errors
    /// [`LaneFull`].
    pub fn reserve(&self, runtime: &Arc<AgentRuntime>, key: &SessionKey) -> Result<LaneSlot, LaneFull> {
        let mut lanes = self.inner.lock();
        if self.inner.is_closed.load(Ordering::Relaxed) {
            return Err(LaneFull { key: key.to_string() });
        }
        // A lane that died of a panic is closed; its jobs have been told.
        let alive = lanes.get(key).map(|lane| &lane.jobs).filter(|jobs| !jobs.is_closed()).cloned();
        let jobs = alive.unwrap_or_else(|| self.start(&mut lanes, runtime, key));
        let full = |_| LaneFull { key: key.to_string() };
        let permit = jobs.try_reserve_owned().map_err(full)?;
        Ok(LaneSlot { permit, runtime: Arc::clone(runtime) })
    }

    /// Hands a job to the lane of its session.
    ///
    /// # Errors
    /// [`LaneFull`]; the job is dropped and says so to whoever waits for it.
    pub fn submit(&self, runtime: &Arc<AgentRuntime>, key: &SessionKey, job: Job) -> Result<(), LaneFull> {
        self.reserve(runtime, key)?.send(job);
        Ok(())
    }

    fn start(
        &self,
        lanes: &mut HashMap<SessionKey, Entry>,
        runtime: &Arc<AgentRuntime>,
        key: &SessionKey,
    ) -> mpsc::Sender<Work> {
        let (jobs, receiver) = mpsc::channel(MAX_WAITING);
        let Inner { turns, ledger, .. } = &*self.inner;
        let lane = Lane::new(Arc::clone(runtime), key.clone(), Arc::clone(turns), Arc::clone(ledger));
        let task = tokio::spawn(run(Arc::clone(&self.inner), lane, receiver));
        lanes.insert(key.clone(), Entry { jobs: jobs.clone(), task });
        jobs
    }

    /// Sessions that are busy or were a moment ago.
    #[must_use]
    pub fn active(&self) -> usize {
        self.inner.lock().len()
    }
}

/// A place in a lane, to be filled once the caller has said what it must say first.
pub struct LaneSlot {
    permit: mpsc::OwnedPermit<Work>,
    runtime: Arc<AgentRuntime>,
}

impl LaneSlot {
    /// Hands the job over. If the lane died meanwhile, the job is dropped and says so to whoever waits for it.
    pub fn send(self, job: Job) {
        drop(self.permit.send((self.runtime, job)));
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, Entry>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(inner: Arc<Inner>, mut lane: Lane, mut jobs: mpsc::Receiver<Work>) {
    loop {
        match tokio::time::timeout(IDLE, jobs.recv()).await {
            Ok(Some((runtime, job))) => lane.run(runtime, job).await,
            Ok(None) => return,
            Err(_) => {
                let mut lanes = inner.lock();
                // Places are taken under this lock: when none is, none will be until the entry is gone.
                if jobs.is_empty() && jobs.capacity() == MAX_WAITING {
                    lanes.remove(lane.key());
                    return;
                }
            }
        }
    }
}
