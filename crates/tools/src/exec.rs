//! `exec`: a shell command in the workspace.
//!
//! The command gets the allow-listed environment of [`child_command`] (S-068), no input, and a process group of its own. The
//! whole group is killed when the command ends, runs into its limit, or nobody waits for it any more, so that nothing
//! it started outlives the call.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_guard::{Root, RootError, child_command};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde_json::json;
use tokio::sync::oneshot;

use crate::arguments::{Arguments, param};
use crate::blocking::blocking;
use crate::error::ToolError;
use crate::spec::{Need, Param, ParamKind, ToolSpec};
use crate::tool::{Tool, ToolCall, ToolContext, ToolOutcome, outcome};

/// Longest a command may run, and how long it may when the model does not say: OpenClaw's default.
const MAX_SECONDS: u64 = 1_800;
/// The end of the output that is kept: where errors and summaries are.
const MAX_OUTPUT_BYTES: usize = 200 * 1024;
/// The system refuses longer arguments (`MAX_ARG_STRLEN` on Linux).
const MAX_COMMAND_BYTES: usize = 128 * 1024 - 1;
/// The system's own bound of a path.
const MAX_PATH_BYTES: usize = 4096;
/// After the group is dead, somebody who left it may still hold the pipe; their output is not waited for.
const DRAIN: Duration = Duration::from_millis(500);
/// Time for the last words of a command that ran into its limit, before the executor's own limit.
const GRACE: Duration = Duration::from_secs(5);

static PARAMS: [Param; 3] = [
    param(
        "command",
        ParamKind::Text { max_bytes: MAX_COMMAND_BYTES },
        Need::Required,
        "What to run, for /bin/sh",
    ),
    param(
        "workdir",
        ParamKind::Text { max_bytes: MAX_PATH_BYTES },
        Need::Optional,
        "Folder in the workspace to run it in; the workspace itself when absent",
    ),
    param(
        "timeout",
        ParamKind::Integer { min: 1, max: MAX_SECONDS },
        Need::Optional,
        "Seconds after which it is stopped; 1800 when absent",
    ),
];

static SPEC: ToolSpec = ToolSpec {
    name: "exec",
    description: "Run a shell command in the workspace and show what it printed and its exit code. It has no input \
                  and no terminal. Everything it started is stopped when it ends.",
    params: &PARAMS,
    label: Some("command"),
    timeout: Duration::from_secs(MAX_SECONDS + GRACE.as_secs()),
};

/// Runs shell commands.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExecTool;

impl Tool for ExecTool {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn run(&self, call: ToolCall, cx: ToolContext) -> BoxFuture<'_, ToolOutcome> {
        async move { outcome(&SPEC, exec(&call, &cx).await) }.boxed()
    }
}

async fn exec(call: &ToolCall, cx: &ToolContext) -> Result<ToolOutcome, ToolError> {
    let arguments = Arguments::check(&SPEC, &call.arguments)?;
    let command = arguments.required_text("command")?.to_owned();
    let workdir = arguments.text("workdir")?.unwrap_or(".").to_owned();
    let limit = Duration::from_secs(arguments.integer("timeout")?.unwrap_or(MAX_SECONDS));
    let workspace = Arc::clone(&cx.workspace);
    let mut running = blocking(move || Running::start(&workspace, &command, &workdir)).await?;
    let status = tokio::select! {
        biased;
        () = cx.abort.cancelled() => return Err(ToolError::Aborted),
        status = &mut running.ended => status,
        () = tokio::time::sleep(limit) => {
            running.group.kill();
            return Err(ToolError::CommandTimeout { limit, output: running.output.last_words().await });
        }
    };
    let fail = |source| ToolError::Command { action: "wait for", source };
    let status = status.unwrap_or_else(|_gone| Err(io::ErrorKind::BrokenPipe.into())).map_err(fail)?;
    Ok(report(&running.output.last_words().await, status))
}

/// The output, and how it ended unless that was well.
fn report(output: &str, status: ExitStatus) -> ToolOutcome {
    let end = match status.code() {
        Some(0) => None,
        Some(code) => Some(format!("[exit code {code}]")),
        None => Some(format!("[{status}]")),
    };
    let body = if output.is_empty() { "(no output)" } else { output.trim_end_matches('\n') };
    let text = end.map_or_else(|| body.to_owned(), |end| format!("{body}\n\n{end}"));
    let details = json!({ "status": "completed", "exitCode": status.code() });
    ToolOutcome { details: Some(details), ..ToolOutcome::text(text) }
}

/// A command that was started. Dropping it kills its group.
struct Running {
    group: Group,
    ended: oneshot::Receiver<io::Result<ExitStatus>>,
    output: Output,
}

