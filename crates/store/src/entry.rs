//! One session in `sessions.json`: a JSON object of which this version knows some fields and keeps all.

mod fields;
mod json_text;
mod members;
mod packed;
mod shares;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{SessionId, SessionIdError};
use packed::{Kind, Packed};

pub use fields::{Field, FieldValue, Origin, Route, field};
pub(crate) use members::Members;
pub(crate) use packed::{FieldRef, write_text};
pub(crate) use shares::Shares;

/// The field that every entry has.
const SESSION_ID: &str = "sessionId";

/// An entry of the session index. Fields that this version does not know, or that have an unexpected type, are written
/// back as they were read, in the order they were read.
///
/// It is held as text and read field by field: an entry takes about 1 kB, large values that others have too not
/// counted.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionEntry {
    fields: Packed,
    /// `sessionId`, checked: the rest of the house makes a file name of it.
    session_id: SessionId,
    /// `updatedAt`, which lists sort by.
    updated_at: i64,
}

/// Why a JSON value is no entry.
#[derive(Debug, thiserror::Error)]
pub enum BadEntry {
    /// Another JSON type.
    #[error("it is not an object")]
    NotAnObject,
    /// Nothing names its transcript.
    #[error("it has no sessionId")]
    NoSessionId,
    /// What names its transcript cannot be a file name.
    #[error(transparent)]
    SessionId(#[from] SessionIdError),
}

/// What is different between two states of an entry.
pub(crate) struct Changes<'e> {
    /// Fields with their new values.
    pub(crate) set: Vec<FieldRef<'e>>,
    /// Fields that are gone.
    pub(crate) unset: Vec<&'e str>,
    /// What the changed fields were, and those that are gone.
    pub(crate) was: Vec<FieldRef<'e>>,
}

impl Changes<'_> {
    pub(crate) fn len(&self) -> usize {
        self.set.len() + self.unset.len()
    }

    /// Those of the fields that are chosen by name and checksum of the new value.
    pub(crate) fn only(mut self, chosen: impl Fn(&str, Option<u32>) -> bool) -> Self {
        self.set.retain(|field| chosen(field.name, Some(field.sum())));
        self.unset.retain(|name| chosen(name, None));
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.unset.is_empty()
    }
}

impl SessionEntry {
    /// A new entry.
    #[must_use]
    pub fn new(session_id: &SessionId, now_ms: i64) -> Self {
        let mut entry =
            Self { fields: Packed::default(), session_id: session_id.clone(), updated_at: now_ms };
        entry.set_session_id(session_id);
        entry.set(field::UPDATED_AT, &now_ms);
        entry
    }

    /// Checks a value of the index.
    ///
    /// # Errors
    /// It is no entry.
    pub fn from_json(json: &Value) -> Result<Self, BadEntry> {
        let raw = serde_json::value::to_raw_value(json).map_err(|_| BadEntry::NotAnObject)?;
        Self::from_raw(&raw)
    }

    /// Checks what was read, and gives fields with names of old versions their new ones.
    pub(crate) fn from_raw(raw: &RawValue) -> Result<Self, BadEntry> {
        let members: Members<'_> = serde_json::from_str(raw.get()).map_err(|_| BadEntry::NotAnObject)?;
        let mut fields = Packed::default();
        for (name, value) in members.0 {
            fields.put_raw(&name, value);
        }
        let id = fields.field(SESSION_ID).and_then(|id| id.as_text()).ok_or(BadEntry::NoSessionId)?;
        let session_id = SessionId::parse(id)?;
        for (old, new) in [("provider", "channel"), ("room", "groupChannel")] {
            if fields.field(new).is_none() {
                fields.rename(old, new);
            }
        }
        let mut entry = Self { fields, session_id, updated_at: 0 };
        entry.note_time();
        Ok(entry)
    }

