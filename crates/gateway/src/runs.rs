//! The runs of this process: which are active, how the others ended, and which idempotency keys they used.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_agent::AbortHandle;
use openclaw_agent::turn::AbortReason;
use openclaw_protocol::session_key::SessionKey;
use serde_json::Value;
use tokio::sync::watch;

/// Ended runs remembered, for repeats and for `agent.wait` (release: 1,000 keys).
const MAX_ENDED: usize = 1_000;
/// How long an ended run is remembered, in milliseconds (release: ten minutes for `agent.wait`).
const ENDED_TTL_MS: i64 = 10 * 60_000;
/// Runs that may be accepted and unfinished at once: each holds a message and an open promise.
const MAX_ACTIVE: usize = 2_048;

/// Which method started a run: an idempotency key belongs to one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RunKind {
    Chat,
    Agent,
}

/// How a run stands.
#[derive(Debug, Clone)]
pub(crate) enum RunState {
    Active,
    Ended(Arc<RunEnd>),
}

/// How a run ended, for whoever asks later.
#[derive(Debug, Clone)]
pub(crate) struct RunEnd {
    /// `ok` or `error`.
    pub(crate) status: &'static str,
    pub(crate) started_at_ms: i64,
    pub(crate) ended_at_ms: i64,
    pub(crate) error: Option<String>,
    /// The final answer of `agent`.
    pub(crate) result: Value,
}

/// An active run.
#[derive(Clone)]
pub(crate) struct ActiveRun {
    pub(crate) key: SessionKey,
    pub(crate) abort: AbortHandle,
    pub(crate) state: watch::Receiver<RunState>,
}

/// The registry.
#[derive(Default)]
pub(crate) struct Runs {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    active: HashMap<(RunKind, String), (ActiveRun, watch::Sender<RunState>)>,
    ended: HashMap<(RunKind, String), Arc<RunEnd>>,
    order: VecDeque<(RunKind, String)>,
}

/// What a run id means at the moment it is presented.
pub(crate) enum Admission {
    /// New: it is active from now on.
    New(ActiveRun),
    /// The same key again while it runs.
    InFlight,
    /// The same key again after the end.
    Ended(Arc<RunEnd>),
    /// Too many runs at once.
    Full,
}

impl Runs {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a run under its idempotency key.
    pub(crate) fn admit(&self, kind: RunKind, id: &str, key: &SessionKey, now_ms: i64) -> Admission {
        let mut inner = self.lock();
        let name = (kind, id.to_owned());
        if inner.active.contains_key(&name) {
            return Admission::InFlight;
        }
        if let Some(end) = inner.ended.get(&name)
            && now_ms - end.ended_at_ms < ENDED_TTL_MS
        {
            return Admission::Ended(Arc::clone(end));
        }
        if inner.active.len() >= MAX_ACTIVE {
            return Admission::Full;
        }
        let (sender, receiver) = watch::channel(RunState::Active);
        let run = ActiveRun { key: key.clone(), abort: AbortHandle::default(), state: receiver };
        inner.active.insert(name, (run.clone(), sender));
        Admission::New(run)
    }

    /// Records the end of a run.
    pub(crate) fn end(&self, kind: RunKind, id: &str, end: RunEnd) {
        let mut inner = self.lock();
        let name = (kind, id.to_owned());
        let end = Arc::new(end);
        if let Some((_, sender)) = inner.active.remove(&name) {
            // Nobody may be waiting.
            sender.send(RunState::Ended(Arc::clone(&end))).ok();
        }
        if inner.ended.insert(name.clone(), end).is_none() {
            inner.order.push_back(name);
        }
        while inner.order.len() > MAX_ENDED {
            if let Some(oldest) = inner.order.pop_front() {
                inner.ended.remove(&oldest);
            }
        }
    }

    /// Forgets a run that was admitted and could not be started.
    pub(crate) fn withdraw(&self, kind: RunKind, id: &str) {
        self.lock().active.remove(&(kind, id.to_owned()));
    }

