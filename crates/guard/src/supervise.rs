//! A child that is watched by threads of its own, and that is never left behind.

use std::io::{self, Read, Write as _};
use std::ops::ControlFlow;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::group::ProcessGroup;

/// After everything it started is dead, somebody who was not found may still hold the pipe; their output is not waited for.
const DRAIN: Duration = Duration::from_millis(500);
/// More pieces than what can be in a pipe; the rest is of somebody who was not found, and prints on.
const MAX_LAST_PIECES: u64 = 1_024;
/// How often a program that is just being written by an installer is tried again.
const MAX_BUSY_TRIES: usize = 20;
/// Between these tries.
const MOMENT: Duration = Duration::from_millis(10);

/// What a child does.
#[derive(Debug)]
pub enum ChildEvent<'a> {
    /// It printed this.
    Stdout(&'a [u8]),
    /// It printed this to its other output.
    Stderr(&'a [u8]),
    /// It has ended, everything it started is dead as far as it can be found, and what they printed has been told. Comes
    /// once, and last.
    Ended(io::Result<ExitStatus>),
}

/// Where a child prints to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    /// The two outputs are told apart.
    Apart,
    /// Both are one, in the order in which it prints, and told as [`ChildEvent::Stdout`].
    Together,
}

/// What a child reads.
#[derive(Debug)]
pub enum ChildInput {
    /// Nothing.
    Nothing,
    /// These bytes, and then the end.
    Bytes(Vec<u8>),
}

/// A child that runs. Dropping this kills it with everything it started.
pub struct Supervised {
    group: ProcessGroup,
}

type Tell = dyn Fn(ChildEvent<'_>) -> ControlFlow<()> + Send + Sync;

impl Supervised {
    /// Starts a command that [`crate::child_command`] made, and tells what it does, on threads of its own. Whoever is told
    /// may take its time, which holds the child up; when it breaks off, the rest of an output goes unread and the child
    /// feels that. A program that is being installed at this moment is waited for, so this may block for a moment.
    ///
    /// # Errors
    /// It cannot be started or watched.
    pub fn start(
        mut command: Command,
        (outputs, input): (Outputs, ChildInput),
        tell: impl Fn(ChildEvent<'_>) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let together = match outputs {
            Outputs::Apart => {
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                None
            }
            Outputs::Together => {
                let (reader, writer) = io::pipe()?;
                command.stdout(writer.try_clone()?).stderr(writer);
                Some(reader)
            }
        };
        command.stdin(match &input {
            ChildInput::Nothing => Stdio::null(),
            ChildInput::Bytes(_) => Stdio::piped(),
        });
        let (mut child, group) = ProcessGroup::start(&mut command, spawn)?;
        // This process' own ends of the pipe go with the description of the command: else it would never end.
        drop(command);
        let supervised = Self { group };
        let watch = Watch { tell: Arc::new(tell), readers: Arc::default() };
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // First of all somebody reaps it: from here on a fault only has to drop, which kills.
        let pipes = [together.is_some(), stdout.is_some(), stderr.is_some()];
        watch.readers.lock().open = pipes.into_iter().filter(|is_there| *is_there).count();
        watch.reap(child, supervised.group.clone())?;
        if let Some(pipe) = together {
            watch.read(pipe, |bytes| ChildEvent::Stdout(bytes))?;
        }
        if let Some(pipe) = stdout {
            watch.read(pipe, |bytes| ChildEvent::Stdout(bytes))?;
        }
        if let Some(pipe) = stderr {
            watch.read(pipe, |bytes| ChildEvent::Stderr(bytes))?;
        }
        if let (Some(mut pipe), ChildInput::Bytes(bytes)) = (stdin, input) {
            // A child that does not read to the end has what it wants.
            named("child-write")
                .spawn(move || pipe.write_all(&bytes).and_then(|()| pipe.flush()).is_ok())
                .map(drop)?;
        }
        Ok(supervised)
    }

    /// Kills it with everything it started; its end is told as any other.
    pub fn kill(&self) {
        self.group.kill();
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.group.kill();
    }
}

/// Starts the child; one that somebody is still writing is a program being installed, and is waited for.
fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut tries = 0;
    loop {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < MAX_BUSY_TRIES => {
                tries += 1;
                thread::sleep(MOMENT);
            }
            started => return started,
        }
    }
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}

/// How far the readers are.
#[derive(Default)]
struct Readers {
    state: Mutex<Reading>,
    changed: Condvar,
}

#[derive(Default)]
struct Reading {
    open: usize,
    /// Pieces that were told.
    told: u64,
    /// Readers that are telling at the moment, which may take long.
    telling: usize,
    /// The end was told, and nothing is told after it.
    is_over: bool,
}

