//! `channels.whatsapp`

use super::*;
use crate::declare::{choices, section};
use crate::read::Map;

section! {
    /// WhatsApp.
    pub struct Whatsapp {
        /// Several linked phones, by names of your choice.
        accounts: Map<WhatsappAccount>;
        /// Largest file in megabytes.
        media_max_mb: u64 = 50, min(1.0);
        /// What the agent may do besides writing messages.
        actions: Option<WhatsappActions>;
    }
    groups {
        /// The only phone, or what the phones share.
        phone: WhatsappPhone;
    }
}

section! {
    /// A linked phone.
    pub struct WhatsappAccount {
        /// A name for people.
        name: Option<String>;
        /// Whether it runs.
        enabled: Option<bool>;
        /// The folder of its credentials.
        auth_dir: Option<String>;
        /// Largest file in megabytes.
        media_max_mb: Option<u64>, min(1.0);
    }
    groups {
        /// What the channel itself may say too.
        phone: WhatsappPhone;
    }
}

section! {
    /// What holds for a phone, or for all phones.
    pub struct WhatsappPhone {
        /// What the client can do.
        capabilities: Option<Vec<String>>;
        /// Whether messages are marked as read; they are if absent.
        send_read_receipts: Option<bool>;
        /// Text before each message that the agent is given.
        message_prefix: Option<String>;
        /// Whether the phone is your own: then your messages to yourself are for the agent.
        self_chat_mode: Option<bool>;
        /// Rules for groups, by group id; `*` is every group. If present, other groups are not answered.
        groups: Option<Map<GroupRules>>;
        /// The reaction that acknowledges a message.
        ack_reaction: Option<WhatsappAck>;
        /// Milliseconds of silence after which messages in quick succession are taken as one.
        debounce_ms: Option<u64>, with_default(|| 0.into());
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
        /// Parts of a reply.
        blocks: ReplyBlocks;
    }
}

section! {
    /// What the agent may do on WhatsApp besides writing messages.
    pub struct WhatsappActions {
        /// React to messages.
        reactions: Option<bool>;
        /// Write to other chats.
        send_message: Option<bool>;
        /// Make polls.
        polls: Option<bool>;
    }
}

choices! {
    /// Which messages of groups are acknowledged.
    pub enum WhatsappAckGroup { Always = "always", Mentions = "mentions", Never = "never" }
}

section! {
    /// The reaction that acknowledges a message.
    pub struct WhatsappAck {
        /// The emoji; none if absent.
        emoji: Option<String>;
        /// Whether direct messages are acknowledged.
        direct: bool = true;
        /// Which messages of groups are acknowledged.
        group: WhatsappAckGroup = WhatsappAckGroup::Mentions;
    }
}
