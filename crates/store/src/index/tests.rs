mod basics;
mod edits;
mod faults;
mod model;
mod rebuild;

use super::{INDEX_FILE, JOURNAL_FILE, SessionIndex};
use crate::{NewTranscript, SessionEntry, SessionId, Transcript};
use openclaw_guard::{ManualClock, write_atomic};
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const NOW: i64 = 1_795_171_362_908;
/// A thread that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn load_at(dir: &Path, clock: &Arc<ManualClock>) -> SessionIndex {
    let index = SessionIndex::load(dir, "main", clock.clone()).unwrap();
    assert!(index.wait_until_rebuilt(PATIENCE));
    index
}

fn load(dir: &Path) -> SessionIndex {
    load_at(dir, &Arc::new(ManualClock::new(NOW)))
}

fn on_disk(dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join(INDEX_FILE)).unwrap()).unwrap()
}

fn journal(dir: &Path) -> Vec<u8> {
    std::fs::read(dir.join(JOURNAL_FILE)).unwrap()
}

fn id(text: &str) -> SessionId {
    SessionId::parse(text).unwrap()
}

fn new(session: &str, at: i64) -> SessionEntry {
    SessionEntry::new(&id(session), at)
}

fn transcript(dir: &Path, session: &str, key: &str) {
    let new = NewTranscript { cwd: dir, key, parent: None };
    drop(Transcript::open_or_create(dir, &id(session), &new, Arc::new(ManualClock::new(NOW))).unwrap());
}

fn keys(index: &SessionIndex) -> Vec<String> {
    index.list().into_iter().map(|(key, _)| key).collect()
}

/// Replaces the file, as an editor does.
fn write(dir: &Path, value: &Value) {
    write_atomic(&dir.join(INDEX_FILE), format!("{value:#}").as_bytes()).unwrap();
}

/// Writes into the file that is there, as editors do that know no better.
fn write_in_place(path: &Path, bytes: &[u8]) {
    let mut file = std::fs::File::options().write(true).truncate(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

/// A copy of the folder, as a kill at this moment would leave it.
fn killed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}
