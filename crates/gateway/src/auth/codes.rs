//! One-time codes that pair a browser's device key (S-015, V-016).
//!
//! A code is 160 random bits, lives five minutes in memory, works once, and carries no credential: it only lets the
//! first key that presents it become a paired device.

use std::sync::{Mutex, PoisonError};

use openclaw_guard::{RandomError, Secret, random_hex};

/// How long a code works, in milliseconds.
pub(crate) const CODE_TTL_MS: i64 = 5 * 60_000;
/// Codes that may be open at once; the oldest gives way.
const MAX_CODES: usize = 8;
/// Random bytes of a code.
const CODE_BYTES: usize = 20;

/// The open codes.
#[derive(Default)]
pub(crate) struct PairingCodes {
    open: Mutex<Vec<OpenCode>>,
}

struct OpenCode {
    code: Secret,
    expires_ms: i64,
    /// Scopes of whoever had it made: nobody hands on more than they hold (S-016).
    scopes: Vec<String>,
}

impl PairingCodes {
    /// Makes a code for somebody who holds these scopes; returns it with its expiry in milliseconds since the epoch.
    pub(crate) fn issue(&self, scopes: &[String], now_ms: i64) -> Result<(Secret, i64), RandomError> {
        let code = Secret::new(random_hex(CODE_BYTES)?);
        let expires_ms = now_ms + CODE_TTL_MS;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|known| known.expires_ms > now_ms);
        if open.len() >= MAX_CODES {
            open.remove(0);
        }
        open.push(OpenCode { code: code.clone(), expires_ms, scopes: scopes.to_vec() });
        Ok((code, expires_ms))
    }

    /// Uses a code up and returns the scopes it may hand on. Only one caller ever gets them for a code.
    pub(crate) fn redeem(&self, candidate: &str, now_ms: i64) -> Option<Vec<String>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|known| known.expires_ms > now_ms);
        let at = open.iter().position(|known| known.code.matches(candidate))?;
        Some(open.remove(at).scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::{CODE_TTL_MS, MAX_CODES, PairingCodes};
    use std::sync::Arc;

    #[test]
    fn a_code_works_once_and_for_five_minutes() {
        let codes = PairingCodes::default();
        let (code, expires) = codes.issue(&[], 0).unwrap();
        assert_eq!(expires, CODE_TTL_MS);
        assert!(codes.redeem("guess", 1).is_none());
        assert!(codes.redeem(code.expose(), 1).is_some());
        assert!(codes.redeem(code.expose(), 2).is_none());
        let (late, _) = codes.issue(&[], 0).unwrap();
        assert!(codes.redeem(late.expose(), CODE_TTL_MS).is_none());
    }

    #[test]
    fn of_a_hundred_parallel_redemptions_one_wins() {
        let codes = Arc::new(PairingCodes::default());
        let (code, _) = codes.issue(&[], 0).unwrap();
        let wins: usize = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..100)
                .map(|_| scope.spawn(|| usize::from(codes.redeem(code.expose(), 1).is_some())))
                .collect();
            tasks.into_iter().map(|task| task.join().unwrap()).sum()
        });
        assert_eq!(wins, 1);
    }

    #[test]
    fn the_oldest_code_gives_way() {
        let codes = PairingCodes::default();
        let first = codes.issue(&[], 0).unwrap().0;
        for _ in 0..MAX_CODES {
            codes.issue(&[], 0).unwrap();
        }
        assert!(codes.redeem(first.expose(), 1).is_none());
    }
}
