//! Session keys: which conversation a message belongs to.
//!
//! `agent:<agentId>:<rest>`, lower case, or the special keys `global` and `unknown`
//! (OpenClaw 2026.2.9 protocol page, section 5).

use serde::{Deserialize, Serialize};

/// Longest key, in bytes: keys are shown, stored and compared, and clients choose them. A longer one keeps its
/// beginning and ends in a hash of the whole, so that two long keys stay two.
const MAX_KEY_BYTES: usize = 512;
/// Bytes of that hash, in hex.
const HASH_HEX: usize = 32;
/// Longest agent id, in characters.
const MAX_AGENT_ID: usize = 64;

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

    /// Whether this is the main private session of its agent: the only one that sees `MEMORY.md` (S-047).
    #[must_use]
    pub fn is_main(&self, main_key: &str) -> bool {
        self.agent().is_some() && self.rest() == main_key
    }

    /// The kind, from the key alone.
    #[must_use]
    pub fn kind(&self) -> SessionKind {
        match self.0.as_str() {
            "global" => SessionKind::Global,
            "unknown" => SessionKind::Unknown,
            key if key.contains(":group:") || key.contains(":channel:") => SessionKind::Group,
            _ => SessionKind::Direct,
        }
    }

    /// Whether lists hide this key: the per-run copy of an isolated cron session.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.rest().starts_with("cron:") && self.0.contains(":run:")
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

#[cfg(test)]
mod tests {
    use super::{SessionKey, SessionKind, agent_id};
    use proptest::prelude::*;

    #[test]
    fn names_resolve_to_canonical_keys() {
        let rows = [
            ("main", "agent:main:main"),
            ("", "agent:main:main"),
            ("agent:main:main", "agent:main:main"),
            ("MyKey", "agent:main:mykey"),
            ("agent:Work:Telegram:group:-100:topic:4", "agent:work:telegram:group:-100:topic:4"),
            ("agent:main", "agent:main:agent:main"),
            ("agent::main::x", "agent:main:x"),
            ("global", "global"),
            ("telegram:slash:5", "agent:main:telegram:slash:5"),
            ("a\u{0}\nb", "agent:main:ab"),
            ("a :", "agent:main:a"),
            (": b : c", "agent:main:b:c"),
        ];
        for (text, expected) in rows {
            assert_eq!(SessionKey::canonical(text, "main", "main").as_str(), expected, "{text:?}");
        }
        assert_eq!(SessionKey::canonical("home", "main", "home").as_str(), "agent:main:home");
        assert_eq!(SessionKey::canonical("main", "main", "home").as_str(), "agent:main:home");
    }

    #[test]
    fn kinds_and_parts() {
        let group = SessionKey::canonical("agent:a:slack:channel:c1:thread:9", "main", "main");
        assert_eq!((group.agent(), group.kind()), (Some("a"), SessionKind::Group));
        assert!(SessionKey::main("main", "main").is_main("main"));
        assert!(!group.is_main("main"));
        assert!(SessionKey::canonical("agent:main:cron:j:run:s", "main", "main").is_hidden());
        assert_eq!(agent_id("  Ünïcode bot "), "n-code-bot");
        assert_eq!(agent_id("***"), "main");
    }

    #[test]
    fn two_long_keys_stay_two() {
        let key = |end: &str| SessionKey::canonical(&format!("{}{end}", "k".repeat(600)), "main", "main");
        assert_ne!(key("a"), key("b"));
        assert!(key("a").as_str().len() <= super::MAX_KEY_BYTES);
    }

    proptest! {
        #[test]
        fn canonical_is_idempotent(text in "(.{0,80}|[a-z:é]{400,900})") {
            let once = SessionKey::canonical(&text, "main", "main");
            prop_assert_eq!(&SessionKey::canonical(once.as_str(), "main", "main"), &once);
        }
    }
}
