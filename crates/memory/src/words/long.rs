//! What is read of a long query. Pure.

use std::borrow::Cow;

use super::script::is_unspaced;

/// What is read of a query in full. Of a longer one it is the beginning and the end,
const MAX_QUERY_BYTES: usize = 8192;
/// and between them so much of codes and numbers,
const MAX_CODE_BYTES: usize = 4096;
/// of which a longer one is encoded data.
const MAX_CODE: usize = 256;

/// What is read of a query. Words with digits and names with signs are always read: whoever writes one wants it found.
pub(super) fn read(query: &str) -> Cow<'_, str> {
    if query.len() <= MAX_QUERY_BYTES {
        return Cow::Borrowed(query);
    }
    let head = word_boundary(query, MAX_QUERY_BYTES / 2);
    let tail = word_boundary(query, query.len() - MAX_QUERY_BYTES / 2);
    let mut read = query[..head].to_owned();
    let pieces = || {
        query[head..tail]
            .split(|c: char| c.is_whitespace() || is_unspaced(c))
            .filter(|piece| piece.len() <= MAX_CODE && may_be_code(piece))
    };
    let is_mixed = |piece: &&str| piece.contains(char::is_alphabetic);
    let codes = pieces().filter(is_mixed).chain(pieces().filter(|piece| !is_mixed(piece)));
    for code in codes {
        if read.len() - head + code.len() > MAX_CODE_BYTES {
            break;
        }
        read.push(' ');
        read.push_str(code);
    }
    read.push(' ');
    read.push_str(&query[tail..]);
    Cow::Owned(read)
}

fn may_be_code(piece: &str) -> bool {
    piece.contains(char::is_numeric) || piece.contains(['_', '@', '#', '+'])
}

/// A place near a byte that is in no word; in text without blanks, in no character.
fn word_boundary(text: &str, near: usize) -> usize {
    let at = text.floor_char_boundary(near);
    let from = text.floor_char_boundary(at.saturating_sub(MAX_CODE));
    text[from..at].rfind(|c: char| c.is_whitespace() || is_unspaced(c)).map_or(at, |blank| from + blank)
}

#[cfg(test)]
mod tests {
    use super::{MAX_CODE_BYTES, MAX_QUERY_BYTES, read};
    use crate::words::query::{MAX_CONCEPTS, analyse};
    use proptest::prelude::*;

    fn firsts(query: &str) -> Vec<String> {
        analyse(query).into_iter().map(|concept| concept.forms[0].term.clone()).collect()
    }

    fn words(count: usize) -> String {
        let syllables = ["ba", "do", "fe", "gi", "lo", "mu", "ra", "se", "ti", "vo"];
        let word = |n: usize| [n / 1000, n / 100, n / 10, n].map(|digit| syllables[digit % 10]).concat();
        (0..count).map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_code_is_asked_for_wherever_it_stands_in_a_long_query() {
        for (before, after) in [(32, 0), (40, 40), (1500, 0), (1500, 1500), (0, 3000)] {
            let query = format!("{} zorblax99 C++ 4711 {}", words(before), words(after));
            let asked = firsts(&query);
            for code in ["zorblax99", "c\u{ff0b}\u{ff0b}", "4711"] {
                assert!(asked.iter().any(|term| term == code), "{code} {before} {after}: {asked:?}");
            }
            // Of words with one stem there is one.
            assert!((24..=MAX_CONCEPTS).contains(&asked.len()), "{asked:?}");
        }
        let unspaced = format!("{}zorblax99{}", "数据库迁移".repeat(1000), "会议记录".repeat(1000));
        assert!(firsts(&unspaced).contains(&"zorblax99".to_owned()));
    }

    #[test]
    fn the_beginning_and_the_end_of_a_long_query_are_asked_for() {
        let query = format!("plumber {} electrician", words(3000));
        let asked = firsts(&query);
        assert_eq!(
            (asked.first().unwrap().as_str(), asked.last().unwrap().as_str()),
            ("plumber", "electrician")
        );
    }

    proptest! {
        // Texts of 16 KB take long to make.
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_long_query_keeps_its_codes(before in "([a-z]{2,9} ){0,2000}", after in "([a-z]{2,9} ){0,2000}") {
            let query = format!("{before}q7x9{after}");
            let query = query.replace("q7x9", "q7x9 ");
            prop_assert!(firsts(&query).contains(&"q7x9".to_owned()));
        }

        #[test]
        fn little_is_read(text in "(\\PC{0,30}|[0-9]{1,9} |[a-z]{1,9} ){0,900}") {
            prop_assert!(read(&text).len() <= MAX_QUERY_BYTES + MAX_CODE_BYTES + 2 * super::MAX_CODE);
        }
    }
}
