//! The built program under `ptrace`: every change it makes beneath a directory is counted, and each of them can be the
//! last one, fail, come out short or take its time. Linux on x86-64 only; elsewhere this module does not exist.
//!
//! It sees system calls, not functions, so it reaches what our own code does and what SQLite does alike, in the
//! unmodified program. What it costs is two stops per system call: a start takes tens of milliseconds instead of ten.
//!
//! ```no_run
//! use openclaw_testkit::home::TempHome;
//! use openclaw_testkit::trace::{Plan, Traced};
//! use std::time::Duration;
//!
//! let home = TempHome::new();
//! // Counts the steps of a command, then breaks it off at each of them.
//! let whole = Traced::start("target/debug/openclaw".as_ref(), &home, &["config", "set", "a", "1"], Plan::none());
//! whole.wait_end(Duration::from_secs(10)).unwrap();
//! for number in 1..=whole.count() {
//!     let plan = Plan::kill_before(number);
//!     let broken = Traced::start("target/debug/openclaw".as_ref(), &home, &["config", "set", "a", "1"], plan);
//!     broken.wait_end(Duration::from_secs(10)).unwrap();
//!     println!("{}", broken.describe_last(5));
//! }
//! ```

mod call;
mod engine;
mod plan;
mod process;
mod tracee;

pub use plan::{Fault, Plan, Refusal};
pub use process::{End, NOT_TRACED, Traced, is_allowed};

use std::path::PathBuf;

/// What a system call does to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepKind {
    /// Bytes into a file.
    Write,
    /// A file or folder reaches the disk.
    Sync,
    /// Another length.
    Truncate,
    /// Room for bytes.
    Allocate,
    /// A file is made, or emptied by opening it.
    Create,
    /// A file gets another name.
    Rename,
    /// A file gets one more name.
    Link,
    /// A name goes away.
    Remove,
    /// A folder is made.
    MakeDir,
}

/// One change of what is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Counted from 1 since the start of the program.
    pub number: usize,
    /// Name of the system call.
    pub call: &'static str,
    /// What it does.
    pub kind: StepKind,
    /// What it does it to, beneath the watched directory.
    pub path: PathBuf,
    /// What became of it instead.
    pub fault: Option<&'static str>,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>5} {:<10} {}", self.number, self.call, self.path.display())?;
        self.fault.map_or(Ok(()), |fault| write!(f, "  [{fault}]"))
    }
}

#[cfg(test)]
mod tests;
