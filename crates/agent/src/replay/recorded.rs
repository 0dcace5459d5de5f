//! The recorded calls, turn by turn, and what is missing of a turn.

use std::sync::Arc;

use openclaw_models::ModelEvent;
use openclaw_models::replay::{End, Exchange};
use serde::Serialize;

use crate::exchanges::Rest;

/// The calls of one turn.
#[derive(Debug, Clone)]
pub struct RecordedTurn {
    /// In their order.
    pub calls: Arc<[Exchange]>,
    /// What is not in the recording, so that the turn cannot be run again.
    pub missing: Option<Missing>,
}

/// What is missing of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Missing {
    /// Its first calls: they are older than what is kept.
    Beginning,
    /// Its end: the recording breaks off in the middle of a line.
    End,
    /// Calls of it, or it may be that some are.
    Calls,
    /// The rest of an answer that was too large.
    Answer,
}

impl Missing {
    /// Whether every recording lacks that sooner or later, and nothing went wrong.
    #[must_use]
    pub fn is_usual(self) -> bool {
        match self {
            Self::Beginning | Self::End => true,
            Self::Calls | Self::Answer => false,
        }
    }

    /// The same in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Beginning => "its beginning is not in the recording any more, so it is not run",
            Self::End => "the recording breaks off in it, so it is not run",
            Self::Calls => "calls of it are not in the recording, so it is not run",
            Self::Answer => "an answer in it was too large to be recorded, so it is not run",
        }
    }
}

/// The recorded calls, turn by turn; `rest` is what stands behind the last one.
#[must_use]
pub fn turns_of(exchanges: Vec<Exchange>, rest: Rest) -> Vec<RecordedTurn> {
    let mut turns: Vec<Vec<Exchange>> = Vec::new();
    for exchange in exchanges {
        match turns.last_mut() {
            Some(turn) if turn.first().is_some_and(|first| first.turn == exchange.turn) => {
                turn.push(exchange);
            }
            Some(_) | None => turns.push(vec![exchange]),
        }
    }
    let firsts: Vec<u32> = turns.iter().filter_map(|turn| turn.first()).map(|first| first.lost).collect();
    let made = turns.into_iter().enumerate().map(|(at, calls)| {
        let behind = match firsts.get(at + 1) {
            Some(0) => Rest::Nothing,
            Some(_) => Rest::Unreadable,
            None => rest,
        };
        let missing = missing(&calls, at, behind);
        RecordedTurn { calls: calls.into(), missing }
    });
    made.collect()
}

fn missing(calls: &[Exchange], at: usize, behind: Rest) -> Option<Missing> {
    let (first, last) = (calls.first()?, calls.last()?);
    if first.call > 0 {
        let is_old = at == 0 && first.lost == 0;
        return Some(if is_old { Missing::Beginning } else { Missing::Calls });
    }
    let has_gap =
        |(number, exchange): (u32, &Exchange)| exchange.call != number || (number > 0 && exchange.lost > 0);
    if (0..).zip(calls).any(has_gap) {
        return Some(Missing::Calls);
    }
    if calls.iter().any(|exchange| exchange.end == End::TooLarge) {
        return Some(Missing::Answer);
    }
    match behind {
        Rest::Torn if !is_answer(last) => Some(Missing::End),
        Rest::Unreadable if !is_answer(last) => Some(Missing::Calls),
        Rest::Nothing | Rest::Torn | Rest::Unreadable => None,
    }
}

/// Whether no call of the same turn can follow.
fn is_answer(exchange: &Exchange) -> bool {
    let calls_tool = |(_, event): &(u64, ModelEvent)| matches!(event, ModelEvent::ToolCallStart { .. });
    exchange.end == End::Done && !exchange.events.iter().any(calls_tool)
}
