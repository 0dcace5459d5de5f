//! Transcripts as they lie on the disk, read by nothing but the format: the judge must not share the mistakes of the
//! program.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::message::Token;

/// The record that marks where damage was found: nothing is ever cut out of a transcript (P-06).
const REPAIR_TYPE: &str = "openclaw.repair";

/// One message record.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) role: Role,
    pub(super) token: Option<Token>,
    pub(super) text: String,
    /// Ids of the calls it makes, or of the one it answers.
    pub(super) calls: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    User,
    Assistant,
    ToolResult,
}

/// A file of records.
pub(super) struct TranscriptFile {
    pub(super) path: PathBuf,
    pub(super) id: String,
    pub(super) records: Vec<Record>,
    /// Lines that are no JSON, by number.
    pub(super) broken: Vec<usize>,
    /// The last line that says that damage was found and kept aside; zero when none does.
    pub(super) repaired: usize,
    /// Record ids that occur twice.
    pub(super) repeated: Vec<String>,
}

/// Every transcript in a folder, put aside ones included.
pub(super) fn read_all(folder: &Path) -> Vec<TranscriptFile> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| is_transcript(path)).collect();
    paths.sort();
    paths.into_iter().filter_map(|path| read(&path)).collect()
}

fn is_transcript(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    path.is_file()
        && (name.ends_with(".jsonl") || name.contains(".jsonl.deleted.") || name.contains(".jsonl.reset."))
}

fn read(path: &Path) -> Option<TranscriptFile> {
    // Renamed a moment ago; the next look finds it under its new name.
    let text = String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let id = name.split(".jsonl").next().unwrap_or_default().to_owned();
    let (mut records, mut broken, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    let mut repaired = 0;
    let mut ids = std::collections::HashSet::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            broken.push(number + 1);
            continue;
        };
        let own = value["id"].as_str().unwrap_or_default();
        if value["type"] != "session" && !own.is_empty() && !ids.insert(own.to_owned()) {
            repeated.push(own.to_owned());
        }
        if value["customType"] == REPAIR_TYPE {
            repaired = number + 1;
        }
        records.extend(record(&value));
    }
    if !text.is_empty() && !text.ends_with('\n') {
        broken.push(text.lines().count());
        broken.dedup();
    }
    Some(TranscriptFile { path: path.to_owned(), id, records, broken, repaired, repeated })
}

fn record(value: &Value) -> Option<Record> {
    if value["type"] != "message" {
        return None;
    }
    let message = &value["message"];
    let role = match message["role"].as_str()? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "toolResult" => Role::ToolResult,
        _ => return None,
    };
    let parts = message["content"].as_array();
    let text = match (message["content"].as_str(), parts) {
        (Some(text), _) => text.to_owned(),
        (None, parts) => {
            let texts = parts.into_iter().flatten().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
    };
    let calls = match role {
        Role::Assistant => {
            let calls = parts.into_iter().flatten().filter(|part| part["type"] == "toolCall");
            calls.filter_map(|part| part["id"].as_str()).map(str::to_owned).collect()
        }
        Role::ToolResult => message["toolCallId"].as_str().map(str::to_owned).into_iter().collect(),
        Role::User => Vec::new(),
    };
    Some(Record { role, token: Token::find(&text), text, calls })
}
