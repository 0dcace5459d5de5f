//! The name of a conversation on disk.

use std::fmt;

/// Longest session id. A UUID has 36 characters; upstream appends `-topic-<n>` to it for forum topics.
const MAX_SESSION_ID_BYTES: usize = 64;

/// A session id: 1 to 64 of `A-Z a-z 0-9 _ -`, so that it is a safe file name everywhere.
///
/// ```
/// use openclaw_store::SessionId;
/// assert!(SessionId::parse("00587a80-ac91-45cc-9774-21d717db514b").is_ok());
/// assert!(SessionId::parse("../etc").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(String);

/// A text that is no session id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a session id: use 1 to {MAX_SESSION_ID_BYTES} letters, digits, '-' and '_'")]
pub struct SessionIdError(String);

impl SessionId {
    /// Checks a text.
    ///
    /// # Errors
    /// When it is empty, too long, or has other characters.
    pub fn parse(text: &str) -> Result<Self, SessionIdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if (1..=MAX_SESSION_ID_BYTES).contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        // The text may be anything anybody sent: the message shows a piece of it.
        Err(SessionIdError(text.chars().take(MAX_SESSION_ID_BYTES).collect()))
    }

    /// A new id: a random UUID.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `<id>.jsonl`
    #[must_use]
    pub fn transcript_file_name(&self) -> String {
        format!("{}.jsonl", self.0)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::SessionId;

    #[test]
    fn grammar() {
        let (longest, too_long) = ("x".repeat(64), "x".repeat(65));
        let rows = [
            ("cli-golden", true),
            ("A_b-9", true),
            (&longest, true),
            (&too_long, false),
            ("", false),
            ("a.b", false),
            ("a/b", false),
            ("é", false),
            ("a\0", false),
        ];
        for (text, expected) in rows {
            assert_eq!(SessionId::parse(text).is_ok(), expected, "{text:?}");
        }
        assert_ne!(SessionId::random(), SessionId::random());
        assert_eq!(SessionId::parse(SessionId::random().as_str()).unwrap().as_str().len(), 36);
    }
}
