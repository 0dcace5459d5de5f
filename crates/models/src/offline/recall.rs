//! The port's implementation: turns a planned step into a stream of events.

use std::collections::VecDeque;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use openclaw_protocol::message::{StopReason, Usage};
use tokio_util::sync::CancellationToken;

use super::plan::{Step, plan};
use crate::{ChatModel, ModelError, ModelEvent, ModelInfo, ModelRequest, WireApi};

/// Tokens it claims to take. It reads the last turn only, so the conversation never needs compaction for its sake.
const CONTEXT_WINDOW: u32 = 1_000_000;
/// A delta ends behind the line that reaches this many bytes, so that a long answer still appears in steps.
const DELTA_BYTES: usize = 240;

/// The model `offline/recall`.
#[derive(Debug, Clone)]
pub struct OfflineRecall {
    info: ModelInfo,
}

impl OfflineRecall {
    /// The one there is.
    #[must_use]
    pub fn new() -> Self {
        let name = "Offline recall (quotes your notes)".to_owned();
        let base = ModelInfo::new("offline", "recall", WireApi::Offline);
        Self { info: ModelInfo { name, context_window: CONTEXT_WINDOW, ..base } }
    }
}

impl Default for OfflineRecall {
    fn default() -> Self {
        Self::new()
    }
}

impl ChatModel for OfflineRecall {
    fn describe(&self) -> &ModelInfo {
        &self.info
    }

    fn stream(
        &self,
        request: ModelRequest,
        abort: CancellationToken,
    ) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        stream::unfold(Progress::Asked(request, abort), |progress| async move { progress.next() }).boxed()
    }
}

enum Progress {
    Asked(ModelRequest, CancellationToken),
    Telling(VecDeque<ModelEvent>, CancellationToken),
    Over,
}

impl Progress {
    fn next(self) -> Option<(Result<ModelEvent, ModelError>, Self)> {
        let (mut events, abort) = match self {
            Self::Over => return None,
            Self::Asked(_, abort) | Self::Telling(_, abort) if abort.is_cancelled() => {
                return Some((Err(ModelError::Aborted), Self::Over));
            }
            Self::Asked(request, abort) => (events_of(plan(&request)), abort),
            Self::Telling(events, abort) => (events, abort),
        };
        let event = events.pop_front()?;
        let rest = if events.is_empty() { Self::Over } else { Self::Telling(events, abort) };
        Some((Ok(event), rest))
    }
}

fn events_of(step: Step) -> VecDeque<ModelEvent> {
    let mut events = VecDeque::new();
    let stop = match step {
        Step::Say(text) => {
            events.extend(deltas(&text).into_iter().map(ModelEvent::TextDelta));
            StopReason::Stop
        }
        Step::Call(calls) => {
            for (index, call) in calls.into_iter().enumerate() {
                let delta = call.arguments.to_string();
                events.push_back(ModelEvent::ToolCallStart {
                    index,
                    id: call.id,
                    name: call.name.to_owned(),
                });
                events.push_back(ModelEvent::ToolCallArguments { index, delta });
            }
            StopReason::ToolUse
        }
    };
    events.push_back(ModelEvent::Usage(Usage::default()));
    events.push_back(ModelEvent::Done(stop));
    events
}

fn deltas(text: &str) -> Vec<String> {
    let mut deltas = Vec::new();
    let mut delta = String::new();
    for line in text.split_inclusive('\n') {
        delta.push_str(line);
        if delta.len() >= DELTA_BYTES {
            deltas.push(std::mem::take(&mut delta));
        }
    }
    if !delta.is_empty() {
        deltas.push(delta);
    }
    deltas
}

#[cfg(test)]
mod tests {
    use super::{OfflineRecall, deltas};
    use crate::contract::keeps_its_promises;

    #[tokio::test]
    async fn keeps_the_contract() {
        keeps_its_promises(&OfflineRecall::new()).await;
    }

    #[test]
    fn deltas_lose_nothing() {
        let text = "> a line of some length\n".repeat(40) + "and an end";
        assert!(deltas(&text).len() > 2);
        assert_eq!(deltas(&text).concat(), text);
    }
}
