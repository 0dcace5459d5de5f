//! Cuts a text into words, whole names with their parts, and runs of characters. What is made of them differs
//! between notes and queries, see [`Sink`].

use super::compose::composed;
use super::fold::{is_ignored, is_inner, is_inner_mark, narrow, push_plain};
use super::script::{
    Script, currency, is_apostrophe, is_connector, is_gershayim, is_hebrew, is_hyphen, is_picture,
    is_separator, is_spelled_with_apostrophes, script,
};
use super::signs::{Signed, is_list, may_be_signed, signed, term_of};

/// Longer terms are hashes and base64: their start and a checksum identify them.
const MAX_TERM_BYTES: usize = 64;
/// What is kept of a longer one.
const KEPT_BYTES: usize = 40;
/// Parts of a name that are terms of their own: a pasted query string has hundreds.
const MAX_PARTS: usize = 24;
/// Digits of a telephone number (E.164: up to 15).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// A part of `camelCase` with fewer letters is not a word.
const MIN_CAMEL: usize = 3;
/// Stands between two digits of a whole name, so that `1.0.21` is not `10.21`. Not ASCII: part of a term.
pub(super) const JOINT: char = '·';
/// The sign of subtraction, as careful people write `A−`.
const MINUS: char = '\u{2212}';
/// Words that lose their vowel before another: French, Italian, Catalan.
const ELIDED: [&str; 26] = [
    "l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quelqu", "dell", "all",
    "nell", "dall", "sull", "un", "quest", "quell", "dov", "com", "cos", "anch", "gl",
];
/// What English leaves behind an apostrophe.
const CONTRACTED: [&str; 8] = ["s", "t", "re", "ve", "ll", "d", "m", "em"];
/// Longest ending that Turkish sets off from a name with an apostrophe.
const MAX_SET_OFF: usize = 4;

/// How a word was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    /// With a capital.
    Name,
    /// In capitals, two or more.
    Shout,
}

/// Whether a word stands alone or is part of a whole name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Alone,
    Part,
}

/// What a whole name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    /// Words with a hyphen.
    Compound,
    /// A version, path, address, code.
    Identifier,
    /// Another spelling of the name before it, or a name across spaces.
    Alias,
    /// An emoji, an amount with its currency.
    Symbol,
}

/// Takes what [`Scanner::scan`] finds, in the order of the text; a whole name comes before its parts.
pub(super) trait Sink {
    /// A word in lower case, composed.
    fn word(&mut self, word: &str, look: Look, place: Place);
    /// A name of several parts as one term.
    fn whole(&mut self, term: &str, sort: Whole);
    /// Characters of one script that has no spaces.
    fn run(&mut self, run: &[char], script: Script);
}

/// Buffers that outlive a text.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    word: String,
    piece: String,
    run: Vec<char>,
    digits: String,
    groups: usize,
    money: Option<char>,
}

impl Scanner {
    pub(super) fn scan(&mut self, text: &str, sink: &mut impl Sink) {
        for chunk in text.split_whitespace() {
            let bare = chunk.trim_matches(|c: char| c.is_ascii_punctuation());
            let is_plain = !bare.is_empty()
                && bare.bytes().all(|b| b.is_ascii_alphabetic())
                && chunk.is_ascii()
                && (bare.len() == chunk.len() || !may_be_signed(chunk, bare));
            if is_plain {
                self.end_number(sink);
                self.plain_word(bare, sink);
            } else {
                self.chunk(chunk, sink);
            }
        }
        self.end_number(sink);
    }

    /// Nearly every word of Latin text comes this way.
    fn plain_word(&mut self, bare: &str, sink: &mut impl Sink) {
        if is_camel(bare) || bare.len() > MAX_TERM_BYTES {
            return self.emit(bare, Place::Alone, sink);
        }
        self.word.clear();
        self.word.push_str(bare);
        self.word.make_ascii_lowercase();
        let look = match bare.as_bytes() {
            [first, second, ..] if first.is_ascii_uppercase() && second.is_ascii_uppercase() => Look::Shout,
            [first, ..] if first.is_ascii_uppercase() => Look::Name,
            _ => Look::Plain,
        };
        sink.word(&self.word, look, Place::Alone);
    }

