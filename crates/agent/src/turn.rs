//! The turn machine: what happens next, decided without I/O and without a clock.
//!
//! A turn is one accepted message on its way to an answer: the model speaks, asks for tools, gets their results
//! and speaks again. [`step`] takes one [`Input`] and returns the [`Effect`]s the driver must perform, in order.
//! Every turn ends in exactly one [`Effect::End`], whatever arrives in whatever order.

mod draft;
mod loop_guard;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use openclaw_models::{ModelError, ModelEvent, ModelInfo, ModelRequest};
use openclaw_protocol::message::{AssistantMessage, Message, Part, StopReason, ToolResultMessage, Usage};
use openclaw_tools::{ToolCall, ToolOutcome};
use serde_json::json;

use crate::budget;
use draft::Draft;
use loop_guard::{LoopGuard, Verdict};

/// A turn that called the model this often is ended with an explanation: the longest honest turns seen in the
/// field take a few dozen rounds, run-aways took hundreds.
pub const MAX_ROUNDS: u32 = 60;
/// Tool calls of one model answer beyond this are refused, each with a result that says so.
pub const MAX_CALLS_PER_ROUND: usize = 32;

/// The answer by which a model chooses to say nothing; it is never shown.
pub const SILENT_REPLY: &str = "NO_REPLY";

/// What a call is told that was running when its turn was stopped: by the user, by the gateway's end, by its own.
pub(crate) const STOPPED: [&str; 3] =
    ["stopped by the user", "the gateway stopped before this call returned", "stopped: the turn ended"];

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// The driver is ready.
    Begin,
    /// The model produced something.
    Model(ModelEvent),
    /// The model failed; no more events of this call follow.
    ModelFailed(ModelError),
    /// The model failed before it said anything, and another one answers in its place.
    ModelReplaced(Box<ModelInfo>),
    /// The model failed, and nobody answers in its place.
    NobodyAnswers {
        /// What happened, in plain words.
        words: String,
    },
    /// A budget does not allow another model call.
    OverBudget {
        /// Which, in plain words.
        words: String,
    },
    /// A tool finished.
    ToolDone {
        /// The id of the call.
        call_id: String,
        /// What it returned.
        outcome: ToolOutcome,
    },
    /// Somebody stopped the turn.
    Abort(AbortReason),
    /// The turn's time is over.
    Deadline,
}

/// What to do, in order.
#[derive(Debug)]
pub enum Effect {
    /// Call the model; its events come back as inputs.
    CallModel(Box<ModelRequest>),
    /// Drop the running model call.
    CancelModel,
    /// Run a tool; its outcome comes back as an input.
    RunTool(ToolCall),
    /// Stop the running tool.
    CancelTool,
    /// Write to the transcript before anything that follows.
    Append(Message),
    /// Tell whoever watches.
    Emit(TurnEvent),
    /// The turn is over.
    End(Outcome),
}

/// What watchers see of a turn.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnEvent {
    /// It began.
    Started,
    /// More text of the current assistant message.
    Text {
        /// All text of this message so far.
        text: Arc<str>,
        /// The new part.
        delta: String,
    },
    /// A tool begins.
    ToolStarted(ToolCall),
    /// The user should know how the answer comes about.
    Notice {
        /// What, in plain words.
        words: String,
    },
    /// A tool ended.
    ToolEnded {
        /// The call.
        call: ToolCall,
        /// What it returned.
        outcome: ToolOutcome,
    },
}

/// Who stopped a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbortReason {
    /// `chat.abort`.
    Rpc,
    /// A stop word in the chat.
    StopWord,
    /// The gateway is shutting down.
    Shutdown,
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With an answer.
    Replied {
        /// The text of the last assistant message.
        text: String,
    },
    /// The model chose to say nothing.
    Silent,
    /// Somebody stopped it.
    Aborted {
        /// Who.
        reason: AbortReason,
        /// The text so far.
        text: String,
    },
    /// It failed.
    Failed(TurnError),
}

