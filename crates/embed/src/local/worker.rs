//! One run of the program `openclaw-local`.

use std::io::{self, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use openclaw_guard::{child_command, kill_group};

use super::program::Program;
use super::protocol::{Reply, Request, WireError, next_message, to_line};

/// How often, and how many times, a program whose output has ended is given time to end itself.
const LOOK: Duration = Duration::from_millis(20);
const MAX_LOOKS: u32 = 50;

/// What comes from the program.
pub(super) enum Said {
    /// A message.
    Reply(Reply),
    /// Something else.
    Nonsense(WireError),
    /// Nothing more.
    Ended,
}

/// A running program; dropped, it is gone.
pub(super) struct Worker {
    child: Child,
    lines: SyncSender<Vec<u8>>,
    is_reaped: bool,
}

impl Worker {
    /// Starts it; `hear` is called on another thread.
    pub(super) fn start(
        program: &Program,
        model: &Path,
        hear: impl Fn(Said) + Send + 'static,
    ) -> io::Result<Self> {
        let mut command = child_command(&program.0);
        // What llama.cpp reports when it crashes is for its makers.
        command.arg(model).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let (lines, waiting) = sync_channel::<Vec<u8>>(1);
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let worker = Self { child, lines, is_reaped: false };
        let (Some(mut input), Some(output)) = (input, output) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        // A program that does not read must not stop whoever writes.
        spawn("local-writer", move || {
            while let Ok(line) = waiting.recv() {
                // The reader hears of the end.
                if input.write_all(&line).is_err() {
                    break;
                }
            }
        })?;
        spawn("local-reader", move || {
            let mut output = BufReader::new(output);
            loop {
                match next_message(&mut output) {
                    Ok(Some(reply)) => hear(Said::Reply(reply)),
                    Ok(None) | Err(WireError::Pipe(_)) => return hear(Said::Ended),
                    Err(error) => return hear(Said::Nonsense(error)),
                }
            }
        })?;
        Ok(worker)
    }

    /// Sends a request.
    pub(super) fn send(&self, request: &Request) -> Result<(), WireError> {
        let line = to_line(request)?;
        self.lines.try_send(line).map_err(|_| WireError::Pipe(io::ErrorKind::BrokenPipe.into()))
    }

    /// How it ended, after its output did.
    pub(super) fn end(mut self) -> Option<ExitStatus> {
        for _ in 0..MAX_LOOKS {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    self.is_reaped = true;
                    return Some(status);
                }
                Ok(None) => std::thread::sleep(LOOK),
                Err(_) => return None,
            }
        }
        None
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.is_reaped {
            kill_group(&mut self.child);
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // Both threads end with the program.
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}
