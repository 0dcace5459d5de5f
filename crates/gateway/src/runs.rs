//! The runs of this process: which are active, how the others ended, and which idempotency keys they used.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_agent::AbortHandle;
use openclaw_agent::turn::AbortReason;
use openclaw_protocol::frame::ErrorShape;
use openclaw_protocol::session_key::SessionKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Ended runs remembered, for repeats and for `agent.wait` (release: 1,000 keys).
const MAX_ENDED: usize = 1_000;
/// How long an ended run is remembered, in milliseconds (release: ten minutes for `agent.wait`).
const ENDED_TTL_MS: i64 = 10 * 60_000;
/// Runs that may be accepted and unfinished at once: each holds a message and an open promise.
const MAX_ACTIVE: usize = 2_048;
/// Bytes of messages in accepted and unfinished runs.
const MAX_ACTIVE_BYTES: usize = 64 * 1024 * 1024;

/// Which method started a run: an idempotency key belongs to one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RunKind {
    Chat,
    Agent,
}

impl RunKind {
    /// In the order in which a bare id is looked up.
    pub(crate) const ALL: [Self; 2] = [Self::Agent, Self::Chat];

    /// The name in the ledger.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Agent => "agent",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// How a run stands.
#[derive(Debug, Clone)]
pub(crate) enum RunState {
    Active,
    Ended(Arc<RunEnd>),
}

/// How a run ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RunStatus {
    Ok,
    Error,
}

/// How a run ended, for whoever asks later; also the form in the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunEnd {
    pub(crate) status: RunStatus,
    pub(crate) started_at_ms: i64,
    pub(crate) ended_at_ms: i64,
    pub(crate) error: Option<String>,
    /// The final answer of `agent`, also for who repeats the call.
    pub(crate) answer: RunAnswer,
}

/// The final answer of an `agent` call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunAnswer {
    pub(crate) payload: Value,
    pub(crate) error: Option<ErrorShape>,
}

impl RunEnd {
    /// The end of a run that failed without a turn.
    pub(crate) fn failed(words: &str, now_ms: i64) -> Self {
        let error = Some(ErrorShape::unavailable(words));
        let payload = json!({"status": "error", "summary": words});
        Self {
            status: RunStatus::Error,
            started_at_ms: now_ms,
            ended_at_ms: now_ms,
            error: Some(words.to_owned()),
            answer: RunAnswer { payload, error },
        }
    }

    /// For the ledger.
    pub(crate) fn keep(&self) -> Vec<u8> {
        // Texts and numbers always encode.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// From the ledger, which forgets details after a day: what is left then is that it ended.
    pub(crate) fn restore(kept: Option<&[u8]>, ended_at_ms: i64) -> Self {
        let kept = kept.and_then(|kept| serde_json::from_slice(kept).ok());
        kept.unwrap_or_else(|| Self {
            status: RunStatus::Ok,
            started_at_ms: ended_at_ms,
            ended_at_ms,
            error: None,
            answer: RunAnswer { payload: json!({"status": "ok", "summary": "completed"}), error: None },
        })
    }
}

/// An active run.
#[derive(Clone)]
pub(crate) struct ActiveRun {
    pub(crate) key: SessionKey,
    pub(crate) abort: AbortHandle,
    pub(crate) state: watch::Receiver<RunState>,
    bytes: usize,
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
    active_bytes: usize,
}

/// A run that asks to be admitted.
pub(crate) struct Candidate<'a> {
    pub(crate) kind: RunKind,
    pub(crate) id: &'a str,
    pub(crate) key: &'a SessionKey,
    /// Size of its message and images.
    pub(crate) bytes: usize,
}

/// What a run id means at the moment it is presented.
pub(crate) enum Admission {
    /// New: it is active from now on.
    New(ActiveRun),
    /// The same key again while it runs.
    InFlight(ActiveRun),
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
    pub(crate) fn admit(&self, candidate: &Candidate<'_>, now_ms: i64) -> Admission {
        self.admit_up_to(candidate, now_ms, (MAX_ACTIVE, MAX_ACTIVE_BYTES))
    }

    /// Admits a run that was admitted by an earlier process: it fitted then.
    pub(crate) fn admit_again(&self, candidate: &Candidate<'_>, now_ms: i64) -> Admission {
        self.admit_up_to(candidate, now_ms, (usize::MAX, usize::MAX))
    }

