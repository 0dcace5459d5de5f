//! Entries made from transcripts, in the background: the index never beats the data (P-07).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use openclaw_guard::{EntryKind, RelFile, Root};
use openclaw_protocol::session_key::{SessionKey, SessionKind, agent_id};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::disk::Shared;
use super::state::State;
use super::{IndexEvent, lock};
use crate::transcript::session_key_of;
use crate::{SessionEntry, SessionId, field};

/// Directory entries looked at; archived transcripts count too.
const MAX_DIRECTORY_ENTRIES: usize = 1_000_000;
/// Bytes read from a transcript to find its key, which is in the second line.
const MAX_HEAD_BYTES: u64 = 16 * 1024;
/// Characters of the session id in the key of a session whose own key is lost.
const RECOVERED_ID_CHARS: usize = 8;

/// How much of the index must come from the transcripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Recover {
    /// Only sessions whose transcript names a key that the index lacks: others may have been left behind by resets.
    Named,
    /// Every transcript that no entry points to.
    All,
}

impl Recover {
    /// How the journal writes it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::All => "all",
        }
    }
}

/// Whether entries are being made from transcripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Rebuild {
    /// Nothing is, or all is found.
    #[default]
    Idle,
    /// They are.
    Running(Recover),
    /// It broke off; the next start goes on.
    Unfinished(Recover),
}

impl Rebuild {
    pub(super) fn is_running(self) -> bool {
        matches!(self, Self::Running(_))
    }

    /// What is still to be found.
    pub(super) fn what(self) -> Option<Recover> {
        match self {
            Self::Idle => None,
            Self::Running(what) | Self::Unfinished(what) => Some(what),
        }
    }
}

/// The thread that reads transcripts. Dropped, it stops.
#[derive(Debug)]
pub(super) struct Rebuilder {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Rebuilder {
    /// Starts reading. Without threads it is done when this returns.
    pub(super) fn start(shared: &Arc<Shared>, what: Recover) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (own, told) = (Arc::clone(shared), Arc::clone(&stop));
        let work = move || {
            let mut ended = Ended { shared: &own, becomes: Rebuild::Unfinished(what) };
            ended.becomes = rebuild(&own, what, &told);
        };
        let builder = std::thread::Builder::new().name("session-index".to_owned());
        match builder.spawn(work) {
            Ok(thread) => Self { stop, thread: Some(thread) },
            Err(_no_thread) => {
                let mut ended = Ended { shared, becomes: Rebuild::Unfinished(what) };
                ended.becomes = rebuild(shared, what, &stop);
                drop(ended);
                Self { stop, thread: None }
            }
        }
    }
}

impl Drop for Rebuilder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It panicked: what it had found is there, and the next start looks for the rest.
            thread.join().ok();
        }
    }
}

/// Wakes those who wait, also when the thread panics.
struct Ended<'s> {
    shared: &'s Shared,
    becomes: Rebuild,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let has_image = lock(&self.shared.image).stamp.is_some();
        let mut state = lock(&self.shared.state);
        state.rebuild = self.becomes;
        // The image is complete from now on, and its journal is to say so.
        state.ahead.is_wanted |= has_image || state.report.recovered > 0;
        drop(state);
        self.shared.found.notify_all();
    }
}

