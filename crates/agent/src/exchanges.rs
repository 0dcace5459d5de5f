//! Where model calls are written down: a file per session in the agent's `exchanges` folder, `docs/replay.md`.

mod file;
mod folder;
mod hider;
mod reading;
mod scribe;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_credentials::AuthError;
use openclaw_guard::{FileError, Root, RootError, create_private_dir, random_hex};
use openclaw_models::ChatModel;
use openclaw_models::replay::{ExchangeSink, Recorder, Taken, TakenFrom, WireFrames};
use openclaw_store::{SessionEntry, SessionId};

use file::Lines;
use folder::Folder;
pub use folder::remove_session;
pub use hider::{Hider, MakeRedactor};
pub use reading::{Rest, SessionRecording, read_session};
pub use scribe::Scribe;
use scribe::{MAX_WAITING, Task};

/// The folder's name, beside `sessions`.
pub const FOLDER: &str = "exchanges";
/// Sessions whose last request is remembered, so that the next line holds only what is new in it.
const MAX_WRITERS: usize = 16;
/// Bytes of their requests.
const MAX_HELD_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of a turn's name: nobody has so many turns that two agree.
const NAME_BYTES: usize = 8;

/// What is written down, and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Whether frames of the wire are as well.
    pub frames: WireFrames,
    /// Bytes after which a session's file becomes its older one, of which there is one.
    pub max_bytes: u64,
}

/// Writes down the model calls of one agent. What cannot be written is told once and left out, and the next line says that
/// something is missing: a recording never stops an answer.
pub struct ExchangeLog {
    extent: Extent,
    hider: Hider,
    scribe: Arc<Scribe>,
    state: Mutex<State>,
    complained: AtomicBool,
    folder: PathBuf,
}

/// What is known of the folder as far as this process wrote it.
struct State {
    files: VecDeque<Lines>,
    folder: Folder,
    /// Calls of a session that are not in its file, and of which no line says so yet.
    lost: HashMap<SessionId, u32>,
}

impl std::fmt::Debug for ExchangeLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExchangeLog").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Why a call is not in the recording.
#[derive(Debug, thiserror::Error)]
enum NotWritten {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Root(#[from] RootError),
    #[error("the credentials cannot be read, so that nobody knows what must be left out: {0}")]
    Secrets(#[from] AuthError),
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("one call is larger than models.recording.maxMegabytes allows for a file")]
    TooLarge,
    #[error("{MAX_WAITING} calls, or too large ones, wait for the disk already")]
    Behind,
    #[error("the recording broke off over it, as the log says")]
    Panicked,
}

impl ExchangeLog {
    /// Writes into a folder, which is made when there is something to write.
    #[must_use]
    pub fn new(folder: PathBuf, extent: Extent, hider: Hider, scribe: &Arc<Scribe>) -> Self {
        let state =
            State { files: VecDeque::new(), folder: Folder::holding(extent.max_bytes), lost: HashMap::new() };
        Self {
            extent,
            hider,
            scribe: Arc::clone(scribe),
            state: Mutex::new(state),
            complained: AtomicBool::new(false),
            folder,
        }
    }

    /// Takes a call and returns at once.
    fn push(self: &Arc<Self>, session: SessionId, taken: Taken) {
        if !self.scribe.push(self, session, Task::Write(Box::new(taken))) {
            self.complain(&NotWritten::Behind);
        }
    }

