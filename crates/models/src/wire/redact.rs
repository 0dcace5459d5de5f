//! Keeps credentials and noise out of what a provider says about a failed request.

use openclaw_guard::Secret;
use openclaw_http::one_line;

/// A shorter secret would blank out ordinary words; no provider issues one.
const MIN_SECRET_BYTES: usize = 6;

/// Knows the credentials of one endpoint, in order to remove them from foreign text.
#[derive(Clone, Default)]
pub struct Redactor(Vec<Secret>);

impl Redactor {
    /// Removes these secrets: without the blanks around them, and of what a header says (`Bearer KEY`) also the last word
    /// alone. The longer ones go first, because a shorter one may be a part of them.
    #[must_use]
    pub fn new(secrets: Vec<Secret>) -> Self {
        let texts = secrets.iter().map(|secret| secret.expose().trim());
        let mut parts: Vec<&str> =
            texts.flat_map(|text| [Some(text), text.split_whitespace().next_back()]).flatten().collect();
        parts.retain(|part| part.len() >= MIN_SECRET_BYTES);
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        parts.dedup();
        Self(parts.into_iter().map(|part| Secret::new(part.to_owned())).collect())
    }

    /// What it removes.
    #[must_use]
    pub fn secrets(&self) -> &[Secret] {
        &self.0
    }

    /// `text` on one line, without the secrets and without control characters, at most 300 characters.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        one_line(&self.hide(text))
    }

    /// `text` without the secrets, as long as it is.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            text = text.replace(secret.expose(), "[redacted]");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Redactor;
    use openclaw_guard::Secret;

    #[test]
    fn secrets_and_control_characters_go() {
        let redactor = Redactor::new(vec![Secret::new("sk-canary-123".into()), Secret::new("key".into())]);
        assert_eq!(redactor.clean("bad key sk-canary-123\n\u{1b}[31m no"), "bad key [redacted] [31m no");
        assert_eq!(redactor.clean(&"ä".repeat(400)).chars().count(), 301);
    }

    #[test]
    fn a_secret_goes_however_it_is_written() {
        for written in [" sk-canary-123\n", "Bearer sk-canary-123", "Bearer  sk-canary-123 ", "sk-canary-123"]
        {
            let redactor = Redactor::new(vec![Secret::new("canary".into()), Secret::new(written.into())]);
            assert_eq!(redactor.clean("no: sk-canary-123!"), "no: [redacted]!", "{written:?}");
        }
    }
}
