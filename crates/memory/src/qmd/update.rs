//! When an index is brought up to date, decided in pure functions.

use std::time::Duration;

use super::collections::Begin;
use super::options::QmdUpdates;
use crate::backend::SyncReason;

/// Why an update runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The program starts.
    Boot,
    /// A search needs an index and there is none.
    First,
    /// It is time.
    Due,
    /// Something was written, and the last update is long enough ago.
    Written,
    /// A person asked.
    Asked,
    /// Everything is to be indexed again.
    Rebuild,
}

impl Why {
    pub(super) fn of(reason: SyncReason) -> Self {
        match reason {
            SyncReason::SessionStart | SyncReason::Written => Self::Due,
            SyncReason::Requested => Self::Asked,
            SyncReason::Rebuild => Self::Rebuild,
        }
    }

    /// Whether it runs although the last one was a moment ago.
    pub(super) fn is_forced(self) -> bool {
        match self {
            Self::Boot | Self::First | Self::Written | Self::Asked | Self::Rebuild => true,
            Self::Due => false,
        }
    }

    pub(super) fn begin(self) -> Begin {
        match self {
            Self::Boot | Self::First | Self::Due | Self::Written | Self::Asked => Begin::Kept,
            Self::Rebuild => Begin::Anew,
        }
    }

    /// Whether vectors are made too.
    pub(super) fn embeds(self, updates: &QmdUpdates, last_ms: Option<i64>, now_ms: i64) -> bool {
        match self {
            Self::Boot | Self::Asked | Self::Rebuild => true,
            // A search waits for this one.
            Self::First => false,
            Self::Due | Self::Written => last_ms.is_none_or(|last| {
                !updates.embed_interval.is_zero() && has_passed(updates.embed_interval, last, now_ms)
            }),
        }
    }
}

/// Whether an update that nobody forces runs.
pub(super) fn is_due(updates: &QmdUpdates, last_ms: Option<i64>, now_ms: i64) -> bool {
    last_ms.is_none_or(|last| has_passed(updates.debounce, last, now_ms))
}

/// How long the next update has to wait for the last one.
pub(super) fn until_due(updates: &QmdUpdates, last_ms: Option<i64>, now_ms: i64) -> Duration {
    let Some(last_ms) = last_ms else { return Duration::ZERO };
    let passed = u64::try_from(now_ms.saturating_sub(last_ms));
    passed.map_or(Duration::ZERO, |passed| updates.debounce.saturating_sub(Duration::from_millis(passed)))
}

/// Whether a time has passed. A clock that was set back has no say.
fn has_passed(time: Duration, since_ms: i64, now_ms: i64) -> bool {
    u128::try_from(now_ms.saturating_sub(since_ms)).map_or(true, |passed| passed >= time.as_millis())
}

#[cfg(test)]
mod tests {
    use super::{QmdUpdates, Why, is_due, until_due};
    use std::time::Duration;

    const UPDATES: QmdUpdates = QmdUpdates {
        interval: Duration::from_secs(300),
        debounce: Duration::from_secs(15),
        on_change: true,
        on_boot: true,
        wait_for_boot: false,
        embed_interval: Duration::from_secs(3_600),
        command_limit: Duration::from_secs(30),
        update_limit: Duration::from_secs(120),
        embed_limit: Duration::from_secs(120),
    };

    #[test]
    fn updates_are_debounced() {
        let rows =
            [(None, 0, true), (Some(0), 14_999, false), (Some(0), 15_000, true), (Some(99_000), 5, true)];
        for (last, now, expected) in rows {
            assert_eq!(is_due(&UPDATES, last, now), expected, "{last:?} {now}");
            assert_eq!(until_due(&UPDATES, last, now).is_zero(), expected, "{last:?} {now}");
        }
        assert_eq!(until_due(&UPDATES, Some(0), 14_999), Duration::from_millis(1));
        let eager = QmdUpdates { debounce: Duration::ZERO, ..UPDATES };
        assert!(is_due(&eager, Some(7), 7));
    }

    #[test]
    fn vectors_are_made_now_and_then() {
        let never = QmdUpdates { embed_interval: Duration::ZERO, ..UPDATES };
        let rows = [
            (Why::Boot, UPDATES, Some(0), 1, true),
            (Why::Asked, UPDATES, Some(0), 1, true),
            (Why::First, UPDATES, None, 1, false),
            (Why::Due, UPDATES, None, 1, true),
            (Why::Due, UPDATES, Some(0), 3_599_999, false),
            (Why::Due, UPDATES, Some(0), 3_600_000, true),
            (Why::Due, never, Some(0), i64::MAX, false),
            (Why::Due, never, None, 0, true),
        ];
        for (why, updates, last, now, expected) in rows {
            assert_eq!(why.embeds(&updates, last, now), expected, "{why:?} {last:?} {now}");
        }
    }
}
