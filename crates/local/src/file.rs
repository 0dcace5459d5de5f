//! What a file is, before llama.cpp sees it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The first bytes of a GGUF file, and the versions that llama.cpp reads (gguf.md of ggml: "File Structure").
const MAGIC: &[u8; 4] = b"GGUF";
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;
/// What git has instead of a large file.
const LFS: &[u8] = b"version https://git-lfs";
/// Bytes that tell.
const HEAD_BYTES: u64 = 64;

/// Why a file is no model.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoModel {
    #[error("{0} cannot be read: {1}; check local.modelPath and the rights of the file")]
    Unreadable(String, #[source] std::io::Error),
    #[error("{0} is a folder; local.modelPath wants one .gguf file")]
    Folder(String),
    #[error("{0} is a pointer of git-lfs and not the file itself; fetch it with `git lfs pull`")]
    Pointer(String),
    #[error("{0} is not a GGUF file; take one whose name ends in .gguf, made for llama.cpp")]
    NoGguf(String),
    #[error(
        "{0} is GGUF of version {1}, and this program reads 2 and 3; convert it again or update openclaw-local"
    )]
    Version(String, u32),
}

/// Looks at the first bytes.
pub(crate) fn check(path: &Path) -> Result<(), NoModel> {
    let shown = || path.display().to_string();
    let unreadable = |error| NoModel::Unreadable(shown(), error);
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(NoModel::Folder(shown()));
    }
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head).map_err(unreadable)?;
    match version(&head) {
        Some(version) if VERSIONS.contains(&version) => Ok(()),
        Some(version) => Err(NoModel::Version(shown(), version)),
        None if head.starts_with(LFS) => Err(NoModel::Pointer(shown())),
        None => Err(NoModel::NoGguf(shown())),
    }
}

fn version(head: &[u8]) -> Option<u32> {
    let rest = head.strip_prefix(MAGIC)?;
    Some(u32::from_le_bytes(rest.first_chunk::<4>().copied()?))
}

#[cfg(test)]
mod tests {
    use super::{NoModel, check};

    fn verdict(bytes: &[u8]) -> Result<(), NoModel> {
        use std::io::Write as _;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        check(file.path())
    }

    #[test]
    fn the_first_bytes_tell() {
        assert!(verdict(b"GGUF\x03\0\0\0 and so on").is_ok());
        assert!(matches!(verdict(b""), Err(NoModel::NoGguf(_))));
        assert!(matches!(verdict(b"GGUF\x03"), Err(NoModel::NoGguf(_))));
        assert!(matches!(verdict(b"<!doctype html>"), Err(NoModel::NoGguf(_))));
        assert!(matches!(verdict(b"GGUF\x01\0\0\0"), Err(NoModel::Version(_, 1))));
        assert!(matches!(verdict(b"GGUF\0\0\0\x03"), Err(NoModel::Version(..))));
        assert!(matches!(verdict(b"version https://git-lfs.github.com/spec/v1\n"), Err(NoModel::Pointer(_))));
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(check(folder.path()), Err(NoModel::Folder(_))));
        assert!(matches!(check(&folder.path().join("none")), Err(NoModel::Unreadable(..))));
    }
}
