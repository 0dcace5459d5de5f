//! Events the gateway sends, and their payloads.

use serde::Serialize;
use serde_json::Value;

/// Names of all events, as listed in `hello-ok.features.events`.
pub const EVENTS: &[&str] = &[
    "connect.challenge",
    "agent",
    "chat",
    "presence",
    "tick",
    "talk.mode",
    "shutdown",
    "health",
    "heartbeat",
    "cron",
    "node.pair.requested",
    "node.pair.resolved",
    "node.invoke.request",
    "device.pair.requested",
    "device.pair.resolved",
    "voicewake.changed",
    "exec.approval.requested",
    "exec.approval.resolved",
    // Ours: what became of a changed configuration.
    "config",
    // Ours: messages that need a person.
    "outbox",
];

/// Payload of `agent`: one step of a run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentEvent {
    /// The run.
    pub run_id: String,
    /// Which stream of the run.
    pub stream: AgentStream,
    /// Content, by stream.
    pub data: Value,
    /// Canonical session key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_key: Option<String>,
    /// Counts the events of this run from 1.
    pub seq: u64,
    /// Milliseconds since the epoch.
    pub ts: i64,
}

/// The streams of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentStream {
    /// Start, end, error.
    Lifecycle,
    /// Text of the answer.
    Assistant,
    /// Tool calls; only for clients with the `tool-events` capability that started the run.
    Tool,
}

/// Payload of `chat`: what a chat window shows.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatEvent {
    /// The run; the idempotency key of `chat.send`.
    pub run_id: String,
    /// Session key.
    pub session_key: String,
    /// The `seq` of the agent event it was made from.
    pub seq: u64,
    /// What happened.
    pub state: ChatState,
    /// The message so far, or the final one; absent when there was no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Value>,
    /// Plain words, for [`ChatState::Error`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// `rpc`, `stop` or `timeout`, for [`ChatState::Aborted`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<&'static str>,
}

/// The states of a chat run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatState {
    /// More text; the message holds all of it so far.
    Delta,
    /// Done.
    Final,
    /// Stopped by the user or a deadline.
    Aborted,
    /// Failed, with plain words.
    Error,
}
