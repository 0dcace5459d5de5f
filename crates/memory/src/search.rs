//! From a query to results: look its concepts up, score rows, choose runs, fetch their text.

use std::ops::Range;

use jiff::civil::Date;
use openclaw_embed::Vector;

use crate::backend::{Explain, Explaining, Hit, MAX_RESULTS, Query};
use crate::confidence::confidence;
use crate::corpus::{Corpus, NoteId, NoteView};
use crate::index::{Index, IndexError};
use crate::layout::headings;
use crate::matches::{Held, Matches, merged};
use crate::postings::RowId;
use crate::score::{Evidence, Meaning, Scores, WEIGHTS, Weights};
use crate::select::{Best, Candidate, Run, select};
use crate::time::Time;
use crate::words::{Concept, analyse, folded, parts_of};

/// A row without a word of the query must lie this many deviations above the average cosine to be shown,
const MIN_MEANING: f64 = 2.5;
/// and its cosine must be at least this: unrelated sentences of one language reach about .2 with small models.
const MIN_COSINE: f64 = 0.25;
/// A cosine like this is enough by itself: in a memory of few passages nothing lies far above the average.
const SURE_COSINE: f64 = 0.4;

/// What a longer word, or a part of the word, counts beside the word itself.
const OF_COMPOUND: f32 = 0.6;

/// Results and how sure it is that they are about the query.
pub(crate) struct Found {
    pub(crate) hits: Vec<Hit>,
    pub(crate) confidence: f64,
}

/// Searches what is indexed, by words and, with the query's vector, by meaning.
pub(crate) fn search(
    index: &Index,
    corpus: &Corpus,
    query: &Query,
    vector: Option<&Vector>,
    today: Date,
) -> Result<Found, IndexError> {
    let time = Time::of(&query.text, today);
    let concepts = analyse(&time.subject);
    let held = concepts.iter().map(|concept| rows_of(index, concept)).collect::<Result<Vec<_>, _>>()?;
    let matches = Matches::new(corpus, &held);
    drop(held);
    let meaning = vector.and_then(|vector| corpus.meaning(vector));
    let weights = if meaning.is_some() { WEIGHTS } else { Weights { meaning: 0.0, ..WEIGHTS } };
    let scores = Scores::new(corpus, &concepts, &matches, meaning.as_ref(), weights);
    let ranking = Ranking { corpus, scores: &scores, time: &time };
    let candidates = ranking.candidates(meaning.as_ref());
    let score = |slot, rows| ranking.fused(slot, rows);
    let runs = select(corpus, candidates, score, query.max_results.min(MAX_RESULTS));

    let evidence = |run: &Run| scores.note(run.slot).evidence(run.best);
    let sure = runs.first().map_or(0.0, |run| confidence(evidence(run)));
    let mut ceiling = 1.0_f64;
    let mut hits = Vec::with_capacity(runs.len());
    for run in &runs {
        let evidence = evidence(run);
        ceiling = ceiling.min(confidence(evidence));
        if ceiling < query.min_score {
            break;
        }
        let mut hit = hit(index, corpus, run, ceiling)?;
        hit.date = corpus.views()[run.slot].day(run.best).map(|date| date.to_string());
        if query.explain == Explaining::On {
            let fused = ranking.fused(run.slot, run.best..run.best + 1);
            hit.explain = Some(explain(evidence, fused.first().copied().unwrap_or_default()));
        }
        hits.push(hit);
    }
    Ok(Found { hits, confidence: sure })
}

