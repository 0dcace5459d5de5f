//! What can go wrong with the program `qmd`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use openclaw_guard::FileError;

/// Why `qmd` did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum QmdError {
    /// There is no such program.
    #[error(
        "{command} was not found; install it (npm install -g @tobilu/qmd) or set memory.qmd.command to its path"
    )]
    Missing {
        /// As it was looked for.
        command: String,
    },
    /// The system did not start it, or lost it.
    #[error("cannot run {command}: {source}")]
    Run {
        /// The program.
        command: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// It took too long and was killed with everything it had started.
    #[error("qmd {task} took longer than {} ms and was stopped", limit.as_millis())]
    Timeout {
        /// What it did.
        task: &'static str,
        /// How long it may take.
        limit: Duration,
    },
    /// It printed without end and was killed.
    #[error("qmd {task} printed more than {max_bytes} bytes and was stopped")]
    TooMuch {
        /// What it did.
        task: &'static str,
        /// How much it may print.
        max_bytes: usize,
    },
    /// It said that it failed, or was killed by somebody.
    #[error("qmd {task} failed ({status}): {said}")]
    Failed {
        /// What it did.
        task: &'static str,
        /// Exit code or signal.
        status: std::process::ExitStatus,
        /// The end of what it printed.
        said: String,
    },
    /// What it printed is no list of results.
    #[error("qmd {task} printed no list of results but: {said}")]
    Garbage {
        /// What it did.
        task: &'static str,
        /// The beginning of what it printed.
        said: String,
    },
    /// Its results are of documents that neither its index nor its collections have.
    #[error("qmd found {count} documents, and its index {} has none of them", index.display())]
    Unknown {
        /// How many there were.
        count: usize,
        /// The index.
        index: PathBuf,
    },
    /// It does not have an index yet. This is no failure: one is being made.
    #[error("qmd is making its index for the first time")]
    Starting,
    /// It does not have an index, and nobody asked for one yet.
    #[error("qmd has no index yet; a running gateway or `openclaw memory index` makes it")]
    NoIndex,
    /// The last update failed.
    #[error("the last update of qmd failed: {said}")]
    Update {
        /// Why.
        said: String,
    },
    /// Its folder cannot be made or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its folder cannot be used.
    #[error("cannot {action} {}: {source}", path.display())]
    Home {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}
