//! A value that must not be printed, compared with `==`, or serialised by accident (S-006).

use ring::digest;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A credential: token, password, API key or private key text.
///
/// It has no `Debug`, `Display`, `PartialEq` or `Serialize`; [`Secret::expose`] is the only way to the text, so
/// that every use can be found by its name. The memory is wiped on drop.
///
/// ```
/// let token = openclaw_guard::Secret::new("s3cret".to_owned());
/// assert!(token.matches("s3cret"));
/// assert!(!token.matches("s3cre"));
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of the text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that sends it where it belongs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the text is empty or only white space: such a secret never authenticates anybody.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Compares in constant time: both sides are hashed to equal length first, so neither content nor length leaks.
    /// A blank secret matches nothing.
    #[must_use]
    pub fn matches(&self, candidate: &str) -> bool {
        let ours = digest::digest(&digest::SHA256, self.0.as_bytes());
        let theirs = digest::digest(&digest::SHA256, candidate.as_bytes());
        bool::from(ours.as_ref().ct_eq(theirs.as_ref())) && !self.is_blank()
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn matches_only_the_same_text_and_never_a_blank() {
        let rows = [
            ("abc", "abc", true),
            ("abc", "abd", false),
            ("abc", "ab", false),
            ("", "", false),
            (" ", " ", false),
        ];
        for (ours, theirs, expected) in rows {
            assert_eq!(Secret::new(ours.into()).matches(theirs), expected, "{ours:?} {theirs:?}");
        }
    }
}
