//! Waiting for a job: a state machine that decides, and a driver that looks and sleeps.

use std::time::Duration;

use openclaw_config::EmbeddingBatch;

use super::job::{BatchJob, BatchJobs, JobState};
use crate::remote::Means;
use crate::{EmbedError, Failure};

/// Looks in a row that may fail in passing before the job is left alone.
const MAX_FAILED_LOOKS: u32 = 5;
/// Looks with the configured interval; then each wait is a quarter longer.
const QUICK_LOOKS: u32 = 15;
/// No wait is longer than this many intervals.
const LONGEST_INTERVALS: u32 = 15;

/// `remote.batch` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPolicy {
    /// Whether a sync waits for its jobs, or collects them next time.
    pub wait: bool,
    /// Jobs at the same time.
    pub concurrency: usize,
    /// Between two looks at a job.
    pub poll: Duration,
    /// After this a job is given up.
    pub timeout: Duration,
}

impl BatchPolicy {
    /// From the configuration.
    #[must_use]
    pub fn from_config(batch: &EmbeddingBatch) -> Self {
        Self {
            wait: batch.wait,
            concurrency: usize::try_from(batch.concurrency).unwrap_or(usize::MAX).max(1),
            poll: Duration::from_millis(batch.poll_interval_ms.max(100)),
            timeout: Duration::from_secs(batch.timeout_minutes.saturating_mul(60)),
        }
    }
}

/// What a look at the job showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Its state.
    State(JobState),
    /// The look itself failed.
    Failure(Failure),
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Look again after this.
    Sleep(Duration),
    /// It is over.
    End(Ended),
}

/// How the waiting ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All is done: collect it.
    Finished,
    /// The service stopped half-way, or somebody did: collect what there is and send the rest again.
    Partly(JobState),
    /// The service gave up. There is nothing to collect.
    Failed(String),
    /// The configured time is over. The job goes on at the service: look again later, or cancel it.
    TimedOut,
    /// It cannot be looked at. The job may go on at the service.
    Lost(Failure),
}

/// The waiting for one job.
#[derive(Debug, Clone)]
pub struct Waiting {
    policy: BatchPolicy,
    until_ms: i64,
    looks: u32,
    failed_looks: u32,
    interval: Duration,
}

impl Waiting {
    /// The time counts from the job's beginning, also when that was before a restart.
    #[must_use]
    pub fn new(policy: BatchPolicy, job: &BatchJob) -> Self {
        let timeout_ms = i64::try_from(policy.timeout.as_millis()).unwrap_or(i64::MAX);
        Self {
            policy,
            until_ms: job.created_ms.saturating_add(timeout_ms),
            looks: 0,
            failed_looks: 0,
            interval: policy.poll,
        }
    }

    /// Decides after a look. A job that ended is collected even when the time is over.
    pub fn step(&mut self, seen: Seen, now_ms: i64) -> Next {
        self.looks = self.looks.saturating_add(1);
        match seen {
            Seen::State(JobState::Finished) => return Next::End(Ended::Finished),
            Seen::State(JobState::Failed(why)) => return Next::End(Ended::Failed(why)),
            Seen::State(state @ (JobState::Expired | JobState::Cancelled)) => {
                return Next::End(Ended::Partly(state));
            }
            Seen::State(JobState::Running { .. }) => self.failed_looks = 0,
            Seen::Failure(failure) => {
                self.failed_looks += 1;
                if !failure.is_passing() || self.failed_looks > MAX_FAILED_LOOKS {
                    return Next::End(Ended::Lost(failure));
                }
            }
        }
        if now_ms >= self.until_ms {
            return Next::End(Ended::TimedOut);
        }
        if self.looks > QUICK_LOOKS {
            let longest = self.policy.poll.saturating_mul(LONGEST_INTERVALS);
            self.interval = self.interval.mul_f64(1.25).min(longest);
        }
        let left = u64::try_from(self.until_ms.saturating_sub(now_ms)).unwrap_or(0);
        Next::Sleep(self.interval.min(Duration::from_millis(left)))
    }
}