/// Why a turn failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TurnError {
    /// The provider failed.
    #[error("{words}")]
    Model {
        /// The provider's failure in plain words, with the next step.
        words: String,
    },
    /// A budget is spent.
    #[error("{words}")]
    Budget {
        /// Which, and the next step.
        words: String,
    },
    /// The model sent neither text nor a tool call.
    #[error("{model} returned an empty answer. Send the message again, or choose another model.")]
    EmptyAnswer {
        /// `provider/model`.
        model: String,
    },
    /// The turn's time is over.
    #[error(
        "The answer took longer than {} s and was stopped. The request's timeout, or agents.defaults.timeoutSeconds, sets the limit.",
        limit.as_secs_f64()
    )]
    Deadline {
        /// The limit.
        limit: Duration,
    },
    /// The same tool call kept returning the same result.
    #[error(
        "Stopped: the model called {tool} {times} times with the same arguments and the same result. Say what to do differently."
    )]
    ToolLoop {
        /// The tool.
        tool: String,
        /// How often.
        times: u32,
    },
    /// Too many rounds.
    #[error("Stopped after {MAX_ROUNDS} model calls in one turn. Say \"go on\" to continue.")]
    TooManyRounds,
    /// The gateway stopped or crashed in the middle.
    #[error("The gateway stopped before the answer was complete. Send the message again.")]
    Interrupted,
    /// The gateway stops, and the message is kept for the next start.
    #[error("The gateway is stopping. It will answer this message when it runs again.")]
    Postponed,
    /// Something of ours failed.
    #[error("{words}")]
    Internal {
        /// What, and the next step.
        words: String,
    },
}

/// One turn.
pub struct Turn {
    request: ModelRequest,
    model: ModelInfo,
    timeout: Duration,
    /// A lower limit of tokens than the model's own window.
    context_tokens: Option<usize>,
    state: State,
    rounds: u32,
    guard: LoopGuard,
    usage: Usage,
}

enum State {
    New,
    Streaming(Draft),
    /// Calls not yet run, the first one running.
    Tools(Vec<ToolCall>),
    Ended,
}

impl Turn {
    /// A turn over a prompt whose last message is the user's.
    #[must_use]
    pub fn new(request: ModelRequest, model: ModelInfo, timeout: Duration) -> Self {
        Self {
            request,
            model,
            timeout,
            context_tokens: None,
            state: State::New,
            rounds: 0,
            guard: LoopGuard::default(),
            usage: Usage::default(),
        }
    }

    /// The same with a lower limit of tokens than the models' own windows.
    #[must_use]
    pub fn within(self, context_tokens: Option<usize>) -> Self {
        Self { context_tokens, ..self }
    }

    /// Tokens of the last model call that reported any.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// The model that answers now.
    #[must_use]
    pub fn model(&self) -> &ModelInfo {
        &self.model
    }

    /// Whether the model is being asked and has not said anything. What it only thought is no answer yet.
    #[must_use]
    pub fn is_unspoken(&self) -> bool {
        matches!(&self.state, State::Streaming(draft) if draft.is_unspoken())
    }

    /// Puts another model in the place of the one that did not answer. What does not fit into its window is left out.
    fn replace_model(&mut self, info: ModelInfo, effects: &mut Vec<Effect>) {
        if !self.is_unspoken() {
            return;
        }
        self.request.max_tokens = info.max_tokens;
        let room = budget::room(&info, self.context_tokens, &self.request.system);
        self.request.messages = budget::newest_that_fit(&self.request.messages, room).to_vec();
        self.model = info;
        self.state = State::Streaming(Draft::default());
        effects.push(Effect::CallModel(Box::new(self.offered())));
    }

    /// The request as the model can take it.
    fn offered(&self) -> ModelRequest {
        let mut request = self.request.clone();
        request.temperature = self.model.temperature;
        if !self.model.calls_tools {
            request.tools = Arc::from([]);
        }
        request
    }

    fn call_model(&mut self, effects: &mut Vec<Effect>) {
        if self.rounds >= MAX_ROUNDS {
            self.finish(Outcome::Failed(TurnError::TooManyRounds), effects);
            return;
        }
        self.rounds += 1;
        self.state = State::Streaming(Draft::default());
        effects.push(Effect::CallModel(Box::new(self.offered())));
    }

    fn assistant(
        &self,
        content: Vec<Part>,
        usage: Usage,
        stop_reason: StopReason,
        timestamp: i64,
    ) -> AssistantMessage {
        AssistantMessage {
            content,
            api: self.model.api.as_str().to_owned(),
            provider: self.model.provider.to_string(),
            model: self.model.id.clone(),
            usage,
            stop_reason,
            error_message: None,
            timestamp,
        }
    }

    fn append(&mut self, message: Message, effects: &mut Vec<Effect>) {
        self.request.messages.push(Arc::new(message.clone()));
        effects.push(Effect::Append(message));
    }

    fn finish(&mut self, outcome: Outcome, effects: &mut Vec<Effect>) {
        self.state = State::Ended;
        effects.push(Effect::End(outcome));
    }

