//! A changed configuration and the gateway that runs: seeing the change, judging it, applying it, telling about it.

mod apply;
mod check;
mod compare;
mod outcome;
mod read;
mod staging;
mod state;
mod task;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use check::{Startable, may_restart};
pub(crate) use outcome::Outcome;
pub use state::Refused;
pub(crate) use state::{Ask, Reload, Started};
pub(crate) use task::run;
