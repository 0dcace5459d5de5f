//! Which lines say the same, so that one of them is shown. Pure.

use crate::words::{composed, narrow};

/// Letters that two lines must share before the second is called a repetition.
const MIN_SAME_LETTERS: usize = 16;

/// One number for all lines that say the same: letters, digits and the signs among them; 0 for a text too short to be told
/// from a habit of writing. A sign that is not punctuation tells lines apart (A+ is not A-, ✅ is not ❌), and so does
/// punctuation that is part of a number (-18 is not 18, 1.5 is not 15). To show a line twice costs room, to hide one costs
/// what it says: so that what is unknown counts as a sign.
pub(crate) fn sameness(text: &str) -> u32 {
    let mut letters = 0;
    // FNV-1a, 32 bits.
    let mut hash = 0x811c_9dc5_u32;
    let mut add = |c: char| hash = (hash ^ u32::from(c)).wrapping_mul(0x0100_0193);
    let (mut before, mut number_before) = (' ', false);
    let text = composed(without_list_marks(text));
    let mut chars = text.chars().map(narrow).filter(|c| !is_invisible(*c)).peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        if c.is_alphanumeric() {
            // 1 1/2 is not 11/2.
            if number_before && before.is_whitespace() && c.is_numeric() {
                add(' ');
            }
            letters += 1;
            c.to_lowercase().for_each(&mut add);
        } else if says_something(before, c, next) {
            add(sign(c));
        }
        if !c.is_whitespace() {
            number_before = c.is_numeric();
        }
        before = c;
    }
    if letters < MIN_SAME_LETTERS { 0 } else { hash.max(1) }
}

/// A line without the marks of headings, lists and quotations before it.
fn without_list_marks(line: &str) -> &str {
    let mut rest = line.trim_start();
    loop {
        let after = match rest.chars().next() {
            Some('-' | '*' | '+' | '>') => &rest[1..],
            Some('#') => rest.trim_start_matches('#'),
            Some(_) | None => return rest,
        };
        // ">5 kg" is no quotation, "-18" no item, "#tag" no heading.
        if !after.starts_with(|c: char| c.is_whitespace() || c == '>') {
            return rest;
        }
        rest = after.trim_start();
    }
}

/// Whether a character that is neither letter nor digit changes what is said.
fn says_something(before: char, c: char, next: char) -> bool {
    if c.is_whitespace() || c.is_control() {
        return false;
    }
    // 10:30, 1.5, 24/7.
    if before.is_numeric() && next.is_numeric() {
        return true;
    }
    match c {
        // -18, A-; but neither e-mail nor a dash between words.
        _ if is_hyphen(c) => {
            let ends = before.is_alphanumeric() && !next.is_alphanumeric() && !is_hyphen(next);
            next.is_numeric() || ends
        }
        // .5
        '.' | ',' => next.is_numeric() && !before.is_alphanumeric(),
        // != and !ready, and hunter2! as a password; but not an exclamation.
        '!' => next == '=' || before.is_numeric() || (next.is_alphanumeric() && !before.is_alphanumeric()),
        // pass_word, ab:cd, x[1], 6" and 6'.
        '_' | ':' | ';' | '\\' | '[' | ']' | '{' | '}' | '|'
            if before.is_alphanumeric() && next.is_alphanumeric() =>
        {
            true
        }
        '_' | '\\' | '[' | ']' | '{' | '}' | '|' | '"' | '\'' if before.is_numeric() => true,
        // :) and :(
        '(' | ')' => matches!(before, ':' | ';'),
        _ => !is_punctuation(c),
    }
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2013}')
}

/// One sign for those that mean the same.
fn sign(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2013}' | '\u{2212}' => '-',
        '؟' => '?',
        other => other,
    }
}

/// What is written for the eye or the grammar: quotation marks, emphasis, brackets, stops, dashes, bullets.
fn is_punctuation(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '|' | '\\' | ':' | ';' | '…' | '¡' | '¿' | '·'
        | '«' | '»' | '‹' | '›' | '•' | '‣' | '◦' | '⁃' | '\u{2014}' | '\u{2015}' | '\u{2018}'..='\u{201f}'
        | '、' | '。' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' | '・'
        | '،' | '؛' | '۔' | '।' | '॥' | '־' | '׳' | '״')
}