    /// Closes the model call with what it produced: tool calls run, text is the answer.
    fn close_draft(&mut self, mut draft: Draft, reason: StopReason, now_ms: i64, effects: &mut Vec<Effect>) {
        let usage = draft.usage.take().unwrap_or_default();
        if usage != Usage::default() {
            self.usage = usage;
        }
        let text = draft.text().to_owned();
        let (parts, calls) = draft.into_parts();
        if parts.is_empty() {
            let model = self.model.reference();
            self.finish(Outcome::Failed(TurnError::EmptyAnswer { model }), effects);
            return;
        }
        let reason = if calls.is_empty() { reason } else { StopReason::ToolUse };
        let message = self.assistant(parts, usage, reason, now_ms);
        self.append(Message::Assistant(message), effects);
        if calls.is_empty() {
            let outcome =
                if text.trim() == SILENT_REPLY { Outcome::Silent } else { Outcome::Replied { text } };
            self.finish(outcome, effects);
        } else {
            self.start_tools(calls, now_ms, effects);
        }
    }

    fn start_tools(&mut self, mut calls: Vec<ToolCall>, now_ms: i64, effects: &mut Vec<Effect>) {
        for refused in calls.split_off(calls.len().min(MAX_CALLS_PER_ROUND)) {
            let words = format!("more than {MAX_CALLS_PER_ROUND} calls in one answer; this one was not run");
            let result = result_message(&refused, &not_run(&refused, &words), now_ms);
            self.append(Message::ToolResult(result), effects);
        }
        if let Some(first) = calls.first().cloned() {
            self.state = State::Tools(calls);
            run_tool(first, effects);
        }
    }

    fn tool_done(
        &mut self,
        mut calls: Vec<ToolCall>,
        outcome: ToolOutcome,
        now_ms: i64,
        effects: &mut Vec<Effect>,
    ) {
        let call = calls.remove(0);
        let verdict = self.guard.observe(&call, &outcome);
        self.append(Message::ToolResult(result_message(&call, &outcome, now_ms)), effects);
        effects.push(Effect::Emit(TurnEvent::ToolEnded { call: call.clone(), outcome }));
        if let Verdict::Loop { times } = verdict {
            self.close_calls(&calls, "the turn was stopped before this call ran", now_ms, effects);
            self.finish(Outcome::Failed(TurnError::ToolLoop { tool: call.name, times }), effects);
            return;
        }
        match calls.first().cloned() {
            Some(next) => {
                self.state = State::Tools(calls);
                run_tool(next, effects);
            }
            None => self.call_model(effects),
        }
    }

    /// Gives every open call a result, so that the transcript never has a call without one.
    fn close_calls(&mut self, calls: &[ToolCall], words: &str, now_ms: i64, effects: &mut Vec<Effect>) {
        for call in calls {
            let outcome = not_run(call, words);
            self.append(Message::ToolResult(result_message(call, &outcome, now_ms)), effects);
            effects.push(Effect::Emit(TurnEvent::ToolEnded { call: call.clone(), outcome }));
        }
    }

    /// Ends the turn from outside: keeps the partial text, closes open calls.
    fn stop(&mut self, why: &Stop, now_ms: i64, effects: &mut Vec<Effect>) {
        let state = std::mem::replace(&mut self.state, State::Ended);
        let mut text = String::new();
        match state {
            State::Ended => return,
            State::New => {}
            State::Streaming(draft) => {
                effects.push(Effect::CancelModel);
                text = draft.text().to_owned();
                if !text.is_empty() {
                    let parts = vec![Part::text(text.clone())];
                    let message = self.assistant(parts, Usage::default(), why.stop_reason(), now_ms);
                    self.append(Message::Assistant(message), effects);
                }
            }
            State::Tools(calls) => {
                effects.push(Effect::CancelTool);
                self.close_calls(&calls, why.words(), now_ms, effects);
            }
        }
        let outcome = match why {
            Stop::Abort(reason) => Outcome::Aborted { reason: *reason, text },
            Stop::Failure(error) => Outcome::Failed(error.clone()),
        };
        self.finish(outcome, effects);
    }
}

enum Stop {
    Abort(AbortReason),
    Failure(TurnError),
}

impl Stop {
    fn stop_reason(&self) -> StopReason {
        match self {
            Self::Abort(_) => StopReason::Aborted,
            Self::Failure(_) => StopReason::Error,
        }
    }

