//! One way of writing for many: letters with their marks in one (NFC: macOS and some keyboards write them apart), and
//! forms of print and width as the letters they stand for. Pure.
//!
//! The tables are those of `icu_normalizer`, which the program has already for the names of hosts.

use std::borrow::Cow;
use std::ops::Range;

use icu_normalizer::properties::{
    CanonicalCombiningClassMap, CanonicalCombiningClassMapBorrowed, CanonicalDecomposition,
    CanonicalDecompositionBorrowed, Decomposed,
};
use icu_normalizer::{
    ComposingNormalizer, ComposingNormalizerBorrowed, DecomposingNormalizer, DecomposingNormalizerBorrowed,
};

use super::fold::{is_ignored, narrow};

const COMPOSE: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfc();
const PLAIN_FORM: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfkd();
const BASE: CanonicalDecompositionBorrowed<'static> = CanonicalDecomposition::new();
const CLASS: CanonicalCombiningClassMapBorrowed<'static> = CanonicalCombiningClassMap::new();
/// The class of signs that take the vowel off a letter (Unicode 4.3).
const VIRAMA: u8 = 9;

/// A text with its letters composed.
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    if !text.contains(is_form) {
        return COMPOSE.normalize(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_form(c) {
            plain.push_str(&PLAIN_FORM.normalize(c.encode_utf8(&mut [0; 4])));
        } else {
            plain.push(c);
        }
    }
    Cow::Owned(COMPOSE.normalize(&plain).into_owned())
}

/// The characters of a composed text, each with the place of all that it was made of.
pub(super) fn placed(text: &str) -> Vec<(Range<usize>, char)> {
    let mut placed = Vec::new();
    let mut start = 0;
    let ends = text.char_indices().filter(|(_, c)| !joins(*c)).map(|(at, _)| at).chain([text.len()]);
    for end in ends.filter(|end| *end > 0) {
        let whole = composed(&text[start..end]);
        let chars = whole.chars().map(narrow).filter(|c| !is_ignored(*c));
        placed.extend(chars.map(|c| (start..end, c)));
        start = end;
    }
    placed
}

/// A letter of Latin or Greek without its marks.
pub(super) fn base(letter: char) -> char {
    let mut c = letter;
    while matches!(c, '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' | '\u{1e00}'..='\u{1fff}')
        && let Decomposed::Expansion(base, _) = BASE.decompose(c)
    {
        c = base;
    }
    c
}

/// Whether a character is a mark on the one before it, other than a virama.
pub(super) fn is_mark(c: char) -> bool {
    c >= '\u{300}' && !matches!(CLASS.get_u8(c), 0 | VIRAMA)
}

/// Whether a character takes the vowel off the one before it.
pub(super) fn is_virama(c: char) -> bool {
    c >= '\u{900}' && CLASS.get_u8(c) == VIRAMA
}

/// Ligatures and other forms that letters have in print, as text from a PDF has them; radicals; units and words in one
/// square; full and half width. Other compatible forms differ in meaning: `2⁵` is not `25`.
fn is_form(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fd5}' | '\u{3200}'..='\u{33ff}' | '\u{fb00}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{ff01}'..='\u{ffee}')
}

/// Whether a character may become one with what stands before it.
fn joins(c: char) -> bool {
    is_mark(c) || matches!(c, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}')
}

#[cfg(test)]
mod tests {
    use super::{base, composed, placed};
    use proptest::prelude::*;

    #[test]
    fn table() {
        for (text, expected) in [
            ("plain", "plain"),
            ("Cafe\u{301}", "Café"),
            ("Vie\u{323}\u{302}t", "Việt"),
            ("\u{1100}\u{1169}\u{110b}\u{1163}\u{11bc}", "고양"),
            ("カ\u{3099}レーシ\u{3099}", "ガレージ"),
            ("ｶﾞﾚｰｼﾞ", "ガレージ"),
            ("ﾊﾟﾝ", "パン"),
            ("ＡＢＣ１２３", "ABC123"),
            ("ﾡￂ", "가"),
            ("К\u{438}і\u{308}в", "Київ"),
            ("ﬁnance oﬀer", "finance offer"),
            ("ﻣﺤﻤﺪ", "محمد"),
            ("ا\u{653}ب", "آب"),
            ("⽇本", "日本"),
            ("5㎏", "5kg"),
            ("2⁵ ½ ™", "2⁵ ½ ™"),
        ] {
            assert_eq!(composed(text), expected, "{text:?}");
        }
    }

    #[test]
    fn letters_without_marks() {
        for (letter, expected) in
            [('é', 'e'), ('ệ', 'e'), ('ǿ', 'ø'), ('ΐ', 'ι'), ('ᾷ', 'α'), ('й', 'й'), ('が', 'が'), ('ẓ', 'z')]
        {
            assert_eq!(base(letter), expected);
        }
    }

    #[test]
    fn a_composed_letter_stands_where_its_parts_stand() {
        let text = "aカ\u{3099}b";
        let found: Vec<_> = placed(text).into_iter().map(|(range, c)| (&text[range], c)).collect();
        assert_eq!(found, [("a", 'a'), ("カ\u{3099}", 'ガ'), ("b", 'b')]);
    }

    proptest! {
        #[test]
        fn composed_once_is_composed(text in "\\PC{0,40}") {
            let once = composed(&text).into_owned();
            prop_assert_eq!(composed(&once), once.as_str());
        }

        #[test]
        fn places_are_in_order_and_of_whole_characters(text in "\\PC{0,40}") {
            let mut last = 0;
            for (range, _) in placed(&text) {
                prop_assert!(range.start >= last && range.start < range.end);
                prop_assert!(text.get(range.clone()).is_some());
                last = range.start;
            }
        }
    }
}
