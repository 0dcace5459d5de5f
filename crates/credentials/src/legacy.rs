//! Credentials of early releases: `oauth.json` of the whole installation, `auth.json` of an agent. Read once, when an
//! agent has no file of its own yet; both stay where they are.

use std::path::Path;

use serde_json::{Map, Value};

use crate::file::AuthFile;

/// The file of early releases in an agent's folder.
pub(crate) const AGENT_FILE: &str = "auth.json";
/// The file of early releases for all.
pub(crate) const SHARED_FILE: &str = "oauth.json";

/// Takes over what the two files have. Whether there was anything.
pub(crate) fn import(into: &mut AuthFile, agent: Option<&[u8]>, shared: Option<&[u8]>) -> bool {
    let entries = |bytes: Option<&[u8]>| match serde_json::from_slice(bytes.unwrap_or_default()) {
        Ok(Value::Object(entries)) => entries,
        Ok(_) | Err(_) => Map::new(),
    };
    let mut found = false;
    for (provider, entry) in entries(agent) {
        let Value::Object(entry) = entry else { continue };
        found |= into.adopt(&format!("{provider}:default"), named(&provider, entry));
    }
    for (provider, entry) in entries(shared) {
        let Value::Object(mut entry) = entry else { continue };
        entry.insert("type".to_owned(), "oauth".into());
        found |= into.adopt(&format!("{provider}:default"), named(&provider, entry));
    }
    found
}

fn named(provider: &str, mut entry: Map<String, Value>) -> Map<String, Value> {
    entry.entry("provider").or_insert_with(|| provider.into());
    entry
}

/// A file of an early release, if it is there and no larger than one can be.
pub(crate) fn read(path: &Path) -> Option<Vec<u8>> {
    const MAX_BYTES: u64 = 1024 * 1024;
    let is_plain = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_BYTES);
    // What cannot be read is not imported; the file says nothing to a build that has its own.
    is_plain.then(|| std::fs::read(path).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::import;
    use crate::file::AuthFile;
    use serde_json::{Value, json};

    #[test]
    fn both_files_of_early_releases_become_profiles() {
        let agent = json!({"openai": {"type": "api_key", "key": "k"}, "odd": 5});
        let shared = json!({"anthropic": {"access": "a", "refresh": "r", "expires": 7, "accountId": "x"},
            "openai": {"access": "b", "refresh": "r", "expires": 7}});
        let mut file = AuthFile::default();
        assert!(import(&mut file, Some(agent.to_string().as_bytes()), Some(shared.to_string().as_bytes())));
        let written: Value = serde_json::from_slice(&file.encode()).unwrap();
        assert_eq!(
            written["profiles"],
            json!({"openai:default": {"type": "api_key", "key": "k", "provider": "openai"},
                "anthropic:default": {"access": "a", "refresh": "r", "expires": 7, "accountId": "x",
                    "type": "oauth", "provider": "anthropic"}})
        );
        assert!(!import(&mut file, None, Some(b"not json")), "and nothing twice or of nothing");
        assert!(!import(&mut file, None, Some(shared.to_string().as_bytes())));
    }
}
