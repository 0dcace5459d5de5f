//! The program as a child process: bounded in time and output, and killed with everything it started. `qmd` is a
//! launcher that starts another process, so that killing the one that was started is not enough.

use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_guard::{CHILD_PATH, Redactor, child_command, kill_group};

use super::error::QmdError;
use super::output::printable;
use super::run::{QmdCall, QmdRunner};

/// Fifty results with whole documents would be a tenth of this.
const MAX_STDOUT_BYTES: usize = 4 * 1024 * 1024;
/// Progress of a long update; only the end is of interest.
const MAX_STDERR_BYTES: usize = 16 * 1024 * 1024;
/// Characters of what a failed run printed that are kept for its message.
const MAX_SAID_CHARS: usize = 300;
/// How often a program that is just being written by an installer is tried again.
const MAX_BUSY_TRIES: usize = 20;
/// Between these tries, and between looks at a child that closed its output and has not ended yet.
const MOMENT: Duration = Duration::from_millis(10);

/// The real program.
pub struct QmdProgram {
    /// Its path, or a name that is looked up in the system's folders.
    pub command: String,
    /// The folder it runs in.
    pub directory: PathBuf,
    /// The agent's own folder of `qmd`; its settings and index go below it.
    pub home: PathBuf,
    /// Hides secrets in what it prints.
    pub redactor: Arc<Redactor>,
}

impl QmdRunner for QmdProgram {
    fn run(&self, call: QmdCall) -> BoxFuture<'static, Result<String, QmdError>> {
        let mut command = child_command(&self.command);
        command.current_dir(&self.directory).args(&call.arguments);
        command.env("PATH", search_path(&self.command));
        command.env("XDG_CONFIG_HOME", config_home(&self.home));
        command.env("XDG_CACHE_HOME", cache_home(&self.home));
        command.env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        let (name, redactor) = (self.command.clone(), Arc::clone(&self.redactor));
        async move {
            let (sender, events) = channel();
            // Dropped with this future, which ends the run.
            let _until_dropped = Cancel(sender.clone());
            let work = move || Run { name, redactor, call, sender }.whole(command, &events);
            let done = tokio::task::spawn_blocking(work).await;
            done.unwrap_or_else(|gone| {
                let source = io::Error::other(gone);
                Err(QmdError::Run { command: "qmd".into(), source })
            })
        }
        .boxed()
    }

    fn look(&self) -> Result<(), QmdError> {
        let is_program = |path: &Path| {
            let found = std::fs::metadata(path);
            found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        };
        let is_there = if self.command.contains('/') {
            is_program(&self.directory.join(&self.command))
        } else {
            std::env::split_paths(CHILD_PATH).any(|folder| is_program(&folder.join(&self.command)))
        };
        if is_there { Ok(()) } else { Err(QmdError::Missing { command: self.command.clone() }) }
    }
}

/// Where the program keeps its settings.
pub(super) fn config_home(home: &Path) -> PathBuf {
    home.join("xdg-config")
}

/// Where the program keeps its index and its models.
pub(super) fn cache_home(home: &Path) -> PathBuf {
    home.join("xdg-cache")
}

/// The system's folders, and before them the program's own: `qmd` is a script for the `node` or `bun` beside it. Who may
/// write there can replace the program itself, so that this trusts nobody new.
fn search_path(command: &str) -> std::ffi::OsString {
    let own = Path::new(command).parent().filter(|own| own.is_absolute());
    let folders = own.map(Path::to_owned).into_iter().chain(std::env::split_paths(CHILD_PATH));
    std::env::join_paths(folders).unwrap_or_else(|_colon| CHILD_PATH.into())
}

/// What happens during a run.
enum Event {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    TooMuch { max_bytes: usize },
    Cancelled,
}

/// Ends the run when nobody waits for it any more.
struct Cancel(Sender<Event>);

impl Drop for Cancel {
    fn drop(&mut self) {
        // A run that is over has nobody to tell.
        self.0.send(Event::Cancelled).ok();
    }
}

struct Run {
    name: String,
    redactor: Arc<Redactor>,
    call: QmdCall,
    sender: Sender<Event>,
}

impl Run {
    fn whole(self, command: Command, events: &Receiver<Event>) -> Result<String, QmdError> {
        let deadline = Instant::now() + self.call.limit;
        let mut child = self.start(command)?;
        match self.follow(&mut child, events, deadline) {
            Ok(text) => Ok(text),
            Err(error) => {
                kill_group(&mut child);
                Err(error)
            }
        }
    }

