//! `channels.googlechat`

use serde_json::Value;

use super::*;
use crate::declare::{choices, section};
use crate::read::{ConfigType, Id, Map, Sealed};
use crate::spec::Kind;

section! {
    /// Google Chat.
    pub struct GoogleChat {
        /// Several apps, by names of your choice.
        accounts: Map<GoogleChatAccount>;
        /// Which of them sends when nothing else is said.
        default_account: Option<String>;
    }
    groups {
        /// The only app, or what the apps share.
        account: GoogleChatAccount;
    }
}

section! {
    /// An app of Google Chat.
    pub struct GoogleChatAccount {
        /// A name for people.
        name: Option<String>;
        /// Whether it runs.
        enabled: Option<bool>;
        /// What the client can do.
        capabilities: Option<Vec<String>>;
        /// Whether events and commands in chats may change this file.
        config_writes: Option<bool>;
        /// Text before each reply; `auto` is the agent's name.
        response_prefix: Option<String>;
        /// What the agent may do besides writing messages.
        actions: Option<ReactionActions>;
    }
    groups {
        /// Who is answered.
        access: GoogleChatAccess;
        /// Earlier messages.
        history: ChannelHistory;
        /// Long replies.
        chunks: ReplyChunks;
        /// Parts of a reply.
        blocks: ReplyBlocks;
        /// The connection.
        connection: GoogleChatConnection;
    }
}

section! {
    /// Who is answered on Google Chat.
    pub struct GoogleChatAccess {
        /// Direct messages.
        dm: Option<DirectMessages>;
        /// Whether other bots are answered.
        allow_bots: Option<bool>;
        /// Whether only messages that mention the agent are answered in spaces.
        require_mention: Option<bool>;
        /// Any space, none, or listed senders and spaces only.
        group_policy: Option<GroupPolicy>, with_default(|| "allowlist".into());
        /// Senders in spaces.
        group_allow_from: Option<Vec<Id>>;
        /// Rules for spaces, by id; `*` is every space.
        groups: Option<Map<GoogleChatSpace>>;
    }
}

section! {
    /// A space of Google Chat.
    pub struct GoogleChatSpace {
        /// Whether it is answered at all.
        enabled: Option<bool>;
        /// Whether it is on the list of spaces that are answered.
        allow: Option<bool>;
        /// Whether only messages that mention the agent are answered.
        require_mention: Option<bool>;
        /// Senders; all if absent.
        users: Option<Vec<Id>>;
        /// Text added to the system prompt.
        system_prompt: Option<String>;
    }
}

choices! {
    /// What the tokens of Google's calls are made out to.
    pub enum GoogleChatAudience { AppUrl = "app-url", ProjectNumber = "project-number" }
}

choices! {
    /// How the app shows that it is busy.
    pub enum GoogleChatTyping { None = "none", Message = "message", Reaction = "reaction" }
}

section! {
    /// The connection to Google Chat.
    pub struct GoogleChatConnection {
        /// The key of the service account: Google's JSON, as text or as an object.
        service_account: Option<ServiceAccount>;
        /// A file that holds this key.
        service_account_file: Option<String>;
        /// Google's calls are made out to the app's address, or to the project.
        audience_type: Option<GoogleChatAudience>;
        /// That address or project number.
        audience: Option<String>;
        /// The path that is served for Google's calls.
        webhook_path: Option<String>;
        /// The address that Google calls; its path counts where `webhookPath` is absent.
        webhook_url: Option<String>;
        /// The app's own user, as `users/<id>`, by which it knows mentions.
        bot_user: Option<String>;
        /// Largest file in megabytes.
        media_max_mb: Option<f64>, above(0.0);
        /// Which messages of a reply quote the message they answer.
        reply_to_mode: Option<ReplyToMode>;
        /// How the app shows that it is busy.
        typing_indicator: Option<GoogleChatTyping>;
    }
}

/// The key of a Google service account: its JSON as text or as an object, hidden as a whole.
#[derive(Clone)]
pub struct ServiceAccount(Sealed);

impl ServiceAccount {
    /// The text or the object.
    #[must_use]
    pub fn expose(&self) -> &Value {
        self.0.expose()
    }
}

impl ConfigType for ServiceAccount {
    const KIND: Kind = Kind::OneOf(&[Kind::Secret, Kind::Map(&Kind::Sealed)]);

    fn read(value: &Value) -> Option<Self> {
        Sealed::read(value).map(Self)
    }
}
