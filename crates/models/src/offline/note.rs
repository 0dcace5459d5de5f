//! What is appended to a day's memory file, and where it ends up.

/// A fact for a day's file.
pub(super) struct Note<'a> {
    date: &'a str,
    /// The file, relative to the workspace.
    pub(super) path: String,
    /// The fact as a list item; further lines are indented, so that they belong to it.
    item: String,
}

/// What is known after the append.
pub(super) struct WriteResult<'a> {
    /// What the tool answered.
    pub(super) text: &'a str,
    /// The file before, if it existed.
    pub(super) before: Option<&'a str>,
}

impl<'a> Note<'a> {
    pub(super) fn new(date: &'a str, fact: &str) -> Self {
        let lines: Vec<&str> = fact.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        Self { date, path: format!("memory/{date}.md"), item: format!("- {}\n", lines.join("\n  ")) }
    }

    /// The text to append to the file as it was `before`; none means that it did not exist.
    pub(super) fn content(&self, before: Option<&str>) -> String {
        match before {
            None => format!("# {}\n\n{}", self.date, self.item),
            Some(text) if text.trim().is_empty() => format!("# {}\n\n{}", self.date, self.item),
            Some(text) if text.ends_with('\n') => self.item.clone(),
            Some(_) => format!("\n{}", self.item),
        }
    }

    /// The lines of the item, as `L3` or `L3-L4`.
    pub(super) fn lines(&self, result: &WriteResult<'_>) -> String {
        let height = self.item.lines().count();
        let last = last_line(result.text).unwrap_or_else(|| {
            let before = result.before.unwrap_or_default();
            before.lines().count() + self.content(result.before).trim_start_matches('\n').lines().count()
        });
        let first = (last + 1).saturating_sub(height).max(1);
        if first >= last { format!("L{last}") } else { format!("L{first}-L{last}") }
    }
}

/// The last line number of `Appended 1 line to memory/2026-11-20.md (line 3)` or `… (lines 3-5)`, the answer of our
/// own tool `write`.
fn last_line(text: &str) -> Option<usize> {
    let (_, inside) = text.rsplit_once('(')?;
    let (inside, _) = inside.split_once(')')?;
    let numbers = inside.strip_prefix("lines ").or_else(|| inside.strip_prefix("line "))?;
    numbers.rsplit('-').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Note, WriteResult};
    use proptest::prelude::*;

    #[test]
    fn content_depends_on_what_was_there() {
        let rows = [
            (None, "# 2026-11-20\n\n- tea\n"),
            (Some(""), "# 2026-11-20\n\n- tea\n"),
            (Some("# 2026-11-20\n\n- a\n"), "- tea\n"),
            (Some("no newline"), "\n- tea\n"),
        ];
        for (before, expected) in rows {
            assert_eq!(Note::new("2026-11-20", "tea").content(before), expected, "{before:?}");
        }
        assert_eq!(Note::new("2026-11-20", "a\n\n b\r\nc").content(Some("x\n")), "- a\n   b\n  c\n");
    }

    #[test]
    fn the_place_is_the_items_own_lines() {
        let appended = "Appended 1 line to memory/2026-11-20.md (line 3)";
        let rows = [
            ("tea", appended, None, "L3"),
            ("tea", "Appended 3 lines to memory/2026-11-20.md (lines 1-3)", None, "L3"),
            ("a\nb", "Appended 2 lines to memory/2026-11-20.md (lines 8-9)", Some("x"), "L8-L9"),
            ("tea", "done", None, "L3"),
            ("tea", "done", Some("# 2026-11-20\n\n- a\n"), "L4"),
            ("tea", "done", Some("no newline"), "L2"),
            ("tea", "done (quickly)", Some("a\nb\n"), "L3"),
        ];
        for (fact, text, before, expected) in rows {
            assert_eq!(
                Note::new("2026-11-20", fact).lines(&WriteResult { text, before }),
                expected,
                "{text} {before:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_guessed_line_is_where_the_text_ends(before in proptest::option::of("[a\n]{0,12}"), fact in "[a-z]{1,5}") {
            let note = Note::new("2026-11-20", &fact);
            let file = format!("{}{}", before.clone().unwrap_or_default(), note.content(before.as_deref()));
            let lines = note.lines(&WriteResult { text: "", before: before.as_deref() });
            let number: usize = lines[1..].parse().unwrap();
            if before.as_deref().is_none_or(|text| text.is_empty() || !text.trim().is_empty()) {
                let item = format!("- {fact}");
                prop_assert_eq!(file.lines().nth(number - 1), Some(item.as_str()));
            }
        }
    }
}
