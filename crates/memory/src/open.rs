//! The open index file together with what a search needs of it in memory; both always agree.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use openclaw_embed::{EmbedderId, Vector};

use crate::backend::Source;
use crate::codes::Codes;
use crate::corpus::{Corpus, Exact, NoteId};
use crate::index::{Generation, Index, IndexError, NewNote};
use crate::vectors::{EmbedderKey, Unembedded};

/// Which passages are to be embedded next.
pub(crate) struct Wanted {
    pub(crate) texts: usize,
    pub(crate) bytes: usize,
    /// Texts that no embedder takes.
    pub(crate) except: HashSet<String>,
}

/// An index that answers.
pub(crate) struct OpenIndex {
    pub(crate) index: Index,
    pub(crate) corpus: Corpus,
    embedder: Option<EmbedderKey>,
    /// What the file was like when the corpus was loaded; another process may write, too.
    data_version: i64,
}

impl OpenIndex {
    /// Opens the file and loads what is published, with the vectors of one embedder.
    pub(crate) fn open(path: &Path, embedder: Option<&EmbedderId>) -> Result<Self, IndexError> {
        Self::open_exact(path, embedder, Exact::default())
    }

    /// The same, with another limit up to which everything is exact.
    pub(crate) fn open_exact(
        path: &Path,
        embedder: Option<&EmbedderId>,
        exact: Exact,
    ) -> Result<Self, IndexError> {
        let index = Index::open(path)?;
        let embedder = embedder.map(|id| index.embedder(id)).transpose()?;
        let data_version = index.data_version()?;
        let corpus = index.load(embedder, exact)?;
        Ok(Self { index, corpus, embedder, data_version })
    }

    /// Takes in what another process has written.
    pub(crate) fn refresh(&mut self) -> Result<(), IndexError> {
        let data_version = self.index.data_version()?;
        if data_version != self.data_version {
            self.index.refresh()?;
            self.corpus = self.index.load(self.embedder, self.corpus.exact)?;
            self.data_version = data_version;
        }
        Ok(())
    }

    /// Indexes a note; tells how many of its passages had vectors in the cache.
    pub(crate) fn put(&mut self, generation: Generation, note: &NewNote<'_>) -> Result<usize, IndexError> {
        let (old, id, view) = self.index.put(generation, note)?;
        if let Some(old) = old {
            self.corpus.remove(old);
        }
        let (codes, found) = match self.embedder {
            Some(embedder) => self.index.recall(embedder, id, &view)?,
            None => (Codes::empty(view.passages.len()), 0),
        };
        if generation == self.index.published() {
            self.corpus.put(id, view, &codes);
        }
        Ok(found)
    }

    /// Forgets a note.
    pub(crate) fn remove(
        &mut self,
        generation: Generation,
        source: Source,
        path: &str,
    ) -> Result<(), IndexError> {
        if let Some(id) = self.index.remove(generation, source, path)? {
            self.corpus.remove(id);
        }
        Ok(())
    }

    /// Publishes a rebuilt generation.
    pub(crate) fn publish(&mut self, generation: Generation) -> Result<(), IndexError> {
        self.index.publish(generation)?;
        self.corpus = self.index.load(self.embedder, self.corpus.exact)?;
        Ok(())
    }

    /// Goes on with the vectors of another embedder.
    pub(crate) fn use_embedder(&mut self, id: &EmbedderId) -> Result<(), IndexError> {
        let key = self.index.embedder(id)?;
        self.embedder = Some(key);
        self.corpus = self.index.load(self.embedder, self.corpus.exact)?;
        // What the cache knows needs no embedder.
        for slot in 0..self.corpus.ids().len() {
            if self.is_complete(slot) {
                continue;
            }
            let id = self.corpus.ids()[slot];
            let (codes, found) = self.index.recall(key, id, &self.corpus.views()[slot])?;
            if found > 0 {
                self.corpus.enter(id, &codes);
            }
        }
        Ok(())
    }

    /// Whether all passages of a note are embedded.
    fn is_complete(&self, slot: usize) -> bool {
        self.corpus.numbers(slot).all(|number| self.corpus.is_embedded(number))
    }

    /// Passages without vectors, up to so many texts and bytes; at least one if there is one.
    pub(crate) fn unembedded(&self, wanted: &Wanted) -> Result<Vec<Unembedded>, IndexError> {
        let mut found = Vec::new();
        let mut total = 0;
        for (slot, (id, view)) in self.corpus.notes().enumerate() {
            if self.is_complete(slot) {
                continue;
            }
            let first = self.corpus.numbers(slot).start;
            let is_embedded = |passage| self.corpus.is_embedded(first + passage);
            for passage in self.index.unembedded(id, view, is_embedded)? {
                if wanted.except.contains(&passage.text) {
                    continue;
                }
                total += passage.text.len();
                if !found.is_empty() && (found.len() >= wanted.texts || total > wanted.bytes) {
                    return Ok(found);
                }
                found.push(passage);
            }
        }
        Ok(found)
    }

    /// Enters vectors; those of notes that changed meanwhile are kept in the cache only.
    pub(crate) fn remember(
        &mut self,
        vectors: Vec<(Unembedded, Vector)>,
        now_ms: i64,
    ) -> Result<(), IndexError> {
        let Some(embedder) = self.embedder else { return Ok(()) };
        let mut by_note: BTreeMap<NoteId, Vec<(Unembedded, Vector)>> = BTreeMap::new();
        for (passage, vector) in vectors {
            by_note.entry(passage.note).or_default().push((passage, vector));
        }
        for (note, vectors) in by_note {
            if let Some(view) = self.corpus.get(note) {
                let codes = self.index.remember(embedder, view, &vectors, now_ms)?;
                self.corpus.enter(note, &codes);
            }
        }
        Ok(())
    }
}
