//! Lines of notes that questions can be made of. Pure.

use std::collections::{HashMap, HashSet};

use crate::words::{Analyser, Language, TermKind, is_unspaced};

/// Words a line needs, so that half of them still say what is meant.
const MIN_WORDS: usize = 4;
/// Longer lines are paragraphs, of which a result may show another part.
const MAX_CHARS: usize = 400;
/// Characters of text without blanks that are taken for a word.
const UNSPACED_WORD: usize = 2;
/// Front matter and fences of code.
const RULES: [&str; 3] = ["---", "```", "~~~"];

/// A note as it is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteText {
    /// As results name it.
    pub path: String,
    /// Line ends are `\n`.
    pub text: String,
}

/// A line that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The note.
    pub path: String,
    /// From 1.
    pub number: u32,
    /// As it stands there.
    pub text: String,
    /// Its words without those that say nothing, in order, as they are written.
    pub words: Vec<String>,
}

/// What of the notes can be asked for, and how often each word occurs.
pub(super) struct Stock {
    pub(super) lines: Vec<Line>,
    /// The lines of all notes in which a word stands, by its small letters, in order.
    places: HashMap<String, Vec<u32>>,
    /// Lines so far.
    seen: u32,
    /// Every term of the notes.
    pub(super) terms: HashSet<String>,
}

impl Stock {
    pub(super) fn of(notes: &[NoteText]) -> Self {
        let mut analyser = Analyser::default();
        let mut stock = Self { lines: Vec::new(), places: HashMap::new(), seen: 0, terms: HashSet::new() };
        for note in notes {
            stock.add(note, &mut analyser);
        }
        stock
    }

    fn add(&mut self, note: &NoteText, analyser: &mut Analyser) {
        let language = Language::of(&note.text);
        for (at, text) in note.text.lines().enumerate() {
            let own = Language::of_line(text, language);
            analyser.note(text, own, |term, _| {
                if !self.terms.contains(term) {
                    self.terms.insert(term.to_owned());
                }
            });
            let words = words_of(text, own, analyser);
            let mut distinct: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
            distinct.sort_unstable();
            distinct.dedup();
            let seen = self.seen;
            distinct.into_iter().for_each(|word| self.places.entry(word).or_default().push(seen));
            self.seen = self.seen.saturating_add(1);
            if is_said(text) && words.len() >= MIN_WORDS {
                let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
                self.lines.push(Line { path: note.path.clone(), number, text: text.to_owned(), words });
            }
        }
    }

    /// In how many lines a word stands.
    pub(super) fn count(&self, word: &str) -> usize {
        self.places_of(word).len()
    }

    /// Whether no more than one line has all these words: who asks for more gets any of them, and rightly.
    pub(super) fn is_clear(&self, words: &[&str]) -> bool {
        let mut all: Vec<&[u32]> = words.iter().map(|word| self.places_of(word)).collect();
        all.sort_by_key(|places| places.len());
        let Some((rarest, others)) = all.split_first() else { return false };
        let has_all = |line: &&u32| others.iter().all(|places| places.binary_search(line).is_ok());
        rarest.iter().filter(has_all).take(2).count() == 1
    }

    /// The words that stand in the most lines, the most frequent first.
    pub(super) fn frequent(&self, most: usize) -> Vec<&str> {
        let mut words: Vec<(&str, usize)> =
            self.places.iter().map(|(word, places)| (word.as_str(), places.len())).collect();
        words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        words.into_iter().take(most).map(|(word, _)| word).collect()
    }

    fn places_of(&self, word: &str) -> &[u32] {
        self.places.get(&word.to_lowercase()).map_or(&[], Vec::as_slice)
    }
}

/// The lines that questions can be made of: no headings, no rules, neither too short nor too long.
#[must_use]
pub fn lines(notes: &[NoteText]) -> Vec<Line> {
    Stock::of(notes).lines
}

fn is_said(text: &str) -> bool {
    let text = text.trim();
    !text.starts_with('#')
        && !RULES.iter().any(|rule| text.starts_with(rule))
        && text.chars().take(MAX_CHARS + 1).count() <= MAX_CHARS
}

/// The words of a line that say something.
fn words_of(text: &str, language: Language, analyser: &mut Analyser) -> Vec<String> {
    let mut words = Vec::new();
    for chunk in text.split_whitespace() {
        let chunk = chunk.trim_matches(|c: char| !c.is_alphanumeric());
        if chunk.chars().any(is_unspaced) {
            let letters: Vec<char> = chunk.chars().filter(|c| c.is_alphanumeric()).collect();
            words.extend(letters.chunks_exact(UNSPACED_WORD).map(String::from_iter));
            continue;
        }
        let mut says = false;
        analyser.note(chunk, language, |_, kind| says |= kind != TermKind::Stop);
        if says {
            words.push(chunk.to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{NoteText, Stock, lines};

    #[test]
    fn what_only_one_line_says_is_clear() {
        let text = "Hansen serviced the boiler in March\nHansen serviced the roof in April\n";
        let stock = Stock::of(&[NoteText { path: "MEMORY.md".into(), text: text.into() }]);
        for (words, expected) in [
            (&["Hansen", "serviced"][..], false),
            (&["hansen", "ROOF"], true),
            (&["boiler"], true),
            (&["boiler", "April"], false),
            (&[], false),
        ] {
            assert_eq!(stock.is_clear(words), expected, "{words:?}");
        }
        assert_eq!(stock.frequent(2), ["hansen", "serviced"]);
        assert_eq!((stock.count("Hansen"), stock.count("roof"), stock.count("x")), (2, 1, 0));
    }

    #[test]
    fn lines_that_say_something() {
        let text = "---\ntitle: a note about many things here\n---\n# A heading of many long words\n\n\
                    - The boiler was serviced by Hansen in March\n- too short\n明天下午在北京开会讨论预算\n```\n";
        let note = NoteText { path: "memory/a.md".into(), text: format!("{text}{}\n", "long ".repeat(100)) };
        let found = lines(&[note]);
        let shown: Vec<_> = found.iter().map(|line| (line.number, line.words.join(" "))).collect();
        let expected = [
            (2, "title note many things"),
            (6, "boiler serviced Hansen March"),
            (8, "明天 下午 在北 京开 会讨 论预"),
        ];
        assert_eq!(shown, expected.map(|(number, words)| (number, words.to_owned())));
    }
}
