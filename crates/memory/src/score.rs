//! How well each row of a memory fits a query: by its words, and by its meaning. Pure.
//!
//! Words: BM25 (Robertson and Zaragoza 2009) twice, with the window of a row, headings included, as the document, and
//! with the row alone. Meaning: the cosine of the passage that holds the row. Each of the three is brought to mean 0
//! and deviation 1 over the whole memory before they are added, so that the weights mean the same in every memory.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::corpus::{Corpus, NoteId, NoteView};
use crate::layout::headings;
use crate::words::Concept;

/// How fast repeated terms stop counting, and how much long windows are discounted: the usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// What each side counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weights {
    /// Words of the window.
    pub(crate) window: f64,
    /// Words of the row itself.
    pub(crate) row: f64,
    /// Meaning of the passage.
    pub(crate) meaning: f64,
}

/// Chosen on the development half of LoCoMo with all-MiniLM-L6-v2; see `bench/RESULTS.md`.
pub(crate) const WEIGHTS: Weights = Weights { window: 0.4, row: 0.1, meaning: 0.5 };

/// For each note that holds a concept of the query, and each concept: the rows that hold it and how well, ascending.
pub(crate) type Matches = BTreeMap<NoteId, Vec<Vec<(usize, f32)>>>;

/// Cosines of a query with the passages of each note; 0 stands for a passage that is not embedded.
pub(crate) struct Meaning {
    pub(crate) cosines: BTreeMap<NoteId, Vec<f32>>,
    pub(crate) mean: f64,
    pub(crate) deviation: f64,
}

/// What is known about one row.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Evidence {
    /// BM25 of the window as a share of the best that the query could score.
    pub(crate) ratio: f64,
    /// The query's information (sum of inverse document frequencies) that the window has, as a share.
    pub(crate) coverage: f64,
    /// Cosine of the passage, if it is embedded.
    pub(crate) cosine: Option<f64>,
}

/// All rows of the notes that matter, scored.
pub(crate) struct Scores<'a> {
    corpus: &'a Corpus,
    meaning: Option<&'a Meaning>,
    weights: Weights,
    idf: Vec<f64>,
    notes: BTreeMap<NoteId, NoteCounts>,
    window: Spread,
    row: Spread,
}

/// How often each concept stands in the windows and rows of one note.
struct NoteCounts {
    concepts: usize,
    /// Window by window, concept by concept.
    windows: Vec<f32>,
    rows: Vec<f32>,
}

/// Mean and deviation of a score over all rows, those with none included.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    mean: f64,
    deviation: f64,
}

impl Spread {
    fn of(sum: f64, squares: f64, count: usize) -> Self {
        let count = float(count.max(1));
        let mean = sum / count;
        Self { mean, deviation: (squares / count - mean * mean).max(0.0).sqrt() }
    }

    fn standard(self, value: f64) -> f64 {
        if self.deviation > 0.0 { (value - self.mean) / self.deviation } else { 0.0 }
    }
}

impl<'a> Scores<'a> {
    /// Scores a memory.
    pub(crate) fn new(
        corpus: &'a Corpus,
        concepts: &[Concept],
        matches: &Matches,
        meaning: Option<&'a Meaning>,
        weights: Weights,
    ) -> Self {
        let notes: BTreeMap<NoteId, NoteCounts> = matches
            .iter()
            .filter_map(|(id, rows)| Some((*id, NoteCounts::of(corpus.get(*id)?, rows))))
            .collect();
        let mut scores = Self {
            corpus,
            meaning,
            weights,
            idf: Vec::new(),
            notes,
            window: Spread::default(),
            row: Spread::default(),
        };
        scores.idf = scores.inverse_frequencies(concepts);
        scores.measure();
        scores
    }

    /// The notes that any row can be chosen from.
    pub(crate) fn notes(&self) -> Vec<NoteId> {
        let mut ids: Vec<NoteId> = self.notes.keys().copied().collect();
        if let Some(meaning) = self.meaning {
            ids.extend(meaning.cosines.keys());
            ids.sort_unstable();
            ids.dedup();
        }
        ids
    }

    /// The fused score of a row that has a window; deviations above the average row.
    pub(crate) fn fused(&self, id: NoteId, row: usize) -> f64 {
        let mut fused = 0.0;
        let counts = self.notes.get(&id);
        let view = self.corpus.get(id);
        let (window, own) = match (counts, view) {
            (Some(counts), Some(view)) => {
                (self.window_bm25(counts, view, row), self.row_bm25(counts, view, row))
            }
            _ => (0.0, 0.0),
        };
        fused += self.weights.window * self.window.standard(window);
        fused += self.weights.row * self.row.standard(own);
        if let (Some(meaning), Some(cosine)) = (self.meaning, self.cosine(id, row))
            && meaning.deviation > 0.0
        {
            fused += self.weights.meaning * (cosine - meaning.mean) / meaning.deviation;
        }
        fused
    }

    /// Why a row is where it is.
    pub(crate) fn evidence(&self, id: NoteId, row: usize) -> Evidence {
        let total: f64 = self.idf.iter().sum();
        let cosine = self.cosine(id, row);
        let (Some(counts), Some(view)) = (self.notes.get(&id), self.corpus.get(id)) else {
            return Evidence { cosine, ..Evidence::default() };
        };
        if total <= 0.0 {
            return Evidence { cosine, ..Evidence::default() };
        }
        let held = counts.windows(row).iter().zip(&self.idf);
        let coverage: f64 = held.map(|(&count, idf)| f64::from(count).min(1.0) * idf).sum();
        Evidence {
            ratio: self.window_bm25(counts, view, row) / (total * (K1 + 1.0)),
            coverage: coverage / total,
            cosine,
        }
    }

