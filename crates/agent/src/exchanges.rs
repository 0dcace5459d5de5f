//! Where model calls are written down: a file per session in the agent's `exchanges` folder, `docs/replay.md`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_credentials::{AuthError, AuthStore, AuthView, Credential};
use openclaw_guard::{FileError, Redactor, Root, RootError, Secret, create_private_dir, random_hex};
use openclaw_models::ChatModel;
use openclaw_models::replay::{
    Exchange, ExchangeSink, Recorder, Remark, Taken, TakenFrom, WireFrames, Writer, read,
};
use openclaw_store::{SessionEntry, SessionId};

/// The folder's name, beside `sessions`.
pub const FOLDER: &str = "exchanges";
/// Calls that wait for the disk. One that hangs must not collect conversations in memory.
const MAX_WAITING: usize = 64;
/// Sessions whose last request is remembered, so that the next line holds only what is new in it.
const MAX_WRITERS: usize = 16;
/// Largest file that is read, in bytes: twice what the configuration can ask for.
const MAX_READ_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes of a turn's name: nobody has so many turns that two agree.
const NAME_BYTES: usize = 8;

/// Makes what hides secrets: those of the configuration, and the ones it is given.
pub type MakeRedactor = Box<dyn Fn(&[Secret]) -> Redactor + Send + Sync>;

/// Knows what must not be written down: the configuration's secrets, the environment's, and those of the profiles as
/// they are when a line is written.
pub struct Hider {
    auth: Arc<AuthStore>,
    make: MakeRedactor,
    last: Mutex<Option<(Arc<AuthView>, Arc<Redactor>)>>,
}

impl Hider {
    /// With the profiles of an agent.
    #[must_use]
    pub fn new(auth: Arc<AuthStore>, make: MakeRedactor) -> Self {
        Self { auth, make, last: Mutex::default() }
    }

    /// What hides all of them now. Reads the profiles when they have changed.
    ///
    /// # Errors
    /// The profiles cannot be read, so that nobody knows what is secret.
    pub fn redactor(&self) -> Result<Arc<Redactor>, AuthError> {
        let view = self.auth.view()?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, redactor)) = &*last
            && Arc::ptr_eq(known, &view)
        {
            return Ok(Arc::clone(redactor));
        }
        let secrets: Vec<Secret> =
            view.profiles().into_iter().flat_map(|profile| secrets_of(profile.credential)).collect();
        let redactor = Arc::new((self.make)(&secrets));
        *last = Some((view, Arc::clone(&redactor)));
        Ok(redactor)
    }
}

fn secrets_of(credential: Credential) -> Vec<Secret> {
    match credential {
        Credential::ApiKey { key } => vec![key],
        Credential::Token { token, .. } => vec![token],
        Credential::OAuth(oauth) => vec![oauth.access, oauth.refresh],
    }
}

/// What is written down, and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Whether frames of the wire are as well.
    pub frames: WireFrames,
    /// Bytes after which a session's file becomes its older one, of which there is one.
    pub max_bytes: u64,
}

/// Writes down the model calls of one agent. What cannot be written is told once and left out: a recording never stops
/// an answer.
pub struct ExchangeLog {
    folder: PathBuf,
    extent: Extent,
    hider: Hider,
    queue: Mutex<Queue>,
    files: Mutex<VecDeque<Lines>>,
    complained: AtomicBool,
}

impl std::fmt::Debug for ExchangeLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExchangeLog").field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(SessionId, Taken)>,
    is_written: bool,
}

/// The file of one session as far as this process wrote it.
struct Lines {
    session: SessionId,
    writer: Writer,
    /// Whether the file may end in the middle of a line.
    is_torn: bool,
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
    #[error("{MAX_WAITING} calls wait for the disk already")]
    Behind,
}

