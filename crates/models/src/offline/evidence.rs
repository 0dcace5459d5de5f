//! The lines of the memory files that the tools brought up.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::phrases::plain;
use super::turn::Outcome;

/// Results taken into account; more than this were never asked for.
const MAX_HITS: usize = 50;
/// Lines taken into account: fifty results of forty lines.
const MAX_LINES: usize = 2_000;
/// Results that are read on when their snippet was cut.
const MAX_READS: usize = 3;
/// Lines that may be missing at the end because they are empty.
const MAX_BLANK_END: usize = 2;
/// Lines of one such read, twice the length of a usual chunk.
const MAX_READ_LINES: usize = 100;

/// What the search says of results that are not clearly about the question.
const UNSURE: &str = "nothing in memory is clearly about this";

/// Why a search result cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SearchFault {
    #[error("the tool memory_search answered something that is not its result")]
    NotJson,
    #[error("{0}")]
    Disabled(String),
}

/// The result of `memory_search`.
#[derive(Debug, Deserialize)]
pub(super) struct Hits {
    #[serde(default)]
    results: Vec<Hit>,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    error: Option<String>,
    /// What the search wants to have said, for example that the index is still being built.
    #[serde(default)]
    pub(super) note: Option<String>,
    /// The days that the question names.
    #[serde(default)]
    pub(super) days: Option<Days>,
}

/// Days that a question names, `YYYY-MM-DD`, and what else it asks.
#[derive(Debug, Deserialize)]
pub(super) struct Days {
    from: String,
    to: String,
    pub(super) about: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hit {
    path: String,
    #[serde(default = "one")]
    start_line: usize,
    #[serde(default)]
    end_line: usize,
    #[serde(default)]
    score: f64,
    #[serde(default)]
    snippet: String,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    date: Option<String>,
    /// The words of the heading that the lines stand under; its own line need not be among them.
    #[serde(default)]
    heading: Option<String>,
}

fn one() -> usize {
    1
}

impl Hits {
    pub(super) fn parse(text: &str) -> Result<Self, SearchFault> {
        let mut hits: Self = serde_json::from_str(text).map_err(|_| SearchFault::NotJson)?;
        if hits.disabled {
            return Err(SearchFault::Disabled(
                hits.error.unwrap_or_else(|| "memory search is switched off".to_owned()),
            ));
        }
        hits.results.truncate(MAX_HITS);
        // The answer says so itself, in its own language.
        hits.note = hits
            .note
            .map(|note| note.split("; ").filter(|part| *part != UNSURE).collect::<Vec<_>>().join("; "));
        hits.note = hits.note.filter(|note| !note.is_empty());
        Ok(hits)
    }

    /// How many results there are.
    pub(super) fn count(&self) -> usize {
        self.results.len()
    }

    /// Keeps what was written on the days that the question names, if it names some.
    pub(super) fn keep_days(&mut self) {
        let Some(days) = &self.days else { return };
        // Dates in this form sort as text.
        self.results
            .retain(|hit| hit.date.as_ref().is_some_and(|date| *date >= days.from && *date <= days.to));
    }

    /// Keeps what stands in notes; what stands in a conversation cannot be removed from it.
    pub(super) fn keep_notes(&mut self) {
        self.results.retain(|hit| hit.source.as_deref().is_none_or(|source| source == "memory"));
    }

    /// The arguments of `memory_get` for the best results whose snippet does not show all of their lines.
    pub(super) fn cut(&self) -> Vec<Value> {
        let cut = self.results.iter().take(MAX_READS).filter(|hit| hit.is_cut());
        cut.map(Hit::place).collect()
    }

    /// The same for every result.
    pub(super) fn places(&self) -> Vec<Value> {
        self.results.iter().map(Hit::place).collect()
    }
}

impl Hit {
    /// The snippet without the citation that may follow it.
    fn shown(&self) -> &str {
        let text = self.snippet.trim_end();
        match text.rsplit_once('\n') {
            Some((before, last)) if last.starts_with("Source: ") && last.contains("#L") => before.trim_end(),
            _ => text,
        }
    }

    fn place(&self) -> Value {
        let lines = self.end_line.saturating_add(1).saturating_sub(self.start_line).clamp(1, MAX_READ_LINES);
        json!({ "path": self.path, "from": self.start_line, "lines": lines })
    }

    fn is_cut(&self) -> bool {
        let shown = self.shown();
        let missing = self
            .end_line
            .saturating_add(1)
            .saturating_sub(self.start_line.saturating_add(shown.lines().count()));
        shown.ends_with('…') || shown.ends_with("...") || missing > MAX_BLANK_END
    }
}

/// One line of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Which file, as an index into [`Evidence::paths`].
    pub(super) file: usize,
    /// 1-based.
    pub(super) number: usize,
    pub(super) text: String,
    /// Position of the result that brought it, from 0.
    pub(super) rank: usize,
}

