//! From a query to results: look the terms up, rank windows, fetch their text.

use crate::backend::{Hit, MAX_RESULTS, Query};
use crate::index::{Index, IndexError, RowId};
use crate::rank::{Collection, FileMatches, Ranked, rank};
use crate::terms::query_terms;

/// Results and how sure it is that they are about the query.
pub(crate) struct Found {
    pub(crate) hits: Vec<Hit>,
    pub(crate) confidence: f64,
}

/// Searches what is indexed.
pub(crate) fn search(index: &Index, query: &Query) -> Result<Found, IndexError> {
    let terms = query_terms(&query.text);
    let files = matches(index, &terms)?;
    let totals = index.totals()?;
    let collection = Collection { windows: totals.windows, window_terms: totals.window_terms };
    let ranked = rank(&files, terms.len(), collection, query.max_results.min(MAX_RESULTS));
    let confidence = ranked.first().map_or(0.0, |best| f64::midpoint(best.score, best.coverage));
    let wanted = ranked.iter().filter(|found| found.score >= query.min_score);
    let hits = wanted.map(|found| hit(index, &files[found.file], found)).collect::<Result<_, _>>()?;
    Ok(Found { hits, confidence })
}

/// The notes that hold any of the terms, by note.
fn matches(index: &Index, terms: &[String]) -> Result<Vec<FileMatches>, IndexError> {
    let mut files: std::collections::BTreeMap<i64, Vec<Vec<usize>>> = std::collections::BTreeMap::new();
    for (at, term) in terms.iter().enumerate() {
        for RowId { file, row } in index.rows_with(term)? {
            files.entry(file).or_insert_with(|| vec![Vec::new(); terms.len()])[at].push(row);
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
