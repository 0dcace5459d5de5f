//! The open index file together with what a search needs of it in memory; both always agree.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use openclaw_embed::{EmbedderId, Vector};

use crate::backend::{Query, Source};
use crate::codes::Codes;
use crate::corpus::{Corpus, Exact, NoteId};
use crate::index::{Generation, Index, IndexError, NewNote};
use crate::measure::{MeaningWeight, SelfTest};
use crate::search::{Asked, Found, search};
use crate::time::Ageing;
use crate::vectors::{EmbedderKey, Unembedded, hash};
use crate::weighted::{self, Chunks, Fusion, Measured, Of, Sides, Weighing, Weighted};

/// Which passages are to be embedded next.
pub(crate) struct Wanted {
    pub(crate) texts: usize,
    pub(crate) bytes: usize,
    /// Digests of texts that no embedder takes.
    pub(crate) except: Arc<HashSet<Vec<u8>>>,
}

/// An index that answers.
pub(crate) struct OpenIndex {
    pub(crate) index: Index,
    pub(crate) corpus: Corpus,
    ranking: Ranking,
    embedder: Option<EmbedderKey>,
    /// What was measured of it.
    measured: Option<SelfTest>,
    /// What the file was like when the corpus was loaded; another process may write, too.
    data_version: i64,
    /// Whether another process has published a generation.
    is_foreign: bool,
    /// What everything was like when nothing was found that could be embedded: each search asks, and reading the text of
    /// every note would take long.
    exhausted: Cell<Option<Exhausted>>,
}

/// What decides whether there is something to embed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Exhausted {
    /// A note that is put gets a number of its own.
    newest: Option<NoteId>,
    embedded: (usize, usize),
    /// How many texts are in jobs, and a sum over them.
    in_jobs: (usize, u64),
    refused: usize,
}

/// What ranks, and what it needs beside the corpus.
enum Ranking {
    Measured(Measured),
    Weighted(Weighted, Chunks),
}

impl OpenIndex {
    /// Opens the file and loads what is published, with the vectors of one embedder.
    pub(crate) fn open(
        path: &Path,
        embedder: Option<&EmbedderId>,
        fusion: Fusion,
    ) -> Result<Self, IndexError> {
        Self::open_with(path, embedder, fusion, Exact::default())
    }

    /// The same for the measured ranking, with another limit up to which everything is exact.
    pub(crate) fn open_exact(
        path: &Path,
        embedder: Option<&EmbedderId>,
        exact: Exact,
    ) -> Result<Self, IndexError> {
        Self::open_with(path, embedder, Fusion::default(), exact)
    }

    fn open_with(
        path: &Path,
        embedder: Option<&EmbedderId>,
        fusion: Fusion,
        exact: Exact,
    ) -> Result<Self, IndexError> {
        let index = Index::open(path)?;
        let embedder = embedder.map(|id| index.embedder(id)).transpose()?;
        let data_version = index.data_version()?;
        let ranking = match fusion {
            Fusion::Measured(options) => Ranking::Measured(options),
            Fusion::Weighted(options) => Ranking::Weighted(options, Chunks::default()),
        };
        let corpus = Corpus::new(None, exact);
        let mut open = Self {
            index,
            corpus,
            ranking,
            embedder,
            measured: None,
            data_version,
            is_foreign: false,
            exhausted: Cell::default(),
        };
        open.load()?;
        Ok(open)
    }

    /// Loads what is published. The vectors are those of the units that the ranking compares: passages or chunks.
    fn load(&mut self) -> Result<(), IndexError> {
        let exact = self.corpus.exact;
        self.exhausted.set(None);
        self.measured = self.embedder.map(|embedder| self.index.measured(embedder)).transpose()?.flatten();
        match &mut self.ranking {
            Ranking::Measured(_) => self.corpus = self.index.load(self.embedder, exact)?,
            Ranking::Weighted(options, chunks) => {
                self.index.cut(options.chunking)?;
                self.corpus = self.index.load(None, exact)?;
                if let Some(embedder) = self.embedder {
                    self.index.recall_chunks(embedder, Of::All)?;
                }
                *chunks = self.index.chunks(self.embedder, Of::All, &self.corpus)?;
            }
        }
        Ok(())
    }

