//! All sources of one agent.

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_guard::Root;

use super::listing::{Listing, Note};
use super::notes::Notes;
use super::places::Place;
use super::transcripts::{Conversations, Transcripts};
use crate::backend::Source;
use crate::error::MemoryError;

/// Where memory comes from.
pub(crate) struct Sources {
    notes: Notes,
    conversations: Option<Conversations>,
}

impl Sources {
    /// `extra` are files or folders of notes, absolute or relative to the workspace.
    pub(crate) fn new(workspace: Arc<Root>, extra: &[PathBuf]) -> Self {
        Self { notes: Notes::new(workspace, extra), conversations: None }
    }

    /// Conversations as well.
    pub(crate) fn with_transcripts(self, transcripts: Option<Transcripts>) -> Self {
        Self { conversations: transcripts.map(Conversations::new), ..self }
    }

    /// Everything there is of a source, by path, each once.
    pub(crate) fn list(&self, source: Source) -> Listing {
        match source {
            Source::Memory => self.notes.list(),
            Source::Sessions => {
                self.conversations.as_ref().map_or_else(Listing::default, Conversations::list)
            }
        }
    }

    /// The folders to watch.
    pub(crate) fn places(&self) -> Vec<Place> {
        let mut places = self.notes.places();
        places.extend(self.conversations.as_ref().map(Conversations::place));
        places
    }

    /// Whether a transcript has grown enough since it had a size.
    pub(crate) fn has_grown(&self, note: &Note, from: u32) -> bool {
        self.conversations.as_ref().is_some_and(|conversations| conversations.has_grown(note, from))
    }

    /// The text of one note, or of a conversation, asked for by a path somebody else chose (S-082). `indexed` is asked
    /// for the text of a conversation as the index has it, so that lines have the numbers that results gave them.
    pub(crate) fn read(
        &self,
        asked: &str,
        indexed: impl FnOnce() -> Option<String>,
    ) -> Result<String, MemoryError> {
        let conversation = self.conversations.as_ref().zip(Conversations::file_of(asked));
        let Some((conversations, name)) = conversation else { return self.notes.read(asked) };
        // What was deleted is not to be read from the index.
        drop(conversations.open(name, asked)?);
        match indexed() {
            Some(text) => Ok(text),
            None => Ok(conversations.read(name, asked)?.text),
        }
    }
}
