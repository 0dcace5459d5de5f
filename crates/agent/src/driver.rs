//! Performs what the turn machine decides: model calls, tools, transcript, events.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use openclaw_guard::Clock;
use openclaw_models::{ModelError, ModelEvent, ModelRequest, TimeoutKind};
use openclaw_protocol::message::Message;
use openclaw_store::StoreError;
use openclaw_tools::{ToolCall, ToolOutcome};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::turn::{AbortReason, Effect, Input, Outcome, Turn, TurnError, TurnEvent, step};
use crate::voice::Voice;

/// Stops a run from anywhere, once.
#[derive(Debug, Clone, Default)]
pub struct AbortHandle {
    token: CancellationToken,
    reason: Arc<OnceLock<AbortReason>>,
}

impl AbortHandle {
    /// Stops the run. Only the first reason counts.
    pub fn abort(&self, reason: AbortReason) {
        // A second abort changes nothing, by design.
        self.reason.set(reason).ok();
        self.token.cancel();
    }

    /// Returns when somebody stops the run.
    pub async fn aborted(&self) -> AbortReason {
        self.token.cancelled().await;
        self.reason.get().copied().unwrap_or(AbortReason::Rpc)
    }
}

/// Watches one turn. Calls must not block: they are made between a provider's chunk and the next.
pub trait TurnObserver: Send + Sync {
    /// Something happened.
    fn event(&self, event: &TurnEvent);
}

/// What the driver needs of the world while a turn runs.
pub(crate) trait World: Send {
    /// Writes a message to the transcript; it is durable when this returns.
    fn append(&mut self, message: Message) -> BoxFuture<'_, Result<(), StoreError>>;
    /// Starts a tool. It must stop when the token is cancelled.
    fn run_tool(&self, call: ToolCall, abort: CancellationToken) -> BoxFuture<'static, ToolOutcome>;
    /// The clock.
    fn clock(&self) -> &dyn Clock;
}

/// The two ways a turn is ended from outside, and the one in which a model is.
pub(crate) struct Limits<'a> {
    pub(crate) abort: &'a AbortHandle,
    pub(crate) timeout: Duration,
    /// How long a model may be silent while another one could answer.
    pub(crate) wait: Duration,
}

type Events = BoxStream<'static, Result<ModelEvent, ModelError>>;

