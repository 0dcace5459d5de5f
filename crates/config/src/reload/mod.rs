//! What a change of the configuration asks of a running gateway.

mod carry;
mod class;
#[cfg(test)]
mod tests;
mod plan;

pub use carry::carried;
pub use class::reload_class;
pub use plan::{Action, ChangedKey, Plan};
