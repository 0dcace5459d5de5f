//! How well each row of a memory fits a query: by its words, and by its meaning. Pure.
//!
//! Words: BM25 (Robertson and Zaragoza 2009) twice, with the window of a row, headings included, as the document, and
//! with the row alone. Meaning: the cosine of the passage that holds the row. Each of the three is brought to mean 0
//! and deviation 1 over the whole memory before they are added, so that the weights mean the same in every memory.

use std::ops::Range;

use crate::corpus::{Corpus, NoteView};
use crate::layout::{Row, headings};
use crate::matches::{Matches, OfNote};
use crate::near::Cosines;
use crate::words::Concept;

/// How fast repeated terms stop counting, and how much long windows are discounted: the usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// What the window counts of all that words count.
const OF_WINDOW: f64 = 0.8;

/// Rows that tell what is usual among so many.
const SAMPLED_ROWS: usize = 40_000;
/// Rows with a concept that tell in how many windows it is.
const ENOUGH_ROWS: usize = 600;

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

impl Weights {
    /// With meaning counting so much of 1. Windows count four times as much as rows: that, like a meaning of
    /// 0.5, was chosen on the development half of LoCoMo with all-MiniLM-L6-v2; see `bench/RESULTS.md`.
    pub(crate) fn with_meaning(meaning: f64) -> Self {
        let words = 1.0 - meaning;
        Self { window: OF_WINDOW * words, row: (1.0 - OF_WINDOW) * words, meaning }
    }
}

/// What is known about one row.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Evidence {
    /// BM25 of the window as a share of the best that the query could score.
    pub(crate) ratio: f64,
    /// The query's information (sum of inverse document frequencies) that the window has, as a share.
    pub(crate) coverage: f64,
    /// That information, in words as rare as one that stands in a single window.
    pub(crate) information: f64,
    /// Cosine of the passage, if it is embedded.
    pub(crate) cosine: Option<f64>,
}

/// All rows of the notes that matter, scored.
pub(crate) struct Scores<'a> {
    corpus: &'a Corpus,
    matches: &'a Matches,
    weights: Weights,
    idf: Vec<f64>,
    /// Where each matching note begins in `bm25`; nothing for one that was not looked at.
    starts: Vec<Option<usize>>,
    /// Row by row.
    bm25: Vec<Bm25>,
    between: Between,
    window: Spread,
    row: Spread,
}

/// How well the words of a row fit.
#[derive(Debug, Clone, Copy, Default)]
struct Bm25 {
    /// With its window as the document.
    window: f64,
    /// Alone.
    row: f64,
}

/// The scores of one note.
pub(crate) struct NoteScores<'a> {
    scores: &'a Scores<'a>,
    meaning: Option<&'a Cosines>,
    view: &'a NoteView,
    /// Position in the matches; none when the note holds no word of the query.
    at: Option<usize>,
    /// Row by row; nothing when the note holds no word.
    bm25: &'a [Bm25],
    /// Passage by passage; nothing without meaning.
    cosines: &'a [f32],
}

/// Room for [`Scores::most_closely`].
#[derive(Default)]
pub(crate) struct Room {
    /// Rows, concepts, and how well the ones hold the others.
    held: Vec<(usize, usize, f32)>,
    /// What all windows may hold of each concept, and one.
    everywhere: Vec<f32>,
    counts: Vec<f32>,
}

/// What the meaning of rows can be worth.
struct Around<'a> {
    passages: &'a [Range<usize>],
    /// Passage by passage; nothing without meaning.
    cosines: &'a [f32],
    mean: f64,
    /// What a cosine counts.
    factor: f64,
}

impl<'a> Around<'a> {
    fn new(
        view: &'a NoteView,
        meaning: Option<&'a Cosines>,
        numbers: Range<usize>,
        weights: Weights,
    ) -> Self {
        match meaning.filter(|meaning| meaning.deviation > 0.0) {
            Some(meaning) => Self {
                passages: &view.passages,
                cosines: &meaning.all[numbers],
                mean: meaning.mean,
                factor: weights.meaning / meaning.deviation,
            },
            None => Self { passages: &[], cosines: &[], mean: 0.0, factor: 0.0 },
        }
    }

