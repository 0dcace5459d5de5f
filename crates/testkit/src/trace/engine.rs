//! The loop that waits for stops and answers them. It owns all `ptrace` calls: the kernel takes them from one thread only.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::call::{Call, Length, decode};
use super::plan::{Action, Fault, Plan};
use super::process::End;
use super::tracee::changed;
use super::{Step, StepKind};

/// How often sleepers are looked after while a sync is slowed down.
const POLL: Duration = Duration::from_millis(1);
/// Steps remembered for messages; the count goes on.
const MAX_STEPS: usize = 20_000;
/// The number of a call that does not exist: the kernel skips it.
const NO_CALL: u64 = u64::MAX;

/// What the handle and the loop share.
pub(super) struct Shared {
    pub(super) watch: Mutex<Watch>,
}

/// Steps so far, and what is to become of the next.
pub(super) struct Watch {
    pub(super) plan: Plan,
    pub(super) count: usize,
    pub(super) hits: usize,
    pub(super) steps: VecDeque<Step>,
    pub(super) kinds: BTreeMap<StepKind, usize>,
}

impl Shared {
    pub(super) fn new(plan: Plan) -> Self {
        let watch = Watch { plan, count: 0, hits: 0, steps: VecDeque::new(), kinds: BTreeMap::new() };
        Self { watch: Mutex::new(watch) }
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Watch) -> T) -> T {
        look(&mut self.watch.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a thread does at the moment.
#[derive(Default)]
struct Thread {
    in_call: bool,
    /// What is to happen when the call it is in ends.
    at_exit: Option<AtExit>,
}

#[derive(Clone, Copy)]
enum AtExit {
    Kill,
    /// The call was skipped; it fails with this.
    Fail(Errno),
    /// One of these registers was changed; they get their values back.
    Lengths(u64, u64, u64),
}

/// The loop.
pub(super) struct Engine {
    root: Pid,
    folder: PathBuf,
    shared: Arc<Shared>,
    threads: HashMap<Pid, Thread>,
    /// Threads that go on later.
    sleepers: Vec<(Instant, Pid)>,
}

impl Engine {
    /// Takes a child that has stopped itself.
    ///
    /// # Errors
    /// The system does not let one process trace another.
    pub(super) fn seize(root: Pid, folder: PathBuf, shared: Arc<Shared>) -> Result<Self, Errno> {
        waitpid(root, Some(WaitPidFlag::WUNTRACED))?;
        let options = ptrace::Options::PTRACE_O_EXITKILL
            | ptrace::Options::PTRACE_O_TRACESYSGOOD
            | ptrace::Options::PTRACE_O_TRACECLONE
            | ptrace::Options::PTRACE_O_TRACEFORK
            | ptrace::Options::PTRACE_O_TRACEVFORK
            | ptrace::Options::PTRACE_O_TRACEEXEC;
        ptrace::seize(root, options)?;
        kill(root, Signal::SIGCONT)?;
        Ok(Self { root, folder, shared, threads: HashMap::new(), sleepers: Vec::new() })
    }

    /// Runs until the program and everything it started have ended; says how the program did, as soon as it has.
    pub(super) fn run(mut self, mut ended: impl FnMut(End)) {
        loop {
            match self.wait() {
                Ok(WaitStatus::Exited(pid, code)) => self.gone(pid, End::Exit(code), &mut ended),
                Ok(WaitStatus::Signaled(pid, signal, _)) => {
                    self.gone(pid, End::Signal(signal as i32), &mut ended);
                }
                Ok(WaitStatus::StillAlive) => {
                    self.wake();
                    std::thread::sleep(POLL);
                }
                Ok(status) => self.stopped(status),
                Err(Errno::EINTR) => {}
                // Nobody is left.
                Err(_) => return,
            }
        }
    }

    /// The next stop of a thread of ours. Other threads of this process have children of their own.
    fn wait(&self) -> Result<WaitStatus, Errno> {
        let mut flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        if !self.sleepers.is_empty() {
            flags |= WaitPidFlag::WNOHANG;
        }
        waitpid(None, Some(flags))
    }

    fn wake(&mut self) {
        let now = Instant::now();
        let (due, later) = self.sleepers.iter().partition(|(at, _)| *at <= now);
        self.sleepers = later;
        let due: Vec<(Instant, Pid)> = due;
        for (_, pid) in due {
            go_on(pid, None);
        }
    }

    fn gone(&mut self, pid: Pid, end: End, ended: &mut impl FnMut(End)) {
        self.threads.remove(&pid);
        self.sleepers.retain(|(_, sleeper)| *sleeper != pid);
        if pid == self.root {
            ended(end);
        }
    }

    fn stopped(&mut self, status: WaitStatus) {
        match status {
            WaitStatus::PtraceSyscall(pid) => self.at_call(pid),
            WaitStatus::Stopped(pid, signal) => go_on(pid, Some(signal)),
            WaitStatus::PtraceEvent(pid, _, event) => {
                if event == libc::PTRACE_EVENT_EXEC {
                    // Between the two ends of `execve`; a thread that was not the first one changes its id here.
                    self.threads.insert(pid, Thread { in_call: true, at_exit: None });
                }
                // Also a stop of the whole group: it is not kept, the program runs on.
                go_on(pid, None);
            }
            WaitStatus::Exited(..)
            | WaitStatus::Signaled(..)
            | WaitStatus::Continued(_)
            | WaitStatus::StillAlive => {}
        }
    }

    fn at_call(&mut self, pid: Pid) {
        let thread = self.threads.entry(pid).or_default();
        thread.in_call = !thread.in_call;
        if thread.in_call {
            let Some(wake_at) = self.at_entry(pid) else { return go_on(pid, None) };
            self.sleepers.push((wake_at, pid));
            return;
        }
        if let Some(action) = thread.at_exit.take() {
            self.at_exit(pid, action);
        }
        go_on(pid, None);
    }

    /// Decides about a call that is about to happen; returns until when the thread has to wait.
    fn at_entry(&mut self, pid: Pid) -> Option<Instant> {
        // A thread that is gone is seen by the next wait.
        let mut registers = ptrace::getregs(pid).ok()?;
        let arguments = [registers.rdi, registers.rsi, registers.rdx, registers.r10];
        let call = decode(registers.orig_rax.cast_signed(), arguments)?;
        let path = changed(pid, &call, &self.folder)?;
        match self.note(&call, path) {
            Action::Nothing => None,
            Action::KillBefore => {
                registers.orig_rax = NO_CALL;
                ptrace::setregs(pid, registers).ok();
                self.kill();
                None
            }
            Action::KillAfter => self.later(pid, AtExit::Kill),
            Action::Fault(Fault::SlowSync(pause)) => Some(Instant::now() + pause),
            Action::Fault(Fault::Refuse(refusal)) => {
                registers.orig_rax = NO_CALL;
                ptrace::setregs(pid, registers).ok()?;
                self.later(pid, AtExit::Fail(refusal.errno()))
            }
            Action::Fault(Fault::Short) => {
                let (third, fourth, fifth) = (registers.rdx, registers.r10, registers.r8);
                let length = match call.length {
                    Length::Third => &mut registers.rdx,
                    Length::Fourth => &mut registers.r10,
                    Length::Fifth => &mut registers.r8,
                };
                *length = length.div_ceil(2);
                ptrace::setregs(pid, registers).ok()?;
                self.later(pid, AtExit::Lengths(third, fourth, fifth))
            }
        }
    }

    fn later(&mut self, pid: Pid, action: AtExit) -> Option<Instant> {
        self.threads.entry(pid).or_default().at_exit = Some(action);
        None
    }

    fn at_exit(&self, pid: Pid, action: AtExit) {
        let Ok(mut registers) = ptrace::getregs(pid) else { return };
        match action {
            AtExit::Kill => return self.kill(),
            AtExit::Fail(errno) => registers.rax = i64::from(-(errno as i32)).cast_unsigned(),
            AtExit::Lengths(third, fourth, fifth) => {
                (registers.rdx, registers.r10, registers.r8) = (third, fourth, fifth);
            }
        }
        // The thread was killed meanwhile; nobody will see the registers.
        ptrace::setregs(pid, registers).ok();
    }

    fn kill(&self) {
        // It may have ended already.
        kill(self.root, Signal::SIGKILL).ok();
    }

    /// Counts a step and asks the plan.
    fn note(&self, call: &Call, path: PathBuf) -> Action {
        self.shared.with(|watch| {
            watch.count += 1;
            *watch.kinds.entry(call.kind).or_default() += 1;
            let action = watch.plan.action(watch.count, call.kind, &path);
            let fault = match action {
                Action::Nothing => None,
                Action::KillBefore => Some("killed before"),
                Action::KillAfter => Some("killed after"),
                Action::Fault(fault) => Some(fault.name()),
            };
            watch.hits += usize::from(fault.is_some());
            if watch.steps.len() == MAX_STEPS {
                watch.steps.pop_front();
            }
            let (number, kind) = (watch.count, call.kind);
            watch.steps.push_back(Step { number, call: call.name, kind, path, fault });
            action
        })
    }
}

/// Lets a thread run to its next stop.
fn go_on(pid: Pid, signal: Option<Signal>) {
    // It may have been killed while it was stopped.
    ptrace::syscall(pid, signal).ok();
}
