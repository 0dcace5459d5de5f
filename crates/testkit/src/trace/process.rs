//! A traced program, as tests hold it.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::engine::{Engine, Shared};
use super::plan::Plan;
use super::{Step, StepKind};
use crate::home::TempHome;

/// Says that this machine does not trace, and that the tests know: they pass without having looked.
pub const NOT_TRACED: &str = "OPENCLAW_NO_PTRACE";

/// The child stops itself, so that it can be seized before it does anything: what happens between fork and exec cannot
/// be written without unsafe code.
const STOP_FIRST: &str = "kill -STOP $$; exec \"$0\" \"$@\"";

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

impl End {
    /// Killed, as plans do it.
    #[must_use]
    pub fn is_kill(self) -> bool {
        self == Self::Signal(Signal::SIGKILL as i32)
    }
}

/// A program under `ptrace`. Dropping it kills the program and what it started.
pub struct Traced {
    pid: Pid,
    shared: Arc<Shared>,
    ended: Arc<Ended>,
    thread: Option<JoinHandle<()>>,
    output: TempDir,
}

/// How the program ended, once it has.
#[derive(Default)]
struct Ended {
    end: Mutex<Option<End>>,
    changed: Condvar,
}

impl Ended {
    fn get(&self) -> Option<End> {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, end: End) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
        self.changed.notify_all();
    }
}

impl Traced {
    /// Runs `<binary> <args>` in a home and watches its state directory; the program is running when this returns.
    ///
    /// # Panics
    /// When there is no such program, or the system does not let one process trace another: a test that cannot look
    /// must not pass. [`is_allowed`] is what asks first.
    #[must_use]
    pub fn start(binary: &Path, home: &TempHome, args: &[&str], plan: Plan) -> Self {
        let output = tempfile::Builder::new().prefix("openclaw-output-").tempdir().expect("a directory");
        let file = |name| File::create(output.path().join(name)).expect("a file");
        #[allow(
            clippy::disallowed_methods,
            reason = "a test tool with a cleared environment; there are no secrets to inherit"
        )]
        let mut command = Command::new("/bin/sh");
        command.args(["-c", STOP_FIRST]).arg(binary).args(args);
        command.env_clear().envs(home.env()).current_dir(home.path());
        command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
        std::fs::metadata(binary).unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        // Links on the way would make the names in the kernel other than ours.
        let folder = home.path().canonicalize().expect("a home").join(".openclaw");
        let shared = Arc::new(Shared::new(plan));
        let ended = Arc::new(Ended::default());
        let (sender, seized) = mpsc::channel();
        let theirs = (Arc::clone(&shared), Arc::clone(&ended));
        let thread = std::thread::Builder::new().name("tracer".into()).spawn(move || {
            let (shared, ended) = theirs;
            trace(command, &sender, |pid| Engine::seize(pid, folder, shared), |end| ended.set(end));
        });
        let thread = Some(thread.expect("a thread"));
        let pid = wait_for_seizure(&seized);
        Self { pid, shared, ended, thread, output }
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid.as_raw().cast_unsigned()
    }

    /// From now on this is to happen.
    pub fn plan(&self, plan: Plan) {
        self.shared.with(|watch| watch.plan = plan);
    }

    /// From now on this is to happen, with steps counted from the next one, which is 1.
    pub fn plan_ahead(&self, plan: Plan) {
        self.shared.with(|watch| {
            let move_on = |number: usize| number.saturating_add(watch.count);
            watch.plan = Plan { from: move_on(plan.from), until: move_on(plan.until), ..plan };
        });
    }

    /// Steps so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.with(|watch| watch.count)
    }

    /// Steps so far that a plan did something to.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.shared.with(|watch| watch.hits)
    }

    /// Steps so far, by what they do.
    #[must_use]
    pub fn kinds(&self) -> Vec<(StepKind, usize)> {
        self.shared.with(|watch| watch.kinds.iter().map(|(kind, count)| (*kind, *count)).collect())
    }

    /// The steps so far; of very many, the last.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        self.shared.with(|watch| watch.steps.iter().cloned().collect())
    }

    /// The last steps, a line each, for messages.
    #[must_use]
    pub fn describe_last(&self, count: usize) -> String {
        let steps = self.steps();
        let from = steps.len().saturating_sub(count);
        steps.iter().skip(from).map(|step| format!("{step}\n")).collect()
    }

    /// Sends a signal. One that has ended does not mind.
    pub fn signal(&self, signal: rustix::process::Signal) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.pid.as_raw())
            && self.end().is_none()
        {
            // It may end at this moment.
            rustix::process::kill_process(pid, signal).ok();
        }
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.ended.get()
    }

    /// Waits for its end; `None` when it has not ended in time.
    #[must_use]
    pub fn wait_end(&self, within: Duration) -> Option<End> {
        let deadline = Instant::now() + within;
        let mut end = self.ended.end.lock().unwrap_or_else(PoisonError::into_inner);
        while end.is_none() {
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.ended.changed.wait_timeout(end, left);
            (end, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        *end
    }

    /// What it has written to standard output and standard error so far.
    #[must_use]
    pub fn output(&self) -> String {
        let read = |name| std::fs::read(self.output.path().join(name)).expect("the file of the output");
        let text = |name| String::from_utf8_lossy(&read(name)).into_owned();
        format!("{}{}", text("stdout"), text("stderr"))
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        if self.end().is_none() {
            // It may end at this moment.
            kill(self.pid, Signal::SIGKILL).ok();
        }
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has already been printed; a second one while dropping would abort.
            drop(thread.join());
        }
    }
}

/// Starts the child and answers its stops: everything that must happen on one thread.
fn trace(
    mut command: Command,
    seized: &Sender<Result<Pid, Errno>>,
    seize: impl FnOnce(Pid) -> Result<Engine, Errno>,
    ended: impl FnMut(End),
) {
    let mut child = command.spawn().expect("/bin/sh");
    let pid = Pid::from_raw(child.id().cast_signed());
    match seize(pid) {
        Ok(engine) => {
            // The other side waits for exactly this.
            seized.send(Ok(pid)).ok();
            engine.run(ended);
        }
        Err(errno) => {
            child.kill().ok(); // it is stopped, not gone
            child.wait().ok();
            seized.send(Err(errno)).ok();
        }
    }
}

fn wait_for_seizure(seized: &Receiver<Result<Pid, Errno>>) -> Pid {
    match seized.recv().expect("the tracer's word") {
        Ok(pid) => pid,
        Err(errno) => panic!(
            "this system does not let one process trace another (ptrace: {errno}), so nothing can be proved here; \
             allow it (in a container: --cap-add SYS_PTRACE), or say {NOT_TRACED}=1 to do without"
        ),
    }
}

/// Whether to trace: `false` only when [`NOT_TRACED`] is set to `1`. Where tracing is wanted and forbidden,
/// [`Traced::start`] fails the test.
#[must_use]
pub fn is_allowed() -> bool {
    std::env::var_os(NOT_TRACED).is_none_or(|value| value != "1")
}