impl Readers {
    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: impl FnOnce(&mut Reading)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Whether a reader may tell a piece now.
    fn may_tell(&self) -> bool {
        let mut state = self.lock();
        if !state.is_over {
            state.telling += 1;
            self.changed.notify_all();
        }
        !state.is_over
    }

    /// Returns when all outputs are told, or when those that are still held have brought nothing for long enough or more
    /// than was left in them. Whoever is told may take its time.
    fn wait(&self) {
        let mut state = self.lock();
        let (first, mut idle) = (state.told, Duration::ZERO);
        while state.open > 0 {
            let is_telling = state.telling > 0;
            let is_enough = idle >= DRAIN || state.told - first >= MAX_LAST_PIECES;
            if is_enough && !is_telling {
                break;
            }
            let began = Instant::now();
            let waited = self.changed.wait_timeout(state, DRAIN.saturating_sub(idle).max(MOMENT));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if !is_telling {
                idle += began.elapsed();
            }
        }
        state.is_over = true;
    }
}

struct Watch {
    tell: Arc<Tell>,
    readers: Arc<Readers>,
}

impl Watch {
    fn reap(&self, child: Child, group: ProcessGroup) -> io::Result<()> {
        let (tell, readers) = (Arc::clone(&self.tell), Arc::clone(&self.readers));
        let work = move || {
            let status = group.wait(child);
            readers.wait();
            // Nobody may be listening any more; the child is reaped all the same.
            let (ControlFlow::Continue(()) | ControlFlow::Break(())) = tell(ChildEvent::Ended(status));
        };
        named("child-wait").spawn(work).map(drop)
    }

    fn read(
        &self,
        mut pipe: impl Read + Send + 'static,
        event: fn(&[u8]) -> ChildEvent<'_>,
    ) -> io::Result<()> {
        let (tell, readers) = (Arc::clone(&self.tell), Arc::clone(&self.readers));
        let work = move || {
            let mut buffer = [0_u8; 8 * 1024];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                if !readers.may_tell() {
                    break;
                }
                let flow = tell(event(&buffer[..count]));
                readers.note(|state| {
                    state.telling -= 1;
                    state.told += 1;
                });
                if flow.is_break() {
                    break;
                }
            }
            readers.note(|state| state.open -= 1);
        };
        named("child-read").spawn(work).map(drop).inspect_err(|_| {
            self.readers.note(|state| state.open = state.open.saturating_sub(1));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ChildEvent, ChildInput, Outputs, Supervised};
    use crate::child_command;
    use std::ops::ControlFlow;
    use std::process::Command;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[derive(Debug, PartialEq)]
    enum Seen {
        Out(String),
        Err(String),
        Ended(Option<i32>),
    }

    fn shell(script: &str) -> Command {
        let mut command = child_command("/bin/sh");
        command.arg("-c").arg(script);
        command
    }

    fn start(script: &str, how: (Outputs, ChildInput)) -> (Supervised, Receiver<Seen>) {
        let (sender, seen) = channel();
        let tell = move |event: ChildEvent<'_>| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let seen = match event {
                ChildEvent::Stdout(bytes) => Seen::Out(text(bytes)),
                ChildEvent::Stderr(bytes) => Seen::Err(text(bytes)),
                ChildEvent::Ended(status) => Seen::Ended(status.unwrap().code()),
            };
            if sender.send(seen).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        (Supervised::start(shell(script), how, tell).unwrap(), seen)
    }

    /// Everything up to the end, pieces of one output joined.
    fn whole(seen: &Receiver<Seen>) -> (String, String, Option<i32>) {
        let (mut out, mut err) = (String::new(), String::new());
        loop {
            match seen.recv_timeout(PATIENCE).unwrap() {
                Seen::Out(text) => out.push_str(&text),
                Seen::Err(text) => err.push_str(&text),
                Seen::Ended(code) => return (out, err, code),
            }
        }
    }

    /// Whether a process is there and has not ended.
    fn lives(pid: &str) -> bool {
        let status =
            child_command("sh").args(["-c", &format!("kill -0 {pid} 2>/dev/null")]).status().unwrap();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let is_zombie = stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'));
        status.success() && !is_zombie
    }

    fn wait_until_gone(pid: &str) {
        let until = std::time::Instant::now() + PATIENCE;
        while lives(pid) {
            assert!(std::time::Instant::now() < until, "{pid} lives on");
            std::thread::yield_now();
        }
    }

    #[test]
    fn input_outputs_and_end_are_told() {
        let input = ChildInput::Bytes(b"tea\n".to_vec());
        let (_child, seen) = start("read x; echo got $x; echo no >&2; exit 3", (Outputs::Apart, input));
        assert_eq!(whole(&seen), ("got tea\n".into(), "no\n".into(), Some(3)));
        let (_child, seen) = start("echo a; echo b >&2; echo c", (Outputs::Together, ChildInput::Nothing));
        assert_eq!(whole(&seen), ("a\nb\nc\n".into(), String::new(), Some(0)));
    }

