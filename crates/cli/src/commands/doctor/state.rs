//! What is in the state directory: versions, sessions, transcripts, and what is damaged. Looks, and judges; nothing is
//! written, repairs are the gateway's.

mod findings;
mod index;
mod summary;
mod transcript;
mod workspaces;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use openclaw_config::{Env, Locations};
use openclaw_store::{LEDGER_FILE, LedgerError, LedgerView, StateVersion, VersionError};

use self::index::Index;
use self::transcript::{Kept, Transcript};
use self::workspaces::Unusable;
use super::findings::Finding;
use crate::{copies, space, upstream};

pub(super) use summary::Summary;

/// Agents that are looked at; nobody has that many.
const MAX_AGENTS: usize = 1000;
/// Files of one agent's `sessions` directory that are looked at.
const MAX_FILES: usize = 1_000_000;

/// What was found.
pub(super) struct State {
    dir: PathBuf,
    version: Result<Option<StateVersion>, VersionError>,
    agents: Vec<Agent>,
    /// Bytes that can be written there; `None` if the file system does not say.
    free_bytes: Option<u64>,
    /// The gateway of OpenClaw that runs on it.
    upstream: Option<upstream::Upstream>,
    /// Folders of notes that a gateway could not use.
    workspaces: Vec<Unusable>,
    /// Bytes of the durable queue, if there is one, and what is wrong with it.
    ledger: Option<(u64, Result<(), LedgerError>)>,
}

/// The conversations of an agent.
struct Agent {
    id: String,
    /// Its `sessions` directory.
    dir: PathBuf,
    index: Index,
    /// By name.
    transcripts: Vec<Transcript>,
    /// Transcripts of deleted sessions, and earlier versions of others.
    archived: usize,
    /// Damaged pieces that were kept.
    quarantined: usize,
    /// Lock files of OpenClaw.
    locks: Vec<PathBuf>,
    /// Files that a write which was broken off has left.
    temporary: Vec<PathBuf>,
    /// Why the directory, or some of it, could not be looked at.
    unreadable: Vec<String>,
}

impl State {
    /// Looks. Of transcripts every line is read, one at a time.
    pub(super) fn look(at: &Locations, env: &Env) -> Self {
        let dir = at.state_dir.clone();
        let folders = list(&dir.join("agents"), MAX_AGENTS).unwrap_or_default();
        let mut agents: Vec<Agent> = folders
            .iter()
            .filter(|path| path.join("sessions").is_dir())
            .map(|path| Agent::look(path))
            .collect();
        agents.sort_by(|a, b| a.id.cmp(&b.id));
        Self {
            version: StateVersion::check(&dir),
            agents,
            free_bytes: space::free_bytes(&dir),
            upstream: upstream::running(copies::names(&at.config_path), env),
            workspaces: workspaces::unusable(at, env),
            ledger: look_at_ledger(&dir),
            dir,
        }
    }

    /// What of it somebody should know.
    pub(super) fn findings(&self) -> Vec<Finding> {
        findings::of(self)
    }

    /// Numbers, for programs; `None` when there is nothing to count.
    pub(super) fn summary(&self) -> Option<Summary> {
        Summary::of(self)
    }
}

impl Agent {
    fn look(folder: &Path) -> Self {
        let dir = folder.join("sessions");
        let quarantine = list(&dir.join("quarantine"), MAX_FILES).unwrap_or_default();
        let kept = Kept::of(&quarantine);
        let mut agent = Self {
            id: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            index: Index::read(&dir),
            quarantined: quarantine.len(),
            transcripts: Vec::new(),
            archived: 0,
            locks: Vec::new(),
            temporary: Vec::new(),
            unreadable: Vec::new(),
            dir,
        };
        match list(&agent.dir, MAX_FILES) {
            Ok(mut files) => {
                files.sort();
                files.into_iter().for_each(|path| agent.sort_in(path, &kept));
            }
            Err(error) => agent.unreadable.push(error.to_string()),
        }
        agent
    }

    fn sort_in(&mut self, path: PathBuf, kept: &Kept) {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default().to_owned();
        if name.ends_with(".lock") {
            self.locks.push(path);
        } else if name.ends_with(".tmp") {
            self.temporary.push(path);
        } else if name.contains(".jsonl.deleted.") || name.contains(".jsonl.bak.") {
            self.archived += 1;
        } else if name.ends_with(".jsonl") {
            match Transcript::read(&self.dir, name, kept) {
                Ok(transcript) => self.transcripts.push(transcript),
                Err(error) => self.unreadable.push(error.to_string()),
            }
        }
    }

    /// Sessions whose transcript is not there.
    fn without_transcript(&self) -> impl Iterator<Item = &index::Entry> {
        let is_there =
            |name: &str| self.transcripts.binary_search_by(|known| (*known.name).cmp(name)).is_ok();
        self.index.entries.iter().filter(move |entry| !is_there(&entry.transcript))
    }

    /// Transcripts that no session points to.
    fn without_session(&self) -> Vec<&Transcript> {
        let known: std::collections::HashSet<&str> =
            self.index.entries.iter().map(|entry| entry.transcript.as_str()).collect();
        self.transcripts.iter().filter(|transcript| !known.contains(&*transcript.name)).collect()
    }
}

/// Reads the whole of the durable queue.
fn look_at_ledger(state_dir: &Path) -> Option<(u64, Result<(), LedgerError>)> {
    let bytes = std::fs::metadata(state_dir.join(LEDGER_FILE)).ok()?.len();
    let view = LedgerView::open(state_dir).and_then(|view| view.map_or(Ok(()), |view| view.check()));
    Some((bytes, view))
}

/// What a directory holds.
fn list(dir: &Path, max: usize) -> std::io::Result<Vec<PathBuf>> {
    std::fs::read_dir(dir)?.take(max).map(|entry| Ok(entry?.path())).collect()
}
