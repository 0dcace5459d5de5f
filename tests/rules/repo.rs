//! The repository: its files, its packages, and a place in it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "without the repository there is nothing to test")]

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A tracked text file, or one that is about to be.
pub(super) struct File {
    /// Path from the root of the repository.
    pub(super) path: String,
    /// What it holds.
    pub(super) text: String,
}

/// A place that breaks a rule.
#[derive(Debug, PartialEq)]
pub(super) struct Finding {
    /// Path, and the line if there is one.
    place: String,
    what: String,
}

impl File {
    /// A finding at a byte offset of this file.
    pub(super) fn finding(&self, offset: usize, what: impl Into<String>) -> Finding {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|&&byte| byte == b'\n').count();
        Finding { place: format!("{}:{line}", self.path), what: what.into() }
    }
}

impl Finding {
    /// A finding about something without lines.
    pub(super) fn about(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.what)
    }
}

/// The root of the repository.
pub(super) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", root.display()))
}

/// One file of the repository.
pub(super) fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every text file that is in the repository, or would be after `git add`.
pub(super) fn files() -> Vec<File> {
    // The clone of a CI run may belong to somebody else.
    let listed = output("git", &["-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]);
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    // What is deleted but not yet committed, a link, or not text has no lines to check.
    let files: Vec<File> = paths
        .filter(|path| root().join(path).symlink_metadata().is_ok_and(|metadata| metadata.is_file()))
        .filter_map(|path| {
            let text = String::from_utf8(std::fs::read(root().join(path)).unwrap()).ok()?;
            Some(File { path: path.to_owned(), text })
        })
        .collect();
    assert!(files.len() > 100, "git lists only {} text files", files.len());
    files
}

/// What cargo knows of the workspace's own packages.
pub(super) fn metadata() -> Value {
    let text = output(env!("CARGO"), &["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    serde_json::from_str(&text).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "git and cargo need the developer's own environment")]
fn output(program: &str, arguments: &[&str]) -> String {
    let run = std::process::Command::new(program).args(arguments).current_dir(root()).output();
    let run = run.unwrap_or_else(|error| panic!("the rules need {program} to list the repository: {error}"));
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{program} {arguments:?} in {}: {said}", root().display());
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn a_finding_names_file_and_line() {
    let file = File { path: "a/b.rs".to_owned(), text: "one\ntwo\nthree\n".to_owned() };
    for (offset, line) in [(0, 1), (3, 1), (4, 2), (8, 3), (99, 4)] {
        assert_eq!(file.finding(offset, "bad").to_string(), format!("a/b.rs:{line} bad"));
    }
}
