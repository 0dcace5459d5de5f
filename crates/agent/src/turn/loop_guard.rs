//! Notices a model that keeps asking for the same thing and keeps getting the same answer.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use openclaw_protocol::message::text_of;
use openclaw_tools::{ToolCall, ToolOutcome};

/// The same call with the same result this often is a loop. Three can be honest polling of something slow.
const LOOP_AFTER: u32 = 4;
/// Calls remembered: a loop may alternate between a few calls.
const WINDOW: usize = 32;

/// Remembers the last calls of a turn.
#[derive(Default)]
pub(super) struct LoopGuard {
    seen: VecDeque<u64>,
}

/// What the guard thinks.
pub(super) enum Verdict {
    /// Go on.
    Fine,
    /// Stop the run.
    Loop { times: u32 },
}

impl LoopGuard {
    /// Records one finished call.
    pub(super) fn observe(&mut self, call: &ToolCall, outcome: &ToolOutcome) -> Verdict {
        let mut hasher = DefaultHasher::new();
        call.name.hash(&mut hasher);
        call.arguments.to_string().hash(&mut hasher);
        text_of(&outcome.content).hash(&mut hasher);
        let fingerprint = hasher.finish();
        if self.seen.len() == WINDOW {
            self.seen.pop_front();
        }
        self.seen.push_back(fingerprint);
        let times = self.seen.iter().fold(0, |count, seen| count + u32::from(*seen == fingerprint));
        if times >= LOOP_AFTER { Verdict::Loop { times } } else { Verdict::Fine }
    }
}