/// The rows that hold a concept in any form, and how well. A word that stands nowhere is looked for at the beginning of
/// longer ones, and then in its parts: compounds of German, Dutch and the Nordic languages.
fn rows_of(index: &Index, concept: &Concept) -> Result<Held<RowId>, IndexError> {
    let mut held = Held::new();
    let Some(first) = concept.forms.first() else { return Ok(held) };
    for form in &concept.forms {
        let weight = (form.weight / first.weight) as f32;
        held = merged(held, index.rows_with(&form.term)?.iter().map(|row| (*row, weight)));
    }
    if held.is_empty() && concept.is_prefixable {
        let word = folded(&first.term);
        held = index.rows_with_prefix(&word)?.into_iter().map(|row| (row, OF_COMPOUND)).collect();
        if held.is_empty() {
            let is_known = |part: &str| index.rows_with(part).is_ok_and(|rows| !rows.is_empty());
            for part in parts_of(&word, is_known).into_iter().flatten() {
                held = merged(held, index.rows_with(part)?.iter().map(|row| (*row, OF_COMPOUND)));
            }
        }
    }
    Ok(held)
}

/// Scores together with what the query says about time.
struct Ranking<'a> {
    corpus: &'a Corpus,
    scores: &'a Scores<'a>,
    time: &'a Time,
}

impl Ranking<'_> {
    /// The rows that may be shown: those with a word of the query in their window, and those that clearly mean it.
    fn candidates(&self, meaning: Option<&Meaning>) -> Vec<Candidate> {
        let least = meaning.map_or(f64::INFINITY, |meaning| {
            (meaning.mean + MIN_MEANING * meaning.deviation).clamp(MIN_COSINE, SURE_COSINE)
        });
        let mut best = Best::default();
        for slot in self.scores.slots() {
            let view = &self.corpus.views()[slot];
            let note = self.scores.note(slot);
            let mut bonus = Bonus::new(self.time);
            for (passage, rows) in view.passages.iter().enumerate() {
                let cosine = note.cosine(passage);
                let means = cosine.is_some_and(|cosine| cosine >= least);
                for row in rows.clone().filter(|&row| means || note.has_words(row)) {
                    let score = note.fused(row, cosine) + bonus.of(view, row);
                    best.push(Candidate { slot, row, score });
                }
            }
        }
        best.sorted()
    }

    /// The scores of neighbouring rows of a note.
    fn fused(&self, slot: usize, rows: Range<usize>) -> Vec<f64> {
        let view = &self.corpus.views()[slot];
        let note = self.scores.note(slot);
        let mut bonus = Bonus::new(self.time);
        let mut score = |row| {
            let cosine = view.passage_of(row).and_then(|passage| note.cosine(passage));
            note.fused(row, cosine) + bonus.of(view, row)
        };
        rows.map(&mut score).collect()
    }
}

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
        let day = view.rows[row].day;
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

fn explain(evidence: Evidence, fused: f64) -> Explain {
    Explain { fused, words: evidence.ratio, coverage: evidence.coverage, cosine: evidence.cosine }
}

fn hit(index: &Index, corpus: &Corpus, run: &Run, score: f64) -> Result<Hit, IndexError> {
    let missing = || IndexError::Rows { path: format!("note {}", run.note.0) };
    let view = corpus.get(run.note).ok_or_else(missing)?;
    let (first, last) = (view.rows[run.first], view.rows[run.last]);
    let snippet = index.excerpt(run.note, first.start..last.end)?;
    let lines = if first.line == last.line {
        format!("L{}", first.line)
    } else {
        format!("L{}-L{}", first.line, last.line)
    };
    Ok(Hit {
        path: view.path.to_string(),
        start_line: first.line,
        end_line: last.line,
        score,
        snippet,
        source: view.source,
        citation: format!("{}#{lines}", view.path),
        heading: heading(index, corpus, run.note, run.first)?,
        date: None,
        repeated: run.repeated,
        explain: None,
    })
}

/// The words of the heading above a row.
fn heading(index: &Index, corpus: &Corpus, note: NoteId, row: usize) -> Result<Option<String>, IndexError> {
    let Some(view) = corpus.get(note) else { return Ok(None) };
    let Some(above) = headings(&view.rows, row).find(|&above| above != row) else { return Ok(None) };
    let text = index.excerpt(note, view.rows[above].start..view.rows[above].end)?;
    let words = text.trim().trim_start_matches('#').trim().to_owned();
    Ok((!words.is_empty()).then_some(words))
}
