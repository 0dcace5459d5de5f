//! What BERT's normaliser does with a character: drop it, split at it, fold its case and accents.

use crate::data::{CHARACTERS_FILE, u32_at};

/// What becomes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: controls, marks above and below letters.
    Dropped,
    /// Words end here.
    Space,
    /// A word of its own: punctuation, Chinese characters.
    Alone,
    /// Part of a word.
    Part,
}

/// Bytes of an entry of the table of ranges, and of the table of replacements.
const RANGE: usize = 8;
const REPLACEMENT: usize = 16;

/// Calls back with each character that stands for `from` in the model's text, and its kind.
pub(crate) fn each(from: char, mut found: impl FnMut(char, Kind)) {
    if from.is_ascii() {
        let (to, kind) = ascii(from);
        found(to, kind);
    } else if let Some(syllable) = hangul(from) {
        syllable.into_iter().flatten().for_each(|part| found(part, Kind::Part));
    } else if let Some(parts) = replacement(from) {
        parts.into_iter().flatten().for_each(|part| found(part, kind(part)));
    } else {
        found(from, kind(from));
    }
}

fn ascii(from: char) -> (char, Kind) {
    let kind = match from {
        '\t' | '\n' | '\r' | ' ' => Kind::Space,
        _ if from.is_ascii_control() => Kind::Dropped,
        _ if from.is_ascii_punctuation() => Kind::Alone,
        _ => Kind::Part,
    };
    (from.to_ascii_lowercase(), kind)
}

/// The letters of a Korean syllable (Unicode, section 3.12).
fn hangul(from: char) -> Option<[Option<char>; 3]> {
    let index = u32::from(from).checked_sub(0xAC00).filter(|index| *index < 11_172)?;
    let (leading, vowel, trailing) = (index / 588, index % 588 / 28, index % 28);
    let last = if trailing == 0 { None } else { char::from_u32(0x11A7 + trailing) };
    Some([char::from_u32(0x1100 + leading), char::from_u32(0x1161 + vowel), last])
}

fn tables() -> (&'static [[u8; RANGE]], &'static [[u8; REPLACEMENT]]) {
    let ranges = u32_at(CHARACTERS_FILE, 0) as usize;
    let (ranges, replacements) = CHARACTERS_FILE[8..].split_at(RANGE * ranges);
    (ranges.as_chunks().0, replacements.as_chunks().0)
}

fn replacement(from: char) -> Option<[Option<char>; 3]> {
    let (_, replacements) = tables();
    let index = replacements.binary_search_by_key(&u32::from(from), |entry| u32_at(entry, 0)).ok()?;
    let part = |number| char::from_u32(u32_at(&replacements[index], number)).filter(|part| *part != '\0');
    Some([part(1), part(2), part(3)])
}

fn kind(of: char) -> Kind {
    if of.is_ascii() {
        return ascii(of).1;
    }
    let (ranges, _) = tables();
    let after = ranges.partition_point(|range| u32_at(range, 0) <= u32::from(of));
    let Some(range) = after.checked_sub(1).and_then(|index| ranges.get(index)) else { return Kind::Part };
    let (last, kind) = (u32_at(range, 1) / 4, u32_at(range, 1) % 4);
    match kind {
        _ if last < u32::from(of) => Kind::Part,
        0 => Kind::Dropped,
        1 => Kind::Space,
        _ => Kind::Alone,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, each, tables};
    use crate::data::{CHARACTERS_FILE, u32_at};

    fn folded(text: &str) -> String {
        let mut out = String::new();
        for from in text.chars() {
            each(from, |to, kind| match kind {
                Kind::Dropped => {}
                Kind::Space => out.push(' '),
                Kind::Alone => out.extend(['<', to, '>']),
                Kind::Part => out.push(to),
            });
        }
        out
    }

    #[test]
    fn characters_become_what_the_model_knows() {
        let table = [
            ("Ærø, Århus!", "ærø<,> arhus<!>"),
            ("İstanbul ΌΔΥΣΣΕΎΣ Ёлка", "istanbul οδυσσευσ елка"),
            ("a\u{300}\u{ad}\u{200b}b\u{0}\u{fffd}c", "abc"),
            ("\u{a0}\u{3000}\n\t", "    "),
            ("我们x", "<我><们>x"),
            ("\u{f900}\u{37e}\u{1fef}", "<\u{8c48}><;><`>"),
            ("한글", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
            ("ß ﬁ “x”", "ß ﬁ <“>x<”>"),
        ];
        for (text, expected) in table {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    #[test]
    fn the_tables_fill_their_file_and_are_sorted() {
        let (ranges, replacements) = tables();
        assert_eq!(replacements.len(), u32_at(CHARACTERS_FILE, 1) as usize);
        assert!(ranges.is_sorted_by_key(|range| u32_at(range, 0)));
        assert!(ranges.iter().all(|range| u32_at(range, 0) <= u32_at(range, 1) / 4));
        assert!(replacements.is_sorted_by_key(|entry| u32_at(entry, 0)));
    }
}
