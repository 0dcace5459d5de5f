//! Processes beyond a group: by their parents, and by a mark in their environment.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

use crate::group::CHILD_MARK;

/// Looks at the system's processes before those that appear in between are let go.
const MAX_LOOKS: usize = 8;

/// Processes that are stopped and about to be killed.
pub(crate) struct Stopped(Vec<OwnedFd>);

impl Stopped {
    pub(crate) fn kill(&self) {
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

/// Stops everything that descends from a process or has its mark, so that it starts nothing more while it is looked for.
pub(crate) fn stop_all(leader: Pid, mark: &str) -> Stopped {
    stop_each(|| {
        let mut found = descendants(leader.as_raw_pid());
        found.extend(marked(|theirs| theirs == mark).filter(|process| process.pid != leader.as_raw_pid()));
        found
    })
}

/// Stops everything whose mark is of a process of this program that is no more.
pub(crate) fn stop_abandoned() -> Stopped {
    let own = getpid().as_raw_pid();
    let is_abandoned = |mark: &str| owner_of(mark).is_some_and(|owner| !owner.lives());
    stop_each(|| marked(is_abandoned).filter(|process| process.pid != own).collect())
}

fn stop_each(find: impl Fn() -> Vec<Process>) -> Stopped {
    let (mut known, mut handles) = (BTreeSet::new(), Vec::new());
    for _ in 0..MAX_LOOKS {
        let fresh: Vec<Process> = find().into_iter().filter(|it| known.insert(*it)).collect();
        if fresh.is_empty() {
            break;
        }
        handles.extend(fresh.into_iter().filter_map(|process| stop(&process)));
    }
    Stopped(handles)
}

/// The beginning of the marks that this process gives: which process it is, for those that come after it. Processes of
/// other containers have numbers of their own, so the container is a part of it.
pub(crate) fn owner_mark() -> &'static str {
    static OWN: OnceLock<String> = OnceLock::new();
    OWN.get_or_init(|| {
        let pid = getpid().as_raw_pid();
        let started = look_at(pid).map_or(0, |process| process.started);
        format!("{}-{pid}-{started}", container())
    })
}

/// The number space that process numbers of this process are from.
fn container() -> String {
    let link = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().chars().filter(char::is_ascii_digit).collect()
}

/// The process that gave a mark; nothing where it was in another container.
fn owner_of(mark: &str) -> Option<Owner> {
    let mut parts = mark.split('-');
    let (container_of, pid, started) = (parts.next()?, parts.next()?, parts.next()?);
    let is_here = !container_of.is_empty() && container_of == container();
    let (pid, started) = (pid.parse().ok()?, started.parse().ok()?);
    (is_here && started > 0).then_some(Owner { pid, started })
}

/// A process that gives marks.
struct Owner {
    pid: i32,
    started: u64,
}

impl Owner {
    fn lives(&self) -> bool {
        look_at(self.pid).is_some_and(|process| process.started == self.started)
    }
}

/// The processes of this user with such a mark.
fn marked(fits: impl Fn(&str) -> bool) -> impl Iterator<Item = Process> {
    let prefix = format!("{CHILD_MARK}=");
    let has_mark = move |pid: i32| {
        // Those of other users cannot be looked at.
        let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else { return false };
        let mut variables =
            environment.split(|byte| *byte == 0).filter_map(|it| std::str::from_utf8(it).ok());
        variables.any(|variable| variable.strip_prefix(&prefix).is_some_and(&fits))
    };
    pids().filter(move |pid| has_mark(*pid)).filter_map(look_at)
}

fn pids() -> impl Iterator<Item = i32> {
    let names = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    names.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A handle is of one process, whoever gets its number later.
fn stop(process: &Process) -> Option<OwnedFd> {
    let handle = pidfd_open(Pid::from_raw(process.pid)?, PidfdFlags::empty()).ok()?;
    let is_same = look_at(process.pid).is_some_and(|now| now.started == process.started);
    (is_same && pidfd_send_signal(&handle, Signal::STOP).is_ok()).then_some(handle)
}

fn descendants(leader: i32) -> Vec<Process> {
    let all: Vec<Process> = pids().filter_map(look_at).collect();
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
