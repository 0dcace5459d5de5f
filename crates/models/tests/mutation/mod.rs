//! What an event stream is made of.

use openclaw_testkit::mutation::{Format, Mutator};

pub(crate) const EVENTS: Format = Format {
    tokens: TOKENS,
    max_changes: 5,
    max_stretch: 300,
    max_case: 8 * 1024,
    own: &[event_twice, replace],
};

/// Syntax of events and JSON, and words that the APIs give a meaning.
const TOKENS: &[&str] = &[
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "data: ",
    "data:",
    "event: ping\n",
    ": c\n",
    "data: [DONE]\n\n",
    "data: {}\n\n",
    "data: []\n\n",
    "data: null\n\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud83d",
    "null",
    "true",
    "0",
    "-1",
    "18446744073709551616",
    "1e999",
    "\u{feff}",
    "\u{e9}",
    "\0",
    "\"type\":",
    "\"index\":0,",
    "\"index\":9,",
    "\"output_index\":1,",
    "\"delta\":",
    "\"text\":\"\"",
    "\"error\":{\"message\":\"x\"}",
    "\"finish_reason\":\"stop\"",
    "\"finishReason\":\"STOP\"",
    "\"stop_reason\":\"end_turn\"",
    "\"usage\":null,",
    "\"id\":\"\",",
    "\"name\":null,",
    "response.completed",
    "response.output_item.done",
    "message_stop",
    "content_block_start",
    "tool_use",
    "functionCall",
    "thoughtSignature",
    "redacted_thinking",
    "function_call",
    "reasoning_content",
];

/// A whole event moves to another place, as a server's mistake would.
fn event_twice(mutator: &mut Mutator<'_>, case: &mut Vec<u8>, _: (usize, usize)) {
    let events: Vec<&[u8]> = case.split_inclusive(|byte| *byte == b'\n').collect();
    let line = events.get(mutator.below(events.len())).map_or(Vec::new(), |line| line.to_vec());
    let at: usize = events.iter().take(mutator.below(events.len() + 1)).map(|line| line.len()).sum();
    drop(case.splice(at..at, line.into_iter().chain([b'\n'])));
}

fn replace(mutator: &mut Mutator<'_>, case: &mut Vec<u8>, (start, end): (usize, usize)) {
    drop(case.splice(start..end, mutator.token().bytes()));
}
