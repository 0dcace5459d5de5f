//! Which lines are shown: the runs of rows that most probably hold the answer. Pure.
//!
//! A row's score becomes a weight, `exp((score - best) / TEMPERATURE)`. Again and again the run of whole rows with the
//! largest sum of weights that are not shown yet is taken, at most [`WINDOW_CHARS`] characters of one section. So six
//! results show different lines, and two good lines near each other are shown together. What is chosen first does not
//! depend on how much is chosen.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::ops::Range;

use crate::backend::MAX_ELSEWHERE;
use crate::corpus::{Corpus, NoteId};
use crate::layout::WINDOW_CHARS;
use crate::rows::NoteRows;

/// How fast the weight of a row falls with its score, in deviations.
const TEMPERATURE: f64 = 0.4;
/// Rows whose sections are looked at: far more than any number of results needs.
const MAX_CANDIDATES: usize = 400;
/// The same in a large memory, where each that is wanted costs time: still far more than are shown.
const MAX_CANDIDATES_OF_MANY: usize = 150;

/// A run of rows to be shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) note: NoteId,
    /// The place of the note in the corpus.
    pub(crate) slot: usize,
    /// First and last row.
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// The row it was chosen for.
    pub(crate) best: usize,
    /// Further rows elsewhere that say the same as the best one.
    pub(crate) repeated: usize,
    /// Slot and row of some that say the same as any of these rows and are shown nowhere.
    pub(crate) elsewhere: Vec<(usize, usize)>,
}

/// A row that may be shown, and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    /// The place of its note in the corpus.
    pub(crate) slot: usize,
    pub(crate) row: usize,
    pub(crate) score: f64,
}

/// The candidates worth looking at, out of any number.
pub(crate) struct Best {
    /// How many.
    most: usize,
    found: Vec<Candidate>,
    /// What a candidate needs at least.
    least: Option<f64>,
}

impl Default for Best {
    fn default() -> Self {
        Self { most: MAX_CANDIDATES, found: Vec::new(), least: None }
    }
}

impl Best {
    /// Out of so many that not all are looked at.
    pub(crate) fn of_many() -> Self {
        Self { most: MAX_CANDIDATES_OF_MANY, ..Self::default() }
    }

    /// Twice as many, of which not all will stay: their scores are rough.
    pub(crate) fn twice(self) -> Self {
        Self { most: 2 * self.most, ..self }
    }

    pub(crate) fn push(&mut self, candidate: Candidate) {
        if !self.may_take(candidate.score) {
            return;
        }
        self.found.push(candidate);
        if self.found.len() >= 2 * self.most {
            self.cut();
        }
    }

    /// Whether a candidate with this score would be one of the best.
    pub(crate) fn may_take(&self, score: f64) -> bool {
        self.least.is_none_or(|least| score >= least)
    }

    fn cut(&mut self) {
        if self.found.len() > self.most {
            let (_, last, _) = self.found.select_nth_unstable_by(self.most - 1, order);
            self.least = Some(last.score);
            self.found.truncate(self.most);
        }
    }

    /// The best ones, best first.
    pub(crate) fn sorted(mut self) -> Vec<Candidate> {
        self.cut();
        self.found.sort_unstable_by(order);
        self.found
    }
}

/// Equal ones in the order of notes and rows, so that the same question has the same answer.
fn order(a: &Candidate, b: &Candidate) -> Ordering {
    b.score.total_cmp(&a.score).then(a.slot.cmp(&b.slot)).then(a.row.cmp(&b.row))
}

/// The best runs, best first, of candidates that come best first. `score` tells the scores of neighbouring rows of a note.
pub(crate) fn select(
    corpus: &Corpus,
    candidates: Vec<Candidate>,
    score: impl Fn(usize, Range<usize>) -> Vec<f64>,
    limit: usize,
) -> Vec<Run> {
    let Some(top) = candidates.first().map(|candidate| candidate.score) else { return Vec::new() };
    let weigh = |score: f64| ((score - top) / TEMPERATURE).exp();
    let weights = |slot, rows| score(slot, rows).into_iter().map(weigh).collect();
    let mut sections = gather(corpus, &candidates, weights);
    let mut heap: BinaryHeap<Offer> =
        (0..).zip(&sections).filter_map(|(at, section)| section.offer(at)).collect();
    let mut seen: HashSet<u32> = HashSet::new();
    let mut runs: Vec<Run> = Vec::new();
    while runs.len() < limit
        && let Some(offer) = heap.pop()
    {
        let section = &mut sections[offer.section];
        if section.hide(&seen) {
            // Something of it was shown elsewhere meanwhile.
            heap.extend(section.offer(offer.section));
            continue;
        }
        let run = section.take(&offer.rows);
        seen.extend(offer.rows.map(|row| section.sameness(row)).filter(|&same| same != 0));
        heap.extend(section.offer(offer.section));
        runs.push(run);
    }
    count_repetitions(corpus, &candidates, &mut runs);
    find_elsewhere(corpus, &candidates, &mut runs);
    runs
}

/// The sections that hold candidates, with the weight of each row, in the order of notes and rows.
fn gather<'a>(
    corpus: &'a Corpus,
    candidates: &[Candidate],
    weights: impl Fn(usize, Range<usize>) -> Vec<f64>,
) -> Vec<Section<'a>> {
    let section = |candidate: &Candidate| {
        (candidate.slot, corpus.views()[candidate.slot].rows.section_of(candidate.row))
    };
    let mut wanted: Vec<(usize, Range<usize>)> = candidates.iter().map(section).collect();
    wanted.sort_unstable_by_key(|(slot, rows)| (*slot, rows.start));
    wanted.dedup();
    let gathered = |(slot, rows): (usize, Range<usize>)| Section {
        note: corpus.ids()[slot],
        slot,
        start: rows.start,
        rows: &corpus.views()[slot].rows,
        weights: weights(slot, rows),
    };
    wanted.into_iter().map(gathered).collect()
}

