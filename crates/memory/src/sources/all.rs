//! All sources of one agent.

use std::sync::Arc;

use openclaw_guard::RootError;

use super::listing::{Listing, Note};
use super::notes::Notes;
use super::places::Place;
use super::transcripts::{Conversations, Transcripts};
use crate::backend::Source;
use crate::engine::EngineOptions;
use crate::error::MemoryError;

/// What is searched.
#[derive(Clone)]
pub struct SourceOptions {
    /// Whether notes are.
    pub notes: bool,
    /// The conversations of this agent, if they are.
    pub transcripts: Option<Transcripts>,
}

impl Default for SourceOptions {
    /// Notes alone.
    fn default() -> Self {
        Self { notes: true, transcripts: None }
    }
}

/// Where memory comes from.
pub(crate) struct Sources {
    notes: Notes,
    /// Whether notes are searched; they can be read in any case.
    has_notes: bool,
    conversations: Option<Conversations>,
}

impl Sources {
    /// What an engine searches.
    pub(crate) fn of(options: &EngineOptions) -> Self {
        let SourceOptions { notes, transcripts } = options.sources.clone();
        Self {
            notes: Notes::new(Arc::clone(&options.workspace), &options.extra_paths),
            has_notes: notes,
            conversations: transcripts.map(Conversations::new),
        }
    }

    /// Whether there are conversations among them.
    pub(crate) fn has_conversations(&self) -> bool {
        self.conversations.is_some()
    }

    /// Changes with what is hidden in conversations.
    pub(crate) fn redaction(&self) -> &[u8] {
        self.conversations.as_ref().map_or(&[], Conversations::redaction)
    }

    /// Everything there is of a source, by path, each once.
    pub(crate) fn list(&self, source: Source) -> Listing {
        let conversations = self.conversations.as_ref();
        match source {
            Source::Memory if self.has_notes => self.notes.list(),
            Source::Memory => Listing::default(),
            Source::Sessions => conversations.map_or_else(Listing::default, Conversations::list),
        }
    }

    /// Looks where the workspace is, if notes are searched. The number is another one when it is another folder than before.
    ///
    /// # Errors
    /// It is not there.
    pub(crate) fn find_workspace(&self) -> Result<u64, RootError> {
        let workspace = self.notes.workspace();
        if self.has_notes {
            workspace.follow()?;
        }
        Ok(workspace.number())
    }

    /// The folders to watch.
    pub(crate) fn places(&self) -> Vec<Place> {
        let mut places = if self.has_notes { self.notes.places() } else { Vec::new() };
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
