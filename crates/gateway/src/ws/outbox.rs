//! What waits to be sent to one client: bounded by bytes, closed when the client does not keep up.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use openclaw_protocol::limits::{MAX_BUFFERED_BYTES, close};
use tokio::sync::Notify;

/// Bytes of answers that may wait for one client: a few whole histories.
const MAX_ANSWER_BYTES: usize = 24 * 1024 * 1024;

/// What to do with an event for a client that does not keep up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfSlow {
    /// Leave this event out.
    Drop,
    /// Close the connection: the client would have a wrong picture.
    Close,
}

/// Why a connection is closed by us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) code: u16,
    pub(crate) reason: String,
}

/// The queue of one connection. Any task pushes; the connection's task takes.
#[derive(Default)]
pub(crate) struct Outbox {
    inner: Mutex<Inner>,
    wake: Notify,
}

#[derive(Default)]
struct Inner {
    frames: VecDeque<(Kind, Utf8Bytes)>,
    /// Bytes that wait, by kind.
    events: usize,
    answers: usize,
    closing: Option<Closing>,
    /// The client did not keep up: even the frame that is being sent is given up.
    slow: bool,
}

/// Why a frame waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Something happened.
    Event,
    /// The client asked for it. Asking for a lot is not being slow; answers have a bound of their own.
    Answer,
}

impl Inner {
    fn overflow(&mut self) {
        *self = Self {
            closing: Some(Closing { code: close::POLICY, reason: "slow consumer".to_owned() }),
            slow: true,
            ..Self::default()
        };
    }
}

/// What the connection's task should do next.
pub(crate) enum Next {
    Send(Utf8Bytes),
    Close(Closing),
    Wait,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an event.
    pub(crate) fn push(&self, frame: Utf8Bytes, if_slow: IfSlow) {
        let mut inner = self.lock();
        if inner.closing.is_some() {
            return;
        }
        // One frame always fits: a large event is not a slow client.
        if inner.events > 0 && inner.events + frame.len() > MAX_BUFFERED_BYTES {
            if if_slow == IfSlow::Close {
                inner.overflow();
                self.wake.notify_one();
            }
            return;
        }
        inner.events += frame.len();
        inner.frames.push_back((Kind::Event, frame));
        self.wake.notify_one();
    }

    /// Queues the answer to a request.
    pub(crate) fn push_answer(&self, frame: Utf8Bytes) {
        let mut inner = self.lock();
        if inner.closing.is_some() {
            return;
        }
        if inner.answers > 0 && inner.answers + frame.len() > MAX_ANSWER_BYTES {
            inner.overflow();
        } else {
            inner.answers += frame.len();
            inner.frames.push_back((Kind::Answer, frame));
        }
        self.wake.notify_one();
    }

    /// Closes the connection after what is queued has been sent.
    pub(crate) fn close(&self, code: u16, reason: &str) {
        let mut inner = self.lock();
        if inner.closing.is_none() {
            inner.closing = Some(Closing { code, reason: reason.to_owned() });
            self.wake.notify_one();
        }
    }

    /// Takes the next frame.
    pub(crate) fn next(&self) -> Next {
        let mut inner = self.lock();
        match inner.frames.pop_front() {
            Some((kind, frame)) => {
                match kind {
                    Kind::Event => inner.events -= frame.len(),
                    Kind::Answer => inner.answers -= frame.len(),
                }
                if inner.frames.is_empty() {
                    // Five thousand idle clients must not keep the capacity of their busiest moment.
                    inner.frames = VecDeque::new();
                }
                Next::Send(frame)
            }
            None => inner.closing.clone().map_or(Next::Wait, Next::Close),
        }
    }

    /// Returns when something may have been queued.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Returns when the client turned out to be slow: a blocked send is given up then. An orderly close does not
    /// count: what is being sent still goes out.
    pub(crate) async fn overflowed(&self) {
        while !self.lock().slow {
            self.wake.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{IfSlow, Next, Outbox};
    use openclaw_protocol::limits::MAX_BUFFERED_BYTES;

    fn drain(outbox: &Outbox) -> (usize, Option<u16>) {
        let mut count = 0;
        loop {
            match outbox.next() {
                Next::Send(_) => count += 1,
                Next::Close(closing) => return (count, Some(closing.code)),
                Next::Wait => return (count, None),
            }
        }
    }

    #[test]
    fn a_slow_client_loses_deltas_first_and_then_the_connection() {
        let outbox = Outbox::default();
        let big = "x".repeat(MAX_BUFFERED_BYTES / 4);
        for _ in 0..6 {
            outbox.push(big.clone().into(), IfSlow::Drop);
        }
        assert_eq!(drain(&outbox), (4, None));
        for _ in 0..6 {
            outbox.push(big.clone().into(), IfSlow::Close);
        }
        assert_eq!(drain(&outbox), (0, Some(1008)));
        outbox.push("late".into(), IfSlow::Close);
        assert_eq!(drain(&outbox), (0, Some(1008)));
    }

    #[test]
    fn answers_a_client_asked_for_do_not_make_it_slow() {
        let outbox = Outbox::default();
        for _ in 0..3 {
            outbox.push_answer("x".repeat(6 * 1024 * 1024).into());
        }
        outbox.push("event".into(), IfSlow::Close);
        assert_eq!(drain(&outbox), (4, None));
        for _ in 0..5 {
            outbox.push_answer("x".repeat(6 * 1024 * 1024).into());
        }
        assert_eq!(drain(&outbox), (0, Some(1008)), "but there is an end to it");
    }

    #[test]
    fn one_large_event_is_no_slow_client() {
        let outbox = Outbox::default();
        outbox.push("x".repeat(MAX_BUFFERED_BYTES * 3).into(), IfSlow::Close);
        assert_eq!(drain(&outbox), (1, None));
    }

    #[tokio::test]
    async fn only_a_slow_client_makes_a_send_be_given_up() {
        let orderly = Outbox::default();
        orderly.close(1012, "service restart");
        let waited = tokio::time::timeout(std::time::Duration::from_millis(20), orderly.overflowed()).await;
        assert!(waited.is_err());
        let slow = Outbox::default();
        for _ in 0..6 {
            slow.push("x".repeat(MAX_BUFFERED_BYTES / 4).into(), IfSlow::Close);
        }
        slow.overflowed().await;
    }

    #[test]
    fn a_close_follows_what_was_queued() {
        let outbox = Outbox::default();
        outbox.push("a".into(), IfSlow::Close);
        outbox.close(1012, "service restart");
        assert_eq!(drain(&outbox), (1, Some(1012)));
    }
}