    /// Searches what is loaded.
    pub(crate) fn search(
        &self,
        query: &Query,
        vector: Option<&Vector>,
        today: Date,
    ) -> Result<Found, IndexError> {
        let Self { index, corpus, .. } = self;
        let weight = MeaningWeight::of(self.measured);
        match &self.ranking {
            Ranking::Measured(Measured { sides, ageing }) => {
                let (sides, ageing) = (*sides, *ageing);
                search(index, corpus, &Asked { query, vector, sides, ageing, weight, today })
            }
            Ranking::Weighted(options, chunks) => {
                let memory = Weighing { index, corpus, chunks, options: *options };
                let (sides, ageing) = (options.sides, Ageing::default());
                weighted::search(&memory, &Asked { query, vector, sides, ageing, weight, today })
            }
        }
    }

    /// Takes in what other processes have written, and searches that: both in one view of the file. Else a note that another
    /// one replaces in between would be known under its old number, and its words found under the new one.
    pub(crate) fn search_current(
        &mut self,
        query: &Query,
        vector: Option<&Vector>,
        today: Date,
    ) -> Result<Found, IndexError> {
        // Taking in may write where notes are cut into chunks, which no view allows.
        if let Ranking::Weighted(..) = self.ranking {
            self.refresh()?;
            return self.search(query, vector, today);
        }
        self.index.db.execute_batch("BEGIN")?;
        let found = self.refresh().and_then(|()| self.search(query, vector, today));
        // Nothing was written; some failures have ended it already.
        if !self.index.db.is_autocommit() {
            self.index.db.execute_batch("ROLLBACK")?;
        }
        found
    }

    /// What meaning counts beside words, where both rank together by what was measured.
    pub(crate) fn weight(&self) -> Option<MeaningWeight> {
        let has_vectors = self.corpus.embedded().1 > 0;
        match self.ranking {
            Ranking::Measured(Measured { sides: Sides::Both, .. }) if has_vectors => {
                Some(MeaningWeight::of(self.measured))
            }
            Ranking::Measured(_) | Ranking::Weighted(..) => None,
        }
    }

    /// Whether the embedder should be measured: its vectors are to rank beside words, and nobody did it.
    pub(crate) fn is_unmeasured(&self) -> bool {
        let is_weighed = matches!(self.ranking, Ranking::Measured(Measured { sides: Sides::Both, .. }));
        is_weighed && self.embedder.is_some() && self.measured.is_none()
    }

    /// Keeps what was measured of the embedder.
    pub(crate) fn keep_measured(&mut self, measured: SelfTest) -> Result<(), IndexError> {
        let Some(embedder) = self.embedder else { return Ok(()) };
        self.index.keep_measured(embedder, measured)?;
        self.measured = Some(measured);
        Ok(())
    }

    /// Passages or chunks, and how many of them are embedded.
    pub(crate) fn embedded(&self) -> (usize, usize) {
        match &self.ranking {
            Ranking::Measured(_) => self.corpus.embedded(),
            Ranking::Weighted(_, chunks) => chunks.embedded(),
        }
    }

    /// An empty one that is gone with this value, for words alone.
    pub(crate) fn in_memory() -> Result<Self, IndexError> {
        let index = Index::in_memory()?;
        let data_version = index.data_version()?;
        let ranking = Ranking::Measured(Measured::default());
        let corpus = Corpus::default();
        Ok(Self {
            index,
            corpus,
            ranking,
            embedder: None,
            measured: None,
            data_version,
            is_foreign: false,
            exhausted: Cell::default(),
        })
    }

    /// Who makes the vectors.
    pub(crate) fn embedder(&self) -> Option<EmbedderKey> {
        self.embedder
    }

    /// Keeps the cache to a number of vectors, after some were added.
    pub(crate) fn prune_cache(&mut self, most: Option<usize>, added: usize) -> Result<(), IndexError> {
        match (self.embedder, most) {
            (Some(embedder), Some(most)) => self.index.prune_cache(embedder, most, added),
            (None, _) | (_, None) => Ok(()),
        }
    }

