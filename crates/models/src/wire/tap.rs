//! Looking on at what goes over the wire, for recordings. Headers are never seen here: the credential is in them.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, Url};
use tokio::time::Instant;

/// Most bytes that one call keeps. What comes after is counted only.
const MAX_TAPPED_BYTES: usize = 8 * 1024 * 1024;

tokio::task_local! {
    /// Who looks on at the calls of this task. A recorder stands above the port and has no other way down here; the
    /// driver does the same whether anybody looks on or not.
    static TAP: Arc<Tap>;
}

/// Something that went over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tapped {
    /// A request was sent.
    Asked {
        /// Its address, without user, password and query.
        url: String,
        /// Its body.
        body: Vec<u8>,
    },
    /// The head of an answer came.
    Answered {
        /// HTTP status.
        status: u16,
        /// What the body is said to be.
        content_type: String,
    },
    /// A piece of the body came.
    Piece(Vec<u8>),
}

impl Tapped {
    pub(super) fn asked(url: &Url, body: &[u8]) -> Self {
        let mut url = url.clone();
        // Keys travel in headers, but nobody keeps a user from writing one into the address.
        url.set_query(None);
        url.set_fragment(None);
        // They fail for addresses that cannot have either.
        url.set_username("").ok();
        url.set_password(None).ok();
        Self::Asked { url: url.into(), body: body.to_vec() }
    }

    pub(super) fn answered(response: &Response) -> Self {
        let kind = response.headers().get(CONTENT_TYPE);
        let content_type = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        Self::Answered { status: response.status().as_u16(), content_type }
    }

    pub(super) fn piece(bytes: &[u8]) -> Self {
        Self::Piece(bytes.to_vec())
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Asked { body: bytes, .. } | Self::Piece(bytes) => bytes.len(),
            Self::Answered { .. } => 0,
        }
    }
}

/// What one call had on the wire.
#[derive(Debug)]
pub(crate) struct Tap {
    began: Instant,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    notes: Vec<(u64, Tapped)>,
    bytes: usize,
    left_out: usize,
}

impl Tap {
    pub(crate) fn new(began: Instant) -> Self {
        Self { began, seen: Mutex::default() }
    }

    /// What was seen, each with its milliseconds since the beginning, and the bytes that were left out.
    pub(crate) fn take(&self) -> (Vec<(u64, Tapped)>, usize) {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        (seen.notes, seen.left_out)
    }

    fn push(&self, note: Tapped) {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = note.bytes();
        if seen.bytes + bytes > MAX_TAPPED_BYTES {
            seen.left_out += bytes;
            return;
        }
        seen.bytes += bytes;
        seen.notes.push((at, note));
    }
}

/// Does something that may go over the wire while a tap looks on.
pub(crate) fn tapped<T>(tap: &Arc<Tap>, work: impl FnOnce() -> T) -> T {
    TAP.sync_scope(Arc::clone(tap), work)
}

/// Tells whoever looks on; costs a look at a task's local value when nobody does.
pub(super) fn note(make: impl FnOnce() -> Tapped) {
    // It fails where nobody looks on.
    TAP.try_with(|tap| tap.push(make())).ok();
}

#[cfg(test)]
mod tests {
    use super::{MAX_TAPPED_BYTES, Tap, Tapped, note, tapped};
    use std::sync::Arc;
    use tokio::time::Instant;

    #[test]
    fn addresses_lose_what_may_be_a_key_and_bytes_are_bounded() {
        let url = "https://me:pass@host/v1/x?key=sk-canary#f".parse().unwrap();
        let asked = Tapped::asked(&url, b"{}");
        assert_eq!(asked, Tapped::Asked { url: "https://host/v1/x".into(), body: b"{}".to_vec() });

        note(|| unreachable!("nobody looks on"));
        let tap = Arc::new(Tap::new(Instant::now()));
        tapped(&tap, || {
            note(|| Tapped::piece(&vec![0; MAX_TAPPED_BYTES]));
            note(|| Tapped::piece(b"x"));
        });
        let (notes, left_out) = tap.take();
        assert_eq!((notes.len(), left_out), (1, 1));
    }
}
