//! From a record to what the model sees of it.

use std::sync::Arc;

use openclaw_protocol::message::{Content, Message, UserMessage};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::RecordId;
use super::line::payload;
use super::scan::Record;
use super::surrogates::mended;

/// Where an item of the history comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryOrigin {
    /// A `message` record.
    Message,
    /// A `custom_message` record: text that a program gave to the model.
    Injected,
    /// The summary of a compaction or of an abandoned branch.
    Summary,
    /// A tool result made up for a call whose own is lost; it is not in the file.
    Patch,
}

/// One item of the history. Messages are shared, not copied: an image in one may have megabytes.
#[derive(Debug, Clone)]
pub struct HistoryItem {
    /// The record it comes from. A [`HistoryOrigin::Patch`] has none.
    pub record: Option<RecordId>,
    /// Where it comes from.
    pub origin: HistoryOrigin,
    /// The message; nothing for roles that this version does not know.
    pub message: Option<Arc<Message>>,
}

impl HistoryItem {
    pub(super) fn new(record: Option<RecordId>, origin: HistoryOrigin, message: Arc<Message>) -> Self {
        Self { record, origin, message: Some(message) }
    }
}

/// What the model sees of a record; nothing of most types.
pub(super) fn item_of(record: &Record<'_>) -> Option<HistoryItem> {
    let id = || Some(record.id.clone());
    match record.line.kind.as_ref() {
        "message" => {
            let message = mended(record.line.message?.get(), parse).map(Arc::new);
            Some(HistoryItem { record: id(), origin: HistoryOrigin::Message, message })
        }
        "custom_message" => {
            let content = payload(record.line.content)?;
            Some(HistoryItem::new(id(), HistoryOrigin::Injected, Arc::new(user(content))))
        }
        "branch_summary" => summary_of(record),
        _ => None,
    }
}

/// The summary of a compaction or of an abandoned branch, as user text.
pub(super) fn summary_of(record: &Record<'_>) -> Option<HistoryItem> {
    let summary: String = payload(record.line.summary)?;
    let text = if record.line.kind == "compaction" {
        format!("Summary of the conversation up to here:\n\n{summary}")
    } else {
        format!("Summary of an abandoned branch of this conversation:\n\n{summary}")
    };
    let message = Arc::new(user(Content::Text(text)));
    Some(HistoryItem::new(Some(record.id.clone()), HistoryOrigin::Summary, message))
}

fn user(content: Content) -> Message {
    Message::User(UserMessage { content, timestamp: 0 })
}

/// A message, also if some of it is not as this version writes it: one odd field must not hide what was said.
fn parse(text: &str) -> Option<Message> {
    if let Ok(message) = serde_json::from_str(text) {
        return Some(message);
    }
    let mut map: Map<String, Value> = serde_json::from_str(text).ok()?;
    match map.get("role").and_then(Value::as_str)? {
        // Text for the model by another name: `hookMessage` in version 2, `custom` since.
        "custom" | "hookMessage" => return Some(user(Content::deserialize(map.get("content")?).ok()?)),
        "branchSummary" | "compactionSummary" => {
            return Some(user(Content::Text(map.get("summary")?.as_str()?.to_owned())));
        }
        "user" | "assistant" | "toolResult" => {}
        _ => return None,
    }
    // Keep only what every message must have.
    map.retain(|key, _| matches!(key.as_str(), "role" | "content" | "toolCallId" | "toolName"));
    if let Some(Value::String(text)) = map.get("content") {
        let parts = json!([{"type": "text", "text": text}]);
        map.insert("content".to_owned(), parts);
    }
    Message::deserialize(Value::Object(map)).ok()
}
