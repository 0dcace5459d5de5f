//! From a query to results in OpenClaw's way.

use jiff::civil::Date;

use super::chunk::snippet;
use super::chunks::{ChunkView, Chunks};
use super::formula::{Ranked, candidates, fuse};
use super::options::{Sides, Weighted};
use crate::backend::{Cut, DEFAULT_RESULTS, Explain, Explaining, Hit, MAX_RESULTS, Query};
use crate::confidence::confidence;
use crate::corpus::{Corpus, NoteId, NoteView};
use crate::index::{Index, IndexError};
use crate::score::Evidence;
use crate::search::{Asked, Found, heading, search as measured};
use crate::time::Time;

/// What is searched, and how.
pub(crate) struct Weighing<'a> {
    pub(crate) index: &'a Index,
    pub(crate) corpus: &'a Corpus,
    pub(crate) chunks: &'a Chunks,
    pub(crate) options: Weighted,
}

/// Searches what is indexed.
pub(crate) fn search(memory: &Weighing<'_>, asked: &Asked<'_>) -> Result<Found, IndexError> {
    let query = asked.query;
    let most = query.max_results.min(MAX_RESULTS);
    let ranked = rank(memory, asked, candidates(most, memory.options.multiplier))?;
    let best = ranked.first().copied();
    let mut hits = Vec::new();
    for ranked in ranked.iter().filter(|ranked| ranked.score >= query.min_score).take(most) {
        hits.extend(hit(memory, ranked, query.explain)?);
    }
    let confidence = match (best, hits.is_empty()) {
        (None, _) => 0.0,
        // Everything was cut: how far the best one was from staying.
        (Some(best), true) => best.score.clamp(0.0, 1.0),
        (Some(best), false) => judge(memory, asked, &hits, &best)?,
    };
    Ok(Found { hits, confidence, days: Time::of(&query.text, asked.today, asked.ageing).named() })
}

/// Both sides and their sum. Words step in where there are no vectors, even if they were to be left out: a search answers.
fn rank(memory: &Weighing<'_>, asked: &Asked<'_>, limit: usize) -> Result<Vec<Ranked>, IndexError> {
    let text = asked.query.text.trim();
    let Weighted { sides, weights, .. } = memory.options;
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let meaning = asked.vector.and_then(|vector| memory.chunks.nearest(vector, limit));
    let words = match (sides, &meaning) {
        (Sides::Meaning, Some(_)) => None,
        (Sides::Meaning, None) | (Sides::Both, _) => {
            Some(memory.index.with_keywords(text, memory.chunks, limit)?)
        }
    };
    Ok(fuse(meaning, words, weights))
}

/// How sure it is that any of the results is about the query. The sum cannot tell, so the measured ranking is asked, by
/// words, about the lines that the results cover; where it finds nothing in them, the likeness of the best one must do.
fn judge(memory: &Weighing<'_>, asked: &Asked<'_>, hits: &[Hit], best: &Ranked) -> Result<f64, IndexError> {
    let query =
        Query { max_results: asked.query.max_results.max(DEFAULT_RESULTS), ..Query::new(&*asked.query.text) };
    let by_words = Asked { query: &query, vector: None, sides: Sides::Both, ..*asked };
    let found = measured(memory.index, memory.corpus, &by_words)?;
    let covers = |line: &Hit| {
        hits.iter().any(|hit| {
            hit.path == line.path && hit.start_line <= line.end_line && line.start_line <= hit.end_line
        })
    };
    let alike = Evidence { cosine: best.cosine, ..Evidence::default() };
    Ok(found.hits.iter().find(|line| covers(line)).map_or_else(|| confidence(alike), |line| line.score))
}

/// A result as OpenClaw shows it: all lines of the chunk are named, its beginning is shown.
fn hit(memory: &Weighing<'_>, ranked: &Ranked, explain: Explaining) -> Result<Option<Hit>, IndexError> {
    let note = ranked.chunk.note;
    let (Some(chunk), Some(view)) = (memory.chunks.get(ranked.chunk), memory.corpus.get(note)) else {
        return Ok(None);
    };
    let text = memory.index.chunk_text(ranked.chunk)?;
    let row = first_row(view, chunk);
    let heading = match row {
        Some(row) => heading(memory.index, memory.corpus, note, row)?,
        None => None,
    };
    let shown = snippet(&text);
    let starts_before = match row {
        Some(row) => begins_before(memory, note, (row, shown))?,
        None => false,
    };
    let (start_line, end_line) = (chunk.first_line, chunk.last_line);
    let lines =
        if start_line == end_line { format!("L{start_line}") } else { format!("L{start_line}-L{end_line}") };
    Ok(Some(Hit {
        path: view.path.to_string(),
        start_line,
        end_line,
        score: ranked.score,
        snippet: shown.to_owned(),
        source: view.source,
        citation: format!("{}#{lines}", view.path),
        heading,
        date: row.and_then(|row| view.day(row)).map(|date: Date| date.to_string()),
        repeated: 0,
        elsewhere: Vec::new(),
        cut: Cut::at((starts_before, shown.len() < text.trim_end().len())),
        explain: (explain == Explaining::On).then(|| explained(ranked)),
    }))
}

/// Whether a line begins before what is shown of it first.
fn begins_before(
    memory: &Weighing<'_>,
    note: NoteId,
    (row, shown): (usize, &str),
) -> Result<bool, IndexError> {
    let Some(rows) = memory.corpus.get(note).map(|view| &view.rows) else { return Ok(false) };
    let first = rows.first_from(rows.get(row).line);
    let whole = memory.index.excerpt(note, rows.get(first).start..rows.get(row).end)?;
    let piece = shown.lines().find(|line| !line.trim().is_empty()).map_or("", str::trim);
    let whole = whole.trim();
    Ok(!whole.starts_with(piece) && !piece.starts_with(whole))
}

/// The first row of a chunk that is not blank.
fn first_row(view: &NoteView, chunk: &ChunkView) -> Option<usize> {
    let row = view.rows.first_from(chunk.first_line);
    (row < view.rows.len() && view.rows.get(row).line <= chunk.last_line).then_some(row)
}

/// A chunk has all the words or none, and how well it has them makes no difference.
fn explained(ranked: &Ranked) -> Explain {
    let words = ranked.text.unwrap_or(0.0);
    Explain { fused: None, words, coverage: words, cosine: ranked.cosine, weight: None }
}
