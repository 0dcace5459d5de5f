//! The chat services.

use super::*;
use crate::declare::section;
use crate::keys::not_yet;
use crate::read::{Map, Sealed};

section! {
    /// Chat services: an account of each, or several under `accounts`, where absent keys are as around `accounts`.
    pub struct Channels {
        /// What holds for every channel that says nothing itself.
        defaults: ChannelDefaults, planned(not_yet::CHANNELS);
        /// Telegram, as a bot.
        telegram: Option<Box<Telegram>>, was(&["telegram"]), planned(not_yet::CHANNELS);
        /// WhatsApp, as a linked device.
        whatsapp: Option<Box<Whatsapp>>, was(&["whatsapp"]), planned(not_yet::CHANNELS);
        /// Discord, as a bot.
        discord: Option<Box<Discord>>, was(&["discord"]), planned(not_yet::CHANNELS);
        /// Google Chat, as an app.
        googlechat: Option<Box<GoogleChat>>, planned(not_yet::CHANNELS);
        /// Slack, as an app.
        slack: Option<Box<Slack>>, was(&["slack"]), planned(not_yet::CHANNELS);
        /// Signal, through `signal-cli`.
        signal: Option<Box<Signal>>, was(&["signal"]), planned(not_yet::CHANNELS);
        /// iMessage, through the program `imsg` on a Mac.
        imessage: Option<Box<Imessage>>, was(&["imessage"]), planned(not_yet::CHANNELS);
        /// Microsoft Teams, as a bot.
        msteams: Option<Box<MsTeams>>, was(&["msteams"]), planned(not_yet::CHANNELS);
        /// Mattermost, as a bot.
        mattermost: Option<Box<Mattermost>>, planned(not_yet::CHANNELS);
        /// iMessage, through a BlueBubbles server on a Mac.
        bluebubbles: Option<Box<BlueBubbles>>, planned(not_yet::CHANNELS);
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
        feishu: Option<Sealed>, planned(not_yet::CHANNELS);
        /// LINE.
        line: Option<Sealed>, planned(not_yet::CHANNELS), label("LINE");
        /// Matrix.
        matrix: Option<Sealed>, planned(not_yet::CHANNELS);
        /// Nextcloud Talk.
        nextcloud_talk as "nextcloud-talk": Option<Sealed>, planned(not_yet::CHANNELS), label("Nextcloud Talk");
        /// Nostr, direct messages.
        nostr: Option<Sealed>, planned(not_yet::CHANNELS);
        /// Tlon.
        tlon: Option<Sealed>, planned(not_yet::CHANNELS);
        /// Twitch.
        twitch: Option<Sealed>, planned(not_yet::CHANNELS);
        /// Zalo, as a bot.
        zalo: Option<Sealed>, planned(not_yet::CHANNELS);
        /// Zalo, as a person.
        zalouser: Option<Sealed>, planned(not_yet::CHANNELS), label("Zalo (personal)");
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
