//! Turns what happens in a run into `agent` and `chat` events.

use std::sync::{Arc, Mutex, PoisonError};

use openclaw_agent::turn::{AbortReason, Outcome, TurnError, TurnEvent};
use openclaw_agent::{RunObserver, TurnObserver, TurnReport};
use openclaw_protocol::event::{AgentEvent, AgentStream, ChatEvent, ChatState};
use openclaw_protocol::frame::{ErrorCode, ErrorShape};
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::EventId;
use openclaw_tools::{ToolCall, ToolOutcome};
use serde_json::{Value, json};

use crate::core::Core;
use crate::runs::{RunAnswer, RunEnd, RunKind, RunStatus};
use crate::text::assistant_message;
use crate::ws::hub::{Broadcast, ConnId};
use crate::ws::outbox::IfSlow;

/// `chat` deltas of a run are at least this far apart, in milliseconds (release: 150).
const DELTA_INTERVAL_MS: i64 = 150;

/// How much of tool calls clients get (`verboseLevel` of the session).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Off,
    WithoutResults,
    Full,
}

impl Verbosity {
    pub(crate) fn of(level: Option<&str>) -> Self {
        match level {
            Some("on") => Self::WithoutResults,
            Some("full") => Self::Full,
            Some(_) | None => Self::Off,
        }
    }
}

/// Who started a run, and how they call its session.
pub(crate) struct Starter {
    pub(crate) conn: ConnId,
    /// The key as the client gave it.
    pub(crate) given_key: String,
    /// Whether it wants tool events.
    pub(crate) tool_events: bool,
    /// What it may do.
    pub(crate) scopes: Vec<String>,
}

/// What a run is.
pub(crate) struct RunInfo {
    pub(crate) id: String,
    pub(crate) kind: RunKind,
    pub(crate) key: SessionKey,
    /// What the ledger knows of it.
    pub(crate) event: EventId,
    pub(crate) starter: Starter,
    pub(crate) verbosity: Verbosity,
}

/// Watches one run for everybody.
pub(crate) struct EventObserver {
    core: Arc<Core>,
    run: RunInfo,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    seq: u64,
    /// Whether the lifecycle was opened: command answers and runs stopped while waiting have none.
    started: bool,
    started_at_ms: i64,
    last_delta_ms: i64,
    /// What the user should know of how the answer comes about.
    notice: Option<String>,
}

impl EventObserver {
    pub(crate) fn new(core: Arc<Core>, run: RunInfo) -> Self {
        let progress = Progress { started_at_ms: core.now_ms(), ..Progress::default() };
        Self { core, run, progress: Mutex::new(progress) }
    }

    fn next_seq(&self) -> u64 {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.seq += 1;
        progress.seq
    }

    fn agent(&self, stream: AgentStream, data: Value) -> (u64, AgentEvent) {
        let seq = self.next_seq();
        let event = AgentEvent {
            run_id: self.run.id.clone(),
            stream,
            data,
            session_key: Some(self.run.key.to_string()),
            seq,
            ts: self.core.now_ms(),
        };
        (seq, event)
    }

    fn emit_agent(&self, stream: AgentStream, data: Value) -> u64 {
        let (seq, event) = self.agent(stream, data);
        self.core.hub.broadcast(&Broadcast::new("agent", &event, IfSlow::Close));
        seq
    }

    /// Tool events go only to whoever started the run and asked for them.
    fn emit_tool(&self, data: Value) {
        let (_, event) = self.agent(AgentStream::Tool, data);
        if self.run.starter.tool_events && self.run.verbosity != Verbosity::Off {
            self.core.hub.send_to(self.run.starter.conn, "agent", &event);
        }
    }

    fn emit_chat(&self, event: &ChatEvent, if_slow: IfSlow) {
        let alias = ChatEvent { session_key: self.run.starter.given_key.clone(), ..event.clone() };
        let except = (alias.session_key != event.session_key).then_some((self.run.starter.conn, &alias));
        self.core.hub.broadcast(&Broadcast { except, ..Broadcast::new("chat", event, if_slow) });
    }

    fn chat(&self, state: ChatState) -> ChatEvent {
        ChatEvent {
            run_id: self.run.id.clone(),
            session_key: self.run.key.to_string(),
            seq: 0,
            state,
            message: None,
            error_message: None,
            stop_reason: None,
        }
    }

