//! How well each row of a memory fits a query: by its words, and by its meaning. Pure.
//!
//! Words: BM25 (Robertson and Zaragoza 2009) twice, with the window of a row, headings included, as the document, and
//! with the row alone. Meaning: the cosine of the passage that holds the row. Each of the three is brought to mean 0
//! and deviation 1 over the whole memory before they are added, so that the weights mean the same in every memory.

use std::ops::Range;

use crate::corpus::{Corpus, NoteView};
use crate::matches::{Matches, OfNote};
use crate::near::Cosines;
use crate::rows::Passages;
use crate::words::Concept;

/// How fast repeated terms stop counting, and how much long windows are discounted: the usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// What the window counts of all that words count.
const OF_WINDOW: f64 = 0.8;

/// Rows with a concept that tell in how many windows it is.
const ENOUGH_ROWS: usize = 600;

/// A concept that counts less than this stands in more than a third of all windows, or is a mere part of a word: which row of a
/// note it stands in hardly matters.
const FREQUENT: f64 = 1.0;

/// Notes whose memory is asked for at once.
pub(crate) const TOGETHER: usize = 64;
/// Rows and passages of a note, about, that lie in one line of the processor's memory.
const TOUCHED_ROWS: usize = 10;
const TOUCHED_PASSAGES: usize = 8;

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
    average: Average,
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
    passages: Option<&'a Passages>,
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
                passages: Some(&view.passages),
                cosines: &meaning.all[numbers],
                mean: meaning.mean,
                factor: weights.meaning / meaning.deviation,
            },
            None => Self { passages: None, cosines: &[], mean: 0.0, factor: 0.0 },
        }
    }

    /// The most of any passage that has some of these rows; one that is not embedded counts nothing.
    fn most(&self, rows: Range<usize>) -> f64 {
        let Some(passages) = self.passages.filter(|_| !self.cosines.is_empty()) else { return 0.0 };
        let first = passages.first_behind(rows.start);
        let end = passages.first_from(rows.end).max(first);
        let near = self.cosines[first..end].iter().copied();
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

/// Terms of a window and of a row that has one.
#[derive(Debug, Clone, Copy)]
struct Average {
    window: f64,
    row: f64,
}

impl Average {
    fn of(corpus: &Corpus) -> Self {
        let windows = float(corpus.windows().max(1));
        Self {
            window: float(corpus.window_terms().max(1)) / windows,
            row: float(corpus.row_terms().max(1)) / windows,
        }
    }

    /// Adds what a concept is worth to the rows of a note: its inverse document frequency, the rows that hold it, and how much of
    /// it each window holds.
    fn weigh(self, view: &NoteView, (idf, held): (f64, OfNote<'_>), counts: &[f32], bm25: &mut [Bm25]) {
        let near = view.rows.near();
        for ((bm25, row), &count) in bm25.iter_mut().zip(near).zip(counts) {
            if count > 0.0 {
                bm25.window += part(idf, count, f64::from(row.window_terms) / self.window);
            }
        }
        for (at, count) in held.iter() {
            if let Some((bm25, row)) = bm25.get_mut(at).zip(near.get(at)).filter(|(_, row)| row.has_window())
            {
                bm25.row += part(idf, count, f64::from(row.terms.max(1)) / self.row);
            }
        }
    }
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
            average: Average::of(corpus),
            idf: Vec::new(),
            starts: vec![None; matches.slots().len()],
            bm25: Vec::new(),
            between: Between::default(),
            window: Spread::default(),
            row: Spread::default(),
        };
        let count_rows =
            |of: &[usize]| of.iter().map(|at| corpus.views()[matches.slots()[*at]].rows.len()).sum::<usize>();
        let all: Vec<usize> = (0..matches.slots().len()).collect();
        let rows = count_rows(&all);
        let one_in = if rows > corpus.exact.rows { rows.div_ceil(corpus.exact.sampled) } else { 1 };
        let sample = Sample::of(matches, all, one_in);
        let (rows_of_whole, rows_of_some) = (count_rows(&sample.whole), count_rows(&sample.some));

        let mut between = Between::default();
        between.windows.reserve((rows_of_whole + rows_of_some) * matches.concepts());
        let count = |of: &[usize], between: &mut Between| {
            for some in of.chunks(TOGETHER) {
                scores.touch(some.iter().copied());
                some.iter().for_each(|at| scores.count(*at, between));
            }
        };
        count(&sample.whole, &mut between);
        let in_whole = std::mem::take(&mut between.holding);
        count(&sample.some, &mut between);
        let Between { windows, mut holding, .. } = between;
        holding.resize(matches.concepts(), 0);
        if one_in > 1 {
            scores.project(&sample, &in_whole, &mut holding);
        }
        scores.idf = scores.inverse_frequencies(concepts, &holding);
        scores.bm25.reserve(rows_of_whole + rows_of_some);
        let mut left = windows.as_slice();
        for &at in sample.whole.iter().chain(&sample.some) {
            let rows = count_rows(&[at]);
            let (of_note, rest) = left.split_at(rows * matches.concepts());
            left = rest;
            scores.weigh(at, &Counts { windows: of_note, rows });
        }
        let times = float(rows - rows_of_whole) / float(rows_of_some.max(1));
        scores.measure(rows_of_whole, times);
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
        if self.starts[at].is_some() {
            return;
        }
        let view = &self.corpus.views()[slot];
        let mut bm25 = std::mem::take(&mut self.bm25);
        let start = bm25.len();
        bm25.resize(start + view.rows.len(), Bm25::default());
        let Between { windows, sums, .. } = &mut self.between;
        for (concept, &idf) in self.idf.iter().enumerate() {
            let held = self.matches.rows(at, concept);
            if !held.is_empty() {
                running_sums(held, view.rows.len(), sums);
                windows.clear();
                windows.resize(view.rows.len(), 0.0);
                count_windows(view, held, sums, windows);
                self.average.weigh(view, (idf, held), windows, &mut bm25[start..]);
            }
        }
        (self.bm25, self.starts[at]) = (bm25, Some(start));
    }

    /// What the words of a note's best row can be worth: as if all words of the note stood in one short row. The note is given by
    /// its position in the matches.
    pub(crate) fn most(&self, at: usize) -> f64 {
        let view = &self.corpus.views()[self.matches.slots()[at]];
        let (shortest, shortest_row) =
            (f64::from(view.shortest) / self.average.window, f64::from(view.shortest_row) / self.average.row);
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

    /// Reads something of all that scoring needs of some notes, and does nothing with it: one such read waits for memory as
    /// long as many that do not depend on each other.
    pub(crate) fn touch(&self, some: impl Iterator<Item = usize>) {
        let read = |at: usize| {
            let view = &self.corpus.views()[self.matches.slots()[at]];
            let rows = view.rows.near().iter().step_by(TOUCHED_ROWS).map(|row| usize::from(row.terms));
            let passages = (0..view.passages.len()).step_by(TOUCHED_PASSAGES);
            let held = (0..self.matches.concepts())
                .filter_map(|concept| self.matches.rows(at, concept).iter().next());
            rows.chain(passages.map(|at| view.passages.get(at).end))
                .chain(held.map(|(row, _)| row))
                .sum::<usize>()
        };
        std::hint::black_box(some.map(read).fold(0, usize::wrapping_add));
    }

    /// What a note's best row can be worth by words and meaning: as if its best row stood in its best run of as many rows as a
    /// window has at most, with the best meaning around. No row means more than `meant`, see [`Scores::most_meaning`].
    pub(crate) fn most_closely(&self, at: usize, around: (Option<&Cosines>, f64), room: &mut Room) -> f64 {
        let slot = self.matches.slots()[at];
        let view = &self.corpus.views()[slot];
        let near = view.rows.near();
        let shortest = f64::from(view.shortest) / self.average.window;
        let Room { held, everywhere, counts } = room;
        self.hold(at, held, everywhere);
        let window_of = |counts: &[f32]| -> f64 {
            counts.iter().zip(&self.idf).map(|(&count, &idf)| part(idf, count, shortest)).sum()
        };
        let (meaning, meant) = around;
        let around = Around::new(view, meaning, self.corpus.numbers(slot), self.weights);
        let worth = |window: f64| self.weights.window * self.window.standard(window);
        let of_headings = window_of(everywhere);
        // Words of a heading, and frequent ones, may be in the window of any row.
        let mut most = if of_headings > 0.0 { worth(of_headings) + meant } else { f64::NEG_INFINITY };
        let widest = view.widest.max(1);
        let (mut start, mut end, mut best_row, mut window) = (0, 0, 0.0_f64, 0.0);
        let of_frequent = self.row_of_frequent(at);
        while let Some(&(first, ..)) = held.get(start) {
            let length = f64::from(near[first].terms.max(1)) / self.average.row;
            let of_row = held[start..].iter().take_while(|(row, ..)| *row == first);
            let next = start + of_row.clone().count();
            best_row = best_row.max(of_row.map(|(_, at, weight)| part(self.idf[*at], *weight, length)).sum());
            let more = held[end..].iter().take_while(|(row, ..)| *row - first < widest).count();
            // A run that reaches no further than one that begins before it holds less.
            if more > 0 {
                end += more;
                counts.clone_from(everywhere);
                held[start..end].iter().for_each(|(_, concept, weight)| counts[*concept] += weight);
                window = window_of(counts);
            }
            let by_words = worth(window);
            if by_words + meant > most {
                // The row whose window this is may stand on either side of the first word.
                most =
                    most.max(by_words + around.most((first + 1).saturating_sub(view.widest)..first + widest));
            }
            start = next;
        }
        most + self.weights.row * self.row.standard(best_row + of_frequent)
    }

    /// What frequent concepts can be worth in a row of a note.
    fn row_of_frequent(&self, at: usize) -> f64 {
        let view = &self.corpus.views()[self.matches.slots()[at]];
        let shortest_row = f64::from(view.shortest_row) / self.average.row;
        let frequent = self.idf.iter().enumerate().filter(|(_, idf)| **idf < FREQUENT);
        frequent.map(|(concept, &idf)| part(idf, self.matches.rows(at, concept).most(), shortest_row)).sum()
    }

    /// The rows of a note that hold concepts, in order, and what may be in any window of each: what those hold that lend their
    /// words to rows that may be far below, and what is held of concepts so frequent that rows are not told apart by them.
    fn hold(&self, at: usize, held: &mut Vec<(usize, usize, f32)>, everywhere: &mut Vec<f32>) {
        let view = &self.corpus.views()[self.matches.slots()[at]];
        let near = view.rows.near();
        held.clear();
        everywhere.clear();
        everywhere.resize(self.idf.len(), 0.0);
        for (concept, everywhere) in everywhere.iter_mut().enumerate() {
            let of_concept = self.matches.rows(at, concept);
            if self.idf[concept] < FREQUENT {
                *everywhere = of_concept.sum();
                continue;
            }
            for (row, weight) in of_concept.iter() {
                let Some(has_window) = near.get(row).map(|row| row.has_window()) else { continue };
                if has_window {
                    held.push((row, concept, weight));
                }
                if view.lends(row) {
                    *everywhere += weight;
                }
            }
        }
        held.sort_unstable_by_key(|(row, concept, _)| (*row, *concept));
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
    fn project(&self, sample: &Sample, in_whole: &[usize], holding: &mut [usize]) {
        let (mut sums, mut counts) = (Vec::new(), Vec::new());
        for (concept, holding) in holding.iter_mut().enumerate() {
            let rows_in = |at: &usize| self.matches.rows(*at, concept).len();
            let all = self.matches.total(concept);
            let of_whole: usize = sample.whole.iter().map(rows_in).sum();
            let mut counted: usize = sample.some.iter().map(rows_in).sum();
            let mut times = float(all - of_whole);
            let mut known = in_whole.get(concept).copied().unwrap_or_default();
            if counted < ENOUGH_ROWS && of_whole < all {
                (*holding, counted, known, times) = (0, 0, 0, float(all));
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
            *holding = known + (float(*holding) * times / float(counted.max(1))).round() as usize;
        }
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
        let start = self.bm25.len();
        self.starts[at] = Some(start);
        self.bm25.resize(start + counts.rows, Bm25::default());
        let bm25 = &mut self.bm25[start..];
        for (concept, &idf) in self.idf.iter().enumerate() {
            let held = self.matches.rows(at, concept);
            if !held.is_empty() {
                self.average.weigh(view, (idf, held), counts.of(concept), bm25);
            }
        }
    }

    /// The first rows that are scored stand for themselves, the others for so many times as many.
    fn measure(&mut self, whole: usize, times: f64) {
        let (whole, some) = self.bm25.split_at(whole);
        let spread = |of: fn(&Bm25) -> f64| {
            // Rows without a window add nothing.
            let add = |(sum, squares): (f64, f64), score: f64| (sum + score, squares + score * score);
            let whole = whole.iter().map(of).fold((0.0, 0.0), add);
            let some = some.iter().map(of).fold((0.0, 0.0), add);
            Spread::of(whole.0 + some.0 * times, whole.1 + some.1 * times, self.corpus.windows())
        };
        (self.window, self.row) = (spread(|bm25| bm25.window), spread(|bm25| bm25.row));
    }
}

/// Notes that tell what is usual, by their positions in the matches.
struct Sample {
    /// All that hold a rare concept: few, and what they score differs most.
    whole: Vec<usize>,
    /// Some of the others.
    some: Vec<usize>,
}

impl Sample {
    fn of(matches: &Matches, all: Vec<usize>, one_in: usize) -> Self {
        if one_in <= 1 {
            return Self { whole: Vec::new(), some: all };
        }
        let is_rare = |concept: &usize| matches.total(*concept) <= ENOUGH_ROWS;
        let rare: Vec<usize> = (0..matches.concepts()).filter(is_rare).collect();
        let holds_any = |at: &usize| rare.iter().any(|concept| !matches.rows(*at, *concept).is_empty());
        let (whole, mut some): (Vec<usize>, Vec<usize>) = all.into_iter().partition(holds_any);
        some.retain(|at| is_sampled(*at, one_in));
        Self { whole, some }
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
    let rows = view.rows.near();
    if held.iter().any(|(row, _)| view.lends(row)) {
        return count_with_headings(view, sums, counts);
    }
    let mut holding = 0;
    // A window holds its own row, so that those far from all that hold the concept do not.
    for at in held.reach(view.widest, rows.len()) {
        if let Some(window) = rows[at].window(at) {
            counts[at] = between(sums, &(*window.start()..*window.end() + 1));
            holding += usize::from(counts[at] > 0.0);
        }
    }
    holding
}

fn count_with_headings(view: &NoteView, sums: &[f32], counts: &mut [f32]) -> usize {
    let mut holding = 0;
    let (mut heading, mut of_headings) = (None, 0.0);
    for (at, (row, count)) in view.rows.near().iter().zip(counts).enumerate() {
        let Some(window) = row.window(at) else { continue };
        let above = view.rows.heading(at);
        if above != heading {
            heading = above;
            of_headings = view.rows.headings(at).map(|above| between(sums, &(above..above + 1))).sum();
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
