//! `channels.slack`

use openclaw_guard::Secret;

use super::*;
use crate::declare::{choices, section};
use crate::read::{Id, Map};

section! {
    /// Slack.
    pub struct Slack {
        /// Several apps, by names of your choice.
        accounts: Map<SlackAccount>;
        /// Slack is asked for messages, or calls the gateway.
        mode: SlackMode = SlackMode::Socket;
        /// The path that is served for Slack's calls.
        webhook_path: String = "/slack/events".to_owned();
    }
    groups {
        /// The only app, or what the apps share.
        app: SlackApp;
    }
}

section! {
    /// An app of Slack.
    pub struct SlackAccount {
        /// Slack is asked for messages, or calls the gateway.
        mode: Option<SlackMode>;
        /// The path that is served for Slack's calls.
        webhook_path: Option<String>;
    }
    groups {
        /// What the channel itself may say too.
        app: SlackApp;
    }
}

choices! {
    /// How messages arrive from Slack.
    pub enum SlackMode { Socket = "socket", Http = "http" }
}

section! {
    /// What holds for an app, or for all apps.
    pub struct SlackApp {
        /// A name for people.
        name: Option<String>;
        /// Whether it runs.
        enabled: Option<bool>;
        /// What the client can do.
        capabilities: Option<Vec<String>>;
        /// Slash commands that Slack knows.
        commands: Option<NativeCommands>;
        /// What the agent may do besides writing messages.
        actions: Option<SlackActions>;
        /// One slash command for everything.
        slash_command: Option<SlackSlashCommand>;
        /// Threads.
        thread: Option<SlackThread>;
        /// Largest file in megabytes.
        media_max_mb: Option<f64>, above(0.0);
    }
    groups {
        /// What most channels are told.
        manner: ChannelManner;
        /// Who is answered.
        access: SlackAccess;
        /// Earlier messages.
        history: ChannelHistory;
        /// Long replies.
        chunks: ReplyChunks;
        /// Parts of a reply.
        blocks: ReplyBlocks;
        /// Reactions and quotes.
        signs: SlackSigns;
        /// Credentials.
        credentials: SlackCredentials;
    }
}

section! {
    /// Credentials for Slack.
    pub struct SlackCredentials {
        /// The bot's token, `xoxb-…`.
        bot_token: Option<Secret>;
        /// The app's token, `xapp-…`; needed in the mode `socket`.
        app_token: Option<Secret>;
        /// A person's token, `xoxp-…`, that reads more than the bot may.
        user_token: Option<Secret>;
        /// Whether the person's token only reads.
        user_token_read_only: Option<bool>, with_default(|| true.into());
        /// The secret that Slack signs its calls with; needed in the mode `http`.
        signing_secret: Option<Secret>;
    }
}

section! {
    /// Who is answered on Slack.
    pub struct SlackAccess {
        /// Direct messages.
        dm: Option<SlackDm>;
        /// Rules for channels, by id or name. If present, others are not answered.
        channels: Option<Map<SlackChannel>>;
        /// Any channel, none, or listed ones only.
        group_policy: Option<GroupPolicy>, with_default(|| "allowlist".into());
        /// Whether only messages that mention the agent are answered in channels.
        require_mention: Option<bool>;
        /// Whether other bots are answered.
        allow_bots: Option<bool>;
    }
}

section! {
    /// Direct messages on Slack.
    pub struct SlackDm {
        /// Which messages of a reply go into the thread of the message they answer. Earlier form of `replyToModeByChatType`.
        reply_to_mode: Option<ReplyToMode>;
    }
    groups {
        /// Those of one person.
        direct: DirectMessages;
        /// Those of several.
        group: GroupDirectMessages;
    }
}

section! {
    /// A channel of Slack.
    pub struct SlackChannel {
        /// Whether it is answered at all.
        enabled: Option<bool>;
        /// Whether it is on the list of channels that are answered.
        allow: Option<bool>;
        /// Whether other bots are answered.
        allow_bots: Option<bool>;
        /// Senders; all if absent.
        users: Option<Vec<Id>>;
        /// Only these skills; all if absent.
        skills: Option<Vec<String>>;
        /// Text added to the system prompt.
        system_prompt: Option<String>;
    }
    groups {
        /// Mentions and tools.
        rules: GroupRules;
    }
}

section! {
    /// Reactions and threads of replies on Slack.
    pub struct SlackSigns {
        /// Which reactions the agent hears of.
        reaction_notifications: Option<ReactionNotice>;
        /// People whose reactions it hears of with `allowlist`.
        reaction_allowlist: Option<Vec<Id>>;
        /// Which messages of a reply go into the thread of the message they answer.
        reply_to_mode: Option<ReplyToMode>;
        /// The same for kinds of chats.
        reply_to_mode_by_chat_type: Option<SlackReplyToModes>;
    }
}

section! {
    /// Which messages of a reply go into a thread, for kinds of chats.
    pub struct SlackReplyToModes {
        /// Direct messages.
        direct: Option<ReplyToMode>;
        /// Direct messages among several people.
        group: Option<ReplyToMode>;
        /// Channels.
        channel: Option<ReplyToMode>;
    }
}

choices! {
    /// Where a thread's earlier messages are taken from.
    pub enum SlackHistoryScope { Thread = "thread", Channel = "channel" }
}

section! {
    /// Threads on Slack.
    pub struct SlackThread {
        /// Whether a thread sees its own earlier messages or those of the channel.
        history_scope: Option<SlackHistoryScope>;
        /// Whether a thread's session begins with what the channel's session knows.
        inherit_parent: Option<bool>;
    }
}

section! {
    /// One slash command for everything.
    pub struct SlackSlashCommand {
        /// Whether there is one.
        enabled: Option<bool>;
        /// Its name.
        name: Option<String>;
        /// The beginning of its session keys.
        session_prefix: Option<String>;
        /// Whether only the caller sees the reply.
        ephemeral: Option<bool>;
    }
}

section! {
    /// What the agent may do on Slack besides writing messages.
    pub struct SlackActions {
        /// React to messages.
        reactions: Option<bool>;
        /// Read, edit and delete messages, and write to other chats.
        messages: Option<bool>;
        /// Pin messages.
        pins: Option<bool>;
        /// Search messages.
        search: Option<bool>;
        /// See its own permissions.
        permissions: Option<bool>;
        /// See who a member is.
        member_info: Option<bool>;
        /// See what a channel is.
        channel_info: Option<bool>;
        /// See which emojis there are.
        emoji_list: Option<bool>;
    }
}
