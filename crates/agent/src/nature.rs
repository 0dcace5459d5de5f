//! What a session is, by its key and by what its entry says: the one place that sending, resetting, listing and
//! listening ask, so that a session is the same to all of them, and the same before and after its first message.

use openclaw_protocol::session_key::{Chat, Conversation, SessionKey, SessionKind};
use openclaw_store::{Origin, Route, SessionEntry, SessionId, field};

use crate::runtime::AgentRuntime;

/// The channel of what comes over the gateway: the web chat, until channels say otherwise.
pub(crate) const GATEWAY_CHANNEL: &str = "webchat";

/// Nothing is known of a session but its key.
const NO_ENTRY: Option<&SessionEntry> = None;

/// The kinds of chats that rules tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatType {
    /// One person.
    Direct,
    /// A group.
    Group,
    /// A channel of a server.
    Channel,
}

impl ChatType {
    /// As entries have it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
            Self::Channel => "channel",
        }
    }
}

/// The kind of a session. An entry that says it is a group is one, whatever its key looks like (S-047).
#[must_use]
pub fn kind(key: &SessionKey, entry: Option<&SessionEntry>) -> SessionKind {
    match entry.and_then(|entry| entry.text(field::CHAT_TYPE)) {
        Some("group" | "channel") => SessionKind::Group,
        Some(_) | None => key.kind(),
    }
}

/// The channel of a session: the one it is said to be of, else the one that its key names, else the one that was last
/// used. A session without any is one of the gateway.
#[must_use]
pub fn channel(key: &SessionKey, entry: Option<&SessionEntry>, main_key: &str) -> String {
    let said =
        |which| entry.and_then(|entry| entry.text(which)).map(str::trim).filter(|text| !text.is_empty());
    let channel = said(field::CHANNEL).map(str::to_owned);
    let channel = channel.or_else(|| channel_of_key(key, main_key));
    let channel = channel.or_else(|| said(field::LAST_CHANNEL).map(str::to_owned));
    channel.map_or_else(|| GATEWAY_CHANNEL.to_owned(), |channel| channel.to_lowercase())
}

fn channel_of_key(key: &SessionKey, main_key: &str) -> Option<String> {
    match key.conversation(main_key)? {
        Conversation::Chat(chat, _) => match chat {
            Chat::Main | Chat::Peer(_) => None,
            Chat::ChannelPeer { channel, .. } | Chat::AccountPeer { channel, .. } => Some(channel),
            Chat::Group { channel, .. } | Chat::Room { channel, .. } => Some(channel),
            Chat::Slash { channel, .. } => Some(channel),
        },
        Conversation::Cron(_) | Conversation::CronRun { .. } | Conversation::Hook(_) => None,
        Conversation::Subagent(_) | Conversation::Acp(_) | Conversation::Node(_) => None,
        Conversation::OpenAi(_) | Conversation::OpenAiUser(_) | Conversation::OpenResponses(_) => None,
        Conversation::OpenResponsesUser(_) | Conversation::Free(_) => None,
    }
}

/// The kind of chat of a session; nothing for what is no chat. Entries often say no more than `group` or `direct`: what
/// the key says more exactly counts before that.
#[must_use]
pub fn chat_type(key: &SessionKey, entry: Option<&SessionEntry>, main_key: &str) -> Option<ChatType> {
    let conversation = key.conversation(main_key);
    if let Some(Conversation::Chat(Chat::Room { .. }, _)) = conversation {
        return Some(ChatType::Channel);
    }
    match entry.and_then(|entry| entry.text(field::CHAT_TYPE)) {
        Some("group") => return Some(ChatType::Group),
        Some("channel") => return Some(ChatType::Channel),
        Some(_) | None if key.kind() == SessionKind::Group => return Some(ChatType::Group),
        Some(_) | None => {}
    }
    match conversation {
        // A client that chose a text is one person.
        Some(Conversation::Chat(..) | Conversation::Free(_)) | None => Some(ChatType::Direct),
        Some(Conversation::Cron(_) | Conversation::CronRun { .. } | Conversation::Hook(_)) => None,
        Some(Conversation::Subagent(_) | Conversation::Acp(_) | Conversation::Node(_)) => None,
        Some(Conversation::OpenAi(_) | Conversation::OpenAiUser(_)) => None,
        Some(Conversation::OpenResponses(_) | Conversation::OpenResponsesUser(_)) => None,
    }
}