    fn message(&self, text: &str) -> Value {
        assistant_message(text, self.core.now_ms())
    }

    fn text(&self, text: &str, delta: &str) {
        let seq = self.emit_agent(AgentStream::Assistant, json!({"text": text, "delta": delta}));
        let now = self.core.now_ms();
        let text = {
            let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            if now - progress.last_delta_ms < DELTA_INTERVAL_MS {
                return;
            }
            progress.last_delta_ms = now;
            behind_notice(progress.notice.as_deref(), text)
        };
        let event = ChatEvent { seq, message: Some(self.message(&text)), ..self.chat(ChatState::Delta) };
        self.emit_chat(&event, IfSlow::Drop);
    }

    /// What the user should know comes before the answer, and stays out of the conversation that models read.
    fn notice(&self, words: &str) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).notice = Some(words.to_owned());
        self.emit_agent(AgentStream::Lifecycle, json!({"phase": "notice", "text": words}));
    }

    fn tool_started(&self, call: &ToolCall) {
        self.emit_tool(json!({
            "phase": "start", "name": call.name, "toolCallId": call.id, "args": call.arguments,
        }));
    }

    /// A short name of what a call is about: a path, a query, a command.
    fn label(&self, call: &ToolCall) -> Option<String> {
        self.core.snapshot().agents.of_key(&self.run.key)?.toolbox.label(call)
    }

    fn tool_ended(&self, call: &ToolCall, outcome: &ToolOutcome) {
        let mut data = json!({
            "phase": "result", "name": call.name, "toolCallId": call.id, "isError": outcome.is_error,
        });
        if let Some(data) = data.as_object_mut() {
            if let Some(meta) = self.label(call) {
                data.insert("meta".to_owned(), json!(meta));
            }
            if self.run.verbosity == Verbosity::Full {
                let mut result = json!({"content": outcome.content});
                if let (Some(result), Some(details)) = (result.as_object_mut(), &outcome.details) {
                    result.insert("details".to_owned(), details.clone());
                }
                data.insert("result".to_owned(), result);
            }
        }
        self.emit_tool(data);
    }

    /// The last events of a run: the end of the `agent` lifecycle if it was begun, then what a chat window shows.
    fn announce_end(&self, report: &TurnReport) {
        let ended_at = self.core.now_ms();
        let (lifecycle, chat) = match &report.outcome {
            Outcome::Replied { text } => {
                let text = &behind_notice(report.notice.as_deref(), text);
                let message = (!text.is_empty()).then(|| self.message(text));
                (
                    json!({"phase": "end", "endedAt": ended_at}),
                    ChatEvent { message, ..self.chat(ChatState::Final) },
                )
            }
            Outcome::Silent => (json!({"phase": "end", "endedAt": ended_at}), self.chat(ChatState::Final)),
            Outcome::Aborted { reason, text } => {
                let stop_reason = Some(match reason {
                    AbortReason::Rpc => "rpc",
                    AbortReason::StopWord | AbortReason::Shutdown => "stop",
                });
                let message = (!text.is_empty()).then(|| self.message(text));
                let event = ChatEvent { stop_reason, message, ..self.chat(ChatState::Aborted) };
                (json!({"phase": "end", "endedAt": ended_at, "aborted": true}), event)
            }
            Outcome::Failed(error @ TurnError::Deadline { .. }) => {
                let words = error.to_string();
                let event = ChatEvent {
                    stop_reason: Some("timeout"),
                    error_message: Some(words.clone()),
                    ..self.chat(ChatState::Aborted)
                };
                (json!({"phase": "error", "error": words, "endedAt": ended_at}), event)
            }
            Outcome::Failed(error) => {
                let words = error.to_string();
                let event = ChatEvent { error_message: Some(words.clone()), ..self.chat(ChatState::Error) };
                (json!({"phase": "error", "error": words, "endedAt": ended_at}), event)
            }
        };
        let started = self.progress.lock().unwrap_or_else(PoisonError::into_inner).started;
        let seq = if started { self.emit_agent(AgentStream::Lifecycle, lifecycle) } else { self.next_seq() };
        self.emit_chat(&ChatEvent { seq, ..chat }, IfSlow::Close);
    }
}

