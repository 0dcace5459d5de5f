//! `channels.bluebubbles`

use openclaw_guard::Secret;

use super::super::ToolLists;
use super::*;
use crate::declare::section;
use crate::read::Map;

section! {
    /// BlueBubbles.
    pub struct BlueBubbles {
        /// Several servers, by names of your choice.
        accounts: Map<BlueBubblesAccount>;
        /// What the agent may do besides writing messages.
        actions: BlueBubblesActions;
    }
    groups {
        /// The only server, or what the servers share.
        account: BlueBubblesAccount;
    }
}

section! {
    /// A server of BlueBubbles.
    pub struct BlueBubblesAccount {
        /// A name for people.
        name: Option<String>;
        /// Whether it runs.
        enabled: Option<bool>;
        /// Formatting.
        markdown: Option<ChannelMarkdown>;
        /// The server's address.
        server_url: Option<String>;
        /// The server's password.
        password: Option<Secret>;
        /// The path that is served for the server's calls.
        webhook_path: Option<String>;
        /// Messages of a group that the agent sees as context; 0 for none.
        history_limit: Option<u64>;
        /// Turns of a direct chat that it sees.
        dm_history_limit: Option<u64>;
        /// Largest file in megabytes.
        media_max_mb: Option<u64>, min(1.0);
        /// Whether messages are marked as read.
        send_read_receipts: Option<bool>;
        /// Whether parts of a reply are sent while the model still writes.
        block_streaming: Option<bool>;
        /// Rules for groups, by chat id; `*` is every group.
        groups: Option<Map<BlueBubblesGroup>>;
    }
    groups {
        /// Who is answered.
        access: SenderAccess;
        /// Long replies.
        chunks: ReplyChunks;
    }
}

section! {
    /// A group on BlueBubbles.
    pub struct BlueBubblesGroup {
        /// Whether only messages that mention the agent are answered.
        require_mention: Option<bool>;
        /// Allowed and denied tools.
        tools: Option<ToolLists>;
    }
}

section! {
    /// What the agent may do on iMessage besides writing messages.
    pub struct BlueBubblesActions {
        /// React to messages.
        reactions: bool = true;
        /// Edit messages.
        edit: bool = true;
        /// Take messages back.
        unsend: bool = true;
        /// Quote messages.
        reply: bool = true;
        /// Send with an effect.
        send_with_effect: bool = true;
        /// Rename groups.
        rename_group: bool = true;
        /// Change a group's picture.
        set_group_icon: bool = true;
        /// Add people to groups.
        add_participant: bool = true;
        /// Remove people from groups.
        remove_participant: bool = true;
        /// Leave groups.
        leave_group: bool = true;
        /// Send files.
        send_attachment: bool = true;
    }
}
