//! What is hidden in a text, and what the reader sees in its place.

use std::ops::Range;

/// What stands in the place of a secret.
pub const HIDDEN: &str = "***";
/// Stands between the two ends of a secret that is shown in part.
const ELLIPSIS: char = '…';
/// From this length on, the ends of something that looks like a secret are shown, so that people can tell keys apart.
const MIN_SHOWN_CHARS: usize = 24;
/// Characters shown at either end.
const SHOWN_CHARS: usize = 4;

/// How much of a secret is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    /// Nothing.
    All,
    /// The ends, if it is long.
    Middle,
}

/// One find.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// What was needed to find it.
    pub(super) whole: Range<usize>,
    /// What is hidden.
    pub(super) hidden: Range<usize>,
    pub(super) mask: Mask,
}

/// Finds as ranges in order, none touching another's bytes. Where finds overlap, all of it is one.
pub(super) fn merge(spans: &[Span]) -> Vec<(Range<usize>, Mask)> {
    let mut ranges: Vec<_> = spans.iter().map(|span| (span.hidden.clone(), span.mask)).collect();
    ranges.sort_by_key(|(range, _)| range.start);
    let mut merged: Vec<(Range<usize>, Mask)> = Vec::with_capacity(ranges.len());
    for (range, mask) in ranges {
        match merged.last_mut() {
            Some((last, last_mask)) if range.start < last.end => {
                last.end = last.end.max(range.end);
                if mask == Mask::All {
                    *last_mask = Mask::All;
                }
            }
            Some(_) | None => merged.push((range, mask)),
        }
    }
    merged
}

/// What stands in the place of `secret`.
pub(super) fn masked(secret: &str, mask: Mask) -> String {
    let count = secret.chars().count();
    if mask == Mask::All || count < MIN_SHOWN_CHARS {
        return HIDDEN.to_owned();
    }
    let head: String = secret.chars().take(SHOWN_CHARS).collect();
    let tail: String = secret.chars().skip(count - SHOWN_CHARS).collect();
    format!("{head}{ELLIPSIS}{tail}")
}

/// Whether a value is what [`masked`] leaves: hiding twice changes nothing.
pub(super) fn is_masked(value: &str) -> bool {
    value == HIDDEN
        || value.chars().count() == 2 * SHOWN_CHARS + 1 && value.chars().nth(SHOWN_CHARS) == Some(ELLIPSIS)
}

#[cfg(test)]
mod tests {
    use super::{Mask, Span, is_masked, masked, merge};

    #[test]
    fn long_values_show_their_ends_and_known_ones_nothing() {
        let long = "sk-0123456789012345678xyz";
        let table = [
            (long, Mask::Middle, "sk-0…8xyz"),
            (long, Mask::All, "***"),
            ("sk-01234567890123456789", Mask::Middle, "***"),
            ("", Mask::Middle, "***"),
        ];
        for (secret, mask, expected) in table {
            assert_eq!(masked(secret, mask), expected, "{secret} {mask:?}");
            assert!(is_masked(expected));
        }
        assert!(!is_masked(long));
    }

    #[test]
    fn overlapping_finds_are_one() {
        let span = |hidden: std::ops::Range<usize>, mask| Span { whole: hidden.clone(), hidden, mask };
        let spans = [span(5..9, Mask::All), span(0..6, Mask::Middle), span(9..10, Mask::Middle)];
        assert_eq!(merge(&spans), [(0..9, Mask::All), (9..10, Mask::Middle)]);
    }
}
