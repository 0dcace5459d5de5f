//! Compounds of German, Dutch and the Nordic languages: taken apart with the words that are known, or found by their ends.
//! Pure.
//!
//! An index finds terms by their beginnings alone. So a long word of these languages has one more term: its stem written
//! backwards behind [`BACKWARDS`]. What begins like `¬remmun` ends in `nummer`. Only words of such languages have one,
//! which also tells *Bootshaus*, about a *Boot*, from *bootstrap*.

use super::fold::{digraphs, fold};
use super::language::Language;
use super::query::Concept;

/// Marks a term that is a word written backwards; no word has it in it.
const BACKWARDS: char = '¬';
/// A shorter word is hardly a compound that somebody looks for by its end.
const MIN_COMPOUND_CHARS: usize = 9;
/// A shorter word ends, and begins, too many others.
const MIN_END_CHARS: usize = 4;
/// What people who lack the keys write for `ä ö ü å`, and the letters without their marks.
const TWO_FOR_ONE: [(&str, &str); 4] = [("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a")];
/// A part of fewer characters proves nothing: `er`, `an`, `ei` are everywhere.
const MIN_PART_CHARS: usize = 3;
/// Longer words are not compounds that somebody wrote.
const MAX_CHARS: usize = 40;
/// Parts of a compound: people look for words of two or three, and it bounds the work.
const MAX_PARTS: usize = 3;
/// Letters that join two parts, by how common they are; the empty one first.
const LINKS: [&str; 7] = ["", "s", "es", "n", "en", "er", "e"];

/// The parts of a compound, every one of them known; `None` when it is none. Fewer and longer parts win.
///
/// `known` says whether the notes have the word, in lower case and folded.
pub(crate) fn parts_of(word: &str, known: impl Fn(&str) -> bool) -> Option<Vec<&str>> {
    let chars = word.chars().count();
    if !(2 * MIN_PART_CHARS..=MAX_CHARS).contains(&chars) || !word.chars().all(char::is_alphabetic) {
        return None;
    }
    (2..=MAX_PARTS).find_map(|parts| split(word, parts, &known))
}

/// Splits into exactly `parts` known parts, the first as long as possible.
fn split<'a>(word: &'a str, parts: usize, known: &impl Fn(&str) -> bool) -> Option<Vec<&'a str>> {
    if parts == 1 {
        return (is_long(word) && known(word)).then(|| vec![word]);
    }
    let ends = word.char_indices().map(|(at, _)| at).rev();
    for end in ends.take_while(|&end| end > 0) {
        let (head, tail) = word.split_at(end);
        if !is_long(head) || !is_long(tail) || !known(head) {
            continue;
        }
        let rest = LINKS
            .iter()
            .filter_map(|link| tail.strip_prefix(link))
            .find_map(|rest| split(rest, parts - 1, known));
        if let Some(rest) = rest {
            return Some([vec![head], rest].concat());
        }
    }
    None
}

fn is_long(part: &str) -> bool {
    part.chars().count() >= MIN_PART_CHARS
}

/// The terms under which a long word of these languages is found by its end: of its stem, and of the word as it stands, for
/// what a stemmer leaves of *Wohnung* is not what it leaves of *Ferienwohnung*.
pub(super) fn end_terms(word: &str, stem: &str, language: Language) -> Vec<String> {
    let is_long = (MIN_COMPOUND_CHARS..=MAX_CHARS).contains(&word.chars().count());
    let Some(least) = min_compound_stem(language).filter(|least| is_long && stem.len() >= *least) else {
        return Vec::new();
    };
    let folded = fold(word);
    let ends = [stem, &folded].into_iter().filter(|end| end.len() >= least && is_plain(end)).map(backwards);
    ends.collect()
}

/// Letters of the stem of a compound at least, in languages that have such; those of the north have shorter words. In the text of
/// the needle set that makes nine terms more of a hundred in German, and seven in Danish.
fn min_compound_stem(language: Language) -> Option<usize> {
    let of_north = [Language::Danish, Language::Norwegian, Language::Swedish];
    let of_west = [Language::German, Language::Dutch];
    let north = of_north.contains(&language).then_some(MIN_PART_CHARS + MIN_END_CHARS);
    north.or(of_west.contains(&language).then_some(MIN_PART_CHARS + MIN_END_CHARS + 1))
}

/// A folded word as [`end_terms`] writes it.
pub(crate) fn backwards(word: &str) -> String {
    std::iter::once(BACKWARDS).chain(word.chars().rev()).collect()
}

/// The words that longer ones about the same may begin with: that of the concept, as people spell it.
pub(crate) fn heads_of(concept: &Concept) -> Vec<String> {
    let Some(word) = concept.forms.first().map(|form| form.term.as_str()) else { return Vec::new() };
    ends([Some(fold(word)), digraphs(word)].into_iter().flatten())
}

