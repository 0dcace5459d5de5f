//! The lines of the memory files that the tools brought up.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::days::NamedDays;
use super::echo::{is_echo, may_be_echo};
use super::phrases::plain;
use super::shape::says_something;
use super::turn::Outcome;

/// Results taken into account; more than this were never asked for.
const MAX_HITS: usize = 50;
/// Lines taken into account: fifty results of forty lines.
const MAX_LINES: usize = 2_000;
/// Pieces of files read at once, of results that are cut and of other places of their lines.
const MAX_READS: usize = 100;
/// The rank of what no result shows.
const NO_RANK: usize = 3;
/// Places of a line that stands elsewhere as well, as many as the search names.
const MAX_ELSEWHERE: usize = 10;
/// Lines that may be missing at the end because they are empty.
const MAX_BLANK_END: usize = 2;
/// Lines of one such read, twice the length of a usual chunk.
const MAX_READ_LINES: usize = 100;
/// How far from the days asked for a line was written that names a day of the week and means one of them.
const NEAR_DAYS: i32 = 7;
/// Lines read behind a result before any of it is removed: the rest of an item belongs to it.
const REST_LINES: usize = 40;

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
    /// Where lines of notes stand that the results show once.
    #[serde(skip)]
    copies: BTreeSet<(String, usize)>,
    /// Whether not all of those are known.
    #[serde(skip)]
    pub(super) copies_unknown: bool,
}

/// Days that a question names, `YYYY-MM-DD`, and what else it asks.
#[derive(Debug, Deserialize)]
pub(super) struct Days {
    from: String,
    to: String,
    pub(super) about: String,
}

/// What was kept of the results for the days that a question names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// All: it names none.
    All,
    /// What is of them.
    Days,
    /// All, because nothing is of them.
    OtherDays,
}

#[derive(Debug, Clone, Deserialize)]
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
    /// How often the best line stands elsewhere.
    #[serde(default)]
    repeated: usize,
    #[serde(default)]
    elsewhere: Vec<Elsewhere>,
    /// `start`, `end` or `both`: the end of the snippet that is inside a line.
    #[serde(default)]
    cut: Option<String>,
}

/// Another place of a line that is shown once.
#[derive(Debug, Clone, Deserialize)]
struct Elsewhere {
    path: String,
    line: usize,
    #[serde(default)]
    source: Option<String>,
}

/// What is read of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// What they show in part.
    Cut,
    /// That, and the other places of their lines.
    Copies,
    /// All of them, and their other places, as far as what belongs to the last line may reach.
    Whole,
}

