//! Words, meaning and time together: which rows may be shown, and how good each is.
//!
//! In a large memory not every note is looked at: what a note could reach at most is cheap to know, and the notes are gone
//! through from the most promising one on, until no other can reach the best rows any more.

use std::collections::HashSet;
use std::ops::Range;

use crate::backend::Source;
use crate::codes::QueryCodes;
use crate::corpus::{Corpus, NoteView};
use crate::index::{Index, IndexError};
use crate::near::Cosines;
use crate::score::{Evidence, NoteScores, Room, Scores, TOGETHER};
use crate::select::{Best, Candidate};
use crate::time::Time;
use crate::weighted::Sides;

/// A row without a word of the query must lie this many deviations above the average cosine to be shown,
const MIN_MEANING: f64 = 2.5;
/// and its cosine must be at least this: unrelated sentences of one language reach about .2 with small models.
const MIN_COSINE: f64 = 0.25;
/// A cosine like this is enough by itself: in a memory of few passages nothing lies far above the average.
const SURE_COSINE: f64 = 0.4;

/// What a note is ahead of a conversation that fits equally well: somebody chose to keep it, and may have set it right since.
/// So much more than newness counts, so that the talk of today does not cover a note of last year; less than one good word.
const OF_NOTES: f64 = 0.05;
/// What the words and the meaning of a conversation count of those of a note: in it the question itself stands beside its
/// answer, and fits better than the answer alone.
const OF_TALK: f64 = 0.65;

/// Notes that are looked at closely first: most of what is found is in them.
const FIRST_PROMISES: usize = 256;

/// Everything that ranks rows.
pub(crate) struct Ranking<'a> {
    pub(crate) corpus: &'a Corpus,
    pub(crate) scores: Scores<'a>,
    pub(crate) meaning: Option<Cosines>,
    /// Whether words can show a row.
    pub(crate) sides: Sides,
    pub(crate) time: &'a Time,
}