    fn chunk(&mut self, chunk: &str, sink: &mut impl Sink) {
        let chunk = &*composed(chunk);
        self.count_digits(chunk, sink);
        let mut chars = chunk.chars().map(narrow).peekable();
        while let Some(c) = chars.next() {
            if let Some(found) = script(c) {
                self.end_piece(sink);
                if self.run.last().is_some_and(|&last| script(last) != Some(found)) {
                    self.end_run(sink);
                }
                self.run.push(c);
            } else if c.is_alphanumeric() || is_inner_mark(c) {
                self.end_run(sink);
                self.piece.push(c);
            } else if is_ignored(c) || self.is_spelling(c, chars.peek()) {
            } else if is_connector(c) || is_apostrophe(c) {
                self.end_run(sink);
                self.piece.push(c);
            } else if c == MINUS && self.piece.ends_with(char::is_uppercase) && !chars.clone().any(is_inner) {
                self.piece.push('-');
            } else {
                self.sign(c, sink);
            }
        }
        self.end_piece(sink);
        self.end_run(sink);
        self.money = None;
    }

    /// Whether an apostrophe only belongs to the spelling of the word around it.
    fn is_spelling(&self, c: char, next: Option<&char>) -> bool {
        let spells = if is_gershayim(c) { is_hebrew } else { is_spelled_with_apostrophes };
        (is_apostrophe(c) || is_gershayim(c))
            && self.piece.ends_with(spells)
            && next.is_some_and(|next| spells(*next))
    }

    /// Money, a picture, or the end of a word.
    fn sign(&mut self, c: char, sink: &mut impl Sink) {
        let amount = amount(&self.piece);
        self.end_piece(sink);
        self.end_run(sink);
        if let Some(sign) = currency(c) {
            match amount {
                Some(amount) => sink.whole(&format!("{sign}{amount}"), Whole::Symbol),
                None => self.money = Some(sign),
            }
        } else if is_picture(c) {
            sink.whole(c.encode_utf8(&mut [0; 4]), Whole::Symbol);
        }
    }

    fn end_run(&mut self, sink: &mut impl Sink) {
        if let Some(&first) = self.run.first()
            && let Some(script) = script(first)
        {
            sink.run(&self.run, script);
            self.run.clear();
        }
    }

    fn end_piece(&mut self, sink: &mut impl Sink) {
        if self.piece.is_empty() {
            return;
        }
        let piece = std::mem::take(&mut self.piece);
        if let Some(sign) = self.money.take()
            && let Some(amount) = amount(&piece)
        {
            sink.whole(&format!("{sign}{amount}"), Whole::Symbol);
        }
        let signed = signed(&piece);
        if !signed.is_empty() && is_list(&piece, &signed) {
            self.list(&piece, &signed, sink);
        } else {
            signed
                .into_iter()
                .for_each(|name| sink.whole(&clipped(term_of(&piece[name.range])), Whole::Identifier));
            names(&piece).for_each(|name| self.name(name, sink));
        }
        self.piece = piece;
        self.piece.clear();
    }

    /// Names, some of them with signs that are part of them.
    fn list(&mut self, piece: &str, signed: &[Signed], sink: &mut impl Sink) {
        let mut rest = 0;
        for Signed { range, letters } in signed {
            names(&piece[rest..range.start]).for_each(|name| self.name(name, sink));
            sink.whole(&clipped(term_of(&piece[range.clone()])), Whole::Identifier);
            self.emit(&piece[letters.clone()], Place::Part, sink);
            rest = range.end;
        }
        names(&piece[rest..]).for_each(|name| self.name(name, sink));
    }

