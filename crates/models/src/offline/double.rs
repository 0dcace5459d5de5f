//! A search for tests that is as unhelpful as the real one may be: it cuts, folds equal lines and is behind the files.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

/// What it says of itself while files have changed since it read them.
pub(super) const STALE: &str = "1 file still being indexed";
/// Letters that two lines must share before the second is a repetition.
const MIN_SAME_LETTERS: usize = 8;
/// As many other places of a line as the real one names.
const MAX_ELSEWHERE: usize = 10;
/// The score of what has a word of the query, and of what has none.
const FOUND: f64 = 0.9;
const OTHER: f64 = 0.1;

/// How it behaves.
#[derive(Debug, Clone)]
pub(super) struct Double {
    /// Characters of a window; a longer line comes in pieces.
    pub(super) window: usize,
    /// Whether snippets end with where they come from.
    pub(super) cites: bool,
    /// Whether conversations come before notes.
    pub(super) talks_first: bool,
}

impl Default for Double {
    fn default() -> Self {
        Self { window: 700, cites: false, talks_first: false }
    }
}

/// A line, or a piece of one.
#[derive(Debug, Clone)]
struct Row {
    number: usize,
    text: String,
    begins_before: bool,
    goes_on: bool,
}

/// A file as the search knows it.
struct File<'a> {
    path: &'a str,
    source: &'static str,
    text: &'a str,
}

/// Neighbouring rows, and the heading above them.
struct Window<'a> {
    file: &'a File<'a>,
    rows: Vec<Row>,
    heading: Option<String>,
}

/// What makes two lines the same.
pub(super) fn sameness(text: &str) -> Option<String> {
    let letters: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    (letters.chars().count() >= MIN_SAME_LETTERS).then_some(letters)
}

/// Which files it has read.
pub(super) struct Known<'a> {
    pub(super) notes: &'a BTreeMap<String, String>,
    pub(super) talks: &'a BTreeMap<String, String>,
}

impl Double {
    /// The result of `memory_search`.
    pub(super) fn search(&self, known: &Known<'_>, arguments: &Value) -> Value {
        let of = |files: &'_ BTreeMap<String, String>, source| -> Vec<(String, &'static str, String)> {
            files.iter().map(|(path, text)| (path.clone(), source, text.clone())).collect()
        };
        let mut all = of(known.notes, "memory");
        let talks = of(known.talks, "sessions");
        if self.talks_first {
            all.splice(0..0, talks);
        } else {
            all.extend(talks);
        }
        let files: Vec<File<'_>> =
            all.iter().map(|(path, source, text)| File { path, source, text }).collect();
        let mut elsewhere: HashMap<String, Vec<Value>> = HashMap::new();
        let mut windows: Vec<Window<'_>> = Vec::new();
        for file in &files {
            self.read(file, &mut elsewhere, &mut windows);
        }
        let query = arguments["query"].as_str().unwrap_or_default().to_lowercase();
        let asked: Vec<&str> =
            query.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 2).collect();
        let score = |window: &Window<'_>| {
            let text: String = window.rows.iter().map(|row| row.text.to_lowercase()).collect();
            asked.iter().filter(|word| text.contains(**word)).count()
        };
        windows.sort_by_key(|window| std::cmp::Reverse(score(window)));
        let most = arguments["maxResults"].as_u64().map_or(6, |most| most as usize);
        let hit =
            |window: &Window<'_>| self.hit(window, &elsewhere, if score(window) > 0 { FOUND } else { OTHER });
        json!({ "results": windows.iter().take(most).map(hit).collect::<Vec<_>>() })
    }

    fn read<'a>(
        &self,
        file: &'a File<'a>,
        elsewhere: &mut HashMap<String, Vec<Value>>,
        windows: &mut Vec<Window<'a>>,
    ) {
        let mut heading = None;
        let mut open: Option<Window<'a>> = None;
        for row in self.rows(file.text) {
            let same = sameness(&row.text);
            let known = same.as_ref().is_some_and(|same| elsewhere.contains_key(same));
            if known {
                let place = json!({ "path": file.path, "line": row.number, "source": file.source });
                same.and_then(|same| elsewhere.get_mut(&same))
                    .into_iter()
                    .for_each(|list| list.push(place.clone()));
                windows.extend(open.take());
                continue;
            }
            same.map(|same| elsewhere.insert(same, Vec::new()));
            if row.text.starts_with('#') {
                windows.extend(open.take());
                heading = Some(row.text.trim_start_matches('#').trim().to_owned());
            }
            let chars = |window: &Window<'_>| {
                window.rows.iter().map(|row| row.text.chars().count() + 1).sum::<usize>()
            };
            if open.as_ref().is_some_and(|open| chars(open) + row.text.chars().count() > self.window) {
                windows.extend(open.take());
            }
            open.get_or_insert_with(|| Window { file, rows: Vec::new(), heading: heading.clone() })
                .rows
                .push(row);
        }
        windows.extend(open);
    }

    fn rows(&self, text: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        for (at, line) in text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let chars: Vec<char> = line.trim_end().chars().collect();
            let pieces: Vec<&[char]> = chars.chunks(self.window).collect();
            for (piece, text) in pieces.iter().enumerate() {
                rows.push(Row {
                    number: at + 1,
                    text: text.iter().collect(),
                    begins_before: piece > 0,
                    goes_on: piece + 1 < pieces.len(),
                });
            }
        }
        rows
    }

    fn hit(&self, window: &Window<'_>, elsewhere: &HashMap<String, Vec<Value>>, score: f64) -> Value {
        let (first, last) = (&window.rows[0], &window.rows[window.rows.len() - 1]);
        let path = window.file.path;
        let mut snippet = first.text.clone();
        for pair in window.rows.windows(2) {
            snippet.push_str(&"\n".repeat(pair[1].number - pair[0].number));
            snippet.push_str(&pair[1].text);
        }
        if self.cites {
            snippet.push_str(&format!("\n\nSource: {path}#L{}-L{}", first.number, last.number));
        }
        let others = |row: &Row| {
            sameness(&row.text).and_then(|same| elsewhere.get(&same)).cloned().unwrap_or_default()
        };
        let places: Vec<Value> = window.rows.iter().flat_map(others).take(MAX_ELSEWHERE).collect();
        let date = path.strip_prefix("memory/").and_then(|name| name.strip_suffix(".md"));
        let mut hit = json!({
            "path": path, "startLine": first.number, "endLine": last.number, "score": score, "snippet": snippet,
            "source": window.file.source, "date": date, "heading": window.heading,
            "repeated": others(first).len(), "elsewhere": places,
        });
        let cut = match (first.begins_before, last.goes_on) {
            (true, true) => "both",
            (true, false) => "start",
            (false, true) => "end",
            (false, false) => return hit,
        };
        hit["cut"] = cut.into();
        hit
    }
}
