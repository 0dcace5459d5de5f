//! What a line of a note is by its form: a heading, an item of a list, something said by somebody.

use std::collections::HashMap;

use super::evidence::Line;

/// Longest label in front of a colon, in characters: a name with its title, not half a sentence.
const MAX_LABEL_CHARS: usize = 30;
/// Lines that must begin with the same label before it is somebody speaking; a field of a note has its label once.
const MIN_UTTERANCES: usize = 2;

pub(super) fn is_heading(text: &str) -> bool {
    text.starts_with('#')
}

/// Whether a line has something to quote.
pub(super) fn says_something(text: &str) -> bool {
    !is_heading(text) && text.contains(char::is_alphanumeric)
}

/// List items, table rows, quotes and headings: lines that stand alone. Prose runs over lines.
pub(super) fn stands_alone(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty()
        || text.starts_with(['-', '*', '+', '#', '|', '>'])
        || text.starts_with(|c: char| c.is_ascii_digit())
}

/// What stands before the first colon of a line: who speaks, or what the line is about.
pub(super) fn label(text: &str) -> Option<&str> {
    let bare = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '*' | '+' | '>'));
    let (label, said) = bare.split_once(':')?;
    let named = label.starts_with(char::is_alphabetic) && label.chars().count() <= MAX_LABEL_CHARS;
    // "10:30" and "https://…" have a colon too, but nothing that begins after it.
    (named && (said.is_empty() || said.starts_with([' ', '*']))).then_some(label)
}

/// Which lines are somebody speaking: several lines begin with the same label.
pub(super) fn speech(lines: &[Line]) -> Vec<bool> {
    let mut utterances: HashMap<&str, usize> = HashMap::new();
    for label in lines.iter().filter_map(|line| label(&line.text)) {
        *utterances.entry(label).or_default() += 1;
    }
    let speaks = |line: &Line| label(&line.text).is_some_and(|label| utterances[label] >= MIN_UTTERANCES);
    lines.iter().map(speaks).collect()
}

#[cfg(test)]
mod tests {
    use super::{label, speech, stands_alone};
    use crate::offline::evidence::Line;

    #[test]
    fn labels_stand_before_a_colon() {
        let rows = [
            ("Caroline: hi", Some("Caroline")),
            ("- Caroline: hi", Some("Caroline")),
            ("Expires:", Some("Expires")),
            ("https://example.org", None),
            ("10:30 dentist", None),
            ("We talked for a long time about this: nothing", None),
            ("no colon", None),
        ];
        for (text, expected) in rows {
            assert_eq!(label(text), expected, "{text}");
        }
    }

    #[test]
    fn a_label_that_comes_again_is_a_speaker() {
        let texts = ["Anna: hi", "Bob: hello", "Anna: how are you?", "Phone: 1234", "rain"];
        let line =
            |(at, text): (usize, &&str)| Line { number: at + 1, text: (*text).to_owned(), ..Line::default() };
        let lines: Vec<Line> = texts.iter().enumerate().map(line).collect();
        assert_eq!(speech(&lines), [true, false, true, false, false]);
    }

    #[test]
    fn list_items_stand_alone_and_prose_does_not() {
        for text in ["- a", "1. a", "| a |", "> a", "# a", ""] {
            assert!(stands_alone(text), "{text}");
        }
        assert!(!stands_alone("It was a fine day and"));
    }
}
