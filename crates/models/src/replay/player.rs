//! A model that answers from a recording.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use openclaw_guard::Redactor;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::compare::{Difference, first_difference};
use super::exchange::{End, Exchange, RecordedRequest};
use crate::catalog::CatalogError;
use crate::{ChatModel, Malformed, ModelError, ModelEvent, ModelInfo, ModelRequest, TimeoutKind};

/// How fast a recording is played.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Speed {
    /// Each piece as long after the beginning as it came then.
    Original,
    /// At once.
    #[default]
    AtOnce,
}

/// The recorded calls of one turn, played one after the other by the [`Player`]s of it.
pub struct Script {
    exchanges: Arc<[Exchange]>,
    redactor: Arc<Redactor>,
    speed: Speed,
    played: Mutex<Played>,
    stopped: CancellationToken,
}

#[derive(Default)]
struct Played {
    /// The call that comes next.
    next: usize,
    /// Calls that were asked for when there was none any more.
    beyond: usize,
    differences: Vec<Difference>,
}

impl Script {
    /// These calls, in this order.
    #[must_use]
    pub fn new(exchanges: Arc<[Exchange]>, redactor: Arc<Redactor>, speed: Speed) -> Self {
        Self { exchanges, redactor, speed, played: Mutex::default(), stopped: CancellationToken::new() }
    }

    /// The call that is answered next, if there is another one.
    #[must_use]
    pub fn next(&self) -> Option<&Exchange> {
        self.exchanges.get(self.played().next)
    }

    /// How many calls were asked for, those for which there is no answer included.
    #[must_use]
    pub fn asked(&self) -> usize {
        let played = self.played();
        played.next + played.beyond
    }

    /// Every call.
    #[must_use]
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Where the calls differed from those of then, each with the number of its call, from 1.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        self.played().differences.clone()
    }

    /// Cancelled when the recording comes to where the turn was stopped from outside. Whoever plays it stops it then.
    #[must_use]
    pub fn stopped(&self) -> &CancellationToken {
        &self.stopped
    }

    fn played(&self) -> MutexGuard<'_, Played> {
        self.played.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the next call and compares it with what is asked now. Also whether another one follows.
    fn begin(&self, info: &ModelInfo, request: &ModelRequest) -> Option<(&Exchange, bool)> {
        let now = RecordedRequest::of(request, &self.redactor);
        let mut played = self.played();
        let Some(exchange) = self.exchanges.get(played.next) else {
            played.beyond += 1;
            return None;
        };
        played.next += 1;
        let (then, asked) = (exchange.model.reference(), info.reference());
        let model = (then != asked).then(|| Difference::new("model", then, asked));
        let differing = model.or_else(|| first_difference(&exchange.request, &now, &self.redactor));
        if let Some(mut difference) = differing {
            difference.place = format!("request {}: {}", played.next, difference.place);
            played.differences.push(difference);
        }
        Some((exchange, played.next < self.exchanges.len()))
    }
}

/// A model of a recording.
pub struct Player {
    info: ModelInfo,
    script: Arc<Script>,
}

impl Player {
    /// The model that answers next; nothing when the recording is over.
    #[must_use]
    pub fn next(script: &Arc<Script>) -> Option<Self> {
        let info = script.next()?.model.info();
        Some(Self { info, script: Arc::clone(script) })
    }
}

impl ChatModel for Player {
    fn describe(&self) -> &ModelInfo {
        &self.info
    }

    fn stream(
        &self,
        request: ModelRequest,
        abort: CancellationToken,
    ) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        let Some((exchange, has_next)) = self.script.begin(&self.info, &request) else {
            let over = CatalogError::RecordingOver { reference: self.info.reference() };
            return stream::once(async move { Err(over.into()) }).boxed();
        };
        let playing = Playing {
            events: exchange.events.iter().cloned().collect(),
            end: self.end_of(exchange, has_next),
            took: Duration::from_millis(exchange.took_ms),
            speed: self.script.speed,
            began: Instant::now(),
            stopped: self.script.stopped.clone(),
            abort,
        };
        stream::unfold(Some(playing), |playing| async move { playing?.next().await }).boxed()
    }
}

/// What follows the last event.
enum Ending {
    Over,
    Error(ModelError),
    /// Nothing, until the turn is stopped as it was then.
    Stop,
}

impl Player {
    fn end_of(&self, exchange: &Exchange, has_next: bool) -> Ending {
        let provider = || Arc::clone(&self.info.provider);
        match &exchange.end {
            End::Done => Ending::Over,
            End::Failed(fault) => Ending::Error(fault.error()),
            // Another call of the same turn followed: this one was given up because it was silent for too long.
            End::Stopped if has_next => Ending::Error(ModelError::Timeout {
                provider: provider(),
                kind: TimeoutKind::FirstByte,
                after: Duration::from_millis(exchange.took_ms),
            }),
            End::Stopped => Ending::Stop,
            End::TooLarge => Ending::Error(ModelError::Malformed {
                provider: provider(),
                what: Malformed::ResponseTooLarge,
            }),
        }
    }
}

struct Playing {
    events: VecDeque<(u64, ModelEvent)>,
    end: Ending,
    took: Duration,
    speed: Speed,
    began: Instant,
    stopped: CancellationToken,
    abort: CancellationToken,
}

type Item = Result<ModelEvent, ModelError>;

impl Playing {
    /// The next item and what follows it.
    async fn next(mut self) -> Option<(Item, Option<Self>)> {
        let front = self.events.pop_front();
        let at = front.as_ref().map_or(self.took, |(at, _)| Duration::from_millis(*at));
        if !self.wait(at).await {
            return Some((Err(ModelError::Aborted), None));
        }
        match (front, self.end) {
            (Some((_, event)), end) => Some((Ok(event), Some(Self { end, ..self }))),
            (None, Ending::Over) => None,
            (None, Ending::Error(error)) => Some((Err(error), None)),
            (None, Ending::Stop) => {
                self.stopped.cancel();
                self.abort.cancelled().await;
                Some((Err(ModelError::Aborted), None))
            }
        }
    }

    /// Waits until it is time; whether nobody stopped it meanwhile.
    async fn wait(&self, at: Duration) -> bool {
        let until = match self.speed {
            Speed::Original => self.began + at,
            Speed::AtOnce => self.began,
        };
        tokio::select! {
            biased;
            () = self.abort.cancelled() => false,
            () = tokio::time::sleep_until(until) => true,
        }
    }
}
