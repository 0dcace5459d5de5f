//! What a change of the configuration asks of a running gateway.

mod class;
mod plan;

pub use class::reload_class;
pub use plan::{Action, ChangedKey, Plan};
