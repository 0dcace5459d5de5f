//! The log: one JSON record per line and day in a private folder, and the console. Everything passes the redactor first.
//!
//! Records have the outline `logs.tail` clients of the release read: the message under `"1"`, its origin under
//! `"0"`, level and time under `_meta`.

mod console;
mod file;
mod handle;
mod layer;
mod open;
mod panic;
mod place;
mod record;
mod screen;
mod scrub;
mod settings;

pub(crate) use handle::{LogHandle, init};
pub use open::open_log;
pub use place::{LogFileTaken, newest_log};
pub use scrub::redact_log_line;
pub(crate) use settings::check_file;
pub use settings::{log_redactor, recording_redactor};
