//! Characters by what they do in a text.

/// Scripts where a word is not a run of letters between spaces, or is glued to its grammar. A pair of characters
/// never mixes two of them: in Japanese a change of script is nearly always the end of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Han,
    Hiragana,
    Katakana,
    Hangul,
    /// Thai, Lao, Burmese and Khmer: no spaces between words.
    SouthEast,
}

/// The script of a character that is indexed in pairs.
pub(super) fn script(c: char) -> Option<Script> {
    if c < '\u{e00}' {
        return None;
    }
    match c {
        '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' => Some(Script::Han),
        '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}' => Some(Script::Han),
        '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}' => Some(Script::Hiragana),
        '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' => Some(Script::Katakana),
        '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9d}' => Some(Script::Katakana),
        '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}' => Some(Script::Hangul),
        // With the marks above and below: a mark that ends a run would be a word of its own.
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e81}'..='\u{ece}' => Some(Script::SouthEast),
        '\u{1000}'..='\u{103f}' | '\u{1050}'..='\u{108f}' => Some(Script::SouthEast),
        '\u{1780}'..='\u{17d3}' | '\u{17dd}' => Some(Script::SouthEast),
        _ => None,
    }
}

/// Whether a character belongs to a script without blanks between words.
pub(crate) fn is_unspaced(c: char) -> bool {
    script(super::fold::narrow(c)).is_some()
}

/// Joins the parts of a name such as `snake_case`, `10.0.0.1` or `a@b.c`.
pub(super) fn is_connector(c: char) -> bool {
    matches!(
        c,
        '.' | '-'
            | '_'
            | '/'
            | '\\'
            | ':'
            | '@'
            | '+'
            | '#'
            | '&'
            | '='
            | '~'
            | ','
            | '%'
            | '?'
            | '\u{5be}'
            | '\u{2010}'
            | '\u{2011}'
    )
}

/// Joins words into one: hyphens, the maqaf of Hebrew, and signs between names.
pub(super) fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '&' | '+' | '\u{5be}' | '\u{2010}' | '\u{2011}')
}

/// Splits a path, an address or a URL into names that are asked for alone.
pub(super) fn is_separator(c: char) -> bool {
    matches!(c, '/' | '\\' | '@' | '?' | '&' | '=' | '#' | ':')
}

/// Whether an apostrophe inside a word of this letter's script is only its spelling: Ukrainian `п'ять`, Hebrew `ג'ירפה`.
/// Elsewhere it parts words.
pub(super) fn is_spelled_with_apostrophes(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{52f}') || is_hebrew(c)
}

pub(super) fn is_hebrew(c: char) -> bool {
    ('\u{5d0}'..='\u{5ea}').contains(&c)
}

/// The sign of Hebrew acronyms, and what keyboards have for it.
pub(super) fn is_gershayim(c: char) -> bool {
    matches!(c, '\u{5f4}' | '"' | '\u{201d}')
}

pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '\u{2bc}' | '`' | '\u{b4}' | '\u{5f3}')
}

/// A sign of money, in the form in which it is part of a term; the ASCII dollar would end one.
pub(super) fn currency(c: char) -> Option<char> {
    match c {
        '$' => Some('\u{ff04}'),
        '\u{a2}'..='\u{a5}' | '\u{e3f}' | '\u{20a0}'..='\u{20c0}' => Some(c),
        _ => None,
    }
}

/// Emoji and other pictures that people put into notes and ask for. Skin tones are not told apart.
pub(super) fn is_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}'
        | '\u{1f000}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}
