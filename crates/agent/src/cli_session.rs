//! What a session remembers of the command-line programs that answered in it, in the fields of OpenClaw 2026.2.9.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_models::cli::{CLAUDE_CLI, CliPlace, CliSession, KnownConversation};
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{SessionEntry, SessionId};
use serde_json::{Map, Value};

use crate::prompt::Audience;
use crate::runtime::AgentRuntime;

/// The ids under which programs know the conversation, by provider.
pub(crate) const SESSION_IDS: &str = "cliSessionIds";
/// The models that they go on with, by provider. OpenClaw has no such field and keeps it.
pub(crate) const SESSION_MODELS: &str = "cliSessionModels";
/// That of Claude Code, as early releases have it.
pub(crate) const CLAUDE_SESSION_ID: &str = "claudeCliSessionId";

/// One conversation of a session.
pub(crate) struct KeptSession {
    pub(crate) runtime: Arc<AgentRuntime>,
    pub(crate) key: SessionKey,
    pub(crate) id: SessionId,
    pub(crate) audience: Audience,
    /// What holds for this turn alone.
    pub(crate) instructions: Option<Arc<str>>,
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

    fn place(&self) -> CliPlace {
        match self.audience {
            Audience::MainPrivate | Audience::Private => {
                CliPlace::Workspace(self.runtime.workspace.path().to_owned())
            }
            // Programs read what lies around them (S-047).
            Audience::Group => CliPlace::Apart(folders(&self.runtime.sessions_dir).join(self.id.as_str())),
        }
    }

    fn instructions(&self) -> Option<&str> {
        self.instructions.as_deref()
    }

    fn known(&self, provider: &str) -> Option<KnownConversation> {
        let entry = self.runtime.sessions.get(self.key.as_str())?;
        (entry.session_id() == self.id).then(|| known_in(&entry, provider)).flatten()
    }

    fn keep(&self, provider: &str, known: &KnownConversation) {
        self.update(|entry| {
            let (mut ids, mut models) = (by_provider(entry, SESSION_IDS), by_provider(entry, SESSION_MODELS));
            ids.insert(provider.to_owned(), Value::from(known.id.as_str()));
            match &known.model {
                Some(model) => models.insert(provider.to_owned(), Value::from(model.as_str())),
                None => models.remove(provider),
            };
            entry.set_json(SESSION_IDS, Value::Object(ids));
            entry.set_json(SESSION_MODELS, Value::Object(models));
            if provider == CLAUDE_CLI {
                entry.set_json(CLAUDE_SESSION_ID, Value::from(known.id.as_str()));
            }
        });
    }

    fn forget(&self, provider: &str) {
        self.update(|entry| {
            for field in [SESSION_IDS, SESSION_MODELS] {
                let mut all = by_provider(entry, field);
                all.remove(provider);
                entry.set_json(field, Value::Object(all));
            }
            if provider == CLAUDE_CLI {
                entry.remove(CLAUDE_SESSION_ID);
            }
        });
    }
}

/// Where programs run for those who read along: a folder for each conversation, next to the sessions.
fn folders(sessions_dir: &Path) -> PathBuf {
    sessions_dir.with_file_name("cli")
}

/// Removes the folder of a conversation that is over. Blocks.
pub(crate) fn remove_folder(sessions_dir: &Path, id: &SessionId) {
    let folder = folders(sessions_dir).join(id.as_str());
    match std::fs::remove_dir_all(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(folder = %folder.display(), %error, "a program's folder is left behind"),
    }
}

fn by_provider(entry: &SessionEntry, field: &str) -> Map<String, Value> {
    match entry.json(field) {
        Some(Value::Object(all)) => all,
        Some(_) | None => Map::new(),
    }
}

fn known_in(entry: &SessionEntry, provider: &str) -> Option<KnownConversation> {
    let text = |value: &Value| value.as_str().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned);
    let early = || entry.json(CLAUDE_SESSION_ID).filter(|_| provider == CLAUDE_CLI);
    let id = by_provider(entry, SESSION_IDS).get(provider).and_then(text);
    let id = id.or_else(|| early().as_ref().and_then(text))?;
    Some(KnownConversation { id, model: by_provider(entry, SESSION_MODELS).get(provider).and_then(text) })
}

#[cfg(test)]
mod tests {
    use super::known_in;
    use openclaw_store::SessionEntry;
    use serde_json::json;

    #[test]
    fn ids_of_the_release_are_read() {
        let entry = |ids: serde_json::Value| {
            let mut all = json!({"sessionId": "s", "updatedAt": 1, "claudeCliSessionId": "early"});
            all["cliSessionIds"] = ids;
            SessionEntry::from_json(&all).unwrap()
        };
        let id_in = |entry: &SessionEntry, provider| known_in(entry, provider).map(|known| known.id);
        let both = entry(json!({"claude-cli": " c-1 ", "codex-cli": "t-1", "odd": 7}));
        let seen = ["claude-cli", "codex-cli", "odd", "none"].map(|provider| id_in(&both, provider));
        assert_eq!(seen, [Some("c-1".to_owned()), Some("t-1".to_owned()), None, None]);
        let early = entry(json!(null));
        assert_eq!(
            (id_in(&early, "claude-cli").as_deref(), id_in(&early, "codex-cli")),
            (Some("early"), None)
        );
        assert_eq!(known_in(&both, "codex-cli").unwrap().model, None, "OpenClaw notes no model");
    }
}
