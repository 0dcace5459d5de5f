//! Keeps credentials and noise out of what a provider says about a failed request.

use openclaw_guard::Secret;
use openclaw_http::one_line;

/// A shorter secret would blank out ordinary words; no provider issues one.
const MIN_SECRET_BYTES: usize = 6;

/// Knows the credentials of one endpoint, in order to remove them from foreign text.
#[derive(Clone, Default)]
pub struct Redactor(Vec<Secret>);

impl Redactor {
    /// Removes these secrets.
    #[must_use]
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self(secrets)
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
        for secret in self.0.iter().filter(|secret| secret.expose().len() >= MIN_SECRET_BYTES) {
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
}
