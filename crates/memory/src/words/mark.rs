//! Which words of a text a query asks for: what a person sees marked. Pure.

use std::collections::HashSet;
use std::ops::Range;

use super::compose::placed;
use super::compound::{backwards, tails_of};
use super::fold::{folded, is_inner};
use super::language::Language;
use super::note::Analyser;
use super::query::{Concept, analyse};
use super::script::is_unspaced;

/// The places in a text that a query asks for, in order, by bytes. They are what the words of search match, not what
/// is alike in meaning.
#[must_use]
pub fn matched_words(query: &str, text: &str) -> Vec<Range<usize>> {
    let concepts = analyse(query);
    let mut marker = Marker::new(&concepts, Language::of(text));
    let mut found = Vec::new();
    for chunk in runs(text, |c| !c.is_whitespace()) {
        marker.chunk(text, chunk, &mut found);
    }
    joined(found)
}

struct Marker<'a> {
    wanted: HashSet<&'a str>,
    /// Beginnings of compounds.
    starts: Vec<String>,
    /// Ends of compounds, as terms have them.
    ends: Vec<String>,
    language: Language,
    analyser: Analyser,
}

impl<'a> Marker<'a> {
    fn new(concepts: &'a [Concept], language: Language) -> Self {
        let forms = concepts.iter().flat_map(|concept| &concept.forms);
        let prefixable = concepts.iter().filter(|concept| concept.is_prefixable);
        let ends = prefixable.clone().flat_map(tails_of).map(|tail| backwards(&tail));
        Self {
            wanted: forms.map(|form| form.term.as_str()).collect(),
            ends: ends.collect(),
            starts: prefixable.filter_map(|concept| Some(folded(&concept.forms.first()?.term))).collect(),
            language,
            analyser: Analyser::default(),
        }
    }

    /// What stands between two blanks: a word with its punctuation, a whole name, or text without blanks.
    fn chunk(&mut self, text: &str, chunk: Range<usize>, found: &mut Vec<Range<usize>>) {
        let parts: Vec<Range<usize>> = runs(&text[chunk.clone()], is_letter)
            .map(|part| part.start + chunk.start..part.end + chunk.start)
            .collect();
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return };
        let whole = first.start..last.end;
        let mut known = HashSet::new();
        let is_name = parts.len() > 1;
        for part in parts {
            let piece = &text[part.clone()];
            if piece.contains(is_unspaced) {
                self.pairs(text, part, found);
                continue;
            }
            let terms = self.matches(piece);
            // A number inside another address or date says nothing by itself.
            let says = !is_name || piece.contains(char::is_alphabetic);
            if says && (!terms.is_empty() || self.begins(piece)) {
                found.push(part);
            }
            known.extend(terms);
        }
        // With its signs: `C++`, `.NET`.
        let before = if text[chunk.start..whole.start].ends_with('.') { 1 } else { 0 };
        let signs = text[whole.end..chunk.end].find(|c| !matches!(c, '+' | '#' | '-' | '\u{2212}'));
        let signed = whole.start - before..signs.map_or(chunk.end, |signs| whole.end + signs);
        if signed != whole && self.matches(&text[signed.clone()]).iter().any(|term| !known.contains(term)) {
            found.push(signed);
        }
        // A name as a whole: all of it is marked, also what joins its parts.
        if self.matches(&text[whole.clone()]).iter().any(|term| !known.contains(term))
            && !text[whole.clone()].contains(is_unspaced)
        {
            found.push(whole);
        }
    }

    /// Neighbouring characters of text without blanks.
    fn pairs(&self, text: &str, part: Range<usize>, found: &mut Vec<Range<usize>>) {
        let piece = &text[part.clone()];
        let places = placed(piece);
        for size in [1, 2] {
            for window in places.windows(size) {
                let term: String = window.iter().map(|(_, c)| *c).collect();
                let (Some((first, _)), Some((last, _))) = (window.first(), window.last()) else { continue };
                if self.wanted.contains(term.as_str()) {
                    found.push(part.start + first.start..part.start + last.end);
                }
            }
        }
    }

    fn matches(&mut self, piece: &str) -> HashSet<String> {
        let mut terms = HashSet::new();
        let (wanted, ends) = (&self.wanted, &self.ends);
        self.analyser.note(piece, self.language, |term, _| {
            if wanted.contains(term) || ends.iter().any(|end| term.starts_with(end.as_str())) {
                terms.insert(term.to_owned());
            }
        });
        terms
    }

    fn begins(&self, piece: &str) -> bool {
        let piece = folded(&piece.to_lowercase());
        self.starts.iter().any(|start| !start.is_empty() && piece.starts_with(start.as_str()))
    }
}

fn is_letter(c: char) -> bool {
    is_inner(c) || is_unspaced(c)
}

/// The longest runs of such characters.
fn runs(text: &str, is_inside: fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_inside)?;
        let length = text[start..].find(|c| !is_inside(c)).unwrap_or(text.len() - start);
        at = start + length;
        Some(start..at)
    })
}

/// Ranges in order, those that touch as one.
fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut found: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match found.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            Some(_) | None => found.push(range),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::matched_words;
    use proptest::prelude::*;

    fn marked(query: &str, text: &str) -> Vec<String> {
        matched_words(query, text).into_iter().map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn what_was_asked_for_is_marked() {
        let rows: [(&str, &str, &[&str]); 16] = [
            ("Where is the spare key?", "- The **spare keys** are under the mat.", &["spare", "keys"]),
            ("green tea", "No coffee here.", &[]),
            ("10.0.0.7", "The printer is at 10.0.0.7, the scanner at 10.0.0.8.", &["10.0.0.7"]),
            ("Wann ist die Zahnarzt Rechnung fällig?", "Zahnarztrechnung: 80 €", &["Zahnarztrechnung"]),
            ("Schlüssel", "- Der Haustürschlüssel ist bei Anna", &["Haustürschlüssel"]),
            ("cafe", "Im Café um acht", &["Café"]),
            ("会议", "明天的会议在北京", &["会议"]),
            ("ガレージ", "新しいカ\u{3099}レーシ\u{3099}の鍵", &["カ\u{3099}レーシ\u{3099}"]),
            (
                "고양이",
                "\u{1100}\u{1169}\u{110b}\u{1163}\u{11bc}\u{110b}\u{1175}",
                &["\u{1100}\u{1169}\u{110b}\u{1163}\u{11bc}\u{110b}\u{1175}"],
            ),
            ("น้ำ", "ดื่มน้ำเยอะ", &["น้ำ"]),
            ("Việt", "Tên Vie\u{323}\u{302}t Nam", &["Vie\u{323}\u{302}t"]),
            ("C++", "Anna: (C++), C#", &["C++"]),
            (".NET", "a .NET net", &[".NET", "net"]),
            ("INV-2041", "Paid invoice INV-2041 today", &["INV-2041"]),
            ("what is it?", "Is that what it is?", &["Is", "what", "it", "is"]),
            ("", "anything", &[]),
        ];
        for (query, text, expected) in rows {
            assert_eq!(marked(query, text), expected, "{query:?} in {text:?}");
        }
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_of_whole_characters(query in "\\PC{0,30}", text in "\\PC{0,80}") {
            let mut end = 0;
            for range in matched_words(&query, &text) {
                prop_assert!(range.start >= end && range.start < range.end);
                prop_assert!(text.get(range.clone()).is_some());
                end = range.end;
            }
        }
    }
}