/// Joiners, direction marks, and what chooses between a picture and a plain sign.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::sameness;

    #[test]
    fn lines_that_say_something_else_are_not_the_same() {
        let rows = [
            ("must stay at -18 degrees", "must stay at 18 degrees"),
            ("the dose is 1.5 mg in the morning", "the dose is 15 mg in the morning"),
            ("the dose is .5 mg in the morning", "the dose is 5 mg in the morning"),
            ("the meeting begins at 10:30 h", "the meeting begins at 1030 h"),
            ("the ticket costs $18 for adults", "the ticket costs €18 for adults"),
            ("the ticket costs 18 $ for adults", "the ticket costs 18 € for adults"),
            ("blood type of Peter: A+", "blood type of Peter: A-"),
            ("blood type of Peter: **A+**", "blood type of Peter: A"),
            ("grade mathematics Peter: B+", "grade mathematics Peter: B−"),
            ("grade mathematics Peter: B", "grade mathematics Peter: B-"),
            ("Anna writes her thesis in C++", "Anna writes her thesis in C#"),
            ("Anna writes her thesis in C", "Anna writes her thesis in C#"),
            ("✅ backup of the server", "❌ backup of the server"),
            ("backup of the server ✅", "backup of the server"),
            ("👍🏻 for the offer of Hansen", "👎🏻 for the offer of Hansen"),
            ("the pressure p1 ≤ p2 always holds", "the pressure p1 ≥ p2 always holds"),
            ("the pressure p1 = p2 always holds", "the pressure p1 != p2 always holds"),
            ("the contract was signed.", "the contract was signed?"),
            ("契約書は田中さんが金曜日に署名しました。", "契約書は田中さんが金曜日に署名しました？"),
            ("- [ ] renew the passport of Anna", "- [x] renew the passport of Anna"),
            ("~~the code of the alarm is 4711~~", "the code of the alarm is 4711"),
            ("the new colleague in the office :)", "the new colleague in the office :("),
            (">18 bar is what the boiler needs", "18 bar is what the boiler needs"),
            ("humidity of 50 % in the cellar", "humidity of 50 g in the cellar"),
            ("router password is hunter2", "router password is hunter2!"),
            ("router password is pass_word", "router password is password"),
            ("router password is ab:cd", "router password is ab;cd"),
            ("the plank is 6\" long and thin", "the plank is 6' long and thin"),
            ("1 1/2 inch pipe for the cellar", "11/2 inch pipe for the cellar"),
        ];
        for (one, two) in rows {
            assert!(sameness(one) != sameness(two) && sameness(one) != 0, "{one} / {two}");
        }
    }

    #[test]
    fn lines_that_are_only_written_otherwise_are_the_same() {
        let rows = [
            ("- The boiler needs 18 bar.", "* the boiler needs (18) bar"),
            ("**Router password** is hunter!", "router password is \"hunter\""),
            ("the café of the garden in Sèvres", "the cafe\u{301} of the garden in Se\u{300}vres"),
            ("+ the boiler needs 18 bar", "> the boiler needs 18 bar"),
            ("## The boiler needs 18 bar", "> - The boiler needs 18 bar…"),
            ("blood type of Peter: B-", "blood type of *Peter* – B−"),
            ("Hansen — the plumber — has the key", "Hansen, the plumber, has the key"),
            ("Hansen’s e-mail goes to the „office“", "hansens email goes to the \"office\""),
            ("- [ ] renew the passport of Anna", "renew the passport of Anna;"),
            ("❤\u{fe0f} the garden of Hansen", "❤ the garden of Hansen"),
            ("契約書は田中さんが金曜日に署名しました。", "契約書は、田中さんが金曜日に署名しました"),
            ("the boiler needs ２ valves", "The boiler needs 2 valves"),
        ];
        for (one, two) in rows {
            assert!(sameness(one) == sameness(two) && sameness(one) != 0, "{one} / {two}");
        }
        assert_eq!(sameness("- see below!"), 0, "a habit");
    }
}