    /// Removes what is recorded of a session, when everything that waits is written.
    pub fn remove(self: &Arc<Self>, session: SessionId) {
        self.scribe.push(self, session, Task::Remove);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complain(&self, error: &NotWritten) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                folder = %self.folder.display(),
                %error,
                "a model call is not recorded; answers go on, and this is said once"
            );
        }
    }

    /// Does what waited.
    fn perform(&self, session: &SessionId, task: Task) {
        let result = match task {
            Task::Write(taken) => self.write(session, *taken),
            Task::Lost(count) => return self.lose(session, count),
            Task::Remove => {
                let mut state = self.state();
                state.files.retain(|lines| lines.session() != session);
                state.lost.remove(session);
                state.folder.forget();
                remove_session(&self.folder, session).map_err(NotWritten::from)
            }
        };
        if let Err(error) = result {
            self.complain(&error);
        }
    }

    /// The next line of the session says that calls are missing.
    fn lose(&self, session: &SessionId, count: u32) {
        let mut state = self.state();
        let lost = state.lost.entry(session.clone()).or_default();
        *lost = lost.saturating_add(count);
    }

    fn write(&self, session: &SessionId, taken: Taken) -> Result<(), NotWritten> {
        // What fails from here on, even by a panic, is missing; the line itself takes it back.
        self.lose(session, 1);
        let redactor = self.hider.redactor_with(taken.secrets())?;
        let known = {
            let files = &mut self.state().files;
            let known = files.iter().position(|lines| lines.session() == session);
            known.and_then(|at| files.remove(at))
        };
        let mut lines = known.unwrap_or_else(|| Lines::new(session));
        let mut exchange = lines.exchange(taken, &redactor);
        create_private_dir(&self.folder)?;
        let root = Root::open(&self.folder)?;
        let mut state = self.state();
        let State { files, folder, lost } = &mut *state;
        exchange.lost = lost.get(session).map_or(0, |lost| lost.saturating_sub(1));
        let written = lines.append(&root, exchange, self.extent.max_bytes);
        files.push_back(lines);
        let held = |files: &VecDeque<Lines>| files.iter().map(Lines::held).sum::<usize>();
        while files.len() > MAX_WRITERS || files.len() > 1 && held(files) > MAX_HELD_BYTES {
            files.pop_front();
        }
        let written = written?;
        lost.remove(session);
        folder.grew(&root, session, written)?;
        Ok(())
    }
}

/// Takes the calls of one session.
struct SessionSink {
    log: Arc<ExchangeLog>,
    session: SessionId,
}

impl ExchangeSink for SessionSink {
    fn take(&self, taken: Taken) {
        self.log.push(self.session.clone(), taken);
    }
}

/// Has the models of one turn recorded, or not.
pub(crate) struct Recorded(Option<Turn>);

struct Turn {
    from: TakenFrom,
    sink: Arc<SessionSink>,
    frames: WireFrames,
}

impl Recorded {
    /// A turn of a session.
    pub(crate) fn turn(log: Option<&Arc<ExchangeLog>>, entry: &SessionEntry, now_ms: i64) -> Self {
        let turn = log.map(|log| {
            // Without randomness the time tells turns of one session apart.
            let name = random_hex(NAME_BYTES).unwrap_or_else(|_| now_ms.to_string());
            let sink = Arc::new(SessionSink { log: Arc::clone(log), session: entry.session_id() });
            Turn { from: TakenFrom::turn(&name), sink, frames: log.extent.frames }
        });
        Self(turn)
    }

    /// The model, recorded if it is to be.
    pub(crate) fn wrap(&self, model: Arc<dyn ChatModel>) -> Arc<dyn ChatModel> {
        match &self.0 {
            None => model,
            Some(Turn { from, sink, frames }) => {
                let sink: Arc<dyn ExchangeSink> = Arc::clone(sink) as Arc<dyn ExchangeSink>;
                Arc::new(Recorder::new(model, from.clone(), sink, *frames))
            }
        }
    }
}

fn file_name(session: &SessionId) -> PathBuf {
    PathBuf::from(format!("{session}.jsonl"))
}

fn older_name(session: &SessionId) -> PathBuf {
    PathBuf::from(format!("{session}.1.jsonl"))
}

/// The recordings of an agent, beside the folder of its sessions.
#[must_use]
pub fn folder_beside(sessions: &Path) -> PathBuf {
    sessions.parent().map_or_else(|| PathBuf::from(FOLDER), |agent| agent.join(FOLDER))
}
