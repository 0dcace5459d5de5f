//! Compounds of German, Dutch and the Nordic languages, taken apart with the words that are known. Pure.

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

#[cfg(test)]
mod tests {
    use super::parts_of;
    use proptest::prelude::*;

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
