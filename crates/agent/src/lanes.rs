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

    /// Hands a job to the lane of its session. Jobs of one session run in the order of this call.
    ///
    /// # Errors
    /// [`LaneFull`]; the job is dropped and says so to whoever waits for it.
    pub fn submit(&self, runtime: &Arc<AgentRuntime>, key: &SessionKey, job: Job) -> Result<(), LaneFull> {
        let mut lanes = self.inner.lock();
        let job = match lanes.get(key) {
            None => job,
            Some(sender) => match sender.try_send(job) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(_)) => return Err(LaneFull { key: key.to_string() }),
                // The lane died of a panic; its jobs have been told.
                Err(mpsc::error::TrySendError::Closed(job)) => job,
            },
        };
        self.start(&mut lanes, runtime, key, job)
    }

    fn start(
        &self,
        lanes: &mut HashMap<SessionKey, mpsc::Sender<Job>>,
        runtime: &Arc<AgentRuntime>,
        key: &SessionKey,
        job: Job,
    ) -> Result<(), LaneFull> {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        let lane = Lane::new(Arc::clone(runtime), key.clone(), Arc::clone(&self.inner.turns));
        // A new channel has room.
        sender.try_send(job).map_err(|_| LaneFull { key: key.to_string() })?;
        lanes.insert(key.clone(), sender);
        tokio::spawn(run(Arc::clone(&self.inner), lane, receiver));
        Ok(())
    }

    /// Whether the lane of a session takes another job now.
    #[must_use]
    pub fn has_room(&self, key: &SessionKey) -> bool {
        self.inner.lock().get(key).is_none_or(|sender| sender.capacity() > 0)
    }

    /// Sessions that are busy or were a moment ago.
    #[must_use]
    pub fn active(&self) -> usize {
        self.inner.lock().len()
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
                // Jobs are sent under this lock, so an empty mailbox stays empty until the entry is gone.
                if jobs.is_empty() {
                    lanes.remove(lane.key());
                    return;
                }
            }
        }
    }
}
