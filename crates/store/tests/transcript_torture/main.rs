//! Transcripts under torture: every cut of a session (P-05), and damage of every kind over many sessions (P-06).
//!
//! Small slices run with every test run. The full numbers, on a memory file system so that syncs cost nothing:
//!
//! ```text
//! TMPDIR=/dev/shm OPENCLAW_TORTURE_CUTS=all OPENCLAW_TORTURE_MUTATIONS=1000000 \
//!     cargo test --release -p openclaw-store --test transcript_torture
//! ```
//!
//! A failure prints a seed; `OPENCLAW_TORTURE_SEED=<seed> OPENCLAW_TORTURE_MUTATIONS=1` does that one again.

mod corpus;
mod cuts;
mod damage;
mod mutation;
mod random;

use std::path::Path;
use std::sync::Arc;

use openclaw_guard::ManualClock;
use openclaw_protocol::message::{Content, Message, Part, UserMessage};
use openclaw_store::{NewTranscript, SessionId, StoreError, Transcript};

/// A time that all transcripts of the torture are written at.
const NOW: i64 = 1_795_271_362_908;

fn number_from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn new_transcript() -> NewTranscript<'static> {
    static CWD: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();
    NewTranscript { cwd: CWD.get_or_init(|| "/workspace".into()), key: "agent:main:main", parent: None }
}

fn session_id() -> SessionId {
    SessionId::parse("s1").unwrap()
}

fn open(dir: &Path) -> Result<Transcript, StoreError> {
    Transcript::open_or_create(dir, &session_id(), &new_transcript(), Arc::new(ManualClock::new(NOW)))
}

fn user(text: &str) -> Arc<Message> {
    let content = Content::Parts(vec![Part::text(text)]);
    Arc::new(Message::User(UserMessage { content, timestamp: NOW }))
}

/// The messages the model would get, as JSON texts.
fn history(transcript: &Transcript) -> Vec<String> {
    let messages = transcript.history().iter().filter_map(|item| item.message.as_ref());
    messages.map(|message| serde_json::to_string(message).unwrap()).collect()
}

/// Why a strict provider would refuse the history: each call must be followed by its results and nothing else, and each
/// result must belong to a call.
fn refusal(transcript: &Transcript) -> Option<String> {
    let mut open: Vec<String> = Vec::new();
    for text in history(transcript) {
        let message: serde_json::Value = serde_json::from_str(&text).unwrap();
        if message["role"] == "toolResult" {
            let Some(at) = open.iter().position(|id| message["toolCallId"] == id.as_str()) else {
                return Some(format!("a result without a call: {text}"));
            };
            open.remove(at);
            continue;
        }
        if !open.is_empty() {
            return Some(format!("calls {open:?} have no result before {text}"));
        }
        let calls =
            message["content"].as_array().into_iter().flatten().filter(|part| part["type"] == "toolCall");
        for id in calls.filter_map(|call| call["id"].as_str()) {
            if !open.iter().any(|known| known == id) {
                open.push(id.to_owned());
            }
        }
    }
    (!open.is_empty()).then(|| format!("calls {open:?} have no result at the end"))
}
