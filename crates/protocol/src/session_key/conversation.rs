//! What a key names, taken apart and put together again.

use super::escape::{folded, read, write_id, write_segment};

/// The account of a channel that has one only.
const DEFAULT_ACCOUNT: &str = "default";
/// First words of the grammar. A channel of such a name is written with an escape.
const FIRST: &[&str] = &[
    "agent",
    "direct",
    "dm",
    "cron",
    "hook",
    "subagent",
    "acp",
    "openai",
    "openai-user",
    "openresponses",
    "openresponses-user",
];
/// Words that may follow a channel. An account of such a name is written with an escape.
const SECOND: &[&str] = &["direct", "dm", "group", "channel", "slash", "thread", "topic"];
/// Words that would break an id of a group off.
const IN_GROUPS: &[&str] = &["thread", "topic"];
/// The same for persons; two more would make a group of a person wherever keys are judged by their text.
const IN_DIRECTS: &[&str] = &["thread", "topic", "group", "channel"];
/// The same for jobs.
const IN_JOBS: &[&str] = &["run"];
const NODE: &str = "node-";
/// Keys that belong to no agent. A main session of such a name could not be told from them.
const OF_NO_AGENT: &[&str] = &["global", "unknown"];

/// What follows the agent's id in a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Conversation {
    /// A chat with people, or a thread of it.
    Chat(Chat, Branch),
    /// A scheduled job.
    Cron(String),
    /// One run of a scheduled job.
    CronRun {
        /// The job.
        job: String,
        /// The session of this run.
        session: String,
    },
    /// A webhook.
    Hook(String),
    /// A spawned agent.
    Subagent(String),
    /// A client of the Agent Client Protocol.
    Acp(String),
    /// A call of the chat completions API.
    OpenAi(String),
    /// The user that such a call names.
    OpenAiUser(String),
    /// A call of the responses API.
    OpenResponses(String),
    /// The user that such a call names.
    OpenResponsesUser(String),
    /// A node.
    Node(String),
    /// Text that a client chose and that is nothing of the above.
    Free(String),
}

/// A chat with people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Chat {
    /// The main session of the agent.
    Main,
    /// A person, on any channel.
    Peer(String),
    /// A person on a channel.
    ChannelPeer {
        /// The channel.
        channel: String,
        /// The person.
        peer: String,
    },
    /// A person on an account of a channel.
    AccountPeer {
        /// The channel.
        channel: String,
        /// The account; nothing is the default one.
        account: String,
        /// The person.
        peer: String,
    },
    /// A group.
    Group {
        /// The channel.
        channel: String,
        /// The group.
        id: String,
    },
    /// A channel of a server, for example of Slack or Discord.
    Room {
        /// The channel that the server is of.
        channel: String,
        /// The room.
        id: String,
    },
    /// Slash commands of a person.
    Slash {
        /// The channel.
        channel: String,
        /// The person.
        sender: String,
    },
}

/// The part of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Branch {
    /// The chat itself.
    Whole,
    /// A thread.
    Thread(String),
    /// A topic of a forum.
    Topic(String),
}

impl Conversation {
    /// A chat without a thread.
    #[must_use]
    pub fn chat(chat: Chat) -> Self {
        Self::Chat(chat, Branch::Whole)
    }

    /// The same with every id as keys compare it: in lower case, without white space around it. Two conversations have
    /// the same key when this is the same.
    #[must_use]
    pub fn normalized(self) -> Self {
        match self {
            Self::Chat(chat, branch) => Self::Chat(chat.normalized(), branch.normalized()),
            Self::Cron(job) => Self::Cron(folded(&job)),
            Self::CronRun { job, session } => Self::CronRun { job: folded(&job), session: folded(&session) },
            Self::Hook(id) => Self::Hook(folded(&id)),
            Self::Subagent(id) => Self::Subagent(folded(&id)),
            Self::Acp(id) => Self::Acp(folded(&id)),
            Self::OpenAi(id) => Self::OpenAi(folded(&id)),
            Self::OpenAiUser(id) => Self::OpenAiUser(folded(&id)),
            Self::OpenResponses(id) => Self::OpenResponses(folded(&id)),
            Self::OpenResponsesUser(id) => Self::OpenResponsesUser(folded(&id)),
            Self::Node(id) => Self::Node(folded(&id)),
            Self::Free(text) => Self::Free(folded(&text)),
        }
    }

