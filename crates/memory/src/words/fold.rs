//! One spelling for many: width, composition, case, accents, vowel marks. Pure, character by character.

/// Combining marks that compose with a letter before them, with the letters they turn into.
const COMPOSED: [(char, &str, &str); 12] = [
    ('\u{300}', "aeiou", "àèìòù"),
    ('\u{301}', "aeiouyzcns", "áéíóúýźćńś"),
    ('\u{302}', "aeiou", "âêîôû"),
    ('\u{303}', "aon", "ãõñ"),
    ('\u{304}', "aeiou", "āēīōū"),
    ('\u{306}', "agu", "ăğŭ"),
    ('\u{307}', "zei", "żėi"),
    ('\u{308}', "aeiouyе", "äëïöüÿё"),
    ('\u{30a}', "au", "åů"),
    ('\u{30b}', "ou", "őű"),
    ('\u{30c}', "cdenrstz", "čďěňřšťž"),
    ('\u{327}', "cs", "çş"),
];

/// Lower-case letters of Latin-1, Latin Extended-A and Greek, and what people type who lack the key.
const FOLDS: [(&str, &str); 33] = [
    ("àáâãäåāăąạảấầẩẫậắằẳẵặ", "a"),
    ("çćĉċč", "c"),
    ("ďđ", "d"),
    ("èéêëēĕėęěẹẻẽếềểễệ", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįıỉị", "i"),
    ("ĵ", "j"),
    ("ķĸ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŉŋ", "n"),
    ("òóôõöøōŏőơọỏốồổỗộớờởỡợ", "o"),
    ("ŕŗř", "r"),
    ("śŝşšſșṣ", "s"),
    ("ţťŧțṭ", "t"),
    ("ùúûüũūŭůűųưụủứừửữự", "u"),
    ("ŵ", "w"),
    ("ýÿŷỳỵỷỹ", "y"),
    ("źżž", "z"),
    ("æ", "ae"),
    ("œ", "oe"),
    ("ß", "ss"),
    ("ĳ", "ij"),
    ("þ", "th"),
    ("ð", "d"),
    ("ё", "е"),
    ("ά", "α"),
    ("έ", "ε"),
    ("ήη", "η"),
    ("ίϊΐ", "ι"),
    ("ό", "ο"),
    ("ύϋΰ", "υ"),
    ("ώ", "ω"),
];

/// Letters that people without the key write as two.
const DIGRAPHS: [(char, &str); 5] = [('ä', "ae"), ('ö', "oe"), ('ü', "ue"), ('ø', "oe"), ('å', "aa")];

/// Full-width Latin letters and digits, and digits of other scripts, as their plain forms.
pub(crate) fn narrow(c: char) -> char {
    let shifted = match u32::from(c) {
        code @ 0xff01..=0xff5e => code - 0xfee0,
        code @ 0x660..=0x669 => code - 0x660 + 0x30,
        code @ 0x6f0..=0x6f9 => code - 0x6f0 + 0x30,
        code @ 0x966..=0x96f => code - 0x966 + 0x30,
        _ => return c,
    };
    char::from_u32(shifted).unwrap_or(c)
}

/// Accents without a letter to join, vowel marks of Arabic and Hebrew, the nukta of Hindi, invisible joiners.
pub(super) fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{93c}')
}

/// Marks that are part of a word though Unicode does not call them letters: the virama and its like.
pub(super) fn is_inner_mark(c: char) -> bool {
    matches!(c, '\u{94d}' | '\u{9cd}' | '\u{a4d}' | '\u{acd}' | '\u{bcd}' | '\u{c4d}' | '\u{ccd}' | '\u{d4d}'
        | '\u{e47}'..='\u{e4e}' | '\u{ec8}'..='\u{ecd}')
}

/// Writes a character in lower case, composed with what stands before it: text from macOS has accents apart.
pub(super) fn push_plain(out: &mut String, c: char) {
    let c = narrow(c);
    if let Some((_, bases, whole)) = COMPOSED.iter().find(|(mark, _, _)| *mark == c)
        && let Some(at) = out.chars().next_back().and_then(|base| bases.chars().position(|b| b == base))
        && let Some(composed) = whole.chars().nth(at)
    {
        out.pop();
        out.push(composed);
        return;
    }
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
        'ة' => 'ه',
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
    for c in word.chars() {
        match FOLDS.iter().find(|(accented, _)| !c.is_ascii() && accented.contains(c)) {
            Some((_, plain)) => folded.push_str(plain),
            None => folded.push(c),
        }
    }
    folded
}

/// A word in lower case, composed and without accents.
pub(crate) fn folded(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    word.chars().for_each(|c| push_plain(&mut plain, c));
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

    fn plain(text: &str) -> String {
        let mut out = String::new();
        text.chars().for_each(|c| push_plain(&mut out, c));
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
