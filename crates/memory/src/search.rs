//! From a query to results: look the terms up, rank windows, fetch their text.

use crate::backend::{Hit, MAX_RESULTS, Query};
use crate::index::{Index, IndexError, RowId};
use crate::rank::{Collection, FileMatches, Ranked, rank};
use crate::words::{Concept, analyse};

/// Results and how sure it is that they are about the query.
pub(crate) struct Found {
    pub(crate) hits: Vec<Hit>,
    pub(crate) confidence: f64,
}

/// Searches what is indexed.
pub(crate) fn search(index: &Index, query: &Query) -> Result<Found, IndexError> {
    let concepts = analyse(&query.text);
    let files = matches(index, &concepts)?;
    let totals = index.totals()?;
    let collection = Collection { windows: totals.windows, window_terms: totals.window_terms };
    let ranked = rank(&files, concepts.len(), collection, query.max_results.min(MAX_RESULTS));
    let confidence = ranked.first().map_or(0.0, |best| f64::midpoint(best.score, best.coverage));
    let wanted = ranked.iter().filter(|found| found.score >= query.min_score);
    let hits = wanted.map(|found| hit(index, &files[found.file], found)).collect::<Result<_, _>>()?;
    Ok(Found { hits, confidence })
}

/// The notes that hold any form of any concept, by note.
fn matches(index: &Index, concepts: &[Concept]) -> Result<Vec<FileMatches>, IndexError> {
    let mut files: std::collections::BTreeMap<i64, Vec<Vec<usize>>> = std::collections::BTreeMap::new();
    for (at, concept) in concepts.iter().enumerate() {
        for form in &concept.forms {
            for RowId { file, row } in index.rows_with(&form.term)? {
                files.entry(file).or_insert_with(|| vec![Vec::new(); concepts.len()])[at].push(row);
            }
        }
    }
    let load = |(file, matches)| Ok(FileMatches { file, rows: index.layout(file)?, matches });
    files.into_iter().map(load).collect()
}

fn hit(index: &Index, file: &FileMatches, found: &Ranked) -> Result<Hit, IndexError> {
    let (first, last) = (file.rows[found.window.0], file.rows[found.window.1]);
    let (path, snippet) = index.excerpt(file.file, first.start..last.end)?;
    let lines = if first.line == last.line {
        format!("L{}", first.line)
    } else {
        format!("L{}-L{}", first.line, last.line)
    };
    Ok(Hit {
        citation: format!("{path}#{lines}"),
        path,
        start_line: first.line,
        end_line: last.line,
        score: found.score,
        snippet,
        source: "memory",
    })
}
