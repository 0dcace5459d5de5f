//! The only place that writes to the terminal: the report to standard output, what is going on to standard error.

use std::io::{Write as _, stderr, stdout};

/// The report.
pub(crate) fn text(text: &str) -> std::io::Result<()> {
    stdout().lock().write_all(text.as_bytes())
}

/// A line about what is going on.
pub(crate) fn progress(line: &str) -> std::io::Result<()> {
    writeln!(stderr().lock(), "{line}")
}
