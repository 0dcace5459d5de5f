//! `auth-profiles.json` as a value: what this room knows of it, and the rest as it was.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::AuthError;
use crate::profile::Profile;
use crate::usage::Usage;

/// The version that OpenClaw 2026.2.9 writes.
const VERSION: u64 = 1;

/// The content of the file.
#[derive(Clone, Default)]
pub struct AuthFile {
    root: Map<String, Value>,
}

impl AuthFile {
    /// Reads the file's bytes.
    ///
    /// # Errors
    /// They are not a JSON object.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, AuthError> {
        let wrong = |line, column| AuthError::NotJson { path: path.to_owned(), line, column };
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(root)) => Ok(Self { root }),
            Ok(_) => Err(wrong(1, 1)),
            Err(error) => Err(wrong(error.line(), error.column())),
        }
    }

    /// The bytes to write.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut root = self.root.clone();
        root.entry("version").or_insert_with(|| VERSION.into());
        root.entry("profiles").or_insert_with(|| Map::new().into());
        let mut bytes = serde_json::to_vec_pretty(&Value::Object(root)).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Every profile that can be read, in the file's order.
    #[must_use]
    pub fn profiles(&self) -> Vec<Profile> {
        let entries = self.section("profiles").into_iter().flatten();
        entries.filter_map(|(id, value)| Profile::read(id, value)).collect()
    }

    /// One profile.
    #[must_use]
    pub fn profile(&self, id: &str) -> Option<Profile> {
        Profile::read(id, self.section("profiles")?.get(id)?)
    }

    /// Adds a profile, or changes one. Fields of it that are not known here stay when it is of the same kind.
    pub fn put(&mut self, profile: &Profile) {
        self.change("profiles", |profiles| {
            let entry = profiles.entry(profile.id.clone()).or_insert(Value::Null);
            let is_same = entry.get("type").and_then(Value::as_str) == Some(profile.credential.kind());
            if !is_same {
                *entry = Map::new().into();
            }
            if let Some(entry) = entry.as_object_mut() {
                profile.write(entry);
            }
        });
    }

    /// Adds a profile as it is written elsewhere, unless there is one of this name. Whether it was added.
    pub(crate) fn adopt(&mut self, id: &str, entry: Map<String, Value>) -> bool {
        let value = Value::Object(entry);
        if Profile::read(id, &value).is_none()
            || self.section("profiles").is_some_and(|all| all.contains_key(id))
        {
            return false;
        }
        self.change("profiles", |profiles| profiles.insert(id.to_owned(), value));
        true
    }

    /// Takes a profile out. Whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        self.change("profiles", |profiles| profiles.remove(id)).is_some()
    }

    /// The order of a provider's profiles that was set for this agent. `is_it` knows the provider's spellings.
    #[must_use]
    pub fn order(&self, is_it: impl Fn(&str) -> bool) -> Option<Vec<String>> {
        let (_, list) = self.section("order")?.iter().find(|(provider, _)| is_it(provider))?;
        let ids = list.as_array()?.iter().filter_map(Value::as_str).map(str::trim);
        let ids: Vec<String> = ids.filter(|id| !id.is_empty()).map(str::to_owned).collect();
        (!ids.is_empty()).then_some(ids)
    }

    /// Sets that order.
    pub fn set_order(&mut self, provider: &str, ids: &[String]) {
        self.change("order", |order| order.insert(provider.to_owned(), ids.to_vec().into()));
    }

    /// Takes it away. Whether there was one.
    pub fn clear_order(&mut self, is_it: impl Fn(&str) -> bool) -> bool {
        let (changed, is_empty) = self.change("order", |order| {
            let before = order.len();
            order.retain(|provider, _| !is_it(provider));
            (order.len() != before, order.is_empty())
        });
        if is_empty {
            self.root.remove("order");
        }
        changed
    }

    /// What is known of how a profile fared.
    #[must_use]
    pub fn usage(&self, id: &str) -> Usage {
        let entry = self.section("usageStats").and_then(|all| all.get(id)).cloned();
        // One that cannot be read says nothing; it is written anew with the next event.
        entry.and_then(|entry| serde_json::from_value(entry).ok()).unwrap_or_default()
    }

    /// Every profile of which something is known.
    #[must_use]
    pub fn used(&self) -> Vec<String> {
        self.section("usageStats").into_iter().flatten().map(|(id, _)| id.clone()).collect()
    }

    /// Changes that.
    pub fn set_usage(&mut self, id: &str, usage: &Usage) {
        // A struct of numbers and texts always becomes JSON.
        if let Ok(value) = serde_json::to_value(usage) {
            self.change("usageStats", |stats| stats.insert(id.to_owned(), value));
        }
    }

    /// Notes which profile of a provider answered last.
    pub fn set_last_good(&mut self, provider: &str, id: &str) {
        self.change("lastGood", |last| last.insert(provider.to_owned(), id.into()));
    }

    fn section(&self, name: &str) -> Option<&Map<String, Value>> {
        self.root.get(name)?.as_object()
    }

    /// Changes a section, which is made if there is none, or something else in its place.
    fn change<T>(&mut self, name: &str, change: impl FnOnce(&mut Map<String, Value>) -> T) -> T {
        let present = self.root.get_mut(name).map(Value::take);
        let mut section = if let Some(Value::Object(section)) = present { section } else { Map::new() };
        let result = change(&mut section);
        // In the place where it was.
        self.root.insert(name.to_owned(), Value::Object(section));
        result
    }
}