impl Ranking<'_> {
    /// The rows that may be shown, best first: those with a word of the query in their window, and those that clearly mean
    /// it. Where cosines are rough, those of the best rows are made exact first.
    pub(crate) fn candidates(
        &mut self,
        index: &Index,
        query: Option<&QueryCodes>,
    ) -> Result<Vec<Candidate>, IndexError> {
        let rough = self.meaning.as_ref().and_then(|meaning| meaning.rough.as_ref());
        let (Some(rough), Some(query)) = (rough, query) else {
            return Ok(self.all(self.best(), &[]).sorted());
        };
        let near = rough.nearest.iter().filter_map(|number| self.corpus.slot_with(*number));
        let mut looked_at = sorted(near.collect());
        self.look(index, query, &looked_at)?;
        let promising = self.all(self.best().twice(), &looked_at).sorted();
        let promising = promising.into_iter().map(|candidate| candidate.slot);
        let promising = sorted(promising.filter(|slot| looked_at.binary_search(slot).is_err()).collect());
        self.look(index, query, &promising)?;
        looked_at.extend(promising);
        let mut best = self.best();
        for slot in looked_at {
            self.scores.evaluate(slot);
            self.offer(slot, &mut best);
        }
        Ok(best.sorted())
    }

    /// Room for the best rows of all.
    fn best(&self) -> Best {
        if self.scores.is_complete() { Best::default() } else { Best::of_many() }
    }

    /// Adds the rows of the days that a query names, whatever their words.
    pub(crate) fn add_days(&mut self, candidates: &mut Vec<Candidate>) {
        let known: HashSet<(usize, usize)> = candidates.iter().map(|one| (one.slot, one.row)).collect();
        let mut best = Best::default();
        for (slot, view) in self.corpus.views().iter().enumerate() {
            let is_asked = |row: &usize| self.time.is_asked(view.day(*row)) && !known.contains(&(slot, *row));
            let rows: Vec<usize> = view.shown_rows().filter(is_asked).collect();
            if rows.is_empty() {
                continue;
            }
            self.scores.evaluate(slot);
            for row in rows {
                let score = self.fused(slot, row..row + 1).first().copied().unwrap_or_default();
                best.push(Candidate { slot, row, score });
            }
        }
        candidates.append(&mut best.sorted());
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    }

    /// Makes the cosines of some notes exact.
    fn look(&mut self, index: &Index, query: &QueryCodes, slots: &[usize]) -> Result<(), IndexError> {
        let (Some(meaning), Some(embedder)) = (&mut self.meaning, self.corpus.embedder) else {
            return Ok(());
        };
        for &slot in slots {
            let numbers = self.corpus.numbers(slot);
            let codes = index.codes(embedder, self.corpus.ids()[slot], numbers.len())?;
            for (number, cosine) in numbers.zip(query.cosines(&codes)) {
                if let Some(cosine) = cosine {
                    meaning.set(number, cosine);
                }
            }
        }
        Ok(())
    }

    /// The best rows as far as is known. Where cosines are rough, those of some notes were made exact.
    fn all(&mut self, mut best: Best, looked_at: &[usize]) -> Best {
        let meaningful = self.meaningful(looked_at);
        if self.scores.is_complete() {
            let slots = meaningful.into_iter().chain(self.scores.slots().iter().copied());
            sorted(slots.collect()).into_iter().for_each(|slot| self.offer(slot, &mut best));
            return best;
        }
        let mut is_offered = vec![false; self.corpus.views().len()];
        let mut left: Vec<Promise> = (0..self.scores.slots().len()).map(|at| self.promise(at)).collect();
        let (mut room, mut count) = (Room::default(), FIRST_PROMISES);
        // The most promising ones, and twice as many next time.
        while !left.is_empty() {
            let start = left.len().saturating_sub(count);
            left.select_nth_unstable(start);
            let mut some = left.split_off(start);
            some.retain(|promise| best.may_take(promise.most));
            if some.is_empty() {
                break;
            }
            // In the order in which what is looked at lies in memory.
            some.sort_unstable_by_key(|promise| promise.at);
            for some in some.chunks_mut(TOGETHER) {
                self.scores.touch(some.iter().map(|promise| promise.at));
                some.iter_mut().for_each(|promise| self.look_closely(promise, &mut room));
            }
            some.sort_unstable();
            while let Some(promise) = some.pop()
                && best.may_take(promise.most)
            {
                let slot = self.scores.slots()[promise.at];
                is_offered[slot] = true;
                self.scores.evaluate(slot);
                self.offer(slot, &mut best);
            }
            count *= 2;
        }
        for slot in meaningful {
            if !std::mem::replace(&mut is_offered[slot], true) {
                self.scores.evaluate(slot);
                self.offer(slot, &mut best);
            }
        }
        best
    }

    /// What the best row of a note can reach, at a glance; notes are given by their position in the matches.
    fn promise(&self, at: usize) -> Promise {
        let meant = self.scores.most_meaning(at, self.meaning.as_ref());
        Promise { most: self.scores.most(at) + meant + self.time.most(), meant, at }
    }

    /// Brings it nearer to the truth, which is more work.
    fn look_closely(&self, promise: &mut Promise, room: &mut Room) {
        let around = (self.meaning.as_ref(), promise.meant);
        let closely = self.scores.most_closely(promise.at, around, room) + self.time.most();
        promise.most = promise.most.min(closely);
    }

    /// The notes with a row that clearly means the query.
    fn meaningful(&self, looked_at: &[usize]) -> Vec<usize> {
        let Some(meaning) = &self.meaning else { return Vec::new() };
        let least = least(meaning);
        let means = |number: usize| f64::from(meaning.all[number]) >= least && meaning.is_exact(number);
        let has_any = |slot: &usize| self.corpus.numbers(*slot).any(means);
        match meaning.rough {
            Some(_) => looked_at.iter().copied().filter(has_any).collect(),
            None => (0..self.corpus.views().len()).filter(has_any).collect(),
        }
    }

    /// Offers the rows of a note.
    fn offer(&self, slot: usize, best: &mut Best) {
        let view = &self.corpus.views()[slot];
        let note = self.note(slot);
        let first = self.corpus.numbers(slot).start;
        let least = self.meaning.as_ref().map_or(f64::INFINITY, least);
        let is_exact = |number| self.meaning.as_ref().is_some_and(|meaning| meaning.is_exact(number));
        let mut bonus = Bonus::new(self.time);
        for (passage, rows) in view.passages.iter().enumerate() {
            let cosine = note.cosine(passage);
            let means = cosine.is_some_and(|cosine| cosine >= least) && is_exact(first + passage);
            let by_words = |row| self.sides == Sides::Both && note.has_words(row);
            for row in rows.filter(|&row| means || by_words(row)) {
                let fused = by_source(view, note.fused(row, cosine), self.time);
                if best.may_take(fused + self.time.most()) {
                    let score = fused + bonus.of(view, row);
                    best.push(Candidate { slot, row, score });
                }
            }
        }
    }

    /// The scores of neighbouring rows of a note.
    pub(crate) fn fused(&self, slot: usize, rows: Range<usize>) -> Vec<f64> {
        let view = &self.corpus.views()[slot];
        let note = self.note(slot);
        let mut bonus = Bonus::new(self.time);
        let mut score = |row| {
            let cosine = view.passage_of(row).and_then(|passage| note.cosine(passage));
            by_source(view, note.fused(row, cosine), self.time) + bonus.of(view, row)
        };
        rows.map(&mut score).collect()
    }

    /// Why a row is where it is.
    pub(crate) fn evidence(&self, slot: usize, row: usize) -> Evidence {
        self.note(slot).evidence(row)
    }

    fn note(&self, slot: usize) -> NoteScores<'_> {
        self.scores.note(slot, self.meaning.as_ref())
    }
}

