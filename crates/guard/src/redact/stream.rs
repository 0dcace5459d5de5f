//! Hiding secrets in text that comes in pieces.

use std::sync::Arc;

use super::redactor::{Redactor, render};
use super::span::Span;

/// Bytes held back at least, so that a shape is seen whole: far more than any token, about one large key.
const MIN_HELD: usize = 8 * 1024;
/// Of a find that is longer than what is held, this many hidden bytes are kept from its start …
const KEPT_HEAD: usize = 32;
/// … and this many from its end, so that what ends it (`-----END …`) is seen even when it is cut in two.
const KEPT_TAIL: usize = 128;

/// The same as [`Redactor::redact`] for a text in pieces: a secret that is cut in two is found. It holds back a bounded
/// end of what it was given; [`RedactStream::finish`] gives the rest.
///
/// ```
/// use std::sync::Arc;
/// use openclaw_guard::{Hiding, Redactor, Secret};
/// let redactor = Arc::new(Redactor::new(&[Secret::new("correct horse".to_owned())], Hiding::KnownOnly));
/// let mut stream = redactor.stream();
/// let mut out = stream.push("it is corr");
/// out += &stream.push("ect horse.");
/// out += &stream.finish();
/// assert_eq!(out, "it is ***.");
/// ```
pub struct RedactStream {
    redactor: Arc<Redactor>,
    /// What is not given out yet, behind a little that is: context, or the start of a find that goes on.
    held: String,
    /// Where a find may begin.
    from: usize,
    /// Bytes of `held` that the output stands for already.
    said: usize,
    /// Bytes that stay back.
    hold: usize,
}

impl RedactStream {
    pub(super) fn new(redactor: Arc<Redactor>) -> Self {
        let hold = redactor.longest_known().max(MIN_HELD);
        Self { redactor, held: String::new(), from: 0, said: 0, hold }
    }

    #[cfg(test)]
    fn holding(redactor: Arc<Redactor>, hold: usize) -> Self {
        let hold = redactor.longest_known().max(hold);
        Self { redactor, held: String::new(), from: 0, said: 0, hold }
    }

