//! From the keys of earlier releases to those of this one, as changes: what `openclaw doctor` proposes.
//!
//! Where a value has only moved, the key that holds it now says so (`was` in its declaration). What changes its shape
//! is a small function here, a file per family. Nothing is decided on a file: all of it works on values.

mod agents;
mod auth;
mod draft;
mod groups;
mod models;
mod plan;
mod renames;
mod speech;
mod worse;

pub use plan::{Migration, Migrations, Obstacle, migrations};
pub(crate) use renames::{Retired, retired};
pub use renames::{is_declared, retired_names};
pub use worse::new_problems;
