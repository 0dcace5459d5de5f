//! Session keys: which conversation a message belongs to.
//!
//! `agent:<agentId>:<rest>`, lower case, or the special keys `global` and `unknown`
//! (OpenClaw 2026.2.9 protocol page, section 5). [`Conversation`] is what `<rest>` names; two conversations never have
//! one key, whatever their ids contain.

mod conversation;
mod escape;
mod people;
#[cfg(test)]
mod tests;

pub use conversation::{Branch, Chat, Conversation, main_key};
pub use people::{DmScope, IdentityLinks, Sender, direct_chat};

use serde::{Deserialize, Serialize};

/// Longest key, in bytes: keys are shown, stored and compared, and clients choose them. A longer one keeps its
/// beginning and ends in a hash of the whole, so that two long keys stay two.
const MAX_KEY_BYTES: usize = 512;
/// Bytes of that hash, in hex.
const HASH_HEX: usize = 32;
/// Longest agent id, in characters.
const MAX_AGENT_ID: usize = 64;

/// Words in front of the part of a chat.
const BRANCHES: &[&str] = &[":thread:", ":topic:"];

/// Whether chats have sessions of their own (`session.scope`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionScope {
    /// Every chat has its own.
    #[default]
    PerSender,
    /// The main session of every agent is the one session `global`.
    Global,
}

impl SessionScope {
    /// Its name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerSender => "per-sender",
            Self::Global => "global",
        }
    }
}

/// A canonical session key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionKey(String);

/// The kind shown in session lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionKind {
    /// One person.
    Direct,
    /// A group or a channel.
    Group,
    /// The one session of `session.scope: "global"`.
    Global,
    /// Nobody knows.
    Unknown,
}

impl SessionKey {
    /// The key a client's text names.
    ///
    /// `main` and the configured main key are aliases of the main session of `agent`; a full `agent:…` key is
    /// kept; anything else becomes a session of `agent` under its own lower-cased name. Control characters are
    /// dropped, empty parts too, as in the release.
    #[must_use]
    pub fn canonical(text: &str, agent: &str, main_key: &str) -> Self {
        let text: String = text.trim().chars().filter(|c| !c.is_control()).collect::<String>().to_lowercase();
        if text == "global" || text == "unknown" {
            return Self(text);
        }
        let parts: Vec<&str> = text.split(':').map(str::trim).filter(|part| !part.is_empty()).collect();
        if let ["agent", id, rest @ ..] = parts.as_slice()
            && !rest.is_empty()
        {
            let rest = rest.join(":");
            let rest = if rest == "main" { main_key } else { &rest };
            return Self(bounded(format!("agent:{}:{rest}", agent_id(id))));
        }
        let rest = parts.join(":");
        let rest = if rest.is_empty() || rest == "main" { main_key } else { &rest };
        Self(bounded(format!("agent:{}:{rest}", agent_id(agent))))
    }

    /// A key that was canonical when it was written down.
    #[must_use]
    pub fn stored(key: &str) -> Self {
        Self(key.to_owned())
    }

    /// The main session of an agent.
    #[must_use]
    pub fn main(agent: &str, main_key: &str) -> Self {
        Self(format!("agent:{}:{main_key}", agent_id(agent)))
    }

    /// The key of a conversation of an agent. `main_key` is what [`main_key`] made of the configured one.
    #[must_use]
    pub fn of(agent: &str, conversation: Conversation, main_key: &str) -> Self {
        if let Conversation::Free(text) = conversation {
            return Self::canonical(&text, agent, main_key);
        }
        let key = format!("agent:{}:{}", agent_id(agent), conversation.write(main_key));
        // An id may be chosen so that its key looks like the shortened one of somebody else.
        Self(bounded(if looks_bounded(&key) { key.replace('~', "%7e") } else { key }))
    }

    /// What the key names; nothing for `global` and `unknown`. A key that was shortened names an id that ends in a
    /// hash: take ids from where they came from, not from keys, where they matter.
    #[must_use]
    pub fn conversation(&self, main_key: &str) -> Option<Conversation> {
        self.agent().map(|_| Conversation::parse(self.rest(), main_key))
    }

    /// The key under `session.scope`: `global` instead of the main session.
    #[must_use]
    pub fn in_scope(self, scope: SessionScope, main_key: &str) -> Self {
        match scope {
            SessionScope::Global if self.is_main(main_key) => Self("global".to_owned()),
            SessionScope::Global | SessionScope::PerSender => self,
        }
    }