    /// How a run of any kind stands.
    pub(crate) fn state(&self, id: &str, now_ms: i64) -> Option<watch::Receiver<RunState>> {
        let inner = self.lock();
        for kind in [RunKind::Agent, RunKind::Chat] {
            let name = (kind, id.to_owned());
            if let Some((run, _)) = inner.active.get(&name) {
                return Some(run.state.clone());
            }
            if let Some(end) = inner.ended.get(&name)
                && now_ms - end.ended_at_ms < ENDED_TTL_MS
            {
                return Some(watch::channel(RunState::Ended(Arc::clone(end))).1);
            }
        }
        None
    }

    /// Stops the runs of a session, or one of them; returns the ids that were stopped.
    pub(crate) fn abort(&self, key: &SessionKey, only: Option<&str>, reason: AbortReason) -> Vec<String> {
        let inner = self.lock();
        let mut ids: Vec<String> = Vec::new();
        for ((_, id), (run, _)) in &inner.active {
            if run.key == *key && only.is_none_or(|only| only == id) {
                run.abort.abort(reason);
                ids.push(id.clone());
            }
        }
        ids.sort();
        ids
    }

    /// The session of an active run.
    pub(crate) fn session_of(&self, id: &str) -> Option<SessionKey> {
        let inner = self.lock();
        inner.active.iter().find(|((_, known), _)| known == id).map(|(_, (run, _))| run.key.clone())
    }

    /// Stops everything.
    pub(crate) fn abort_all(&self, reason: AbortReason) {
        for (run, _) in self.lock().active.values() {
            run.abort.abort(reason);
        }
    }

    pub(crate) fn active_count(&self) -> usize {
        self.lock().active.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Admission, ENDED_TTL_MS, MAX_ENDED, RunEnd, RunKind, Runs};
    use openclaw_agent::turn::AbortReason;
    use openclaw_protocol::session_key::SessionKey;
    use serde_json::Value;

    fn key(name: &str) -> SessionKey {
        SessionKey::canonical(name, "main", "main")
    }

    fn end(at: i64) -> RunEnd {
        RunEnd { status: "ok", started_at_ms: 0, ended_at_ms: at, error: None, result: Value::Null }
    }

    #[test]
    fn a_key_starts_one_run_and_is_remembered_for_a_while() {
        let runs = Runs::default();
        assert!(matches!(runs.admit(RunKind::Chat, "a", &key("x"), 0), Admission::New(_)));
        assert!(matches!(runs.admit(RunKind::Chat, "a", &key("y"), 0), Admission::InFlight));
        assert!(matches!(runs.admit(RunKind::Agent, "a", &key("x"), 0), Admission::New(_)));
        runs.end(RunKind::Chat, "a", end(5));
        assert!(matches!(runs.admit(RunKind::Chat, "a", &key("x"), 6), Admission::Ended(_)));
        assert!(matches!(runs.admit(RunKind::Chat, "a", &key("x"), 6 + ENDED_TTL_MS), Admission::New(_)));
    }

    #[test]
    fn aborts_only_what_belongs_to_the_session() {
        let runs = Runs::default();
        for (id, session) in [("a", "x"), ("b", "x"), ("c", "y")] {
            runs.admit(RunKind::Chat, id, &key(session), 0);
        }
        assert_eq!(runs.abort(&key("x"), Some("c"), AbortReason::Rpc), Vec::<String>::new());
        assert_eq!(runs.abort(&key("x"), None, AbortReason::Rpc), ["a", "b"]);
        assert_eq!(runs.session_of("c"), Some(key("y")));
    }

    #[test]
    fn memory_is_bounded() {
        let runs = Runs::default();
        for n in 0..MAX_ENDED * 3 {
            runs.admit(RunKind::Chat, &n.to_string(), &key("x"), 0);
            runs.end(RunKind::Chat, &n.to_string(), end(0));
        }
        let inner = runs.lock();
        assert_eq!((inner.ended.len(), inner.order.len(), inner.active.len()), (MAX_ENDED, MAX_ENDED, 0));
    }
}
