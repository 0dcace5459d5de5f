//! The chat services.

use super::*;
use crate::declare::section;
use crate::read::{Map, Sealed};

section! {
    /// Chat services: an account of each, or several under `accounts`, where absent keys are as around `accounts`.
    pub struct Channels {
        /// What holds for every channel that says nothing itself.
        defaults: ChannelDefaults;
        /// Telegram, as a bot.
        telegram: Option<Box<Telegram>>, was(&["telegram"]);
        /// WhatsApp, as a linked device.
        whatsapp: Option<Box<Whatsapp>>, was(&["whatsapp"]);
        /// Discord, as a bot.
        discord: Option<Box<Discord>>, was(&["discord"]);
        /// Google Chat, as an app.
        googlechat: Option<Box<GoogleChat>>;
        /// Slack, as an app.
        slack: Option<Box<Slack>>, was(&["slack"]);
        /// Signal, through `signal-cli`.
        signal: Option<Box<Signal>>, was(&["signal"]);
        /// iMessage, through the program `imsg` on a Mac.
        imessage: Option<Box<Imessage>>, was(&["imessage"]);
        /// Microsoft Teams, as a bot.
        msteams: Option<Box<MsTeams>>, was(&["msteams"]);
        /// Mattermost, as a bot.
        mattermost: Option<Box<Mattermost>>;
        /// iMessage, through a BlueBubbles server on a Mac.
        bluebubbles: Option<Box<BlueBubbles>>;
    }
    groups {
        /// Channels of plugins that the release ships.
        plugins: PluginChannels;
    }
    rest {
        /// A channel of another plugin, by its id; checked by the plugin.
        others: Map<Sealed>;
    }
}

section! {
    /// Channels of plugins that the release ships. Each plugin checks its own keys.
    pub struct PluginChannels {
        /// Feishu and Lark.
        feishu: Option<Sealed>;
        /// LINE.
        line: Option<Sealed>;
        /// Matrix.
        matrix: Option<Sealed>;
        /// Nextcloud Talk.
        nextcloud_talk as "nextcloud-talk": Option<Sealed>;
        /// Nostr, direct messages.
        nostr: Option<Sealed>;
        /// Tlon.
        tlon: Option<Sealed>;
        /// Twitch.
        twitch: Option<Sealed>;
        /// Zalo, as a bot.
        zalo: Option<Sealed>;
        /// Zalo, as a person.
        zalouser: Option<Sealed>;
    }
}

section! {
    /// What holds for every channel that says nothing itself.
    pub struct ChannelDefaults {
        /// Which groups are answered.
        group_policy: Option<GroupPolicy>;
        /// What chats and clients see of heartbeats.
        heartbeat: Option<HeartbeatDisplay>;
    }
}
