//! From a query to results: look its concepts up, score rows, choose runs, fetch their text.

use std::sync::Arc;

use jiff::civil::Date;
use openclaw_embed::Vector;

use crate::backend::{Cut, Days, Elsewhere, Explain, Explaining, Hit, MAX_RESULTS, Query};
use crate::codes::QueryCodes;
use crate::confidence::confidence;
use crate::corpus::{Corpus, NoteId};
use crate::index::{Index, IndexError};
use crate::matches::{Held, Matches};
use crate::measure::MeaningWeight;
use crate::ranking::Ranking;
use crate::score::{Evidence, Scores, Weights};
use crate::select::{Candidate, Run, select};
use crate::time::{Ageing, Time};
use crate::weighted::Sides;
use crate::words::{Concept, analyse, folded, parts_of};

/// What a longer word, or a part of the word, counts beside the word itself.
const OF_COMPOUND: f32 = 0.6;
/// The same of a longer word where the word itself stands somewhere: two of them count less than it.
const BESIDE_THE_WORD: f32 = 0.4;
/// How many rows longer words may add to those of the word: so many times as many, and in any case some, but never more than
/// many. What a word counts depends on how rare all rows are that hold something of it.
const MORE_OF_COMPOUNDS: usize = 4;
const SOME_ROWS: usize = 64;
const MANY_ROWS: usize = 2_000;

/// Results and how sure it is that they are about the query.
pub(crate) struct Found {
    pub(crate) hits: Vec<Hit>,
    pub(crate) confidence: f64,
    pub(crate) days: Option<Days>,
}

/// What is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) query: &'a Query,
    /// The query's vector, if somebody made one.
    pub(crate) vector: Option<&'a Vector>,
    /// What ranks.
    pub(crate) sides: Sides,
    /// What the age of a line is worth.
    pub(crate) ageing: Ageing,
    /// What meaning counts beside words.
    pub(crate) weight: MeaningWeight,
    /// The day it is.
    pub(crate) today: Date,
}

/// Searches what is indexed, by words and, with the query's vector, by meaning.
pub(crate) fn search(index: &Index, corpus: &Corpus, asked: &Asked<'_>) -> Result<Found, IndexError> {
    let Asked { query, vector, sides, ageing, weight, today } = *asked;
    let time = Time::of(&query.text, today, ageing);
    let concepts = analyse(&time.subject);
    index.fit(corpus.windows());
    let held = concepts.iter().map(|concept| rows_of(index, concept)).collect::<Result<Vec<_>, _>>()?;
    let matches = Matches::new(corpus, held);
    let codes = vector.map(QueryCodes::of);
    let meaning = codes.as_ref().and_then(|codes| corpus.meaning(codes));
    // Without vectors words answer, even if they were to be left out.
    let sides = if meaning.is_some() { sides } else { Sides::Both };
    let tuned = MeaningWeight::of(None).weight;
    let weights = match (sides, &meaning) {
        (Sides::Both, Some(_)) => Weights::with_meaning(weight.weight),
        // One side alone counts what it was tuned to: how fast results follow each other depends on it.
        (Sides::Both, None) => Weights { meaning: 0.0, ..Weights::with_meaning(tuned) },
        (Sides::Meaning, _) => Weights { window: 0.0, row: 0.0, meaning: tuned },
    };
    let weight = (sides == Sides::Both && meaning.is_some()).then_some(weight);
    let scores = Scores::new(corpus, &concepts, &matches, weights);
    let mut ranking = Ranking { corpus, scores, meaning, sides, time: &time };
    let candidates = ranking.candidates(index, codes.as_ref())?;
    let runs = choose(&mut ranking, candidates, query.max_results.min(MAX_RESULTS));
    let evidence = |run: &Run| ranking.evidence(run.slot, run.best);
    // A line of the days asked for is what was asked for, whatever its words.
    let surety = |run: &Run| {
        let is_asked = time.only_days && time.is_asked(corpus.views()[run.slot].day(run.best));
        if is_asked { 1.0 } else { confidence(evidence(run)) }
    };
    let sure = runs.first().map_or(0.0, surety);
    let mut ceiling = 1.0_f64;
    let mut hits = Vec::with_capacity(runs.len());
    for run in &runs {
        let evidence = evidence(run);
        ceiling = ceiling.min(surety(run));
        if ceiling < query.min_score {
            break;
        }
        let mut hit = hit(index, corpus, run, ceiling)?;
        hit.date = corpus.views()[run.slot].day(run.best).map(|date| date.to_string());
        if query.explain == Explaining::On {
            let fused = ranking.fused(run.slot, run.best..run.best + 1);
            let fused = fused.first().copied().unwrap_or_default();
            hit.explain = Some(Explain { weight, ..explain(evidence, fused) });
        }
        hits.push(hit);
    }
    Ok(Found { hits, confidence: sure, days: time.named() })
}