/// The words that longer ones about the same may end with: any form of the concept's, for longer words are known by their
/// stems.
pub(crate) fn tails_of(concept: &Concept) -> Vec<String> {
    ends(concept.forms.iter().map(|form| form.term.clone()))
}

/// Those that are long enough, each once, and as they are with one letter for two.
fn ends(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in words.filter(|word| is_plain(word)) {
        let single = TWO_FOR_ONE.iter().fold(word.clone(), |word, (two, one)| word.replace(two, one));
        for end in [word, single] {
            if end.len() >= MIN_END_CHARS && !found.contains(&end) {
                found.push(end);
            }
        }
    }
    found
}

/// Whether something is left of a longer word without one of its ends.
pub(crate) fn is_longer(longer: &str, end: &str) -> bool {
    longer.len() >= end.len() + MIN_PART_CHARS && is_plain(longer)
}

/// Every term that is a word written backwards begins with it.
pub(crate) fn mark() -> String {
    BACKWARDS.to_string()
}

/// Nearly every folded word of these languages is of plain letters.
fn is_plain(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{end_terms, heads_of, is_longer, parts_of, tails_of};
    use crate::words::language::Language;
    use crate::words::query::analyse;
    use proptest::prelude::*;

    #[test]
    fn long_words_of_compounding_languages_are_written_backwards() {
        let rows: [(&str, &str, Language, &[&str]); 10] = [
            (
                "versicherungsnummer",
                "versicherungsnumm",
                Language::German,
                &["¬mmunsgnurehcisrev", "¬remmunsgnurehcisrev"],
            ),
            ("ferienwohnung", "ferienwohn", Language::German, &["¬nhowneiref", "¬gnunhowneiref"]),
            ("autoschlüssel", "autoschlussel", Language::German, &["¬lessulhcsotua", "¬lessulhcsotua"]),
            ("husnøglen", "husnogl", Language::Danish, &["¬lgonsuh", "¬nelgonsuh"]),
            ("gestrigen", "gestrig", Language::German, &[]),
            ("hausarzt", "hausarzt", Language::German, &[]),
            ("nummer", "numm", Language::German, &[]),
            ("understanding", "understand", Language::English, &[]),
            ("understanding", "understand", Language::Unknown, &[]),
            ("versicherung2", "versicherung2", Language::German, &[]),
        ];
        for (word, stem, language, expected) in rows {
            assert_eq!(end_terms(word, stem, language), expected, "{word}");
        }
    }

    #[test]
    fn the_ends_of_a_word_are_its_forms() {
        let ends = |query: &str| {
            let concept = analyse(query).remove(0);
            (heads_of(&concept), tails_of(&concept))
        };
        let (heads, tails) = ends("Nummer");
        assert_eq!(heads, ["nummer"]);
        assert!(tails.contains(&"nummer".to_owned()) && tails.contains(&"numm".to_owned()), "{tails:?}");
        assert_eq!(ends("Schlüssel").0, ["schlussel", "schluessel"]);
        assert_eq!(ends("Schluessel").0, ["schluessel", "schlussel"]);
        assert_eq!(ends("Uhr"), (Vec::new(), Vec::new()));
        assert!(is_longer("hausarzt", "arzt") && !is_longer("arzte", "arzt") && !is_longer("arzt¬", "arzt"));
    }

    #[test]
    fn table() {
        let known = |word: &str| {
            [
                "versicherung",
                "nummer",
                "haus",
                "tur",
                "schlussel",
                "kaffe",
                "maskine",
                "straße",
                "bahn",
                "liebe",
                "brief",
                "zahn",
                "arzt",
                "termin",
            ]
            .contains(&word)
        };
        let rows: [(&str, Option<&[&str]>); 9] = [
            ("versicherungsnummer", Some(&["versicherung", "nummer"])),
            ("haustur", Some(&["haus", "tur"])),
            ("hausturschlussel", Some(&["haus", "tur", "schlussel"])),
            ("kaffemaskine", Some(&["kaffe", "maskine"])),
            ("liebesbrief", Some(&["liebe", "brief"])),
            ("zahnarzttermin", Some(&["zahn", "arzt", "termin"])),
            ("straßenbahn", Some(&["straße", "bahn"])),
            ("haus", None),
            ("computer", None),
        ];
        for (word, expected) in rows {
            assert_eq!(parts_of(word, known).as_deref(), expected, "{word}");
        }
    }

    proptest! {
        #[test]
        fn parts_stand_in_the_word_in_order(word in "\\w{0,20}", odd in 0_usize..3) {
            if let Some(parts) = parts_of(&word, |part| part.len() % 3 == odd) {
                let mut rest = word.as_str();
                for part in parts {
                    let at = rest.find(part);
                    prop_assert!(at.is_some());
                    rest = &rest[at.unwrap() + part.len()..];
                }
                prop_assert!(rest.is_empty());
            }
        }
    }
}
