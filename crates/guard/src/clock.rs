//! The wall clock as a port, so that tests can turn it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => since(after),
            Err(before) => -since(before.duration()),
        }
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock standing at `now_ms` milliseconds since the epoch.
    #[must_use]
    pub fn new(now_ms: i64) -> Self {
        Self(AtomicI64::new(now_ms))
    }

    /// Moves to an absolute time, also backwards.
    pub fn set(&self, now_ms: i64) {
        self.0.store(now_ms, Ordering::SeqCst);
    }

    /// Moves forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Milliseconds since the epoch as RFC 3339 in UTC with exactly three decimals: `2026-11-20T10:42:42.908Z`.
///
/// A value outside the years -9999..=9999 comes out as the epoch: it cannot be a real moment.
#[must_use]
pub fn iso_millis(ms: i64) -> String {
    format!("{:.3}", Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::{Clock, ManualClock, SystemClock, iso_millis};
    use std::time::Duration;

    #[test]
    fn manual_clock_moves_only_when_told() {
        let clock = ManualClock::new(5);
        assert_eq!((clock.now_ms(), clock.now_ms()), (5, 5));
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now_ms(), 2_005);
        clock.set(1);
        assert_eq!(clock.now_ms(), 1);
        assert!(SystemClock.now_ms() > 1_700_000_000_000);
    }

    #[test]
    fn iso_has_three_decimals_and_a_z() {
        let rows = [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_171_362_908, "2026-11-20T10:42:42.908Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (i64::MAX, "1970-01-01T00:00:00.000Z"),
        ];
        for (ms, expected) in rows {
            assert_eq!(iso_millis(ms), expected);
        }
    }
}
