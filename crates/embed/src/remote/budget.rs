//! How much may be sent in an hour, so that a loop cannot spend money without end.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::{Failure, Purpose};

/// The window that is counted.
const WINDOW_MS: i64 = 60 * 60 * 1000;
/// Of ten parts, those that documents may use: a person's questions must not wait for an index.
const DOCUMENT_TENTHS: u64 = 9;

/// What may be sent in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests, repeated ones included.
    pub requests: u64,
    /// Estimated tokens, those of batch jobs included.
    pub tokens: u64,
}

impl Default for Allowance {
    /// Enough for 50,000 passages of 700 characters three times over; at the dearest price in the table
    /// (0.20 dollars a million) it is 6 dollars an hour at most.
    fn default() -> Self {
        Self { requests: 6_000, tokens: 30_000_000 }
    }
}

/// Counts what was sent in the hour that began with the first request in it.
pub struct Budget {
    allowance: Allowance,
    spent: Mutex<Spent>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    /// Nothing before the first request.
    since_ms: Option<i64>,
    requests: u64,
    tokens: u64,
}

impl Budget {
    /// Nothing is spent yet.
    #[must_use]
    pub fn new(allowance: Allowance) -> Self {
        Self { allowance, spent: Mutex::default() }
    }

    /// Counts one request, or refuses it.
    pub(crate) fn take(&self, purpose: Purpose, tokens: u64, now_ms: i64) -> Result<(), Failure> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back begins a new hour too, or the budget could stay used up for years.
        let window = |since: i64| since..since.saturating_add(WINDOW_MS);
        let since_ms = spent.since_ms.filter(|&since| window(since).contains(&now_ms)).unwrap_or(now_ms);
        if spent.since_ms != Some(since_ms) {
            *spent = Spent { since_ms: Some(since_ms), ..Spent::default() };
        }
        let share = |whole: u64| match purpose {
            Purpose::Query => whole,
            Purpose::Document => whole / 10 * DOCUMENT_TENTHS,
        };
        let requests = spent.requests + 1;
        let tokens = spent.tokens.saturating_add(tokens);
        if requests > share(self.allowance.requests) || tokens > share(self.allowance.tokens) {
            let left = since_ms.saturating_add(WINDOW_MS).saturating_sub(now_ms);
            let again_in = Duration::from_millis(u64::try_from(left).unwrap_or(0));
            return Err(Failure::OverBudget { again_in });
        }
        (spent.requests, spent.tokens) = (requests, tokens);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Budget, WINDOW_MS};
    use crate::{Failure, Purpose};
    use std::time::Duration;

    #[test]
    fn an_hour_holds_what_is_allowed_and_questions_go_on_longer() {
        let budget = Budget::new(Allowance { requests: 10, tokens: 1_000 });
        for _ in 0..9 {
            assert_eq!(budget.take(Purpose::Document, 10, 5), Ok(()));
        }
        let refused = Err(Failure::OverBudget { again_in: Duration::from_millis(3_599_999) });
        assert_eq!(budget.take(Purpose::Document, 10, 6), refused);
        assert_eq!(budget.take(Purpose::Query, 10, 6), Ok(()));
        assert!(budget.take(Purpose::Query, 10, 6).is_err());
        assert_eq!(budget.take(Purpose::Document, 10, 5 + WINDOW_MS), Ok(()), "the next hour");
        assert!(budget.take(Purpose::Document, 891, 6 + WINDOW_MS).is_err(), "tokens count as well");
        assert_eq!(budget.take(Purpose::Document, 890, 6 + WINDOW_MS), Ok(()));
        assert_eq!(budget.take(Purpose::Document, 890, 0), Ok(()), "a clock that was set back");
    }
}