fn is_note(source: Option<&str>) -> bool {
    source.is_none_or(|source| source == "memory")
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
        for hit in &hits.results {
            let notes = hit.elsewhere.iter().filter(|other| is_note(other.source.as_deref()));
            hits.copies.extend(notes.map(|other| (other.path.clone(), other.line.max(1))));
            let named = hit.elsewhere.len();
            hits.copies_unknown |= named >= MAX_ELSEWHERE || (named == 0 && hit.repeated > 0);
        }
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

    /// Keeps what was written on the days that the question names, if it names some, and the lines that name them in the
    /// same words.
    pub(super) fn keep_days(&mut self, asked: &str) -> Kept {
        let Some(days) = &self.days else { return Kept::All };
        // Dates in this form sort as text.
        let is_asked = |date: &str| *date >= *days.from && *date <= *days.to;
        let named = NamedDays::in_question(asked);
        let of_days = |hit: &Hit| {
            if hit.date.as_deref().is_some_and(is_asked) {
                return vec![hit.clone()];
            }
            named.as_ref().map_or_else(Vec::new, |named| hit.naming(named, days))
        };
        let kept: Vec<Hit> = self.results.iter().flat_map(of_days).collect();
        if kept.is_empty() {
            return Kept::OtherDays;
        }
        self.results = kept;
        // Of another place only the file's name tells the day.
        self.copies_unknown |= self.copies.iter().any(|(path, _)| date_of(path).is_none());
        self.copies.retain(|(path, _)| date_of(path).is_some_and(is_asked));
        Kept::Days
    }

    /// Leaves out what the offline model said itself in conversations, and the question that is asked.
    pub(super) fn leave_out_echoes(&mut self, asked: &str) {
        self.results.retain(|hit| {
            let begins_before = |at: usize| at == 0 && hit.begins_before();
            let says = |(at, line): (usize, &str)| {
                says_something(line) && !is_echo_of(line, asked, begins_before(at))
            };
            is_note(hit.source.as_deref()) || hit.shown().lines().enumerate().any(says)
        });
    }

    /// Keeps what stands in notes; what stands in a conversation is none, and cannot be removed from it.
    pub(super) fn keep_notes(&mut self) {
        self.results.retain(|hit| is_note(hit.source.as_deref()));
    }

    /// The arguments of `memory_get` for what is to be read; what touches is read at once. Of a file that is looked into at
    /// all, as `looked` says of some, every result is read: text of two times must not stand together. While the search is
    /// behind, everything is.
    pub(super) fn reads(&self, wish: Wish, looked: &[&Outcome<'_>]) -> Vec<Value> {
        let behind = if wish == Wish::Whole { REST_LINES } else { 0 };
        let copies = || self.copies.iter().filter(|_| wish != Wish::Cut);
        let mut files: BTreeSet<&str> =
            looked.iter().filter_map(|read| read.arguments?["path"].as_str()).collect();
        files.extend(copies().map(|(path, _)| path.as_str()));
        let all = wish == Wish::Whole || self.note.is_some();
        files.extend(self.results.iter().filter(|hit| all || hit.is_cut()).map(|hit| hit.path.as_str()));
        let results = self.results.iter().filter(|hit| files.contains(hit.path.as_str()));
        let mut ranges: Vec<(&str, usize, usize)> = results
            .map(|hit| {
                (hit.path.as_str(), hit.start_line, hit.start_line.saturating_add(hit.height() + behind))
            })
            .collect();
        ranges.extend(copies().map(|(path, line)| (path.as_str(), *line, line.saturating_add(1 + behind))));
        ranges.sort_unstable();
        let mut joined: Vec<(&str, usize, usize)> = Vec::new();
        for (path, from, end) in ranges {
            match joined.last_mut() {
                Some(last) if last.0 == path && from <= last.2 => last.2 = last.2.max(end),
                _ => joined.push((path, from, end)),
            }
        }
        joined.truncate(MAX_READS);
        let read = |(path, from, end)| json!({ "path": path, "from": from, "lines": end - from });
        joined.into_iter().map(read).collect()
    }

    /// Whether a result, or another place of a line, is not among the lines, or not all places are known.
    pub(super) fn misses(&self, evidence: &Evidence) -> bool {
        let is_missing = |(path, line): &(String, usize)| !evidence.has(path, *line);
        self.copies_unknown
            || self.copies.iter().any(is_missing)
            || self.results.iter().any(|hit| !evidence.has(&hit.path, hit.start_line))
    }
}

fn is_echo_of(line: &str, asked: &str, begins_before: bool) -> bool {
    is_echo(line, asked) || (begins_before && may_be_echo(line))
}

/// The date in a file's name.
fn date_of(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    let date = name.get(..10)?;
    date.parse::<jiff::civil::Date>().is_ok().then_some(date)
}

impl Hit {
    /// Its lines that name the days asked for, each as a result of its own.
    fn naming(&self, named: &NamedDays, days: &Days) -> Vec<Self> {
        if named.weekly && !self.is_near(days) {
            return Vec::new();
        }
        let last = self.shown().lines().count().saturating_sub(1);
        let lines = self.shown().lines().enumerate();
        let of_days = lines.filter(|(_, line)| says_something(line) && named.are_in(line));
        let alone = |(at, line): (usize, &str)| {
            let number = self.start_line.saturating_add(at);
            let cut = match (at == 0 && self.begins_before(), at == last && self.goes_on()) {
                (true, true) => Some("both"),
                (true, false) => Some("start"),
                (false, true) => Some("end"),
                (false, false) => None,
            };
            let (snippet, cut) = (line.to_owned(), cut.map(ToOwned::to_owned));
            Self { start_line: number, end_line: number, snippet, cut, ..self.clone() }
        };
        of_days.map(alone).collect()
    }

    /// Whether it was written so near to the days asked for that a day of the week in it means one of them. What has no
    /// date may say what is so every week.
    fn is_near(&self, days: &Days) -> bool {
        let date = |text: &str| text.parse::<jiff::civil::Date>().ok();
        let (Some(written), Some(from), Some(to)) =
            (self.date.as_deref().and_then(date), date(&days.from), date(&days.to))
        else {
            return true;
        };
        let near =
            |day: jiff::civil::Date| written.until(day).is_ok_and(|span| span.get_days().abs() <= NEAR_DAYS);
        near(from) || near(to)
    }

    /// The snippet without the citation that may follow it.
    fn shown(&self) -> &str {
        let text = self.snippet.trim_end();
        match text.rsplit_once('\n') {
            Some((before, last)) if last.starts_with("Source: ") && last.contains("#L") => before.trim_end(),
            _ => text,
        }
    }

    /// How many lines it has.
    fn height(&self) -> usize {
        self.end_line.saturating_add(1).saturating_sub(self.start_line).clamp(1, MAX_READ_LINES)
    }

    /// Whether the snippet begins inside a line.
    fn begins_before(&self) -> bool {
        self.cut.as_deref().is_some_and(|cut| cut != "end")
    }

    /// Whether it ends inside one.
    fn goes_on(&self) -> bool {
        self.cut.as_deref().is_some_and(|cut| cut != "start")
    }

    fn is_cut(&self) -> bool {
        let shown = self.shown();
        let missing = self
            .end_line
            .saturating_add(1)
            .saturating_sub(self.start_line.saturating_add(shown.lines().count()));
        self.cut.is_some() || shown.ends_with('…') || shown.ends_with("...") || missing > MAX_BLANK_END
    }
}

/// One line of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Line {
    /// Which file, as an index into [`Evidence::paths`].
    pub(super) file: usize,
    /// 1-based.
    pub(super) number: usize,
    pub(super) text: String,
    /// Position of the result that brought it, from 0.
    pub(super) rank: usize,
    /// Whether the line begins before what is known of it.
    pub(super) begins_before: bool,
    /// Whether it goes on behind that.
    pub(super) goes_on: bool,
}

