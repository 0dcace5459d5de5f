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

impl Run {
    /// Whether some row is in both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.slot == other.slot && self.first <= other.last && other.first <= self.last
    }
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
    let reasons: HashSet<(usize, usize)> =
        candidates.iter().map(|candidate| (candidate.slot, candidate.row)).collect();
    let gathered = |(slot, rows): (usize, Range<usize>)| Section {
        note: corpus.ids()[slot],
        slot,
        start: rows.start,
        rows: &corpus.views()[slot].rows,
        is_reason: rows.clone().map(|row| reasons.contains(&(slot, row))).collect(),
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
    /// Those that are candidates: the others are shown beside these only.
    is_reason: Vec<bool>,
}

/// The best run of a section.
struct Offer {
    weight: f64,
    section: usize,
    rows: Range<usize>,
}

impl Section<'_> {
    /// The run with the largest weight. Of equal ones, the one whose best row stands nearest to its middle. When all its
    /// candidates were shown, here or elsewhere, the rest of a section is no answer.
    fn offer(&self, section: usize) -> Option<Offer> {
        if !self.weights.iter().zip(&self.is_reason).any(|(weight, is_reason)| *is_reason && *weight > 0.0) {
            return None;
        }
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::ops::Range;

    use proptest::prelude::*;

    use super::{Best, Candidate, MAX_CANDIDATES, MAX_CANDIDATES_OF_MANY, Run, select};
    use crate::backend::{MAX_ELSEWHERE, Source};
    use crate::codes::Codes;
    use crate::corpus::{Corpus, Exact, NoteId, NoteView};
    use crate::layout::{WINDOW_CHARS, lay_out};
    use crate::rows::NoteRows;
    use crate::words::Analyser;

    fn corpus<'a>(notes: impl IntoIterator<Item = &'a str>) -> Corpus {
        let (mut corpus, mut analyser) = (Corpus::new(None, Exact::ALWAYS), Analyser::default());
        for (id, text) in (1..).map(NoteId).zip(notes) {
            let rows = NoteRows::of(&lay_out("", text, &mut analyser).rows);
            let view = NoteView::new(format!("memory/{}.md", id.0).into(), Source::Memory, rows);
            let codes = Codes::empty(view.passages.len());
            corpus.put(id, view, &codes);
        }
        corpus
    }

    /// Every row that can be shown, best first.
    fn candidates(corpus: &Corpus, score: impl Fn(usize, usize) -> f64) -> Vec<Candidate> {
        let mut best = Best::default();
        for (slot, view) in corpus.views().iter().enumerate() {
            view.shown_rows().for_each(|row| best.push(Candidate { slot, row, score: score(slot, row) }));
        }
        best.sorted()
    }

    fn runs(corpus: &Corpus, score: impl Fn(usize, usize) -> f64, limit: usize) -> Vec<Run> {
        let of_rows = |slot, rows: Range<usize>| rows.map(|row| score(slot, row)).collect();
        select(corpus, candidates(corpus, &score), of_rows, limit)
    }

    fn places(runs: &[Run]) -> Vec<(usize, usize, usize, usize)> {
        runs.iter().map(|run| (run.slot, run.first, run.last, run.best)).collect()
    }

    #[test]
    fn two_good_lines_near_each_other_are_shown_together_with_what_fits_around_them() {
        let text: String =
            (0..40).map(|line| format!("- item {line:02} {}\n", "of a list ".repeat(5))).collect();
        let corpus = corpus([text.as_str()]);
        let good = [(10, 5.0), (13, 5.0), (35, 4.9)];
        let score = |_, row| good.iter().find(|(at, _)| *at == row).map_or(0.0, |(_, score)| *score);
        let runs = runs(&corpus, score, 2);
        let shown: Vec<Vec<usize>> = runs
            .iter()
            .map(|run| {
                good.iter().map(|(at, _)| *at).filter(|at| (run.first..=run.last).contains(at)).collect()
            })
            .collect();
        assert_eq!(shown, [vec![10, 13], vec![35]]);
        assert_eq!((runs[0].best, runs[1].best), (10, 35));
        let [(_, first, last, _), _] = places(&runs)[..] else { panic!("{runs:?}") };
        assert!(first < 10 && last > 13 && (10 - first).abs_diff(last - 13) <= 1, "{first} {last}");
    }

    #[test]
    fn what_says_the_same_is_shown_once_and_the_other_places_are_told() {
        let same = "The gate code of the garage is 4711.";
        let corpus = corpus([
            same,
            "Something else about the garage door.",
            same,
            "# Gate\nIt is so:\n\nthe Gate code of the garage is 4711",
        ]);
        let runs = runs(&corpus, |slot, _| if slot == 1 { 1.0 } else { 2.0 - slot as f64 / 10.0 }, 10);
        assert_eq!(
            (runs[0].slot, runs[0].repeated, runs[0].elsewhere.as_slice()),
            (0, 2, [(2, 0), (3, 2)].as_slice())
        );
        assert!(runs.iter().all(|run| run.slot != 2));
        assert!(runs[1..].iter().all(|run| run.elsewhere.is_empty()));
    }

    #[test]
    fn of_equal_ones_the_first_comes_first() {
        let corpus = corpus(["one line of words", "another line of them", "and a third of all"]);
        let runs = runs(&corpus, |_, _| 1.0, 2);
        assert_eq!(runs.iter().map(|run| run.note).collect::<Vec<_>>(), [NoteId(1), NoteId(2)]);
        assert!(select(&corpus, Vec::new(), |_, rows| vec![0.0; rows.len()], 5).is_empty());
    }

    fn line(seed: u32) -> String {
        let what =
            ["the tea is green", "the long coffee of the morning", "milk and bread for four of us", "so"];
        let what = what[(seed >> 8) as usize % what.len()];
        match seed % 16 {
            0 => format!("## {what}\n"),
            1 => "\n".to_owned(),
            2 => format!("{}.\n", vec![what; 30].join(", ")),
            3..=8 => format!("- {what}\n"),
            number => format!("- {what} {number} {}\n", seed >> 20),
        }
    }

    /// A score that is the same for the same row.
    fn made_up(salt: u64) -> impl Fn(usize, usize) -> f64 {
        move |slot, row| {
            let number = (slot as u64 * 1_000 + row as u64 + 1)
                .wrapping_mul(salt | 1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (number >> 54) as f64 / 256.0
        }
    }

    proptest! {
        #[test]
        fn the_best_of_any_number_are_those_of_all(
            scores in proptest::collection::vec((0_usize..40, 0_usize..40, -20_i32..20), 0..1_500),
        ) {
            let all: Vec<Candidate> =
                scores.iter().map(|(slot, row, score)| Candidate { slot: *slot, row: *row, score: f64::from(*score) }).collect();
            let mut expected = all.clone();
            expected.sort_by_key(|candidate| (-candidate.score as i32, candidate.slot, candidate.row));
            let sizes = [
                (Best::default(), MAX_CANDIDATES),
                (Best::of_many(), MAX_CANDIDATES_OF_MANY),
                (Best::of_many().twice(), 2 * MAX_CANDIDATES_OF_MANY),
            ];
            for (mut best, most) in sizes {
                all.iter().for_each(|candidate| best.push(*candidate));
                prop_assert_eq!(best.sorted(), &expected[..expected.len().min(most)]);
            }
        }

        #[test]
        fn runs_are_of_one_section_and_show_nothing_twice(
            notes in proptest::collection::vec(proptest::collection::vec(any::<u32>(), 0..40), 1..6),
            salt in any::<u64>(),
            limit in 0_usize..12,
        ) {
            let texts: Vec<String> = notes.iter().map(|lines| lines.iter().copied().map(line).collect()).collect();
            let corpus = corpus(texts.iter().map(String::as_str));
            let score = made_up(salt);
            let all = runs(&corpus, &score, usize::MAX);
            // What is chosen first does not depend on how much is chosen.
            let some = places(&runs(&corpus, &score, limit));
            prop_assert_eq!(&some, &places(&all)[..limit.min(all.len())]);

            let mut shown = HashSet::new();
            let mut said = HashSet::new();
            for run in &all {
                let rows = &corpus.views()[run.slot].rows;
                let section = rows.section_of(run.best);
                prop_assert!(section.start <= run.first && run.first <= run.best && run.best <= run.last && run.last < section.end);
                prop_assert!(rows.chars(run.first, run.last) <= WINDOW_CHARS);
                prop_assert_eq!(corpus.ids()[run.slot], run.note);
                prop_assert!(!shown.contains(&(run.slot, run.best)) && !said.contains(&rows.sameness(run.best)));
                shown.extend((run.first..=run.last).map(|row| (run.slot, row)));
                said.extend((run.first..=run.last).map(|row| rows.sameness(row)).filter(|same| *same != 0));
            }
            for candidate in candidates(&corpus, &score) {
                let same = corpus.views()[candidate.slot].rows.sameness(candidate.row);
                prop_assert!(shown.contains(&(candidate.slot, candidate.row)) || said.contains(&same), "{candidate:?}");
            }
            let mut told = HashSet::new();
            for run in &all {
                let same = |(slot, row): (usize, usize)| corpus.views()[slot].rows.sameness(row);
                let own: HashSet<u32> = (run.first..=run.last).map(|row| same((run.slot, row))).collect();
                prop_assert!(run.elsewhere.len() <= MAX_ELSEWHERE);
                for &place in &run.elsewhere {
                    prop_assert!(!shown.contains(&place) && own.contains(&same(place)) && told.insert(place), "{place:?} {run:?}");
                }
            }
        }
    }
}
