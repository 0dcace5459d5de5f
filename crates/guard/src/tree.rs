//! Processes beyond a group: by their parents, and by a mark in their environment.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

use crate::group::CHILD_MARK;

/// No process has this number.
const NOBODY: i32 = -1;
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
        found.extend(left_behind(marked(|theirs| theirs == mark).collect(), leader.as_raw_pid()));
        found
    })
}

/// Stops everything whose mark is of a process of this program that is no more.
pub(crate) fn stop_abandoned() -> Stopped {
    let is_abandoned = |mark: &str| owner_of(mark).is_some_and(|owner| !owner.lives());
    stop_each(|| left_behind(marked(is_abandoned).collect(), NOBODY))
}

/// Of marked processes those that whoever began them left behind. A service that was there before passes the mark on to what
/// it starts for its client, and that is the service's: its parent lives, and is neither the leader nor left behind.
fn left_behind(marked: Vec<Process>, leader: i32) -> Vec<Process> {
    let (mut found, mut rest): (Vec<_>, Vec<_>) = marked
        .into_iter()
        .filter(|process| process.pid != leader)
        .partition(|process| process.parent == leader || adopts(process.parent));
    loop {
        let is_below = |process: &Process| found.iter().any(|it: &Process| it.pid == process.parent);
        let (below, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_below);
        if below.is_empty() {
            return found;
        }
        found.extend(below);
        rest = others;
    }
}

/// Whether a process gets the children of those that end: the first one, one outside of the container, or the manager of a
/// user's services.
fn adopts(pid: i32) -> bool {
    let is_manager = || std::fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| name == b"systemd\n");
    pid <= 1 || is_manager()
}

fn stop_each(find: impl Fn() -> Vec<Process>) -> Stopped {
    let (mut known, mut handles) = (BTreeSet::new(), Vec::new());
    let spared = own_line();
    for _ in 0..MAX_LOOKS {
        let found = find().into_iter().filter(|process| !spared.contains(&process.pid));
        let fresh: Vec<Process> = found.filter(|it| known.insert(*it)).collect();
        if fresh.is_empty() {
            break;
        }
        handles.extend(fresh.into_iter().filter_map(|process| stop(&process)));
    }
    Stopped(handles)
}

/// This process and those that it descends from.
fn own_line() -> Vec<i32> {
    let parent_of = |pid: &i32| look_at(*pid).map(|process| process.parent).filter(|parent| *parent > 0);
    std::iter::successors(Some(getpid().as_raw_pid()), parent_of).collect()
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

/// All processes; none where the table is that of another container, whose numbers mean others here.
fn pids() -> impl Iterator<Item = i32> {
    let own = getpid().as_raw_pid().to_string();
    let is_ours = std::fs::read_link("/proc/self").is_ok_and(|link| link.as_os_str() == own.as_str());
    let names = is_ours.then(|| std::fs::read_dir("/proc").ok()).flatten().into_iter().flatten().flatten();
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

#[cfg(test)]
mod tests {
    use super::{NOBODY, Process, left_behind, own_line};
    use rustix::process::getpid;

    #[test]
    fn what_a_living_service_started_for_a_command_is_not_its_own() {
        let own = getpid().as_raw_pid();
        let process = |pid: i32, parent: i32| Process { pid, parent, started: 7 };
        // 900 is the command, 901 its child, 902 left it, 903 is below that; this process stands for a service, which
        // started 904, and that 905.
        let marked = [(900, 1), (901, 900), (902, 1), (903, 902), (904, own), (905, 904)];
        let marked: Vec<Process> = marked.map(|(pid, parent)| process(pid, parent)).into();
        let numbers = |leader| {
            let mut found: Vec<i32> = left_behind(marked.clone(), leader).iter().map(|it| it.pid).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(numbers(900), [901, 902, 903]);
        assert_eq!(numbers(NOBODY), [900, 901, 902, 903]);
        assert!(own_line().starts_with(&[own]) && own_line().len() > 1);
    }
}
