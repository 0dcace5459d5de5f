//! Entries of a session index whose names are no keys, as early releases and people write them: `main`, `group:777`.
//!
//! Lists would show them under the keys that they stand for, and nothing would find them there.

use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{SessionEntry, SessionIndex, StoreError};

/// Gives such entries their keys. One whose key another session has stays where it is.
///
/// # Errors
/// When writing fails; the next start goes on.
pub(crate) fn name_raw_sessions(
    sessions: &SessionIndex,
    agent: &str,
    main_key: &str,
) -> Result<(), StoreError> {
    for (raw, entry) in sessions.list() {
        if raw.starts_with("agent:") {
            continue;
        }
        let key = SessionKey::canonical(&raw, agent, main_key);
        // `global` and `unknown` are keys.
        if key.as_str() == raw {
            continue;
        }
        // Before the old name is gone: what breaks off in between is found under both, and goes on here.
        let (there, _) = sessions.get_or_create(key.as_str(), || SessionEntry::clone(&entry))?;
        if there.session_id() == entry.session_id() {
            tracing::info!(agent, name = raw, %key, "session gets its key");
            sessions.remove(&raw)?;
        } else {
            tracing::warn!(agent, name = raw, %key, "a session without a key is not used: another has its key");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::name_raw_sessions;
    use openclaw_guard::{ManualClock, write_atomic};
    use openclaw_store::SessionIndex;
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn names_become_keys_and_keys_stay() {
        let dir = tempfile::tempdir().unwrap();
        let entries = json!({
            "main": {"sessionId": "a", "updatedAt": 1, "label": "kept"},
            "group:777": {"sessionId": "b", "updatedAt": 2},
            "agent:work:home": {"sessionId": "a", "updatedAt": 1, "label": "broke off here"},
            "other": {"sessionId": "c", "updatedAt": 3},
            "agent:work:other": {"sessionId": "d", "updatedAt": 4},
            "global": {"sessionId": "e", "updatedAt": 5},
            "agent:strange:x": {"sessionId": "f", "updatedAt": 6},
        });
        write_atomic(&dir.path().join("sessions.json"), entries.to_string().as_bytes()).unwrap();
        let load = || SessionIndex::load(dir.path(), "work", Arc::new(ManualClock::new(10))).unwrap();
        let keys = |sessions: &SessionIndex| {
            let mut keys: Vec<(String, String)> = sessions
                .list()
                .into_iter()
                .map(|(key, entry)| (key, entry.session_id().to_string()))
                .collect();
            keys.sort();
            keys
        };
        let expected = [
            ("agent:strange:x", "f"),
            ("agent:work:group:777", "b"),
            ("agent:work:home", "a"),
            ("agent:work:other", "d"),
            ("global", "e"),
            ("other", "c"),
        ]
        .map(|(key, id)| (key.to_owned(), id.to_owned()));
        {
            let sessions = load();
            name_raw_sessions(&sessions, "work", "home").unwrap();
            assert_eq!(keys(&sessions), expected);
        }
        assert_eq!(keys(&load()), expected, "it is on the disk");
    }
}
