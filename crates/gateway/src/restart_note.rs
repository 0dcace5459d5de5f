//! A note across a restart: who asked for it, so that the gateway that has started again can tell them
//! (`restart-sentinel.json`, the release's file).

use std::io;
use std::path::{Path, PathBuf};

use openclaw_config::Locations;
use openclaw_guard::{FileError, write_atomic};
use serde_json::{Value, json};

/// The file in the state directory.
const FILE_NAME: &str = "restart-sentinel.json";
/// Bytes of it that are read: a note is a line of text.
const MAX_BYTES: u64 = 64 * 1024;
/// Characters of the message that go into a chat.
const MAX_MESSAGE_CHARS: usize = 2_000;

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

    /// Takes what was kept: it is told once. A file that cannot be read is removed, too.
    pub(crate) fn take(at: &Locations) -> Option<Self> {
        let path = at.state_dir.join(FILE_NAME);
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the note about the restart cannot be read");
                String::new()
            }
        };
        // Best effort: a note that stays is told again, which is better than never.
        std::fs::remove_file(&path).ok();
        Self::parse(&text)
    }

    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?; // of a damaged note nothing can be told
        let payload = value.get("payload")?;
        let word = |name: &str| payload.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        let why = match payload.pointer("/stats/mode").and_then(Value::as_str) {
            Some("config.patch") => Why::Patch,
            Some(_) | None => Why::Apply,
        };
        let at_ms = payload.get("ts").and_then(Value::as_i64).unwrap_or_default();
        Some(Self { why, at_ms, session_key: word("sessionKey"), message: word("message") })
    }

    /// What its session hears.
    pub(crate) fn words(&self) -> String {
        let note = self.message.as_deref().unwrap_or_default();
        let note: String = note.chars().take(MAX_MESSAGE_CHARS).collect();
        let said = if note.is_empty() { String::new() } else { format!(" Note: {note}") };
        format!("[Gateway] The configuration was changed by {} and is in force.{said}", self.why.as_str())
    }
}

impl RestartNote {
    /// What its session hears when the change is not in force.
    pub(crate) fn words_in_vain(&self, reason: &str) -> String {
        format!(
            "[Gateway] The change of the configuration by {} is not in force: {reason}",
            self.why.as_str()
        )
    }
}

fn read(path: &Path) -> io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
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
        assert!(note.words().ends_with("by config.patch and is in force. Note: new port"));
        for damaged in ["", "{", "[]", "{\"payload\": 5}\u{0}"] {
            openclaw_guard::write_atomic(&at.state_dir.join(FILE_NAME), damaged.as_bytes()).unwrap();
            assert_eq!(RestartNote::take(&at), None, "{damaged}");
            assert!(!at.state_dir.join(FILE_NAME).exists());
        }
    }
}
