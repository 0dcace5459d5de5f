//! One spelling for many: width, composition, case, accents, vowel marks. Pure, character by character.

use super::compose::{base, composed, is_mark, is_virama};

/// Lower-case letters that are no letter with a mark, and what people type who lack the key.
const FOLDS: [(char, &str); 20] = [
    ('đ', "d"),
    ('ħ', "h"),
    ('ı', "i"),
    ('ĸ', "k"),
    ('ŀ', "l"),
    ('ł', "l"),
    ('ŉ', "n"),
    ('ŋ', "n"),
    ('ø', "o"),
    ('ŧ', "t"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('ß', "ss"),
    ('ĳ', "ij"),
    ('þ', "th"),
    ('ð', "d"),
    // Russian and Bulgarian write these with or without; `й` is a letter of its own.
    ('ё', "е"),
    ('ѐ', "е"),
    ('ѝ', "и"),
    // Forbidden in Ukraine for decades, and missing on many keyboards.
    ('ґ', "г"),
];

/// Letters that people without the key write as two.
const DIGRAPHS: [(char, &str); 5] = [('ä', "ae"), ('ö', "oe"), ('ü', "ue"), ('ø', "oe"), ('å', "aa")];

/// The zeros of other scripts; their other digits follow.
const ZEROS: [u32; 17] = [
    0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040,
    0x17e0, 0x2080,
];

/// Full-width Latin letters and digits, and digits of other scripts, as their plain forms.
pub(crate) fn narrow(c: char) -> char {
    let shifted = match u32::from(c) {
        // The decimal and the thousands separator of Arabic.
        0x66b => return '.',
        0x66c => return ',',
        code @ 0x660..=0x2089 => match ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)) {
            Some(zero) => code - zero + 0x30,
            None => return c,
        },
        code @ 0xff01..=0xff5e => code - 0xfee0,
        _ => return c,
    };
    char::from_u32(shifted).unwrap_or(c)
}

/// Accents without a letter to join, vowel marks of Arabic and Hebrew, the nukta of Hindi, invisible joiners.
pub(super) fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{93c}')
        || (is_mark(c) && !c.is_alphabetic() && !is_inner_mark(c))
}

/// Marks that are part of a word though Unicode does not call them letters: the virama, the tones of Thai and Lao.
pub(super) fn is_inner_mark(c: char) -> bool {
    matches!(c, '\u{e47}'..='\u{e4e}' | '\u{ec8}'..='\u{ece}') || is_virama(c)
}

/// Writes a character of a composed text in lower case.
pub(super) fn push_plain(out: &mut String, c: char) {
    let c = narrow(c);
    // A dot above is left over from the Turkish capital: dropped like any accent that joins nothing.
    for lower in c.to_lowercase().filter(|&c| !is_ignored(c)) {
        out.push(letter(lower));
    }
}

/// Spellings that never tell words apart: forms of alef, final letters, precomposed nuktas.
fn letter(c: char) -> char {
    match c {
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' | 'ی' | 'ئ' => 'ي',
        'ة' | 'ہ' | 'ۂ' | 'ۃ' | 'ۀ' => 'ه',
        'ؤ' => 'و',
        'ک' => 'ك',
        'ך' => 'כ',
        'ם' => 'מ',
        'ן' => 'נ',
        'ף' => 'פ',
        'ץ' => 'צ',
        'ς' => 'σ',
        '\u{958}' => 'क',
        '\u{959}' => 'ख',
        '\u{95a}' => 'ग',
        '\u{95b}' => 'ज',
        '\u{95c}' => 'ड',
        '\u{95d}' => 'ढ',
        '\u{95e}' => 'फ',
        '\u{95f}' => 'य',
        '\u{929}' => 'न',
        '\u{931}' => 'र',
        '\u{934}' => 'ळ',
        'ँ' => 'ं',
        other => other,
    }
}

/// A lower-case word without its accents.
pub(super) fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_owned();
    }
    let mut folded = String::with_capacity(word.len());
    for c in word.chars().map(base) {
        match FOLDS.iter().find(|(letter, _)| *letter == c) {
            Some((_, plain)) => folded.push_str(plain),
            None => folded.push(c),
        }
    }
    folded
}

/// A word in lower case, composed and without accents.
pub(crate) fn folded(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    composed(word).chars().for_each(|c| push_plain(&mut plain, c));
    fold(&plain)
}

/// Whether a character is part of a word or a number, or a mark on one that is.
pub(crate) fn is_inner(c: char) -> bool {
    c.is_alphanumeric() || is_inner_mark(c) || is_ignored(c)
}

/// The word as somebody without the keys `ä ö ü ø å` writes it, when it has one of them.
pub(super) fn digraphs(word: &str) -> Option<String> {
    let of = |c: char| DIGRAPHS.iter().find(|(letter, _)| *letter == c).map(|(_, two)| *two);
    if word.is_ascii() || !word.chars().any(|c| of(c).is_some()) {
        return None;
    }
    let mut written = String::with_capacity(word.len() + 2);
    for c in word.chars() {
        match of(c) {
            Some(two) => written.push_str(two),
            None => written.push(c),
        }
    }
    Some(fold(&written))
}

#[cfg(test)]
mod tests {
    use super::{digraphs, fold, push_plain};
    use crate::words::compose::composed;

    fn plain(text: &str) -> String {
        let mut out = String::new();
        composed(text).chars().for_each(|c| push_plain(&mut out, c));
        out
    }

    #[test]
    fn table() {
        let rows = [
            ("Café", "café", "cafe"),
            ("Cafe\u{301}", "café", "cafe"),
            ("MÜLLER", "müller", "muller"),
            ("Mu\u{308}ller", "müller", "muller"),
            ("ＡＢＣ１", "abc1", "abc1"),
            ("İstanbul", "istanbul", "istanbul"),
            ("ışık", "ışık", "isik"),
            ("مُحَمَّد", "محمد", "محمد"),
            ("أحـــمد", "احمد", "احمد"),
            ("شָׁלוֹם".trim_start_matches('ش'), "לומ", "לומ"),
            ("क़लम", "कलम", "कलम"),
            ("١٢٣", "123", "123"),
            ("Ёлка", "ёлка", "елка"),
            ("Е\u{308}лка", "ёлка", "елка"),
            ("Й\u{300}", "й", "й"),
            ("Việt", "việt", "viet"),
            ("Đường", "đường", "duong"),
            ("ǿre", "ǿre", "ore"),
            ("łódź", "łódź", "lodz"),
            ("Ἀθῆναι", "ἀθῆναι", "αθηναι"),
            ("ΑΘΉΝΑΣ", "αθήνασ", "αθηνασ"),
            ("বাড়ি", "বাড\u{9bf}", "বাড\u{9bf}"),
            ("๑๒๓", "123", "123"),
            ("H₂O", "h2o", "h2o"),
        ];
        for (text, lower, folded) in rows {
            assert_eq!(plain(text), lower, "{text:?}");
            assert_eq!(fold(lower), folded, "{text:?}");
        }
    }

    #[test]
    fn two_letters_for_one() {
        let rows = [
            ("müller", Some("mueller")),
            ("købt", Some("koebt")),
            ("århus", Some("aarhus")),
            ("café", None),
            ("tea", None),
        ];
        for (word, expected) in rows {
            assert_eq!(digraphs(word).as_deref(), expected, "{word}");
        }
    }
}