/// Lines of files, each once, in the order of the files and then of the lines.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) paths: Vec<String>,
    /// The best score of the search.
    pub(super) best_score: f64,
    lines: BTreeMap<(usize, usize), Line>,
    /// The heading above a line, where a result names it.
    headings: BTreeMap<(usize, usize), String>,
    /// The first day that a result tells of a file.
    days: BTreeMap<usize, String>,
    /// Files that are conversations.
    conversations: BTreeSet<usize>,
    /// The last line of a file, where a read reached it.
    ends: BTreeMap<usize, usize>,
}

impl Evidence {
    pub(super) fn of(hits: &Hits) -> Self {
        let mut evidence = Self::default();
        for (rank, hit) in hits.results.iter().enumerate() {
            evidence.best_score = evidence.best_score.max(hit.score);
            let file = evidence.file(&hit.path);
            if !is_note(hit.source.as_deref()) {
                evidence.conversations.insert(file);
            }
            if let Some(date) = &hit.date {
                let day = evidence.days.entry(file).or_insert_with(|| date.clone());
                if *date < *day {
                    day.clone_from(date);
                }
            }
            let last = hit.shown().lines().count().saturating_sub(1);
            for (offset, text) in hit.shown().lines().enumerate() {
                let number = hit.start_line.saturating_add(offset);
                evidence.headings.extend(hit.heading.clone().map(|heading| ((file, number), heading)));
                evidence.add(Line {
                    file,
                    number,
                    text: text.to_owned(),
                    rank,
                    begins_before: offset == 0 && hit.begins_before(),
                    goes_on: offset == last && hit.goes_on(),
                });
            }
        }
        evidence
    }

