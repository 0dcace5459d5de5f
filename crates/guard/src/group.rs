//! The processes that a child has started, as far as they can be found.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// A process group that may be killed until its leader is reaped; afterwards its number may be somebody else's.
#[derive(Clone)]
pub(crate) struct ProcessGroup(Arc<Mutex<Option<Pid>>>);

impl ProcessGroup {
    /// The group that a child of [`crate::child_command`] leads.
    pub(crate) fn of(child: &Child) -> Self {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Self(Arc::new(Mutex::new(pid)))
    }

    /// Kills every process of the group, at once and for certain, and those that left it and still descend from its
    /// leader. That is looked up where the system has `/proc`, in a few milliseconds.
    pub(crate) fn kill(&self) {
        let group = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(leader) = *group else { return };
        let left = tree::stop_descendants(leader);
        // Nothing is left to kill, or it now belongs to another user and is out of reach.
        kill_process_group(leader, Signal::KILL).ok();
        left.kill();
    }

    /// Waits for the leader, kills the rest, and only then reaps the leader.
    pub(crate) fn wait(&self, mut child: Child) -> io::Result<ExitStatus> {
        let leader = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = leader {
            while let Err(error) = waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            {
                if error != rustix::io::Errno::INTR {
                    return Err(error.into());
                }
            }
            // Nobody descends from it any more: those it left behind have been given to others.
            kill_process_group(leader, Signal::KILL).ok();
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        child.wait()
    }
}

#[cfg(target_os = "linux")]
mod tree {
    use std::collections::BTreeSet;
    use std::os::fd::OwnedFd;

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    /// Looks at the system's processes before those that appear in between are let go.
    const MAX_LOOKS: usize = 8;

    /// Processes that are stopped and about to be killed.
    pub(super) struct Stopped(Vec<OwnedFd>);

    impl Stopped {
        pub(super) fn kill(&self) {
            // One that has ended meanwhile needs no killing.
            self.0.iter().for_each(|process| pidfd_send_signal(process, Signal::KILL).unwrap_or_default());
        }
    }

    /// One row of the process table.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    struct Process {
        pid: i32,
        parent: i32,
        /// Together with the number this names a process for good.
        started: u64,
    }

    /// Stops everything that descends from a process, so that it starts nothing more while it is looked for.
    pub(super) fn stop_descendants(leader: Pid) -> Stopped {
        let (mut known, mut handles) = (BTreeSet::new(), Vec::new());
        for _ in 0..MAX_LOOKS {
            let fresh: Vec<Process> =
                descendants(leader.as_raw_pid()).into_iter().filter(|it| known.insert(*it)).collect();
            if fresh.is_empty() {
                break;
            }
            handles.extend(fresh.into_iter().filter_map(|process| stop(&process)));
        }
        Stopped(handles)
    }

    /// A handle is of one process, whoever gets its number later.
    fn stop(process: &Process) -> Option<OwnedFd> {
        let handle = pidfd_open(Pid::from_raw(process.pid)?, PidfdFlags::empty()).ok()?;
        let is_same = look_at(process.pid).is_some_and(|now| now.started == process.started);
        (is_same && pidfd_send_signal(&handle, Signal::STOP).is_ok()).then_some(handle)
    }

    fn descendants(leader: i32) -> Vec<Process> {
        let names = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = names.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let all: Vec<Process> = pids.filter_map(look_at).collect();
        let (mut found, mut parents) = (Vec::new(), vec![leader]);
        while let Some(parent) = parents.pop() {
            for process in all.iter().filter(|process| process.parent == parent) {
                parents.push(process.pid);
                found.push(*process);
            }
        }
        found
    }

    /// `/proc/PID/stat`: after the name in brackets, which may hold anything, come the state and the parent; the start
    /// is the 22nd field of all (proc_pid_stat(5)).
    fn look_at(pid: i32) -> Option<Process> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let started = fields.nth(17)?.parse().ok()?;
        Some(Process { pid, parent, started })
    }
}

#[cfg(not(target_os = "linux"))]
mod tree {
    use rustix::process::Pid;

    /// Without `/proc` only the group is found.
    pub(super) struct Stopped;

    impl Stopped {
        #[allow(clippy::unused_self, reason = "the other half of this module has something to kill")]
        pub(super) fn kill(&self) {}
    }

    pub(super) fn stop_descendants(_leader: Pid) -> Stopped {
        Stopped
    }
}
