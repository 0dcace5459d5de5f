//! A watch over the folders of an agent's memory.

use std::io;
use std::time::Duration;

#[cfg(not(target_os = "linux"))]
use super::elsewhere::Folders;
#[cfg(target_os = "linux")]
use super::inotify::Folders;
use crate::sources::Place;

/// Tells the worker that something has changed; returns whether there still is one.
pub(crate) type Wake = Box<dyn Fn() -> bool + Send>;

/// What may have changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) notes: bool,
    pub(crate) transcripts: bool,
}

impl Changes {
    /// Anything may have changed.
    pub(crate) const ALL: Self = Self { notes: true, transcripts: true };

    pub(crate) fn any(self) -> bool {
        self.notes || self.transcripts
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.notes |= other.notes;
        self.transcripts |= other.transcripts;
    }
}

/// Knows what has changed, or does not know.
pub(crate) struct Watch {
    folders: Option<Folders>,
}

impl Watch {
    /// Knows nothing.
    pub(crate) fn off() -> Self {
        Self { folders: None }
    }

    /// Watches from now on and calls `wake` when changes have rested for `rest`. Without the means to watch, it is as
    /// if it was off.
    pub(crate) fn start(name: &str, places: Vec<Place>, rest: Duration, wake: Wake) -> Self {
        let folders = Folders::watch(name, places, rest, wake);
        Self { folders: folders.map_err(|error| give_up(name, &error)).ok() }
    }

    /// What may have changed since the last call. Everything, when nobody watches.
    pub(crate) fn changes(&mut self, name: &str) -> Changes {
        match self.folders.as_mut().map(Folders::drain) {
            Some(Ok(changes)) => changes,
            Some(Err(error)) => {
                give_up(name, &error);
                self.folders = None;
                Changes::ALL
            }
            None => Changes::ALL,
        }
    }

    /// Whether no change escapes it, so that nobody needs to look at the folders.
    pub(crate) fn sees_all(&self) -> bool {
        self.folders.as_ref().is_some_and(Folders::sees_all)
    }
}

fn give_up(name: &str, error: &io::Error) {
    tracing::info!(agent = %name, %error, "folders of memory cannot be watched; they are looked at now and then");
}
