//! What a change of the configuration asks of a running gateway.

mod carry;
mod class;
mod plan;
#[cfg(test)]
mod tests;

pub use carry::carried;
pub use class::reload_class;
pub use plan::{Action, ChangedKey, Plan};