    /// A name without spaces: a word, or a whole and its parts.
    fn name(&mut self, name: &str, sink: &mut impl Sink) {
        let name = name.trim_matches(|c: char| is_connector(c) || is_apostrophe(c));
        if name.is_empty() {
            return;
        }
        let name = match name.split_once(is_apostrophe) {
            Some((before, rest)) if ELIDED.contains(&before.to_lowercase().as_str()) => rest,
            Some(_) | None => name,
        };
        if !name.contains(is_connector) {
            return self.simple(name, Place::Alone, sink);
        }
        if let Some(number) = thousands(name, ',') {
            return sink.word(&number, Look::Plain, Place::Alone);
        }
        let is_code = name.contains(|c: char| !c.is_alphabetic() && !is_hyphen(c));
        let sort = if is_code { Whole::Identifier } else { Whole::Compound };
        sink.whole(&squashed(name), sort);
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        if PHONE_DIGITS.contains(&digits.len()) && !name.contains(char::is_alphabetic) {
            sink.whole(&digits, Whole::Alias);
        } else if let Some(number) = thousands(name, '.') {
            sink.whole(&number, Whole::Alias);
        }
        if name.contains(is_separator) {
            let inner = name
                .split(is_separator)
                .filter(|part| part.trim_matches(is_connector).contains(is_connector));
            inner.take(MAX_PARTS).for_each(|part| sink.whole(&squashed(part), Whole::Alias));
        }
        for part in name.split(is_connector).filter(|part| !part.is_empty()).take(MAX_PARTS) {
            self.simple(part, Place::Part, sink);
        }
    }

    /// A word that may have apostrophes.
    fn simple(&mut self, word: &str, place: Place, sink: &mut impl Sink) {
        let word = word.trim_matches(is_apostrophe);
        let Some((left, right)) = word.split_once(is_apostrophe) else {
            return self.emit(word, place, sink);
        };
        let (before, after) = (left.to_lowercase(), right.to_lowercase());
        let set_off = before.chars().count() >= MIN_CAMEL && after.chars().count() <= MAX_SET_OFF;
        if CONTRACTED.contains(&after.as_str()) {
            self.emit(left, place, sink);
        } else if ELIDED.contains(&before.as_str()) {
            self.simple(right, place, sink);
        } else if set_off {
            self.emit(left, place, sink);
        } else {
            sink.whole(&squashed(word), Whole::Compound);
            word.split(is_apostrophe).take(MAX_PARTS).for_each(|part| self.emit(part, Place::Part, sink));
        }
    }

    fn emit(&mut self, word: &str, place: Place, sink: &mut impl Sink) {
        self.word.clear();
        word.chars().for_each(|c| push_plain(&mut self.word, c));
        if self.word.is_empty() {
            return;
        }
        clip(&mut self.word);
        let capitals = word.chars().take(2).take_while(|c| c.is_uppercase()).count();
        let look = match capitals {
            0 => Look::Plain,
            1 => Look::Name,
            _ => Look::Shout,
        };
        sink.word(&self.word, look, place);
        if is_camel(word) {
            camel_parts(word).for_each(|part| sink.whole(&part.to_lowercase(), Whole::Alias));
        }
    }

    /// Groups of digits with spaces between them may be one telephone number.
    fn count_digits(&mut self, chunk: &str, sink: &mut impl Sink) {
        let is_group = chunk.bytes().all(|b| b.is_ascii_digit() || b"()+-./".contains(&b));
        if !is_group {
            return self.end_number(sink);
        }
        if chunk.starts_with('+') {
            self.end_number(sink);
            self.digits.push('+');
        }
        self.digits.extend(chunk.chars().filter(char::is_ascii_digit));
        self.groups += 1;
    }

    fn end_number(&mut self, sink: &mut impl Sink) {
        if self.groups == 0 {
            return;
        }
        let digits = self.digits.trim_start_matches('+');
        if self.groups > 1 && PHONE_DIGITS.contains(&digits.len()) {
            sink.whole(digits, Whole::Alias);
            // Somebody asks without the country code, which has one to three digits.
            let bare = (1..=3).filter_map(|code| digits.get(code..)).filter(|_| self.digits.starts_with('+'));
            bare.filter(|rest| rest.len() >= *PHONE_DIGITS.start())
                .for_each(|rest| sink.whole(rest, Whole::Alias));
        }
        self.digits.clear();
        self.groups = 0;
    }
}

