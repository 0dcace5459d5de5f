//! The secrets whose values are known, in one automaton.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};
use ring::digest;

use super::forms::forms;
use super::span::{Mask, Span};
use crate::Secret;

/// Shorter values are not looked for: they would be found in ordinary words.
pub const MIN_SECRET_BYTES: usize = 8;

/// Finds the known secrets. The automaton holds copies that are not wiped on drop, as any index of them would.
pub(super) struct Known {
    automaton: Option<AhoCorasick>,
    longest: usize,
    digest: digest::Digest,
}

impl Known {
    pub(super) fn new(secrets: &[Secret]) -> Self {
        let texts = secrets.iter().map(|secret| secret.expose().trim());
        let long = texts.filter(|text| text.len() >= MIN_SECRET_BYTES);
        let forms: BTreeSet<Vec<u8>> = long.flat_map(forms).collect();
        let longest = forms.iter().map(Vec::len).max().unwrap_or(0);
        // It fails beyond 2^31 states; a configuration file cannot hold that many bytes.
        // A table of every state and byte would be faster, and larger than the rest of an idle gateway's log.
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let automaton = AhoCorasick::builder().kind(kind).build(&forms).ok().filter(|_| longest > 0);
        let mut context = digest::Context::new(&digest::SHA256);
        for form in &forms {
            context.update(&form.len().to_le_bytes());
            context.update(form);
        }
        Self { automaton, longest, digest: context.finish() }
    }

    /// Changes with the secrets.
    pub(super) fn digest(&self) -> &[u8] {
        self.digest.as_ref()
    }

    /// Bytes of the longest spelling.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Adds every occurrence, overlapping ones too: the tail of one secret may be the head of another.
    pub(super) fn find(&self, text: &str, from: usize, spans: &mut Vec<Span>) {
        let Some(automaton) = &self.automaton else { return };
        let input = Input::new(text).range(from..);
        for found in automaton.find_overlapping_iter(input) {
            let range = found.range();
            // A base64 spelling is ASCII and the others are text, so a match begins and ends between characters.
            if text.is_char_boundary(range.start) && text.is_char_boundary(range.end) {
                spans.push(Span { whole: range.clone(), hidden: range, mask: Mask::All });
            }
        }
    }
}