fn rebuild(shared: &Shared, what: Recover, stop: &AtomicBool) -> Rebuild {
    let top_level_transcripts = |path: &Path, kind: EntryKind| {
        kind == EntryKind::File && path.extension().is_some_and(|extension| extension == "jsonl")
    };
    let mut files = match shared.root.walk(Path::new(""), top_level_transcripts, MAX_DIRECTORY_ENTRIES) {
        Ok(walk) => walk.files,
        Err(error) => {
            lock(&shared.state).tell(IndexEvent::NotRebuilt { why: error.to_string() });
            return Rebuild::Unfinished(what);
        }
    };
    files.sort_by_key(|file| std::cmp::Reverse(file.mtime_ms));
    let known = lock(&shared.state).transcripts();
    // Those that others of the same key began after: they are reached from there.
    let mut left: HashMap<SessionId, HashSet<String>> = HashMap::new();
    for file in files {
        if stop.load(Ordering::Relaxed) {
            return Rebuild::Unfinished(what);
        }
        let stem = file.path.file_stem().and_then(|stem| stem.to_str());
        let Some(id) = stem.and_then(SessionId::of_transcript) else { continue };
        if file.path.to_str().is_some_and(|name| known.contains(name)) {
            continue;
        }
        // Removed, or archived, since the folder was listed.
        let Some(mut head) = Head::read(&shared.root, &file.path) else { continue };
        head.key = head.key.and_then(|key| own_key(&key, &shared.agent_id));
        if let (Some(key), Some(parent)) = (&head.key, &head.parent) {
            left.entry(parent.clone()).or_default().insert(key.clone());
        }
        // OpenClaw names a parent where a conversation was forked; both go on then. It writes no key.
        let is_left = |keys: &HashSet<String>| head.key.as_ref().is_none_or(|key| keys.contains(key));
        if left.get(&id).is_some_and(is_left) {
            continue;
        }
        let found = Found { id, file, head };
        if found.enter(shared, what) {
            shared.found.notify_all();
        }
    }
    let mut state = lock(&shared.state);
    let sessions = state.report.recovered;
    if sessions > 0 {
        state.tell(IndexEvent::Rebuilt { sessions });
    }
    Rebuild::Idle
}

/// A key as it is looked up; none of another agent, whose transcript somebody copied here.
fn own_key(key: &str, agent: &str) -> Option<String> {
    let key = SessionKey::canonical(key, agent, "main");
    key.agent().is_none_or(|named| named == agent_id(agent)).then(|| key.as_str().to_owned())
}

/// What the first lines of a transcript say. One that cannot be read says nothing; opening it later will say why.
#[derive(Debug, Default, PartialEq, Eq)]
struct Head {
    /// The key it was made for. A fork has a copy of the record with its parent's key, which is as old as the parent.
    key: Option<String>,
    /// The name the user gave.
    name: Option<String>,
    /// The conversation that this one was started over from.
    parent: Option<SessionId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeadLine<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    parent_session: Option<String>,
    #[serde(default, borrow)]
    parent_id: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    timestamp: Option<&'a RawValue>,
}

impl HeadLine<'_> {
    /// Whether this was written together with the header: as its first record, in the same moment.
    fn came_with(&self, header: &str) -> bool {
        self.parent_id.is_none() && self.timestamp.is_some_and(|timestamp| timestamp.get() == header)
    }
}

impl Head {
    fn read(root: &Root, path: &Path) -> Option<Self> {
        let mut start = Vec::new();
        match root.open_read(path) {
            Ok(file) => file.take(MAX_HEAD_BYTES).read_to_end(&mut start).ok(),
            Err(openclaw_guard::RootError::NotFound { .. }) => return None,
            Err(_opening_it_says_why) => None,
        };
        Some(Self::of(&start))
    }

    fn of(start: &[u8]) -> Self {
        let mut head = Self::default();
        // The time of the header, if that was the line before.
        let mut header = None;
        for line in start.split(|&b| b == b'\n') {
            let before: Option<&RawValue> = header.take();
            // Most lines are something else.
            let Ok(info) = serde_json::from_slice::<HeadLine<'_>>(line) else { continue };
            match &*info.kind {
                "custom" if before.is_some_and(|header| info.came_with(header.get())) => {
                    head.key = head.key.or_else(|| session_key_of(line));
                }
                "session_info" => head.name = info.name.filter(|name| !name.trim().is_empty()),
                "session" => {
                    header = info.timestamp;
                    // OpenClaw writes a path; a bare id is read as well.
                    let name =
                        info.parent_session.as_deref().and_then(|path| path.rsplit(['/', '\\']).next());
                    let stem = name.map(|name| name.strip_suffix(".jsonl").unwrap_or(name));
                    head.parent = stem.and_then(SessionId::of_transcript);
                }
                _ => {}
            }
        }
        head
    }
}

/// A transcript that no entry points to.
struct Found {
    id: SessionId,
    file: RelFile,
    head: Head,
}

