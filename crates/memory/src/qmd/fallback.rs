//! Two memories: one that is wanted, and one that answers when it cannot.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_guard::Clock;

use super::error::QmdError;
use super::values;
use crate::backend::{
    Answer, LineRange, MemoryBackend, Passage, Query, Standing, Status, SyncReason, SyncReport,
};
use crate::error::MemoryError;

/// After a first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// However often it failed: once in a quarter of an hour, one search may be late.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// A memory that answers from another one while it fails, says so, and is tried again after a pause that grows.
pub struct WithFallback {
    primary: Arc<dyn MemoryBackend>,
    fallback: Arc<dyn MemoryBackend>,
    clock: Arc<dyn Clock>,
    health: Mutex<Health>,
}

/// How the primary is.
#[derive(Debug, Default)]
struct Health {
    failures: u32,
    failed_ms: i64,
    /// Why the last search was not answered by it.
    reason: Option<String>,
    /// One search finds out whether it is well again; the others do not wait for that.
    is_on_trial: bool,
}

/// What a request may do.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Primary,
    Fallback { reason: String },
}

impl Health {
    fn turn(&mut self, now_ms: i64) -> Turn {
        let Some(reason) = self.reason.clone() else { return Turn::Primary };
        if self.is_on_trial || !self.has_paused(now_ms) {
            return Turn::Fallback { reason };
        }
        self.is_on_trial = true;
        Turn::Primary
    }

    fn has_paused(&self, now_ms: i64) -> bool {
        self.rests(now_ms).is_zero()
    }

    /// How long it is left alone from now on. A clock that was set back has no say.
    fn rests(&self, now_ms: i64) -> Duration {
        let passed = now_ms.saturating_sub(self.failed_ms);
        let passed = u64::try_from(passed).map_or(LONGEST_PAUSE, Duration::from_millis);
        pause(self.failures).saturating_sub(passed)
    }

    /// Why it does not answer, and when it may again; nothing while it does.
    fn words(&self, now_ms: i64) -> Option<String> {
        let reason = self.reason.as_ref()?;
        Some(match self.rests(now_ms).as_millis().div_ceil(1_000) {
            0 => format!("{reason}; the next search tries it again"),
            seconds => format!("{reason}; it is tried again in {seconds} s"),
        })
    }

    fn failed(&mut self, error: &MemoryError, now_ms: i64) -> String {
        let reason = error.to_string();
        // Making a first index takes its time and is no failure.
        if !matches!(error, MemoryError::Qmd(QmdError::Starting)) {
            self.failures = self.failures.saturating_add(1);
        }
        self.failed_ms = now_ms;
        self.reason = Some(reason.clone());
        reason
    }
}

/// How long it is left alone after so many failures in a row.
fn pause(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE),
    }
}

impl WithFallback {
    /// `primary` answers while it can, `fallback` otherwise.
    #[must_use]
    pub fn new(
        primary: Arc<dyn MemoryBackend>,
        fallback: Arc<dyn MemoryBackend>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { primary, fallback, clock, health: Mutex::default() }
    }

    /// The lock only ever guards a few moves of a value, so that a poisoned one is still whole.
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn find(&self, query: Query) -> Result<Answer, MemoryError> {
        let turn = self.health().turn(self.clock.now_ms());
        let reason = match turn {
            Turn::Fallback { reason } => reason,
            Turn::Primary => {
                let _trial = Trial(self);
                match self.primary.search(query.clone()).await {
                    Ok(answer) => {
                        let before = std::mem::take(&mut *self.health());
                        if let Some(reason) = before.reason {
                            tracing::info!(%reason, "memory is answered by qmd again");
                        }
                        return Ok(answer);
                    }
                    Err(error) => self.failed(&error),
                }
            }
        };
        Ok(values::stepped_in(self.fallback.search(query).await?, &reason))
    }

    fn failed(&self, error: &MemoryError) -> String {
        let reason = self.health().failed(error, self.clock.now_ms());
        tracing::warn!(%reason, "memory is answered by the built-in engine");
        reason
    }
}

/// Ends a trial, also of a search that nobody waits for any more.
struct Trial<'a>(&'a WithFallback);

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        self.0.health().is_on_trial = false;
    }
}

