//! The one way to the terminal.

use std::io::Write as _;

/// Writes one line to standard error, where cargo writes its own progress.
pub(crate) fn line(text: &str) {
    // A closed terminal is no reason to stop a build.
    writeln!(std::io::stderr(), "{text}").ok();
}

/// Writes what somebody asked to read to standard output.
pub(crate) fn page(text: &str) {
    // The reader of a pipe may have gone; there is nobody left to tell.
    std::io::stdout().write_all(text.as_bytes()).ok();
}
