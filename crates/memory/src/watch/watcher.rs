//! A watch over the folders of an agent's memory.

use std::io;
use std::time::Duration;

#[cfg(not(target_os = "linux"))]
use super::elsewhere::Folders;
#[cfg(target_os = "linux")]
use super::inotify::Folders;
use crate::backend::Source;
use crate::sources::Place;

/// Tells the worker that something has changed; returns whether there still is one.
pub(crate) type Wake = Box<dyn Fn() -> bool + Send>;

/// Some of the sources: those that may have changed, or of which changes are not heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Among {
    pub(crate) notes: bool,
    pub(crate) transcripts: bool,
}

impl Among {
    pub(crate) const ALL: Self = Self { notes: true, transcripts: true };
    pub(crate) const NONE: Self = Self { notes: false, transcripts: false };

    pub(crate) fn any(self) -> bool {
        self.notes || self.transcripts
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.notes |= other.notes;
        self.transcripts |= other.transcripts;
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self { notes: self.notes && !other.notes, transcripts: self.transcripts && !other.transcripts }
    }
}

impl From<Source> for Among {
    fn from(source: Source) -> Self {
        match source {
            Source::Memory => Self { notes: true, ..Self::NONE },
            Source::Sessions => Self { transcripts: true, ..Self::NONE },
        }
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

    /// Watches other folders in the place of those it watched.
    pub(crate) fn turn_to(&mut self, name: &str, places: Vec<Place>) {
        if let Some(Err(error)) = self.folders.as_mut().map(|folders| folders.turn_to(places)) {
            give_up(name, &error);
            self.folders = None;
        }
    }

    /// What may have changed since the last call. Everything, when nobody watches.
    pub(crate) fn changes(&mut self, name: &str) -> Among {
        match self.folders.as_mut().map(Folders::drain) {
            Some(Ok(changes)) => changes,
            Some(Err(error)) => {
                give_up(name, &error);
                self.folders = None;
                Among::ALL
            }
            None => Among::ALL,
        }
    }

    /// What somebody has to look for, because changes may escape the watch.
    pub(crate) fn blind(&self) -> Among {
        self.folders.as_ref().map_or(Among::ALL, Folders::blind)
    }
}

fn give_up(name: &str, error: &io::Error) {
    tracing::info!(agent = %name, %error, "folders of memory cannot be watched; they are looked at now and then");
}
