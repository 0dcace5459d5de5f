//! When a failed delivery is tried again.

use std::time::Duration;

/// How long a try, or a turn's claim, may go without a sign of life before another may take it.
pub const LEASE: Duration = Duration::from_secs(120);

/// The delay after the first failed try, the second, and so on; the last one repeats until the delivery expires (P-03).
const DELAYS: [Duration; 4] =
    [Duration::from_secs(5), Duration::from_secs(25), Duration::from_secs(120), Duration::from_secs(600)];
/// A delay is shortened or lengthened by up to this part of it, so that many failed at once do not all come back at once.
const JITTER: f64 = 0.2;

/// The delay before the next try after `attempts` failed ones; `jitter` from 0 to 1 chooses within ± 20 %.
#[must_use]
pub fn retry_delay(attempts: u32, jitter: f64) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let last = DELAYS.len() - 1;
    let delay = DELAYS.get(index.min(last)).copied().unwrap_or_default();
    let swing = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.5 };
    delay.mul_f64(1.0 - JITTER + 2.0 * JITTER * swing)
}

#[cfg(test)]
mod tests {
    use super::retry_delay;

    #[test]
    fn delays_grow_to_ten_minutes_and_stay_there() {
        let seconds = |attempts, jitter| retry_delay(attempts, jitter).as_secs_f64().round();
        let rows = [(0, 5.0), (1, 5.0), (2, 25.0), (3, 120.0), (4, 600.0), (5, 600.0), (u32::MAX, 600.0)];
        for (attempts, expected) in rows {
            assert!((seconds(attempts, 0.5) - expected).abs() < f64::EPSILON, "{attempts}");
            assert!((seconds(attempts, 0.0) - (expected * 0.8).round()).abs() < f64::EPSILON);
            assert!((seconds(attempts, 9.0) - (expected * 1.2).round()).abs() < f64::EPSILON);
            assert!(retry_delay(attempts, f64::NAN) == retry_delay(attempts, 0.5));
        }
    }
}