    /// Takes vectors from the cache into so many notes behind `after`; gives the last of them, and nothing at the end.
    pub(crate) fn take_in(
        &mut self,
        after: Option<NoteId>,
        most: usize,
    ) -> Result<Option<NoteId>, IndexError> {
        let Some(embedder) = self.embedder else { return Ok(None) };
        if let Ranking::Weighted(_, chunks) = &mut self.ranking {
            if self.index.recall_chunks(embedder, Of::All)? > 0 {
                *chunks = self.index.chunks(Some(embedder), Of::All, &self.corpus)?;
            }
            return Ok(None);
        }
        let next = |id: &NoteId| after.is_none_or(|after| *id > after);
        let notes: Vec<NoteId> = self.corpus.notes().map(|(id, _)| id).filter(next).take(most).collect();
        for note in &notes {
            self.recall(embedder, *note)?;
        }
        Ok((notes.len() == most).then(|| notes.last().copied()).flatten())
    }

    /// What a rebuild would have embedded: every passage that is not in the cache.
    pub(crate) fn uncached(&self) -> Result<Vec<String>, IndexError> {
        let Some(embedder) = self.embedder else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        match &self.ranking {
            Ranking::Measured(_) => {
                for (id, view) in self.corpus.notes() {
                    found.extend(self.index.texts(id, view)?);
                }
            }
            Ranking::Weighted(..) => {
                for id in self.index.chunks(None, Of::All, &self.corpus)?.unembedded() {
                    found.push(self.index.unembedded_chunk(id)?.text);
                }
            }
        }
        let mut seen = HashSet::new();
        let mut uncached = Vec::new();
        for text in found {
            let hash = hash(&text);
            if !self.is_cached(embedder, &hash)? && seen.insert(hash) {
                uncached.push(text);
            }
        }
        Ok(uncached)
    }

    /// Takes in what another process has written.
    pub(crate) fn refresh(&mut self) -> Result<(), IndexError> {
        if self.index.data_version()? != self.data_version {
            self.reload()?;
        }
        Ok(())
    }

    /// Takes in everything anew; tells whether another process has written.
    pub(crate) fn reload(&mut self) -> Result<bool, IndexError> {
        let data_version = self.index.data_version()?;
        // Kept until it was asked for, also when the rest fails.
        self.is_foreign |= self.index.refresh()?;
        self.load()?;
        Ok(std::mem::replace(&mut self.data_version, data_version) != data_version)
    }

    /// Whether another process has published a generation since this was asked: what was known of the notes says nothing
    /// about that one.
    pub(crate) fn took_foreign(&mut self) -> bool {
        std::mem::take(&mut self.is_foreign)
    }

    /// Indexes a note; tells how many of its passages had vectors in the cache.
    pub(crate) fn put(&mut self, generation: Generation, note: &NewNote<'_>) -> Result<usize, IndexError> {
        let (old, id, view) = self.index.put(generation, note)?;
        if let Some(old) = old {
            self.forget(old);
        }
        let none = Codes::empty(view.passages.len());
        let (codes, found) = match (self.embedder, &self.ranking) {
            (Some(embedder), Ranking::Measured(_)) => match self.index.recall(embedder, id, &view) {
                Ok((codes, found)) => (codes, Ok(found)),
                Err(error) => (none, Err(error)),
            },
            (Some(embedder), Ranking::Weighted(..)) => {
                (none, self.index.recall_chunks(embedder, Of::Note(id)))
            }
            (None, _) => (none, Ok(0)),
        };
        // Whatever became of the vectors: the note is in the file.
        if generation == self.index.published() {
            self.corpus.put(id, view, &codes);
            if let Ranking::Weighted(_, chunks) = &mut self.ranking {
                chunks.take(self.index.chunks(self.embedder, Of::Note(id), &self.corpus)?);
            }
        }
        found
    }

    fn forget(&mut self, id: NoteId) {
        self.corpus.remove(id);
        match &mut self.ranking {
            Ranking::Measured(_) => {}
            Ranking::Weighted(_, chunks) => chunks.remove(id),
        }
    }

    /// Forgets a note.
    pub(crate) fn remove(
        &mut self,
        generation: Generation,
        source: Source,
        path: &str,
    ) -> Result<(), IndexError> {
        if let Some(id) = self.index.remove(generation, source, path)? {
            self.forget(id);
        }
        Ok(())
    }

    /// Publishes a rebuilt generation.
    pub(crate) fn publish(&mut self, generation: Generation) -> Result<(), IndexError> {
        self.index.publish(generation)?;
        self.load()
    }

    /// Goes on with the vectors of another embedder.
    pub(crate) fn use_embedder(&mut self, id: &EmbedderId) -> Result<(), IndexError> {
        let key = self.index.embedder(id)?;
        self.embedder = Some(key);
        self.load()?;
        if let Ranking::Weighted(..) = self.ranking {
            return Ok(());
        }
        // What the cache knows needs no embedder.
        for id in self.corpus.ids().to_vec() {
            self.recall(key, id)?;
        }
        Ok(())
    }

