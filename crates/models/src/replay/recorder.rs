//! A model that is looked on at: every call is handed to a sink, whatever becomes of it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{BoxStream, Stream, StreamExt as _};
use openclaw_guard::{Redactor, Secret};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::exchange::{End, Exchange, Hidden, RecordedModel, RecordedRequest};
use super::fault::Fault;
use super::frames::{Broke, Spelt, wire};
use super::hide::{hidden_text, hide_text};
use crate::wire::{Keep, Seen, Tap, tapped};
use crate::{ChatModel, ModelError, ModelEvent, ModelInfo, ModelRequest};

/// Most bytes of events that are kept of one answer. What comes after is passed on and not recorded.
pub const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// Takes what was recorded. It is called between a provider's last piece and the end of the turn, so it must not block
/// and cannot fail: a recording never stops an answer.
pub trait ExchangeSink: Send + Sync {
    /// A call is over.
    fn take(&self, taken: Taken);
}

/// Whether frames of the wire are recorded too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WireFrames {
    /// Only what the turn saw.
    #[default]
    Left,
    /// Requests and answers as they went over the wire as well.
    Kept,
}

/// The turn that calls belong to.
#[derive(Debug, Clone)]
pub struct TakenFrom {
    turn: Arc<str>,
    calls: Arc<AtomicU32>,
}

impl TakenFrom {
    /// A turn under a name that no other one has.
    #[must_use]
    pub fn turn(name: &str) -> Self {
        Self { turn: Arc::from(name), calls: Arc::default() }
    }
}

/// A model whose calls are recorded.
pub struct Recorder {
    inner: Arc<dyn ChatModel>,
    from: TakenFrom,
    sink: Arc<dyn ExchangeSink>,
    frames: WireFrames,
}

impl Recorder {
    /// The same model, looked on at.
    #[must_use]
    pub fn new(
        inner: Arc<dyn ChatModel>,
        from: TakenFrom,
        sink: Arc<dyn ExchangeSink>,
        frames: WireFrames,
    ) -> Self {
        Self { inner, from, sink, frames }
    }
}

impl ChatModel for Recorder {
    fn describe(&self) -> &ModelInfo {
        self.inner.describe()
    }

    fn stream(
        &self,
        request: ModelRequest,
        abort: CancellationToken,
    ) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        let began = Instant::now();
        let taken = Taken {
            turn: Arc::clone(&self.from.turn),
            call: self.from.calls.fetch_add(1, Ordering::Relaxed),
            model: RecordedModel::of(self.inner.describe()),
            request: request.clone(),
            events: Vec::new(),
            end: Ending::Stopped,
            took: Duration::ZERO,
            frames: self.frames,
            seen: Seen::default(),
            bytes: 0,
        };
        let keep = match self.frames {
            WireFrames::Left => Keep::Nothing,
            WireFrames::Kept => Keep::Frames,
        };
        let tap = Arc::new(Tap::new(began, keep));
        let events = self.inner.stream(request, abort);
        let sink = Arc::clone(&self.sink);
        Tape { events, tap, began, bytes: 0, taken: Some(Box::new(taken)), sink }.boxed()
    }
}

/// A call that was recorded, secrets and all. There is one way to what is in it:
/// [`Taken::exchange_after`].
pub struct Taken {
    turn: Arc<str>,
    call: u32,
    model: RecordedModel,
    request: ModelRequest,
    events: Vec<(u64, ModelEvent)>,
    end: Ending,
    took: Duration,
    frames: WireFrames,
    seen: Seen,
    /// Of events and frames.
    bytes: usize,
}

enum Ending {
    Done,
    Failed(ModelError),
    Stopped,
    TooLarge,
}

/// A call being recorded.
struct Tape {
    events: BoxStream<'static, Result<ModelEvent, ModelError>>,
    tap: Arc<Tap>,
    began: Instant,
    bytes: usize,
    /// Nothing after the end.
    taken: Option<Box<Taken>>,
    sink: Arc<dyn ExchangeSink>,
}

impl Stream for Tape {
    type Item = Result<ModelEvent, ModelError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let tape = self.get_mut();
        let events = &mut tape.events;
        let polled = tapped(&tape.tap, || events.poll_next_unpin(context));
        if let Poll::Ready(item) = &polled {
            tape.note(item.as_ref());
        }
        polled
    }
}

impl Tape {
    fn note(&mut self, item: Option<&Result<ModelEvent, ModelError>>) {
        match item {
            Some(Ok(event)) => {
                self.keep(event);
                if matches!(event, ModelEvent::Done(_)) {
                    self.finish(Ending::Done);
                }
            }
            Some(Err(ModelError::Aborted)) | None => self.finish(Ending::Stopped),
            Some(Err(error)) => self.finish(Ending::Failed(error.clone())),
        }
    }

    fn keep(&mut self, event: &ModelEvent) {
        let at = millis(self.began.elapsed());
        let Some(taken) = &mut self.taken else { return };
        self.bytes += bytes(event);
        if self.bytes <= MAX_EVENT_BYTES {
            taken.events.push((at, event.clone()));
        }
    }

    fn finish(&mut self, end: Ending) {
        let Some(mut taken) = self.taken.take() else { return };
        taken.end = if self.bytes > MAX_EVENT_BYTES { Ending::TooLarge } else { end };
        taken.took = self.began.elapsed();
        taken.seen = self.tap.take();
        taken.bytes = self.bytes.min(MAX_EVENT_BYTES) + taken.seen.bytes;
        self.sink.take(*taken);
    }
}

