//! The program as a child process: bounded in time and output, and killed with everything it started. `qmd` is a
//! launcher that starts another process, so that killing the one that was started is not enough.

use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_guard::{CHILD_PATH, ChildEvent, ChildInput, Outputs, Redactor, Supervised, child_command};

use super::error::QmdError;
use super::output::printable;
use super::run::{QmdCall, QmdRunner};

/// Fifty results with whole documents would be a tenth of this.
const MAX_STDOUT_BYTES: usize = 4 * 1024 * 1024;
/// Progress of a long update; only the end is of interest.
const MAX_STDERR_BYTES: usize = 16 * 1024 * 1024;
/// Characters of what a failed run printed that are kept for its message.
const MAX_SAID_CHARS: usize = 300;

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
        command.env("NO_COLOR", "1");
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
    Ended(io::Result<ExitStatus>),
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
    /// Runs the program to its end. Leaving early kills it with everything it started.
    fn whole(self, command: Command, events: &Receiver<Event>) -> Result<String, QmdError> {
        let deadline = Instant::now() + self.call.limit;
        let _child = self.start(command)?;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let status = loop {
            match self.next(events, deadline)? {
                Event::Stdout(bytes) => self.keep(&mut stdout, &bytes, MAX_STDOUT_BYTES)?,
                Event::Stderr(bytes) => self.keep(&mut stderr, &bytes, MAX_STDERR_BYTES)?,
                Event::Ended(status) => break status.map_err(|source| self.broken(source))?,
                Event::Cancelled => return Err(self.broken(io::ErrorKind::Interrupted.into())),
            }
        };
        let stdout = String::from_utf8_lossy(&stdout).into_owned();
        if status.success() {
            return Ok(stdout);
        }
        let said = self.last_words(&String::from_utf8_lossy(&stderr), &stdout);
        tracing::debug!(task = self.call.task, code = ?status.code(), signal = ?status.signal(), %said, "qmd failed");
        Err(QmdError::Failed { task: self.call.task, status, said })
    }

    fn start(&self, command: Command) -> Result<Supervised, QmdError> {
        let sender = self.sender.clone();
        let tell = move |event: ChildEvent<'_>| {
            let event = match event {
                ChildEvent::Stdout(bytes) => Event::Stdout(bytes.to_vec()),
                ChildEvent::Stderr(bytes) => Event::Stderr(bytes.to_vec()),
                ChildEvent::Ended(status) => Event::Ended(status),
            };
            // A run that was given up reads no more.
            if sender.send(event).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let started = Supervised::start(command, (Outputs::Apart, ChildInput::Nothing), tell);
        started.map_err(|source| {
            let is_missing = source.kind() == io::ErrorKind::NotFound;
            if is_missing { QmdError::Missing { command: self.name.clone() } } else { self.broken(source) }
        })
    }

    fn keep(&self, kept: &mut Vec<u8>, bytes: &[u8], max_bytes: usize) -> Result<(), QmdError> {
        kept.extend_from_slice(bytes);
        if kept.len() > max_bytes {
            return Err(QmdError::TooMuch { task: self.call.task, max_bytes });
        }
        Ok(())
    }

    fn next(&self, events: &Receiver<Event>, deadline: Instant) -> Result<Event, QmdError> {
        match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(event) => Ok(event),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(QmdError::Timeout { task: self.call.task, limit: self.call.limit })
            }
        }
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