struct Section<'a> {
    note: NoteId,
    slot: usize,
    /// The first row's number in the note.
    start: usize,
    rows: &'a NoteRows,
    /// Of the section's rows; 0 once shown.
    weights: Vec<f64>,
}

/// The best run of a section.
struct Offer {
    weight: f64,
    section: usize,
    rows: Range<usize>,
}

impl Section<'_> {
    /// The run with the largest weight. Of equal ones, the one whose best row stands nearest to its middle.
    fn offer(&self, section: usize) -> Option<Offer> {
        let mut best: Option<Offer> = None;
        let mut end = 0;
        let mut weight = 0.0;
        for start in 0..self.weights.len() {
            while end < self.weights.len() && self.chars(start..end + 1) <= WINDOW_CHARS {
                weight += self.weights[end];
                end += 1;
            }
            if best.as_ref().is_none_or(|best| weight > best.weight * (1.0 + f64::EPSILON)) && weight > 0.0 {
                best = Some(Offer { weight, section, rows: start..end });
            }
            weight = (weight - self.weights[start]).max(0.0);
            end = end.max(start + 1);
        }
        best.map(|best| Offer { rows: self.centred(best.rows), ..best })
    }

    /// The same rows that carry the weight, with as much around them as fits, on both sides.
    fn centred(&self, rows: Range<usize>) -> Range<usize> {
        let most = rows.clone().map(|row| self.weights[row]).fold(0.0, f64::max);
        let counts = |row: &usize| self.weights[*row] > most * WORTH_KEEPING;
        let first = rows.clone().find(counts).unwrap_or(rows.start);
        let last = rows.clone().rev().find(counts).unwrap_or(rows.end.saturating_sub(1));
        let (mut first, mut end) = (first, last + 1);
        loop {
            let before = (first, end);
            if end < self.weights.len()
                && self.weights[end] > 0.0
                && self.chars(first..end + 1) <= WINDOW_CHARS
            {
                end += 1;
            }
            if first > 0 && self.weights[first - 1] > 0.0 && self.chars(first - 1..end) <= WINDOW_CHARS {
                first -= 1;
            }
            if before == (first, end) {
                return first..end;
            }
        }
    }

    fn chars(&self, rows: Range<usize>) -> usize {
        self.rows.chars(self.start + rows.start, self.start + rows.end - 1)
    }

    fn sameness(&self, row: usize) -> u32 {
        self.rows.sameness(self.start + row)
    }

    /// Takes the weight of rows that say what was shown already; whether there were any.
    fn hide(&mut self, seen: &HashSet<u32>) -> bool {
        let mut hidden = false;
        for (row, weight) in (self.start..).zip(&mut self.weights) {
            if *weight > 0.0 && seen.contains(&self.rows.sameness(row)) {
                *weight = 0.0;
                hidden = true;
            }
        }
        hidden
    }

    fn take(&mut self, rows: &Range<usize>) -> Run {
        let weight = |row: &usize| self.weights[*row];
        let best = rows.clone().max_by(|a, b| weight(a).total_cmp(&weight(b)).then(b.cmp(a)));
        let best = best.unwrap_or(rows.start);
        self.weights[rows.clone()].fill(0.0);
        Run {
            note: self.note,
            slot: self.slot,
            first: self.start + rows.start,
            last: self.start + rows.end - 1,
            best: self.start + best,
            repeated: 0,
            elsewhere: Vec::new(),
        }
    }
}

/// A row of less than this share of the best one's weight is context, not a reason.
const WORTH_KEEPING: f64 = 0.02;

fn count_repetitions(corpus: &Corpus, candidates: &[Candidate], runs: &mut [Run]) {
    let sameness = |slot: usize, row: usize| corpus.views()[slot].rows.sameness(row);
    let of_candidates: Vec<u32> =
        candidates.iter().map(|candidate| sameness(candidate.slot, candidate.row)).collect();
    for run in runs {
        let own = sameness(run.slot, run.best);
        let repeats = |(candidate, same): &(&Candidate, &u32)| {
            let is_shown = candidate.slot == run.slot && (run.first..=run.last).contains(&candidate.row);
            own != 0 && !is_shown && **same == own
        };
        run.repeated = candidates.iter().zip(&of_candidates).filter(repeats).count();
    }
}

/// What was hidden because it says the same: the first run that shows it has its place.
fn find_elsewhere(corpus: &Corpus, candidates: &[Candidate], runs: &mut [Run]) {
    let sameness = |slot: usize, row: usize| corpus.views()[slot].rows.sameness(row);
    let mut shown: HashSet<(usize, usize)> = HashSet::new();
    let mut holder: HashMap<u32, usize> = HashMap::new();
    for (at, run) in runs.iter().enumerate() {
        for row in run.first..=run.last {
            shown.insert((run.slot, row));
            holder.entry(sameness(run.slot, row)).or_insert(at);
        }
    }
    let mut hidden: Vec<(usize, usize)> = candidates.iter().map(|other| (other.slot, other.row)).collect();
    hidden.sort_unstable();
    for (slot, row) in hidden {
        let same = sameness(slot, row);
        let run = holder.get(&same).filter(|_| same != 0 && !shown.contains(&(slot, row)));
        if let Some(run) = run.and_then(|run| runs.get_mut(*run))
            && run.elsewhere.len() < MAX_ELSEWHERE
        {
            run.elsewhere.push((slot, row));
        }
    }
}

impl PartialEq for Offer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Offer {}

impl PartialOrd for Offer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Offer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.weight.total_cmp(&other.weight).then(other.section.cmp(&self.section))
    }
}
