//! `exec`: a shell command in the workspace.
//!
//! The command gets the allow-listed environment of [`child_command`] (S-068), no input, and a process group of its own. The
//! whole group is killed when the command ends, runs into its limit, or nobody waits for it any more, so that nothing
//! it started outlives the call.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_guard::{ChildEvent, ChildInput, Outputs, Root, RootError, Supervised, child_command};
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
/// How long the last output of a killed command is waited for: more than what the supervisor itself waits.
const LAST_WORDS: Duration = Duration::from_secs(2);
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
            return Err(ToolError::CommandTimeout { limit, output: running.last_words().await });
        }
    };
    let fail = |source| ToolError::Command { action: "wait for", source };
    let status = status.unwrap_or_else(|_gone| Err(io::ErrorKind::BrokenPipe.into())).map_err(fail)?;
    Ok(report(&running.output(), status))
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

/// A command that was started. Dropping it kills it with everything it started.
struct Running {
    child: Supervised,
    ended: oneshot::Receiver<io::Result<ExitStatus>>,
    tail: Arc<Mutex<Tail>>,
}

impl Running {
    fn start(root: &Root, command: &str, workdir: &str) -> Result<Self, ToolError> {
        let mut shell = child_command("/bin/sh");
        shell.arg("-c").arg(command).current_dir(directory(root, workdir)?);
        let tail = Arc::new(Mutex::new(Tail::default()));
        let (sender, ended) = oneshot::channel();
        let (collected, sender) = (Arc::clone(&tail), Mutex::new(Some(sender)));
        let tell = move |event: ChildEvent<'_>| {
            match event {
                ChildEvent::Stdout(bytes) | ChildEvent::Stderr(bytes) => {
                    collected.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
                }
                ChildEvent::Ended(status) => {
                    let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).take();
                    // Nobody listens any more after an abort.
                    drop(sender.map(|sender| sender.send(status)));
                }
            }
            ControlFlow::Continue(())
        };
        let child = Supervised::start(shell, (Outputs::Together, ChildInput::Nothing), tell)
            .map_err(|source| ToolError::Command { action: "start", source })?;
        Ok(Self { child, ended, tail })
    }

    /// What it printed.
    fn output(&self) -> String {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    /// Kills it, and returns what it printed until then.
    async fn last_words(mut self) -> String {
        self.child.kill();
        // Either way what was read by then is the output.
        drop(tokio::time::timeout(LAST_WORDS, &mut self.ended).await);
        self.output()
    }
}

/// The directory to run in: beneath the workspace, reached through no link.
fn directory(root: &Root, workdir: &str) -> Result<std::path::PathBuf, RootError> {
    let below = root.relative(Path::new(workdir))?;
    // Listing nothing of it opens it, with all checks.
    root.walk(&below, |_, _| false, 0)?;
    Ok(root.path().join(below))
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