/// The names in a run of letters, digits and connectors: a full stop without a space ends a sentence, and a colon
/// or comma joins digits only.
fn names(piece: &str) -> impl Iterator<Item = &str> {
    let chars: Vec<(usize, char)> = piece.char_indices().collect();
    let mut cuts = Vec::new();
    for (at, &(byte, c)) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before].1);
        let after = chars.get(at + 1).map(|(_, c)| *c);
        if is_cut(c, before, after) {
            cuts.push(byte..byte + c.len_utf8());
        }
    }
    let mut start = 0;
    cuts.push(piece.len()..piece.len());
    cuts.into_iter().map(move |cut| {
        let name = &piece[start..cut.start];
        start = cut.end;
        name
    })
}

fn is_cut(c: char, before: Option<char>, after: Option<char>) -> bool {
    let is = |side: Option<char>, test: fn(char) -> bool| side.is_some_and(test);
    let digits = is(before, char::is_numeric) && is(after, char::is_numeric);
    match c {
        ',' => !digits,
        ':' => !digits && after != Some('/') && after != Some('\\'),
        '.' => after == Some('.') || (is(before, char::is_lowercase) && is(after, char::is_uppercase)),
        '-' => after == Some('-') || before == Some('-'),
        _ => false,
    }
}

/// A name as one term: without what joins it, but for a joint between two digits.
fn squashed(name: &str) -> String {
    let lower = name.to_lowercase();
    let bare = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let bare = bare.strip_prefix("www.").unwrap_or(bare);
    let mut whole = String::with_capacity(bare.len());
    let mut joined = false;
    for c in bare.chars() {
        if is_connector(c) || is_apostrophe(c) {
            joined = true;
            continue;
        }
        let between_digits = c.is_ascii_digit() && whole.ends_with(|last: char| last.is_ascii_digit());
        if std::mem::take(&mut joined) && between_digits {
            whole.push(JOINT);
        }
        push_plain(&mut whole, c);
    }
    clipped(super::fold::fold(&whole))
}

/// `1,000,000` as `1000000`.
fn thousands(name: &str, mark: char) -> Option<String> {
    let mut groups = name.split(mark);
    let is_number = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()) && is_number(first))?;
    let rest: Vec<&str> = groups.collect();
    let sane = !rest.is_empty() && rest.iter().all(|group| group.len() == 3 && is_number(group));
    sane.then(|| [&[first], rest.as_slice()].concat().concat())
}

/// The number of an amount, without marks for thousands and with [`JOINT`] before the cents.
fn amount(piece: &str) -> Option<String> {
    let piece = piece.trim_matches(|c: char| is_connector(c) || is_apostrophe(c));
    let sane = piece.starts_with(|c: char| c.is_ascii_digit())
        && piece.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
    if !sane {
        return None;
    }
    let (number, cents) = match piece.rfind(['.', ',']) {
        Some(at) if piece.len() - at == 3 => (&piece[..at], Some(&piece[at + 1..])),
        _ => (piece, None),
    };
    let mut amount: String = number.chars().filter(char::is_ascii_digit).collect();
    if let Some(cents) = cents.filter(|cents| *cents != "00") {
        amount.push(JOINT);
        amount.push_str(cents);
    }
    Some(amount)
}

fn is_camel(word: &str) -> bool {
    word.bytes().zip(word.bytes().skip(1)).any(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase())
}

fn camel_parts(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut pairs = rest.char_indices().zip(rest.chars().skip(1));
        let end = pairs.find(|((_, a), b)| a.is_lowercase() && b.is_uppercase());
        let end = end.map_or(rest.len(), |((at, a), _)| at + a.len_utf8());
        let (part, tail) = rest.split_at(end);
        rest = tail;
        Some(part)
    })
    .filter(|part| part.is_ascii() && part.len() >= MIN_CAMEL)
}

fn clipped(mut term: String) -> String {
    clip(&mut term);
    term
}

/// Cuts a term that is too long and marks what it was with a checksum (FNV-1a).
fn clip(term: &mut String) {
    if term.len() <= MAX_TERM_BYTES {
        return;
    }
    let hash = term
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    term.truncate(term.floor_char_boundary(KEPT_BYTES));
    term.push_str(&format!("{hash:016x}"));
}
