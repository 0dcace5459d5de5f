//! The fields of an entry that this version uses, and the types they have.

use std::marker::PhantomData;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The name of a field and the type of its value.
#[derive(Debug)]
pub struct Field<T> {
    key: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Field<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Field<T> {}

impl<T> Field<T> {
    const fn new(key: &'static str) -> Self {
        Self { key, value: PhantomData }
    }

    /// The name in the file.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.key
    }
}

/// The fields this version uses. `sessionId` is not among them: see [`crate::SessionEntry::session_id`].
pub mod field {
    use super::{Field, Origin, Route};

    macro_rules! fields {
        ($($(#[$doc:meta])* $name:ident: $type:ty = $key:literal;)*) => {
            $($(#[$doc])* pub const $name: Field<$type> = Field::new($key);)*
        };
    }

    fields! {
        /// Milliseconds since the epoch of the last use.
        UPDATED_AT: i64 = "updatedAt";
        /// Absolute path of the transcript.
        SESSION_FILE: String = "sessionFile";
        /// A name the user gave; unique in the index.
        LABEL: String = "label";
        /// A name a channel gave.
        DISPLAY_NAME: String = "displayName";
        /// The session key that spawned this session.
        SPAWNED_BY: String = "spawnedBy";
        /// Whether the first turn, with its introduction, has been made.
        SYSTEM_SENT: bool = "systemSent";
        /// Whether the last run was stopped by the user.
        ABORTED_LAST_RUN: bool = "abortedLastRun";
        /// `direct`, `group` or `channel`.
        CHAT_TYPE: String = "chatType";
        /// How much the model is asked to think.
        THINKING_LEVEL: String = "thinkingLevel";
        /// Whether tool calls are shown.
        VERBOSE_LEVEL: String = "verboseLevel";
        /// Whether reasoning is shown.
        REASONING_LEVEL: String = "reasoningLevel";
        /// Whether the session may run commands outside its sandbox.
        ELEVATED_LEVEL: String = "elevatedLevel";
        /// `allow` or `deny`.
        SEND_POLICY: String = "sendPolicy";
        /// `mention` or `always`.
        GROUP_ACTIVATION: String = "groupActivation";
        /// `on`, `off`, `tokens` or `full`.
        RESPONSE_USAGE: String = "responseUsage";
        /// Model the user chose for this session.
        MODEL_OVERRIDE: String = "modelOverride";
        /// Provider of that model.
        PROVIDER_OVERRIDE: String = "providerOverride";
        /// The credential profile that the session keeps to.
        AUTH_PROFILE_OVERRIDE: String = "authProfileOverride";
        /// Who chose that profile: `auto` or `user`.
        AUTH_PROFILE_SOURCE: String = "authProfileOverrideSource";
        /// What the session was last told of its models. Ours.
        MODEL_NOTICE: String = "modelNotice";
        /// Tokens that the session has used since it began. Ours.
        SPENT_TOKENS: u64 = "spentTokens";
        /// Dollars that the session has cost since it began. Ours.
        SPENT_USD: f64 = "spentUsd";
        /// Prompt tokens of the last run.
        INPUT_TOKENS: u64 = "inputTokens";
        /// Completion tokens of the last run.
        OUTPUT_TOKENS: u64 = "outputTokens";
        /// Tokens in the context after the last run.
        TOTAL_TOKENS: u64 = "totalTokens";
        /// Tokens the model's context window holds.
        CONTEXT_TOKENS: u64 = "contextTokens";
        /// Compactions so far.
        COMPACTION_COUNT: u64 = "compactionCount";
        /// Provider of the last run.
        MODEL_PROVIDER: String = "modelProvider";
        /// Model of the last run.
        MODEL: String = "model";
        /// Channel the session belongs to.
        CHANNEL: String = "channel";
        /// Where the session came from.
        ORIGIN: Origin = "origin";
        /// Where answers go.
        DELIVERY_CONTEXT: Route = "deliveryContext";
        /// Channel of the last message.
        LAST_CHANNEL: String = "lastChannel";
        /// Recipient of the last answer.
        LAST_TO: String = "lastTo";
        /// Account of the last message.
        LAST_ACCOUNT_ID: String = "lastAccountId";
        /// The session id this key had before. Ours; the release keeps it as it is.
        PREVIOUS_SESSION_ID: String = "previousSessionId";
    }
}

/// Types a [`Field`] may have: what JSON has, and back without failing.
pub trait FieldValue: Sized {
    /// The value as JSON.
    fn to_json(&self) -> Value;
    /// The value, if the JSON is of this type.
    fn from_json(json: &Value) -> Option<Self>;
}

macro_rules! plain_field_values {
    ($($type:ty)*) => {$(
        impl FieldValue for $type {
            fn to_json(&self) -> Value {
                Value::from(self.clone())
            }

            fn from_json(json: &Value) -> Option<Self> {
                Self::deserialize(json).ok()
            }
        }
    )*};
}
plain_field_values!(String u64 i64 f64 bool);

macro_rules! text_records {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident = $key:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<String>,)*
            /// Everything else, kept as it was.
            pub rest: Map<String, Value>,
        }

        impl FieldValue for $name {
            fn to_json(&self) -> Value {
                let mut map = Map::new();
                $(if let Some(text) = &self.$field {
                    map.insert($key.to_owned(), Value::from(text.as_str()));
                })*
                map.extend(self.rest.clone());
                Value::Object(map)
            }

            fn from_json(json: &Value) -> Option<Self> {
                let mut rest = json.as_object()?.clone();
                Some(Self { $($field: take_text(&mut rest, $key),)* rest })
            }
        }
    )*};
}

text_records! {
    /// Where a session came from (`origin`). `threadId`, a number or a text, is in `rest`.
    Origin {
        /// A name for people.
        label = "label",
        /// Channel id.
        provider = "provider",
        /// Client or channel the user sat at.
        surface = "surface",
        /// `direct`, `group` or `channel`.
        chat_type = "chatType",
        /// Sender.
        from = "from",
        /// Recipient.
        to = "to",
        /// Account of the channel.
        account_id = "accountId",
    }
    /// Where answers go (`deliveryContext`). `threadId`, a number or a text, is in `rest`.
    Route {
        /// Channel id.
        channel = "channel",
        /// Recipient.
        to = "to",
        /// Account of the channel.
        account_id = "accountId",
    }
}

/// Takes a text out of a map; anything else under that key stays where it is.
fn take_text(map: &mut Map<String, Value>, key: &str) -> Option<String> {
    let text = map.get(key)?.as_str()?.to_owned();
    map.shift_remove(key);
    Some(text)
}
