//! What a search looks at, in memory: the rows of every note, and the vectors of their passages. No text.

use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;

use crate::backend::Source;
use crate::codes::{Codes, QueryCodes, Stored};
use crate::near::{Cosines, Vectors};
use crate::rows::{NoteRows, Passages};
use crate::time::unpack;
use crate::vectors::EmbedderKey;
use crate::when::date_of;

/// A note in the index. Numbers are never used twice in one index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NoteId(pub(crate) i64);

/// All notes that can be found. A search goes through them by their place here, its slot, and looks nothing up.
#[derive(Default)]
pub(crate) struct Corpus {
    /// Ascending; `views` lie beside.
    ids: Vec<NoteId>,
    views: Vec<NoteView>,
    /// The number of each note's first vector. Ascending, too.
    starts: Vec<usize>,
    vectors: Vectors,
    /// Who made the vectors.
    pub(crate) embedder: Option<EmbedderKey>,
    pub(crate) exact: Exact,
    sums: Sums,
}

/// Up to where everything is exact; beyond it searches estimate what is usual, and look closely only at what matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exact {
    /// Bytes of vectors, eight bits a number, that are kept in memory.
    pub(crate) code_bytes: usize,
    /// Rows of notes with words of the query that are all scored.
    pub(crate) rows: usize,
    /// Rows that tell what is usual where there are more, about.
    pub(crate) sampled: usize,
}

impl Default for Exact {
    fn default() -> Self {
        // 125,000 vectors of the built-in model, and about as many rows.
        Self { code_bytes: 48 * 1024 * 1024, rows: 125_000, sampled: 50_000 }
    }
}

impl Exact {
    /// However large the memory is.
    pub(crate) const ALWAYS: Self = Self { code_bytes: usize::MAX, rows: usize::MAX, sampled: usize::MAX };
}

/// What is added up over all notes.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    windows: usize,
    window_terms: usize,
    row_terms: usize,
    passages: usize,
}

/// One note.
pub(crate) struct NoteView {
    pub(crate) path: Arc<str>,
    pub(crate) source: Source,
    pub(crate) rows: NoteRows,
    /// The day of the file's name.
    day: Option<Date>,
    /// The rows of each passage.
    pub(crate) passages: Passages,
    /// Terms of the shortest window.
    pub(crate) shortest: u32,
    /// Terms of the shortest row that has a window.
    pub(crate) shortest_row: u32,
    /// Rows of the widest window.
    pub(crate) widest: usize,
    /// Rows that can be shown and lend their words to rows far below: heads of tables, items above nested ones.
    lenders: Box<[u32]>,
}

impl NoteView {
    /// A note with these rows.
    pub(crate) fn new(path: Arc<str>, source: Source, rows: NoteRows) -> Self {
        let passages = rows.passages();
        let day = date_of(&path);
        let (mut shortest, mut shortest_row, mut widest) = (u32::MAX, u32::MAX, 0);
        for (at, row) in rows.near().iter().enumerate() {
            if let Some(window) = row.window(at) {
                shortest = shortest.min(row.window_terms.into());
                shortest_row = shortest_row.min(row.terms.max(1).into());
                widest = widest.max(window.end() + 1 - window.start());
            }
        }
        let mut lenders: Vec<u32> = (0..rows.len())
            .filter_map(|at| rows.heading(at))
            .filter(|&above| rows.near().get(above).is_some_and(|row| row.has_window()))
            .filter_map(|above| u32::try_from(above).ok())
            .collect();
        lenders.sort_unstable();
        lenders.dedup();
        Self { path, source, rows, day, passages, shortest, shortest_row, widest, lenders: lenders.into() }
    }

    /// Whether a row lends its words to rows that may be far below: a heading, the head of a table, an item above nested ones.
    pub(crate) fn lends(&self, row: usize) -> bool {
        let is_heading = self.rows.near().get(row).is_none_or(|row| !row.has_window());
        is_heading || u32::try_from(row).is_ok_and(|row| self.lenders.binary_search(&row).is_ok())
    }

    /// The day a row is about: of the nearest heading with a date, else of the file's name.
    pub(crate) fn day(&self, row: usize) -> Option<Date> {
        unpack(self.rows.day(row)).or(self.day)
    }

    /// The rows that can be shown: all but headings with text below them.
    pub(crate) fn shown_rows(&self) -> impl Iterator<Item = usize> {
        (0..self.rows.len()).filter(|&row| self.rows.near()[row].has_window())
    }

    fn sums(&self) -> Sums {
        let rows = self.rows.near().iter().filter(|row| row.has_window());
        let none = Sums { passages: self.passages.len(), ..Sums::default() };
        rows.fold(none, |sums, row| Sums {
            windows: sums.windows + 1,
            window_terms: sums.window_terms + usize::from(row.window_terms),
            row_terms: sums.row_terms + usize::from(row.terms),
            ..sums
        })
    }

    /// The passage that holds a row.
    pub(crate) fn passage_of(&self, row: usize) -> Option<usize> {
        self.passages.with(row)
    }
}

