//! What is appended to a day's memory file, and where it ends up.

use super::intent::facts;

/// Facts for a day's file.
pub(super) struct Note {
    date: String,
    /// The file, relative to the workspace.
    pub(super) path: String,
    /// The facts as list items; further lines of one are indented, so that they belong to it.
    items: Vec<String>,
}

impl Note {
    /// Nothing when no letter or sign is left to be noted.
    pub(super) fn new(date: &str, noted: &str) -> Option<Self> {
        let noted = printable(noted);
        let items: Vec<String> = facts(&noted).into_iter().filter_map(item).collect();
        let path = format!("memory/{date}.md");
        (!items.is_empty()).then(|| Self { date: date.to_owned(), path, items })
    }

    /// The lines to append.
    pub(super) fn text(&self) -> String {
        self.items.iter().map(|item| format!("{item}\n")).collect()
    }

    /// The same below the day's title.
    pub(super) fn titled(&self) -> String {
        format!("# {}\n\n{}", self.date, self.items.join("\n"))
    }

    /// How many lines the title takes.
    pub(super) const TITLE: usize = 2;

    fn height(&self) -> usize {
        self.items.iter().map(|item| item.lines().count()).sum()
    }

    /// The facts in one line, for an answer.
    pub(super) fn brief(&self) -> String {
        let lines = self.items.iter().flat_map(|item| item.lines());
        lines.map(|line| line.strip_prefix("- ").unwrap_or(line).trim()).collect::<Vec<_>>().join(" / ")
    }

    /// The first line that was appended, of what the tool `write` answered.
    pub(super) fn first_of(&self, answer: &str) -> Option<usize> {
        last_line(answer).map(|last| (last + 1).saturating_sub(self.height()).max(1))
    }

    /// The first line of what was appended to a text last.
    pub(super) fn first_in(&self, text: &str) -> Option<usize> {
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let (wanted, height) = (self.text(), self.height());
        let wanted: Vec<&str> = wanted.lines().map(str::trim_end).collect();
        lines.windows(height).rposition(|window| window == wanted).map(|at| at + 1)
    }

    /// The file, and the lines that begin with `first` in it.
    pub(super) fn place(&self, first: usize) -> String {
        place(&self.path, first, self.height())
    }

    /// Where all of it stands above line `before` of a text, word for word: one of its lines for each fact.
    pub(super) fn known(&self, text: &str, before: usize) -> Option<String> {
        let lines: Vec<&str> = text.lines().take(before.saturating_sub(1)).map(words_of).collect();
        let found = self.items.iter().map(|item| {
            let wanted: Vec<&str> = item.lines().map(words_of).collect();
            let at = lines.windows(wanted.len()).position(|window| window == wanted)?;
            Some(place(&self.path, at + 1, wanted.len()))
        });
        found.collect::<Option<Vec<_>>>().map(|places| places.join(", "))
    }
}

fn place(path: &str, first: usize, height: usize) -> String {
    if height <= 1 { format!("{path}#L{first}") } else { format!("{path}#L{first}-L{}", first + height - 1) }
}

/// A line without the mark of a list and without its full stop.
fn words_of(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix(['-', '*', '+']).unwrap_or(line).trim().trim_end_matches(['.', '!', '。'])
}

fn item(fact: &str) -> Option<String> {
    let lines: Vec<&str> = fact.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    let text = lines.join("\n  ");
    let text = text.trim_start();
    (!text.is_empty()).then(|| format!("- {text}"))
}