    /// The most of any passage that has some of these rows; one that is not embedded counts nothing.
    fn most(&self, rows: Range<usize>) -> f64 {
        if self.cosines.is_empty() {
            return 0.0;
        }
        let first = self.passages.partition_point(|passage| passage.end <= rows.start);
        let near = self.passages[first..].iter().zip(&self.cosines[first..]);
        let near = near.take_while(|(passage, _)| passage.start < rows.end).map(|(_, cosine)| *cosine);
        let worth = |cosine: f32| {
            if cosine == 0.0 { 0.0 } else { (f64::from(cosine) - self.mean) * self.factor }
        };
        near.map(worth).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Room for what lies between the rows of a note and their scores.
#[derive(Default)]
struct Between {
    /// Concept by concept, row by row.
    windows: Vec<f32>,
    sums: Vec<f32>,
    /// Windows that hold each concept.
    holding: Vec<usize>,
}

/// How often each concept stands in the windows of a note.
struct Counts<'a> {
    /// Concept by concept, row by row; 0 for a row without a window.
    windows: &'a [f32],
    rows: usize,
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
    /// Scores a memory. When most of a large one has words of the query, what is usual is estimated from some of the notes, and
    /// the others are left for [`Scores::evaluate`].
    pub(crate) fn new(
        corpus: &'a Corpus,
        concepts: &[Concept],
        matches: &'a Matches,
        weights: Weights,
    ) -> Self {
        let mut scores = Self {
            corpus,
            matches,
            weights,
            idf: Vec::new(),
            starts: vec![None; matches.slots().len()],
            bm25: Vec::new(),
            between: Between::default(),
            window: Spread::default(),
            row: Spread::default(),
        };
        let rows_of = |at: &usize| corpus.views()[matches.slots()[*at]].rows.len();
        let all = 0..matches.slots().len();
        let rows: usize = all.clone().map(|at| rows_of(&at)).sum();
        let one_in = if rows > corpus.exact.rows { rows.div_ceil(SAMPLED_ROWS) } else { 1 };
        let sample: Vec<usize> = all.filter(|at| is_sampled(*at, one_in)).collect();
        let sampled_rows: usize = sample.iter().map(rows_of).sum();

        let mut between = Between::default();
        between.windows.reserve(sampled_rows * matches.concepts());
        between.holding.resize(matches.concepts(), 0);
        for &at in &sample {
            scores.count(at, &mut between);
        }
        let Between { windows, mut holding, .. } = between;
        if one_in > 1 {
            scores.project(&sample, &mut holding);
        }
        scores.idf = scores.inverse_frequencies(concepts, &holding);
        scores.bm25.reserve(sampled_rows);
        let mut left = windows.as_slice();
        for at in sample {
            let rows = rows_of(&at);
            let (of_note, rest) = left.split_at(rows * matches.concepts());
            left = rest;
            scores.weigh(at, &Counts { windows: of_note, rows });
        }
        scores.measure(float(rows) / float(sampled_rows.max(1)));
        scores
    }

    /// Whether every note is scored.
    pub(crate) fn is_complete(&self) -> bool {
        self.starts.iter().all(Option::is_some)
    }

    /// Places of the notes that hold words of the query, ascending.
    pub(crate) fn slots(&self) -> &'a [usize] {
        self.matches.slots()
    }

    /// Scores a note that was not looked at.
    pub(crate) fn evaluate(&mut self, slot: usize) {
        let Ok(at) = self.matches.slots().binary_search(&slot) else { return };
        if self.starts[at].is_none() {
            let mut between = std::mem::take(&mut self.between);
            between.windows.clear();
            self.count(at, &mut between);
            let rows = self.corpus.views()[slot].rows.len();
            self.weigh(at, &Counts { windows: &between.windows, rows });
            self.between = between;
        }
    }

    /// What the words of a note's best row can be worth: as if all words of the note stood in one short row. The note is given by
    /// its position in the matches.
    pub(crate) fn most(&self, at: usize) -> f64 {
        let view = &self.corpus.views()[self.matches.slots()[at]];
        let (shortest, shortest_row) = (
            f64::from(view.shortest) / self.average_window(),
            f64::from(view.shortest_row) / self.average_row(),
        );
        let (mut window, mut row) = (0.0, 0.0);
        for (concept, &idf) in self.idf.iter().enumerate() {
            let held = self.matches.rows(at, concept);
            if !held.is_empty() {
                window += part(idf, held.sum(), shortest);
                row += part(idf, held.most(), shortest_row);
            }
        }
        self.standard(Bm25 { window, row })
    }