    #[test]
    fn everything_printed_comes_before_the_end() {
        let script =
            "i=0; while [ $i -lt 2000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done";
        let (_child, seen) = start(script, (Outputs::Apart, ChildInput::Nothing));
        assert_eq!(whole(&seen).0.len(), 2000 * 41);
    }

    #[test]
    fn a_big_input_that_nobody_reads_is_no_obstacle() {
        let input = ChildInput::Bytes(vec![b'x'; 4 * 1024 * 1024]);
        let (_child, seen) = start("echo done", (Outputs::Apart, input));
        assert_eq!(whole(&seen).2, Some(0));
    }

    #[test]
    fn dropping_it_kills_what_it_started() {
        let (child, seen) = start("sleep 1000 & echo $!; wait", (Outputs::Apart, ChildInput::Nothing));
        let Seen::Out(pid) = seen.recv_timeout(PATIENCE).unwrap() else { panic!("no number") };
        assert!(lives(pid.trim()));
        drop(child);
        assert_eq!(whole(&seen).2, None, "killed");
        wait_until_gone(pid.trim());
    }

    /// Who makes a session of its own has left the group, and does not get away.
    #[cfg(target_os = "linux")]
    #[test]
    fn who_left_the_group_is_killed_too() {
        let script = "setsid sh -c 'sleep 1000 & echo $!; wait' & wait";
        let (child, seen) = start(script, (Outputs::Apart, ChildInput::Nothing));
        let Seen::Out(pid) = seen.recv_timeout(PATIENCE).unwrap() else { panic!("no number") };
        assert!(lives(pid.trim()));
        child.kill();
        assert_eq!(whole(&seen).2, None);
        wait_until_gone(pid.trim());
    }

    /// Somebody who has left the group, has no parent left, and has written down its number: so far the leader is.
    #[cfg(target_os = "linux")]
    fn stray(file: &std::path::Path, command: &str) -> String {
        let file = file.display();
        format!(
            "(setsid sh -c 'echo $$ > {file}; exec {command}' &); while [ ! -s {file} ]; do :; done; cat {file}"
        )
    }

    /// Neither at a good end nor at a bad one is anybody left behind.
    #[cfg(target_os = "linux")]
    #[test]
    fn who_left_the_group_and_its_parent_is_killed_too() {
        let place = tempfile::tempdir().unwrap();
        let sleeps = "sleep 1000 > /dev/null 2>&1";
        let script = stray(&place.path().join("one"), sleeps);
        let (_child, seen) = start(&script, (Outputs::Apart, ChildInput::Nothing));
        let (pid, _, code) = whole(&seen);
        assert_eq!(code, Some(0));
        assert!(!lives(pid.trim()), "it is gone when the end is told");

        let script = stray(&place.path().join("two"), sleeps) + "; exec sleep 1000";
        let (child, seen) = start(&script, (Outputs::Apart, ChildInput::Nothing));
        let Seen::Out(pid) = seen.recv_timeout(PATIENCE).unwrap() else { panic!("no number") };
        assert!(lives(pid.trim()));
        child.kill();
        assert_eq!(whole(&seen).2, None);
        wait_until_gone(pid.trim());
    }

    /// Who cannot be found may print for ever: that is not waited for.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_output_of_who_cannot_be_found_is_no_obstacle() {
        let place = tempfile::tempdir().unwrap();
        for (name, prints) in
            [("slow", "while :; do echo x; sleep 0.2; done"), ("fast", "while :; do echo x; done")]
        {
            let file = place.path().join(name);
            let hidden = format!("env -u OPENCLAW_CHILD sh -c \"{prints}\"");
            let (_child, seen) = start(&stray(&file, &hidden), (Outputs::Apart, ChildInput::Nothing));
            let until = std::time::Instant::now() + PATIENCE;
            let code = loop {
                match seen.recv_timeout(PATIENCE).unwrap() {
                    Seen::Ended(code) => break code,
                    Seen::Out(_) | Seen::Err(_) => assert!(std::time::Instant::now() < until, "{name}"),
                }
            };
            assert_eq!(code, Some(0));
            let pid = std::fs::read_to_string(&file).unwrap();
            assert!(child_command("kill").args(["-9", pid.trim()]).status().unwrap().success());
            // Nothing came after the end.
            assert_eq!(seen.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected), "{name}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let missing = Supervised::start(
            child_command("/nowhere/at/all"),
            (Outputs::Apart, ChildInput::Nothing),
            |_| ControlFlow::Continue(()),
        );
        assert_eq!(missing.err().map(|error| error.kind()), Some(std::io::ErrorKind::NotFound));
    }
}
