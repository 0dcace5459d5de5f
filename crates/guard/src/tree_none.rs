//! Without `/proc` only the group is found.

use rustix::process::{Pid, getpid};

/// Nothing.
pub(crate) struct Stopped;

impl Stopped {
    #[allow(clippy::unused_self, reason = "where there is `/proc`, it has something to kill")]
    pub(crate) fn kill(&self) {}
}

pub(crate) fn stop_all(_leader: Pid, _mark: &str) -> Stopped {
    Stopped
}

pub(crate) fn stop_abandoned() -> Stopped {
    Stopped
}

pub(crate) fn owner_mark() -> String {
    getpid().as_raw_pid().to_string()
}
