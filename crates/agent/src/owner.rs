//! Whose session a session is: only what is proven to be the owner's sees their notes (S-047).

use openclaw_protocol::session_key::{Chat, Conversation, SessionKey, SessionKind, SessionScope};
use openclaw_store::{SessionEntry, field};

use crate::nature::{self, GATEWAY_CHANNEL};
use crate::prompt::Audience;
use crate::runtime::AgentRuntime;

/// Sub-agents of sub-agents are followed so far up.
const MAX_PARENTS: usize = 8;

/// First words of keys that channels and plugins make for whoever writes or calls, in a form of their own: `voice:` and a
/// number is an unknown caller. `agent` is half a key.
const OTHERS: &[&str] = &[
    "agent",
    "bluebubbles",
    "discord",
    "feishu",
    "googlechat",
    "imessage",
    "line",
    "matrix",
    "mattermost",
    "msteams",
    "nextcloud-talk",
    "nostr",
    "signal",
    "slack",
    "telegram",
    "tlon",
    "twitch",
    "voice",
    "voice-call",
    "whatsapp",
    "zalo",
    "zalouser",
];

/// Who is proven to be in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Proven {
    /// The owner: only a client that the gateway let in can begin it.
    Owner,
    /// Whoever is in another one.
    LikeIn(SessionKey),
    /// Nobody.
    Nobody,
}

fn proven(key: &SessionKey, entry: Option<&SessionEntry>, main_key: &str) -> Proven {
    let Some(conversation) = key.conversation(main_key) else {
        // Any other text without an agent is no key, and who is behind it nobody knows.
        return if key.as_str() == "global" { Proven::Owner } else { Proven::Nobody };
    };
    match conversation {
        Conversation::Chat(Chat::Main, _) => Proven::Owner,
        Conversation::Chat(
            Chat::ChannelPeer { channel, .. }
            | Chat::AccountPeer { channel, .. }
            | Chat::Slash { channel, .. },
            _,
        ) => of_channel(&channel),
        // One person on any channel: somebody's name, and nobody knows whose.
        Conversation::Chat(Chat::Peer(_) | Chat::Group { .. } | Chat::Room { .. }, _) => Proven::Nobody,
        Conversation::Subagent(_) => entry
            .and_then(|entry| entry.text(field::SPAWNED_BY))
            .map_or(Proven::Nobody, |parent| like_in(parent, key, main_key)),
        Conversation::Free(text) if is_of_others(&text) => Proven::Nobody,
        Conversation::Acp(_)
        | Conversation::OpenAi(_)
        | Conversation::OpenResponses(_)
        | Conversation::Free(_) => {
            let said = entry.and_then(|entry| entry.text(field::CHANNEL)).map(str::trim);
            said.filter(|channel| !channel.is_empty()).map_or(Proven::Owner, of_channel)
        }
        // The owner wrote the job, and paired the device.
        Conversation::Cron(_) | Conversation::CronRun { .. } | Conversation::Node(_) => Proven::Owner,
        // A user of somebody's front end, and what others sent.
        Conversation::OpenAiUser(_) | Conversation::OpenResponsesUser(_) | Conversation::Hook(_) => {
            Proven::Nobody
        }
    }
}

/// The parent of a session, whoever wrote it down: what is no key is a name for a session of the same agent, as everywhere.
fn like_in(parent: &str, child: &SessionKey, main_key: &str) -> Proven {
    // Nothing at all would be read as the main session.
    let names_something = parent.chars().any(char::is_alphanumeric);
    match child.agent().filter(|_| names_something) {
        Some(agent) => Proven::LikeIn(SessionKey::canonical(parent, agent, main_key)),
        None => Proven::Nobody,
    }
}

/// Whether a session is of another agent than one that is.
fn is_elsewhere(session: &SessionKey, key: &SessionKey) -> bool {
    session.agent().is_some_and(|agent| Some(agent) != key.agent())
}

/// Whether a name that no rule of keys explains begins like those that channels make.
fn is_of_others(name: &str) -> bool {
    let first = name.split_once(':').map(|(first, _)| first);
    first.is_some_and(|first| OTHERS.iter().any(|other| first.eq_ignore_ascii_case(other)))
}

fn of_channel(channel: &str) -> Proven {
    if channel.eq_ignore_ascii_case(GATEWAY_CHANNEL) { Proven::Owner } else { Proven::Nobody }
}

impl AgentRuntime {
    /// Who listens in a session (S-047).
    #[must_use]
    pub fn audience(&self, key: &SessionKey, entry: &SessionEntry) -> Audience {
        self.audience_of(key, Some(entry), MAX_PARENTS)
    }

    /// Who listens in a session, also in one that nobody has begun.
    #[must_use]
    pub fn audience_now(&self, key: &SessionKey) -> Audience {
        self.audience_of(key, self.sessions.get(key.as_str()).as_deref(), MAX_PARENTS)
    }