    /// Takes the vectors that a note lacks from the cache, as far as there are any.
    fn recall(&mut self, embedder: EmbedderKey, id: NoteId) -> Result<(), IndexError> {
        let Some(slot) = self.corpus.slot(id).filter(|slot| !self.is_complete(*slot)) else { return Ok(()) };
        let (codes, found) = self.index.recall(embedder, id, &self.corpus.views()[slot])?;
        if found > 0 {
            self.corpus.enter(id, &codes);
        }
        Ok(())
    }

    /// Whether all passages of a note are embedded.
    fn is_complete(&self, slot: usize) -> bool {
        self.corpus.numbers(slot).all(|number| self.corpus.is_embedded(number))
    }

    /// Passages without vectors, up to so many texts and bytes; at least one if there is one. Each text once: what the
    /// cache knows by now is taken from there, and so is what several passages say, when one of them is embedded.
    pub(crate) fn unembedded(&mut self, wanted: &Wanted) -> Result<Vec<Unembedded>, IndexError> {
        let (found, cached) = self.listed(wanted)?;
        match self.take_cached(&cached) {
            // They stay where they are, and are taken another time.
            Err(error) if !error.is_busy() => Err(error),
            Err(_) | Ok(()) => Ok(found),
        }
    }

    /// Passages to be embedded, and the notes of others whose vectors are in the cache.
    fn listed(&self, wanted: &Wanted) -> Result<(Vec<Unembedded>, BTreeSet<NoteId>), IndexError> {
        let (mut found, mut cached, mut total) = (Vec::new(), BTreeSet::new(), 0_usize);
        let mut seen = match self.embedder {
            Some(embedder) => self.index.in_jobs(embedder)?,
            None => HashSet::new(),
        };
        let now = self.exhaustion(&seen, wanted.except.len());
        if self.exhausted.get() == Some(now) {
            return Ok((found, cached));
        }
        for passages in self.missing() {
            for passage in passages? {
                let hash = hash(&passage.text);
                if wanted.except.contains(&hash) || seen.contains(&hash) {
                    continue;
                }
                if let Some(embedder) = self.embedder
                    && self.is_cached(embedder, &hash)?
                {
                    cached.insert(passage.note);
                    continue;
                }
                total = passage.text.len().saturating_add(total);
                if !found.is_empty() && (found.len() >= wanted.texts || total > wanted.bytes) {
                    return Ok((found, cached));
                }
                seen.insert(hash);
                found.push(passage);
            }
        }
        self.exhausted.set((found.is_empty() && cached.is_empty()).then_some(now));
        Ok((found, cached))
    }

    /// Whether the cache has a vector that can be compared with the others.
    fn is_cached(&self, embedder: EmbedderKey, hash: &[u8]) -> Result<bool, IndexError> {
        let known = self.dimensions();
        let cached = self.index.cached_dimensions(embedder, hash)?;
        Ok(cached.is_some_and(|cached| known == 0 || cached == known))
    }

    fn take_cached(&mut self, notes: &BTreeSet<NoteId>) -> Result<(), IndexError> {
        let Some(embedder) = self.embedder.filter(|_| !notes.is_empty()) else { return Ok(()) };
        if let Ranking::Weighted(_, chunks) = &mut self.ranking {
            self.index.recall_chunks(embedder, Of::All)?;
            *chunks = self.index.chunks(Some(embedder), Of::All, &self.corpus)?;
            return Ok(());
        }
        notes.iter().try_for_each(|note| self.recall(embedder, *note))
    }

    /// Numbers of a vector; 0 when there is none.
    fn dimensions(&self) -> usize {
        match &self.ranking {
            Ranking::Measured(_) => self.corpus.dimensions(),
            Ranking::Weighted(_, chunks) => chunks.dimensions(),
        }
    }

    /// Takes note of how many numbers a vector of the embedder has. A service may put another model under an old name:
    /// vectors from before can be compared with nothing any more, and go, also out of the cache. Tells how many
    /// numbers those had.
    pub(crate) fn expect(&mut self, dimensions: usize) -> Result<Option<usize>, IndexError> {
        let known = self.dimensions();
        let Some(embedder) = self.embedder.filter(|_| known > 0 && known != dimensions) else {
            return Ok(None);
        };
        self.index.forget_other_dimensions(embedder, dimensions)?;
        self.load()?;
        Ok(Some(known))
    }

