//! A query as folded words that know where they stand.

use crate::words::{folded, is_inner};

/// A query has a few dozen words; more is a pasted text, and its dates are not asked for.
const MAX_TOKENS: usize = 256;

/// A run of letters, or a run of digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Lower case, without accents.
    pub(super) text: String,
    /// Whether it was written with a capital.
    pub(super) capital: bool,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    /// A whole number of at most four digits.
    pub(super) fn number(&self) -> Option<i32> {
        if self.text.len() > 4 { None } else { self.text.parse().ok() }
    }
}

/// The words of a text. Letters and digits are never in one word: `5th` is two.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut open: Option<(usize, bool)> = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let kind = is_inner(c).then(|| c.is_numeric());
        if let Some((start, digits)) = open
            && kind != Some(digits)
        {
            let raw = &text[start..at];
            found.push(Token {
                text: folded(raw),
                capital: raw.starts_with(char::is_uppercase),
                start,
                end: at,
            });
            open = None;
        }
        if found.len() >= MAX_TOKENS {
            break;
        }
        if let Some(digits) = kind
            && open.is_none()
        {
            open = Some((at, digits));
        }
    }
    found
}
