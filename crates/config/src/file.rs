//! Reading a text file that may be damaged, and never changing it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::key_path::KeyPath;
use crate::problem::{ConfigError, Place, Problem, ProblemKind};

/// The most bytes of a configuration (S-084). Real ones have a few kilobytes.
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
    decode(bytes, path).map(Some)
}

fn decode(bytes: Vec<u8>, path: &Path) -> Result<String, ConfigError> {
    let start = Place { line: 1, column: 1 };
    let is_too_large = u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_CONFIG_BYTES);
    let (place, kind) = if is_too_large {
        (start, ProblemKind::FileTooLarge { limit: MAX_CONFIG_BYTES })
    } else if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        (place_in_bytes(&bytes[..at]), ProblemKind::NulByte)
    } else {
        match String::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                (place_in_bytes(&error.as_bytes()[..valid]), ProblemKind::NotUtf8)
            }
        }
    };
    let file = path.display().to_string();
    let problem = Problem { file, place: Some(place), key: KeyPath::default(), kind };
    Err(ConfigError::Invalid { path: path.to_owned(), problems: vec![problem] })
}

/// The place after these bytes; a column counts what can be decoded.
fn place_in_bytes(before: &[u8]) -> Place {
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let last = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Place { line, column: String::from_utf8_lossy(last).chars().count() + 1 }
}