    fn audience_of(&self, key: &SessionKey, entry: Option<&SessionEntry>, parents: usize) -> Audience {
        let main_key = &self.settings.main_key;
        match nature::kind(key, entry) {
            SessionKind::Group | SessionKind::Unknown => return Audience::Group,
            SessionKind::Direct if key.is_main(main_key) => return Audience::MainPrivate,
            // There it stands in the place of the main session.
            SessionKind::Global if self.settings.session.scope == SessionScope::Global => {
                return Audience::MainPrivate;
            }
            SessionKind::Direct | SessionKind::Global => {}
        }
        match proven(key, entry, main_key) {
            Proven::Owner => Audience::Private,
            Proven::Nobody => Audience::Group,
            // What is said of sessions of another agent is not seen from here; its main session needs nothing said.
            Proven::LikeIn(parent) if is_elsewhere(&parent, key) && !parent.is_main(main_key) => {
                Audience::Group
            }
            Proven::LikeIn(parent) if parents > 0 => {
                let above = self.sessions.get(parent.as_str());
                match self.audience_of(&parent, above.as_deref(), parents - 1) {
                    Audience::MainPrivate | Audience::Private => Audience::Private,
                    Audience::Group => Audience::Group,
                }
            }
            Proven::LikeIn(_) => Audience::Group,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Proven, proven};
    use openclaw_protocol::session_key::SessionKey;
    use openclaw_store::{SessionEntry, SessionId};

    #[test]
    fn only_what_names_nobody_else_is_the_owners() {
        let key = |text: &str| SessionKey::canonical(text, "a", "home");
        let rows = [
            ("main", Proven::Owner),
            ("home", Proven::Owner),
            ("home:thread:5", Proven::Owner),
            ("global", Proven::Owner),
            ("work", Proven::Owner),
            ("work:of:today", Proven::Owner),
            ("webchat:direct:me", Proven::Owner),
            ("acp:5", Proven::Owner),
            ("openai:5", Proven::Owner),
            ("openresponses:5", Proven::Owner),
            ("direct:ada", Proven::Nobody),
            ("dm:ada", Proven::Nobody),
            ("telegram:direct:5", Proven::Nobody),
            ("telegram:dm:5", Proven::Nobody),
            ("telegram:direct:5:thread:6", Proven::Nobody),
            ("telegram:work:direct:5", Proven::Nobody),
            ("telegram:slash:5", Proven::Nobody),
            ("telegram:group:5", Proven::Nobody),
            ("slack:channel:c1", Proven::Nobody),
            ("hook:5", Proven::Nobody),
            ("cron:job", Proven::Owner),
            ("cron:job:run:5", Proven::Owner),
            ("node-5", Proven::Owner),
            ("openai-user:ada", Proven::Nobody),
            ("openresponses-user:ada", Proven::Nobody),
            ("subagent:5", Proven::Nobody),
            ("voice:+15550001", Proven::Nobody),
            ("voice:5:thread:6", Proven::Nobody),
            ("telegram:5", Proven::Nobody),
            ("nextcloud-talk:room", Proven::Nobody),
            // Names that a client chose.
            ("voice", Proven::Owner),
            ("signals:of:today", Proven::Owner),
        ];
        for (text, expected) in rows {
            assert_eq!(proven(&key(text), None, "home"), expected, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_key_is_nobodys() {
        for text in ["telegram:direct:5", "main", "work", "unknown", "", "agent", "agent:a", "Global"] {
            assert_eq!(proven(&SessionKey::stored(text), None, "home"), Proven::Nobody, "{text}");
        }
        assert_eq!(proven(&SessionKey::stored("agent:a:Voice:5"), None, "home"), Proven::Nobody);
        assert_eq!(proven(&SessionKey::stored("global"), None, "home"), Proven::Owner);
    }

    #[test]
    fn entries_say_who_spawned_a_session_and_what_channel_it_is_of() {
        let key = |text: &str| SessionKey::canonical(text, "a", "home");
        let like_in = |parent: &str| Proven::LikeIn(SessionKey::stored(parent));
        let rows = [
            ("subagent:5", "spawnedBy", "agent:a:home", like_in("agent:a:home")),
            ("subagent:5", "spawnedBy", "main", like_in("agent:a:home")),
            ("subagent:5", "spawnedBy", "Telegram:direct:5", like_in("agent:a:telegram:direct:5")),
            ("subagent:5", "spawnedBy", "agent:b:x", like_in("agent:b:x")),
            ("subagent:5", "spawnedBy", "global", like_in("global")),
            ("subagent:5", "spawnedBy", " ", Proven::Nobody),
            ("subagent:5", "spawnedBy", "::", Proven::Nobody),
            ("subagent:5", "channel", "webchat", Proven::Nobody),
            ("work", "channel", "webchat", Proven::Owner),
            ("work", "channel", " Slack ", Proven::Nobody),
            ("work", "spawnedBy", "agent:a:home", Proven::Owner),
            // The owner looked at it in the browser, which does not make it theirs.
            ("voice:5", "channel", "webchat", Proven::Nobody),
        ];
        for (text, name, value, expected) in rows {
            let mut entry = SessionEntry::new(&SessionId::random(), 1);
            entry.set_json(name, value.into());
            assert_eq!(proven(&key(text), Some(&entry), "home"), expected, "{text} {name} {value}");
        }
    }
}