/// The runs that are shown. A question of days alone is about whatever they have; otherwise what the days have and the words do
/// not comes behind what the words have, if that is of other days.
fn choose(ranking: &mut Ranking<'_>, mut candidates: Vec<Candidate>, limit: usize) -> Vec<Run> {
    let (corpus, time) = (ranking.corpus, ranking.time);
    let is_of_them = |candidate: &Candidate| time.is_asked(corpus.views()[candidate.slot].day(candidate.row));
    let mut of_days = Vec::new();
    if time.only_days {
        ranking.add_days(&mut candidates);
    } else if time.names_days() && !candidates.iter().any(is_of_them) {
        ranking.add_days(&mut of_days);
    }
    let score = |slot, rows| ranking.fused(slot, rows);
    let mut runs = select(corpus, candidates, score, limit);
    for run in select(corpus, of_days, score, limit) {
        if runs.len() < limit && !runs.iter().any(|other| other.overlaps(&run)) {
            runs.push(run);
        }
    }
    runs
}

/// The rows that hold a concept in any form, and how well. In German, Dutch and the Nordic languages those of longer words
/// that begin or end with it hold some of it. A word that stands nowhere is looked for at the beginning of whatever there is,
/// and then in its own parts.
fn rows_of(index: &Index, concept: &Concept) -> Result<Held, IndexError> {
    let mut held = Held::default();
    let Some(first) = concept.forms.first() else { return Ok(held) };
    for form in &concept.forms {
        held = held.or(index.rows_with(&form.term)?, (form.weight / first.weight) as f32);
    }
    if !concept.is_prefixable {
        return Ok(held);
    }
    if !held.is_empty() {
        let most = (MORE_OF_COMPOUNDS * held.len()).clamp(SOME_ROWS, MANY_ROWS);
        let longer = index.rows_with_longer(concept, most)?;
        return Ok(held.or(Arc::new(longer), BESIDE_THE_WORD));
    }
    let word = folded(&first.term);
    held = held.or(Arc::new(index.rows_with_prefix(&word)?), OF_COMPOUND);
    held = held.or(Arc::new(index.rows_with_longer(concept, usize::MAX)?), OF_COMPOUND);
    if held.is_empty() {
        let is_known = |part: &str| index.rows_with(part).is_ok_and(|rows| !rows.is_empty());
        for part in parts_of(&word, is_known).into_iter().flatten() {
            held = held.or(index.rows_with(part)?, OF_COMPOUND);
        }
    }
    Ok(held)
}

fn explain(evidence: Evidence, fused: f64) -> Explain {
    Explain {
        fused: Some(fused),
        words: evidence.ratio,
        coverage: evidence.coverage,
        cosine: evidence.cosine,
        weight: None,
    }
}

fn hit(index: &Index, corpus: &Corpus, run: &Run, score: f64) -> Result<Hit, IndexError> {
    let view = corpus.get(run.note).ok_or(IndexError::Gone { note: run.note.0 })?;
    let (first, last) = (view.rows.get(run.first), view.rows.get(run.last));
    let snippet = index.excerpt(run.note, first.start..last.end)?;
    let lines = if first.line == last.line {
        format!("L{}", first.line)
    } else {
        format!("L{}-L{}", first.line, last.line)
    };
    let elsewhere = run.elsewhere.iter().map(|(slot, row)| {
        let view = &corpus.views()[*slot];
        Elsewhere { path: view.path.to_string(), line: view.rows.get(*row).line, source: view.source }
    });
    let line_of =
        |row: Option<usize>| row.filter(|row| *row < view.rows.len()).map(|row| view.rows.get(row).line);
    let starts_before = line_of(run.first.checked_sub(1)) == Some(first.line);
    let goes_on = line_of(run.last.checked_add(1)) == Some(last.line);
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
        elsewhere: elsewhere.collect(),
        cut: Cut::at((starts_before, goes_on)),
        explain: None,
    })
}

/// The words of the heading above a row.
pub(crate) fn heading(
    index: &Index,
    corpus: &Corpus,
    note: NoteId,
    row: usize,
) -> Result<Option<String>, IndexError> {
    let Some(view) = corpus.get(note) else { return Ok(None) };
    let Some(above) = view.rows.headings(row).find(|&above| above != row) else { return Ok(None) };
    let above = view.rows.get(above);
    // That is the name of the note, which stands nowhere in it.
    if above.line == 0 {
        return Ok(None);
    }
    let text = index.excerpt(note, above.start..above.end)?;
    let words = text.trim().trim_start_matches('#').trim().to_owned();
    Ok((!words.is_empty()).then_some(words))
}
