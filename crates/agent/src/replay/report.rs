//! What is told of a turn that was run again.

use openclaw_models::ModelEvent;
use openclaw_models::replay::{Difference, End, Exchange};
use openclaw_protocol::message::{StopReason, Usage};
use serde::Serialize;

use super::recorded::Missing;

/// One turn that was run again.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnReplay {
    /// Which, from 1.
    pub number: usize,
    /// When it was recorded, in milliseconds since the epoch.
    pub at_ms: i64,
    /// What the user had said, with what stands around it for the model.
    pub said: String,
    /// The calls of models, as they were recorded.
    pub calls: Vec<CallReplay>,
    /// The results of the tools, as they were recorded.
    pub tools: Vec<ToolReplay>,
    /// How it ends today.
    pub outcome: Ended,
    /// What the user gets to hear today: the answer, or why there is none.
    pub answer: String,
    /// Where today differs from then, the first place first.
    pub differences: Vec<Difference>,
    /// What of it could be compared.
    pub compared: Compared,
    /// Why it was not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// What limits the comparison.
    pub remarks: Vec<String>,
}

/// What of a turn could be compared with then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Compared {
    /// Nothing: it was not run.
    Nothing,
    /// What was asked. What it wrote is not known.
    Requests,
    /// All of it up to where the gateway stopped.
    Beginning,
    /// All of it.
    Whole,
}

/// How a turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Ended {
    /// It was not run: not all of it is recorded.
    NotRun,
    /// With an answer.
    Replied,
    /// With the model's choice to say nothing.
    Silent,
    /// It was stopped from outside.
    Stopped,
    /// It failed.
    Failed,
}

impl TurnReplay {
    /// Whether it was run again.
    #[must_use]
    pub fn is_run(&self) -> bool {
        self.outcome != Ended::NotRun
    }

    /// Whether all of it was compared, or it lacks what every recording lacks sooner or later.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match self.missing {
            Some(missing) => missing.is_usual(),
            None => self.compared == Compared::Whole,
        }
    }
}

/// One call of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallReplay {
    /// `provider/model`.
    pub model: String,
    /// Messages in the request.
    pub messages: usize,
    /// Milliseconds until it said something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_ms: Option<u64>,
    /// Milliseconds until its end.
    pub took_ms: u64,
    /// Its reasoning.
    pub thinking: String,
    /// Its text.
    pub text: String,
    /// Its tool calls: name and arguments.
    pub tool_calls: Vec<ToolUse>,
    /// What it used, as the provider said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why it stopped, if it came to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<StopReason>,
    /// What went wrong, in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A tool call as a model made it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolUse {
    /// The tool.
    pub name: String,
    /// The text of its arguments.
    pub arguments: String,
}

/// The result of a tool.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolReplay {
    /// The tool.
    pub name: String,
    /// Whether it failed.
    pub is_error: bool,
    /// What the model got to see.
    pub text: String,
}

impl CallReplay {
    /// A recorded call.
    #[must_use]
    pub fn of(exchange: &Exchange) -> Self {
        let mut call = Self {
            model: exchange.model.reference(),
            messages: exchange.request.messages.len(),
            first_ms: exchange.events.iter().find(|(_, event)| !is_silent(event)).map(|(at, _)| *at),
            took_ms: exchange.took_ms,
            thinking: String::new(),
            text: String::new(),
            tool_calls: Vec::new(),
            usage: None,
            stop_reason: None,
            error: match &exchange.end {
                End::Done => None,
                End::Failed(fault) => Some(fault.error().plain_words()),
                End::Stopped => Some("It was stopped before its end.".to_owned()),
                End::TooLarge => Some("Its answer was too large to be recorded.".to_owned()),
            },
        };
        let mut indices = Vec::new();
        for (_, event) in &exchange.events {
            call.take(event, &mut indices);
        }
        call
    }

    fn take(&mut self, event: &ModelEvent, indices: &mut Vec<usize>) {
        match event {
            ModelEvent::TextDelta(text) => self.text.push_str(text),
            ModelEvent::ThinkingDelta(text) => self.thinking.push_str(text),
            ModelEvent::ToolCallStart { index, name, .. } => {
                indices.push(*index);
                self.tool_calls.push(ToolUse { name: name.clone(), arguments: String::new() });
            }
            ModelEvent::ToolCallArguments { index, delta } => {
                let at = indices.iter().position(|known| known == index);
                if let Some(call) = at.and_then(|at| self.tool_calls.get_mut(at)) {
                    call.arguments.push_str(delta);
                }
            }
            ModelEvent::Usage(usage) => self.usage = Some(*usage),
            ModelEvent::Done(reason) => self.stop_reason = Some(*reason),
            ModelEvent::ThinkingSignature(_)
            | ModelEvent::RedactedThinking(_)
            | ModelEvent::TextSignature(_)
            | ModelEvent::ToolCallSignature { .. } => {}
        }
    }
}

fn is_silent(event: &ModelEvent) -> bool {
    matches!(event, ModelEvent::Usage(_) | ModelEvent::Done(_))
}