/// Looks at a job until it ends. Dropping the future leaves the job as it is.
pub async fn wait(jobs: &dyn BatchJobs, job: &BatchJob, policy: BatchPolicy, means: &Means) -> Ended {
    let mut waiting = Waiting::new(policy, job);
    loop {
        let seen = match jobs.state(job).await {
            Ok(state) => Seen::State(state),
            Err(EmbedError { failure, .. }) => Seen::Failure(failure),
        };
        match waiting.step(seen, means.clock.now_ms()) {
            Next::End(ended) => return ended,
            Next::Sleep(pause) => means.timer.pause(pause).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BatchPolicy, Ended, Next, Seen, Waiting};
    use crate::Failure;
    use crate::batch::{BatchJob, JobState};
    use openclaw_config::EmbeddingBatch;
    use proptest::prelude::*;
    use std::time::Duration;

    fn waiting() -> Waiting {
        let policy = BatchPolicy {
            wait: true,
            concurrency: 2,
            poll: Duration::from_secs(2),
            timeout: Duration::from_secs(3_600),
        };
        let job = BatchJob {
            provider: "openai".into(),
            id: "batch_1".into(),
            fingerprint: "f".into(),
            created_ms: 1_000,
            count: 3,
        };
        Waiting::new(policy, &job)
    }

    fn running() -> Seen {
        Seen::State(JobState::Running { done: 1 })
    }

    #[test]
    fn every_state_has_its_next_step() {
        let busy = Failure::Overloaded("x".into());
        let auth = Failure::Auth("x".into());
        let late = 1_000 + 3_600_000;
        let rows = [
            (running(), 1_000, Next::Sleep(Duration::from_secs(2))),
            (running(), late - 500, Next::Sleep(Duration::from_millis(500))),
            (running(), late, Next::End(Ended::TimedOut)),
            (Seen::State(JobState::Finished), late, Next::End(Ended::Finished)),
            (Seen::State(JobState::Failed("bad".into())), 0, Next::End(Ended::Failed("bad".into()))),
            (Seen::State(JobState::Expired), 0, Next::End(Ended::Partly(JobState::Expired))),
            (Seen::State(JobState::Cancelled), 0, Next::End(Ended::Partly(JobState::Cancelled))),
            (Seen::Failure(busy.clone()), 1_000, Next::Sleep(Duration::from_secs(2))),
            (Seen::Failure(busy), late, Next::End(Ended::TimedOut)),
            (Seen::Failure(auth.clone()), 0, Next::End(Ended::Lost(auth))),
        ];
        for (seen, now, expected) in rows {
            assert_eq!(waiting().step(seen.clone(), now), expected, "{seen:?} {now}");
        }
    }

    #[test]
    fn looks_that_fail_in_a_row_end_and_a_good_one_forgives_them() {
        let busy = || Seen::Failure(Failure::Overloaded("x".into()));
        let mut waiting = waiting();
        for _ in 0..5 {
            assert!(matches!(waiting.step(busy(), 0), Next::Sleep(_)));
        }
        assert!(matches!(waiting.step(running(), 0), Next::Sleep(_)));
        for _ in 0..5 {
            assert!(matches!(waiting.step(busy(), 0), Next::Sleep(_)));
        }
        assert!(matches!(waiting.step(busy(), 0), Next::End(Ended::Lost(_))));
    }

    #[test]
    fn the_defaults_of_the_configuration() {
        let policy = BatchPolicy::from_config(&EmbeddingBatch::default());
        assert_eq!((policy.wait, policy.concurrency), (true, 2));
        assert_eq!((policy.poll, policy.timeout), (Duration::from_secs(2), Duration::from_secs(3_600)));
    }

    proptest! {
        #[test]
        fn waiting_ends_and_its_pauses_only_grow(steps in 1_usize..2_000) {
            let mut waiting = waiting();
            let (mut now, mut before) = (1_000_i64, Duration::ZERO);
            for _ in 0..steps {
                match waiting.step(running(), now) {
                    Next::End(ended) => {
                        prop_assert_eq!(ended, Ended::TimedOut);
                        prop_assert_eq!(now, 3_601_000);
                        return Ok(());
                    }
                    Next::Sleep(pause) => {
                        let is_last = now + i64::try_from(pause.as_millis()).unwrap() == 3_601_000;
                        prop_assert!(pause >= before || is_last);
                        prop_assert!(pause <= Duration::from_secs(30));
                        before = pause;
                        now += i64::try_from(pause.as_millis()).unwrap();
                    }
                }
            }
            prop_assert!(steps < 200, "an hour takes fewer looks");
        }
    }
}
