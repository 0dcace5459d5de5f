//! The port of a tool, and the values that cross it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use openclaw_guard::{Clock, Root};
use openclaw_memory::MemoryBackend;
use openclaw_protocol::message::Part;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::error::ToolError;
use crate::spec::ToolSpec;

/// Something an agent can do. The contract that every tool is tested against is in the crate's
/// `tests/tools/contract.rs`.
pub trait Tool: Send + Sync {
    /// The tool's one declaration.
    fn spec(&self) -> &'static ToolSpec;
    /// Does it. Never panics on hostile arguments; stops soon after `cx.abort` is cancelled or the future is dropped.
    fn run(&self, call: ToolCall, cx: ToolContext) -> BoxFuture<'_, ToolOutcome>;
}

/// What a model asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: String,
    /// The tool's name as the model wrote it.
    pub name: String,
    /// The arguments as the model wrote them.
    pub arguments: Value,
}

/// On whose behalf, and where.
#[derive(Clone)]
pub struct ToolContext {
    /// Cancelled when the turn is stopped.
    pub abort: CancellationToken,
    /// The agent.
    pub agent_id: String,
    /// The session of the turn, canonical.
    pub session_key: String,
    /// The only directory that file tools reach.
    pub workspace: Arc<Root>,
    /// The agent's memory.
    pub memory: Arc<dyn MemoryBackend>,
    /// What is known about sessions.
    pub session: Arc<dyn SessionInfo>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}

/// The port to what is known about sessions.
pub trait SessionInfo: Send + Sync {
    /// The state of a session now; `None` when there is no such session. Answers from memory, without I/O.
    fn snapshot(&self, session_key: &str) -> Option<SessionSnapshot>;
}

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSnapshot {
    /// `provider/model`.
    pub model: String,
    /// Tokens of the last request, as the provider counted them.
    pub context_tokens: Option<u64>,
    /// Tokens the model can take.
    pub context_window: Option<u64>,
    /// Who listens.
    pub chat: ChatKind,
    /// The channel's name, in small letters.
    pub channel: String,
}

/// Who listens to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatKind {
    /// One person.
    Direct,
    /// A group.
    Group,
    /// A channel of a server.
    Channel,
}

/// What a tool returned.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutcome {
    /// What the model gets to see.
    pub content: Vec<Part>,
    /// The same as a value, for clients; never sent to the model.
    pub details: Option<Value>,
    /// Whether the tool failed.
    pub is_error: bool,
}

impl ToolOutcome {
    /// A text and nothing else.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: vec![Part::text(text)], details: None, is_error: false }
    }

    /// A value, which the model sees as JSON with two blanks of indentation.
    #[must_use]
    pub fn json(value: Value) -> Self {
        Self { content: vec![Part::text(format!("{value:#}"))], details: Some(value), is_error: false }
    }

    /// A failure in the form OpenClaw 2026.2.9 shows to models: `{"status":"error","tool","error"}`.
    #[must_use]
    pub fn error(tool: &str, error: &ToolError) -> Self {
        let value = json!({ "status": "error", "tool": tool, "error": error.to_string() });
        Self { is_error: true, ..Self::json(value) }
    }
}

/// The outcome of a tool's work, failures in their usual form.
pub(crate) fn outcome(spec: &ToolSpec, result: Result<ToolOutcome, ToolError>) -> ToolOutcome {
    result.unwrap_or_else(|error| ToolOutcome::error(spec.name, &error))
}
