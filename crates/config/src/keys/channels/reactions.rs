//! Reactions to messages.

use crate::declare::{choices, section};

choices! {
    /// To whose messages a reaction must be for the agent to hear of it.
    pub enum ReactionScope { Off = "off", Own = "own", All = "all" }
}

choices! {
    /// To whose messages, or by whom, a reaction must be for the agent to hear of it.
    pub enum ReactionNotice { Off = "off", Own = "own", All = "all", Allowlist = "allowlist" }
}

choices! {
    /// How freely the agent reacts.
    pub enum ReactionLevel { Off = "off", Ack = "ack", Minimal = "minimal", Extensive = "extensive" }
}

section! {
    /// What the agent may do besides writing messages.
    pub struct ReactionActions {
        /// React to messages.
        reactions: Option<bool>;
    }
}