impl Found {
    /// Makes an entry of it. A transcript that names its key gets it, the newest first; others get
    /// `agent:<id>:recovered-<first 8 of the session id>`. Returns whether something became different.
    fn enter(self, shared: &Shared, what: Recover) -> bool {
        let now_ms = shared.now_ms();
        let mut state = lock(&shared.state);
        if state.removed_early.contains(&self.id) {
            return false;
        }
        let key = match (&self.head.key, what) {
            (Some(key), _) => match state.get(key).map(Arc::clone) {
                None => key.clone(),
                Some(entry) if self.is_of(&entry) => return false,
                Some(_) if state.made_early.remove(key) => {
                    state.link(key, &self.id, now_ms);
                    return true;
                }
                Some(_) if what == Recover::Named => return false,
                Some(_) => self.spare_key(shared, &state),
            },
            (None, Recover::Named) => return false,
            (None, Recover::All) => self.spare_key(shared, &state),
        };
        let mut entry = self.entry(shared, &key);
        // A label names one session: a newer one has it already.
        if let Some(name) = &self.head.name
            && state.find(|entry| entry.text(field::LABEL) == Some(name)).is_none()
        {
            entry.set_text(field::LABEL, name);
        }
        state.put(&key, entry, now_ms);
        state.report.recovered += 1;
        true
    }

    /// Whether the entry leads here already.
    fn is_of(&self, entry: &SessionEntry) -> bool {
        entry.has_session_id(&self.id) || entry.text(field::PREVIOUS_SESSION_ID) == Some(self.id.as_str())
    }

    /// Two ids may share their first characters; the whole id is unique.
    fn spare_key(&self, shared: &Shared, state: &State) -> String {
        let short: String = self.id.as_str().chars().take(RECOVERED_ID_CHARS).collect();
        let key = format!("agent:{}:recovered-{short}", shared.agent_id).to_lowercase();
        if state.get(&key).is_none() { key } else { format!("{key}-{}", self.id).to_lowercase() }
    }

    fn entry(&self, shared: &Shared, key: &str) -> SessionEntry {
        let mut entry = SessionEntry::new(&self.id, self.file.mtime_ms);
        let path = shared.root.path().join(&self.file.path);
        entry.set_text(field::SESSION_FILE, &path.to_string_lossy());
        let kind = SessionKey::canonical(key, &shared.agent_id, "main").kind();
        entry.set_text(field::CHAT_TYPE, if kind == SessionKind::Group { "group" } else { "direct" });
        if let Some(parent) = &self.head.parent {
            entry.set_text(field::PREVIOUS_SESSION_ID, parent.as_str());
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn what_the_first_lines_say() {
        let at = |time: u32| {
            format!(r#"{{"type":"session","timestamp":"{time}","parentSession":"/old/p.jsonl"}}"#)
        };
        let (header, later) = (&*at(1), &*at(2));
        let key = r#"{"type":"custom","customType":"openclaw.session-key","data":{"key":"agent:main:a"},"id":"1","parentId":null,"timestamp":"1"}"#;
        let hung = &*key.replace("null", "\"0\"");
        let info = r#"{"type":"session_info","id":"2","name":"Holiday"}"#;
        let rows: [(&[&str], Option<&str>, Option<&str>); 9] = [
            (&[], None, None),
            (&["{\"type\":\"session\"}", key], None, None),
            (&[header, key, "torn {", info], Some("agent:main:a"), Some("Holiday")),
            (&["torn {", header, key], Some("agent:main:a"), None),
            (&[later, key], None, None),
            (&[header, hung], None, None),
            (&[header, info, key], None, Some("Holiday")),
            (&[info, r#"{"type":"session_info","id":"3","name":" "}"#], None, None),
            (&[r#"{"type":"message","name":"no"}"#], None, None),
        ];
        for (lines, key, name) in rows {
            let head = Head::of(lines.join("\n").as_bytes());
            assert_eq!((head.key.as_deref(), head.name.as_deref()), (key, name), "{lines:?}");
        }
    }
}