impl MemoryBackend for WithFallback {
    fn search(&self, query: Query) -> BoxFuture<'_, Result<Answer, MemoryError>> {
        self.find(query).boxed()
    }

    fn read(&self, range: LineRange) -> BoxFuture<'_, Result<Passage, MemoryError>> {
        async move {
            match self.primary.read(range.clone()).await {
                // It may be a note of the other one: reading says nothing about health.
                Err(MemoryError::NotMemory { .. }) => self.fallback.read(range).await,
                other => other,
            }
        }
        .boxed()
    }

    fn status(&self) -> BoxFuture<'_, Result<Status, MemoryError>> {
        async move {
            let failed = self.health().words(self.clock.now_ms());
            let reason = match failed {
                Some(reason) => reason,
                // Nobody has asked it yet: what cannot answer says so without being asked.
                None => match self.primary.status().await {
                    Ok(status) => return Ok(status),
                    Err(error @ MemoryError::Qmd(QmdError::NoIndex)) => error.to_string(),
                    Err(error) => format!("{error}; the next search tries it again"),
                },
            };
            Ok(values::stepped_in_status(self.fallback.status().await?, &reason))
        }
        .boxed()
    }

    fn standing(&self) -> Standing {
        match self.health().words(self.clock.now_ms()) {
            None => self.primary.standing(),
            Some(reason) => {
                Standing { fallback: Some(values::fallback(&reason)), ..self.fallback.standing() }
            }
        }
    }

    fn start(&self) -> BoxFuture<'_, ()> {
        // The one that steps in brings itself up to date when it is asked.
        self.primary.start()
    }

    fn sync(&self, why: SyncReason) -> BoxFuture<'_, Result<SyncReport, MemoryError>> {
        async move {
            let is_paused = {
                let health = self.health();
                health.reason.is_some() && !health.has_paused(self.clock.now_ms())
            };
            let is_asked = match why {
                SyncReason::Requested | SyncReason::Rebuild => true,
                SyncReason::SessionStart | SyncReason::Written => false,
            };
            // Who asks may have mended it just now.
            if is_paused && !is_asked {
                return self.fallback.sync(why).await;
            }
            match self.primary.sync(why).await {
                Ok(report) => {
                    // The next search finds out.
                    self.health().failures = 0;
                    Ok(report)
                }
                Err(error) => {
                    self.failed(&error);
                    self.fallback.sync(why).await
                }
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::{Health, Turn, pause};
    use crate::error::MemoryError;
    use crate::qmd::QmdError;

    fn broken() -> MemoryError {
        QmdError::Missing { command: "qmd".into() }.into()
    }

    #[test]
    fn pauses_grow_and_end() {
        let seconds = [0, 1, 2, 3, 5, 6, 99, u32::MAX].map(|failures| pause(failures).as_secs());
        assert_eq!(seconds, [0, 30, 60, 120, 480, 900, 900, 900]);
    }

    #[test]
    fn one_search_finds_out_after_the_pause() {
        let mut health = Health::default();
        assert_eq!(health.turn(0), Turn::Primary);
        assert_eq!(health.turn(0), Turn::Primary, "a healthy one is no trial");
        health.failed(&broken(), 1_000);
        assert!(matches!(health.turn(30_999), Turn::Fallback { reason } if reason.contains("npm install")));
        assert_eq!(health.turn(31_000), Turn::Primary);
        assert!(matches!(health.turn(31_000), Turn::Fallback { .. }), "the others do not wait");
        health.is_on_trial = false;
        health.failed(&broken(), 31_000);
        assert!(matches!(health.turn(90_999), Turn::Fallback { .. }));
        assert_eq!(health.turn(91_000), Turn::Primary);
    }

    #[test]
    fn the_state_says_when_it_is_tried_again() {
        let mut health = Health::default();
        assert_eq!(health.words(0), None);
        health.failed(&broken(), 1_000);
        let words = health.words(2_500).unwrap();
        assert!(words.contains("npm install") && words.ends_with("; it is tried again in 29 s"), "{words}");
        let words = health.words(31_000).unwrap();
        assert!(words.ends_with("; the next search tries it again"), "{words}");
    }

    #[test]
    fn a_first_index_is_no_failure_and_a_clock_set_back_blocks_nothing() {
        let mut health = Health::default();
        health.failed(&QmdError::Starting.into(), 1_000);
        assert_eq!((health.failures, health.turn(1_000)), (0, Turn::Primary));
        let mut health = Health::default();
        health.failed(&broken(), 9_000_000);
        assert_eq!(health.turn(5), Turn::Primary);
    }
}
