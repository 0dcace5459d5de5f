//! A note across a restart: who asked for it, so that the gateway that has started again can tell them
//! (`restart-sentinel.json`, the release's file).

use std::path::{Path, PathBuf};

use openclaw_config::Locations;
use openclaw_guard::{FileError, Root, RootError, write_atomic};
use serde_json::{Value, json};

/// The file in the state directory.
const FILE_NAME: &str = "restart-sentinel.json";
/// Bytes of it that are read: a note is a line of text.
const MAX_BYTES: u64 = 64 * 1024;
/// Characters of the message: it goes into a chat.
const MAX_MESSAGE_CHARS: usize = 2_000;
/// Characters of a session key; longer ones name no session.
const MAX_KEY_CHARS: usize = 512;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Patch,
    Apply,
}

impl Why {
    /// The method that asked.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "config.patch",
            Self::Apply => "config.apply",
        }
    }
}

/// The note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RestartNote {
    pub(crate) why: Why,
    pub(crate) at_ms: i64,
    /// The session that is told.
    pub(crate) session_key: Option<String>,
    /// What whoever asked wants it to hear.
    pub(crate) message: Option<String>,
}

impl RestartNote {
    /// A note; blank words count as none, and long ones are cut.
    pub(crate) fn new(why: Why, at_ms: i64, session_key: Option<String>, message: Option<String>) -> Self {
        let cut = |text: String, max: usize| text.trim().chars().take(max).collect::<String>();
        let word =
            |text: Option<String>, max| text.map(|text| cut(text, max)).filter(|text| !text.is_empty());
        let session_key = word(session_key, MAX_KEY_CHARS);
        Self { why, at_ms, session_key, message: word(message, MAX_MESSAGE_CHARS) }
    }

    /// What clients and the file hold; `root` is the configuration file.
    pub(crate) fn payload(&self, root: &Path) -> Value {
        let mut payload = json!({
            "kind": "config-apply", "status": "ok", "ts": self.at_ms, "message": self.message,
            "doctorHint": "Run: openclaw doctor",
            "stats": {"mode": self.why.as_str(), "root": root},
        });
        if let Some(key) = &self.session_key {
            payload["sessionKey"] = json!(key);
        }
        payload
    }

    /// Keeps it over the restart.
    pub(crate) fn keep(&self, at: &Locations) -> Result<PathBuf, FileError> {
        let path = at.state_dir.join(FILE_NAME);
        let text = json!({"version": 1, "payload": self.payload(&at.config_path)}).to_string();
        write_atomic(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Takes what was kept: it is told once. What cannot be read is removed, too.
    pub(crate) fn take(at: &Locations) -> Option<Self> {
        let read =
            Root::open(&at.state_dir).and_then(|root| root.read_capped(Path::new(FILE_NAME), MAX_BYTES));
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(RootError::NotFound { .. }) => return None,
            Err(error) => {
                tracing::warn!(%error, "the note about the restart cannot be read");
                Vec::new()
            }
        };
        Self::forget(at);
        let note = Self::parse(&bytes);
        if note.is_none() {
            tracing::warn!(file = FILE_NAME, "the note about the restart is damaged; nobody is told");
        }
        note
    }

    /// Removes what was kept.
    pub(crate) fn forget(at: &Locations) {
        // Best effort: a note that stays is told again, which is better than never.
        std::fs::remove_file(at.state_dir.join(FILE_NAME)).ok();
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(bytes).ok()?; // of a damaged note nothing can be told
        let payload = value.get("payload")?;
        let word = |name: &str| payload.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        let why = match payload.pointer("/stats/mode").and_then(Value::as_str) {
            Some("config.patch") => Why::Patch,
            Some(_) | None => Why::Apply,
        };
        let at_ms = payload.get("ts").and_then(Value::as_i64).unwrap_or_default();
        Some(Self::new(why, at_ms, word("sessionKey"), word("message")))
    }

    /// What its session hears; `held_back` says why the change is not in force, if it is not.
    pub(crate) fn words(&self, held_back: Option<&str>) -> String {
        let why = self.why.as_str();
        let state = match held_back {
            None => "and is in force".to_owned(),
            Some(reason) => format!("and is not in force, for {reason}"),
        };
        let note = self.message.as_deref().map(|note| format!(" Note: {note}")).unwrap_or_default();
        format!("[Gateway] The configuration was changed by {why} {state}.{note}")
    }
}

#[cfg(test)]
mod tests {
    use super::{FILE_NAME, RestartNote, Why};
    use openclaw_config::{Env, LocationFlags, Locations};

    #[test]
    fn a_note_is_told_once() {
        let home = tempfile::tempdir().unwrap();
        let env =
            Env::from([("OPENCLAW_STATE_DIR", &*home.path().to_string_lossy()), ("HOME", "/nonexistent")]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        assert_eq!(RestartNote::take(&at), None);
        let note = RestartNote {
            why: Why::Patch,
            at_ms: 5,
            session_key: Some("main".into()),
            message: Some("new port".into()),
        };
        note.keep(&at).unwrap();
        assert_eq!(RestartNote::take(&at), Some(note.clone()));
        assert_eq!(RestartNote::take(&at), None);
        assert!(note.words(None).ends_with("by config.patch and is in force. Note: new port"));
        assert!(note.words(Some("x")).contains("is not in force, for x"));
        let long = "x".repeat(70_000);
        let note = RestartNote::new(Why::Apply, 1, Some(" main ".into()), Some(long));
        note.keep(&at).unwrap();
        assert_eq!(RestartNote::take(&at), Some(note));
        for damaged in ["", "{", "[]", "{\"payload\": 5}\u{0}"] {
            openclaw_guard::write_atomic(&at.state_dir.join(FILE_NAME), damaged.as_bytes()).unwrap();
            assert_eq!(RestartNote::take(&at), None, "{damaged}");
            assert!(!at.state_dir.join(FILE_NAME).exists());
        }
    }
}