    /// Only what `memory_get` read of the results: whole lines, as the files are now.
    pub(super) fn of_reads(hits: &Hits, reads: &[&Outcome<'_>]) -> Self {
        Self::with_reads(hits, reads, |_| false)
    }

    /// That, and of files that could not be read what the search shows of them.
    pub(super) fn of_both(hits: &Hits, reads: &[&Outcome<'_>]) -> Self {
        Self::with_reads(hits, reads, |is_read| !is_read)
    }

    fn with_reads(hits: &Hits, reads: &[&Outcome<'_>], keep: impl Fn(bool) -> bool) -> Self {
        let mut evidence = Self::of(hits);
        let mut found = std::mem::take(&mut evidence.lines);
        for read in reads.iter().filter(|read| !read.failed) {
            evidence.add_read(read);
        }
        let read: BTreeSet<usize> = evidence.lines.keys().map(|(file, _)| *file).collect();
        evidence.lines.extend(found.extract_if(.., |(file, _), _| keep(read.contains(file))));
        for (key, found) in found {
            if let Some(line) = evidence.lines.get_mut(&key) {
                line.rank = found.rank;
            }
        }
        evidence
    }

    /// Adds what `memory_get` read; its lines are whole, so they replace cut ones.
    fn add_read(&mut self, read: &Outcome<'_>) {
        #[derive(Deserialize)]
        struct ReadResult {
            path: String,
            text: String,
        }
        let Ok(result) = serde_json::from_str::<ReadResult>(&read.text) else { return };
        let argument = |name: &str| {
            let number = read.arguments.and_then(|arguments| arguments[name].as_u64());
            number.and_then(|number| usize::try_from(number).ok())
        };
        let from = argument("from").unwrap_or(1);
        let file = self.file(&result.path);
        let mut read_lines = 0;
        for (offset, text) in result.text.split('\n').enumerate() {
            let number = from.saturating_add(offset);
            let rank = self.lines.remove(&(file, number)).map_or(NO_RANK, |line| line.rank);
            self.add(Line { file, number, text: text.to_owned(), rank, ..Line::default() });
            read_lines = offset + 1;
        }
        if argument("lines").is_none_or(|asked| read_lines < asked) {
            self.ends.insert(file, from.saturating_add(read_lines - 1));
        }
    }

    /// The words of the heading above a line, where a result names it.
    pub(super) fn heading(&self, line: &Line) -> Option<&str> {
        self.headings.get(&(line.file, line.number)).map(String::as_str)
    }

    /// Without what the offline model said itself in conversations, and the question that is asked.
    pub(super) fn without_echoes(mut self, asked: &str) -> Self {
        let conversations = &self.conversations;
        self.lines.retain(|(file, _), line| {
            !conversations.contains(file) || !is_echo_of(&line.text, asked, line.begins_before)
        });
        self
    }

    /// Where a file belongs in a list: notes before conversations, and then by day; what has no day comes first.
    pub(super) fn order(&self, file: usize) -> (bool, Option<&str>) {
        let day = self.paths.get(file).and_then(|path| date_of(path));
        (self.is_conversation(file), day.or_else(|| self.days.get(&file).map(String::as_str)))
    }

    /// Whether a file is a conversation, and no note.
    pub(super) fn is_conversation(&self, file: usize) -> bool {
        self.conversations.contains(&file)
    }

    /// Whether it is known what follows a line, if anything does.
    pub(super) fn knows_next(&self, line: &Line) -> bool {
        self.lines.contains_key(&(line.file, line.number + 1))
            || self.ends.get(&line.file).is_some_and(|end| *end <= line.number)
    }

    fn has(&self, path: &str, number: usize) -> bool {
        let file = self.paths.iter().position(|known| *known == plain(path));
        file.is_some_and(|file| self.lines.contains_key(&(file, number)))
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.lines.values().cloned().collect()
    }

    fn file(&mut self, path: &str) -> usize {
        self.paths.iter().position(|known| *known == plain(path)).unwrap_or_else(|| {
            self.paths.push(plain(path));
            self.paths.len() - 1
        })
    }

    fn add(&mut self, line: Line) {
        if self.lines.len() < MAX_LINES {
            let text = plain(line.text.trim_end());
            self.lines.entry((line.file, line.number)).or_insert_with(|| Line { text, ..line });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Hits, Wish};
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
        assert!(hits("a\nb", 4).reads(Wish::Cut, &[]).is_empty());
        assert!(
            hits("a\nb\n\n", 6).reads(Wish::Cut, &[]).is_empty(),
            "empty lines at the end are not missed"
        );
        let read = |lines: usize| [json!({"path":"MEMORY.md","from":3,"lines":lines})];
        assert_eq!(hits("a\nb", 9).reads(Wish::Cut, &[]), read(7));
        assert_eq!(hits("a\nb…", 4).reads(Wish::Cut, &[]), read(2));
        assert_eq!(hits("a\nb", 4).reads(Wish::Whole, &[]), read(42));
    }

    fn of(results: serde_json::Value) -> Hits {
        Hits::parse(&json!({ "results": results }).to_string()).unwrap()
    }

    #[test]
    fn other_places_of_a_line_are_read_with_what_they_touch() {
        let elsewhere = json!([
            {"path":"a.md","line":4,"source":"memory"},
            {"path":"b.md","line":9},
            {"path":"sessions/x.jsonl","line":2,"source":"sessions"},
        ]);
        let hits =
            of(json!([{"path":"a.md","startLine":1,"endLine":3,"snippet":"a\nb\nc","elsewhere":elsewhere}]));
        assert!(hits.reads(Wish::Cut, &[]).is_empty());
        let (a, b) = (json!({"path":"a.md","from":1,"lines":4}), json!({"path":"b.md","from":9,"lines":1}));
        assert_eq!(hits.reads(Wish::Copies, &[]), [a, b]);
        let (a, b) = (json!({"path":"a.md","from":1,"lines":44}), json!({"path":"b.md","from":9,"lines":41}));
        assert_eq!(hits.reads(Wish::Whole, &[]), [a, b]);
        assert!(hits.misses(&Evidence::of(&hits)));
    }

    #[test]
    fn a_piece_of_a_line_is_known_to_be_one() {
        let ends = |cut: &str| {
            let hits = of(json!([{"path":"a.md","startLine":1,"endLine":2,"snippet":"a\nb","cut":cut}]));
            assert_eq!(hits.reads(Wish::Cut, &[]).len(), 1);
            let lines = Evidence::of(&hits).lines();
            (lines[0].begins_before, lines[0].goes_on, lines[1].begins_before, lines[1].goes_on)
        };
        assert_eq!(ends("start"), (true, false, false, false));
        assert_eq!(ends("end"), (false, false, false, true));
        assert_eq!(ends("both"), (true, false, false, true));
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
