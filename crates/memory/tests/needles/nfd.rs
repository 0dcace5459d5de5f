//! Canonical decomposition of the letters that the needle set uses, as macOS writes them.

/// Letters, their base, and the mark that follows it.
const MARKS: [(&str, &str, char); 12] = [
    ("àèìòùÀÈ", "aeiouAE", '\u{300}'),
    ("áéíóúýÁÉÍÓÚ", "aeiouyAEIOU", '\u{301}'),
    ("âêîôûÂÊÎÔÛ", "aeiouAEIOU", '\u{302}'),
    ("ñÑ", "nN", '\u{303}'),
    ("äëïöüÄÖÜ", "aeiouAOU", '\u{308}'),
    ("åÅ", "aA", '\u{30a}'),
    ("çşÇŞ", "csCS", '\u{327}'),
    ("ğĞ", "gG", '\u{306}'),
    ("İ", "I", '\u{307}'),
    ("がぎぐげござじずぜぞだぢづでどばびぶべぼ", "かきくけこさしすせそたちつてとはひふへほ", '\u{3099}'),
    ("ガギグゲゴザジズゼゾダヂヅデドバビブベボ", "カキクケコサシスセソタチツテトハヒフヘホ", '\u{3099}'),
    ("ぱぴぷぺぽパピプペポ", "はひふへほハヒフヘホ", '\u{309a}'),
];

/// Apart: letters and their accents, syllables of Hangul and their letters.
pub(crate) fn decompose(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if let Some((base, mark)) = MARKS.iter().find_map(|(whole, base, mark)| {
            let at = whole.chars().position(|known| known == c)?;
            Some((base.chars().nth(at)?, *mark))
        }) {
            out.push(base);
            out.push(mark);
        } else {
            hangul(c, &mut out);
        }
    }
    out
}

/// Unicode 3.12: a syllable is `(lead * 21 + vowel) * 28 + tail` above U+AC00.
fn hangul(c: char, out: &mut String) {
    let code = u32::from(c);
    if !(0xac00..=0xd7a3).contains(&code) {
        return out.push(c);
    }
    let at = code - 0xac00;
    out.extend(char::from_u32(0x1100 + at / 588));
    out.extend(char::from_u32(0x1161 + at % 588 / 28));
    if at % 28 > 0 {
        out.extend(char::from_u32(0x11a7 + at % 28));
    }
}
