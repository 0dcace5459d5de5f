//! Words without their endings, by language.

use rust_stemmers::{Algorithm, Stemmer};

use super::fold::fold;
use super::irregular;
use super::language::Language;
use super::script::is_hebrew;

/// A stem of fewer characters is hardly the word any more.
const MIN_STEM_CHARS: usize = 3;
/// Endings of Hindi nouns and verbs, longest first.
const HINDI_ENDINGS: [&str; 24] = [
    "ियों",
    "ाओं",
    "ुओं",
    "ियां",
    "ाएं",
    "ुएं",
    "ाना",
    "ाने",
    "ानी",
    "ता",
    "ते",
    "ती",
    "ना",
    "नी",
    "ने",
    "ों",
    "ें",
    "ीं",
    "ो",
    "े",
    "ी",
    "ा",
    "ि",
    "ं",
];
/// Letters that stand before a Hebrew word as "and", "the", "in", "to", "from", "that", "as".
const HEBREW_PREFIXES: &str = "והבלמשכ";
/// What must be left of a Hebrew word.
const MIN_HEBREW_CHARS: usize = 3;

/// The stem of a lower-case composed word, folded.
pub(super) fn stem(word: &str, language: Language) -> String {
    if word.bytes().any(|b| b.is_ascii_digit()) {
        return fold(word);
    }
    let language =
        if language == Language::Unknown && word.is_ascii() { Language::English } else { language };
    let word = if language == Language::English { irregular::base(word) } else { word };
    match algorithm(language, word) {
        Some(algorithm) => fold(&Stemmer::create(algorithm).stem(word)),
        None if language == Language::Hindi => hindi(word),
        None => fold(word),
    }
}

fn algorithm(language: Language, word: &str) -> Option<Algorithm> {
    let is = |first: char, last: char| word.chars().all(|c| (first..=last).contains(&c));
    match language {
        Language::English if word.is_ascii() => Some(Algorithm::English),
        Language::German => Some(Algorithm::German),
        Language::Dutch => Some(Algorithm::Dutch),
        Language::Danish => Some(Algorithm::Danish),
        Language::Norwegian => Some(Algorithm::Norwegian),
        Language::Swedish => Some(Algorithm::Swedish),
        Language::Finnish => Some(Algorithm::Finnish),
        Language::French => Some(Algorithm::French),
        Language::Spanish => Some(Algorithm::Spanish),
        Language::Portuguese => Some(Algorithm::Portuguese),
        Language::Italian => Some(Algorithm::Italian),
        Language::Turkish => Some(Algorithm::Turkish),
        // Words of these scripts have one stemmer, whatever the text around them is.
        _ if is('\u{400}', '\u{52f}') => Some(Algorithm::Russian),
        _ if is('\u{620}', '\u{6ff}') => Some(Algorithm::Arabic),
        Language::Unknown
        | Language::English
        | Language::Russian
        | Language::Arabic
        | Language::Hebrew
        | Language::Hindi
        | Language::Chinese
        | Language::Japanese
        | Language::Korean => None,
    }
}

fn hindi(word: &str) -> String {
    let rest = |ending: &str| {
        let rest = word.strip_suffix(ending)?;
        (rest.chars().count() >= MIN_STEM_CHARS - 1).then_some(rest)
    };
    HINDI_ENDINGS.iter().find_map(|ending| rest(ending)).unwrap_or(word).to_owned()
}

/// A Hebrew word without the first letter that is often a word of its own.
pub(super) fn without_hebrew_prefix(word: &str) -> Option<&str> {
    let first = word.chars().next().filter(|c| HEBREW_PREFIXES.contains(*c))?;
    let rest = &word[first.len_utf8()..];
    (rest.chars().count() >= MIN_HEBREW_CHARS && rest.chars().all(is_hebrew)).then_some(rest)
}

/// The stems a word has when its language is not known, each once.
pub(super) fn possible_stems(word: &str) -> Vec<String> {
    let mut stems: Vec<String> = Vec::new();
    let languages = if word.chars().all(|c| c < '\u{250}') {
        &Language::LATIN[..]
    } else {
        &[Language::Hindi, Language::Unknown][..]
    };
    for language in languages {
        let stem = stem(word, *language);
        if stem.chars().count() >= MIN_STEM_CHARS && !stems.contains(&stem) {
            stems.push(stem);
        }
    }
    stems
}

#[cfg(test)]
mod tests {
    use super::{possible_stems, stem, without_hebrew_prefix};
    use crate::words::language::Language;
    use proptest::prelude::*;

    #[test]
    fn table() {
        let rows = [
            ("running", Language::English, "run"),
            ("went", Language::English, "go"),
            ("dogs", Language::Unknown, "dog"),
            ("häuser", Language::German, "haus"),
            ("bøgerne", Language::Danish, "bog"),
            ("réservées", Language::French, "reserv"),
            ("книгами", Language::Russian, "книг"),
            ("книгами", Language::Unknown, "книг"),
            ("किताबों", Language::Hindi, "किताब"),
            ("v2", Language::English, "v2"),
        ];
        for (word, language, expected) in rows {
            assert_eq!(stem(word, language), expected, "{word}");
        }
        assert_eq!(without_hebrew_prefix("והכלב"), Some("הכלב"));
        assert_eq!(without_hebrew_prefix("שמ"), None);
        assert!(possible_stems("versicherungen").contains(&"versicher".to_owned()));
    }

    proptest! {
        #[test]
        fn no_stemmer_panics(word in "\\w{0,24}") {
            let word = word.to_lowercase();
            for language in Language::LATIN.into_iter().chain([Language::Hindi, Language::Unknown]) {
                stem(&word, language);
            }
        }

        #[test]
        fn nor_on_words_of_their_script(word in "[а-яё]{1,16}|[\u{620}-\u{64a}]{1,12}|[a-zäöüßéèçñøåı]{1,20}") {
            for language in Language::LATIN.into_iter().chain([Language::Unknown]) {
                stem(&word, language);
            }
        }
    }
}
