//! Counts failed credentials per client and in total, over every door and kind of credential (S-007).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::client_key::ClientKey;

/// Failures a client may make within the window.
const FAILURES: u32 = 10;
/// The window, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// First lock-out; each further one doubles, up to a day.
const LOCKOUT_MS: i64 = 15 * 60_000;
const MAX_LOCKOUT_MS: i64 = 24 * 60 * 60_000;
/// Failures of all clients together within the window: a distributed guesser is slowed as well.
const GLOBAL_FAILURES: u32 = 300;
/// Clients remembered. The oldest is forgotten first; the global count still holds.
const MAX_CLIENTS: usize = 10_000;

/// The one limiter of the process.
#[derive(Default)]
pub(crate) struct AuthLimiter {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    clients: HashMap<ClientKey, Record>,
    global: Window,
}

#[derive(Default, Clone, Copy)]
struct Window {
    started_ms: i64,
    failures: u32,
}

#[derive(Default, Clone, Copy)]
struct Record {
    window: Window,
    lockouts: u32,
    locked_until_ms: i64,
    last_ms: i64,
}

/// The client must wait this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LockedOut {
    pub(crate) retry_after_ms: i64,
}

impl Window {
    fn count(&mut self, now_ms: i64) -> u32 {
        if now_ms.saturating_sub(self.started_ms) >= WINDOW_MS {
            *self = Self { started_ms: now_ms, failures: 0 };
        }
        self.failures += 1;
        self.failures
    }

    fn is_over(&self, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.started_ms) < WINDOW_MS && self.failures >= GLOBAL_FAILURES
    }
}

impl AuthLimiter {
    /// Asked before a credential that a person could guess is compared. A paired device that proves its key is
    /// not asked: the owner is never locked out by a guesser on the same address.
    pub(crate) fn check(&self, client: ClientKey, now_ms: i64) -> Result<(), LockedOut> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        // Who never failed is not slowed by those who did: a guesser elsewhere must not shut the owner out.
        let Some(record) = inner.clients.get(&client) else { return Ok(()) };
        let until = record.locked_until_ms;
        let until =
            if inner.global.is_over(now_ms) { until.max(inner.global.started_ms + WINDOW_MS) } else { until };
        if until > now_ms { Err(LockedOut { retry_after_ms: until - now_ms }) } else { Ok(()) }
    }

    /// Records a credential that was presented and wrong.
    pub(crate) fn failed(&self, client: ClientKey, now_ms: i64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.global.count(now_ms);
        if inner.clients.len() >= MAX_CLIENTS && !inner.clients.contains_key(&client) {
            let oldest = inner.clients.iter().min_by_key(|(_, record)| record.last_ms).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                inner.clients.remove(&oldest);
            }
        }
        let record = inner.clients.entry(client).or_default();
        record.last_ms = now_ms;
        if record.window.count(now_ms) >= FAILURES {
            record.window = Window::default();
            let growth = 1_i64 << record.lockouts.min(7);
            record.locked_until_ms = now_ms + (LOCKOUT_MS * growth).min(MAX_LOCKOUT_MS);
            record.lockouts += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AuthLimiter, FAILURES, GLOBAL_FAILURES, LOCKOUT_MS, LockedOut, MAX_CLIENTS, WINDOW_MS};
    use crate::auth::client_key::ClientKey;
    use std::net::{IpAddr, Ipv4Addr};

    fn client(n: u32) -> ClientKey {
        ClientKey::of(IpAddr::V4(Ipv4Addr::from_bits(n)))
    }

    #[test]
    fn of_ten_thousand_guesses_only_the_budget_is_compared() {
        let limiter = AuthLimiter::default();
        let mut compared = 0;
        for guess in 0..10_000 {
            if limiter.check(client(1), guess).is_ok() {
                compared += 1;
                limiter.failed(client(1), guess);
            }
        }
        assert_eq!(compared, FAILURES);
        assert!(limiter.check(client(2), 9_999).is_ok(), "another client is not locked out");
    }

    #[test]
    fn lockouts_grow() {
        let limiter = AuthLimiter::default();
        let mut now = 0;
        for round in 0..3 {
            for _ in 0..FAILURES {
                limiter.failed(client(1), now);
            }
            let expected = LOCKOUT_MS << round;
            assert_eq!(limiter.check(client(1), now), Err(LockedOut { retry_after_ms: expected }));
            now += expected;
            assert!(limiter.check(client(1), now).is_ok());
        }
    }

    #[test]
    fn many_clients_share_a_global_budget_and_bounded_memory() {
        let limiter = AuthLimiter::default();
        for n in 0..GLOBAL_FAILURES {
            limiter.failed(client(n), 0);
        }
        assert!(limiter.check(client(5), 1).is_err(), "one failure is enough while everybody guesses");
        assert!(limiter.check(client(5), WINDOW_MS + 1).is_ok());
        assert!(limiter.check(client(9_999_999), 1).is_ok(), "who never failed is let try");
        for n in 0..u32::try_from(MAX_CLIENTS).unwrap() + 500 {
            limiter.failed(client(n), i64::from(n));
        }
        assert!(limiter.inner.lock().unwrap().clients.len() <= MAX_CLIENTS);
    }
}