/// Lines of files, each once, in the order of the files and then of the lines.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) paths: Vec<String>,
    /// The best score of the search.
    pub(super) best_score: f64,
    lines: BTreeMap<(usize, usize), (usize, String)>,
    /// The heading above a line, where a result names it.
    headings: BTreeMap<(usize, usize), String>,
}

impl Evidence {
    pub(super) fn of(hits: &Hits) -> Self {
        let mut evidence = Self::default();
        for (rank, hit) in hits.results.iter().enumerate() {
            evidence.best_score = evidence.best_score.max(hit.score);
            let file = evidence.file(&hit.path);
            for (offset, text) in hit.shown().lines().enumerate() {
                let place = (file, hit.start_line.saturating_add(offset));
                evidence.add(place, (rank, text));
                evidence.headings.extend(hit.heading.clone().map(|heading| (place, heading)));
            }
        }
        evidence
    }

    /// Only what `memory_get` read of the results: whole lines, as the files are now.
    pub(super) fn of_reads(hits: &Hits, reads: &[&Outcome<'_>]) -> Self {
        let mut evidence = Self::of(hits);
        let found = std::mem::take(&mut evidence.lines);
        for read in reads.iter().filter(|read| !read.failed) {
            evidence.add_read(read);
        }
        for (key, (rank, _)) in found {
            if let Some(line) = evidence.lines.get_mut(&key) {
                line.0 = rank;
            }
        }
        evidence
    }

    /// Adds what `memory_get` read; its lines are whole, so they replace cut ones.
    pub(super) fn add_read(&mut self, read: &Outcome<'_>) {
        #[derive(Deserialize)]
        struct ReadResult {
            path: String,
            text: String,
        }
        let Ok(result) = serde_json::from_str::<ReadResult>(&read.text) else { return };
        let from = read.arguments.and_then(|arguments| arguments["from"].as_u64());
        let from = from.and_then(|from| usize::try_from(from).ok()).unwrap_or(1);
        let file = self.file(&result.path);
        for (offset, text) in result.text.lines().enumerate() {
            let key = (file, from.saturating_add(offset));
            let rank = self.lines.remove(&key).map_or(MAX_READS, |(rank, _)| rank);
            self.add(key, (rank, text));
        }
    }

    /// The words of the heading above a line, where a result names it.
    pub(super) fn heading(&self, line: &Line) -> Option<&str> {
        self.headings.get(&(line.file, line.number)).map(String::as_str)
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        let lines = self.lines.iter();
        lines
            .map(|((file, number), (rank, text))| Line {
                file: *file,
                number: *number,
                text: text.clone(),
                rank: *rank,
            })
            .collect()
    }

    fn file(&mut self, path: &str) -> usize {
        self.paths.iter().position(|known| *known == plain(path)).unwrap_or_else(|| {
            self.paths.push(plain(path));
            self.paths.len() - 1
        })
    }

    fn add(&mut self, key: (usize, usize), (rank, text): (usize, &str)) {
        if self.lines.len() < MAX_LINES {
            self.lines.entry(key).or_insert_with(|| (rank, plain(text.trim_end())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Hits};
    use serde_json::json;

    fn hits(snippet: &str, end: usize) -> Hits {
        let hit = json!({"path":"MEMORY.md","startLine":3,"endLine":end,"score":0.5,"snippet":snippet,"source":"memory"});
        Hits::parse(&json!({"results":[hit],"provider":"p","model":"m"}).to_string()).unwrap()
    }

    #[test]
    fn a_snippet_becomes_numbered_lines_without_its_citation() {
        let evidence = Evidence::of(&hits("a\n\nb\n\nSource: MEMORY.md#L3-L5", 5));
        let rows: Vec<(usize, String)> =
            evidence.lines().into_iter().map(|line| (line.number, line.text)).collect();
        assert_eq!(rows, [(3, "a".into()), (4, String::new()), (5, "b".into())]);
    }

    #[test]
    fn a_cut_snippet_is_read_on() {
        assert!(hits("a\nb", 4).cut().is_empty());
        assert!(hits("a\nb\n\n", 6).cut().is_empty(), "empty lines at the end are not missed");
        assert_eq!(hits("a\nb", 9).cut(), [json!({"path":"MEMORY.md","from":3,"lines":7})]);
        assert_eq!(hits("a\nb…", 4).cut(), [json!({"path":"MEMORY.md","from":3,"lines":2})]);
    }

    #[test]
    fn a_disabled_search_is_not_an_empty_one() {
        assert_eq!(
            Hits::parse(r#"{"results":[],"disabled":true,"error":"no index"}"#).unwrap_err().to_string(),
            "no index"
        );
        assert!(Hits::parse("oops").is_err());
    }
}