    /// Whether the window of a row holds any concept of the query.
    pub(crate) fn has_words(&self, id: NoteId, row: usize) -> bool {
        self.notes.get(&id).is_some_and(|counts| counts.windows(row).iter().any(|&count| count > 0.0))
    }

    /// Cosine of the passage that holds a row, if it is embedded.
    pub(crate) fn cosine(&self, id: NoteId, row: usize) -> Option<f64> {
        let passage = self.corpus.get(id)?.passage_of(row)?;
        let cosine = *self.meaning?.cosines.get(&id)?.get(passage)?;
        (cosine != 0.0).then_some(f64::from(cosine))
    }

    /// `ln(1 + (N - n + 0.5) / (n + 0.5))` for each concept, with N windows of which n hold it; never negative.
    fn inverse_frequencies(&self, concepts: &[Concept]) -> Vec<f64> {
        let mut holding = vec![0_usize; concepts.len()];
        for (id, counts) in &self.notes {
            let Some(view) = self.corpus.get(*id) else { continue };
            for row in view.shown_rows() {
                for (slot, &count) in holding.iter_mut().zip(counts.windows(row)) {
                    *slot += usize::from(count > 0.0);
                }
            }
        }
        let windows = self.corpus.windows();
        let idf = |(n, concept): (usize, &Concept)| {
            let rarity = (float(windows.saturating_sub(n)) + 0.5) / (float(n) + 0.5);
            concept.forms.first().map_or(1.0, |form| form.weight) * (1.0 + rarity).ln()
        };
        holding.into_iter().zip(concepts).map(idf).collect()
    }

    fn measure(&mut self) {
        let (mut window, mut row) = ((0.0, 0.0), (0.0, 0.0));
        for (id, counts) in &self.notes {
            let Some(view) = self.corpus.get(*id) else { continue };
            for at in view.shown_rows() {
                let (of_window, of_row) =
                    (self.window_bm25(counts, view, at), self.row_bm25(counts, view, at));
                window = (window.0 + of_window, window.1 + of_window * of_window);
                row = (row.0 + of_row, row.1 + of_row * of_row);
            }
        }
        let windows = self.corpus.windows();
        self.window = Spread::of(window.0, window.1, windows);
        self.row = Spread::of(row.0, row.1, windows);
    }

    fn window_bm25(&self, counts: &NoteCounts, view: &NoteView, row: usize) -> f64 {
        let average = float(self.corpus.window_terms().max(1)) / float(self.corpus.windows().max(1));
        self.bm25(counts.windows(row), f64::from(view.rows[row].window_terms) / average)
    }

    fn row_bm25(&self, counts: &NoteCounts, view: &NoteView, row: usize) -> f64 {
        let average = float(self.corpus.row_terms().max(1)) / float(self.corpus.windows().max(1));
        self.bm25(counts.rows(row), f64::from(view.rows[row].terms.max(1)) / average)
    }

    /// `length` is that of the document as a multiple of the average one.
    fn bm25(&self, counts: &[f32], length: f64) -> f64 {
        let norm = K1 * (1.0 - B + B * length);
        let weigh = |(&count, &idf): (&f32, &f64)| {
            let count = f64::from(count);
            if count > 0.0 { idf * count * (K1 + 1.0) / (count + norm) } else { 0.0 }
        };
        counts.iter().zip(&self.idf).map(weigh).sum()
    }
}

impl NoteCounts {
    fn of(view: &NoteView, matches: &[Vec<(usize, f32)>]) -> Self {
        let concepts = matches.len();
        let rows = view.rows.len();
        let mut counts =
            Self { concepts, windows: vec![0.0; rows * concepts], rows: vec![0.0; rows * concepts] };
        let mut sums = Vec::with_capacity(rows + 1);
        for (concept, matches) in matches.iter().enumerate() {
            if matches.is_empty() {
                continue;
            }
            running_sums(matches, rows, &mut sums);
            for row in 0..rows {
                let Some(window) = view.rows[row].window() else { continue };
                let mut count = between(&sums, &(*window.start()..*window.end() + 1));
                for heading in headings(&view.rows, row) {
                    count += between(&sums, &(heading..heading + 1));
                }
                counts.windows[row * concepts + concept] = count;
                counts.rows[row * concepts + concept] = between(&sums, &(row..row + 1));
            }
        }
        counts
    }

    fn windows(&self, row: usize) -> &[f32] {
        &self.windows[row * self.concepts..(row + 1) * self.concepts]
    }

    fn rows(&self, row: usize) -> &[f32] {
        &self.rows[row * self.concepts..(row + 1) * self.concepts]
    }
}

/// `sums[i]`: how much of the concept the first `i` rows hold.
fn running_sums(matches: &[(usize, f32)], rows: usize, sums: &mut Vec<f32>) {
    sums.clear();
    sums.resize(rows + 1, 0.0);
    for &(row, weight) in matches.iter().filter(|(row, _)| *row < rows) {
        sums[row + 1] = weight;
    }
    for at in 1..sums.len() {
        sums[at] += sums[at - 1];
    }
}

fn between(sums: &[f32], rows: &Range<usize>) -> f32 {
    let count = sums[rows.end] - sums[rows.start];
    // Differences of sums of weights below 1 may end a hair above zero.
    if count < 1e-3 { 0.0 } else { count }
}

/// Exact: counts of rows and terms are far below 2^52.
fn float(count: usize) -> f64 {
    count as f64
}