    fn words(&self) -> &'static str {
        match self {
            Self::Abort(AbortReason::Rpc | AbortReason::StopWord) => STOPPED[0],
            Self::Abort(AbortReason::Shutdown) => STOPPED[1],
            Self::Failure(_) => STOPPED[2],
        }
    }
}

/// The result of a call that was never finished, in the form tools use for failures.
fn not_run(call: &ToolCall, words: &str) -> ToolOutcome {
    let value = json!({"status": "error", "tool": call.name, "error": words});
    ToolOutcome { is_error: true, ..ToolOutcome::json(value) }
}

fn run_tool(call: ToolCall, effects: &mut Vec<Effect>) {
    effects.push(Effect::Emit(TurnEvent::ToolStarted(call.clone())));
    effects.push(Effect::RunTool(call));
}

fn result_message(call: &ToolCall, outcome: &ToolOutcome, now_ms: i64) -> ToolResultMessage {
    ToolResultMessage {
        tool_call_id: call.id.clone(),
        tool_name: call.name.clone(),
        content: outcome.content.clone(),
        details: outcome.details.clone(),
        is_error: outcome.is_error,
        timestamp: now_ms,
    }
}

/// Decides what one input leads to. Inputs that no longer fit (a late tool, a model event after the end) lead to
/// nothing.
pub fn step(turn: &mut Turn, input: Input, now_ms: i64) -> Vec<Effect> {
    let mut effects = Vec::new();
    match input {
        Input::Begin => {
            if matches!(turn.state, State::New) {
                effects.push(Effect::Emit(TurnEvent::Started));
                turn.call_model(&mut effects);
            }
        }
        Input::Model(event) => model_event(turn, event, now_ms, &mut effects),
        Input::ModelFailed(error) => model_failed(turn, error.plain_words(), now_ms, &mut effects),
        Input::NobodyAnswers { words } => model_failed(turn, words, now_ms, &mut effects),
        Input::ModelReplaced(info) => turn.replace_model(*info, &mut effects),
        Input::OverBudget { words } => {
            turn.stop(&Stop::Failure(TurnError::Budget { words }), now_ms, &mut effects);
        }
        Input::ToolDone { call_id, outcome } => {
            let state = std::mem::replace(&mut turn.state, State::Ended);
            match state {
                State::Tools(calls) if calls.first().is_some_and(|call| call.id == call_id) => {
                    turn.tool_done(calls, outcome, now_ms, &mut effects);
                }
                other @ (State::New | State::Streaming(_) | State::Tools(_) | State::Ended) => {
                    turn.state = other
                }
            }
        }
        Input::Abort(reason) => turn.stop(&Stop::Abort(reason), now_ms, &mut effects),
        Input::Deadline => {
            let error = TurnError::Deadline { limit: turn.timeout };
            turn.stop(&Stop::Failure(error), now_ms, &mut effects);
        }
    }
    effects
}

fn model_failed(turn: &mut Turn, words: String, now_ms: i64, effects: &mut Vec<Effect>) {
    if matches!(turn.state, State::Streaming(_)) {
        turn.stop(&Stop::Failure(TurnError::Model { words }), now_ms, effects);
    }
}

fn model_event(turn: &mut Turn, event: ModelEvent, now_ms: i64, effects: &mut Vec<Effect>) {
    let State::Streaming(draft) = &mut turn.state else { return };
    match event {
        ModelEvent::TextDelta(delta) => {
            draft.push_text(&delta);
            // A silent answer must not flash up before it is known to be silent.
            if !SILENT_REPLY.starts_with(draft.text().trim()) {
                let delta = draft.take_untold();
                effects.push(Effect::Emit(TurnEvent::Text { text: draft.text().into(), delta }));
            }
        }
        ModelEvent::ThinkingDelta(delta) => draft.push_thinking(&delta),
        ModelEvent::ThinkingSignature(signature) => draft.sign_thinking(signature),
        ModelEvent::RedactedThinking(data) => draft.push_redacted(data),
        ModelEvent::TextSignature(signature) => draft.sign_text(signature),
        ModelEvent::ToolCallStart { index, id, name } => draft.start_call(index, id, name),
        ModelEvent::ToolCallArguments { index, delta } => draft.push_arguments(index, &delta),
        ModelEvent::ToolCallSignature { index, signature } => draft.sign_call(index, signature),
        ModelEvent::Usage(usage) => draft.usage = Some(usage),
        ModelEvent::Done(reason) => {
            let draft = std::mem::take(draft);
            turn.close_draft(draft, reason, now_ms, effects);
        }
    }
}
