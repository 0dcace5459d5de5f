//! Everything that finds secrets, together.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;

use ring::pbkdf2;

use super::known::Known;
use super::names::says_secret;
use super::pattern::Pattern;
use super::shapes::find_shapes;
use super::span::{HIDDEN, Mask, Span, masked, merge};
use super::stream::RedactStream;
use crate::Secret;

/// How much work a guess is.
const ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9_999);

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
        if self.hides_field(name) && !value.is_empty() { Cow::Borrowed(HIDDEN) } else { self.redact(value) }
    }

    /// Whether all of a field is hidden because of its name.
    #[must_use]
    pub fn hides_field(&self, name: &str) -> bool {
        match &self.hiding {
            Hiding::Shapes { .. } => says_secret(name),
            Hiding::KnownOnly => false,
        }
    }

    /// Changes when other secrets, other patterns or another version of this program hide something else. It may be kept
    /// with what was hidden: to guess a secret by it takes ten thousand times the work of a hash.
    #[must_use]
    pub fn fingerprint<const BYTES: usize>(&self) -> [u8; BYTES] {
        let mut known = self.known.digest().to_vec();
        if let Hiding::Shapes { patterns } = &self.hiding {
            for pattern in patterns {
                // No expression has a zero in it that matters here.
                known.push(0);
                known.extend_from_slice(pattern.text().as_bytes());
            }
            known.push(1);
        }
        let mut print = [0; BYTES];
        let salt = concat!("openclaw redaction ", env!("CARGO_PKG_VERSION")).as_bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, &known, &mut print);
        print
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

#[cfg(test)]
mod tests {
    use super::{Hiding, Redactor};
    use crate::{Pattern, Secret};

    fn print(secrets: &[&str], patterns: &[&str]) -> [u8; 8] {
        let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::new((*text).to_owned())).collect();
        let patterns = patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect();
        Redactor::new(&secrets, Hiding::Shapes { patterns }).fingerprint()
    }

    #[test]
    fn a_fingerprint_changes_with_whatever_is_hidden() {
        let (one, two) = ("correct-horse", "battery-staple");
        assert_eq!(print(&[one, two], &["a", "b"]), print(&[two, one, one], &["a", "b"]));
        let all = [
            print(&[], &[]),
            print(&[one], &[]),
            print(&[two], &[]),
            print(&[one, two], &[]),
            print(&[], &["ab"]),
            print(&[], &["a", "b"]),
            print(&[], &["/ab/i"]),
            print(&[], &["/ab/"]),
            Redactor::new(&[], Hiding::KnownOnly).fingerprint(),
        ];
        for (at, print) in all.iter().enumerate() {
            assert!(!all[..at].contains(print), "{at}");
        }
    }
}