    fn exhaustion(&self, in_jobs: &HashSet<Vec<u8>>, refused: usize) -> Exhausted {
        let first = |hash: &Vec<u8>| hash.first_chunk().copied().map_or(0, u64::from_le_bytes);
        Exhausted {
            newest: self.corpus.ids().last().copied(),
            embedded: self.embedded(),
            in_jobs: (in_jobs.len(), in_jobs.iter().map(first).fold(0, u64::wrapping_add)),
            refused,
        }
    }

    /// Passages without vectors, in pieces.
    fn missing(&self) -> Box<dyn Iterator<Item = Result<Vec<Unembedded>, IndexError>> + '_> {
        match &self.ranking {
            Ranking::Measured(_) => {
                let missing = self.corpus.notes().enumerate().filter(|(slot, _)| !self.is_complete(*slot));
                Box::new(missing.map(|(slot, (id, view))| {
                    let first = self.corpus.numbers(slot).start;
                    let is_embedded = |passage| self.corpus.is_embedded(first + passage);
                    self.index.unembedded(id, view, is_embedded)
                }))
            }
            Ranking::Weighted(_, chunks) => {
                Box::new(chunks.unembedded().map(|id| Ok(vec![self.index.unembedded_chunk(id)?])))
            }
        }
    }

    /// Enters vectors; those of notes that changed meanwhile are kept in the cache only.
    pub(crate) fn remember(
        &mut self,
        vectors: Vec<(Unembedded, Vector)>,
        now_ms: i64,
    ) -> Result<(), IndexError> {
        let Some(embedder) = self.embedder else { return Ok(()) };
        if let Some((_, vector)) = vectors.first() {
            self.expect(vector.as_slice().len())?;
        }
        if let Ranking::Weighted(_, chunks) = &mut self.ranking {
            return self.index.remember_chunks(embedder, chunks, &vectors, now_ms);
        }
        let mut by_note: BTreeMap<NoteId, Vec<(Unembedded, Vector)>> = BTreeMap::new();
        for (passage, vector) in vectors {
            by_note.entry(passage.note).or_default().push((passage, vector));
        }
        for (note, vectors) in by_note {
            match self.corpus.get(note) {
                Some(view) => {
                    let codes = self.index.remember(embedder, view, &vectors, now_ms)?;
                    self.corpus.enter(note, &codes);
                }
                None => self.index.keep(embedder, &vectors, now_ms)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{OpenIndex, Wanted};
    use crate::corpus::Exact;
    use crate::index::tests::{model, note};
    use crate::vectors::hash;

    fn put(open: &mut OpenIndex, path: &str, text: &str) {
        open.put(open.index.published(), &note(path, text)).unwrap();
    }

    #[test]
    fn texts_of_jobs_are_read_once_and_not_for_every_search() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut open = OpenIndex::open_exact(&path, Some(&model("m")), Exact::default()).unwrap();
        put(&mut open, "a.md", "green");
        let missing = |open: &mut OpenIndex| {
            let wanted = Wanted { texts: 10, bytes: 1_000, except: Default::default() };
            open.unembedded(&wanted).map(|found| found.into_iter().map(|one| one.text).collect::<Vec<_>>())
        };
        assert_eq!(missing(&mut open).unwrap(), ["green"]);
        let send = "INSERT INTO mem_job_texts (embedder, hash, job) VALUES (1, ?1, 1)";
        open.index.db.execute(send, [hash("green")]).unwrap();
        assert!(missing(&mut open).unwrap().is_empty());
        // Who reads it now, finds damage.
        open.index.db.execute("UPDATE mem_notes SET text = x'00'", []).unwrap();
        assert!(missing(&mut open).unwrap().is_empty());
        open.index.db.execute("UPDATE mem_notes SET text = CAST('green' AS BLOB)", []).unwrap();
        put(&mut open, "b.md", "black");
        assert_eq!(missing(&mut open).unwrap(), ["black"]);
        open.index.db.execute("UPDATE mem_job_texts SET hash = ?1", [hash("black")]).unwrap();
        assert_eq!(missing(&mut open).unwrap(), ["green"]);
    }
}
