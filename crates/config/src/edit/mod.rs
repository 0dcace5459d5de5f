//! Changing a configuration: what to change, as values, and the texts that come of it.

mod change;
mod diff;
mod editor;
mod error;
mod layout;
mod locate;
mod splice;
mod style;

pub use change::{Change, ChangeError};
pub use diff::diff;
pub use editor::Editor;
pub use error::EditError;

#[cfg(test)]
mod tests;
