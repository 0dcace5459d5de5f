//! `sessions.json`, read as far as it can be. The gateway repairs it at its next start; nothing is repaired here.

use std::path::Path;

use openclaw_guard::{Root, RootError};
use openclaw_store::SessionEntry;
use serde_json::{Map, Value};

/// The file.
pub(super) const NAME: &str = "sessions.json";
/// As much as the gateway reads.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// The session index of an agent.
pub(super) struct Index {
    pub(super) state: IndexState,
    pub(super) entries: Vec<Entry>,
    /// Keys whose value is no session.
    pub(super) odd: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum IndexState {
    Sound,
    Missing,
    /// Empty, or nothing but NUL, as a power cut leaves it.
    Zeroed,
    /// Not JSON, or no object: why.
    Damaged(String),
    /// It cannot be read: why.
    Unreadable(String),
}

/// A session.
pub(super) struct Entry {
    pub(super) key: String,
    /// The name of its transcript in the directory.
    pub(super) transcript: String,
}

impl Index {
    pub(super) fn read(dir: &Path) -> Self {
        let only = |state| Self { state, entries: Vec::new(), odd: Vec::new() };
        let read = Root::open(dir).and_then(|root| root.read_capped(Path::new(NAME), MAX_BYTES));
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(RootError::NotFound { .. }) => return only(IndexState::Missing),
            Err(error) => return only(IndexState::Unreadable(error.to_string())),
        };
        if bytes.iter().all(|byte| *byte == 0) {
            return only(IndexState::Zeroed);
        }
        let map: Map<String, Value> = match serde_json::from_slice(&bytes) {
            Ok(map) => map,
            Err(error) => return only(IndexState::Damaged(error.to_string())),
        };
        let mut index = only(IndexState::Sound);
        for (key, value) in map {
            match SessionEntry::from_json(value) {
                Ok(entry) => {
                    index.entries.push(Entry { key, transcript: entry.transcript_file_name() });
                }
                Err(_) => index.odd.push(key),
            }
        }
        index
    }
}