impl Corpus {
    /// No notes, and vectors of one embedder to come.
    pub(crate) fn new(embedder: Option<EmbedderKey>, exact: Exact) -> Self {
        Self { embedder, exact, vectors: Vectors::with_limit(exact.code_bytes), ..Self::default() }
    }

    pub(crate) fn get(&self, id: NoteId) -> Option<&NoteView> {
        self.views.get(self.slot(id)?)
    }

    /// The place of a note.
    pub(crate) fn slot(&self, id: NoteId) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }

    /// The numbers of all notes, ascending, by their places.
    pub(crate) fn ids(&self) -> &[NoteId] {
        &self.ids
    }

    /// All notes by their places.
    pub(crate) fn views(&self) -> &[NoteView] {
        &self.views
    }

    pub(crate) fn notes(&self) -> impl Iterator<Item = (NoteId, &NoteView)> {
        self.ids.iter().copied().zip(&self.views)
    }

    /// Takes a note in, in place of an older state with the same number.
    pub(crate) fn put(&mut self, id: NoteId, view: NoteView, codes: &Codes) {
        self.remove(id);
        let start = self.vectors.add(codes);
        self.insert(id, view, start);
    }

    /// Takes a note in that is not there yet, with its vectors as they are stored.
    pub(crate) fn load(&mut self, id: NoteId, view: NoteView, stored: Option<Stored<'_>>) {
        let start = self.vectors.take(stored, view.passages.len());
        self.insert(id, view, start);
    }

    fn insert(&mut self, id: NoteId, view: NoteView, start: usize) {
        self.sums = self.sums.with(view.sums());
        // At the end: a new note has the greatest number.
        let slot = self.ids.partition_point(|other| *other < id);
        self.ids.insert(slot, id);
        self.views.insert(slot, view);
        self.starts.insert(slot, start);
        if slot + 1 < self.ids.len() || self.vectors.is_loose() {
            self.tidy();
        }
    }

    pub(crate) fn remove(&mut self, id: NoteId) {
        if let Some(slot) = self.slot(id) {
            self.ids.remove(slot);
            let (old, start) = (self.views.remove(slot), self.starts.remove(slot));
            self.vectors.forget(start, old.passages.len());
            self.sums = self.sums.without(old.sums());
        }
    }

    /// Enters vectors that came later than their note.
    pub(crate) fn enter(&mut self, id: NoteId, codes: &Codes) {
        if let Some(slot) = self.slot(id).filter(|slot| self.views[*slot].passages.len() == codes.len()) {
            self.vectors.set(self.starts[slot], codes);
        }
    }

    fn tidy(&mut self) {
        let counts = self.views.iter().map(|view| view.passages.len());
        self.vectors.tidy(self.starts.iter_mut().zip(counts));
    }

    /// The numbers of a note's vectors, one for each passage.
    pub(crate) fn numbers(&self, slot: usize) -> Range<usize> {
        let start = self.starts[slot];
        start..start + self.views[slot].passages.len()
    }

    /// Whether a passage is embedded, by the number of its vector.
    pub(crate) fn is_embedded(&self, number: usize) -> bool {
        self.vectors.has(number)
    }

    /// The note that a vector is of.
    pub(crate) fn slot_with(&self, number: usize) -> Option<usize> {
        // The last of those that begin here: notes without passages begin where the next one does.
        let slot = self.starts.partition_point(|start| *start <= number).checked_sub(1)?;
        self.numbers(slot).contains(&number).then_some(slot)
    }

    /// How many windows can be shown.
    pub(crate) fn windows(&self) -> usize {
        self.sums.windows
    }

    /// Terms in all windows.
    pub(crate) fn window_terms(&self) -> usize {
        self.sums.window_terms
    }

    /// Terms in all rows that have a window.
    pub(crate) fn row_terms(&self) -> usize {
        self.sums.row_terms
    }

    /// Numbers of a vector; 0 when there is none.
    pub(crate) fn dimensions(&self) -> usize {
        self.vectors.dimensions()
    }

    /// Passages, and how many of them are embedded.
    pub(crate) fn embedded(&self) -> (usize, usize) {
        (self.sums.passages, self.vectors.embedded())
    }

    /// Compares a query with every passage; `None` when none is embedded.
    pub(crate) fn meaning(&self, query: &QueryCodes) -> Option<Cosines> {
        self.vectors.compare(query)
    }
}

impl Sums {
    fn with(self, more: Self) -> Self {
        Self {
            windows: self.windows + more.windows,
            window_terms: self.window_terms + more.window_terms,
            row_terms: self.row_terms + more.row_terms,
            passages: self.passages + more.passages,
        }
    }

    fn without(self, less: Self) -> Self {
        Self {
            windows: self.windows - less.windows,
            window_terms: self.window_terms - less.window_terms,
            row_terms: self.row_terms - less.row_terms,
            passages: self.passages - less.passages,
        }
    }
}
