//! Words of a text as the index stores them: lower case, without diacritics, without stop words, stemmed;
//! Chinese, Japanese and Korean as pairs of neighbouring characters.
//!
//! The same function reads notes and queries, so both sides always agree.

use rust_stemmers::{Algorithm, Stemmer};

/// Longer runs are hashes and base64: their start identifies them well enough.
const MAX_TERM_CHARS: usize = 48;
/// Distinct words of a query that are looked up: a question has about ten, a pasted log has thousands.
pub(crate) const MAX_QUERY_TERMS: usize = 32;

/// English words that say nothing about what a note is about, and what is left of contractions after the
/// apostrophe. Sorted, for binary search.
const STOP_WORDS: [&str; 131] = [
    "a", "about", "above", "after", "again", "against", "all", "am", "an", "and", "any", "are", "aren", "as",
    "at", "be", "been", "before", "being", "below", "between", "both", "but", "by", "can", "could", "couldn",
    "d", "did", "didn", "do", "does", "doesn", "doing", "don", "down", "during", "each", "few", "for",
    "from", "further", "had", "hadn", "has", "hasn", "have", "haven", "having", "he", "her", "here", "his",
    "how", "i", "if", "in", "into", "is", "isn", "it", "its", "just", "ll", "m", "me", "more", "most", "my",
    "no", "nor", "not", "now", "of", "off", "on", "once", "only", "or", "other", "our", "out", "over", "own",
    "re", "s", "same", "she", "should", "shouldn", "so", "some", "such", "t", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "under", "up", "ve",
    "very", "was", "wasn", "we", "were", "weren", "what", "when", "where", "which", "who", "whom", "whose",
    "why", "will", "with", "would", "wouldn", "you", "your",
];

/// Which side asks: notes also get every single character, so that a query of one finds something.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Note,
    Query,
}

/// Every term of a note's text, in order, with repetitions.
pub(crate) fn terms(text: &str) -> Vec<String> {
    collect(text, Side::Note)
}

/// The distinct terms of a query, at most [`MAX_QUERY_TERMS`], in the order they were written.
///
/// Hiragana is dropped when anything else is left: it is nearly always grammar.
pub(crate) fn query_terms(text: &str) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for term in collect(text, Side::Query) {
        if distinct.len() < MAX_QUERY_TERMS * 2 && !distinct.contains(&term) {
            distinct.push(term);
        }
    }
    if distinct.iter().any(|term| !is_hiragana(term)) {
        distinct.retain(|term| !is_hiragana(term));
    }
    distinct.truncate(MAX_QUERY_TERMS);
    distinct
}

fn collect(text: &str, side: Side) -> Vec<String> {
    let mut collector = Collector::new(side);
    for c in text.chars() {
        collector.push(c);
    }
    collector.finish()
}

fn is_hiragana(term: &str) -> bool {
    term.chars().all(|c| script(c) == Some(Script::Hiragana))
}

struct Collector {
    side: Side,
    stemmer: Stemmer,
    word: String,
    run: Vec<char>,
    terms: Vec<String>,
}

impl Collector {
    fn new(side: Side) -> Self {
        Self {
            side,
            stemmer: Stemmer::create(Algorithm::English),
            word: String::new(),
            run: Vec::new(),
            terms: Vec::new(),
        }
    }

    fn push(&mut self, c: char) {
        let c = narrow(c);
        if is_ignored(c) {
            return;
        }
        if let Some(script) = script(c) {
            self.end_word();
            if self.run.last().is_some_and(|&last| self::script(last) != Some(script)) {
                self.end_run();
            }
            self.run.push(c);
        } else if c.is_alphanumeric() {
            self.end_run();
            for lower in c.to_lowercase().filter(|&c| !is_ignored(c)) {
                match fold(lower) {
                    Some(plain) => self.word.push_str(plain),
                    None => self.word.push(lower),
                }
            }
        } else {
            self.end_word();
            self.end_run();
        }
    }

    fn finish(mut self) -> Vec<String> {
        self.end_word();
        self.end_run();
        self.terms
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        if STOP_WORDS.binary_search(&self.word.as_str()).is_err() {
            self.terms.push(self.stem());
        }
        self.word.clear();
    }

    /// Only plain English letters go through the English stemmer; names with digits and other scripts stay whole.
    fn stem(&self) -> String {
        if let Some((end, _)) = self.word.char_indices().nth(MAX_TERM_CHARS) {
            return self.word[..end].to_owned();
        }
        if self.word.bytes().all(|b| b.is_ascii_lowercase()) {
            return self.stemmer.stem(&self.word).into_owned();
        }
        self.word.clone()
    }

