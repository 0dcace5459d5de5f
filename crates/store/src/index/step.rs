//! The steps of writing, each of which may fail. Tests make them.

use std::io;

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Append lines to the journal.
    Append,
    /// Bring them to the disk.
    SyncJournal,
    /// Put a new journal in the place of the old one.
    NewJournal,
    /// One of the steps of writing the image.
    Image,
}

/// Asked ahead of each step.
#[derive(Default)]
pub(super) struct Steps {
    #[cfg(test)]
    pub(super) hook: std::sync::Mutex<Option<Hook>>,
}

/// Lets a step happen, or not.
#[cfg(test)]
pub(super) type Hook = Box<dyn FnMut(Step) -> io::Result<()> + Send>;

impl Steps {
    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests have something to ask")]
    pub(super) fn before(&self, _step: Step) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn before(&self, step: Step) -> io::Result<()> {
        super::lock(&self.hook).as_mut().map_or(Ok(()), |hook| hook(step))
    }
}