    /// The chat whose thread or topic this is.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let rest = self.rest();
        let at = BRANCHES.iter().filter_map(|word| rest.rfind(word)).max().filter(|at| *at > 0)?;
        self.0.get(..self.0.len() - rest.len() + at).map(|text| Self(text.to_owned()))
    }

    /// Whether this is a thread or a topic of a chat.
    #[must_use]
    pub fn is_thread(&self) -> bool {
        self.parent().is_some()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The agent's id; `None` for `global` and `unknown`.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.0.strip_prefix("agent:").and_then(|rest| rest.split(':').next())
    }

    /// What follows the agent's id.
    #[must_use]
    pub fn rest(&self) -> &str {
        self.0.strip_prefix("agent:").and_then(|rest| rest.split_once(':')).map_or(&self.0, |(_, rest)| rest)
    }

    /// What follows the agent's id, with the colon between them: what the agent is called says nothing of a session.
    fn behind_agent(&self) -> &str {
        let rest = self.rest();
        self.0.get(self.0.len().saturating_sub(rest.len() + 1)..).unwrap_or(rest)
    }

    /// The same conversation as it is written with `dm` for `direct`, as early releases had it, or the other way
    /// round; nothing for what is no direct chat.
    #[must_use]
    pub fn other_spelling(&self, main_key: &str) -> Option<Self> {
        let at = match self.conversation(main_key)? {
            Conversation::Chat(Chat::Peer(_), _) => 0,
            Conversation::Chat(Chat::ChannelPeer { .. }, _) => 1,
            Conversation::Chat(Chat::AccountPeer { .. }, _) => 2,
            Conversation::Chat(
                Chat::Main | Chat::Group { .. } | Chat::Room { .. } | Chat::Slash { .. },
                _,
            ) => return None,
            Conversation::Cron(_) | Conversation::CronRun { .. } | Conversation::Hook(_) => return None,
            Conversation::Subagent(_) | Conversation::Acp(_) | Conversation::Node(_) => return None,
            Conversation::OpenAi(_) | Conversation::OpenAiUser(_) | Conversation::OpenResponses(_) => {
                return None;
            }
            Conversation::OpenResponsesUser(_) | Conversation::Free(_) => return None,
        };
        let mut parts: Vec<&str> = self.rest().split(':').collect();
        let word = parts.get_mut(at)?;
        *word = if *word == "dm" { "direct" } else { "dm" };
        Some(Self(format!("agent:{}:{}", self.agent()?, parts.join(":"))))
    }

    /// Whether this is the main private session of its agent: the only one that sees `MEMORY.md` (S-047).
    #[must_use]
    pub fn is_main(&self, main_key: &str) -> bool {
        self.agent().is_some() && self.rest() == main_key
    }

    /// The kind, from the key alone.
    #[must_use]
    pub fn kind(&self) -> SessionKind {
        match self.0.as_str() {
            "global" => return SessionKind::Global,
            "unknown" => return SessionKind::Unknown,
            _ => {}
        }
        match self.behind_agent() {
            key if key.contains(":group:") || key.contains(":channel:") => SessionKind::Group,
            _ => SessionKind::Direct,
        }
    }

    /// Whether lists hide this key: the per-run copy of an isolated cron session.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        // No main key is one of the words that begin other keys.
        let is_run = |rest| matches!(Conversation::parse(rest, ""), Conversation::CronRun { .. });
        self.rest().starts_with("cron:") && is_run(self.rest())
    }
}

impl std::fmt::Display for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Normalises an agent id: lower case, `[a-z0-9_-]`, at most 64 characters; other characters become `-`; empty
/// becomes `main`.
#[must_use]
pub fn agent_id(text: &str) -> String {
    let id: String = text
        .trim()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' })
        .take(MAX_AGENT_ID)
        .collect();
    let id = id.trim_start_matches(['-', '_']);
    if id.is_empty() { "main".to_owned() } else { id.to_owned() }
}

fn bounded(key: String) -> String {
    if key.len() <= MAX_KEY_BYTES {
        return key;
    }
    let mut end = MAX_KEY_BYTES - HASH_HEX - 1;
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    let hash = crate::device::hex(ring::digest::digest(&ring::digest::SHA256, key.as_bytes()).as_ref());
    let hash = hash.get(..HASH_HEX).unwrap_or_default();
    format!("{}~{hash}", key.get(..end).unwrap_or_default())
}

/// Whether a key might have come out of [`bounded`]: a hash at the end, and of the length that those have.
fn looks_bounded(key: &str) -> bool {
    let hash = key.rsplit_once('~').map_or("", |(_, hash)| hash);
    let is_hash = hash.len() == HASH_HEX && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    // The cut is at the end of a character, which has four bytes at most.
    is_hash && (MAX_KEY_BYTES - 3..=MAX_KEY_BYTES).contains(&key.len())
}
