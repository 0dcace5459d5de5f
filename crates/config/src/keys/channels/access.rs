//! Who is answered, and where.

use super::super::ToolLists;
use crate::declare::{choices, section};
use crate::read::{Id, Map};

choices! {
    /// Which direct messages are answered.
    pub enum DmPolicy { Pairing = "pairing", Allowlist = "allowlist", Open = "open", Disabled = "disabled" }
}

choices! {
    /// Which groups are answered.
    pub enum GroupPolicy { Open = "open", Disabled = "disabled", Allowlist = "allowlist" }
}

section! {
    /// Who is answered.
    pub struct SenderAccess {
        /// Strangers get a pairing code, or only listed senders are answered, or all (with `"*"` in `allowFrom`), or none.
        dm_policy: Option<DmPolicy>, with_default(|| "pairing".into());
        /// Senders of direct messages.
        allow_from: Option<Vec<Id>>;
        /// Senders in groups.
        group_allow_from: Option<Vec<Id>>;
        /// Any group, none, or listed senders and groups only.
        group_policy: Option<GroupPolicy>, with_default(|| "allowlist".into());
    }
}

section! {
    /// Who is answered, where ids are always text.
    pub struct TextSenderAccess {
        /// Strangers get a pairing code, or only listed senders are answered, or all (with `"*"` in `allowFrom`), or none.
        dm_policy: Option<DmPolicy>, with_default(|| "pairing".into());
        /// Senders of direct messages.
        allow_from: Option<Vec<String>>;
        /// Senders in groups.
        group_allow_from: Option<Vec<String>>;
        /// Any group, none, or listed senders and groups only.
        group_policy: Option<GroupPolicy>, with_default(|| "allowlist".into());
    }
}

section! {
    /// Direct messages.
    pub struct DirectMessages {
        /// Whether they are read.
        enabled: Option<bool>;
        /// Strangers get a pairing code, or only listed senders are answered, or all (with `"*"` in `allowFrom`), or none.
        policy: Option<DmPolicy>, with_default(|| "pairing".into());
        /// Senders.
        allow_from: Option<Vec<Id>>;
    }
}

section! {
    /// Direct messages among several people.
    pub struct GroupDirectMessages {
        /// Whether they are read.
        group_enabled: Option<bool>;
        /// Only these; all if absent.
        group_channels: Option<Vec<Id>>;
    }
}

section! {
    /// What holds in one group.
    pub struct GroupRules {
        /// Whether only messages that mention the agent are answered.
        require_mention: Option<bool>;
        /// Allowed and denied tools.
        tools: Option<ToolLists>;
        /// Allowed and denied tools of single senders, by their id.
        tools_by_sender: Option<Map<ToolLists>>;
    }
}