/// What a score counts, by where it was made: less in a conversation.
fn by_source(view: &NoteView, fused: f64, time: &Time) -> f64 {
    match view.source {
        Source::Sessions => fused.min(fused * OF_TALK) - time.of_newest() - OF_NOTES,
        Source::Memory => fused,
    }
}

/// The cosine that is enough for a row without a word of the query.
fn least(meaning: &Cosines) -> f64 {
    (meaning.mean + MIN_MEANING * meaning.deviation).clamp(MIN_COSINE, SURE_COSINE)
}

fn sorted(mut slots: Vec<usize>) -> Vec<usize> {
    slots.sort_unstable();
    slots.dedup();
    slots
}

/// What a note can reach; ordered by that.
struct Promise {
    most: f64,
    /// What its best meaning is worth.
    meant: f64,
    /// Position in the matches.
    at: usize,
}

impl Ord for Promise {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.most.total_cmp(&other.most).then(other.at.cmp(&self.at))
    }
}

impl PartialOrd for Promise {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Promise {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Promise {}

/// What the rows of one note get for their days; neighbours mostly share one.
struct Bonus<'a> {
    time: &'a Time,
    /// A row's day as it is packed, and what it gets.
    last: Option<(u32, f64)>,
}

impl<'a> Bonus<'a> {
    fn new(time: &'a Time) -> Self {
        Self { time, last: None }
    }

    fn of(&mut self, view: &NoteView, row: usize) -> f64 {
        let day = view.rows.day(row);
        match self.last {
            Some((last, bonus)) if last == day => bonus,
            Some(_) | None => {
                let bonus = self.time.bonus(view.day(row));
                self.last = Some((day, bonus));
                bonus
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Best, Ranking, by_source, sorted};
    use crate::backend::Source;
    use crate::codes::{Codes, QueryCodes, encode_vector};
    use crate::corpus::{Corpus, Exact, NoteId, NoteView};
    use crate::index::Index;
    use crate::layout::lay_out;
    use crate::matches::{Held, Matches};
    use crate::postings::RowId;
    use crate::rows::NoteRows;
    use crate::score::{Scores, Weights};
    use crate::time::{Ageing, Time};
    use crate::weighted::Sides;
    use crate::words::{Analyser, Concept, analyse};
    use jiff::civil::date;
    use openclaw_embed::Vector;
    use proptest::prelude::*;
    use std::sync::Arc;

    const QUERY: &str = "kiwi grape melon quince";

    /// A line by a number: some of the words of the query among others.
    fn line(seed: u32) -> String {
        let words = ["kiwi", "grape", "melon", "lemon", "apple", "pear", "plum", "cherry"];
        let word = |at: u32| words[(seed >> (at * 3) & 7) as usize];
        let start = match seed % 13 {
            0 => "## ",
            1..=4 => "  - ",
            5 => "Lemon, without an item: ",
            _ => "- ",
        };
        let rare = if seed.is_multiple_of(97) { "quince" } else { "" };
        let words: String = (0..1 + seed % 7).map(|at| word(at).to_owned() + " ").collect();
        format!("{start}{words}{rare}")
    }

    fn vector(seed: u64) -> Option<Vector> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1_u32 << 24) as f32 - 0.5
        };
        Vector::normalized((0..64).map(|_| next()).collect())
    }

