//! Names with a sign at their end or beginning that is what they are: `C++`, `C#`, `F#`, `A+`, `.NET`. Pure.

use std::ops::Range;

use super::fold::{fold, is_inner, push_plain};

/// Letters before one `+`: grades, groups of blood, `TLA+`. After longer words it is for show: `LGBTQ+`, `Disney+`.
const MAX_PLUS: usize = 3;
/// Letters before `#`: programming languages and notes of music. Longer ones are the end of an address.
const MAX_SHARP: usize = 2;
/// Capitals before a minus: grades and groups of blood. Longer ones are halves of words, `Haupt-`.
const MAX_MINUS: usize = 2;
/// Letters after a full stop.
const MIN_DOTTED: usize = 2;

/// A name with its signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    /// With the signs.
    pub(super) range: Range<usize>,
    /// Without.
    pub(super) letters: Range<usize>,
}

/// Whether a chunk whose only letters are `word` may be a name with signs.
pub(super) fn may_be_signed(chunk: &str, word: &str) -> bool {
    // Both are ASCII, and the word is what is left without punctuation at both ends.
    let Some((before, after)) = chunk.split_once(word) else { return false };
    after.starts_with(['+', '#', '-']) || before.ends_with('.')
}

/// The names with signs among letters, digits and what joins them, in order.
pub(super) fn signed(piece: &str) -> Vec<Signed> {
    let mut found = Vec::new();
    if !piece.contains(['+', '#', '-', '.']) {
        return found;
    }
    let is_letter = |c: char| is_inner(c) && !c.is_numeric();
    let mut at = 0;
    while let Some(start) = piece[at..].find(is_letter).map(|start| at + start) {
        let end = piece[start..].find(|c| !is_letter(c)).map_or(piece.len(), |length| start + length);
        let letters = start..end;
        at = end;
        if let Some(range) = range_of(piece, &letters) {
            at = at.max(range.end);
            found.push(Signed { range, letters });
        }
    }
    found
}

fn range_of(piece: &str, letters: &Range<usize>) -> Option<Range<usize>> {
    let (before, after) = (&piece[..letters.start], &piece[letters.end..]);
    let word = &piece[letters.clone()];
    if let Some(signs) = signs_after(word, after)
        && !before.ends_with(|c: char| is_inner(c) || matches!(c, '.' | '_' | '\\'))
    {
        return Some(letters.start..letters.end + signs);
    }
    let is_dotted =
        before.strip_suffix('.').is_some_and(|before| !before.ends_with(|c| is_inner(c) || c == '.'))
            && word.starts_with(char::is_uppercase)
            && word.chars().count() >= MIN_DOTTED
            && !after.starts_with(is_inner);
    is_dotted.then(|| letters.start - 1..letters.end)
}

/// How many bytes of signs after a word are part of it.
fn signs_after(word: &str, after: &str) -> Option<usize> {
    let count = word.chars().count();
    let signs = &after[..after.find(|c| !matches!(c, '+' | '#' | '-')).unwrap_or(after.len())];
    let rest = &after[signs.len()..];
    // "C#-Code": the hyphen joins what follows.
    let own = if signs.len() > 1 { signs.trim_end_matches('-') } else { signs };
    let is_whole = own.len() < signs.len() || !rest.starts_with(is_inner);
    let is_name = match own {
        // A version may follow: `C++17`.
        "++" => is_whole || rest.starts_with(|c: char| c.is_ascii_digit()),
        "+" => is_whole && count <= MAX_PLUS,
        "#" => is_whole && count <= MAX_SHARP,
        "-" => !rest.contains(is_inner) && count <= MAX_MINUS && word.chars().all(char::is_uppercase),
        _ => false,
    };
    is_name.then_some(own.len())
}

/// Whether names with signs are all that a piece says, or stand in a list: an address or path stays whole.
pub(super) fn is_list(piece: &str, signed: &[Signed]) -> bool {
    let ends = signed.iter().map(|name| name.range.end);
    let starts = signed.iter().map(|name| name.range.start).chain([piece.len()]);
    let mut gaps = [0].into_iter().chain(ends).zip(starts).map(|(end, start)| &piece[end..start]);
    !piece.starts_with(['/', '\\', '~'])
        && gaps.all(|gap| {
            let gap = gap.trim_end_matches(|c: char| c.is_ascii_punctuation());
            !gap.contains(['.', '_', '\\', '@', ':', '=', '~', '?', '%'])
        })
}

