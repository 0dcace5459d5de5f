//! One name inside a directory, made from text somebody else chose (S-081).

use std::path::Path;

/// Longest name in bytes: every file system takes 255, and suffixes such as `.jsonl.deleted.<time>` are added later.
pub const MAX_COMPONENT_BYTES: usize = 128;

/// Device names of Windows. They are refused everywhere because state directories get synced.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// A file or directory name that cannot leave its directory on any platform.
///
/// Unicode normalisation is not checked: two names that look alike may differ in bytes, so keep names that must be
/// unique to ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathComponent(String);

/// Why a text is not a [`PathComponent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathComponentError {
    /// No text at all.
    #[error("a name must not be empty")]
    Empty,
    /// Over [`MAX_COMPONENT_BYTES`].
    #[error("a name must not be longer than {MAX_COMPONENT_BYTES} bytes, this one has {0}")]
    TooLong(usize),
    /// Only dots: `.`, `..` and the like.
    #[error("a name must not be made of dots only")]
    DotsOnly,
    /// A separator, a colon, or a control character.
    #[error("a name must not contain {0:?}")]
    Character(char),
    /// A dot or a space at the end, which Windows drops.
    #[error("a name must not end with a dot or a space")]
    Trailing,
    /// A device name of Windows, with or without an extension.
    #[error("a name must not be a device name of Windows such as NUL or COM1")]
    Reserved,
}

impl PathComponent {
    /// Checks a name.
    ///
    /// # Errors
    /// The first rule that the name breaks.
    pub fn parse(text: &str) -> Result<Self, PathComponentError> {
        if text.is_empty() {
            return Err(PathComponentError::Empty);
        }
        if text.len() > MAX_COMPONENT_BYTES {
            return Err(PathComponentError::TooLong(text.len()));
        }
        if text.bytes().all(|b| b == b'.') {
            return Err(PathComponentError::DotsOnly);
        }
        if let Some(bad) = text.chars().find(|&c| matches!(c, '/' | '\\' | ':') || c.is_control()) {
            return Err(PathComponentError::Character(bad));
        }
        if text.ends_with(['.', ' ']) {
            return Err(PathComponentError::Trailing);
        }
        if is_reserved(text) {
            return Err(PathComponentError::Reserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<Path> for PathComponent {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl std::fmt::Display for PathComponent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// `CON`, `com1.txt`, `LPT².log`, `nul .x`: Windows looks at the text before the first dot, without trailing spaces,
/// and counts the superscript digits one to three as digits.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ').to_ascii_lowercase();
    let numbered = ["com", "lpt"].iter().filter_map(|device| stem.strip_prefix(device)).any(|rest| {
        let mut chars = rest.chars();
        matches!((chars.next(), chars.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    });
    numbered || RESERVED.contains(&stem.as_str())
}

#[cfg(test)]
mod tests {
    use super::{PathComponent, PathComponentError as E};
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn table() {
        let long = "a".repeat(129);
        let rows: [(&str, Result<(), E>); 25] = [
            ("main", Ok(())),
            ("2026-11-20.md", Ok(())),
            (".hidden", Ok(())),
            ("..a", Ok(())),
            ("Ünïcode 日本", Ok(())),
            ("console", Ok(())),
            ("com10", Ok(())),
            ("", Err(E::Empty)),
            (".", Err(E::DotsOnly)),
            ("..", Err(E::DotsOnly)),
            ("...", Err(E::DotsOnly)),
            ("a/b", Err(E::Character('/'))),
            ("a\\b", Err(E::Character('\\'))),
            ("c:", Err(E::Character(':'))),
            ("a\0b", Err(E::Character('\0'))),
            ("a\nb", Err(E::Character('\n'))),
            ("a\u{85}b", Err(E::Character('\u{85}'))),
            ("a.", Err(E::Trailing)),
            ("a ", Err(E::Trailing)),
            ("NUL", Err(E::Reserved)),
            ("con.txt", Err(E::Reserved)),
            ("Com1.tar.gz", Err(E::Reserved)),
            ("LPT³", Err(E::Reserved)),
            ("aux .md", Err(E::Reserved)),
            (&long, Err(E::TooLong(129))),
        ];
        for (text, expected) in rows {
            assert_eq!(PathComponent::parse(text).map(|_| ()), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_is_exactly_one_normal_component(text in "[\\PC./\\\\: \u{0}-\u{1f}]{0,140}") {
            if let Ok(name) = PathComponent::parse(&text) {
                prop_assert_eq!(name.as_str(), &text);
                let parts: Vec<_> = Path::new(&text).components().collect();
                prop_assert_eq!(parts, vec![Component::Normal(text.as_ref())]);
            }
        }
    }
}
