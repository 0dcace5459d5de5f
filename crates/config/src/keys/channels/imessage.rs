//! `channels.imessage`

use super::*;
use crate::declare::{choices, section};
use crate::read::Map;

section! {
    /// iMessage.
    pub struct Imessage {
        /// Several Macs or users, by names of your choice.
        accounts: Map<ImessageAccount>;
    }
    groups {
        /// The only one, or what they share.
        account: ImessageAccount;
    }
}

choices! {
    /// Over which service messages go out.
    pub enum ImessageService { Imessage = "imessage", Sms = "sms", Auto = "auto" }
}

section! {
    /// A user of iMessage.
    pub struct ImessageAccount {
        /// A name for people.
        name: Option<String>;
        /// Whether it runs.
        enabled: Option<bool>;
        /// What the client can do.
        capabilities: Option<Vec<String>>;
        /// Over which service messages go out.
        service: Option<ImessageService>;
        /// The country that numbers without a prefix belong to.
        region: Option<String>;
        /// Largest file in megabytes.
        media_max_mb: Option<u64>, min(1.0);
        /// Rules for groups, by chat id; `*` is every group. If present, other groups are not answered.
        groups: Option<Map<GroupRules>>;
    }
    groups {
        /// The Mac that messages are read on.
        mac: ImessageMac;
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
    }
}

section! {
    /// The Mac that messages are read on.
    pub struct ImessageMac {
        /// The program, or a script that runs it on another Mac.
        cli_path: Option<String>;
        /// The database of messages.
        db_path: Option<String>;
        /// The other Mac, as `user@host`, from which files are copied.
        remote_host: Option<String>;
        /// Whether files are read.
        include_attachments: Option<bool>;
    }
}
