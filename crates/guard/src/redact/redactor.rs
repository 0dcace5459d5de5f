//! Everything that finds secrets, together.

use std::borrow::Cow;
use std::sync::Arc;

use super::known::Known;
use super::names::says_secret;
use super::pattern::Pattern;
use super::shapes::find_shapes;
use super::span::{HIDDEN, Mask, Span, masked, merge};
use super::stream::RedactStream;
use crate::Secret;

/// What is hidden besides the known secrets.
pub enum Hiding {
    /// Nothing.
    KnownOnly,
    /// What looks like a credential, and what the user's patterns match.
    Shapes {
        /// The user's patterns.
        patterns: Vec<Pattern>,
    },
}

/// Hides secrets in text, in time linear in the text. Known secrets of at least
/// [`MIN_SECRET_BYTES`](super::MIN_SECRET_BYTES) bytes become `***` in every spelling: plain, inside JSON,
/// percent-encoded, base64. What only looks like a secret shows its first and last four characters if it is long.
///
/// ```
/// use openclaw_guard::{Hiding, Redactor, Secret};
/// let secrets = [Secret::new("correct horse".to_owned())];
/// let redactor = Redactor::new(&secrets, Hiding::Shapes { patterns: Vec::new() });
/// assert_eq!(redactor.redact("it is correct%20horse"), "it is ***");
/// assert_eq!(redactor.redact("OPENAI_API_KEY=sk-1"), "OPENAI_API_KEY=***");
/// assert_eq!(redactor.redact("nothing here"), "nothing here");
/// ```
pub struct Redactor {
    known: Known,
    hiding: Hiding,
}

impl Redactor {
    /// Builds the automaton of the known secrets.
    #[must_use]
    pub fn new(secrets: &[Secret], hiding: Hiding) -> Self {
        Self { known: Known::new(secrets), hiding }
    }

    /// The text without its secrets; borrowed when there are none.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let spans = self.spans(text, 0);
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(render(text, 0, text.len(), &spans))
    }

    /// The value of a named field: all of it is hidden when the name says so.
    #[must_use]
    pub fn redact_field<'t>(&self, name: &str, value: &'t str) -> Cow<'t, str> {
        match &self.hiding {
            Hiding::Shapes { .. } if says_secret(name) && !value.is_empty() => Cow::Borrowed(HIDDEN),
            Hiding::Shapes { .. } | Hiding::KnownOnly => self.redact(value),
        }
    }

    /// For text that comes in pieces.
    #[must_use]
    pub fn stream(self: &Arc<Self>) -> RedactStream {
        RedactStream::new(Arc::clone(self))
    }

    /// Bytes of the longest spelling of a known secret.
    pub(super) fn longest_known(&self) -> usize {
        self.known.longest()
    }

    /// Everything to hide from `from` on; what stands before is context.
    pub(super) fn spans(&self, text: &str, from: usize) -> Vec<Span> {
        let mut spans = Vec::new();
        self.known.find(text, from, &mut spans);
        if let Hiding::Shapes { patterns } = &self.hiding {
            find_shapes(text, from, &mut spans);
            patterns.iter().for_each(|pattern| pattern.find(text, from, &mut spans));
        }
        spans
    }
}

/// `text[from..to]` with the finds in it hidden. A find that begins before `from` has its mask there already.
pub(super) fn render(text: &str, from: usize, to: usize, spans: &[Span]) -> String {
    let mut out = String::with_capacity(to - from);
    let mut at = from;
    for (range, mask) in merge(spans) {
        let end = range.end.min(to);
        if end <= at {
            continue;
        }
        if range.start >= at {
            if range.start >= to {
                break;
            }
            out.push_str(&text[at..range.start]);
            // A find that goes on behind `to` has ends that nobody knows yet.
            let mask = if range.end > to { Mask::All } else { mask };
            out.push_str(&masked(&text[range.start..end], mask));
        }
        at = end;
    }
    out.push_str(&text[at.min(to)..to]);
    out
}
