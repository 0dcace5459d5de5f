//! From a query to results: look its concepts up, score rows, choose runs, fetch their text.

use jiff::civil::Date;
use openclaw_embed::Vector;

use crate::backend::{Days, Explain, Explaining, Hit, MAX_RESULTS, Query};
use crate::confidence::confidence;
use crate::corpus::{Corpus, NoteId};
use crate::index::{Index, IndexError, RowId};
use crate::layout::headings;
use crate::score::{Evidence, Matches, Meaning, Scores, WEIGHTS, Weights};
use crate::select::{Candidate, Run, select};
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
    pub(crate) days: Option<Days>,
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
    let matches = matches(index, corpus, &concepts)?;
    let meaning = vector.and_then(|vector| corpus.meaning(vector));
    let weights = if meaning.is_some() { WEIGHTS } else { Weights { meaning: 0.0, ..WEIGHTS } };
    let scores = Scores::new(corpus, &concepts, &matches, meaning.as_ref(), weights);
    let day = |note, row| corpus.get(note).and_then(|view| view.day(row));
    let fused = |note, row| scores.fused(note, row) + time.bonus(day(note, row));
    let mut candidates = candidates(corpus, &scores, meaning.as_ref(), fused);
    if time.only_days {
        candidates.extend(of_days(corpus, &scores, |note, row| time.is_asked(day(note, row)), fused));
    }
    let runs = select(corpus, candidates, fused, query.max_results.min(MAX_RESULTS));

    // A line of the days asked for is what was asked for, whatever its words.
    let surety = |run: &Run| {
        if time.only_days && time.is_asked(day(run.note, run.best)) {
            1.0
        } else {
            confidence(scores.evidence(run.note, run.best))
        }
    };
    let sure = runs.first().map_or(0.0, surety);
    let mut ceiling = 1.0_f64;
    let mut hits = Vec::with_capacity(runs.len());
    for run in &runs {
        let evidence = scores.evidence(run.note, run.best);
        ceiling = ceiling.min(surety(run));
        if ceiling < query.min_score {
            break;
        }
        let mut hit = hit(index, corpus, run, ceiling)?;
        hit.date = day(run.note, run.best).map(|date| date.to_string());
        if query.explain == Explaining::On {
            hit.explain = Some(explain(evidence, fused(run.note, run.best)));
        }
        hits.push(hit);
    }
    Ok(Found { hits, confidence: sure, days: time.named() })
}

/// The rows that hold any of the concepts.
fn matches(index: &Index, corpus: &Corpus, concepts: &[Concept]) -> Result<Matches, IndexError> {
    let mut found = Matches::new();
    for (at, concept) in concepts.iter().enumerate() {
        for (RowId { note, row }, weight) in rows_of(index, concept)? {
            // Of a generation that is not published, or deleted a moment ago by another process.
            if corpus.get(note).is_some() {
                let rows = found.entry(note).or_insert_with(|| vec![Vec::new(); concepts.len()]);
                rows[at].push((row, weight));
            }
        }
    }
    for rows in found.values_mut().flatten() {
        // The best form of a row counts.
        rows.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        rows.dedup_by_key(|(row, _)| *row);
    }
    Ok(found)
}

/// The rows that hold a concept in any form, and how well. A word that stands nowhere is looked for at the beginning of
/// longer ones, and then in its parts: compounds of German, Dutch and the Nordic languages.
fn rows_of(index: &Index, concept: &Concept) -> Result<Vec<(RowId, f32)>, IndexError> {
    let mut rows = Vec::new();
    let Some(first) = concept.forms.first() else { return Ok(rows) };
    for form in &concept.forms {
        let weight = (form.weight / first.weight) as f32;
        rows.extend(index.rows_with(&form.term)?.into_iter().map(|row| (row, weight)));
    }
    let word = folded(&first.term);
    if rows.is_empty() && concept.is_prefixable {
        rows.extend(index.rows_with_prefix(&word)?.into_iter().map(|row| (row, OF_COMPOUND)));
    }
    if rows.is_empty() && concept.is_prefixable {
        let is_known = |part: &str| index.rows_with(part).is_ok_and(|rows| !rows.is_empty());
        for part in parts_of(&word, is_known).into_iter().flatten() {
            rows.extend(index.rows_with(part)?.into_iter().map(|row| (row, OF_COMPOUND)));
        }
    }
    Ok(rows)
}

/// The rows that may be shown: those with a word of the query in their window, and those that clearly mean it.
fn candidates(
    corpus: &Corpus,
    scores: &Scores<'_>,
    meaning: Option<&Meaning>,
    fused: impl Fn(NoteId, usize) -> f64,
) -> Vec<Candidate> {
    let least = meaning.map_or(f64::INFINITY, |meaning| {
        (meaning.mean + MIN_MEANING * meaning.deviation).clamp(MIN_COSINE, SURE_COSINE)
    });
    let mut found = Vec::new();
    for note in scores.notes() {
        let Some(view) = corpus.get(note) else { continue };
        for row in view.shown_rows() {
            let means = || scores.cosine(note, row).is_some_and(|cosine| cosine >= least);
            if scores.has_words(note, row) || means() {
                found.push(Candidate { note, row, score: fused(note, row) });
            }
        }
    }
    found
}

/// The rows of the days that a query of nothing else names, besides those that hold its words.
fn of_days(
    corpus: &Corpus,
    scores: &Scores<'_>,
    is_asked: impl Fn(NoteId, usize) -> bool,
    fused: impl Fn(NoteId, usize) -> f64,
) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (note, view) in corpus.notes() {
        let rows = view.shown_rows().filter(|row| is_asked(note, *row) && !scores.has_words(note, *row));
        found.extend(rows.map(|row| Candidate { note, row, score: fused(note, row) }));
    }
    found
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