    /// What a note's best row can be worth by words and meaning: as if its best row stood in its best run of as many rows as a
    /// window has at most, with the best meaning around.
    pub(crate) fn most_closely(&self, at: usize, meaning: Option<&Cosines>, room: &mut Room) -> f64 {
        let view = &self.corpus.views()[self.matches.slots()[at]];
        let (shortest, average_row) = (f64::from(view.shortest) / self.average_window(), self.average_row());
        let Room { held, everywhere, counts } = room;
        held.clear();
        // Headings lend their words to rows that may be far below.
        everywhere.clear();
        everywhere.resize(self.idf.len(), 0.0);
        for (concept, everywhere) in everywhere.iter_mut().enumerate() {
            for (row, weight) in self.matches.rows(at, concept).iter() {
                match view.rows.get(row).map(Row::window) {
                    Some(Some(_)) => held.push((row, concept, weight)),
                    Some(None) => *everywhere += weight,
                    None => {}
                }
            }
        }
        held.sort_unstable_by_key(|(row, concept, _)| (*row, *concept));
        let window_of = |counts: &[f32]| -> f64 {
            counts.iter().zip(&self.idf).map(|(&count, &idf)| part(idf, count, shortest)).sum()
        };
        let around = Around::new(view, meaning, self.corpus.numbers(self.matches.slots()[at]), self.weights);
        let worth = |window: f64| self.weights.window * self.window.standard(window);
        let of_headings = window_of(everywhere);
        // Words of a heading alone may be in the window of any row.
        let mut most = if of_headings > 0.0 {
            worth(of_headings) + around.most(0..view.rows.len())
        } else {
            f64::NEG_INFINITY
        };
        let (mut start, mut end, mut best_row, mut window) = (0, 0, 0.0_f64, 0.0);
        while let Some(&(first, ..)) = held.get(start) {
            let length = f64::from(view.rows[first].terms.max(1)) / average_row;
            let of_row = held[start..].iter().take_while(|(row, ..)| *row == first);
            let next = start + of_row.clone().count();
            best_row = best_row.max(of_row.map(|(_, at, weight)| part(self.idf[*at], *weight, length)).sum());
            let near = held[end..].iter().take_while(|(row, ..)| *row - first < view.widest.max(1)).count();
            // A run that reaches no further than one that begins before it holds less.
            if near > 0 {
                end += near;
                counts.clone_from(everywhere);
                held[start..end].iter().for_each(|(_, concept, weight)| counts[*concept] += weight);
                window = window_of(counts);
            }
            // The row whose window this is may stand on either side of the first word.
            let rows = (first + 1).saturating_sub(view.widest)..first + view.widest.max(1);
            most = most.max(worth(window) + around.most(rows));
            start = next;
        }
        most + self.weights.row * self.row.standard(best_row)
    }

    fn standard(&self, bm25: Bm25) -> f64 {
        self.weights.window * self.window.standard(bm25.window)
            + self.weights.row * self.row.standard(bm25.row)
    }

    /// What the meaning of a note's best row can be worth.
    pub(crate) fn most_meaning(&self, at: usize, meaning: Option<&Cosines>) -> f64 {
        let Some(meaning) = meaning.filter(|meaning| meaning.deviation > 0.0) else { return 0.0 };
        let of_note = &meaning.all[self.corpus.numbers(self.matches.slots()[at])];
        // What is greatest as a cosine is greatest as what it is worth.
        let greatest =
            of_note.iter().copied().filter(|cosine| *cosine != 0.0).fold(f32::NEG_INFINITY, f32::max);
        let worth = self.weights.meaning * (f64::from(greatest) - meaning.mean) / meaning.deviation;
        // A passage that is not embedded counts nothing, which may be more than what others count.
        if of_note.contains(&0.0) { worth.max(0.0) } else { worth }
    }

    /// The scores of a note, by its place.
    pub(crate) fn note<'b>(&'b self, slot: usize, meaning: Option<&'b Cosines>) -> NoteScores<'b> {
        let view = &self.corpus.views()[slot];
        let at = self.matches.slots().binary_search(&slot).ok();
        let start = at.and_then(|at| self.starts[at]);
        let bm25 = start.map_or(&[] as &[_], |start| &self.bm25[start..][..view.rows.len()]);
        let cosines = meaning.map_or(&[] as &[_], |meaning| &meaning.all[self.corpus.numbers(slot)]);
        NoteScores { scores: self, meaning, view, at, bm25, cosines }
    }

