//! Where the program `openclaw-local` is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What it is called.
#[cfg(not(windows))]
const NAME: &str = "openclaw-local";
/// What it is called.
#[cfg(windows)]
const NAME: &str = "openclaw-local.exe";

/// The program, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program(pub(super) PathBuf);

/// It is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the program {NAME}, which runs GGUF models, is neither in {looked} nor on PATH; build it with `cargo build \
     --release` in crates/local and put it there (docs/local-models.md), or choose another memorySearch.provider"
)]
pub struct ProgramMissing {
    looked: String,
}

impl Program {
    /// Looks beside the running program, then on `PATH`. Relative folders of `PATH` do not count: a workspace may be
    /// the current one.
    ///
    /// # Errors
    /// It is in none of these.
    pub fn find() -> Result<Self, ProgramMissing> {
        let own = std::env::current_exe().ok();
        let beside = own.as_deref().and_then(Path::parent);
        find_in(beside, std::env::var_os("PATH").as_deref())
    }

    /// A program at a known place.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }
}

fn find_in(beside: Option<&Path>, path: Option<&OsStr>) -> Result<Program, ProgramMissing> {
    let on_path = path.map(std::env::split_paths).into_iter().flatten().filter(|folder| folder.is_absolute());
    let folders = beside.map(Path::to_owned).into_iter().chain(on_path);
    let found = folders.map(|folder| folder.join(NAME)).find(|file| is_program(file));
    let looked =
        beside.map_or_else(|| "the folder of openclaw".to_owned(), |folder| folder.display().to_string());
    found.map(Program).ok_or(ProgramMissing { looked })
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::find_in;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    fn put(folder: &Path, mode: u32) {
        let file = folder.join("openclaw-local");
        openclaw_guard::write_atomic(&file, b"#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn it_is_beside_us_or_on_the_path_and_can_be_started() {
        let [beside, first, second] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let path = std::env::join_paths([Path::new("."), first.path(), second.path()]).unwrap();
        let find = || find_in(Some(beside.path()), Some(&path));
        let missing = find().unwrap_err().to_string();
        assert!(missing.contains(&beside.path().display().to_string()) && missing.contains("crates/local"));
        put(first.path(), 0o600);
        put(second.path(), 0o755);
        assert_eq!(find().unwrap().0, second.path().join("openclaw-local"));
        put(beside.path(), 0o700);
        assert_eq!(find().unwrap().0, beside.path().join("openclaw-local"));
        assert!(find_in(None, None).is_err());
    }
}
