//! `channels.discord`

use openclaw_guard::Secret;

use super::*;
use crate::declare::section;
use crate::read::{Id, Map};

section! {
    /// Discord.
    pub struct Discord {
        /// Several bots, by names of your choice.
        accounts: Map<DiscordAccount>;
    }
    groups {
        /// The only bot, or what the bots share.
        account: DiscordAccount;
    }
}

section! {
    /// A bot of Discord.
    pub struct DiscordAccount {
        /// A name for people.
        name: Option<String>;
        /// Whether it runs.
        enabled: Option<bool>;
        /// What the client can do.
        capabilities: Option<Vec<String>>;
        /// Slash commands in the bot's menu.
        commands: Option<NativeCommands>;
        /// What the agent may do besides writing messages.
        actions: Option<DiscordActions>;
    }
    groups {
        /// What most channels are told.
        manner: ChannelManner;
        /// Who is answered.
        access: DiscordAccess;
        /// Earlier messages.
        history: ChannelHistory;
        /// Long replies.
        chunks: ReplyChunks;
        /// Parts of a reply.
        blocks: ReplyBlocks;
        /// The connection.
        connection: DiscordConnection;
    }
}

section! {
    /// Who is answered on Discord.
    pub struct DiscordAccess {
        /// Direct messages.
        dm: Option<DiscordDm>;
        /// Servers, by id or short name.
        guilds: Option<Map<DiscordGuild>>;
        /// Any channel of a server, none, or listed ones only.
        group_policy: Option<GroupPolicy>, with_default(|| "allowlist".into());
        /// Whether other bots are answered.
        allow_bots: Option<bool>;
        /// Requests to run a command, sent to people who may approve them.
        exec_approvals: Option<DiscordApprovals>;
    }
}

section! {
    /// The connection to Discord, and the form of what goes over it.
    pub struct DiscordConnection {
        /// The bot's token.
        token: Option<Secret>;
        /// Most lines of a message.
        max_lines_per_message: Option<u64>, min(1.0);
        /// Largest file in megabytes.
        media_max_mb: Option<f64>, above(0.0);
        /// Trying again after a failure.
        retry: Option<ChannelRetry>;
        /// Which messages of a reply quote the message they answer.
        reply_to_mode: Option<ReplyToMode>;
        /// What Discord is asked to tell; it must be allowed in its developer portal too.
        intents: Option<DiscordIntents>;
        /// PluralKit: the person behind a proxied message.
        pluralkit: Option<DiscordPluralkit>;
    }
}

section! {
    /// Direct messages on Discord.
    pub struct DiscordDm {}
    groups {
        /// Those of one person.
        direct: DirectMessages;
        /// Those of several.
        group: GroupDirectMessages;
    }
}

section! {
    /// A server of Discord.
    pub struct DiscordGuild {
        /// A short name for people.
        slug: Option<String>;
        /// Which reactions the agent hears of.
        reaction_notifications: Option<ReactionNotice>;
        /// Senders; all if absent.
        users: Option<Vec<Id>>;
        /// Its channels, by id or name. If present, others are not answered.
        channels: Option<Map<DiscordChannel>>;
    }
    groups {
        /// Mentions and tools.
        rules: GroupRules;
    }
}

section! {
    /// A channel of a server of Discord.
    pub struct DiscordChannel {
        /// Whether it is on the list of channels that are answered.
        allow: Option<bool>;
        /// Only these skills; all if absent.
        skills: Option<Vec<String>>;
        /// Whether it is answered at all.
        enabled: Option<bool>;
        /// Senders; all if absent.
        users: Option<Vec<Id>>;
        /// Text added to the system prompt.
        system_prompt: Option<String>;
        /// Whether a thread's first message is part of its context.
        include_thread_starter: Option<bool>;
        /// Whether each message gets a thread of its own.
        auto_thread: Option<bool>;
    }
    groups {
        /// Mentions and tools.
        rules: GroupRules;
    }
}

section! {
    /// Requests to run a command, sent as direct messages.
    pub struct DiscordApprovals {
        /// Whether they are sent.
        enabled: Option<bool>;
        /// Ids of people who get them and may approve.
        approvers: Option<Vec<Id>>;
        /// Only of these agents.
        agent_filter: Option<Vec<String>>;
        /// Only of sessions whose key holds one of these.
        session_filter: Option<Vec<String>>;
    }
}

section! {
    /// What Discord is asked to tell beyond messages.
    pub struct DiscordIntents {
        /// Who is online.
        presence: Option<bool>;
        /// Who is a member.
        guild_members: Option<bool>;
    }
}

section! {
    /// PluralKit.
    pub struct DiscordPluralkit {
        /// Whether it is asked.
        enabled: Option<bool>;
        /// Its token, for systems that are private.
        token: Option<Secret>;
    }
}

section! {
    /// What the agent may do on Discord besides writing messages.
    pub struct DiscordActions {
        /// React to messages.
        reactions: Option<bool>;
        /// Send stickers.
        stickers: Option<bool>;
        /// Make polls.
        polls: Option<bool>;
        /// Read, edit and delete messages, and write to other chats.
        messages: Option<bool>;
        /// Threads.
        threads: Option<bool>;
        /// Pin messages.
        pins: Option<bool>;
        /// Search messages.
        search: Option<bool>;
    }
    groups {
        /// What it may learn of a server.
        lookups: DiscordLookups;
        /// What it may change in a server.
        management: DiscordManagement;
    }
}

section! {
    /// What the agent may learn of a server.
    pub struct DiscordLookups {
        /// Its own permissions.
        permissions: Option<bool>;
        /// Members.
        member_info: Option<bool>;
        /// Roles.
        role_info: Option<bool>;
        /// Channels.
        channel_info: Option<bool>;
        /// Who is in a voice channel.
        voice_status: Option<bool>;
        /// Events.
        events: Option<bool>;
    }
}

section! {
    /// What the agent may change in a server.
    pub struct DiscordManagement {
        /// Add emojis.
        emoji_uploads: Option<bool>;
        /// Add stickers.
        sticker_uploads: Option<bool>;
        /// Give and take roles.
        roles: Option<bool>;
        /// Silence, remove and ban members.
        moderation: Option<bool>;
        /// Make, change and delete channels.
        channels: Option<bool>;
        /// Its own status.
        presence: Option<bool>;
    }
}