    /// Starts the child; one that somebody is still writing is a program being installed, and is waited for.
    fn start(&self, mut command: Command) -> Result<Child, QmdError> {
        let mut tries = 0;
        loop {
            match command.spawn() {
                Ok(child) => return Ok(child),
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < MAX_BUSY_TRIES => {
                    tries += 1;
                    std::thread::sleep(MOMENT);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(QmdError::Missing { command: self.name.clone() });
                }
                Err(source) => return Err(self.broken(source)),
            }
        }
    }

    /// Reads until both outputs are closed, and waits for the end.
    fn follow(
        &self,
        child: &mut Child,
        events: &Receiver<Event>,
        deadline: Instant,
    ) -> Result<String, QmdError> {
        if let Some(pipe) = child.stdout.take() {
            self.read(pipe, MAX_STDOUT_BYTES, Event::Stdout)?;
        }
        if let Some(pipe) = child.stderr.take() {
            self.read(pipe, MAX_STDERR_BYTES, Event::Stderr)?;
        }
        let (mut stdout, mut stderr) = (None, None);
        while stdout.is_none() || stderr.is_none() {
            match self.next(events, deadline)? {
                Event::Stdout(bytes) => stdout = Some(bytes),
                Event::Stderr(bytes) => stderr = Some(bytes),
                Event::TooMuch { max_bytes } => {
                    return Err(QmdError::TooMuch { task: self.call.task, max_bytes });
                }
                Event::Cancelled => return Err(self.broken(io::ErrorKind::Interrupted.into())),
            }
        }
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|source| self.broken(source))? {
                break status;
            }
            match self.next(events, deadline.min(Instant::now() + MOMENT)) {
                Err(timeout) if Instant::now() >= deadline => return Err(timeout),
                Ok(Event::Cancelled) => return Err(self.broken(io::ErrorKind::Interrupted.into())),
                Ok(Event::Stdout(_) | Event::Stderr(_) | Event::TooMuch { .. }) | Err(_) => {}
            }
        };
        let stdout = String::from_utf8_lossy(&stdout.unwrap_or_default()).into_owned();
        if status.success() {
            return Ok(stdout);
        }
        let stderr = String::from_utf8_lossy(&stderr.unwrap_or_default()).into_owned();
        let said = self.last_words(&stderr, &stdout);
        tracing::debug!(task = self.call.task, code = ?status.code(), signal = ?status.signal(), %said, "qmd failed");
        Err(QmdError::Failed { task: self.call.task, status, said })
    }

    fn next(&self, events: &Receiver<Event>, deadline: Instant) -> Result<Event, QmdError> {
        match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(event) => Ok(event),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(QmdError::Timeout { task: self.call.task, limit: self.call.limit })
            }
        }
    }

    /// Reads a pipe to its end on a thread of its own.
    fn read(
        &self,
        pipe: impl Read + Send + 'static,
        max_bytes: usize,
        done: fn(Vec<u8>) -> Event,
    ) -> Result<(), QmdError> {
        let sender = self.sender.clone();
        let work = move || {
            let mut bytes = Vec::new();
            // What was read before a fault is what there is.
            pipe.take(max_bytes as u64 + 1).read_to_end(&mut bytes).ok();
            let event = if bytes.len() > max_bytes { Event::TooMuch { max_bytes } } else { done(bytes) };
            // A run that was given up has nobody to tell.
            sender.send(event).ok();
        };
        let spawned = std::thread::Builder::new().name("qmd-read".into()).spawn(work);
        spawned.map(drop).map_err(|source| self.broken(source))
    }

    fn broken(&self, source: io::Error) -> QmdError {
        QmdError::Run { command: self.name.clone(), source }
    }

    /// The end of what it printed, on one line.
    fn last_words(&self, stderr: &str, stdout: &str) -> String {
        let text = if stderr.trim().is_empty() { stdout } else { stderr };
        let text = printable(text);
        let skip = text.chars().count().saturating_sub(MAX_SAID_CHARS);
        let text: String = text.chars().skip(skip).collect();
        if text.is_empty() { "it said nothing".into() } else { self.redactor.redact(&text).into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::search_path;
    use openclaw_guard::CHILD_PATH;

    #[test]
    fn the_folder_of_the_program_is_searched_first() {
        let own = search_path("/home/me/.bun/bin/qmd");
        assert_eq!(own.to_string_lossy(), format!("/home/me/.bun/bin:{CHILD_PATH}"));
        assert_eq!(search_path("qmd").to_string_lossy(), CHILD_PATH);
        // A workspace must not get in by a relative path.
        assert_eq!(search_path("bin/qmd").to_string_lossy(), CHILD_PATH);
    }
}