impl AgentRuntime {
    /// The entry of a session that begins, whoever begins it.
    #[must_use]
    pub fn new_entry(&self, key: &SessionKey, id: &SessionId) -> SessionEntry {
        let mut entry = SessionEntry::new(id, self.clock.now_ms());
        let file = self.sessions_dir.join(id.transcript_file_name());
        entry.set_text(field::SESSION_FILE, &file.to_string_lossy());
        let chat_type =
            chat_type(key, NO_ENTRY, &self.settings.main_key).unwrap_or(ChatType::Direct).as_str();
        entry.set_text(field::CHAT_TYPE, chat_type);
        entry.set(field::SYSTEM_SENT, &false);
        let place = || Some(GATEWAY_CHANNEL.to_owned());
        let origin = Origin {
            provider: place(),
            surface: place(),
            chat_type: Some(chat_type.to_owned()),
            ..Origin::default()
        };
        entry.set(field::ORIGIN, &origin);
        entry.set(field::DELIVERY_CONTEXT, &Route { channel: place(), ..Route::default() });
        entry.set_text(field::LAST_CHANNEL, GATEWAY_CHANNEL);
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::{ChatType, channel, chat_type, kind};
    use openclaw_protocol::session_key::{SessionKey, SessionKind};
    use openclaw_store::{SessionEntry, SessionId};

    fn entry(fields: &[(&'static str, &str)]) -> SessionEntry {
        let mut entry = SessionEntry::new(&SessionId::random(), 1);
        fields.iter().for_each(|(name, value)| entry.set_json(name, (*value).into()));
        entry
    }

    #[test]
    fn keys_say_more_than_entries_of_the_gateway() {
        let group = [("chatType", "group"), ("lastChannel", "webchat")];
        let direct = [("chatType", "direct"), ("lastChannel", "webchat")];
        let (is_direct, is_group) = (SessionKind::Direct, SessionKind::Group);
        let channel_type = Some(ChatType::Channel);
        let rows: &[(&str, &[_], &str, Option<ChatType>, SessionKind)] = &[
            ("slack:channel:c1", &group, "slack", channel_type, is_group),
            ("slack:channel:c1:thread:9", &direct, "slack", channel_type, is_group),
            ("telegram:group:5", &group, "telegram", Some(ChatType::Group), is_group),
            ("telegram:group:5", &[("chatType", "channel")], "telegram", channel_type, is_group),
            ("telegram:group:5", &[("chatType", "direct")], "telegram", Some(ChatType::Group), is_group),
            ("group:5", &direct, "webchat", Some(ChatType::Group), is_group),
            ("telegram:direct:5", &direct, "telegram", Some(ChatType::Direct), is_direct),
            ("telegram:direct:5", &group, "telegram", Some(ChatType::Group), is_group),
            ("telegram:group:5", &[("channel", " Signal ")], "signal", Some(ChatType::Group), is_group),
            ("cron:job", &direct, "webchat", None, is_direct),
            ("home", &[("lastChannel", "Slack")], "slack", Some(ChatType::Direct), is_direct),
            ("home", &[], "webchat", Some(ChatType::Direct), is_direct),
            // A thread of the main session, which has another name here.
            ("home:thread:direct:5", &direct, "webchat", Some(ChatType::Direct), is_direct),
        ];
        for (rest, fields, of, chat, is) in rows {
            let key = SessionKey::canonical(rest, "main", "home");
            let entry = entry(fields);
            assert_eq!(channel(&key, Some(&entry), "home"), *of, "{key} {fields:?}");
            assert_eq!(chat_type(&key, Some(&entry), "home"), *chat, "{key} {fields:?}");
            assert_eq!(kind(&key, Some(&entry)), *is, "{key} {fields:?}");
        }
    }
}
