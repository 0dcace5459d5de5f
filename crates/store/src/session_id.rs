//! The name of a conversation on disk.

use std::fmt;

/// Longest session id. A UUID has 36 characters.
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

/// How OpenClaw writes the time before the `_` in the name of a fork: digits for `0`, the rest as it is here.
const FORK_TIME: &[u8] = b"0000-00-00T00-00-00-000Z";
/// Longest text before the `_` of a fork; a file system takes 255 bytes in all.
const MAX_FORK_BYTES: usize = 128;
/// Between the id and the topic in the name of a transcript.
const TOPIC: &str = "-topic-";
/// Longest topic in a file name; a file system takes 255 bytes in all.
const MAX_TOPIC_BYTES: usize = 128;

impl SessionId {
    /// The transcript that an index entry of this id means by its `sessionFile`: `<id>-topic-<topic>.jsonl` if that is its
    /// last part, or `<time>_<id>.jsonl` as OpenClaw names a fork, else `<id>.jsonl`. The directory in it is never used: a
    /// state directory may have been moved, and an index must not lead outside (V-082).
    pub(crate) fn transcript_meant_by(&self, session_file: Option<&str>) -> String {
        let name = session_file.and_then(|file| file.rsplit(['/', '\\']).next());
        let is_ours =
            |stem: &str| Self::of_transcript(stem).is_some_and(|id| id == *self) || self.ends_fork(stem);
        match name.and_then(|name| name.strip_suffix(".jsonl")).filter(|stem| is_ours(stem)) {
            Some(stem) => format!("{stem}.jsonl"),
            None => self.transcript_file_name(),
        }
    }

    /// Whether a name ends in `_<id>`, whatever OpenClaw puts before it.
    fn ends_fork(&self, stem: &str) -> bool {
        let front = stem.strip_suffix(self.as_str()).and_then(|front| front.strip_suffix('_'));
        front.is_some_and(|front| {
            (1..=MAX_FORK_BYTES).contains(&front.len())
                && front.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
    }

    /// The id that the path of a transcript names, or of an archived one, after any directories of either system. A bare
    /// id is taken too.
    pub(crate) fn of_transcript_path(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next()?;
        Self::of_transcript(name.split_once(".jsonl").map_or(name, |(stem, _)| stem))
    }

    /// The id in the name of a transcript file; `None` for what is no such name.
    #[must_use]
    pub fn of_transcript_file(name: &str) -> Option<Self> {
        name.strip_suffix(".jsonl").and_then(Self::of_transcript)
    }

    /// The id in the name of a transcript, given without `.jsonl`.
    pub(crate) fn of_transcript(stem: &str) -> Option<Self> {
        let stem = behind_fork_time(stem);
        let Some((id, topic)) = stem.split_once(TOPIC) else { return Self::parse(stem).ok() };
        // What JavaScript's encodeURIComponent leaves and makes.
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()%".contains(&b);
        let is_topic = (1..=MAX_TOPIC_BYTES).contains(&topic.len()) && topic.bytes().all(allowed);
        Self::parse(id).ok().filter(|_| is_topic)
    }
}

/// What follows `<time>_`; all of a name that does not begin so.
fn behind_fork_time(stem: &str) -> &str {
    let Some((time, id)) = stem.split_at_checked(FORK_TIME.len()) else { return stem };
    let fits = |(b, like): (u8, &u8)| if *like == b'0' { b.is_ascii_digit() } else { b == *like };
    let is_time = time.bytes().zip(FORK_TIME).all(fits);
    id.strip_prefix('_').filter(|id| is_time && !id.is_empty()).unwrap_or(stem)
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
        let id = SessionId::parse("abc").unwrap();
        let far = format!("{}_abc.jsonl", "x".repeat(129));
        let rows = [
            (None, "abc.jsonl"),
            (Some("/home/old/.openclaw/agents/main/sessions/abc.jsonl"), "abc.jsonl"),
            (Some("/elsewhere/abc-topic-77.jsonl"), "abc-topic-77.jsonl"),
            (Some("C:\\old\\abc-topic-1770000000.0001%3A.jsonl"), "abc-topic-1770000000.0001%3A.jsonl"),
            (Some("abc-topic-.jsonl"), "abc.jsonl"),
            (Some("other-topic-77.jsonl"), "abc.jsonl"),
            (Some("/etc/passwd"), "abc.jsonl"),
            (Some("abc-topic-x/../../y.jsonl"), "abc.jsonl"),
            (Some("abc-topic-\0.jsonl"), "abc.jsonl"),
            (Some(""), "abc.jsonl"),
            (Some("/old/2026-02-14T10-00-00-000Z_abc.jsonl"), "2026-02-14T10-00-00-000Z_abc.jsonl"),
            (Some("fork-1_abc.jsonl"), "fork-1_abc.jsonl"),
            (Some("2026-02-14T10-00-00-000Z_xabc.jsonl"), "abc.jsonl"),
            (Some("_abc.jsonl"), "abc.jsonl"),
            (Some("a.b_abc.jsonl"), "abc.jsonl"),
            (Some(&far), "abc.jsonl"),
        ];
        for (file, expected) in rows {
            assert_eq!(id.transcript_meant_by(file), expected, "{file:?}");
        }
        assert_eq!(SessionId::parse(SessionId::random().as_str()).unwrap().as_str().len(), 36);
    }

    #[test]
    fn the_id_in_a_name() {
        let uuid = "00587a80-ac91-45cc-9774-21d717db514b";
        let rows = [
            (format!("{uuid}.jsonl"), Some(uuid)),
            (format!("2026-02-14T10-00-00-000Z_{uuid}.jsonl"), Some(uuid)),
            ("2026-02-14T10-00-00-000Z_a_b.jsonl".to_owned(), Some("a_b")),
            // No time, so all of it is the id.
            ("2026-02-14_abc.jsonl".to_owned(), Some("2026-02-14_abc")),
            ("2026-02-14T10-00-00-000Z_.jsonl".to_owned(), Some("2026-02-14T10-00-00-000Z_")),
            ("/old/abc-topic-7.jsonl".to_owned(), Some("abc")),
            ("C:\\old\\abc.jsonl.deleted.2026-02-14T10-00-00.000Z".to_owned(), Some("abc")),
            (format!("/old/2026-02-14T10-00-00-000Z_{uuid}.jsonl"), Some(uuid)),
            ("abc".to_owned(), Some("abc")),
            ("/old/..".to_owned(), None),
            (String::new(), None),
        ];
        for (path, expected) in rows {
            let found = SessionId::of_transcript_path(&path);
            assert_eq!(found.as_ref().map(SessionId::as_str), expected, "{path}");
        }
    }
}
