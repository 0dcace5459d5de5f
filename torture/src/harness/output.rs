//! The only place that writes to the terminal: the table to standard output, what is going on to standard error.

use std::io::{Write as _, stderr, stdout};

/// The table.
pub(crate) fn text(text: &str) -> std::io::Result<()> {
    stdout().lock().write_all(text.as_bytes())
}

/// What is going on.
pub(crate) fn progress(text: &str) -> std::io::Result<()> {
    if text.is_empty() { Ok(()) } else { writeln!(stderr().lock(), "{}", text.trim_end()) }
}
