//! Looking on at what goes over the wire, for recordings. Headers are never seen here: the credential is in them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_guard::Secret;
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

/// What a tap keeps beside the secrets of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    Frames,
}

/// What one call had on the wire.
pub(crate) struct Tap {
    began: Instant,
    keep: Keep,
    seen: Mutex<Seen>,
}

/// What was seen of a call.
#[derive(Default)]
pub(crate) struct Seen {
    /// Each with its milliseconds since the beginning.
    pub(crate) notes: Vec<(u64, Tapped)>,
    /// Bytes of them.
    pub(crate) bytes: usize,
    /// Bytes that were too many.
    pub(crate) left_out: usize,
    /// What the requests carried that nobody may read.
    pub(crate) secrets: Vec<Secret>,
}

impl Tap {
    pub(crate) fn new(began: Instant, keep: Keep) -> Self {
        Self { began, keep, seen: Mutex::default() }
    }

    /// What was seen.
    pub(crate) fn take(&self) -> Seen {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn know(&self, secrets: &[Secret]) {
        let mut seen = self.lock();
        for secret in secrets {
            if !seen.secrets.iter().any(|known| known.expose() == secret.expose()) {
                seen.secrets.push(secret.clone());
            }
        }
    }

    fn push(&self, note: Tapped) {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut seen = self.lock();
        let bytes = note.bytes();
        // Behind a gap nobody knows what a piece goes on with.
        if seen.left_out > 0 || seen.bytes + bytes > MAX_TAPPED_BYTES {
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
    let push = |tap: &Arc<Tap>| match tap.keep {
        Keep::Frames => tap.push(make()),
        Keep::Nothing => {}
    };
    // It fails where nobody looks on.
    TAP.try_with(push).ok();
}

/// Tells whoever looks on what a request carries that must not be written down.
pub(super) fn know(secrets: &[Secret]) {
    TAP.try_with(|tap| tap.know(secrets)).ok();
}

#[cfg(test)]
mod tests {
    use super::{Keep, MAX_TAPPED_BYTES, Tap, Tapped, know, note, tapped};
    use openclaw_guard::Secret;
    use std::sync::Arc;
    use tokio::time::Instant;

    #[test]
    fn addresses_lose_what_may_be_a_key_and_bytes_are_bounded() {
        let url = "https://me:pass@host/v1/x?key=sk-canary#f".parse().unwrap();
        let asked = Tapped::asked(&url, b"{}");
        assert_eq!(asked, Tapped::Asked { url: "https://host/v1/x".into(), body: b"{}".to_vec() });

        note(|| unreachable!("nobody looks on"));
        let tap = Arc::new(Tap::new(Instant::now(), Keep::Frames));
        tapped(&tap, || {
            note(|| Tapped::piece(&vec![0; MAX_TAPPED_BYTES - 1]));
            note(|| Tapped::piece(b"xx"));
            note(|| Tapped::piece(b"y"));
        });
        let seen = tap.take();
        assert_eq!((seen.notes.len(), seen.left_out), (1, 3), "nothing behind a gap");

        let tap = Arc::new(Tap::new(Instant::now(), Keep::Nothing));
        tapped(&tap, || {
            note(|| unreachable!("frames are not wanted"));
            know(&[Secret::new("one".into()), Secret::new("one".into())]);
        });
        assert_eq!(tap.take().secrets.len(), 1);
    }
}