    /// The id of the conversation.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.session_id.clone()
    }

    /// The name of its transcript in the directory of the index: `<id>.jsonl`, or `<id>-topic-<topic>.jsonl` as OpenClaw
    /// names those of threads. Of `sessionFile` only that is used, never a directory.
    #[must_use]
    pub fn transcript_file_name(&self) -> String {
        self.session_id.transcript_meant_by(self.text(field::SESSION_FILE))
    }

    /// Whether this is the id of the conversation.
    pub(crate) fn has_session_id(&self, id: &SessionId) -> bool {
        self.session_id == *id
    }

    /// Points the entry at another conversation, as a reset does.
    pub fn set_session_id(&mut self, session_id: &SessionId) {
        self.session_id = session_id.clone();
        self.fields.put(SESSION_ID, Kind::Text, session_id.as_str());
    }

    /// Milliseconds since the epoch of the last use; 0 if the file does not say.
    #[must_use]
    pub fn updated_at(&self) -> i64 {
        self.updated_at
    }

    fn note_time(&mut self) {
        self.updated_at = self.get(field::UPDATED_AT).unwrap_or(0);
    }

    /// A field, if it is there and has the right type.
    #[must_use]
    pub fn get<T: FieldValue>(&self, field: Field<T>) -> Option<T> {
        T::from_json(&self.fields.field(field.key())?.value())
    }

    /// A text field without a copy.
    #[must_use]
    pub fn text(&self, field: Field<String>) -> Option<&str> {
        self.fields.field(field.key())?.as_text()
    }

    /// A field by its name in the file.
    #[must_use]
    pub fn json(&self, name: &str) -> Option<Value> {
        self.fields.field(name).map(|field| field.value())
    }

    /// Sets a field.
    pub fn set<T: FieldValue>(&mut self, field: Field<T>, value: &T) {
        self.set_json(field.key(), value.to_json());
    }

    /// Sets a text field.
    pub fn set_text(&mut self, field: Field<String>, text: &str) {
        self.fields.put(field.key(), Kind::Text, text);
    }

    /// Removes a field.
    pub fn clear<T>(&mut self, field: Field<T>) {
        self.remove(field.key());
    }

    /// Sets a field by its name in the file, for fields that no [`Field`] names. `sessionId` has its own setter and
    /// is left alone.
    pub fn set_json(&mut self, name: &str, value: Value) {
        if name != SESSION_ID {
            self.fields.put_value(name, &value);
            self.note_time();
        }
    }

    /// Removes a field by its name in the file; never `sessionId`.
    pub fn remove(&mut self, name: &str) {
        if name != SESSION_ID {
            self.fields.remove(name);
            self.note_time();
        }
    }

    /// The whole object, made for the caller. For single fields there is [`SessionEntry::json`], which costs less.
    #[must_use]
    pub fn as_map(&self) -> Map<String, Value> {
        self.fields.fields().map(|field| (field.name.to_owned(), field.value())).collect()
    }

    /// Shares large values with other entries and gives unused memory back.
    pub(crate) fn pack(&mut self, shares: &mut Shares) {
        self.fields.pack(shares);
    }

    /// What became different since `old`.
    pub(crate) fn changes_since<'e>(&'e self, old: &'e Self) -> Changes<'e> {
        let is_new = |new: &FieldRef<'_>| old.fields.field(new.name).is_none_or(|old| !new.is_same(&old));
        let set = self.fields.fields().filter(is_new).collect();
        let is_old = |old: &FieldRef<'_>| self.fields.field(old.name).is_none_or(|new| !new.is_same(old));
        let was: Vec<FieldRef<'_>> = old.fields.fields().filter(is_old).collect();
        let names = was.iter().map(|field| field.name);
        Changes { set, unset: names.filter(|name| self.fields.field(name).is_none()).collect(), was }
    }

    /// Makes the same changes here. A session id that is none is left out.
    pub(crate) fn apply(&mut self, changes: &Changes<'_>) {
        for field in &changes.set {
            self.apply_field(field);
        }
        for name in &changes.unset {
            self.remove(name);
        }
    }

    fn apply_field(&mut self, field: &FieldRef<'_>) {
        if field.name == SESSION_ID {
            if let Some(id) = field.as_text().and_then(|id| SessionId::parse(id).ok()) {
                self.set_session_id(&id);
            }
        } else {
            self.fields.put_field(field);
            self.note_time();
        }
    }

    /// As [`SessionEntry::apply`], with fields as they were read.
    pub(crate) fn apply_raw(&mut self, set: &Members<'_>, unset: &[String]) {
        let mut read = Packed::default();
        set.0.iter().for_each(|(name, value)| read.put_raw(name, value));
        let unset = unset.iter().map(String::as_str).collect();
        self.apply(&Changes { set: read.fields().collect(), unset, was: Vec::new() });
    }

    /// The fields with checksums of their values.
    pub(crate) fn sums(&self) -> impl Iterator<Item = (&str, u32)> {
        self.fields.fields().map(|field| (field.name, field.sum()))
    }

    /// Appends the entry as JSON on one line.
    pub(crate) fn write_json(&self, out: &mut String) {
        write_object(self.fields.fields(), out);
    }

    /// Appends the entry as it stands in the file.
    pub(crate) fn write_indented(&self, depth: usize, out: &mut String) {
        let mut before = '{';
        for field in self.fields.fields() {
            out.push(before);
            before = ',';
            out.push('\n');
            (0..=depth).for_each(|_| out.push_str("  "));
            write_text(field.name, out);
            out.push_str(": ");
            field.write_indented(depth + 1, out);
        }
        out.push('\n');
        (0..depth).for_each(|_| out.push_str("  "));
        out.push('}');
    }
}