    fn end_run(&mut self) {
        if self.side == Side::Note || self.run.len() == 1 {
            self.terms.extend(self.run.iter().map(char::to_string));
        }
        self.terms.extend(self.run.windows(2).map(|pair| pair.iter().collect::<String>()));
        self.run.clear();
    }
}

/// Full-width Latin letters and digits as their plain forms.
fn narrow(c: char) -> char {
    match u32::from(c) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// Combining accents (text from macOS has them apart from their letters) and invisible joiners.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// Scripts where a word is not a run of letters between spaces, or is glued to its grammar. A pair of characters
/// never mixes two of them: in Japanese a change of script is nearly always the end of a word.
#[derive(Clone, Copy, PartialEq)]
enum Script {
    Han,
    Hiragana,
    Katakana,
    Hangul,
}

fn script(c: char) -> Option<Script> {
    match c {
        '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' => Some(Script::Han),
        '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}' => Some(Script::Han),
        '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}' => Some(Script::Hiragana),
        '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' => Some(Script::Katakana),
        '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9d}' => Some(Script::Katakana),
        '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}' => Some(Script::Hangul),
        _ => None,
    }
}

/// A lower-case Latin letter without its accent; `None` when it has none.
fn fold(c: char) -> Option<&'static str> {
    if c.is_ascii() {
        return None;
    }
    FOLDS.iter().find(|(accented, _)| accented.contains(c)).map(|(_, plain)| *plain)
}

/// Lower-case letters of Latin-1 and Latin Extended-A, and what people type who lack the key.
const FOLDS: [(&str, &str); 26] = [
    ("àáâãäåāăą", "a"),
    ("çćĉċč", "c"),
    ("ďđ", "d"),
    ("èéêëēĕėęě", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįı", "i"),
    ("ĵ", "j"),
    ("ķĸ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŉŋ", "n"),
    ("òóôõöøōŏő", "o"),
    ("ŕŗř", "r"),
    ("śŝşšſș", "s"),
    ("ţťŧț", "t"),
    ("ùúûüũūŭůűų", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
    ("æ", "ae"),
    ("œ", "oe"),
    ("ß", "ss"),
    ("ĳ", "ij"),
    ("þ", "th"),
    ("ð", "d"),
    ("ё", "е"),
];

#[cfg(test)]
mod tests {
    use super::{MAX_QUERY_TERMS, STOP_WORDS, query_terms, terms};
    use proptest::prelude::*;

    #[test]
    fn stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn table() {
        let rows: [(&str, &[&str]); 12] = [
            ("The user likes green tea", &["user", "like", "green", "tea"]),
            ("Caroline's dogs don’t run", &["carolin", "dog", "run"]),
            ("deploy-key: v2.3 at 10.0.0.1", &["deploy", "key", "v2", "3", "10", "0", "0", "1"]),
            ("Crème brûlée", &["creme", "brule"]),
            ("Cafe\u{301} Straße", &["cafe", "strass"]),
            ("ＡＢＣ１", &["abc1"]),
            ("猫", &["猫"]),
            ("緑茶が", &["緑", "茶", "緑茶", "が"]),
            ("서울 여행", &["서", "울", "서울", "여", "행", "여행"]),
            ("GPUを買う", &["gpu", "を", "買", "う"]),
            ("Москва", &["москва"]),
            ("what was it? \" * - ( )", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(terms(text), expected, "{text:?}");
        }
    }

    #[test]
    fn queries_keep_what_carries_meaning() {
        let rows: [(&str, &[&str]); 5] = [
            ("tea tea TEA", &["tea"]),
            ("緑茶", &["緑茶"]),
            ("猫", &["猫"]),
            ("好きな飲み物です", &["好", "飲", "物"]),
            ("ひまわり", &["ひま", "まわ", "わり"]),
        ];
        for (text, expected) in rows {
            assert_eq!(query_terms(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn terms_are_single_tokens_for_the_index(text in "\\PC{0,200}") {
            for term in terms(&text) {
                prop_assert!(!term.is_empty());
                prop_assert!(term.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric()), "{term:?}");
            }
            prop_assert!(query_terms(&text).len() <= MAX_QUERY_TERMS);
        }

        #[test]
        fn every_query_term_is_found_in_the_same_text(text in "\\PC{0,120}") {
            let indexed = terms(&text);
            for term in query_terms(&text) {
                prop_assert!(indexed.contains(&term));
            }
        }
    }
}
