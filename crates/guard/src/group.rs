//! The processes that a child has started, as far as they can be found.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::tree;

/// Names a child and everything that it starts, in their environment: who has left the group and has no parent left is
/// found by it, unless they took it out.
pub const CHILD_MARK: &str = "OPENCLAW_CHILD";
/// Random bytes of a mark.
const MARK_BYTES: usize = 8;

/// The groups of this process that may be alive.
static GROUPS: RwLock<Groups> = RwLock::new(Groups { all: Mutex::new(Vec::new()), is_over: false });

struct Groups {
    all: Mutex<Vec<Weak<Group>>>,
    /// Nothing is started any more.
    is_over: bool,
}

/// A process group that may be killed until its leader is reaped; afterwards its number may be somebody else's.
#[derive(Clone)]
pub(crate) struct ProcessGroup(Arc<Group>);

struct Group {
    leader: Mutex<Option<Pid>>,
    mark: String,
}

/// Kills every child that a [`crate::Supervised`] of this process watches, with everything it started, and lets none be
/// started any more: for a process that is about to end without waiting.
pub fn kill_children() {
    let mut groups = GROUPS.write().unwrap_or_else(PoisonError::into_inner);
    groups.is_over = true;
    let all = std::mem::take(&mut *groups.all.lock().unwrap_or_else(PoisonError::into_inner));
    all.iter().filter_map(Weak::upgrade).for_each(|group| ProcessGroup(group).kill());
}

/// Kills what is left of the children of processes of this program that ended without a chance to do so, as a crash
/// does. Blocks for some milliseconds; without `/proc` nothing is found.
pub fn kill_abandoned_children() {
    tree::stop_abandoned().kill();
}

impl ProcessGroup {
    /// Starts a command of [`crate::child_command`], which leads a group.
    pub(crate) fn start(
        command: &mut Command,
        spawn: impl FnOnce(&mut Command) -> io::Result<Child>,
    ) -> io::Result<(Child, Self)> {
        let random = crate::random_hex(MARK_BYTES).map_err(io::Error::other)?;
        let mark = format!("{}-{random}", tree::owner_mark());
        command.env(CHILD_MARK, &mark);
        // Held until the group is on the list, so that nobody ends in between and leaves it behind.
        let groups = GROUPS.read().unwrap_or_else(PoisonError::into_inner);
        if groups.is_over {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "this process is about to end"));
        }
        let child = spawn(command)?;
        let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let group = Arc::new(Group { leader: Mutex::new(leader), mark });
        let mut all = groups.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|group| group.strong_count() > 0);
        all.push(Arc::downgrade(&group));
        Ok((child, Self(group)))
    }

    /// Kills every process of the group, at once and for certain, and those that left it and still descend from its
    /// leader or have its mark. Those are looked up where the system has `/proc`, in a few milliseconds.
    pub(crate) fn kill(&self) {
        let group = self.0.leader.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(leader) = *group else { return };
        let left = tree::stop_all(leader, &self.0.mark);
        // Nothing is left to kill, or it now belongs to another user and is out of reach.
        kill_process_group(leader, Signal::KILL).ok();
        left.kill();
    }

    /// Waits for the leader, kills the rest, and only then reaps the leader.
    pub(crate) fn wait(&self, mut child: Child) -> io::Result<ExitStatus> {
        let leader = *self.0.leader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = leader {
            while let Err(error) = waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            {
                if error != rustix::io::Errno::INTR {
                    return Err(error.into());
                }
            }
            // Nobody descends from it any more: those it left behind have been given to others, and have its mark.
            self.kill();
        }
        *self.0.leader.lock().unwrap_or_else(PoisonError::into_inner) = None;
        child.wait()
    }
}
