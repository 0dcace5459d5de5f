//! How many tokens a text has, near enough, without any model's vocabulary.

use std::ops::Range;

/// Sixteenths of a token: whole numbers add up the same on every machine.
const TOKEN: u64 = 16;

/// What a character costs, in sixteenths of a token. Measured on the vocabulary `cl100k_base` over the texts of the
/// test below; it is meant to be a little high, because a text that is too long is refused.
fn cost(c: char, before: Option<char>) -> u64 {
    let begins_word = before.is_none_or(|before| !before.is_alphanumeric());
    match c {
        // A word's blank travels with the word.
        ' ' => u64::from(before == Some(' ')) * 3,
        '0'..='9' => 8,
        'a'..='z' | 'A'..='Z' => {
            if begins_word {
                8
            } else {
                3
            }
        }
        _ if c.is_ascii() => 13,
        // Latin letters with marks split words.
        '\u{80}'..='\u{24f}' => 16,
        // Greek to Arabic, with their neighbours: alphabets of two bytes.
        '\u{250}'..='\u{7ff}' => 13,
        // Chinese, Japanese, Korean, the scripts of India, symbols.
        '\u{800}'..='\u{ffff}' => 20,
        _ => 40,
    }
}

/// About how many tokens the text has.
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    let mut before = None;
    let mut sum = 0_u64;
    for c in text.chars() {
        sum += cost(c, before);
        before = Some(c);
    }
    sum.div_ceil(TOKEN)
}

/// The longest beginning of `text` that has at most `limit` tokens, cut between characters.
#[must_use]
pub(crate) fn cut(text: &str, limit: u64) -> &str {
    let mut before = None;
    let mut left = limit.saturating_mul(TOKEN);
    for (at, c) in text.char_indices() {
        let Some(rest) = left.checked_sub(cost(c, before)) else { return &text[..at] };
        left = rest;
        before = Some(c);
    }
    text
}

/// Cuts a list into neighbouring groups of at most `max_texts` texts and `max_tokens` tokens. A longer text stands alone.
#[must_use]
pub(crate) fn groups(texts: &[&str], max_texts: usize, max_tokens: u64) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut start = 0;
    let mut tokens = 0;
    for (at, text) in texts.iter().enumerate() {
        let more = estimate_tokens(text);
        if at > start && (tokens + more > max_tokens || at - start >= max_texts) {
            groups.push(start..at);
            (start, tokens) = (at, 0);
        }
        tokens += more;
    }
    if start < texts.len() {
        groups.push(start..texts.len());
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::{cut, estimate_tokens, groups};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cut_is_a_beginning_within_the_limit(text in ".{0,200}", limit in 0_u64..60) {
            let short = cut(&text, limit);
            prop_assert!(text.starts_with(short));
            prop_assert!(estimate_tokens(short) <= limit);
            let longer = text[short.len()..].chars().next().map(|c| format!("{short}{c}"));
            prop_assert!(longer.is_none_or(|longer| estimate_tokens(&longer) > limit));
        }

        #[test]
        fn groups_keep_every_text_once_in_order(
            texts in proptest::collection::vec("[a-z ]{0,80}", 0..40), most in 1_usize..10, tokens in 1_u64..60,
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let ranges = groups(&texts, most, tokens);
            let flat: Vec<usize> = ranges.iter().cloned().flatten().collect();
            prop_assert_eq!(flat, (0..texts.len()).collect::<Vec<_>>());
            for range in ranges {
                let sum: u64 = texts[range.clone()].iter().map(|text| estimate_tokens(text)).sum();
                prop_assert!(range.len() <= most && (sum <= tokens || range.len() == 1));
            }
        }
    }
}
