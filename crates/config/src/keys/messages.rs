//! `messages`

use super::not_yet;
use crate::declare::{choices, section};
use crate::read::Map;

use super::Tts;

choices! {
    /// What happens to a message while the session is busy.
    pub enum QueueMode {
        Steer = "steer",
        Followup = "followup",
        Collect = "collect",
        SteerBacklog = "steer-backlog",
        SteerPlusBacklog = "steer+backlog",
        Queue = "queue",
        Interrupt = "interrupt",
    }
}

choices! {
    /// What a full queue does.
    pub enum QueueDrop { Old = "old", New = "new", Summarize = "summarize" }
}

choices! {
    /// Which messages are acknowledged with a reaction.
    pub enum AckScope {
        GroupMentions = "group-mentions",
        GroupAll = "group-all",
        Direct = "direct",
        All = "all",
    }
}

section! {
    /// Messages.
    pub struct Messages {
        /// Text before each message that the agent is given. Earlier form of the WhatsApp key.
        message_prefix: Option<String>, planned(not_yet::DELIVERY);
        /// Text before each reply; `auto` is the agent's name.
        response_prefix: Option<String>, planned(not_yet::DELIVERY);
        /// Groups.
        group_chat: GroupChat, planned(not_yet::CHANNELS);
        /// Messages that arrive while the session is busy.
        queue: Queue, was(&["routing.queue"]), planned(not_yet::QUEUE);
        /// Messages in quick succession.
        inbound: Inbound, planned(not_yet::CHANNELS);
        /// The reaction that acknowledges a message; empty for none.
        ack_reaction: Option<String>, planned(not_yet::CHANNELS);
        /// Which messages are acknowledged.
        ack_reaction_scope: AckScope = AckScope::GroupMentions, planned(not_yet::CHANNELS);
        /// Whether the reaction goes away with the reply.
        remove_ack_after_reply: bool = false, planned(not_yet::DELIVERY);
        /// Replies as speech.
        tts: Tts, planned(not_yet::SPEECH);
    }
}

section! {
    /// Groups.
    pub struct GroupChat {
        /// Regular expressions that count as a mention.
        mention_patterns: Option<Vec<String>>, was(&["routing.groupChat.mentionPatterns"]);
        /// Messages of the group that the agent sees as context.
        history_limit: Option<u64>, min(1.0), was(&["routing.groupChat.historyLimit"]);
    }
}

section! {
    /// Messages that arrive while the session is busy.
    pub struct Queue {
        /// What happens to them.
        mode: Option<QueueMode>;
        /// The same for channels.
        by_channel: QueueByChannel, was(&["messages.queue.byProvider"]);
        /// Milliseconds of silence before waiting messages become a turn.
        debounce_ms: u64 = 1000;
        /// The same for channels.
        debounce_ms_by_channel: Map<u64>;
        /// Most waiting messages.
        cap: u64 = 20, min(1.0);
        /// What goes when there are more.
        drop: QueueDrop = QueueDrop::Summarize;
    }
}

section! {
    /// What happens to waiting messages of each channel.
    pub struct QueueByChannel {
        /// WhatsApp.
        whatsapp: Option<QueueMode>;
        /// Telegram.
        telegram: Option<QueueMode>;
        /// Discord.
        discord: Option<QueueMode>;
        /// Slack.
        slack: Option<QueueMode>;
        /// Mattermost.
        mattermost: Option<QueueMode>;
        /// Signal.
        signal: Option<QueueMode>;
        /// iMessage.
        imessage: Option<QueueMode>;
        /// Microsoft Teams.
        msteams: Option<QueueMode>;
        /// The Control UI and other clients of the gateway.
        webchat: Option<QueueMode>;
    }
}

section! {
    /// Messages in quick succession.
    pub struct Inbound {
        /// Milliseconds of silence after which they are taken as one.
        debounce_ms: Option<u64>;
        /// The same for channels.
        by_channel: Map<u64>;
    }
}
