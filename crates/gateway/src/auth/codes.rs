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
    open: Mutex<Vec<(Secret, i64)>>,
}

impl PairingCodes {
    /// Makes a code; returns it with its expiry in milliseconds since the epoch.
    pub(crate) fn issue(&self, now_ms: i64) -> Result<(Secret, i64), RandomError> {
        let code = Secret::new(random_hex(CODE_BYTES)?);
        let expires = now_ms + CODE_TTL_MS;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, until)| *until > now_ms);
        if open.len() >= MAX_CODES {
            open.remove(0);
        }
        open.push((code.clone(), expires));
        Ok((code, expires))
    }

    /// Uses a code up. Only one caller ever gets `true` for a code.
    pub(crate) fn redeem(&self, candidate: &str, now_ms: i64) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, until)| *until > now_ms);
        match open.iter().position(|(code, _)| code.matches(candidate)) {
            Some(at) => {
                open.remove(at);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CODE_TTL_MS, MAX_CODES, PairingCodes};
    use std::sync::Arc;

    #[test]
    fn a_code_works_once_and_for_five_minutes() {
        let codes = PairingCodes::default();
        let (code, expires) = codes.issue(0).unwrap();
        assert_eq!(expires, CODE_TTL_MS);
        assert!(!codes.redeem("guess", 1));
        assert!(codes.redeem(code.expose(), 1));
        assert!(!codes.redeem(code.expose(), 2));
        let (late, _) = codes.issue(0).unwrap();
        assert!(!codes.redeem(late.expose(), CODE_TTL_MS));
    }

    #[test]
    fn of_a_hundred_parallel_redemptions_one_wins() {
        let codes = Arc::new(PairingCodes::default());
        let (code, _) = codes.issue(0).unwrap();
        let wins: usize = std::thread::scope(|scope| {
            let tasks: Vec<_> =
                (0..100).map(|_| scope.spawn(|| usize::from(codes.redeem(code.expose(), 1)))).collect();
            tasks.into_iter().map(|task| task.join().unwrap()).sum()
        });
        assert_eq!(wins, 1);
    }

    #[test]
    fn the_oldest_code_gives_way() {
        let codes = PairingCodes::default();
        let first = codes.issue(0).unwrap().0;
        for _ in 0..MAX_CODES {
            codes.issue(0).unwrap();
        }
        assert!(!codes.redeem(first.expose(), 1));
    }
}