    /// The text behind the agent's id. A free text stands as it is; [`SessionKey::of`](super::SessionKey::of) makes it
    /// canonical.
    pub(super) fn write(self, main_key: &str) -> String {
        let named = |kind: &str, id: &str| format!("{kind}:{}", write_id(id, &[]));
        match self.normalized() {
            Self::Chat(chat, branch) => {
                let words = chat.words();
                format!("{}{}", chat.write(main_key), branch.write(words))
            }
            Self::Cron(job) => format!("cron:{}", write_id(&job, IN_JOBS)),
            Self::CronRun { job, session } => {
                format!("cron:{}:run:{}", write_id(&job, IN_JOBS), write_id(&session, IN_JOBS))
            }
            Self::Hook(id) => named("hook", &id),
            Self::Subagent(id) => named("subagent", &id),
            Self::Acp(id) => named("acp", &id),
            Self::OpenAi(id) => named("openai", &id),
            Self::OpenAiUser(id) => named("openai-user", &id),
            Self::OpenResponses(id) => named("openresponses", &id),
            Self::OpenResponsesUser(id) => named("openresponses-user", &id),
            Self::Node(id) => format!("{NODE}{}", write_segment(&id, &[])),
            Self::Free(text) => text,
        }
    }

    /// What the text behind an agent's id names. `dm`, as earlier releases wrote it, is `direct`.
    pub(super) fn parse(rest: &str, main_key: &str) -> Self {
        let parts: Vec<&str> = rest.split(':').collect();
        let known = match parts.as_slice() {
            [first] if *first == main_key => Some(Self::chat(Chat::Main)),
            [first, marker, branch @ ..] if *first == main_key && !branch.is_empty() => {
                Branch::parse(marker, branch).map(|branch| Self::Chat(Chat::Main, branch))
            }
            [only] => only.strip_prefix(NODE).map(|id| Self::Node(read(id))),
            ["cron", job @ ..] => Some(cron(job)),
            [first, id @ ..] => named(first, &join(id)),
            [] => None,
        };
        known.or_else(|| chat(&parts)).unwrap_or_else(|| Self::Free(rest.to_owned()))
    }
}

fn join(parts: &[&str]) -> String {
    read(&parts.join(":"))
}

fn named(kind: &str, id: &str) -> Option<Conversation> {
    let id = || id.to_owned();
    match kind {
        "hook" => Some(Conversation::Hook(id())),
        "subagent" => Some(Conversation::Subagent(id())),
        "acp" => Some(Conversation::Acp(id())),
        "openai" => Some(Conversation::OpenAi(id())),
        "openai-user" => Some(Conversation::OpenAiUser(id())),
        "openresponses" => Some(Conversation::OpenResponses(id())),
        "openresponses-user" => Some(Conversation::OpenResponsesUser(id())),
        _ => None,
    }
}

fn cron(job: &[&str]) -> Conversation {
    match last_marker(job, IN_JOBS) {
        Some((job, _, session)) => Conversation::CronRun { job: join(job), session: join(session) },
        None => Conversation::Cron(join(job)),
    }
}

/// Splits at the last part that is one of some words and has something on both sides.
fn last_marker<'p, 't>(
    parts: &'p [&'t str],
    words: &[&str],
) -> Option<(&'p [&'t str], &'t str, &'p [&'t str])> {
    let inner = parts.get(..parts.len().checked_sub(1)?)?;
    let at = inner.iter().rposition(|part| words.contains(part)).filter(|at| *at > 0)?;
    Some((parts.get(..at)?, parts.get(at).copied()?, parts.get(at + 1..)?))
}

fn chat(parts: &[&str]) -> Option<Conversation> {
    let (make, id): (Box<dyn Fn(String) -> Chat>, &[&str]) = match parts {
        ["direct" | "dm", id @ ..] => (Box::new(Chat::Peer), id),
        [channel, word @ ("direct" | "dm" | "group" | "channel" | "slash"), id @ ..] => {
            (Box::new(|id| in_channel(word, read(channel), id)), id)
        }
        [channel, account, "direct" | "dm", id @ ..] => {
            let make = |peer| Chat::AccountPeer { channel: read(channel), account: read(account), peer };
            (Box::new(make), id)
        }
        _ => return None,
    };
    let (id, branch) = match last_marker(id, IN_GROUPS) {
        Some((id, marker, branch)) => (id, Branch::parse(marker, branch)?),
        None => (id, Branch::Whole),
    };
    (!id.is_empty()).then(|| Conversation::Chat(make(join(id)), branch))
}

