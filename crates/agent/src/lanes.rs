//! Lanes: one task per busy session, one turn at a time in each, a global limit over all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openclaw_protocol::session_key::SessionKey;
use tokio::sync::{Semaphore, mpsc};

use crate::lane::{Job, Lane};
use crate::runtime::AgentRuntime;

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
    lanes: Mutex<HashMap<SessionKey, mpsc::Sender<Job>>>,
    /// Turns that may run at once.
    turns: Arc<Semaphore>,
}

/// A session has too many messages waiting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_WAITING} messages already wait in {key}; send again when some of them are answered")]
pub struct LaneFull {
    /// The session.
    pub key: String,
}

impl Lanes {
    /// Lanes that run at most this many turns at once.
    #[must_use]
    pub fn new(max_turns: usize) -> Self {
        let turns = Arc::new(Semaphore::new(max_turns.max(1)));
        Self { inner: Arc::new(Inner { lanes: Mutex::new(HashMap::new()), turns }) }
    }

    /// Takes a place in the lane of a session. Jobs of one session run in the order of these calls.
    ///
    /// # Errors
    /// [`LaneFull`].
    pub fn reserve(&self, runtime: &Arc<AgentRuntime>, key: &SessionKey) -> Result<LaneSlot, LaneFull> {
        let mut lanes = self.inner.lock();
        // A lane that died of a panic is closed; its jobs have been told.
        let alive = lanes.get(key).filter(|sender| !sender.is_closed()).cloned();
        let sender = alive.unwrap_or_else(|| self.start(&mut lanes, runtime, key));
        let full = |_| LaneFull { key: key.to_string() };
        sender.try_reserve_owned().map(LaneSlot).map_err(full)
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
        lanes: &mut HashMap<SessionKey, mpsc::Sender<Job>>,
        runtime: &Arc<AgentRuntime>,
        key: &SessionKey,
    ) -> mpsc::Sender<Job> {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        let lane = Lane::new(Arc::clone(runtime), key.clone(), Arc::clone(&self.inner.turns));
        lanes.insert(key.clone(), sender.clone());
        tokio::spawn(run(Arc::clone(&self.inner), lane, receiver));
        sender
    }

    /// Sessions that are busy or were a moment ago.
    #[must_use]
    pub fn active(&self) -> usize {
        self.inner.lock().len()
    }
}

/// A place in a lane, to be filled once the caller has said what it must say first.
pub struct LaneSlot(mpsc::OwnedPermit<Job>);

impl LaneSlot {
    /// Hands the job over. If the lane died meanwhile, the job is dropped and says so to whoever waits for it.
    pub fn send(self, job: Job) {
        drop(self.0.send(job));
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, mpsc::Sender<Job>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(inner: Arc<Inner>, mut lane: Lane, mut jobs: mpsc::Receiver<Job>) {
    loop {
        match tokio::time::timeout(IDLE, jobs.recv()).await {
            Ok(Some(job)) => lane.run(job).await,
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
