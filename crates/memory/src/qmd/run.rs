//! The port to the program, so that tests can stand in for it.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::error::QmdError;

/// One run of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QmdCall {
    /// What it does, for messages: `query`, `update`, `collection add`.
    pub task: &'static str,
    /// Everything after the program's name.
    pub arguments: Vec<String>,
    /// It is killed, with everything it started, after this.
    pub limit: Duration,
}

impl QmdCall {
    pub(super) fn new(task: &'static str, limit: Duration) -> Self {
        let arguments = task.split(' ').map(str::to_owned).collect();
        Self { task, arguments, limit }
    }

    pub(super) fn with<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(str::to_owned));
        self
    }
}

/// Runs the program.
pub trait QmdRunner: Send + Sync + 'static {
    /// What it printed to standard output, when it ended well. Dropping the future stops the program.
    fn run(&self, call: QmdCall) -> BoxFuture<'static, Result<String, QmdError>>;
    /// Whether there is a program at all, as far as that can be seen without running it.
    ///
    /// # Errors
    /// [`QmdError::Missing`].
    fn look(&self) -> Result<(), QmdError> {
        Ok(())
    }
}
