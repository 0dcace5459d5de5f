//! When a failed attempt is repeated: values only, the clock is the caller's.

use std::time::Duration;

use crate::{Failure, Purpose};

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// No pause of our own is longer.
const LONGEST: Duration = Duration::from_secs(8);
/// The part of a pause that chance adds, so that many clients do not come back at once.
const JITTER: f64 = 0.2;

/// How often and how patiently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Attempts after the first.
    pub most: u32,
    /// Attempts after one that took too long, which was a long wait already.
    pub after_timeout: u32,
    /// The longest wait that a service may ask for; for more the caller is told instead.
    pub longest_wait: Duration,
}

impl Retries {
    /// A person waits for a question, nobody waits for an index.
    #[must_use]
    pub const fn of(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Query => Self { most: 2, after_timeout: 0, longest_wait: Duration::from_secs(5) },
            Purpose::Document => Self { most: 3, after_timeout: 1, longest_wait: Duration::from_secs(60) },
        }
    }

    /// The pause before the next attempt after `failed` ones, or nothing when it is not worth it. `chance` is in 0..1.
    #[must_use]
    pub fn pause(&self, failed: u32, failure: &Failure, chance: f64) -> Option<Duration> {
        if failed == 0 || failed > self.most {
            return None;
        }
        let backoff = FIRST.saturating_mul(1 << (failed - 1).min(8)).min(LONGEST);
        let backoff = backoff.mul_f64(1.0 + JITTER * chance.clamp(0.0, 1.0)).min(LONGEST);
        match failure {
            Failure::RateLimited { retry_after: Some(wait), .. } => {
                (*wait <= self.longest_wait).then(|| (*wait).max(backoff))
            }
            Failure::RateLimited { retry_after: None, .. }
            | Failure::Overloaded(_)
            | Failure::Unreachable(_) => Some(backoff),
            Failure::TimedOut(_) => (failed <= self.after_timeout).then_some(backoff),
            Failure::OverBudget { .. }
            | Failure::Auth(_)
            | Failure::Quota(_)
            | Failure::Refused(_)
            | Failure::Malformed(_)
            | Failure::Unavailable(_)
            | Failure::NotReady(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Retries};
    use crate::{Failure, Purpose};
    use proptest::prelude::*;
    use std::time::Duration;

    fn limited(seconds: Option<u64>) -> Failure {
        Failure::RateLimited { detail: "x".into(), retry_after: seconds.map(Duration::from_secs) }
    }

    #[test]
    fn pauses_follow_the_table() {
        let busy = Failure::Overloaded("x".into());
        let slow = Failure::TimedOut(Duration::from_secs(1));
        let rows = [
            (Purpose::Document, 1, &busy, Some(500)),
            (Purpose::Document, 2, &busy, Some(1_000)),
            (Purpose::Document, 3, &busy, Some(2_000)),
            (Purpose::Document, 4, &busy, None),
            (Purpose::Query, 2, &busy, Some(1_000)),
            (Purpose::Query, 3, &busy, None),
            (Purpose::Document, 1, &limited(None), Some(500)),
            (Purpose::Document, 1, &limited(Some(0)), Some(500)),
            (Purpose::Document, 1, &limited(Some(60)), Some(60_000)),
            (Purpose::Document, 1, &limited(Some(61)), None),
            (Purpose::Query, 1, &limited(Some(6)), None),
            (Purpose::Document, 1, &Failure::Unreachable("x".into()), Some(500)),
            (Purpose::Document, 1, &slow, Some(500)),
            (Purpose::Document, 2, &slow, None),
            (Purpose::Query, 1, &slow, None),
            (Purpose::Document, 1, &Failure::Auth("x".into()), None),
            (Purpose::Document, 1, &Failure::Quota("x".into()), None),
            (Purpose::Document, 1, &Failure::Refused("x".into()), None),
            (Purpose::Document, 1, &Failure::Malformed("x".into()), None),
            (Purpose::Document, 1, &Failure::Unavailable("x".into()), None),
            (Purpose::Document, 1, &Failure::OverBudget { again_in: Duration::ZERO }, None),
        ];
        for (purpose, failed, failure, expected) in rows {
            let pause = Retries::of(purpose).pause(failed, failure, 0.0);
            assert_eq!(pause, expected.map(Duration::from_millis), "{purpose:?} {failed} {failure}");
        }
    }

    proptest! {
        #[test]
        fn chance_adds_at_most_a_fifth(failed in 1_u32..40, chance in 0.0_f64..1.0) {
            let retries = Retries { most: 40, after_timeout: 0, longest_wait: LONGEST };
            let plain = retries.pause(failed, &limited(None), 0.0).unwrap();
            let pause = retries.pause(failed, &limited(None), chance).unwrap();
            prop_assert!(pause >= plain && pause <= plain.mul_f64(1.2) && pause <= LONGEST);
        }
    }
}