/// Whether a term is a name with its signs.
pub(super) fn is_signed(term: &str) -> bool {
    term.contains(['\u{ff0b}', '\u{ff03}', '\u{ff0d}', '\u{ff0e}'])
}

/// A name with its signs as one term. ASCII signs would end it.
pub(super) fn term_of(name: &str) -> String {
    let mut term = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        match c {
            '+' => term.push('\u{ff0b}'),
            '#' => term.push('\u{ff03}'),
            '-' => term.push('\u{ff0d}'),
            '.' => term.push('\u{ff0e}'),
            letter => push_plain(&mut term, letter),
        }
    }
    fold(&term)
}

#[cfg(test)]
mod tests {
    use super::{is_list, may_be_signed, signed, term_of};
    use proptest::prelude::*;

    #[test]
    fn table() {
        let rows: [(&str, &[&str]); 34] = [
            ("C++", &["C++"]),
            ("c++.", &["c++"]),
            ("C#", &["C#"]),
            ("C#?", &["C#"]),
            ("F#", &["F#"]),
            (".NET", &[".NET"]),
            (".Net,", &[".Net"]),
            ("A+", &["A+"]),
            ("A-", &["A-"]),
            ("AB-,", &["AB-"]),
            ("Notepad++", &["Notepad++"]),
            ("C/C++/C#", &["C++", "C#"]),
            ("C#/.NET", &["C#", ".NET"]),
            ("C++17", &["C++"]),
            ("C#-Code", &["C#"]),
            ("LGBTQ+", &[]),
            ("É+", &["É+"]),
            ("a+b", &[]),
            ("A-B", &[]),
            ("Haupt-", &[]),
            ("e-", &[]),
            ("page#top", &[]),
            ("page#", &[]),
            ("UTC+1", &[]),
            ("20+", &[]),
            ("4o+", &[]),
            ("C+++", &[]),
            ("C##", &[]),
            ("end.Next", &[]),
            ("...And", &[]),
            (".env", &[]),
            (".A", &[]),
            ("i++j", &[]),
            ("a.b+", &[]),
        ];
        for (piece, expected) in rows {
            let found: Vec<&str> = signed(piece).into_iter().map(|name| &piece[name.range]).collect();
            assert_eq!(found, expected, "{piece}");
        }
    }

    #[test]
    fn a_list_is_told_from_an_address() {
        for (piece, expected) in [
            ("C++", true),
            ("C/C++/C#", true),
            ("C#/.NET.", true),
            ("C#-Code", true),
            ("/usr/include/c++/13", false),
            ("lib/libstdc++.so.6", false),
            ("https://example.com/c++/x.html", false),
        ] {
            assert_eq!(is_list(piece, &signed(piece)), expected, "{piece}");
        }
    }

    #[test]
    fn terms_differ_by_their_signs() {
        assert_eq!(term_of("C++"), "c\u{ff0b}\u{ff0b}");
        assert_eq!(term_of(".NET"), "\u{ff0e}net");
        assert_eq!(term_of("É#"), "e\u{ff03}");
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_around_their_letters(piece in "[A-Za-z0-9é+#./,_-]{0,20}") {
            let mut end = 0;
            for name in signed(&piece) {
                prop_assert!(end <= name.range.start && name.range.start <= name.letters.start);
                prop_assert!(name.letters.start < name.letters.end && name.letters.end <= name.range.end);
                end = name.range.end;
            }
            is_list(&piece, &signed(&piece));
        }

        #[test]
        fn the_quick_look_misses_none(before in "[(*\"./]{0,3}", word in "[A-Za-z]{1,6}", after in "[+#.,)-]{0,3}") {
            let chunk = format!("{before}{word}{after}");
            let pieces = chunk.split(['(', '*', '"', ')']);
            let has = pieces.map(signed).any(|names| !names.is_empty());
            prop_assert!(!has || may_be_signed(&chunk, &word));
        }
    }
}
