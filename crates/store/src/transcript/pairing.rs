//! Tool calls and their results: providers refuse a conversation in which a call is not followed by its result.

use std::sync::Arc;

use openclaw_protocol::message::{Message, Part, ToolResultMessage};

use super::context::{HistoryItem, HistoryOrigin};
use super::{INTERRUPTED, tool_calls};

/// A call without a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenCall {
    id: String,
    name: String,
}

impl OpenCall {
    /// An error result that says why there is no real one.
    pub(super) fn result(&self, why: &str, now_ms: i64) -> Message {
        Message::ToolResult(ToolResultMessage {
            tool_call_id: self.id.clone(),
            tool_name: self.name.clone(),
            content: vec![Part::text(why)],
            details: None,
            is_error: true,
            timestamp: now_ms,
        })
    }
}

/// A history in which every call has its result right after it, but for `open` at the very end.
#[derive(Debug, Default)]
pub(super) struct Paired {
    pub(super) items: Vec<HistoryItem>,
    pub(super) patched_calls: usize,
    pub(super) orphan_results: usize,
    pub(super) open: Vec<OpenCall>,
}

/// The calls of an assistant message, each id once.
fn calls_of(item: &HistoryItem) -> Vec<OpenCall> {
    let Some(Message::Assistant(message)) = item.message.as_deref() else { return Vec::new() };
    let mut calls: Vec<OpenCall> = Vec::new();
    for (id, name) in tool_calls(&message.content) {
        if calls.iter().all(|call| call.id != id) {
            calls.push(OpenCall { id: id.to_owned(), name: name.to_owned() });
        }
    }
    calls
}

fn result_id(item: &HistoryItem) -> Option<&str> {
    match item.message.as_deref() {
        Some(Message::ToolResult(result)) => Some(&result.tool_call_id),
        Some(Message::User(_) | Message::Assistant(_)) | None => None,
    }
}

fn is_assistant(item: &HistoryItem) -> bool {
    matches!(item.message.as_deref(), Some(Message::Assistant(_)))
}

/// Moves results up to their calls, makes up those that are missing, and leaves out results without a call.
///
/// Ids are matched between one assistant message and the next only: some providers use the same ids again and again.
pub(super) fn pair(history: Vec<HistoryItem>) -> Paired {
    let mut paired = Paired::default();
    let mut rest = history.into_iter().peekable();
    while let Some(item) = rest.next() {
        if !is_assistant(&item) {
            push_unless_result(&mut paired, item);
            continue;
        }
        let mut missing = calls_of(&item);
        paired.items.push(item);
        let mut others = Vec::new();
        while let Some(item) = rest.next_if(|next| !is_assistant(next)) {
            let answered = result_id(&item).and_then(|id| missing.iter().position(|call| call.id == id));
            if let Some(position) = answered {
                missing.remove(position);
                paired.items.push(item);
            } else {
                others.push(item);
            }
        }
        let at_end = rest.peek().is_none() && others.iter().all(|item| result_id(item).is_some());
        if at_end {
            paired.open = missing;
        } else {
            patch(&mut paired, &missing);
        }
        for item in others {
            push_unless_result(&mut paired, item);
        }
    }
    paired
}

fn patch(paired: &mut Paired, missing: &[OpenCall]) {
    for call in missing {
        let result = Arc::new(call.result(INTERRUPTED, 0));
        paired.patched_calls += 1;
        paired.items.push(HistoryItem::new(None, HistoryOrigin::Patch, result));
    }
}

fn push_unless_result(paired: &mut Paired, item: HistoryItem) {
    if result_id(&item).is_some() {
        paired.orphan_results += 1;
    } else {
        paired.items.push(item);
    }
}

/// The calls of the last assistant message that nothing has answered yet.
pub(super) fn open_at_end(history: &[Arc<HistoryItem>]) -> Vec<OpenCall> {
    let Some(at) = history.iter().rposition(|item| is_assistant(item)) else { return Vec::new() };
    let (_, tail) = history.split_at(at);
    let Some((assistant, after)) = tail.split_first() else { return Vec::new() };
    let mut missing = calls_of(assistant);
    missing.retain(|call| after.iter().all(|item| result_id(item) != Some(&call.id)));
    missing
}
