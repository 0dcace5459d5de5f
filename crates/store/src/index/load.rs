//! Reading `sessions.json`, whatever state it is in: the index never beats the transcripts (P-07).

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use openclaw_guard::{EntryKind, RelFile, Root, RootError};
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::Value;

use super::INDEX_FILE;
use crate::transcript::session_key_of;
use crate::{SessionEntry, SessionId, StoreError, field, quarantine};

/// Upstream writes about 6 kB per session; this is room for tens of thousands. What is larger is not an index.
const MAX_INDEX_BYTES: u64 = 512 * 1024 * 1024;
/// Directory entries looked at when rebuilding; archived transcripts count too.
const MAX_DIRECTORY_ENTRIES: usize = 1_000_000;
/// Bytes read from a transcript to find its key, which is in the second line.
const MAX_KEY_SCAN_BYTES: u64 = 16 * 1024;
/// Characters of the session id in the key of a session whose own key is lost.
const RECOVERED_ID_CHARS: usize = 8;

/// What loading an index had to repair.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LoadReport {
    /// Where the damaged file, or a copy of it, was put.
    pub quarantined: Option<PathBuf>,
    /// Keys of entries that were no entries and were left out.
    pub dropped: Vec<String>,
    /// Keys of entries made from transcripts.
    pub recovered: Vec<String>,
}

impl LoadReport {
    /// Whether anything was repaired.
    #[must_use]
    pub fn is_repaired(&self) -> bool {
        self.quarantined.is_some() || !self.recovered.is_empty()
    }
}

#[derive(Default)]
pub(super) struct Loaded {
    pub(super) entries: Vec<(String, SessionEntry)>,
    pub(super) report: LoadReport,
}

/// How much of the index must come from the transcripts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Recover {
    /// Only sessions whose transcript names a key that the index lacks: others may have been left behind by resets.
    Named,
    /// Every transcript that no entry points to.
    All,
}

pub(super) fn load(root: &Root, agent_id: &str, now_ms: i64) -> Result<Loaded, StoreError> {
    let mut loaded = Loaded::default();
    let bytes = match root.read_capped(Path::new(INDEX_FILE), MAX_INDEX_BYTES) {
        Ok(bytes) => Some(bytes),
        Err(RootError::NotFound { .. }) => None,
        // A link, a directory, a file without end: it is moved away, not read.
        Err(RootError::Symlink { .. } | RootError::NotAFile { .. } | RootError::TooLarge { .. }) => {
            Some(Vec::new())
        }
        Err(error @ (RootError::Outside { .. } | RootError::Exists { .. } | RootError::Io { .. })) => {
            return Err(error.into());
        }
    };
    let Some(bytes) = bytes else {
        recover(root, agent_id, &mut loaded, Recover::All)?;
        return Ok(loaded);
    };
    let mut raw = Vec::new();
    let whole = parse_as_far_as_possible(&bytes, &mut raw);
    keep_good_entries(raw, &mut loaded);
    match whole {
        Whole::Yes if loaded.report.dropped.is_empty() => {}
        Whole::Yes => {
            loaded.report.quarantined = Some(quarantine::keep_copy(root, INDEX_FILE, &bytes, now_ms)?);
            recover(root, agent_id, &mut loaded, Recover::Named)?;
        }
        Whole::No => {
            loaded.report.quarantined = Some(quarantine::move_file(root, INDEX_FILE, now_ms)?);
            recover(root, agent_id, &mut loaded, Recover::All)?;
        }
    }
    Ok(loaded)
}

/// Later entries with a key win over earlier ones, as in every JSON reader, but keep the place of the first.
fn keep_good_entries(raw: Vec<(String, Value)>, loaded: &mut Loaded) {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (key, value) in raw {
        match (SessionEntry::from_json(value), places.get(&key)) {
            (Err(_), _) => loaded.report.dropped.push(key),
            (Ok(entry), Some(&place)) => {
                if let Some(slot) = loaded.entries.get_mut(place) {
                    slot.1 = entry;
                }
            }
            (Ok(entry), None) => {
                places.insert(key.clone(), loaded.entries.len());
                loaded.entries.push((key, entry));
            }
        }
    }
}

/// Whether a file was JSON from its first byte to its last.
#[derive(PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

/// Collects the entries up to the first byte that is not JSON, so that a torn file still gives what it has.
fn parse_as_far_as_possible(bytes: &[u8], entries: &mut Vec<(String, Value)>) -> Whole {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match Collect(entries).deserialize(&mut reader).and_then(|()| reader.end()) {
        Ok(()) => Whole::Yes,
        Err(_damaged_from_here) => Whole::No,
    }
}

struct Collect<'a>(&'a mut Vec<(String, Value)>);

impl<'de> DeserializeSeed<'de> for Collect<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of session entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(entry) = map.next_entry()? {
            self.0.push(entry);
        }
        Ok(())
    }
}

/// Makes entries for transcripts that no entry points to. A transcript that names its key gets it, the newest first;
/// others get `agent:<id>:recovered-<first 8 of the session id>`.
fn recover(root: &Root, agent_id: &str, loaded: &mut Loaded, what: Recover) -> Result<(), StoreError> {
    let top_level_transcripts = |path: &Path, kind: EntryKind| {
        kind == EntryKind::File && path.extension().is_some_and(|extension| extension == "jsonl")
    };
    let mut files = root.walk(Path::new(""), top_level_transcripts, MAX_DIRECTORY_ENTRIES)?.files;
    files.sort_by_key(|file| std::cmp::Reverse(file.mtime_ms));
    let mut keys: HashSet<String> = loaded.entries.iter().map(|(key, _)| key.clone()).collect();
    let known: HashSet<String> =
        loaded.entries.iter().map(|(_, entry)| entry.transcript_file_name()).collect();
    for file in files {
        let stem = file.path.file_stem().and_then(|stem| stem.to_str());
        let Some(id) = stem.and_then(SessionId::of_transcript) else { continue };
        if file.path.to_str().is_some_and(|name| known.contains(name)) {
            continue;
        }
        let named = read_key(root, &file.path).filter(|key| !keys.contains(key));
        let short: String = id.as_str().chars().take(RECOVERED_ID_CHARS).collect();
        let key = match (named, what) {
            (Some(key), _) => key,
            (None, Recover::Named) => continue,
            (None, Recover::All) => free_key(format!("agent:{agent_id}:recovered-{short}"), &id, &keys),
        };
        keys.insert(key.clone());
        loaded.report.recovered.push(key.clone());
        loaded.entries.push((key, entry_for(root, &id, &file)));
    }
    Ok(())
}

/// Two ids may share their first characters; the whole id is unique.
fn free_key(short: String, id: &SessionId, keys: &HashSet<String>) -> String {
    if keys.contains(&short) { format!("{short}-{id}").to_lowercase() } else { short.to_lowercase() }
}

fn entry_for(root: &Root, id: &SessionId, file: &RelFile) -> SessionEntry {
    let mut entry = SessionEntry::new(id, file.mtime_ms);
    entry.set_text(field::SESSION_FILE, &root.path().join(&file.path).to_string_lossy());
    entry
}

/// The key a transcript carries. A transcript that cannot be read has none; opening it later will say why.
fn read_key(root: &Root, path: &Path) -> Option<String> {
    let mut start = Vec::new();
    root.open_read(path).ok()?.take(MAX_KEY_SCAN_BYTES).read_to_end(&mut start).ok()?;
    start.split(|&b| b == b'\n').find_map(session_key_of)
}