fn in_channel(word: &str, channel: String, id: String) -> Chat {
    match word {
        "group" => Chat::Group { channel, id },
        "channel" => Chat::Room { channel, id },
        "slash" => Chat::Slash { channel, sender: id },
        _ => Chat::ChannelPeer { channel, peer: id },
    }
}

impl Chat {
    fn normalized(self) -> Self {
        match self {
            Self::Main => Self::Main,
            Self::Peer(peer) => Self::Peer(folded(&peer)),
            Self::ChannelPeer { channel, peer } => {
                Self::ChannelPeer { channel: folded(&channel), peer: folded(&peer) }
            }
            Self::AccountPeer { channel, account, peer } => {
                let mut account = folded(&account);
                if account.is_empty() {
                    DEFAULT_ACCOUNT.clone_into(&mut account);
                }
                Self::AccountPeer { channel: folded(&channel), account, peer: folded(&peer) }
            }
            Self::Group { channel, id } => Self::Group { channel: folded(&channel), id: folded(&id) },
            Self::Room { channel, id } => Self::Room { channel: folded(&channel), id: folded(&id) },
            Self::Slash { channel, sender } => {
                Self::Slash { channel: folded(&channel), sender: folded(&sender) }
            }
        }
    }

    /// The words that its ids may not have as a part.
    fn words(&self) -> &'static [&'static str] {
        match self {
            Self::Group { .. } | Self::Room { .. } => IN_GROUPS,
            Self::Main | Self::Peer(_) | Self::ChannelPeer { .. } => IN_DIRECTS,
            Self::AccountPeer { .. } | Self::Slash { .. } => IN_DIRECTS,
        }
    }

    fn write(self, main_key: &str) -> String {
        let words = self.words();
        let in_channel = |channel: &str, word: &str, id: &str| {
            format!("{}:{word}:{}", write_segment(channel, FIRST), write_id(id, words))
        };
        match self {
            Self::Main => main_key.to_owned(),
            Self::Peer(peer) => format!("direct:{}", write_id(&peer, words)),
            Self::ChannelPeer { channel, peer } => in_channel(&channel, "direct", &peer),
            Self::AccountPeer { channel, account, peer } => {
                let (channel, account) = (write_segment(&channel, FIRST), write_segment(&account, SECOND));
                format!("{channel}:{account}:direct:{}", write_id(&peer, words))
            }
            Self::Group { channel, id } => in_channel(&channel, "group", &id),
            Self::Room { channel, id } => in_channel(&channel, "channel", &id),
            Self::Slash { channel, sender } => in_channel(&channel, "slash", &sender),
        }
    }
}

impl Branch {
    fn normalized(self) -> Self {
        match self {
            Self::Whole => Self::Whole,
            Self::Thread(id) => Self::Thread(folded(&id)),
            Self::Topic(id) => Self::Topic(folded(&id)),
        }
    }

    fn parse(marker: &str, id: &[&str]) -> Option<Self> {
        match marker {
            "thread" => Some(Self::Thread(join(id))),
            "topic" => Some(Self::Topic(join(id))),
            _ => None,
        }
    }

    fn write(&self, words: &[&str]) -> String {
        match self {
            Self::Whole => String::new(),
            Self::Thread(id) => format!(":thread:{}", write_id(id, words)),
            Self::Topic(id) => format!(":topic:{}", write_id(id, words)),
        }
    }
}

/// The main key that a configuration names, as keys have it: one part, in lower case, and no word of the grammar.
#[must_use]
pub fn main_key(configured: &str) -> String {
    let key = folded(configured);
    if key.is_empty() {
        return "main".to_owned();
    }
    if OF_NO_AGENT.contains(&key.as_str()) {
        return write_segment(&key, OF_NO_AGENT);
    }
    let written = write_segment(&key, FIRST);
    match written.strip_prefix(NODE) {
        // A node has a key of one part, too.
        Some(rest) => format!("%6eode-{rest}"),
        None => written,
    }
}
