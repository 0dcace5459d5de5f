//! `channels.telegram`

use openclaw_guard::Secret;
use serde_json::Value;

use super::super::BlockStreamingChunk;
use super::*;
use crate::declare::{choices, section};
use crate::read::{ConfigType, Id, Map, Section};
use crate::spec::Kind;

section! {
    /// Telegram.
    pub struct Telegram {
        /// Several bots, by names of your choice.
        accounts: Map<TelegramAccount>;
    }
    groups {
        /// The only bot, or what the bots share.
        account: TelegramAccount;
    }
}

section! {
    /// A bot of Telegram.
    pub struct TelegramAccount {
        /// A name for people.
        name: Option<String>;
        /// Whether it runs.
        enabled: Option<bool>;
        /// What the client can do.
        capabilities: Option<TelegramCapabilities>;
        /// Slash commands in the bot's menu.
        commands: Option<NativeCommands>;
        /// More entries of the bot's menu.
        custom_commands: Option<Vec<TelegramCommand>>;
        /// What the agent may do besides writing messages.
        actions: Option<TelegramActions>;
        /// Rules for groups, by chat id; `*` is every group. If present, other groups are not answered.
        groups: Option<Map<TelegramGroup>>;
    }
    groups {
        /// What most channels are told.
        manner: ChannelManner;
        /// Who is answered.
        access: SenderAccess;
        /// Earlier messages.
        history: ChannelHistory;
        /// Long replies.
        chunks: ReplyChunks;
        /// Parts of a reply.
        blocks: ReplyBlocks;
        /// The form of replies.
        replies: TelegramReplies;
        /// The connection.
        connection: TelegramConnection;
    }
}

choices! {
    /// How a reply shows while the model writes it.
    pub enum TelegramStreamMode { Off = "off", Partial = "partial", Block = "block" }
}

section! {
    /// The form of replies on Telegram.
    pub struct TelegramReplies {
        /// Which messages of a reply quote the message they answer.
        reply_to_mode: Option<ReplyToMode>;
        /// How a draft of the reply grows in the chat: not at all, word by word, or in parts.
        stream_mode: Option<TelegramStreamMode>, with_default(|| "partial".into());
        /// The parts of a draft in `streamMode` `block`.
        draft_chunk: Option<BlockStreamingChunk>;
        /// Whether links show a preview.
        link_preview: Option<bool>;
        /// Which reactions the agent hears of.
        reaction_notifications: Option<ReactionScope>;
        /// How freely the agent reacts.
        reaction_level: Option<ReactionLevel>;
    }
}

section! {
    /// The connection to Telegram.
    pub struct TelegramConnection {
        /// The bot's token.
        bot_token: Option<Secret>;
        /// A file that holds the token, and wins over it.
        token_file: Option<String>;
        /// Largest file in megabytes.
        media_max_mb: Option<f64>, above(0.0);
        /// Seconds after which a request is given up.
        timeout_seconds: Option<u64>, min(1.0);
        /// Trying again after a failure.
        retry: Option<ChannelRetry>;
        /// How the network is used.
        network: Option<TelegramNetwork>;
        /// A proxy's address, which may hold its password.
        proxy: Option<Secret>;
        /// The address that Telegram calls; without it the gateway asks for messages.
        webhook_url: Option<String>;
        /// The secret that such a call must carry.
        webhook_secret: Option<Secret>;
        /// The path that is served for its calls.
        webhook_path: Option<String>;
    }
}

section! {
    /// The network below the connection to Telegram.
    pub struct TelegramNetwork {
        /// Whether IPv4 and IPv6 are tried side by side.
        auto_select_family: Option<bool>;
    }
}

section! {
    /// An entry of the bot's menu.
    pub struct TelegramCommand {
        /// The command, with or without its slash.
        command: String, required();
        /// What the menu says about it.
        description: String, required();
    }
}

section! {
    /// What the agent may do on Telegram besides writing messages.
    pub struct TelegramActions {
        /// React to messages.
        reactions: Option<bool>;
        /// Write to other chats.
        send_message: Option<bool>;
        /// Delete messages.
        delete_message: Option<bool>;
        /// Send and search stickers.
        sticker: Option<bool>;
    }
}

section! {
    /// A group on Telegram.
    pub struct TelegramGroup {
        /// Rules for single topics, by thread id.
        topics: Option<Map<TelegramTopic>>;
    }
    groups {
        /// Mentions and tools.
        rules: GroupRules;
        /// What a topic may say too.
        admission: TelegramAdmission;
    }
}

section! {
    /// A topic of a group on Telegram; absent keys are as in the group.
    pub struct TelegramTopic {
        /// Whether only messages that mention the agent are answered.
        require_mention: Option<bool>;
    }
    groups {
        /// What a group may say too.
        admission: TelegramAdmission;
    }
}

section! {
    /// Who is answered in a group or topic, and how.
    pub struct TelegramAdmission {
        /// Any sender, none, or listed ones only.
        group_policy: Option<GroupPolicy>;
        /// Only these skills; all if absent.
        skills: Option<Vec<String>>;
        /// Whether it is answered at all.
        enabled: Option<bool>;
        /// Senders.
        allow_from: Option<Vec<Id>>;
        /// Text added to the system prompt.
        system_prompt: Option<String>;
    }
}

choices! {
    /// Where the agent may send buttons.
    pub enum InlineButtons { Off = "off", Dm = "dm", Group = "group", All = "all", Allowlist = "allowlist" }
}

section! {
    /// What the client can do.
    pub struct TelegramAbilities {
        /// Where the agent may send buttons.
        inline_buttons: Option<InlineButtons>;
    }
}

/// What the client can do: names, the earlier form, or an object.
#[derive(Clone)]
pub enum TelegramCapabilities {
    /// `["inlineButtons"]`
    Names(Vec<String>),
    /// `{ inlineButtons: "dm" }`
    Abilities(TelegramAbilities),
}

impl ConfigType for TelegramCapabilities {
    const KIND: Kind = Kind::OneOf(&[Kind::List(&Kind::Text), Kind::Object(&TelegramAbilities::SPEC)]);

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Array(_) => Vec::read(value).map(Self::Names),
            Value::Object(_) => TelegramAbilities::read(value).map(Self::Abilities),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
}