/// What runs for the turn at the moment.
#[derive(Default)]
struct Running {
    events: Option<(Events, CancellationToken)>,
    /// When another model is asked unless this one has said something.
    speaks_by: Option<Instant>,
    tool: Option<(String, BoxFuture<'static, ToolOutcome>, CancellationToken)>,
}

impl Drop for Running {
    /// A driver that is dropped in the middle leaves nothing behind.
    fn drop(&mut self) {
        if let Some((_, token)) = &self.events {
            token.cancel();
        }
        if let Some((_, _, token)) = &self.tool {
            token.cancel();
        }
    }
}

/// The end of a turn. The last record is not written yet: it is made durable together with the end.
pub(crate) struct Finish {
    pub(crate) outcome: Outcome,
    pub(crate) last: Option<Message>,
    /// What the user was told of how the answer came about.
    pub(crate) notice: Option<String>,
}

/// Drives a turn to its end.
pub(crate) async fn drive(
    turn: &mut Turn,
    speaker: &mut impl Voice,
    world: &mut impl World,
    observer: &dyn TurnObserver,
    limits: Limits<'_>,
) -> Finish {
    let deadline = Instant::now() + limits.timeout;
    let mut running = Running::default();
    let mut notice = None;
    let mut inputs = VecDeque::from([Input::Begin]);
    loop {
        while let Some(input) = inputs.pop_front() {
            let mut last = None;
            let mut effects = step(turn, input, world.clock().now_ms()).into_iter().peekable();
            while let Some(effect) = effects.next() {
                match (effect, effects.peek()) {
                    (Effect::Append(message), Some(Effect::End(_))) => last = Some(message),
                    (Effect::CallModel(mut request), _) => {
                        match pay(speaker, &mut request, (&limits, deadline)).await {
                            Ok(()) => {
                                let wait = speaker.patience(limits.wait);
                                let speaks_by = speaker.has_others().then(|| Instant::now() + wait);
                                running.call(speaker, *request, (world.clock().now_ms(), speaks_by));
                            }
                            Err(input) => inputs.push_back(input),
                        }
                    }
                    (effect, _) => match perform(effect, world, observer, &mut running).await {
                        Done::Not => {}
                        Done::Yes(outcome) => return Finish { outcome, last, notice },
                    },
                }
            }
        }
        if !inputs.is_empty() {
            continue;
        }
        let input = tokio::select! {
            biased;
            reason = limits.abort.aborted() => Input::Abort(reason),
            () = tokio::time::sleep_until(deadline) => Input::Deadline,
            () = until(running.speaks_by) => running.gave_up(speaker, speaker.patience(limits.wait)),
            event = next_event(&mut running.events) => event,
            (call_id, outcome) = tool_result(&mut running.tool) => Input::ToolDone { call_id, outcome },
        };
        let paid = speaker.count(&input);
        if says_something(&input) {
            running.speaks_by = None;
            if let Some(words) = speaker.notice() {
                observer.event(&TurnEvent::Notice { words: words.clone() });
                notice = Some(words);
            }
        }
        let over = paid.err().map(|unpaid| Input::OverBudget { words: unpaid.words() });
        let input = match (input, &over) {
            (Input::ModelFailed(error), None) => {
                Some(after_failure(turn, speaker, error, (&limits, deadline)).await)
            }
            // Nobody else is asked for what cannot be paid.
            (Input::ModelFailed(_), Some(_)) => None,
            (input, _) => Some(input),
        };
        inputs.extend(input.into_iter().chain(over));
    }
}

/// Sets aside what a call can cost. A disk that hangs keeps nobody from stopping the turn.
async fn pay(
    speaker: &mut impl Voice,
    request: &mut ModelRequest,
    (limits, deadline): (&Limits<'_>, Instant),
) -> Result<(), Input> {
    tokio::select! {
        biased;
        reason = limits.abort.aborted() => Err(Input::Abort(reason)),
        () = tokio::time::sleep_until(deadline) => Err(Input::Deadline),
        paid = speaker.pay_for(request) => {
            paid.map_err(|unpaid| Input::OverBudget { words: unpaid.words() })
        }
    }
}

/// Finds who answers in the place of a model that failed, unless it has said something already.
async fn after_failure(
    turn: &Turn,
    speaker: &mut impl Voice,
    error: ModelError,
    (limits, deadline): (&Limits<'_>, Instant),
) -> Input {
    if !turn.is_unspoken() {
        speaker.broke_off(&error).await;
        return Input::ModelFailed(error);
    }
    tokio::select! {
        biased;
        reason = limits.abort.aborted() => Input::Abort(reason),
        () = tokio::time::sleep_until(deadline) => Input::Deadline,
        next = speaker.next_after(&error) => match next {
            Some(info) => Input::ModelReplaced(Box::new(info)),
            None => Input::NobodyAnswers { words: speaker.words(&error) },
        },
    }
}

/// Whether a model begins, or goes on, to answer.
fn says_something(input: &Input) -> bool {
    matches!(input, Input::Model(event) if !matches!(event, ModelEvent::Usage(_)))
}

/// Returns at that time; never, when there is none.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

impl Running {
    fn call(
        &mut self,
        speaker: &impl Voice,
        request: ModelRequest,
        (now_ms, speaks_by): (i64, Option<Instant>),
    ) {
        let token = CancellationToken::new();
        let request = ModelRequest { now_ms, ..request };
        self.events = Some((speaker.model().stream(request, token.clone()), token));
        self.speaks_by = speaks_by;
    }

    /// Drops a call that said nothing for too long while another model could answer.
    fn gave_up(&mut self, speaker: &impl Voice, after: Duration) -> Input {
        self.speaks_by = None;
        if let Some((_, token)) = self.events.take() {
            token.cancel();
        }
        let provider = Arc::clone(&speaker.info().provider);
        Input::ModelFailed(ModelError::Timeout { provider, kind: TimeoutKind::FirstByte, after })
    }
}

enum Done {
    Not,
    Yes(Outcome),
}

async fn perform(
    effect: Effect,
    world: &mut impl World,
    observer: &dyn TurnObserver,
    running: &mut Running,
) -> Done {
    match effect {
        // The driver's own.
        Effect::CallModel(_) => {}
        Effect::CancelModel => {
            running.speaks_by = None;
            if let Some((_, token)) = running.events.take() {
                token.cancel();
            }
        }
        Effect::RunTool(call) => {
            let token = CancellationToken::new();
            let id = call.id.clone();
            running.tool = Some((id, world.run_tool(call, token.clone()), token));
        }
        Effect::CancelTool => {
            if let Some((_, _, token)) = running.tool.take() {
                token.cancel();
            }
        }
        Effect::Append(message) => {
            if let Err(error) = world.append(message).await {
                return Done::Yes(Outcome::Failed(TurnError::Internal { words: storage_words(&error) }));
            }
        }
        Effect::Emit(event) => observer.event(&event),
        Effect::End(outcome) => return Done::Yes(outcome),
    }
    Done::Not
}

/// A storage failure in plain words.
pub(crate) fn storage_words(error: &StoreError) -> String {
    if error.is_disk_full() {
        format!(
            "The disk is full, so the conversation cannot be saved ({error}). Free some space and send the message again."
        )
    } else {
        format!(
            "The conversation cannot be saved: {error}. Check the state directory and send the message again."
        )
    }
}

async fn next_event(events: &mut Option<(Events, CancellationToken)>) -> Input {
    let Some((stream, _)) = events else { return std::future::pending().await };
    match stream.next().await {
        Some(Ok(event)) => Input::Model(event),
        Some(Err(error)) => {
            *events = None;
            Input::ModelFailed(error)
        }
        None => {
            // A model that ends without `Done` or an error breaks its contract; the turn must end all the same.
            *events = None;
            Input::ModelFailed(ModelError::Aborted)
        }
    }
}

async fn tool_result(
    tool: &mut Option<(String, BoxFuture<'static, ToolOutcome>, CancellationToken)>,
) -> (String, ToolOutcome) {
    let Some((id, future, _)) = tool else { return std::future::pending().await };
    let outcome = future.await;
    let id = std::mem::take(id);
    *tool = None;
    (id, outcome)
}
