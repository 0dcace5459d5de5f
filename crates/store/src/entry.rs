//! One session in `sessions.json`: a JSON object of which this version knows some fields and keeps all.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{SessionId, SessionIdError};

/// An entry of the session index. Fields that this version does not know, or that have an unexpected type, are written
/// back as they were read, in the order they were read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct SessionEntry {
    map: Map<String, Value>,
    /// `sessionId`, checked: the rest of the house makes a file name of it.
    #[serde(skip)]
    session_id: SessionId,
}

/// Why a JSON value is no entry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadEntry {
    #[error("it is not an object")]
    NotAnObject,
    #[error("it has no sessionId")]
    NoSessionId,
    #[error(transparent)]
    SessionId(#[from] SessionIdError),
}

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

/// The fields this version uses. `sessionId` is not among them: see [`SessionEntry::session_id`].
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
        /// The session that this one was started over from; ours.
        PREVIOUS_SESSION_ID: String = "previousSessionId";
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
plain_field_values!(String u64 i64 bool);

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

impl SessionEntry {
    /// A new entry.
    #[must_use]
    pub fn new(session_id: &SessionId, now_ms: i64) -> Self {
        let mut entry = Self { map: Map::new(), session_id: session_id.clone() };
        entry.set_session_id(session_id);
        entry.set(field::UPDATED_AT, &now_ms);
        entry
    }

    /// Checks what was read, and gives fields with names of old versions their new ones.
    pub(crate) fn from_json(json: Value) -> Result<Self, BadEntry> {
        let Value::Object(mut map) = json else { return Err(BadEntry::NotAnObject) };
        let id = map.get("sessionId").and_then(Value::as_str).ok_or(BadEntry::NoSessionId)?;
        let session_id = SessionId::parse(id)?;
        for (old, new) in [("provider", "channel"), ("room", "groupChannel")] {
            if !map.contains_key(new)
                && let Some(value) = map.shift_remove(old)
            {
                map.insert(new.to_owned(), value);
            }
        }
        Ok(Self { map, session_id })
    }

    /// The id of the conversation, and the name of its transcript.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.session_id.clone()
    }

    /// Points the entry at another conversation, as a reset does.
    pub fn set_session_id(&mut self, session_id: &SessionId) {
        self.session_id = session_id.clone();
        self.map.insert("sessionId".to_owned(), Value::from(session_id.as_str()));
    }

    /// Milliseconds since the epoch of the last use; 0 if the file does not say.
    #[must_use]
    pub fn updated_at(&self) -> i64 {
        self.get(field::UPDATED_AT).unwrap_or(0)
    }

    /// A field, if it is there and has the right type.
    #[must_use]
    pub fn get<T: FieldValue>(&self, field: Field<T>) -> Option<T> {
        self.map.get(field.key).and_then(T::from_json)
    }

    /// A text field without a copy.
    #[must_use]
    pub fn text(&self, field: Field<String>) -> Option<&str> {
        self.map.get(field.key).and_then(Value::as_str)
    }

    /// Sets a field.
    pub fn set<T: FieldValue>(&mut self, field: Field<T>, value: &T) {
        self.map.insert(field.key.to_owned(), value.to_json());
    }

    /// Sets a text field.
    pub fn set_text(&mut self, field: Field<String>, text: &str) {
        self.map.insert(field.key.to_owned(), Value::from(text));
    }

    /// Removes a field.
    pub fn clear<T>(&mut self, field: Field<T>) {
        self.map.shift_remove(field.key);
    }

    /// Sets a field by its name in the file, for fields that no [`Field`] names. `sessionId` has its own setter and
    /// is left alone.
    pub fn set_json(&mut self, name: &str, value: Value) {
        if name != "sessionId" {
            self.map.insert(name.to_owned(), value);
        }
    }

    /// Removes a field by its name in the file; never `sessionId`.
    pub fn remove(&mut self, name: &str) {
        if name != "sessionId" {
            self.map.shift_remove(name);
        }
    }

    /// The whole object, for clients that want it as it is.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.map
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, Route, SessionEntry, field};
    use crate::SessionId;
    use serde_json::json;

    fn entry(json: serde_json::Value) -> SessionEntry {
        SessionEntry::from_json(json).unwrap()
    }

    #[test]
    fn unknown_and_odd_fields_survive_in_order() {
        let source =
            json!({"zeta": {"x": [1]}, "sessionId": "abc", "label": 5, "updatedAt": 7, "inputTokens": -1});
        let mut entry = entry(source.clone());
        assert_eq!((entry.text(field::LABEL), entry.get(field::INPUT_TOKENS)), (None, None));
        assert_eq!((entry.updated_at(), entry.session_id().as_str()), (7, "abc"));
        assert_eq!(serde_json::to_string(&entry).unwrap(), source.to_string());
        entry.set_text(field::LABEL, "work");
        entry.set(field::SYSTEM_SENT, &true);
        entry.clear(field::INPUT_TOKENS);
        let expected = json!({"zeta": {"x": [1]}, "sessionId": "abc", "label": "work", "updatedAt": 7, "systemSent": true});
        assert_eq!(serde_json::to_string(&entry).unwrap(), expected.to_string());
    }

    #[test]
    fn what_is_no_entry_and_what_old_versions_called_things() {
        for bad in [
            json!(null),
            json!([]),
            json!("x"),
            json!({}),
            json!({"sessionId": 5}),
            json!({"sessionId": "../x"}),
        ] {
            assert!(SessionEntry::from_json(bad.clone()).is_err(), "{bad}");
        }
        let old = entry(json!({"sessionId": "a", "provider": "telegram", "room": "r", "model": "m"}));
        assert_eq!(
            json!(old),
            json!({"sessionId": "a", "channel": "telegram", "groupChannel": "r", "model": "m"})
        );
        let both = json!({"sessionId": "a", "provider": "x", "channel": "telegram"});
        assert_eq!(json!(entry(both.clone())), both);
    }

    #[test]
    fn nested_records_keep_what_they_do_not_know() {
        let mut entry = SessionEntry::new(&SessionId::random(), 1);
        let route = Route { channel: Some("telegram".into()), ..Route::default() };
        entry.set(field::DELIVERY_CONTEXT, &route);
        assert_eq!(entry.get(field::DELIVERY_CONTEXT), Some(route));
        assert_eq!(entry.get(field::ORIGIN), None);

        let json = json!({"sessionId": "a", "origin": {"provider": "webchat", "to": 5, "threadId": 42}});
        let origin: Origin = self::entry(json).get(field::ORIGIN).unwrap();
        assert_eq!(origin.provider.as_deref(), Some("webchat"));
        entry.set(field::ORIGIN, &origin);
        assert_eq!(entry.as_map()["origin"], json!({"provider": "webchat", "to": 5, "threadId": 42}));
    }
}
