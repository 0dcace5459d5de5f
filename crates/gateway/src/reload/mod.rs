//! A changed configuration and the gateway that runs: seeing the change, judging it, applying it, telling about it.

mod apply;
mod check;
mod compare;
mod outcome;
mod read;
mod state;
mod task;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use check::may_restart;
#[allow(unused_imports, reason = "the methods that write the configuration ask for outcomes")]
pub(crate) use outcome::Outcome;
pub use state::Refused;
pub(crate) use state::{Reload, Started};
pub(crate) use task::run;