impl TurnObserver for EventObserver {
    fn event(&self, event: &TurnEvent) {
        match event {
            TurnEvent::Started => {
                let started_at = self.core.now_ms();
                {
                    let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
                    progress.started = true;
                    progress.started_at_ms = started_at;
                }
                self.emit_agent(AgentStream::Lifecycle, json!({"phase": "start", "startedAt": started_at}));
            }
            TurnEvent::Text { text, delta } => self.text(text, delta),
            TurnEvent::Notice { words } => self.notice(words),
            TurnEvent::ToolStarted(call) => self.tool_started(call),
            TurnEvent::ToolEnded { call, outcome } => self.tool_ended(call, outcome),
        }
    }
}

impl RunObserver for EventObserver {
    fn ended(&self, report: &TurnReport) {
        if let Outcome::Failed(error) = &report.outcome {
            tracing::warn!(run = %self.run.id, session = %self.run.key, %error, "run failed");
        }
        self.announce_end(report);
        self.core.runs.end(self.run.kind, &self.run.id, self.end_of(report));
    }

    fn outcome(&self, report: &TurnReport) -> Vec<u8> {
        self.end_of(report).keep()
    }

    /// The lane is gone: the gateway stops, in whatever order its parts go, or something broke that is caught nowhere. The
    /// message is left to the next process, and this one does not count as a try.
    fn dropped(&self) {
        self.core.ledger.release(self.run.event, Box::new(|_| ()));
        self.ended(&TurnReport::bare(Outcome::Failed(TurnError::Postponed)));
    }
}

impl EventObserver {
    fn end_of(&self, report: &TurnReport) -> RunEnd {
        let started_at_ms = self.progress.lock().unwrap_or_else(PoisonError::into_inner).started_at_ms;
        let answer = match self.run.kind {
            RunKind::Agent => agent_answer(&self.run.id, report),
            // Nobody asks a chat run for more than how it ended.
            RunKind::Chat => RunAnswer::default(),
        };
        let (status, error) = match &report.outcome {
            Outcome::Replied { .. } | Outcome::Silent => (RunStatus::Ok, None),
            Outcome::Aborted { .. } => (RunStatus::Ok, Some("aborted".to_owned())),
            Outcome::Failed(error) => (RunStatus::Error, Some(error.to_string())),
        };
        RunEnd { status, started_at_ms, ended_at_ms: self.core.now_ms(), error, answer }
    }
}

/// An answer behind what has to be said before it.
fn behind_notice(notice: Option<&str>, text: &str) -> String {
    notice.map_or_else(|| text.to_owned(), |notice| format!("_{notice}_\n\n{text}"))
}

/// The answer of a finished `agent` call, the same for everybody who asks.
fn agent_answer(id: &str, report: &TurnReport) -> RunAnswer {
    let Outcome::Failed(error) = &report.outcome else {
        let result = agent_result(report);
        let payload = json!({"runId": id, "status": "ok", "summary": "completed", "result": result});
        return RunAnswer { payload, error: None };
    };
    let code = match error {
        TurnError::Deadline { .. } => ErrorCode::AgentTimeout,
        TurnError::Model { .. }
        | TurnError::Budget { .. }
        | TurnError::EmptyAnswer { .. }
        | TurnError::ToolLoop { .. }
        | TurnError::TooManyRounds
        | TurnError::Interrupted
        | TurnError::Postponed
        | TurnError::Internal { .. } => ErrorCode::Unavailable,
    };
    let words = error.to_string();
    let payload = json!({"runId": id, "status": "error", "summary": words});
    RunAnswer { payload, error: Some(ErrorShape::new(code, words)) }
}

/// The `result` of a finished `agent` call.
fn agent_result(report: &TurnReport) -> Value {
    let text = match &report.outcome {
        Outcome::Replied { text } | Outcome::Aborted { text, .. } => text.as_str(),
        Outcome::Silent | Outcome::Failed(_) => "",
    };
    let text = behind_notice(report.notice.as_deref().filter(|_| !text.is_empty()), text);
    let payloads = if text.is_empty() { json!([]) } else { json!([{"text": text, "mediaUrl": null}]) };
    json!({
        "payloads": payloads,
        "meta": {
            "durationMs": u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
            "agentMeta": {
                "sessionId": report.session_id, "provider": report.provider, "model": report.model,
                "usage": report.usage,
            },
            "aborted": matches!(report.outcome, Outcome::Aborted { .. }),
        },
    })
}
