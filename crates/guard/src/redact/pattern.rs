//! Expressions that the user adds.

use regex::{Regex, RegexBuilder};

use super::span::{Mask, Span, is_masked};

/// Bytes that a compiled expression may take: generous for a line of text, small beside the process.
pub(super) const MAX_COMPILED_BYTES: usize = 1024 * 1024;
/// Bytes of the states that are kept while an expression runs.
pub(super) const MAX_STATE_BYTES: usize = 256 * 1024;
/// Bytes that one expression may look at in one text, those of repeated looks included: a second of work. Lines of the log
/// are far below.
const MAX_SEARCHED_BYTES: usize = 256 * 1024 * 1024;
/// The letters that may stand behind `/…/`.
const FLAGS: &str = "gimsuy";

/// A regular expression of what is hidden. Finding one match takes linear time whatever it says; of a text in which all
/// of them would take too long, the rest is hidden unseen.
pub struct Pattern {
    regex: Regex,
    /// As it was written.
    text: String,
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing between the slashes, or nothing at all.
    #[error("the expression is empty")]
    Empty,
    /// The grammar is violated, or the expression needs what cannot run in linear time.
    #[error("{reason}")]
    Syntax {
        /// What is wrong, in one line.
        reason: String,
    },
    /// The compiled expression is over the limit.
    #[error("the expression is too large; use fewer or smaller repetitions")]
    TooLarge,
}

impl Pattern {
    /// As it was written, with its flags.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Reads an expression, plain (then case does not matter) or as `/expression/flags` with the flags of JavaScript; of
    /// those `i`, `m` and `s` mean something here.
    ///
    /// ```
    /// use openclaw_guard::{Pattern, PatternError};
    /// assert!(Pattern::parse(r"/\bmk-(\w+)/i").is_ok());
    /// assert!(matches!(Pattern::parse("(open"), Err(PatternError::Syntax { .. })));
    /// ```
    ///
    /// # Errors
    /// [`PatternError`]. Look-around and back-references are syntax errors: they cannot run in linear time.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let (body, flags) = split(text).unwrap_or((text, "i"));
        if body.is_empty() {
            return Err(PatternError::Empty);
        }
        let has = |flag: char| flags.contains(flag);
        let built = RegexBuilder::new(body)
            .case_insensitive(has('i'))
            .multi_line(has('m'))
            .dot_matches_new_line(has('s'))
            .size_limit(MAX_COMPILED_BYTES)
            .dfa_size_limit(MAX_STATE_BYTES)
            .build();
        built.map(|regex| Self { regex, text: text.to_owned() }).map_err(|error| {
            if matches!(error, regex::Error::CompiledTooBig(_)) {
                return PatternError::TooLarge;
            }
            PatternError::Syntax { reason: last_line(&error.to_string()) }
        })
    }

    /// Adds every match: its groups, or all of it when it has none.
    pub(super) fn find(&self, text: &str, from: usize, spans: &mut Vec<Span>) {
        find_all(&self.regex, text, from, Mask::Middle, spans);
    }
}

/// `/body/flags` in its parts.
fn split(text: &str) -> Option<(&str, &str)> {
    let (body, flags) = text.strip_prefix('/')?.rsplit_once('/')?;
    flags.chars().all(|flag| FLAGS.contains(flag)).then_some((body, flags))
}

/// Syntax errors draw the expression with an arrow; the reason is the last line.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

/// Adds every match of an expression from `from` on; what stands before is context for `^` and `\b`.
pub(super) fn find_all(regex: &Regex, text: &str, from: usize, mask: Mask, spans: &mut Vec<Span>) {
    let (mut at, mut searched) = (from, 0);
    loop {
        // An expression may have to see all of the text to find one match, again and again.
        searched += text.len() - at;
        if searched > MAX_SEARCHED_BYTES {
            spans.push(Span { whole: at..text.len(), hidden: at..text.len(), mask: Mask::All });
            return;
        }
        let Some(groups) = regex.captures_at(text, at) else { return };
        let Some(whole) = groups.get(0) else { return };
        let mut hide = |hidden: std::ops::Range<usize>| {
            if !hidden.is_empty() && !is_masked(&text[hidden.clone()]) {
                spans.push(Span { whole: whole.range(), hidden, mask });
            }
        };
        let mut parts = groups.iter().skip(1).flatten().peekable();
        match parts.peek() {
            Some(_) => parts.for_each(|part| hide(part.range())),
            None => hide(whole.range()),
        }
        at = if whole.is_empty() { next_char(text, whole.end()) } else { whole.end() };
        if at > text.len() {
            return;
        }
    }
}

/// Behind the character at `at`, or beyond the end.
fn next_char(text: &str, at: usize) -> usize {
    at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::{Pattern, PatternError};

    #[test]
    fn both_spellings_are_read() {
        let hides = |pattern: &str, text: &str| {
            let mut spans = Vec::new();
            Pattern::parse(pattern).unwrap().find(text, 0, &mut spans);
            spans.iter().map(|span| text[span.hidden.clone()].to_owned()).collect::<Vec<_>>()
        };
        let table: [(&str, &str, &[&str]); 9] = [
            ("mk-\\d+", "a MK-12 b mk-3", &["MK-12", "mk-3"]),
            ("/mk-\\d+/", "a MK-12 b mk-3", &["mk-3"]),
            ("/mk-\\d+/gi", "a MK-12 b mk-3", &["MK-12", "mk-3"]),
            ("id=(\\w+)", "id=ab", &["ab"]),
            ("(a)x(b)?", "ax", &["a"]),
            ("/etc/passwd", "see /etc/passwd", &["/etc/passwd"]),
            ("x*", "axxé", &["xx"]),
            ("/^b$/m", "a\nb", &["b"]),
            ("^b", "ab", &[]),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(hides(pattern, text), expected, "{pattern}");
        }
    }

    #[test]
    fn an_expression_that_takes_too_long_hides_the_rest() {
        let text = "x".repeat(40_000) + "secret";
        let mut spans = Vec::new();
        Pattern::parse("[^y]*y|x").unwrap().find(&text, 0, &mut spans);
        let last = spans.last().unwrap();
        assert_eq!(last.hidden.end, text.len());
        assert!(spans.len() < 10_000, "{}", spans.len());
    }

    #[test]
    fn what_is_no_expression_says_why_in_one_line() {
        let error = |text: &str| Pattern::parse(text).err().unwrap();
        assert_eq!(error(""), PatternError::Empty);
        assert_eq!(error("//i"), PatternError::Empty);
        assert_eq!(error("(?:\\w{1000}){1000}"), PatternError::TooLarge);
        for text in ["(open", "a(?=b)", "(a)\\1", "[z-a]"] {
            let said = error(text).to_string();
            assert!(!said.is_empty() && !said.contains('\n'), "{text}: {said}");
        }
    }
}