#[cfg(test)]
mod tests {
    use super::AuthFile;
    use crate::profile::{Credential, Profile};
    use openclaw_guard::Secret;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::path::Path;

    fn parse(value: &Value) -> AuthFile {
        AuthFile::parse(value.to_string().as_bytes(), Path::new("f")).ok().unwrap()
    }

    fn key(id: &str, text: &str) -> Profile {
        let credential = Credential::ApiKey { key: Secret::new(text.to_owned()) };
        Profile { id: id.into(), provider: "p".into(), credential, email: None }
    }

    #[test]
    fn a_change_keeps_everything_else() {
        let mut file = parse(&json!({"version": 3, "future": {"a": 1}, "lastGood": {"q": "q:1"},
            "profiles": {"p:1": {"type": "api_key", "provider": "p", "key": "old", "note": "mine"},
                         "x": {"type": "new kind"}}}));
        file.put(&key("p:1", "new"));
        file.set_last_good("p", "p:1");
        let written: Value = serde_json::from_slice(&file.encode()).unwrap();
        assert_eq!(
            written,
            json!({"version": 3, "future": {"a": 1}, "lastGood": {"q": "q:1", "p": "p:1"},
            "profiles": {"p:1": {"type": "api_key", "provider": "p", "key": "new", "note": "mine"},
                         "x": {"type": "new kind"}}})
        );
        assert_eq!(file.profiles().len(), 1);
    }

    #[test]
    fn orders_are_set_and_cleared_in_any_spelling() {
        let mut file = parse(&json!({"order": {"Z.AI": [" a ", "", 5, "b"]}}));
        let is_zai = |text: &str| text == "zai" || text == "Z.AI";
        assert_eq!(file.order(is_zai).unwrap(), ["a", "b"]);
        assert!(file.clear_order(is_zai) && !file.clear_order(is_zai));
        let written: Value = serde_json::from_slice(&file.encode()).unwrap();
        assert_eq!(written, json!({"version": 1, "profiles": {}}));
    }

    #[test]
    fn another_kind_of_credential_leaves_nothing_of_the_old_one() {
        let mut file = parse(&json!({"profiles": {"p:1": {"type": "token", "provider": "p", "token": "t"}}}));
        file.put(&key("p:1", "k"));
        let written: Value = serde_json::from_slice(&file.encode()).unwrap();
        assert_eq!(written["profiles"]["p:1"], json!({"type": "api_key", "provider": "p", "key": "k"}));
    }

    proptest! {
        /// Any bytes are read or refused with a place, and nothing of them is in the error.
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), word in "[a-z]{6,12}") {
            if let Ok(file) = AuthFile::parse(&bytes, Path::new("f")) {
                drop(file.profiles());
                file.used().iter().for_each(|id| drop(file.usage(id)));
            }
            let text = format!("{{\"profiles\": {{\"a\": {{\"key\": \"{word}\" ");
            let error = AuthFile::parse(text.as_bytes(), Path::new("f")).err().unwrap().to_string();
            prop_assert!(!error.contains(&word));
        }
    }
}