    fn admit_up_to(
        &self,
        candidate: &Candidate<'_>,
        now_ms: i64,
        (runs, bytes): (usize, usize),
    ) -> Admission {
        let mut inner = self.lock();
        let name = (candidate.kind, candidate.id.to_owned());
        if let Some((run, _)) = inner.active.get(&name) {
            return Admission::InFlight(run.clone());
        }
        if let Some(end) = inner.ended.get(&name)
            && now_ms - end.ended_at_ms < ENDED_TTL_MS
        {
            return Admission::Ended(Arc::clone(end));
        }
        if inner.active.len() >= runs || inner.active_bytes.saturating_add(candidate.bytes) > bytes {
            return Admission::Full;
        }
        inner.active_bytes += candidate.bytes;
        let (sender, receiver) = watch::channel(RunState::Active);
        let run = ActiveRun {
            key: candidate.key.clone(),
            abort: AbortHandle::default(),
            state: receiver,
            bytes: candidate.bytes,
        };
        inner.active.insert(name, (run.clone(), sender));
        Admission::New(run)
    }

    /// Records the end of a run.
    pub(crate) fn end(&self, kind: RunKind, id: &str, end: RunEnd) {
        let mut inner = self.lock();
        let name = (kind, id.to_owned());
        let end = Arc::new(end);
        if let Some((run, sender)) = inner.active.remove(&name) {
            inner.active_bytes -= run.bytes;
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
        let mut inner = self.lock();
        if let Some((run, _)) = inner.active.remove(&(kind, id.to_owned())) {
            inner.active_bytes -= run.bytes;
        }
    }

    /// How a run of any kind stands.
    pub(crate) fn state(&self, id: &str, now_ms: i64) -> Option<watch::Receiver<RunState>> {
        let inner = self.lock();
        for kind in RunKind::ALL {
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
    use super::{
        Admission, Candidate, ENDED_TTL_MS, MAX_ACTIVE_BYTES, MAX_ENDED, RunAnswer, RunEnd, RunKind,
        RunStatus, Runs,
    };
    use openclaw_agent::turn::AbortReason;
    use openclaw_protocol::session_key::SessionKey;

    fn key(name: &str) -> SessionKey {
        SessionKey::canonical(name, "main", "main")
    }

    fn admit(runs: &Runs, kind: RunKind, id: &str, session: &str, now_ms: i64) -> Admission {
        runs.admit(&Candidate { kind, id, key: &key(session), bytes: 10 }, now_ms)
    }

    fn end(at: i64) -> RunEnd {
        RunEnd {
            status: RunStatus::Ok,
            started_at_ms: 0,
            ended_at_ms: at,
            error: None,
            answer: RunAnswer::default(),
        }
    }

    #[test]
    fn a_key_starts_one_run_and_is_remembered_for_a_while() {
        let runs = Runs::default();
        assert!(matches!(admit(&runs, RunKind::Chat, "a", "x", 0), Admission::New(_)));
        assert!(matches!(admit(&runs, RunKind::Chat, "a", "y", 0), Admission::InFlight(_)));
        assert!(matches!(admit(&runs, RunKind::Agent, "a", "x", 0), Admission::New(_)));
        runs.end(RunKind::Chat, "a", end(5));
        assert!(matches!(admit(&runs, RunKind::Chat, "a", "x", 6), Admission::Ended(_)));
        assert!(matches!(admit(&runs, RunKind::Chat, "a", "x", 6 + ENDED_TTL_MS), Admission::New(_)));
    }

    #[test]
    fn aborts_only_what_belongs_to_the_session() {
        let runs = Runs::default();
        for (id, session) in [("a", "x"), ("b", "x"), ("c", "y")] {
            admit(&runs, RunKind::Chat, id, session, 0);
        }
        assert_eq!(runs.abort(&key("x"), Some("c"), AbortReason::Rpc), Vec::<String>::new());
        assert_eq!(runs.abort(&key("x"), None, AbortReason::Rpc), ["a", "b"]);
        assert_eq!(runs.session_of("c"), Some(key("y")));
    }

    #[test]
    fn waiting_messages_are_bounded_by_bytes() {
        let runs = Runs::default();
        let big = |id: &'static str| {
            runs.admit(&Candidate { kind: RunKind::Chat, id, key: &key("x"), bytes: MAX_ACTIVE_BYTES }, 0)
        };
        assert!(matches!(big("a"), Admission::New(_)));
        assert!(matches!(big("b"), Admission::Full));
        runs.end(RunKind::Chat, "a", end(0));
        assert!(matches!(big("b"), Admission::New(_)));
        runs.withdraw(RunKind::Chat, "b");
        assert_eq!(runs.lock().active_bytes, 0);
    }

    #[test]
    fn memory_is_bounded() {
        let runs = Runs::default();
        for n in 0..MAX_ENDED * 3 {
            admit(&runs, RunKind::Chat, &n.to_string(), "x", 0);
            runs.end(RunKind::Chat, &n.to_string(), end(0));
        }
        let inner = runs.lock();
        assert_eq!((inner.ended.len(), inner.order.len(), inner.active.len()), (MAX_ENDED, MAX_ENDED, 0));
    }
}
