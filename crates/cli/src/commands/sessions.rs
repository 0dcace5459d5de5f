//! `openclaw sessions`: the session index, read from its file. Nothing is repaired here: that is the gateway's.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use openclaw_guard::{Clock as _, SystemClock};
use openclaw_protocol::session_key::{SessionKey, agent_id};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::{InstanceArgs, SessionsArgs};
use crate::instance::Instance;
use crate::{agents, format, output};

/// Largest index that is read, in bytes: ten thousand sessions with everything a client may store in them.
const MAX_INDEX_BYTES: u64 = 256 * 1024 * 1024;
const MS_PER_MINUTE: i64 = 60_000;

/// Fields of an entry that a row shows as they are, in the release's order.
const SHOWN: &[&str] = &[
    "systemSent",
    "abortedLastRun",
    "thinkingLevel",
    "verboseLevel",
    "reasoningLevel",
    "elevatedLevel",
    "responseUsage",
    "groupActivation",
    "inputTokens",
    "outputTokens",
    "totalTokens",
    "modelProvider",
    "model",
    "contextTokens",
];

/// Why an index cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum IndexError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is damaged ({source}); the gateway repairs it when it starts and keeps a copy", path.display())]
    Damaged {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
}

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    /// The session key.
    pub(super) key: String,
    /// `direct`, `group`, `global` or `unknown`.
    pub(super) kind: &'static str,
    /// Last use, milliseconds since the epoch.
    pub(super) updated_at: i64,
    /// Milliseconds since then.
    pub(super) age_ms: i64,
    /// Names the transcript.
    pub(super) session_id: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing<'a> {
    path: &'a Path,
    count: usize,
    active_minutes: Option<u32>,
    sessions: Vec<Row>,
}

pub(super) fn run(flags: &InstanceArgs, args: &SessionsArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags)?;
    let path = match &args.store {
        Some(path) => path.clone(),
        None => agents::find(&instance, args.agent.as_deref())?.sessions,
    };
    let mut sessions = read(&path, SystemClock.now_ms())?;
    if let Some(minutes) = args.active {
        sessions.retain(|row| row.age_ms <= i64::from(minutes) * MS_PER_MINUTE);
    }
    let listing = Listing { path: &path, count: sessions.len(), active_minutes: args.active, sessions };
    if args.json {
        return Ok(output::json(&listing)?);
    }
    output::line(&format!("{} in {}", format::count(listing.count, "session"), path.display()))?;
    let rows: Vec<(&str, String)> =
        listing.sessions.iter().map(|row| (row.key.as_str(), row_words(row))).collect();
    if !rows.is_empty() {
        output::line(&output::printable(&output::table(&rows)))?;
    }
    Ok(())
}

fn row_words(row: &Row) -> String {
    let model = row.rest.get("model").and_then(Value::as_str).unwrap_or("-");
    let tokens = row.rest.get("totalTokens").and_then(Value::as_u64);
    let tokens = tokens.map_or(String::new(), |tokens| format!("  {tokens} tokens"));
    format!("{:8}  {}  {model}{tokens}", format::ago(row.age_ms), row.session_id)
}

/// The sessions of an index file, the newest first. A missing file has none; entries that name no transcript are left
/// out.
///
/// # Errors
/// The file cannot be read or is not JSON.
pub(super) fn read(path: &Path, now_ms: i64) -> Result<Vec<Row>, IndexError> {
    let unreadable = |source| IndexError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    match File::open(path) {
        Ok(file) => file.take(MAX_INDEX_BYTES).read_to_string(&mut text).map_err(unreadable)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let entries: Map<String, Value> = serde_json::from_str(&text)
        .map_err(|source| IndexError::Damaged { path: path.to_owned(), source })?;
    let mut rows: Vec<Row> = entries.into_iter().filter_map(|(key, entry)| row(key, entry, now_ms)).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.updated_at));
    Ok(rows)
}

fn row(key: String, entry: Value, now_ms: i64) -> Option<Row> {
    let Value::Object(mut entry) = entry else { return None };
    let session_id = entry.get("sessionId")?.as_str()?.to_owned();
    let updated_at = entry.get("updatedAt").and_then(Value::as_i64).unwrap_or(0);
    let is_group = matches!(entry.get("chatType").and_then(Value::as_str), Some("group" | "channel"));
    let kind = if is_group { "group" } else { kind(&key) };
    let rest = SHOWN.iter().filter_map(|name| Some(((*name).to_owned(), entry.remove(*name)?))).collect();
    Some(Row { key, kind, updated_at, age_ms: (now_ms - updated_at).max(0), session_id, rest })
}

fn kind(key: &str) -> &'static str {
    use openclaw_protocol::session_key::SessionKind;
    match SessionKey::canonical(key, &agent_id(""), "main").kind() {
        SessionKind::Direct => "direct",
        SessionKind::Group => "group",
        SessionKind::Global => "global",
        SessionKind::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::{IndexError, read};
    use openclaw_guard::write_atomic;
    use serde_json::json;

    #[test]
    fn newest_first_and_only_what_names_a_transcript() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        assert_eq!(read(&path, 0).unwrap(), []);
        let index = json!({
            "agent:main:main": {"sessionId": "a", "updatedAt": 1_000, "model": "m", "totalTokens": 5, "skillsSnapshot": {}},
            "agent:main:slack:channel:c": {"sessionId": "b", "updatedAt": 2_000},
            "agent:main:x": {"sessionId": "c", "chatType": "group"},
            "broken": 7, "nameless": {"updatedAt": 9_000},
        });
        write_atomic(&path, index.to_string().as_bytes()).unwrap();
        let rows = serde_json::to_value(read(&path, 3_000).unwrap()).unwrap();
        let expected = json!([
            {"key": "agent:main:slack:channel:c", "kind": "group", "updatedAt": 2000, "ageMs": 1000, "sessionId": "b"},
            {"key": "agent:main:main", "kind": "direct", "updatedAt": 1000, "ageMs": 2000, "sessionId": "a",
                "totalTokens": 5, "model": "m"},
            {"key": "agent:main:x", "kind": "group", "updatedAt": 0, "ageMs": 3000, "sessionId": "c"},
        ]);
        assert_eq!(rows, expected);
    }

    #[test]
    fn damage_is_named_and_left_to_the_gateway() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        write_atomic(&path, b"{\"a\":").unwrap();
        assert!(matches!(read(&path, 0), Err(IndexError::Damaged { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"{\"a\":");
    }
}
