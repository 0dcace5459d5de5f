//! An index of notes that nobody wrote, to measure how fast a memory of any size is. No workspace and no mailbox: what is
//! timed is the index and the search alone.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use openclaw_embed::{EmbedderId, Vector};

use crate::backend::{Hit, Query, Source};
use crate::codes::QueryCodes;
use crate::error::MemoryError;
use crate::index::{IndexError, NewNote, Stamp};
use crate::open::{OpenIndex, Wanted};
use crate::search::search;
use crate::vectors::Unembedded;

/// Passages that get their vectors in one go.
const GROUP: usize = 4_096;

/// An open index, with nothing around it.
pub struct Scale {
    path: PathBuf,
    open: OpenIndex,
    today: Date,
}

impl Scale {
    /// Opens an index file, or makes one.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn open(path: &Path, embedder: &EmbedderId, today: Date) -> Result<Self, MemoryError> {
        let open = OpenIndex::open(path, Some(embedder)).map_err(|error| failed(path, error))?;
        Ok(Self { path: path.to_owned(), open, today })
    }

    /// Indexes the words of a note, in place of its older state.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn put(&mut self, path: &str, text: &str) -> Result<(), MemoryError> {
        let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let stamp = Stamp { size, mtime_ms: 0, hash: Vec::new() };
        let note = NewNote { source: Source::Memory, path, stamp: &stamp, text };
        let generation = self.open.index.published();
        let done = self.open.put(generation, &note);
        done.map(|_recalled| ()).map_err(|error| failed(&self.path, error))
    }

    /// Gives every passage without a vector one that `make` makes of the passage's text, until it makes none.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn embed(&mut self, mut make: impl FnMut(&str) -> Option<Vector>) -> Result<(), MemoryError> {
        let wanted = Wanted { texts: GROUP, bytes: usize::MAX, except: HashSet::new() };
        loop {
            let passages = self.open.unembedded(&wanted).map_err(|error| failed(&self.path, error))?;
            let with_vector = |passage: Unembedded| make(&passage.text).map(|vector| (passage, vector));
            let vectors: Vec<_> = passages.into_iter().map_while(with_vector).collect();
            if vectors.is_empty() {
                return Ok(());
            }
            self.open.remember(vectors, 0).map_err(|error| failed(&self.path, error))?;
        }
    }

    /// Searches, by words and, with the query's vector, by meaning.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn search(&self, query: &Query, vector: Option<&Vector>) -> Result<Vec<Hit>, MemoryError> {
        let found = search(&self.open.index, &self.open.corpus, query, vector, self.today);
        found.map(|found| found.hits).map_err(|error| failed(&self.path, error))
    }

    /// Compares a vector with all passages and does nothing with what comes out; how many there are.
    #[must_use]
    pub fn scan(&self, vector: &Vector) -> usize {
        self.open.corpus.meaning(&QueryCodes::of(vector)).map_or(0, |cosines| cosines.all.len())
    }

    /// Windows that can be found, passages, and how many of these have a vector.
    #[must_use]
    pub fn size(&self) -> (usize, usize, usize) {
        let (passages, embedded) = self.open.corpus.embedded();
        (self.open.corpus.windows(), passages, embedded)
    }
}

fn failed(path: &Path, error: IndexError) -> MemoryError {
    match error {
        IndexError::File(error) => MemoryError::File(error),
        error @ (IndexError::Sqlite(_) | IndexError::Rows { .. }) => {
            MemoryError::Index { path: path.to_owned(), source: error.into() }
        }
    }
}