impl ExchangeLog {
    /// Writes into a folder, which is made when there is something to write.
    #[must_use]
    pub fn new(folder: PathBuf, extent: Extent, hider: Hider) -> Self {
        Self {
            folder,
            extent,
            hider,
            queue: Mutex::default(),
            files: Mutex::default(),
            complained: AtomicBool::new(false),
        }
    }

    /// Takes a call and returns at once.
    fn push(self: &Arc<Self>, session: SessionId, taken: Taken) {
        {
            let mut queue = self.lock();
            if queue.waiting.len() >= MAX_WAITING {
                drop(queue);
                return self.complain(&NotWritten::Behind);
            }
            queue.waiting.push_back((session, taken));
            if std::mem::replace(&mut queue.is_written, true) {
                return;
            }
        }
        let log = Arc::clone(self);
        match tokio::runtime::Handle::try_current() {
            Ok(handle) => drop(handle.spawn_blocking(move || log.drain())),
            // The runtime is gone, and nobody is waited for any more.
            Err(_) => log.drain(),
        }
    }

    fn drain(&self) {
        loop {
            let next = {
                let mut queue = self.lock();
                let next = queue.waiting.pop_front();
                queue.is_written = next.is_some();
                next
            };
            let Some((session, taken)) = next else { return };
            if let Err(error) = self.write(&session, taken) {
                self.complain(&error);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn write(&self, session: &SessionId, taken: Taken) -> Result<(), NotWritten> {
        let redactor = self.hider.redactor()?;
        let exchange = taken.exchange(&redactor);
        create_private_dir(&self.folder)?;
        let root = Root::open(&self.folder)?;
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let known = files.iter().position(|lines| lines.session == *session);
        let lines = known.and_then(|at| files.remove(at));
        let mut lines = lines.unwrap_or_else(|| Lines::new(session));
        let written = lines.append(&root, exchange, self.extent.max_bytes);
        if written.is_err() {
            lines.is_torn = true;
            lines.writer.forget();
        }
        files.push_back(lines);
        if files.len() > MAX_WRITERS {
            files.pop_front();
        }
        written
    }
}

impl Lines {
    fn new(session: &SessionId) -> Self {
        // What an earlier process left of it is not known.
        Self { session: session.clone(), writer: Writer::default(), is_torn: true }
    }

    fn append(&mut self, root: &Root, exchange: Exchange, max_bytes: u64) -> Result<(), NotWritten> {
        let name = file_name(&self.session);
        let mut file = root.open_append(&name)?;
        let failed = |action| {
            let path = root.path().join(&name);
            move |source| NotWritten::File(FileError::new(action, &path, source))
        };
        let length = file.metadata().map_err(failed("look at"))?.len();
        let mut line = self.line(exchange.clone(), max_bytes)?;
        if length > 0 && length.saturating_add(line.len() as u64) > max_bytes {
            let (from, to) = (root.path().join(&name), root.path().join(older_name(&self.session)));
            std::fs::rename(&from, &to).map_err(failed("put aside"))?;
            // A file stands for itself.
            self.writer.forget();
            line = self.line(exchange, max_bytes)?;
            file = root.open_append(&name)?;
        } else if self.is_torn && length > 0 && !ends_a_line(root, &name)? {
            line.insert(0, '\n');
        }
        file.write_all(line.as_bytes()).map_err(failed("write"))?;
        self.is_torn = false;
        Ok(())
    }

    /// The line of a call; without its frames when it would fill a file by itself.
    fn line(&mut self, exchange: Exchange, max_bytes: u64) -> Result<String, NotWritten> {
        let fits = |line: &String| line.len() as u64 <= max_bytes;
        let smaller = exchange.wire.is_some().then(|| Exchange { wire: None, ..exchange.clone() });
        let line = self.writer.line(exchange)?;
        if fits(&line) {
            return Ok(line);
        }
        let line = match smaller {
            Some(smaller) => {
                self.writer.forget();
                self.writer.line(smaller)?
            }
            None => line,
        };
        if fits(&line) { Ok(line) } else { Err(NotWritten::TooLarge) }
    }
}

fn ends_a_line(root: &Root, name: &Path) -> Result<bool, NotWritten> {
    let mut file: File = root.open_read(name)?;
    let mut last = [0];
    let read = file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last));
    let path = root.path().join(name);
    read.map_err(|source| FileError::new("read", &path, source))?;
    Ok(last == *b"\n")
}

fn file_name(session: &SessionId) -> PathBuf {
    PathBuf::from(format!("{session}.jsonl"))
}

fn older_name(session: &SessionId) -> PathBuf {
    PathBuf::from(format!("{session}.1.jsonl"))
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

/// What is recorded of a session.
#[derive(Debug, Default)]
pub struct SessionRecording {
    /// The files that were read, the older one first.
    pub files: Vec<PathBuf>,
    /// The calls, oldest first.
    pub exchanges: Vec<Exchange>,
    /// What could not be read: the file, and why.
    pub remarks: Vec<(PathBuf, Remark)>,
}

/// Reads what is recorded of a session; nothing when there is no file.
///
/// # Errors
/// A file is there and cannot be read.
pub fn read_session(folder: &Path, session: &SessionId) -> Result<SessionRecording, RootError> {
    let mut all = SessionRecording::default();
    if !folder.is_dir() {
        return Ok(all);
    }
    let root = Root::open(folder)?;
    for name in [older_name(session), file_name(session)] {
        let bytes = match root.read_capped(&name, MAX_READ_BYTES) {
            Ok(bytes) => bytes,
            Err(RootError::NotFound { .. }) => continue,
            Err(error) => return Err(error),
        };
        let recording = read(&bytes);
        let path = folder.join(&name);
        all.exchanges.extend(recording.exchanges);
        all.remarks.extend(recording.remarks.into_iter().map(|remark| (path.clone(), remark)));
        all.files.push(path);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{ExchangeLog, Extent, FOLDER, Hider, Recorded, read_session};
    use futures_util::StreamExt as _;
    use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore};
    use openclaw_guard::{Hiding, Redactor, create_private_dir, write_atomic};
    use openclaw_models::ModelRequest;
    use openclaw_models::offline::OfflineRecall;
    use openclaw_models::replay::{Remark, WireFrames};
    use openclaw_protocol::message::{Content, Message, UserMessage};
    use openclaw_store::{SessionEntry, SessionId};
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    fn log(dir: &Path, max_bytes: u64) -> Arc<ExchangeLog> {
        let auth = Arc::new(AuthStore::new(AuthPlaces::new(dir, dir), AuthSettings::default()));
        let make = Box::new(|secrets: &[_]| Redactor::new(secrets, Hiding::KnownOnly));
        let extent = Extent { frames: WireFrames::Left, max_bytes };
        Arc::new(ExchangeLog::new(dir.join(FOLDER), extent, Hider::new(auth, make)))
    }

    /// Asks the offline model once and waits until it is written, or not.
    async fn ask(log: &Arc<ExchangeLog>, session: &SessionId, words: &str) {
        let entry = SessionEntry::new(session, 0);
        let model = Recorded::turn(Some(log), &entry, 0).wrap(Arc::new(OfflineRecall::new()));
        let hello = Message::User(UserMessage { content: Content::Text(words.into()), timestamp: 0 });
        let request = ModelRequest { messages: vec![Arc::new(hello)], ..ModelRequest::default() };
        let events: Vec<_> = model.stream(request, Default::default()).collect().await;
        assert!(events.last().is_some_and(Result::is_ok), "{events:?}");
        while log.lock().is_written {
            tokio::task::yield_now().await;
        }
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_session_has_a_private_file_that_goes_on_behind_a_torn_line() {
        let dir = tempfile::tempdir().unwrap();
        let session = SessionId::random();
        assert!(read_session(&dir.path().join(FOLDER), &session).unwrap().files.is_empty());
        let first = log(dir.path(), 1 << 20);
        ask(&first, &session, "one").await;
        ask(&first, &session, "two").await;
        let folder = dir.path().join(FOLDER);
        let path = folder.join(format!("{session}.jsonl"));
        assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
        // The machine stops in the middle of a line, and another process goes on.
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"v\":1,\"turn\":\"x").unwrap();
        ask(&log(dir.path(), 1 << 20), &session, "three").await;
        let recording = read_session(&folder, &session).unwrap();
        assert_eq!(recording.exchanges.len(), 3);
        assert!(matches!(&recording.remarks[..], [(_, Remark::Damaged { line: 3, .. })]), "{recording:?}");
        assert!(read_session(&folder, &SessionId::random()).unwrap().files.is_empty());
    }

    #[tokio::test]
    async fn a_full_file_becomes_the_older_one_and_each_can_be_read_alone() {
        let dir = tempfile::tempdir().unwrap();
        let session = SessionId::random();
        let log = log(dir.path(), 3000);
        for number in 0..12 {
            ask(&log, &session, &format!("question {number}")).await;
        }
        let folder = dir.path().join(FOLDER);
        let recording = read_session(&folder, &session).unwrap();
        assert_eq!((recording.files.len(), recording.remarks), (2, Vec::new()));
        for file in &recording.files {
            assert!(file.metadata().unwrap().len() <= 3000);
            assert_eq!(mode(file), 0o600);
        }
        let last = recording.exchanges.last().unwrap().request.messages[0]["content"].to_string();
        assert!(last.contains("question 11"), "{last}");
        assert!((3..12).contains(&recording.exchanges.len()), "{}", recording.exchanges.len());
    }

    #[tokio::test]
    async fn what_cannot_be_written_stops_no_answer_and_is_said_once() {
        let dir = tempfile::tempdir().unwrap();
        let session = SessionId::random();
        // A file where the folder belongs.
        write_atomic(&dir.path().join(FOLDER), b"").unwrap();
        let blocked = log(dir.path(), 1 << 20);
        ask(&blocked, &session, "one").await;
        assert!(blocked.complained.load(Ordering::Relaxed));
        std::fs::remove_file(dir.path().join(FOLDER)).unwrap();
        ask(&blocked, &session, "two").await;
        assert_eq!(read_session(&dir.path().join(FOLDER), &session).unwrap().exchanges.len(), 1);

        // Larger than a file may be.
        let small = log(dir.path(), 100);
        ask(&small, &SessionId::random(), "three").await;
        assert!(small.complained.load(Ordering::Relaxed));

        // Without the profiles nobody knows what is secret.
        let other = tempfile::tempdir().unwrap();
        create_private_dir(&other.path().join("auth-profiles.json")).unwrap();
        let ignorant = log(other.path(), 1 << 20);
        ask(&ignorant, &session, "four").await;
        assert!(ignorant.complained.load(Ordering::Relaxed) && !other.path().join(FOLDER).exists());
    }

    #[tokio::test]
    async fn secrets_of_profiles_are_left_out_as_they_are_at_the_time() {
        let dir = tempfile::tempdir().unwrap();
        let session = SessionId::random();
        let log = log(dir.path(), 1 << 20);
        ask(&log, &session, "nothing").await;
        let profiles =
            r#"{"version":1,"profiles":{"p:x":{"type":"api_key","provider":"p","key":"canary-012345"}}}"#;
        write_atomic(&dir.path().join("auth-profiles.json"), profiles.as_bytes()).unwrap();
        ask(&log, &session, "is it canary-012345?").await;
        let folder = dir.path().join(FOLDER);
        let file = std::fs::read_to_string(folder.join(format!("{session}.jsonl"))).unwrap();
        assert!(file.contains("is it ***?") && !file.contains("canary"), "{file}");
    }
}