    /// From the windows of a sample that hold each concept to those of all notes, by the share of the concept's rows that is
    /// in the sample. A concept that is too rare there is counted in notes that hold it: in some, or in all.
    fn project(&self, sample: &[usize], holding: &mut [usize]) {
        let (mut sums, mut counts) = (Vec::new(), Vec::new());
        for (concept, holding) in holding.iter_mut().enumerate() {
            let rows_in = |at: &usize| self.matches.rows(*at, concept).len();
            let all = self.matches.total(concept);
            let mut counted: usize = sample.iter().map(rows_in).sum();
            if counted < ENOUGH_ROWS {
                (*holding, counted) = (0, 0);
                let one_in = all / ENOUGH_ROWS;
                let holders = (0..self.matches.slots().len()).filter(|at| rows_in(at) > 0);
                for at in holders.filter(|at| is_sampled(*at, one_in)) {
                    let view = &self.corpus.views()[self.matches.slots()[at]];
                    let held = self.matches.rows(at, concept);
                    running_sums(held, view.rows.len(), &mut sums);
                    counts.resize(view.rows.len(), 0.0);
                    *holding += count_windows(view, held, &sums, &mut counts);
                    counted += rows_in(&at);
                }
            }
            *holding = (float(*holding) * float(all) / float(counted.max(1))).round() as usize;
        }
    }

    fn average_row(&self) -> f64 {
        float(self.corpus.row_terms().max(1)) / float(self.corpus.windows().max(1))
    }

    fn average_window(&self) -> f64 {
        float(self.corpus.window_terms().max(1)) / float(self.corpus.windows().max(1))
    }

    /// Appends how often the windows of a note hold each concept, and adds up how many do.
    fn count(&self, at: usize, between: &mut Between) {
        let view = &self.corpus.views()[self.matches.slots()[at]];
        let Between { windows, sums, holding } = between;
        holding.resize(self.matches.concepts(), 0);
        for (concept, holding) in holding.iter_mut().enumerate() {
            let start = windows.len();
            windows.resize(start + view.rows.len(), 0.0);
            let held = self.matches.rows(at, concept);
            if !held.is_empty() {
                running_sums(held, view.rows.len(), sums);
                *holding += count_windows(view, held, sums, &mut windows[start..]);
            }
        }
    }

    /// [`rarity`] of each concept, times what its first form counts.
    fn inverse_frequencies(&self, concepts: &[Concept], holding: &[usize]) -> Vec<f64> {
        let windows = self.corpus.windows();
        let idf = |(&n, concept): (&usize, &Concept)| {
            concept.forms.first().map_or(1.0, |form| form.weight) * rarity(n, windows)
        };
        holding.iter().zip(concepts).map(idf).collect()
    }

    /// Appends the BM25 of every row of a note.
    fn weigh(&mut self, at: usize, counts: &Counts<'_>) {
        let view = &self.corpus.views()[self.matches.slots()[at]];
        let of_window = self.average_window();
        let of_row = self.average_row();
        let start = self.bm25.len();
        self.starts[at] = Some(start);
        self.bm25.resize(start + counts.rows, Bm25::default());
        let bm25 = &mut self.bm25[start..];
        for (concept, &idf) in self.idf.iter().enumerate() {
            let held = self.matches.rows(at, concept);
            if held.is_empty() {
                continue;
            }
            for ((bm25, row), &count) in bm25.iter_mut().zip(&view.rows).zip(counts.of(concept)) {
                if count > 0.0 {
                    bm25.window += part(idf, count, f64::from(row.window_terms) / of_window);
                }
            }
            for (at, count) in held.iter().filter(|(at, _)| *at < counts.rows) {
                let row = &view.rows[at];
                if row.window().is_some() {
                    bm25[at].row += part(idf, count, f64::from(row.terms.max(1)) / of_row);
                }
            }
        }
    }

    /// `scale`: how many times as many rows there are as are scored.
    fn measure(&mut self, scale: f64) {
        let (mut window, mut row) = ((0.0, 0.0), (0.0, 0.0));
        // Rows without a window add nothing.
        for bm25 in &self.bm25 {
            window = (window.0 + bm25.window, window.1 + bm25.window * bm25.window);
            row = (row.0 + bm25.row, row.1 + bm25.row * bm25.row);
        }
        let windows = self.corpus.windows();
        self.window = Spread::of(window.0 * scale, window.1 * scale, windows);
        self.row = Spread::of(row.0 * scale, row.1 * scale, windows);
    }
}

/// Whether a note is one in so many; which ones depends on nothing that notes have in common.
fn is_sampled(at: usize, one_in: usize) -> bool {
    let mixed = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    one_in <= 1 || mixed.is_multiple_of(one_in as u64)
}

/// What a concept adds to the BM25 of a document; `length` is the document's as a multiple of the average one.
fn part(idf: f64, count: f32, length: f64) -> f64 {
    let count = f64::from(count);
    idf * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length))
}