    /// Takes the next piece and gives what is safe to show, perhaps nothing.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        // Waiting for twice as much makes each byte be looked at a bounded number of times.
        if self.held.len() < self.said + 2 * self.hold {
            return String::new();
        }
        let spans = self.redactor.spans(&self.held, self.from);
        let mut cut = self.held.floor_char_boundary(self.held.len() - self.hold);
        let mut by_start: Vec<&Span> = spans.iter().collect();
        by_start.sort_by_key(|span| std::cmp::Reverse(span.whole.start));
        for span in by_start {
            if span.whole.start < cut && cut < span.whole.end {
                cut = span.whole.start;
            }
        }
        if cut > self.said { self.give(cut, &spans) } else { self.swallow(&spans) }
    }

    /// Gives what is left.
    #[must_use]
    pub fn finish(self) -> String {
        let spans = self.redactor.spans(&self.held, self.from);
        render(&self.held, self.said, self.held.len(), &spans)
    }

    /// Gives everything before `cut`, which lies in no find, and keeps one character of it as context.
    fn give(&mut self, cut: usize, spans: &[Span]) -> String {
        let out = render(&self.held, self.said, cut, spans);
        let keep = self.held.floor_char_boundary(cut.saturating_sub(1));
        self.held.drain(..keep);
        self.from = cut - keep;
        self.said = self.from;
        out
    }

    /// The text begins with a find that is longer than what may be held: it is hidden now. If it may go on, its two ends
    /// stay, so that it is found again together with what comes.
    fn swallow(&mut self, spans: &[Span]) -> String {
        let first = spans.iter().filter(|span| span.whole.start <= self.said);
        let Some(longest) = first.max_by_key(|span| span.whole.end) else { return String::new() };
        let end = longest.whole.end;
        if end < self.held.len() {
            return self.give(end, spans);
        }
        let out = render(&self.held, self.said, end, spans);
        let head = self.held.floor_char_boundary(longest.hidden.start + KEPT_HEAD);
        let tail = self.held.floor_char_boundary(end.saturating_sub(KEPT_TAIL)).max(head);
        self.held = [&self.held[longest.whole.start..head], &self.held[tail..]].concat();
        self.from = 0;
        self.said = self.held.len();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::RedactStream;
    use crate::{Hiding, Pattern, Redactor, Secret};
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn redactor(secrets: &[&str]) -> Arc<Redactor> {
        let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::new((*text).to_owned())).collect();
        let patterns = vec![Pattern::parse("/^start|mk-[0-9]+/").unwrap()];
        Arc::new(Redactor::new(&secrets, Hiding::Shapes { patterns }))
    }

    /// The text through a stream that holds little, in pieces of these sizes, over and over.
    fn streamed(redactor: &Arc<Redactor>, text: &str, hold: usize, sizes: &[usize]) -> String {
        let mut stream = RedactStream::holding(Arc::clone(redactor), hold);
        let (mut out, mut rest, mut sizes) = (String::new(), text, sizes.iter().cycle());
        while !rest.is_empty() {
            let size = rest.floor_char_boundary((*sizes.next().unwrap()).min(rest.len()));
            let size = if size == 0 { rest.chars().next().unwrap().len_utf8() } else { size };
            out += &stream.push(&rest[..size]);
            rest = &rest[size..];
        }
        out + &stream.finish()
    }

    #[test]
    fn a_find_longer_than_what_is_held_is_hidden_to_its_end() {
        let redactor = redactor(&[]);
        let token = format!("a sk-{} b", "x".repeat(5_000));
        let body = "QUJD\n".repeat(2_000);
        let key = format!("a -----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY----- b");
        for sizes in [[1, 1], [7, 64], [1_000, 3], [100_000, 1]] {
            for hold in [256, 300, 1_000] {
                let hidden = streamed(&redactor, &token, hold, &sizes);
                assert!(hidden.starts_with("a ") && hidden.ends_with(" b") && hidden.len() < 16, "{hidden}");
                let hidden = streamed(&redactor, &key, hold, &sizes);
                assert!(hidden.ends_with(" b") && !hidden.contains("QUJD"), "{hidden}");
            }
        }
    }

    #[test]
    fn what_is_held_is_bounded() {
        let redactor = redactor(&["0123456789"]);
        let mut stream = RedactStream::holding(redactor, 256);
        let mut given = 0;
        for at in 0..10_000 {
            given += stream.push("some words ").len();
            assert!(at * 11 <= given + 3 * 256);
        }
        for _ in 0..10_000 {
            stream.push("sk-abcdefghijklmnopqrs");
            assert!(stream.held.len() < 1_024);
        }
    }

    /// Spellings of a secret as they occur.
    fn spellings(secret: &str) -> Vec<String> {
        let basic = STANDARD.encode(format!("user:{secret}"));
        let url = URL_SAFE_NO_PAD.encode(format!("{{\"k\":\"{secret}\"}}"));
        let percent: String = secret
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                other => format!("%{other:02X}"),
            })
            .collect();
        vec![secret.to_owned(), basic, url, percent]
    }

    /// Whether a text shows the secret, also to somebody who decodes base64.
    fn shows(text: &str, secret: &str) -> bool {
        spellings(secret).iter().any(|spelling| text.contains(spelling))
    }

    fn secret_text() -> impl Strategy<Value = String> {
        "[a-zA-Z0-9+/=!?é\"\\\\-]{8,40}"
    }

    fn around() -> impl Strategy<Value = String> {
        prop_oneof![
            "\\PC{0,60}",
            "[a-z \\n:=\"{}/@.-]{0,300}",
            Just("token=".to_owned()),
            Just("https://u:".to_owned())
        ]
    }

    proptest! {
        #[test]
        fn a_known_secret_never_appears(
            secret in secret_text(),
            pieces in prop::collection::vec((around(), 0..4_usize), 1..6),
            sizes in prop::collection::vec(1..400_usize, 1..5),
        ) {
            let redactor = redactor(&[&secret]);
            let mut text = String::new();
            for (words, spelling) in pieces {
                text += &words;
                text += &spellings(&secret)[spelling];
            }
            let whole = redactor.redact(&text);
            prop_assert!(!shows(&whole, &secret), "{whole}");
            let pieces = streamed(&redactor, &text, 64, &sizes);
            prop_assert!(!shows(&pieces, &secret), "{pieces}");
        }

        #[test]
        fn pieces_give_the_same_as_the_whole(
            words in prop::collection::vec(prop_oneof![
                "[a-z]{1,12}",
                Just("sk-abcdefghijklmnopqrstuvwxyz".to_owned()),
                Just("mk-123".to_owned()),
                Just("start".to_owned()),
                Just("token=\"abc\"".to_owned()),
                Just("https://me:pass@host".to_owned()),
                Just("hunter2-hunter2".to_owned()),
                "[\u{e9}\u{1f980}]{1,3}",
            ], 0..80),
            separator in prop_oneof![Just(" "), Just("\n"), Just("")],
            sizes in prop::collection::vec(1..700_usize, 1..5),
        ) {
            let redactor = redactor(&["hunter2-hunter2"]);
            let text = words.join(separator);
            // Long enough to hold any run of such words that is one find.
            let hold = if separator.is_empty() { 4_096 } else { 128 };
            prop_assert_eq!(streamed(&redactor, &text, hold, &sizes), redactor.redact(&text).into_owned());
        }

        #[test]
        fn text_without_secrets_stays(text in "[a-z ,.\\n\u{e9}]{0,2000}", sizes in prop::collection::vec(1..90_usize, 1..4)) {
            let redactor = redactor(&["0123456789"]);
            prop_assume!(!text.starts_with("start"));
            prop_assert_eq!(redactor.redact(&text), text.as_str());
            prop_assert_eq!(streamed(&redactor, &text, 64, &sizes), text);
        }
    }
}
