//! What the program prints, as values. It is read with patience: versions differ, and progress and warnings come first.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::QmdError;

/// What is shown of output that is no list of results.
const MAX_SHOWN_CHARS: usize = 120;
/// What versions before 2 say, also when asked for JSON, and it is no failure.
const NOTHING: &str = "no results found";

/// One result of a query.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Entry {
    /// `#` and the first six digits of the SHA-256 of the document.
    #[serde(default)]
    pub(super) docid: String,
    /// From 0 to 1.
    #[serde(default)]
    pub(super) score: f64,
    /// `qmd://<collection>/<path>`.
    #[serde(default)]
    pub(super) file: String,
    /// The best line; since version 2.
    #[serde(default)]
    pub(super) line: Option<u32>,
    #[serde(default)]
    pub(super) snippet: String,
}

/// The results of a query.
pub(super) fn results(stdout: &str) -> Result<Vec<Entry>, QmdError> {
    // Objects first: an array of arrays would pass for one of structs.
    let entry = |object| serde_json::from_value::<Entry>(Value::Object(object)).ok();
    let listed = list::<Map<String, Value>>(stdout);
    if let Some(entries) = listed.and_then(|objects| objects.into_iter().map(entry).collect()) {
        return Ok(entries);
    }
    let text = printable(stdout);
    if text.to_lowercase().contains(NOTHING) {
        return Ok(Vec::new());
    }
    let said = if text.is_empty() { "nothing".into() } else { text.chars().take(MAX_SHOWN_CHARS).collect() };
    Err(QmdError::Garbage { task: "query", said })
}

/// The first JSON array of such values that begins a line.
fn list<T: for<'de> Deserialize<'de>>(stdout: &str) -> Option<Vec<T>> {
    let starts = stdout.split_inclusive('\n').scan(0, |at, line| {
        let start = *at + (line.len() - line.trim_start().len());
        *at += line.len();
        Some(start)
    });
    starts.filter(|&start| stdout[start..].starts_with('[')).find_map(|start| {
        let mut values = serde_json::Deserializer::from_str(&stdout[start..]).into_iter::<Vec<T>>();
        values.next()?.ok()
    })
}

/// A collection as `collection list` has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Name(String),
    Object { name: String },
}

/// The names of the collections, from JSON or, since no version so far prints that, from the lines `name (qmd://name/)`.
pub(super) fn collections(stdout: &str) -> Vec<String> {
    if let Some(listed) = list::<Listed>(stdout) {
        let name = |listed| match listed {
            Listed::Name(name) | Listed::Object { name } => name,
        };
        return listed.into_iter().map(name).collect();
    }
    let name = |line: &str| {
        let (name, rest) = line.split_once(' ')?;
        rest.starts_with(&format!("(qmd://{name}/)")).then(|| name.to_owned())
    };
    stdout.lines().filter_map(|line| name(&without_escapes(line))).collect()
}

/// What an update did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) changed: usize,
    pub(super) removed: usize,
}

/// The sum of the lines `Indexed: 1 new, 0 updated, 3 unchanged, 0 removed`.
pub(super) fn counts(stdout: &str) -> Counts {
    let mut counts = Counts::default();
    for line in stdout.lines() {
        let Some(parts) = line.trim().strip_prefix("Indexed: ") else { continue };
        for part in parts.split(", ") {
            let Some((count, what)) = part.split_once(' ') else { continue };
            let count = count.parse().unwrap_or(0_usize);
            match what {
                "new" | "updated" => counts.changed = counts.changed.saturating_add(count),
                "removed" => counts.removed = counts.removed.saturating_add(count),
                _ => {}
            }
        }
    }
    counts
}

/// Text on one line, without escape sequences and control characters.
pub(super) fn printable(text: &str) -> String {
    let text = without_escapes(text);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Text without the terminal's `ESC [ … letter`.
fn without_escapes(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut clean = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| c.is_ascii_alphabetic()).map_or(piece.len(), |at| at + 1);
        clean.push_str(&piece[end..]);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::{Counts, collections, counts, printable, results};
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    const ONE: &str = r##"[
  {
    "docid": "#47e947",
    "score": 0.5,
    "file": "qmd://memory-dir/a.md",
    "line": 3,
    "title": "Preferences",
    "snippet": "@@ -2,4 @@ (1 before, 0 after)\n\n- Likes green tea."
  }
]
"##;

    #[test]
    fn results_are_found_among_noise() {
        let rows = [
            ONE.to_owned(),
            format!("Expanding query...\n[1/2] reading\n[not json\n  {ONE}\nWarning: [1] slow"),
            format!("\u{1b}[?25l\n{ONE}"),
        ];
        for stdout in rows {
            let entries = results(&stdout).unwrap();
            assert_eq!(entries.len(), 1, "{stdout}");
            assert_eq!((entries[0].docid.as_str(), entries[0].line), ("#47e947", Some(3)));
        }
        assert!(results("[]\n").unwrap().is_empty());
        assert!(results("\u{1b}[2mNo results found.\u{1b}[0m\n").unwrap().is_empty());
    }

    #[test]
    fn anything_else_is_said_to_be_garbage() {
        for stdout in ["", "{}", "[1, 2", "[[]]", "Segmentation fault", "null"] {
            let error = results(stdout).unwrap_err().to_string();
            assert!(error.starts_with("qmd query printed no list of results but: "), "{error}");
        }
    }

    #[test]
    fn collections_are_read_from_json_and_from_text() {
        let text = "Collections (2):\n\nmemory-dir (qmd://memory-dir/)\n  Pattern:  **/*.md\n  Files:    1\n\n\
                    \u{1b}[36mnotes\u{1b}[0m \u{1b}[2m(qmd://notes/)\u{1b}[0m [excluded]\n";
        assert_eq!(collections(text), ["memory-dir", "notes"]);
        assert_eq!(
            collections(r#"["memory-dir", {"name": "notes", "path": "/x"}]"#),
            ["memory-dir", "notes"]
        );
        assert!(collections("No collections found. Run 'qmd collection add .' to create one.").is_empty());
    }

    #[test]
    fn updates_are_counted() {
        let text = "[1/2] a (**/*.md)\nIndexed: 1 new, 2 updated, 7 unchanged, 0 removed\n\n\
                    Indexed: 0 new, 1 updated, 0 unchanged, 3 removed\n✓ All collections updated.\n";
        assert_eq!(counts(text), Counts { changed: 4, removed: 3 });
        assert_eq!(counts("nothing"), Counts::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_output_is_read(stdout in "(\\[|\\]|\\{|\"|\u{1b}\\[|m|\n|docid|:|,|1|\\PC){0,60}") {
            // Either way is fine, as long as it comes back.
            drop(results(&stdout));
            drop(collections(&stdout));
            prop_assert!(!printable(&stdout).contains(char::is_control));
        }
    }
}
