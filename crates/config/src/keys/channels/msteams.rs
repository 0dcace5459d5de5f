//! `channels.msteams`

use openclaw_guard::Secret;

use super::super::BlockStreamingCoalesce;
use super::*;
use crate::declare::{choices, section};
use crate::read::Map;

section! {
    /// Microsoft Teams.
    pub struct MsTeams {
        /// Whether it runs.
        enabled: Option<bool>;
        /// What the client can do.
        capabilities: Option<Vec<String>>;
        /// Whether only messages that mention the agent are answered in channels.
        require_mention: Option<bool>;
        /// Replies go into the thread or to the top of the channel; this depends on how the channel is set up.
        reply_style: Option<MsTeamsReplyStyle>;
        /// Rules for teams, by id.
        teams: Option<Map<MsTeamsTeam>>;
        /// When short parts of a reply are joined.
        block_streaming_coalesce: Option<BlockStreamingCoalesce>;
    }
    groups {
        /// What most channels are told.
        manner: ChannelManner;
        /// Who is answered.
        access: TextSenderAccess;
        /// Earlier messages.
        history: ChannelHistory;
        /// Long replies.
        chunks: ReplyChunks;
        /// The bot.
        bot: MsTeamsBot;
        /// Files.
        files: MsTeamsFiles;
    }
}

choices! {
    /// Where a reply goes in a channel.
    pub enum MsTeamsReplyStyle { Thread = "thread", TopLevel = "top-level" }
}

section! {
    /// The bot of Microsoft Teams.
    pub struct MsTeamsBot {
        /// Its application id.
        app_id: Option<String>;
        /// Its client secret.
        app_password: Option<Secret>;
        /// The directory it is registered in.
        tenant_id: Option<String>;
        /// The server that Microsoft calls.
        webhook: Option<MsTeamsWebhook>;
    }
}

section! {
    /// The server that Microsoft calls.
    pub struct MsTeamsWebhook {
        /// Its port.
        port: Option<u16>, min(1.0);
        /// Its path.
        path: Option<String>;
    }
}

section! {
    /// Files on Microsoft Teams.
    pub struct MsTeamsFiles {
        /// Largest file in megabytes.
        media_max_mb: Option<f64>, above(0.0);
        /// Hosts that files are fetched from; Microsoft's if absent, `*` is any.
        media_allow_hosts: Option<Vec<String>>;
        /// Hosts among them that are shown the bot's token; keep this list short.
        media_auth_allow_hosts: Option<Vec<String>>;
        /// The SharePoint site that files for groups are put on.
        share_point_site_id: Option<String>, label("SharePoint site ID");
    }
}

section! {
    /// A team.
    pub struct MsTeamsTeam {
        /// Its channels, by conversation id.
        channels: Option<Map<MsTeamsChannel>>;
    }
    groups {
        /// What a channel may say too.
        chat: MsTeamsChannel;
    }
}

section! {
    /// A channel of a team; absent keys are as in the team.
    pub struct MsTeamsChannel {
        /// Replies go into the thread or to the top of the channel.
        reply_style: Option<MsTeamsReplyStyle>;
    }
    groups {
        /// Mentions and tools.
        rules: GroupRules;
    }
}
