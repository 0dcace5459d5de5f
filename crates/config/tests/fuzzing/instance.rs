//! The files of a case.

use std::io;
use std::path::PathBuf;

use openclaw_config::{Env, LocationFlags, Locations};
use tempfile::TempDir;

/// The files of a case in their order: the configuration and what it can include.
const NAMES: [&str; 4] = ["openclaw.json", "a.json5", "b.json5", "c.json5"];
/// Between two files.
const FILE_MARK: &[u8] = b"\n---\n";
/// Between the files and the operations on them, and between operations.
const OPERATION_MARK: &[u8] = b"\n===\n";
/// A case of more bytes says nothing that a smaller one does not, and takes longer.
const MAX_CASE_BYTES: usize = 64 * 1024;

/// An instance in a directory of its own.
pub(crate) struct Instance {
    pub(crate) at: Locations,
    pub(crate) env: Env,
    paths: Vec<PathBuf>,
    /// How many of the files are there.
    present: usize,
    _dir: TempDir,
}

impl Instance {
    pub(crate) fn new() -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let state = dir.path().to_string_lossy().into_owned();
        let places = Env::from([("OPENCLAW_HOME", "/nonexistent"), ("OPENCLAW_STATE_DIR", &*state)]);
        let at = Locations::resolve(&places, LocationFlags::default()).map_err(io::Error::other)?;
        let paths = NAMES.map(|name| at.state_dir.join(name)).into();
        let env = Env::from([("TOKEN", "value-of-token"), ("EMPTY", "")]);
        Ok(Self { at, env, paths, present: NAMES.len(), _dir: dir })
    }

    /// Makes these the files of the instance.
    #[allow(
        clippy::disallowed_methods,
        reason = "a million cases cannot wait for the disk; nobody reads them later"
    )]
    pub(crate) fn write(&mut self, files: &[&[u8]]) -> io::Result<()> {
        for (path, bytes) in self.paths.iter().zip(files) {
            std::fs::write(path, bytes)?;
        }
        for path in self.paths.iter().take(self.present).skip(files.len()) {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Err(_) | Ok(()) => {}
            }
        }
        self.present = files.len().min(self.paths.len());
        Ok(())
    }

    /// Which of the files a problem or an edit names.
    pub(crate) fn position(&self, path: impl Into<PathBuf>) -> Option<usize> {
        let path = path.into();
        self.paths.iter().position(|known| *known == path)
    }
}

/// The files of a case.
pub(crate) fn files(case: &[u8]) -> Vec<&[u8]> {
    let case = case.get(..MAX_CASE_BYTES).unwrap_or(case);
    parts(case, FILE_MARK).into_iter().take(NAMES.len()).collect()
}

/// The files of a case and the operations on them.
pub(crate) fn files_and_operations(case: &[u8]) -> (Vec<&[u8]>, Vec<String>) {
    let case = case.get(..MAX_CASE_BYTES).unwrap_or(case);
    let parts = parts(case, OPERATION_MARK);
    let (first, operations) = parts.split_first().unwrap_or((&case, &[]));
    (files(first), operations.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect())
}

fn parts<'c>(mut case: &'c [u8], mark: &[u8]) -> Vec<&'c [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = case.windows(mark.len()).position(|window| window == mark) {
        parts.push(&case[..at]);
        case = &case[at + mark.len()..];
    }
    parts.push(case);
    parts
}
