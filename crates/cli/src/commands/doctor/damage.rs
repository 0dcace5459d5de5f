//! A configuration that is not one any more, and whether an earlier version can take its place without a loss.

use super::snapshot::Backup;

/// Bytes of a text that nobody misses: `null`, `not json`, a stray letter.
const MAX_SCRAP: usize = 16;

/// What is left of a file that cannot be read as JSON5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage<'b> {
    /// No bytes, or nothing but white space.
    Empty,
    /// Nothing but NUL bytes, as after a power cut.
    Nul,
    /// Text in UTF-16: a file that somebody saved, not damage. The reader tells it.
    Utf16,
    /// Not UTF-8, though much of it may be readable.
    NotText,
    /// Text that is something else than an object: a scrap, or an object whose brace is lost.
    NoObject(&'b str),
    /// The beginning of an object, or comments that stand before one, and a mistake or an end in the middle. What comes
    /// before NUL bytes is all there is.
    Broken(&'b str),
}

impl<'b> Damage<'b> {
    /// Judges bytes that are known to be neither JSON5 nor UTF-16.
    pub(super) fn of(bytes: &'b [u8]) -> Self {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let (text, rest) = bytes.split_at(end);
        let text = match str::from_utf8(text) {
            Ok(text) => text,
            // Cut off in the middle of a character.
            Err(error) if error.error_len().is_none() => {
                str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return Self::NotText,
        };
        if rest.iter().any(|byte| *byte != 0) {
            return Self::NotText;
        }
        if bare(text).is_empty() {
            return if rest.is_empty() { Self::Empty } else { Self::Nul };
        }
        match first_value(text) {
            "" => Self::Broken(text),
            value if value.starts_with('{') => Self::Broken(text),
            _ => Self::NoObject(text),
        }
    }

    /// Whether the earlier version has everything that is left. A mistake in a text that somebody has edited is
    /// theirs to correct: restoring would undo the rest of the edit.
    pub(super) fn is_covered_by(self, text: &str) -> bool {
        match self {
            Self::Empty | Self::Nul => true,
            Self::Utf16 | Self::NotText => false,
            Self::NoObject(left) => text.starts_with(left) || is_scrap(left),
            Self::Broken(left) => text.starts_with(left),
        }
    }

    pub(super) const fn what_to_do(self) -> &'static str {
        match self {
            Self::Empty | Self::Nul => "write a new one: `openclaw quickstart` does when the file is gone",
            Self::Utf16 => "save it as UTF-8: iconv -f UTF-16 -t UTF-8",
            Self::NotText => "save it as UTF-8",
            Self::NoObject(_) | Self::Broken(_) => "correct it at this place",
        }
    }
}

/// The text without white space and the mark that some editors put first.
fn bare(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim()
}

/// Whether a text is too little to be somebody's work. What has a key or a brace may be an edit in progress.
fn is_scrap(text: &str) -> bool {
    let text = bare(text);
    text.len() <= MAX_SCRAP && !text.contains([':', '{'])
}

/// The text from the first thing on that is no comment.
fn first_value(text: &str) -> &str {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        rest = if let Some(comment) = rest.strip_prefix("//") {
            comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start()
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, rest)| rest).trim_start()
        } else if rest == "/" {
            ""
        } else {
            return rest;
        };
    }
}

/// The valid backups, the newest first. Of those of one moment the order of the row is that of time.
pub(super) fn valid(backups: &[Backup]) -> Vec<&Backup> {
    let mut valid: Vec<&Backup> = backups.iter().filter(|backup| backup.value.is_some()).collect();
    valid.sort_by_key(|backup| std::cmp::Reverse(backup.modified_ns));
    valid
}

/// The newest valid backup that loses nothing of what is left.
pub(super) fn restorable<'s>(damage: Damage<'_>, backups: &'s [Backup]) -> Option<&'s Backup> {
    let covers = |backup: &&Backup| backup.text.as_deref().is_some_and(|text| damage.is_covered_by(text));
    valid(backups).into_iter().find(covers)
}

#[cfg(test)]
mod tests {
    use super::Damage;

    #[test]
    fn what_is_left() {
        let rows: [(&[u8], Damage<'_>); 13] = [
            (b"", Damage::Empty),
            (b" \n", Damage::Empty),
            (b"\0\0\0", Damage::Nul),
            (b"{ // caf\xe9\n}", Damage::NotText),
            (b"{a\0\0b", Damage::NotText),
            (b"\xef\xbb\xbf\r\n", Damage::Empty),
            (b" \0\0", Damage::Nul),
            (b"hello", Damage::NoObject("hello")),
            (b"// only\n/* comments", Damage::Broken("// only\n/* comments")),
            (b"{a: 1,\n b", Damage::Broken("{a: 1,\n b")),
            (b"{a: 1\0\0", Damage::Broken("{a: 1")),
            (b"{a: '\xc3", Damage::Broken("{a: '")),
            (b"\xef\xbb\xbf// x\n/* y */ {", Damage::Broken("\u{feff}// x\n/* y */ {")),
        ];
        for (bytes, expected) in rows {
            assert_eq!(Damage::of(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn an_edit_is_never_undone() {
        let backup = "{\n  a: 1,\n  b: 2,\n}\n";
        assert!(Damage::of(b"{\n  a: 1,\n  b:").is_covered_by(backup), "cut off");
        assert!(!Damage::of(b"{\n  a: 7,\n  b:").is_covered_by(backup), "edited and cut off");
        assert!(!Damage::of(b"{\n  a: 1,\n  b: 2,\n  c: 3\n").is_covered_by(backup), "a brace forgotten");
        assert!(!Damage::of(b"{\n  a: 1\n  b: 2,\n}\n").is_covered_by(backup), "a comma forgotten");
        for edited in
            ["gateway: { mode: 'local' },", "#{ commented", ";{}", "  c: 3\n}\n", "an essay about foxes"]
        {
            assert!(!Damage::of(edited.as_bytes()).is_covered_by(backup), "{edited}");
        }
        for scrap in ["null", "not json", "[]", "x"] {
            assert!(Damage::of(scrap.as_bytes()).is_covered_by(backup), "{scrap}");
        }
        assert!(Damage::of(b"// h").is_covered_by("// hi\n{}") && Damage::of(b"ab").is_covered_by("ab{}"));
        assert!(Damage::of(b"").is_covered_by(backup) && !Damage::Utf16.is_covered_by(backup));
    }
}
