//! What a session remembers of the command-line programs that answered in it, in the fields of OpenClaw 2026.2.9.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use openclaw_models::cli::{CLAUDE_CLI, CliSession};
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{SessionEntry, SessionId};
use serde_json::{Map, Value};

use crate::prompt::Audience;
use crate::runtime::AgentRuntime;

/// The ids under which programs know the conversation, by provider.
pub(crate) const SESSION_IDS: &str = "cliSessionIds";
/// That of Claude Code, as early releases have it.
pub(crate) const CLAUDE_SESSION_ID: &str = "claudeCliSessionId";

/// One conversation of a session.
pub(crate) struct KeptSession {
    pub(crate) runtime: Arc<AgentRuntime>,
    pub(crate) key: SessionKey,
    pub(crate) id: SessionId,
    pub(crate) audience: Audience,
}

impl fmt::Debug for KeptSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptSession").field("key", &self.key).finish_non_exhaustive()
    }
}

impl KeptSession {
    /// Changes the entry, unless the session has been started over meanwhile.
    fn update(&self, change: impl FnOnce(&mut SessionEntry)) {
        self.runtime.sessions.update(self.key.as_str(), |entry| {
            if entry.session_id() == self.id {
                change(entry);
            }
        });
    }
}

impl CliSession for KeptSession {
    fn key(&self) -> &str {
        self.key.as_str()
    }

    fn folder(&self) -> Option<PathBuf> {
        match self.audience {
            Audience::MainPrivate | Audience::Private => Some(self.runtime.workspace.path().to_owned()),
            // Programs read what lies around them (S-047).
            Audience::Group => None,
        }
    }

    fn id(&self, provider: &str) -> Option<String> {
        let entry = self.runtime.sessions.get(self.key.as_str())?;
        (entry.session_id() == self.id).then(|| id_in(&entry, provider)).flatten()
    }

    fn keep(&self, provider: &str, id: &str) {
        self.update(|entry| {
            let mut ids = ids_in(entry);
            ids.insert(provider.to_owned(), Value::from(id));
            entry.set_json(SESSION_IDS, Value::Object(ids));
            if provider == CLAUDE_CLI {
                entry.set_json(CLAUDE_SESSION_ID, Value::from(id));
            }
        });
    }

    fn forget(&self, provider: &str) {
        self.update(|entry| {
            let mut ids = ids_in(entry);
            ids.remove(provider);
            entry.set_json(SESSION_IDS, Value::Object(ids));
            if provider == CLAUDE_CLI {
                entry.remove(CLAUDE_SESSION_ID);
            }
        });
    }
}

fn ids_in(entry: &SessionEntry) -> Map<String, Value> {
    match entry.json(SESSION_IDS) {
        Some(Value::Object(ids)) => ids,
        Some(_) | None => Map::new(),
    }
}

fn id_in(entry: &SessionEntry, provider: &str) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned);
    let early = || entry.json(CLAUDE_SESSION_ID).filter(|_| provider == CLAUDE_CLI);
    ids_in(entry).get(provider).and_then(text).or_else(|| early().as_ref().and_then(text))
}

#[cfg(test)]
mod tests {
    use super::id_in;
    use openclaw_store::SessionEntry;
    use serde_json::json;

    #[test]
    fn ids_of_the_release_are_read() {
        let entry = |ids: serde_json::Value| {
            let mut all = json!({"sessionId": "s", "updatedAt": 1, "claudeCliSessionId": "early"});
            all["cliSessionIds"] = ids;
            SessionEntry::from_json(&all).unwrap()
        };
        let both = entry(json!({"claude-cli": " c-1 ", "codex-cli": "t-1", "odd": 7}));
        let seen = ["claude-cli", "codex-cli", "odd", "none"].map(|provider| id_in(&both, provider));
        assert_eq!(seen, [Some("c-1".to_owned()), Some("t-1".to_owned()), None, None]);
        let early = entry(json!(null));
        assert_eq!(
            (id_in(&early, "claude-cli").as_deref(), id_in(&early, "codex-cli")),
            (Some("early"), None)
        );
    }
}
