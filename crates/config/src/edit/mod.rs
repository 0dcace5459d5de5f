//! Changing a configuration: what to change, as values, and the texts that come of it.

mod adopt;
mod argument;
mod backups;
mod batch;
mod change;
mod comments;
mod confirm;
mod diff;
mod document;
mod draft;
mod editor;
mod error;
mod layout;
mod locate;
mod lock;
mod marks;
mod page;
mod save;
mod splice;
mod stage;
mod style;
mod touched;

pub use argument::{ValueError, typed_value};
pub use backups::{BACKUPS, backup_path};
pub use change::{Change, ChangeError, MAX_CHANGES};
pub use confirm::{Confirmed, confirm};
pub use diff::diff;
pub use draft::{Draft, FileEdit, Losses, Validity};
pub use editor::Editor;
pub use error::EditError;
pub use save::{Base, Saved, Terms, edit, edit_watched};
pub use stage::staged_path;

#[cfg(test)]
mod tests;
