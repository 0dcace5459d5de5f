//! `openclaw sessions`: the session index, read from its file and its journal, so that what a gateway has just said is
//! in it. Nothing is repaired here: that is the gateway's.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use openclaw_guard::{Clock as _, SystemClock};
use openclaw_protocol::session_key::{SessionKey, agent_id};
use openclaw_store::{IndexView, StoreError};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::{InstanceArgs, SessionsArgs};
use crate::instance::Instance;
use crate::{agents, format, output};

/// Largest index that is read, in bytes: ten thousand sessions with everything a client may store in them.
const MAX_INDEX_BYTES: u64 = 256 * 1024 * 1024;
const MS_PER_MINUTE: i64 = 60_000;
/// The name of an index, beside which its journal is.
const INDEX_NAME: &str = "sessions.json";
/// Characters of a key in the table; `--json` has all of them.
const MAX_KEY_CHARS: usize = 60;

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
    #[error("cannot read the session index: {0}")]
    Store(#[from] StoreError),
    #[error("{} is damaged ({source}); the gateway repairs it when it starts and keeps a copy", path.display())]
    Damaged {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("{} is no session index ({source})", path.display())]
    NotAnIndex {
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
    let now_ms = SystemClock.now_ms();
    let (path, mut sessions) = match &args.store {
        Some(path) => (path.clone(), read_named(path, now_ms)?),
        None => {
            let path = agents::find(&instance, args.agent.as_deref())?.sessions;
            let sessions = read(&path, now_ms)?;
            (path, sessions)
        }
    };
    let is_empty = sessions.is_empty();
    if let Some(minutes) = args.active {
        sessions.retain(|row| row.age_ms <= i64::from(minutes) * MS_PER_MINUTE);
    }
    let listing = Listing { path: &path, count: sessions.len(), active_minutes: args.active, sessions };
    if args.json {
        return Ok(output::json(&listing)?);
    }
    let mut words = format!("{} in {}", format::count(listing.count, "session"), path.display());
    if is_empty && args.store.is_none() {
        words.push_str("; `openclaw chat` begins one");
    }
    if !listing.sessions.is_empty() {
        words.push('\n');
        words.push_str(&table(&listing.sessions));
    }
    Ok(output::line(&output::printable(&output::for_instance(&words, flags)))?)
}

/// Aligned columns under a heading.
fn table(sessions: &[Row]) -> String {
    let heading = ["session", "last used", "session id", "tokens", "model"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(heading).chain(sessions.iter().map(cells)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("  {cell:width$}"));
        cells.collect::<String>().trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn cells(row: &Row) -> [String; 5] {
    let text = |name: &str| row.rest.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    let tokens = row.rest.get("totalTokens").and_then(Value::as_u64);
    let tokens = tokens.map_or("-".to_owned(), |tokens| tokens.to_string());
    // In one line, whatever a platform calls its chats.
    let key: String = row.key.chars().filter(|c| !c.is_control()).collect();
    [clipped(&key), format::ago(row.age_ms), row.session_id.clone(), tokens, text("model")]
}

fn clipped(key: &str) -> String {
    if key.chars().count() <= MAX_KEY_CHARS {
        return key.to_owned();
    }
    let mut clipped: String = key.chars().take(MAX_KEY_CHARS - 1).collect();
    clipped.push('…');
    clipped
}

/// The sessions of an agent's index, the newest first. A missing file has none; entries that name no transcript are left
/// out.
///
/// # Errors
/// The file cannot be read or is not JSON.
pub(super) fn read(path: &Path, now_ms: i64) -> Result<Vec<Row>, IndexError> {
    let view = IndexView::read(path.parent().unwrap_or(Path::new(".")), now_ms)?;
    if let Some(source) = view.damage {
        return Err(IndexError::Damaged { path: path.to_owned(), source });
    }
    let entries = view.entries.into_iter().map(|(key, entry)| (key, Value::Object(entry.as_map())));
    Ok(newest_first(entries, now_ms))
}

/// The same of a file that somebody named, which must be there. A copy under another name has no journal.
fn read_named(path: &Path, now_ms: i64) -> Result<Vec<Row>, IndexError> {
    let unreadable = |source| IndexError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_INDEX_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    let entries: Map<String, Value> = serde_json::from_str(&text)
        .map_err(|source| IndexError::NotAnIndex { path: path.to_owned(), source })?;
    if path.file_name() == Some(OsStr::new(INDEX_NAME)) {
        return read(&std::path::absolute(path).map_err(unreadable)?, now_ms);
    }
    Ok(newest_first(entries.into_iter(), now_ms))
}

fn newest_first(entries: impl Iterator<Item = (String, Value)>, now_ms: i64) -> Vec<Row> {
    let mut rows: Vec<Row> = entries.filter_map(|(key, entry)| row(key, entry, now_ms)).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.updated_at));
    rows
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
    use super::{IndexError, read, read_named, table};
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
            "agent:main:x": {"sessionId": "c", "updatedAt": 0, "chatType": "group"},
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
    fn a_table_for_people() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("copy.json");
        let index = json!({
            "agent:main:main": {"sessionId": "a", "updatedAt": 2_000, "model": "m", "totalTokens": 5},
            format!("agent:main:{}", "k".repeat(99)): {"sessionId": "b", "updatedAt": 1_000},
        });
        write_atomic(&path, index.to_string().as_bytes()).unwrap();
        let expected = format!(
            "  {:60}  last used  session id  tokens  model\n  {:60}  now        a           5       m\n  \
             agent:main:{}…  now        b           -       -",
            "session",
            "agent:main:main",
            "k".repeat(48)
        );
        assert_eq!(table(&read_named(&path, 3_000).unwrap()), expected);
    }

    #[test]
    fn a_file_that_somebody_names_must_be_an_index() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let missing = read_named(&path, 0).unwrap_err();
        assert!(missing.to_string().contains("No such file"), "{missing}");
        write_atomic(&path, b"root:x:0:0").unwrap();
        let other = read_named(&path, 0).unwrap_err();
        assert!(matches!(other, IndexError::NotAnIndex { .. }), "{other}");
        assert!(!other.to_string().contains("repairs"), "{other}");
        write_atomic(&path, b"{\"agent:main:main\": {\"sessionId\": \"a\", \"updatedAt\": 1}}").unwrap();
        assert_eq!(read_named(&path, 0).unwrap().len(), 1);
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