    /// Notes, and what they hold of each concept.
    fn corpus(notes: &[Vec<u32>], concepts: &[Concept], exact: Exact) -> (Corpus, Vec<Held>) {
        let (mut corpus, mut analyser) = (Corpus::new(None, exact), Analyser::default());
        let mut rows = vec![Vec::new(); concepts.len()];
        for (id, lines) in (1..).map(NoteId).zip(notes) {
            let text = lines.iter().map(|seed| line(*seed) + "\n").collect::<String>();
            let layout = lay_out("", &text, &mut analyser);
            for (row, terms) in layout.terms.iter().enumerate() {
                for (rows, concept) in rows.iter_mut().zip(concepts) {
                    if concept.forms.iter().any(|form| terms.contains(&form.term)) {
                        rows.push(RowId::new(id, row));
                    }
                }
            }
            let source = if id.0 % 5 == 0 { Source::Sessions } else { Source::Memory };
            let path = format!("memory/2026-11-{:02}.md", 1 + id.0 % 28);
            let view = NoteView::new(path.into(), source, NoteRows::of(&layout.rows));
            let mut codes = Codes::empty(view.passages.len());
            for passage in (0..view.passages.len()).filter(|passage| passage % 6 != 5) {
                let vector = vector(id.0.unsigned_abs() * 1_000 + passage as u64).unwrap();
                assert!(codes.set(passage, &encode_vector(&vector)));
            }
            corpus.put(id, view, &codes);
        }
        let held = rows.into_iter().map(|rows| Held::default().or(Arc::new(rows.into_iter().collect()), 1.0));
        (corpus, held.collect())
    }

    #[test]
    fn a_note_of_any_age_goes_before_the_talk_of_today() {
        let view = |source| NoteView::new("x".into(), source, NoteRows::of(&[]));
        let (note, talk) = (view(Source::Memory), view(Source::Sessions));
        for query in ["where is the spare key", "where is the spare key now", "what was it before that"] {
            let time = Time::of(query, date(2026, 11, 28), Ageing::default());
            let newest = time.bonus(Some(date(2026, 11, 28)));
            for fused in [-1.0, 0.0, 0.5, 9.0] {
                assert!(
                    by_source(&talk, fused, &time) + newest < by_source(&note, fused, &time),
                    "{query} {fused}"
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn notes_that_are_left_out_have_none_of_the_best_rows(
            notes in proptest::collection::vec(proptest::collection::vec(any::<u32>(), 12..30), 170..220),
            by_meaning in any::<bool>(),
            asked in any::<u64>(),
        ) {
            let concepts = analyse(QUERY);
            let (corpus, held) = corpus(&notes, &concepts, Exact { rows: 10, sampled: 200, ..Exact::default() });
            let matches = Matches::new(&corpus, held);
            let time = Time::of(QUERY, date(2026, 11, 28), Ageing::default());
            let codes = vector(asked).filter(|_| by_meaning).map(|vector| QueryCodes::of(&vector));
            let ranking = || {
                let meaning = codes.as_ref().and_then(|codes| corpus.meaning(codes));
                let weights = Weights::with_meaning(if meaning.is_some() { 0.5 } else { 0.0 });
                // Some notes are looked at before, because they hold something rare, or as a sample.
                let scores = Scores::new(&corpus, &concepts, &matches, weights);
                assert!(!scores.is_complete());
                Ranking { corpus: &corpus, scores, meaning, sides: Sides::Both, time: &time }
            };
            let found = ranking().candidates(&Index::in_memory().unwrap(), codes.as_ref()).unwrap();
            let (mut all, mut expected) = (ranking(), Best::default());
            let slots = all.meaningful(&[]).into_iter().chain(all.scores.slots().iter().copied());
            for slot in sorted(slots.collect()) {
                all.scores.evaluate(slot);
                all.offer(slot, &mut expected);
            }
            let mut expected = expected.sorted();
            expected.truncate(found.len());
            prop_assert!(found.len() >= 100, "{}", found.len());
            prop_assert_eq!(found, expected);
        }
    }
}
