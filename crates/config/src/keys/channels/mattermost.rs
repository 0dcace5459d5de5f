//! `channels.mattermost`

use openclaw_guard::Secret;

use super::*;
use crate::declare::{choices, section};
use crate::read::Map;

section! {
    /// Mattermost.
    pub struct Mattermost {
        /// Several bots, by names of your choice.
        accounts: Map<MattermostAccount>;
    }
    groups {
        /// The only bot, or what the bots share.
        account: MattermostAccount;
    }
}

choices! {
    /// Which messages in channels are answered.
    pub enum MattermostChatMode { Oncall = "oncall", Onmessage = "onmessage", Onchar = "onchar" }
}

section! {
    /// A bot of Mattermost.
    pub struct MattermostAccount {
        /// A name for people.
        name: Option<String>;
        /// Whether it runs.
        enabled: Option<bool>;
        /// What the client can do.
        capabilities: Option<Vec<String>>;
        /// Formatting.
        markdown: Option<ChannelMarkdown>;
        /// Whether events and commands in chats may change this file.
        config_writes: Option<bool>;
        /// Text before each reply; `auto` is the agent's name.
        response_prefix: Option<String>;
        /// The bot's token.
        bot_token: Option<Secret>;
        /// The server's address.
        base_url: Option<String>;
        /// In channels: mentions, every message, or messages that begin with a sign.
        chatmode: Option<MattermostChatMode>;
        /// These signs, in the mode `onchar`.
        onchar_prefixes: Option<Vec<String>>;
        /// Whether only messages that mention the agent are answered. Earlier form of `chatmode`.
        require_mention: Option<bool>;
    }
    groups {
        /// Who is answered.
        access: SenderAccess;
        /// Long replies.
        chunks: ReplyChunks;
        /// Parts of a reply.
        blocks: ReplyBlocks;
    }
}