impl NoteScores<'_> {
    /// The fused score of a row that has a window, with the cosine of its passage; deviations above the average row.
    pub(crate) fn fused(&self, row: usize, cosine: Option<f64>) -> f64 {
        let Scores { weights, window, row: own, .. } = self.scores;
        let bm25 = self.bm25.get(row).copied().unwrap_or_default();
        let mut fused = weights.window * window.standard(bm25.window);
        fused += weights.row * own.standard(bm25.row);
        if let (Some(meaning), Some(cosine)) = (self.meaning, cosine)
            && meaning.deviation > 0.0
        {
            fused += weights.meaning * (cosine - meaning.mean) / meaning.deviation;
        }
        fused
    }

    /// Why a row is where it is.
    pub(crate) fn evidence(&self, row: usize) -> Evidence {
        let idf = &self.scores.idf;
        let total: f64 = idf.iter().sum();
        let cosine = self.view.passage_of(row).and_then(|passage| self.cosine(passage));
        let (Some(at), Some(bm25)) = (self.at, self.bm25.get(row)) else {
            return Evidence { cosine, ..Evidence::default() };
        };
        if total <= 0.0 {
            return Evidence { cosine, ..Evidence::default() };
        }
        let mut between = Between::default();
        self.scores.count(at, &mut between);
        let counts = Counts { windows: &between.windows, rows: self.view.rows.len() };
        let held = idf.iter().enumerate().map(|(concept, idf)| (counts.of(concept)[row], idf));
        let coverage: f64 = held.map(|(count, idf)| f64::from(count).min(1.0) * idf).sum();
        Evidence {
            ratio: bm25.window / (total * (K1 + 1.0)),
            coverage: coverage / total,
            information: total / rarity(1, self.scores.corpus.windows()),
            cosine,
        }
    }

    /// Whether the window of a row holds any concept of the query.
    pub(crate) fn has_words(&self, row: usize) -> bool {
        self.bm25.get(row).is_some_and(|bm25| bm25.window > 0.0)
    }

    /// Cosine of a passage, if it is embedded.
    pub(crate) fn cosine(&self, passage: usize) -> Option<f64> {
        let cosine = *self.cosines.get(passage)?;
        (cosine != 0.0).then_some(f64::from(cosine))
    }
}

impl Counts<'_> {
    fn of(&self, concept: usize) -> &[f32] {
        &self.windows[concept * self.rows..][..self.rows]
    }
}

/// Enters how much of a concept each window holds, headings included; tells how many hold any.
fn count_windows(view: &NoteView, held: OfNote<'_>, sums: &[f32], counts: &mut [f32]) -> usize {
    let is_heading = |row: usize| view.rows.get(row).is_none_or(|row| row.window().is_none());
    if held.iter().any(|(row, _)| is_heading(row)) {
        return count_with_headings(view, sums, counts);
    }
    let mut holding = 0;
    // A window holds its own row, so that those far from all that hold the concept do not.
    let near = held.reach(view.widest, view.rows.len());
    for (row, count) in view.rows[near.clone()].iter().zip(&mut counts[near]) {
        if let Some(window) = row.window() {
            *count = between(sums, &(*window.start()..*window.end() + 1));
            holding += usize::from(*count > 0.0);
        }
    }
    holding
}

fn count_with_headings(view: &NoteView, sums: &[f32], counts: &mut [f32]) -> usize {
    let mut holding = 0;
    let (mut heading, mut of_headings) = (None, 0.0);
    for (at, (row, count)) in view.rows.iter().zip(counts).enumerate() {
        let Some(window) = row.window() else { continue };
        if row.heading() != heading {
            heading = row.heading();
            of_headings = headings(&view.rows, at).map(|above| between(sums, &(above..above + 1))).sum();
        }
        *count = between(sums, &(*window.start()..*window.end() + 1)) + of_headings;
        holding += usize::from(*count > 0.0);
    }
    holding
}

/// `sums[i]`: how much of the concept the first `i` rows hold.
fn running_sums(matches: OfNote<'_>, rows: usize, sums: &mut Vec<f32>) {
    sums.clear();
    sums.resize(rows + 1, 0.0);
    for (row, weight) in matches.iter().filter(|(row, _)| *row < rows) {
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

/// `ln(1 + (N - n + 0.5) / (n + 0.5))`, with N windows of which n hold a word; above 0.
fn rarity(holding: usize, windows: usize) -> f64 {
    (1.0 + (float(windows.saturating_sub(holding)) + 0.5) / (float(holding) + 0.5)).ln()
}

/// Exact: counts of rows and terms are far below 2^52.
fn float(count: usize) -> f64 {
    count as f64
}