impl Drop for Tape {
    /// Whoever asked let go of it: a stopped turn, or one in which another model is asked.
    fn drop(&mut self) {
        self.finish(Ending::Stopped);
    }
}

fn bytes(event: &ModelEvent) -> usize {
    match event {
        ModelEvent::TextDelta(text)
        | ModelEvent::ThinkingDelta(text)
        | ModelEvent::ThinkingSignature(text)
        | ModelEvent::RedactedThinking(text)
        | ModelEvent::TextSignature(text)
        | ModelEvent::ToolCallArguments { delta: text, .. }
        | ModelEvent::ToolCallSignature { signature: text, .. } => text.len(),
        ModelEvent::ToolCallStart { id, name, .. } => id.len() + name.len(),
        ModelEvent::Usage(_) | ModelEvent::Done(_) => 0,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Taken {
    /// The secrets that its requests carried, for whoever makes what hides them. One may be known from nowhere else: it
    /// was renewed a moment ago.
    #[must_use]
    pub fn secrets(&self) -> &[Secret] {
        &self.seen.secrets
    }

    /// How many bytes of memory its answer takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What is written down of it: everything but the secrets. It takes as long as there is text, so it belongs where
    /// blocking work is done.
    #[must_use]
    pub fn exchange(self, redactor: &Redactor) -> Exchange {
        self.exchange_after(&mut Hidden::default(), redactor)
    }

    /// The same behind another call of the conversation, whose request the same redactor has looked through.
    #[must_use]
    pub fn exchange_after(self, hidden: &mut Hidden, redactor: &Redactor) -> Exchange {
        let mut events = self.events;
        let spelt = hide_events(&mut events, redactor);
        let broke = match &self.end {
            Ending::Failed(ModelError::Malformed { .. }) => Broke::Malformed,
            Ending::Done | Ending::Failed(_) | Ending::Stopped | Ending::TooLarge => Broke::Not,
        };
        let wire = match self.frames {
            WireFrames::Left => None,
            WireFrames::Kept => Some(wire(self.seen, (spelt, broke), redactor)),
        };
        Exchange {
            turn: self.turn.to_string(),
            call: self.call,
            lost: 0,
            at_ms: self.request.now_ms,
            by: env!("CARGO_PKG_VERSION").to_owned(),
            request: RecordedRequest::after(&self.request, hidden, redactor),
            model: self.model,
            events,
            end: match self.end {
                Ending::Done => End::Done,
                Ending::Failed(error) => End::Failed(Fault::of(&error, redactor)),
                Ending::Stopped => End::Stopped,
                Ending::TooLarge => End::TooLarge,
            },
            took_ms: millis(self.took),
            wire,
        }
    }
}

/// What comes in pieces and is read as one text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Channel {
    Text,
    Thinking,
    Arguments(usize),
}

/// Takes the secrets out of an answer. A text in which there is one is kept in one piece, at the place of its first: cut
/// into pieces the secret would be there for whoever puts them together.
fn hide_events(events: &mut Vec<(u64, ModelEvent)>, redactor: &Redactor) -> Spelt {
    let mut wholes: Vec<(Channel, String)> = Vec::new();
    for (_, event) in events.iter_mut() {
        match piece(event) {
            Some((channel, text)) => match wholes.iter_mut().find(|(own, _)| *own == channel) {
                Some((_, whole)) => whole.push_str(text),
                None => wholes.push((channel, text.clone())),
            },
            None => hide_whole(event, redactor),
        }
    }
    let mut spelt = Spelt::Nothing;
    for (channel, whole) in wholes {
        let hidden = hidden_text(&whole, redactor);
        if hidden == whole {
            continue;
        }
        spelt = Spelt::Secret;
        let mut hidden = Some(hidden.into_owned());
        events.retain_mut(|(_, event)| match piece(event) {
            Some((own, text)) if own == channel => match hidden.take() {
                Some(hidden) => {
                    *text = hidden;
                    true
                }
                None => false,
            },
            Some(_) | None => true,
        });
    }
    spelt
}

fn piece(event: &mut ModelEvent) -> Option<(Channel, &mut String)> {
    match event {
        ModelEvent::TextDelta(text) => Some((Channel::Text, text)),
        ModelEvent::ThinkingDelta(text) => Some((Channel::Thinking, text)),
        ModelEvent::ToolCallArguments { index, delta } => Some((Channel::Arguments(*index), delta)),
        ModelEvent::ThinkingSignature(_)
        | ModelEvent::RedactedThinking(_)
        | ModelEvent::TextSignature(_)
        | ModelEvent::ToolCallStart { .. }
        | ModelEvent::ToolCallSignature { .. }
        | ModelEvent::Usage(_)
        | ModelEvent::Done(_) => None,
    }
}

fn hide_whole(event: &mut ModelEvent, redactor: &Redactor) {
    match event {
        ModelEvent::ThinkingSignature(text)
        | ModelEvent::RedactedThinking(text)
        | ModelEvent::TextSignature(text)
        | ModelEvent::ToolCallSignature { signature: text, .. } => hide_text(text, redactor),
        ModelEvent::ToolCallStart { id, name, .. } => {
            hide_text(id, redactor);
            hide_text(name, redactor);
        }
        ModelEvent::TextDelta(_)
        | ModelEvent::ThinkingDelta(_)
        | ModelEvent::ToolCallArguments { .. }
        | ModelEvent::Usage(_)
        | ModelEvent::Done(_) => {}
    }
}
