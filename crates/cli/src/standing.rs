//! What a gateway says about its configuration file, whether the file is in force, and about its disk.

use openclaw_store::{LOW_SPACE_BYTES, MIN_FREE_BYTES};
use serde_json::Value;

use crate::space::bytes_words;

/// What is to be said about the room on a disk; nothing while there is enough.
pub(crate) fn room(free_bytes: u64) -> Option<String> {
    let free = bytes_words(free_bytes);
    let least = bytes_words(MIN_FREE_BYTES);
    match free_bytes {
        ..MIN_FREE_BYTES => {
            Some(format!("full: {free} free; new messages are refused below {least}, make room"))
        }
        MIN_FREE_BYTES..LOW_SPACE_BYTES => {
            Some(format!("{free} free; new messages are refused below {least}"))
        }
        LOW_SPACE_BYTES.. => None,
    }
}

/// What is to be said of folders of notes that are not there, a line each. `health` is the gateway's summary; an older one
/// says nothing of them.
pub(crate) fn missing_workspaces(health: &Value) -> Vec<String> {
    let agents = health.get("agents").and_then(Value::as_array).into_iter().flatten();
    let missing = agents.filter(|agent| agent.pointer("/workspace/ok") == Some(&Value::Bool(false)));
    let text = |agent: &Value, at: &str| agent.pointer(at).and_then(Value::as_str).unwrap_or("?").to_owned();
    let words = |agent: &Value| {
        format!(
            "the workspace of agent {}, {}, is not there, and nothing is answered; put it back, or let `openclaw quickstart` \
             make a new one",
            text(agent, "/agentId"),
            text(agent, "/workspace/path")
        )
    };
    missing.map(words).collect()
}

/// Bytes that the gateway's disk has free, in what it says of its health or status; an older one says nothing.
pub(crate) fn free_bytes(said: &Value) -> Option<u64> {
    said.pointer("/disk/freeBytes").and_then(Value::as_u64)
}

/// Why the file is not in force as it stands, a line each; empty when it is. `health` is the gateway's summary.
pub(crate) fn troubles(health: &Value) -> Vec<String> {
    let Some(config) = health.get("config") else { return Vec::new() };
    let texts = |name: &str| -> Vec<String> {
        let items = config.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut lines = texts("problems");
    let count = config.get("problemCount").and_then(Value::as_u64).unwrap_or_default();
    let hidden = count.saturating_sub(u64::try_from(lines.len()).unwrap_or(u64::MAX));
    if hidden > 0 {
        lines.push(format!("and {hidden} more"));
    }
    let pending = texts("pending");
    if !pending.is_empty() {
        lines.push(format!("these keys wait for a restart of the gateway: {}", pending.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{missing_workspaces, room, troubles};
    use openclaw_store::{LOW_SPACE_BYTES, MIN_FREE_BYTES};
    use serde_json::json;

    #[test]
    fn a_disk_is_spoken_of_when_it_fills() {
        assert!(
            room(MIN_FREE_BYTES - 1).unwrap().starts_with("full: 20.9 MB free; new messages are refused")
        );
        assert!(
            room(MIN_FREE_BYTES).unwrap().starts_with("20.9 MB free; new messages are refused below 20.9 MB")
        );
        assert_eq!(room(LOW_SPACE_BYTES), None);
    }

    #[test]
    fn a_folder_that_is_gone_is_named() {
        let there = json!({"agentId": "a", "workspace": {"ok": true, "path": "/a"}});
        let gone = json!({"agentId": "b", "workspace": {"ok": false, "path": "/b"}});
        let lines = missing_workspaces(&json!({"agents": [{"agentId": "old"}, there, gone]}));
        assert!(
            lines.len() == 1 && lines[0].starts_with("the workspace of agent b, /b, is not there"),
            "{lines:?}"
        );
        assert!(missing_workspaces(&json!({})).is_empty());
    }

    #[test]
    fn what_is_not_in_force() {
        let rows = [
            (json!({}), &[][..]),
            (json!({"config": {"ok": true, "problems": [], "problemCount": 0}}), &[]),
            (json!({"config": {"ok": false, "problems": ["p"], "problemCount": 3}}), &["p", "and 2 more"]),
            (
                json!({"config": {"ok": true, "problems": [], "pending": ["a.b", "c"]}}),
                &["these keys wait for a restart of the gateway: a.b, c"],
            ),
        ];
        for (health, expected) in rows {
            assert_eq!(troubles(&health), expected, "{health}");
        }
    }
}