impl Running {
    fn start(root: &Root, command: &str, workdir: &str) -> Result<Self, ToolError> {
        let fail = |action| move |source| ToolError::Command { action, source };
        let directory = directory(root, workdir)?;
        let (reader, writer) = io::pipe().map_err(fail("make a pipe for"))?;
        let mut shell = child_command("/bin/sh");
        shell.arg("-c").arg(command).current_dir(directory);
        shell.stdout(writer.try_clone().map_err(fail("make a pipe for"))?).stderr(writer);
        let child = shell.spawn().map_err(fail("start"))?;
        // The gateway's own ends of the pipe go with the description of the command: else it would never end.
        drop(shell);
        let group = Group::of(&child);
        let watched = Output::collect(reader).and_then(|output| Ok((output, watch(child, group.clone())?)));
        match watched {
            Ok((output, ended)) => Ok(Self { group, ended, output }),
            Err(source) => {
                group.kill();
                Err(ToolError::Command { action: "watch", source })
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.group.kill();
    }
}

/// The directory to run in: beneath the workspace, reached through no link.
fn directory(root: &Root, workdir: &str) -> Result<std::path::PathBuf, RootError> {
    let below = root.relative(Path::new(workdir))?;
    // Listing nothing of it opens it, with all checks.
    root.walk(&below, |_, _| false, 0)?;
    Ok(root.path().join(below))
}

/// A process group that may be killed until its leader is reaped; afterwards its number may be somebody else's.
#[derive(Clone)]
struct Group(Arc<Mutex<Option<Pid>>>);

impl Group {
    fn of(child: &Child) -> Self {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Self(Arc::new(Mutex::new(pid)))
    }

    /// Kills every process of the group, at once and for certain.
    fn kill(&self) {
        let group = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = *group
            && let Err(error) = kill_process_group(leader, Signal::KILL)
        {
            // Nothing is left to kill, or it now belongs to another user and is out of reach.
            tracing::debug!(%error, "process group not killed");
        }
    }

    /// Waits for the leader, kills the rest, and only then reaps the leader.
    fn wait(&self, mut child: Child) -> io::Result<ExitStatus> {
        let leader = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = leader {
            while let Err(error) = waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            {
                if error != rustix::io::Errno::INTR {
                    return Err(error.into());
                }
            }
        }
        self.kill();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        child.wait()
    }
}

/// Waits for the end of a command on a thread of its own.
fn watch(child: Child, group: Group) -> io::Result<oneshot::Receiver<io::Result<ExitStatus>>> {
    let (sender, ended) = oneshot::channel();
    std::thread::Builder::new().name("exec-wait".into()).spawn(move || {
        // Nobody listens any more after a limit or an abort; the child is reaped all the same.
        drop(sender.send(group.wait(child)));
    })?;
    Ok(ended)
}

/// What a command printed, as far as it is kept.
struct Output {
    tail: Arc<Mutex<Tail>>,
    complete: oneshot::Receiver<()>,
}

impl Output {
    /// Reads the pipe on a thread of its own until every writer is gone.
    fn collect(mut pipe: io::PipeReader) -> io::Result<Self> {
        let tail = Arc::new(Mutex::new(Tail::default()));
        let (sender, complete) = oneshot::channel();
        let collected = Arc::clone(&tail);
        std::thread::Builder::new().name("exec-read".into()).spawn(move || {
            let mut buffer = [0_u8; 8 * 1024];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                collected.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..count]);
            }
            // The command may have been given up meanwhile.
            sender.send(()).ok();
        })?;
        Ok(Self { tail, complete })
    }

    /// The text so far, after a short wait for what is still in the pipe.
    async fn last_words(&mut self) -> String {
        // Either way what was read by then is the output.
        drop(tokio::time::timeout(DRAIN, &mut self.complete).await);
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).text()
    }
}

/// The last [`MAX_OUTPUT_BYTES`] of a stream.
#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    dropped: u64,
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Cutting only when twice as much is there keeps the cost of moving bytes constant for each byte.
        if self.bytes.len() > 2 * MAX_OUTPUT_BYTES {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let excess = self.bytes.len().saturating_sub(MAX_OUTPUT_BYTES);
        self.bytes.drain(..excess);
        self.dropped += excess as u64;
    }

    fn text(&mut self) -> String {
        self.cut();
        let text = String::from_utf8_lossy(&self.bytes);
        match self.dropped {
            0 => text.into_owned(),
            dropped => format!("[the first {dropped} bytes are not shown]\n{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_OUTPUT_BYTES, Tail};

    #[test]
    fn the_tail_keeps_the_end_and_says_what_is_gone() {
        let mut tail = Tail::default();
        for _ in 0..100 {
            tail.push(&[b'a'; 8 * 1024]);
        }
        tail.push(b"end");
        let text = tail.text();
        assert!(text.ends_with("aend") && text.len() < MAX_OUTPUT_BYTES + 100);
        let dropped = 100 * 8 * 1024 + 3 - MAX_OUTPUT_BYTES;
        assert!(text.starts_with(&format!("[the first {dropped} bytes are not shown]\n")));
    }
}
