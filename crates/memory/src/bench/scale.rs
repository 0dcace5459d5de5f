//! An index of notes that nobody wrote, to measure how fast a memory of any size is. No workspace and no mailbox: what is
//! timed is the index and the search alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use openclaw_embed::{EmbedderId, Vector};

use crate::backend::{Hit, Query, Source};
use crate::codes::QueryCodes;
use crate::corpus::Exact;
use crate::error::MemoryError;
use crate::index::{IndexError, NewNote, Stamp};
use crate::open::{OpenIndex, Wanted};
use crate::vectors::Unembedded;
use crate::weighted::Fusion;

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
        let open =
            OpenIndex::open(path, Some(embedder), Fusion::default()).map_err(|error| failed(path, error))?;
        Ok(Self { path: path.to_owned(), open, today })
    }

    /// The same, where everything is compared exactly, at whatever cost.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn open_exact(path: &Path, embedder: &EmbedderId, today: Date) -> Result<Self, MemoryError> {
        let open = OpenIndex::open_exact(path, Some(embedder), Exact::ALWAYS);
        Ok(Self { path: path.to_owned(), open: open.map_err(|error| failed(path, error))?, today })
    }

    /// Indexes the words of a note, in place of its older state.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn put(&mut self, path: &str, text: &str) -> Result<(), MemoryError> {
        let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let stamp = Stamp { size, mtime_ms: 0, hash: Vec::new() };
        let note = NewNote { source: Source::Memory, path, below: path, stamp: &stamp, text };
        let generation = self.open.index.published();
        let done = self.open.put(generation, &note);
        done.map(|_recalled| ()).map_err(|error| failed(&self.path, error))
    }

    /// Gives every passage without a vector one that `make` makes of the passage's text, until it makes none.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn embed(&mut self, mut make: impl FnMut(&str) -> Option<Vector>) -> Result<(), MemoryError> {
        let wanted = Wanted { texts: GROUP, bytes: usize::MAX, except: Arc::default() };
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
        let found = self.open.search(query, vector, self.today);
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
    error.told(path)
}

#[cfg(test)]
mod tests {
    use super::Scale;
    use crate::backend::Query;
    use crate::corpus::Exact;
    use crate::open::OpenIndex;
    use jiff::civil::date;
    use openclaw_embed::{EmbedderId, Vector};

    const TODAY: jiff::civil::Date = date(2026, 11, 28);

    fn vector(seed: &str) -> Option<Vector> {
        let mut state =
            seed.bytes().fold(7_u64, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
                | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1_u32 << 24) as f32 - 0.5
        };
        Vector::normalized((0..256).map(|_| next()).collect())
    }

    /// Each line has a word of its own, one of few, and one of all.
    fn note(number: usize) -> String {
        let line =
            |at: usize| format!("- kiwi{} grape{} apples were bought\n", number * 30 + at, (number + at) % 7);
        (0..30).map(line).collect()
    }

    #[test]
    fn what_is_estimated_finds_what_the_exact_search_finds() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let embedder =
            EmbedderId { provider: "builtin", model: "made-up".into(), fingerprint: String::new() };
        let mut exact = Scale::open(&path, &embedder, TODAY).unwrap();
        for number in 0..120 {
            exact.put(&format!("memory/{number}.md"), &note(number)).unwrap();
        }
        exact.embed(vector).unwrap();
        let limits = Exact { code_bytes: 64 * 1024, rows: 100, ..Exact::default() };
        let open = OpenIndex::open_exact(&path, Some(&embedder), limits).unwrap();
        let mut estimated = Scale { path: path.clone(), open, today: TODAY };
        assert_eq!(estimated.size(), exact.size());
        let check = |exact: &Scale, estimated: &Scale| {
            for asked in (0..3_600).step_by(97) {
                let query = Query::new(format!("kiwi{asked} grape3 apples"));
                let by = vector(&format!("question {asked}")).unwrap();
                for by in [None, Some(&by)] {
                    let expected = exact.search(&query, by).unwrap();
                    let found = estimated.search(&query, by).unwrap();
                    assert_eq!(found[0].citation, expected[0].citation, "{asked}");
                    assert!(found[0].snippet.contains(&format!("kiwi{asked} ")));
                }
            }
        };
        check(&exact, &estimated);
        // Notes that are written again get other places and numbers, and their vectors from the cache.
        for number in 40..80 {
            let text = note(number);
            estimated.put(&format!("memory/{number}.md"), &format!("{text}\n")).unwrap();
        }
        assert_eq!(estimated.size(), exact.size());
        let exact = Scale::open(&path, &embedder, TODAY).unwrap();
        check(&exact, &estimated);
    }
}