/// `text` without what steers a terminal or turns the direction of writing: a note is read again, by programs too.
fn printable(text: &str) -> String {
    let mut kept = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => kept.push(c),
            '\u{1B}' if chars.peek() == Some(&'[') => {
                // A whole control sequence: its parameters and the letter that ends it.
                chars.next();
                while chars.next_if(|c| matches!(c, '0'..='9' | ';' | ':' | '?' | ' ')).is_some() {}
                chars.next_if(char::is_ascii_alphabetic);
            }
            '\t' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => kept.push(' '),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => kept.push(c),
        }
    }
    kept
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
    use super::Note;
    use proptest::prelude::*;

    fn note(fact: &str) -> Note {
        Note::new("2026-11-20", fact).unwrap()
    }

    #[test]
    fn facts_become_items_that_a_terminal_can_show() {
        let rows = [
            ("tea", "- tea\n", "tea"),
            ("a\n\n b\r\nc", "- a\n   b\n  c\n", "a / b / c"),
            (
                "the cat. Remember that the dog is out.",
                "- the cat.\n- the dog is out.\n",
                "the cat. / the dog is out.",
            ),
            (
                "milk; don't forget to call Bo",
                "- milk\n- don't forget to call Bo\n",
                "milk / don't forget to call Bo",
            ),
            (
                "Bo ist da. Merk dir, dass Anna kommt",
                "- Bo ist da.\n- Anna kommt\n",
                "Bo ist da. / Anna kommt",
            ),
            ("猫在家。记住狗在外面", "- 猫在家。\n- 狗在外面\n", "猫在家。 / 狗在外面"),
            (
                "we met. Remembering is hard.",
                "- we met. Remembering is hard.\n",
                "we met. Remembering is hard.",
            ),
            ("red \u{1b}[31;1mtea\u{1b}[0m\u{7}\u{202e}", "- red tea\n", "red tea"),
            ("a\tb\u{2028}c", "- a b c\n", "a b c"),
        ];
        for (fact, text, brief) in rows {
            assert_eq!((note(fact).text().as_str(), note(fact).brief().as_str()), (text, brief), "{fact:?}");
        }
        for nothing in ["\u{1b}[2J", " \n ", "\u{7}"] {
            assert!(Note::new("2026-11-20", nothing).is_none(), "{nothing:?}");
        }
        assert_eq!(note("tea").titled(), "# 2026-11-20\n\n- tea");
    }

    #[test]
    fn the_place_is_the_items_own_lines() {
        let rows = [
            ("tea", "Appended 1 line to memory/2026-11-20.md (line 3)", Some("#L3")),
            ("tea", "Appended 3 lines to memory/2026-11-20.md (lines 1-3)", Some("#L3")),
            ("a\nb", "Appended 2 lines to memory/2026-11-20.md (lines 8-9)", Some("#L8-L9")),
            ("tea", "done (quickly)", None),
        ];
        for (fact, text, expected) in rows {
            let place = note(fact).first_of(text).map(|first| note(fact).place(first));
            assert_eq!(place, expected.map(|lines| format!("memory/2026-11-20.md{lines}")), "{text}");
        }
        assert_eq!(note("tea").first_in("- tea\n\n- tea\n"), Some(3));
        assert_eq!(note("tea").first_in("- rum\n"), None);
    }

    #[test]
    fn what_stands_there_word_for_word_is_known() {
        let text = "# 2026-11-20\n\n- tea\n* the key\n  and the lock.\n- Tea is out\n- tea\n";
        let rows = [
            ("tea", 7, Some("memory/2026-11-20.md#L3")),
            ("tea", 3, None),
            ("tea.", 9, Some("memory/2026-11-20.md#L3")),
            ("tea is out", 9, None),
            ("the key\nand the lock", 9, Some("memory/2026-11-20.md#L4-L5")),
            ("tea. Remember that Tea is out", 9, Some("memory/2026-11-20.md#L3, memory/2026-11-20.md#L6")),
            ("tea. Remember that rum is out", 9, None),
        ];
        for (fact, before, expected) in rows {
            assert_eq!(note(fact).known(text, before).as_deref(), expected, "{fact}");
        }
    }

    proptest! {
        #[test]
        fn a_note_is_found_where_it_was_appended(before in "(- [ab]{1,3}\n){0,6}", fact in "\\PC{0,20}[a-z]") {
            let note = note(&fact);
            let text = format!("{before}{}", note.text());
            let first = before.lines().count() + 1;
            prop_assert_eq!(note.first_in(&text), Some(first));
            let again = format!("{text}{}", note.text());
            prop_assert!(note.known(&again, first + note.text().lines().count()).is_some());
        }
    }
}