/// As [`SessionEntry::sums`], of fields as they were read.
pub(crate) fn sums_of(set: &Members<'_>) -> Vec<(String, u32)> {
    let mut read = Packed::default();
    set.0.iter().for_each(|(name, value)| read.put_raw(name, value));
    read.fields().map(|field| (field.name.to_owned(), field.sum())).collect()
}

/// Appends fields as a JSON object on one line.
pub(crate) fn write_object<'f>(fields: impl Iterator<Item = FieldRef<'f>>, out: &mut String) {
    out.push('{');
    for (place, field) in fields.enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_text(field.name, out);
        out.push(':');
        field.write_json(out);
    }
    out.push('}');
}

impl Serialize for SessionEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in self.fields.fields() {
            map.serialize_entry(field.name, &field.value())?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, Route, SessionEntry, field};
    use crate::SessionId;
    use serde_json::json;

    fn parse(json: &serde_json::Value) -> Result<SessionEntry, super::BadEntry> {
        let text = format!("{json:#}");
        SessionEntry::from_raw(serde_json::from_str(&text).unwrap())
    }

    fn entry(json: serde_json::Value) -> SessionEntry {
        parse(&json).unwrap()
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
            assert!(parse(&bad).is_err(), "{bad}");
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

    #[test]
    fn changes_carry_one_state_over_to_another() {
        let old =
            json!({"sessionId": "a", "updatedAt": 1, "label": "x", "deep": {"n": [1, 2]}, "tail": null});
        let new =
            json!({"sessionId": "b", "updatedAt": 2, "deep": {"n": [1, 2]}, "tail": null, "more": true});
        let (old, new) = (entry(old), entry(new));
        let changes = new.changes_since(&old);
        let set: Vec<&str> = changes.set.iter().map(|field| field.name).collect();
        assert_eq!((set, &*changes.unset), (vec!["sessionId", "updatedAt", "more"], &["label"][..]));
        let mut carried = old.clone();
        carried.apply(&changes);
        assert_eq!(carried, new);
        assert_eq!((carried.updated_at(), carried.session_id().as_str()), (2, "b"));
        assert!(new.changes_since(&carried).is_empty());
        carried.clear(field::UPDATED_AT);
        assert_eq!(carried.updated_at(), 0);
    }
}
