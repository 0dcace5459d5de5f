//! Shapes that several sections share.

use super::SessionChatType;
use crate::declare::{choices, section};
use crate::read::{ConfigType, Section};
use crate::spec::Kind;
use serde_json::Value;

section! {
    /// A model and those that step in for it.
    pub struct ModelRoute {
        /// The model, as `provider/model`.
        primary: Option<String>, placeholder("openai/gpt-5-mini");
        /// Models to try in this order when the first one fails.
        fallbacks: Option<Vec<String>>;
    }
}

/// A model written as `"provider/model"` or as an object with fallbacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelChoice {
    /// The model, as `provider/model`.
    pub primary: Option<String>,
    /// Models to try next; `None` leaves those of the defaults, an empty list means none.
    pub fallbacks: Option<Vec<String>>,
}

impl ConfigType for ModelChoice {
    const KIND: Kind = Kind::OneOf(&[Kind::Text, Kind::Object(&ModelRoute::SPEC)]);

    fn read(value: &Value) -> Option<Self> {
        if let Some(primary) = value.as_str() {
            return Some(Self { primary: Some(primary.to_owned()), fallbacks: None });
        }
        let ModelRoute { primary, fallbacks } = ModelRoute::read(value)?;
        Some(Self { primary, fallbacks })
    }
}

choices! {
    /// Whether something may pass.
    pub enum Permission { Allow = "allow", Deny = "deny" }
}

section! {
    /// Rules on chats: the first denial counts, then the default.
    pub struct ChatRules {
        /// What happens without a matching rule.
        default: Option<Permission>, met_by(&["allow"]);
        /// The rules.
        rules: Vec<ChatRule>;
    }
}

section! {
    /// One rule on chats.
    pub struct ChatRule {
        /// What happens when it matches.
        action: Option<Permission>, required();
        /// What it matches; an absent key matches everything.
        conditions as "match": ChatMatch;
    }
}

section! {
    /// What a rule on chats looks at.
    pub struct ChatMatch {
        /// The channel's name.
        channel: Option<String>, was(&["session.sendPolicy.rules.*.match.provider"]);
        /// The kind of chat.
        chat_type: Option<SessionChatType>;
        /// The beginning of the session key.
        key_prefix: Option<String>;
    }
}

section! {
    /// Tools to allow and to deny; a denial wins.
    pub struct ToolLists {
        /// Only these.
        allow: Option<Vec<String>>;
        /// These beside those of the profile.
        also_allow: Option<Vec<String>>;
        /// None of these.
        deny: Option<Vec<String>>;
    }
}

choices! {
    /// Where an installed extension came from.
    pub enum InstallSource { Npm = "npm", Archive = "archive", Path = "path" }
}

section! {
    /// What the installer noted about an extension.
    pub struct Install {
        /// Where it came from.
        source: Option<InstallSource>, required();
        /// What was asked for: a package and version.
        spec: Option<String>;
        /// The folder or archive it came from.
        source_path: Option<String>;
        /// The folder it is in.
        install_path: Option<String>;
        /// The installed version.
        version: Option<String>;
        /// When it was installed.
        installed_at: Option<String>;
    }
}
