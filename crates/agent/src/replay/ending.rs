//! How a turn ended, and whether it ends so today.

use std::sync::Arc;

use openclaw_models::replay::{End, Script};
use openclaw_protocol::message::{AssistantMessage, Message, StopReason, text_of};

use super::report::Ended;
use super::scratch::was_stopped;
use crate::turn::{SILENT_REPLY, TurnError};

/// How a turn ended, as far as the transcript says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EndThen {
    /// It did not end: the gateway stopped in it.
    Cut,
    /// With an answer.
    Replied,
    /// With the model's choice to say nothing.
    Silent,
    /// It was stopped.
    Stopped,
    /// It failed; with these words, if there are some.
    Failed(Option<String>),
    /// Its calls were closed: it was stopped or failed.
    Closed,
}

/// How today's end looks beside it.
pub(super) enum EndNow {
    Same,
    /// It was stopped where a replay has nothing that could be stopped.
    StoppedBetween,
    Other,
}

impl EndThen {
    pub(super) fn of(expected: &[Arc<Message>]) -> Self {
        match expected.last().map(Arc::as_ref) {
            Some(Message::Assistant(assistant)) => Self::of_answer(assistant),
            Some(Message::ToolResult(result)) if was_stopped(result) => Self::Closed,
            Some(Message::ToolResult(_) | Message::User(_)) | None => Self::Cut,
        }
    }

    fn of_answer(assistant: &AssistantMessage) -> Self {
        let cut = [TurnError::Interrupted, TurnError::Postponed].map(|error| error.to_string());
        match (&assistant.error_message, assistant.stop_reason) {
            (Some(words), _) if cut.contains(words) => Self::Cut,
            (Some(words), _) => Self::Failed(Some(words.clone())),
            (None, StopReason::Aborted) => Self::Stopped,
            (None, StopReason::Error) => Self::Failed(None),
            (None, StopReason::ToolUse) => Self::Cut,
            (None, StopReason::Stop | StopReason::Length) => {
                let is_silent = text_of(&assistant.content).trim() == SILENT_REPLY;
                if is_silent { Self::Silent } else { Self::Replied }
            }
        }
    }

    pub(super) fn judge(&self, outcome: Ended, today: &str, script: &Script) -> EndNow {
        let is_stopped = script.stopped().is_cancelled();
        let has_failed = outcome == Ended::Failed;
        let is_last_failed =
            script.exchanges().last().is_some_and(|exchange| matches!(exchange.end, End::Failed(_)));
        let is_same = match self {
            Self::Cut => true,
            Self::Replied => outcome == Ended::Replied,
            Self::Silent => outcome == Ended::Silent,
            Self::Stopped => outcome == Ended::Stopped,
            // A time limit is played as a stop.
            Self::Failed(_) if is_stopped => true,
            // The names of others that failed too follow.
            Self::Failed(Some(words)) => has_failed && words.starts_with(today),
            Self::Failed(None) => has_failed,
            Self::Closed => outcome == Ended::Stopped || has_failed,
        };
        let is_between = *self == Self::Stopped && has_failed && is_last_failed;
        match (is_same, is_between && script.asked() == script.exchanges().len()) {
            (true, _) => EndNow::Same,
            (false, true) => EndNow::StoppedBetween,
            (false, false) => EndNow::Other,
        }
    }

    pub(super) fn words(&self) -> &str {
        match self {
            Self::Cut => "cut off",
            Self::Replied => "replied",
            Self::Silent => "silent",
            Self::Stopped => "stopped",
            Self::Failed(Some(words)) => words,
            Self::Failed(None) => "failed",
            Self::Closed => "stopped or failed",
        }
    }
}
