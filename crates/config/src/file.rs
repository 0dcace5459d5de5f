//! Reading a text file that may be damaged, and never changing it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::key_path::KeyPath;
use crate::problem::{ConfigError, Problem, ProblemKind};
use crate::text::place_of;

/// The most bytes of a configuration, included files and all (S-084). Real ones have a few kilobytes.
pub const MAX_CONFIG_BYTES: u64 = 4 * 1024 * 1024;

/// Reads a text file; `None` if there is none. Zero bytes are not an error here: an empty `.env` is fine.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
        // Opening a pipe or a device could wait forever.
        Ok(metadata) if !metadata.is_file() => {
            return Err(unreadable(io::Error::other("it is not a regular file")));
        }
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    decode(bytes).map(Some).map_err(|damage| {
        let (file, key) = (path.display().to_string(), KeyPath::default());
        let place = Some(place_of(&damage.readable, damage.readable.len()));
        let problem = Problem { file, place, included_from: Vec::new(), key, kind: damage.kind };
        ConfigError::Invalid { path: path.to_owned(), problems: vec![problem] }
    })
}

/// Bytes that are not the text of a configuration.
pub(crate) struct Damage {
    pub(crate) kind: ProblemKind,
    /// The text before the damage.
    pub(crate) readable: String,
}

/// Whether the bytes begin with the mark of UTF-16, or with two characters of it that are ASCII.
fn is_utf16(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [1..=0x7f, 0, 1..=0x7f, 0, ..] | [0, 1..=0x7f, 0, 1..=0x7f, ..]
    )
}

/// The bytes as text.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, Damage> {
    if let Some(damage) = damage(&bytes) {
        return Err(damage);
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        damaged(ProblemKind::NotUtf8, &error.as_bytes()[..valid])
    })
}

/// What no text of a configuration is, UTF-8 or not: a text that a client sent would not be read again either.
pub(crate) fn damage(bytes: &[u8]) -> Option<Damage> {
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_CONFIG_BYTES) {
        return Some(damaged(ProblemKind::FileTooLarge { limit: MAX_CONFIG_BYTES }, &[]));
    }
    if is_utf16(bytes) {
        return Some(damaged(ProblemKind::Utf16, &[]));
    }
    let nul = bytes.iter().position(|byte| *byte == 0)?;
    Some(damaged(ProblemKind::NulByte, &bytes[..nul]))
}

fn damaged(kind: ProblemKind, before: &[u8]) -> Damage {
    Damage { kind, readable: String::from_utf8_lossy(before).into_owned() }
}
