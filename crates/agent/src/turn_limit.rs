//! How many turns run at once, over all sessions. The number moves while they run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most turns at once. Each holds a connection to a provider and a transcript in memory.
pub(crate) const MAX_TURNS: usize = 10_000;

/// The limit.
pub(crate) struct TurnLimit {
    permits: Arc<Semaphore>,
    state: Mutex<State>,
}

struct State {
    max: usize,
    /// Permits that are out and do not come back.
    surplus: usize,
}

/// Leave to run one turn; given back when dropped.
pub(crate) struct TurnPermit {
    permit: Option<OwnedSemaphorePermit>,
    limit: Arc<TurnLimit>,
}

impl TurnLimit {
    /// At least one turn and at most [`MAX_TURNS`].
    pub(crate) fn new(max: usize) -> Self {
        let max = max.clamp(1, MAX_TURNS);
        Self { permits: Arc::new(Semaphore::new(max)), state: Mutex::new(State { max, surplus: 0 }) }
    }

    /// Moves the limit. Turns that run are not stopped: a lower limit holds as soon as enough of them have ended.
    pub(crate) fn set(&self, max: usize) {
        let max = max.clamp(1, MAX_TURNS);
        let mut state = self.state();
        let before = std::mem::replace(&mut state.max, max);
        let (mut more, fewer) = (max.saturating_sub(before), before.saturating_sub(max));
        let stay = more.min(state.surplus);
        state.surplus -= stay;
        more -= stay;
        self.permits.add_permits(more);
        state.surplus += fewer;
        state.surplus -= self.permits.forget_permits(state.surplus);
    }

    /// Waits for leave to run a turn.
    pub(crate) async fn acquire(self: Arc<Self>) -> TurnPermit {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        TurnPermit { permit, limit: self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TurnPermit {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let mut state = self.limit.state();
        if state.surplus > 0 {
            state.surplus -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_TURNS, TurnLimit};
    use std::sync::Arc;

    #[tokio::test]
    async fn a_lower_limit_holds_once_enough_turns_have_ended() {
        let limit = Arc::new(TurnLimit::new(3));
        let mut out = Vec::new();
        for _ in 0..3 {
            out.push(Arc::clone(&limit).acquire().await);
        }
        limit.set(1);
        limit.set(2);
        out.pop();
        assert_eq!(limit.permits.available_permits(), 0, "two still run");
        out.pop();
        assert_eq!(limit.permits.available_permits(), 1);
        out.clear();
        assert_eq!(limit.permits.available_permits(), 2);
        limit.set(usize::MAX);
        assert_eq!(limit.permits.available_permits(), MAX_TURNS);
        limit.set(0);
        assert_eq!(limit.permits.available_permits(), 1);
    }
}
