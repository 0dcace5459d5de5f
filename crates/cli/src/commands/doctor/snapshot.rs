//! What there is: everything that the findings are made from, read once. Nothing is written.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use openclaw_config::{
    ConfigError, Editor, Env, Loaded, Locations, MAX_CONFIG_BYTES, Migrations, Problem, beside, load_files,
};
use serde_json::Value;

use super::migration;
use crate::copies;

/// Entries of the directories with credentials that are looked at; a state directory has a few dozen.
const MAX_ENTRIES: usize = 2000;
/// Directories below `credentials` that are looked into: a channel's, an account's, one more.
const MAX_DEPTH: usize = 3;

/// Everything that is known about an instance.
pub(super) struct Snapshot {
    pub(super) at: Locations,
    pub(super) env: Env,
    /// What is wrong with the `.env` of the state directory: lines that are skipped, or that it cannot be read.
    pub(super) dotenv: Result<Vec<Problem>, ConfigError>,
    /// An `.env` in the working directory, which is not read.
    pub(super) dotenv_here: Option<PathBuf>,
    pub(super) config: Configuration,
    /// Its copies, in the order of [`copies::places`].
    pub(super) backups: Vec<Backup>,
    /// A change that waits for somebody to confirm it.
    pub(super) staged: Option<PathBuf>,
    /// Configuration files of earlier releases that are not used.
    pub(super) unused: Vec<PathBuf>,
    /// State directories of earlier releases that exist, newest first.
    pub(super) old_state: Vec<Entry>,
    /// Whether there is nothing in the state directory of this release.
    pub(super) is_state_empty: bool,
    /// Parts of the state directory in the layout of an early release.
    pub(super) old_layout: Vec<PathBuf>,
    /// Files and directories that hold what is nobody else's business.
    pub(super) private: Vec<Entry>,
}

/// The configuration file.
pub(super) struct Configuration {
    /// Its bytes, if it can be read at all.
    pub(super) bytes: Option<Vec<u8>>,
    /// What the gateway would make of it.
    pub(super) loaded: Result<Loaded, ConfigError>,
    /// The value as it is written, valid or not.
    pub(super) value: Option<Value>,
    /// What `--fix` does to that value.
    pub(super) plan: Option<Migrations>,
}

/// An earlier version of the configuration.
pub(super) struct Backup {
    pub(super) path: PathBuf,
    /// Nanoseconds since 1970: backups of one second have an order too.
    pub(super) modified_ns: i128,
    /// Its text, if it is text.
    pub(super) text: Option<String>,
    pub(super) len: u64,
    /// The value of a valid one.
    pub(super) value: Option<Value>,
}

/// A file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) kind: EntryKind,
    /// The permission bits.
    pub(super) mode: u32,
    /// Where a link leads.
    pub(super) target: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Directory,
    Link,
    Other,
}

impl Snapshot {
    /// Looks at an instance; `here` is the working directory.
    pub(super) fn take(at: Locations, env: Env, here: Option<PathBuf>) -> Self {
        let mut with_dotenv = env.clone();
        let dotenv = with_dotenv.add_dotenv(&at.state_dir);
        let (files, loaded) = load_files(&at, &env);
        // Of a file that is not JSON5 an editor has no value, and refuses every change.
        let editor = Editor::open(&at, &env).ok();
        let value = editor.and_then(|mut editor| editor.apply(&[]).ok().map(|()| editor.value()));
        let bytes = read_capped(&at.config_path).ok();
        let plan = value.as_ref().map(|value| migration::plan(value, &with_dotenv));
        let dotenv_here = here.filter(|here| *here != at.state_dir).map(|here| here.join(".env"));
        let places = copies::places(&at, &env).into_iter();
        let backups: Vec<Backup> = places.filter_map(|path| backup(&at, &env, path)).collect();
        let names = copies::names(&at.config_path);
        let staged = names.iter().map(|name| beside(name, "staged")).find(|path| path.is_file());
        let old_state = at.old_state_dirs().iter().filter_map(|path| entry(path)).collect();
        let old_layout = ["agent", "sessions"].map(|name| at.state_dir.join(name));
        let mut private: Vec<PathBuf> = vec![at.state_dir.clone(), at.config_path.clone()];
        private.extend(names);
        private.extend(copies::companions(&at.config_path));
        private.extend(files);
        private.extend(backups.iter().map(|backup| backup.path.clone()));
        Self {
            dotenv,
            dotenv_here: dotenv_here.filter(|path| path.is_file()),
            config: Configuration { bytes, loaded, value, plan },
            backups,
            staged,
            unused: unused(&at, &env),
            old_state,
            is_state_empty: std::fs::read_dir(at.current_state_dir())
                .is_ok_and(|mut all| all.next().is_none()),
            old_layout: old_layout.into_iter().filter(|path| path.is_dir()).collect(),
            private: private_entries(&at.state_dir, private),
            at,
            env,
        }
    }
}

impl Backup {
    /// When it was written, in milliseconds since 1970.
    pub(super) fn modified_ms(&self) -> i64 {
        i64::try_from(self.modified_ns / 1_000_000).unwrap_or_default()
    }
}

/// Files with the name of an earlier release beside the one that is used. A link is what a renaming leaves behind.
fn unused(at: &Locations, env: &Env) -> Vec<PathBuf> {
    let is_unused = |path: &PathBuf| {
        *path != at.config_path && entry(path).is_some_and(|entry| entry.kind == EntryKind::File)
    };
    if copies::is_config_named(env) {
        Vec::new()
    } else {
        at.old_config_paths().into_iter().filter(is_unused).collect()
    }
}

fn backup(at: &Locations, env: &Env, path: PathBuf) -> Option<Backup> {
    let metadata = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
    let (_, loaded) = load_files(&Locations { config_path: path.clone(), ..at.clone() }, env);
    Some(Backup {
        modified_ns: i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()),
        len: metadata.len(),
        text: read_capped(&path).ok().and_then(|bytes| String::from_utf8(bytes).ok()),
        value: loaded.ok().map(|loaded| loaded.parsed),
        path,
    })
}

/// The bytes of a regular file, as many as a configuration may have.
fn read_capped(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn entry(path: &Path) -> Option<Entry> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    let kind = match metadata.file_type() {
        kind if kind.is_symlink() => EntryKind::Link,
        kind if kind.is_dir() => EntryKind::Directory,
        kind if kind.is_file() => EntryKind::File,
        _ => EntryKind::Other,
    };
    let target = (kind == EntryKind::Link).then(|| std::fs::read_link(path).ok()).flatten();
    Some(Entry { path: path.to_owned(), kind, mode: metadata.mode() & 0o7777, target })
}

/// What must be private: the files given, and those of the state directory that hold credentials.
fn private_entries(state_dir: &Path, mut paths: Vec<PathBuf>) -> Vec<Entry> {
    paths.extend([".env", "exec-approvals.json"].map(|name| state_dir.join(name)));
    for folder in ["credentials", "devices", "identity", "nodes"] {
        add_tree(&state_dir.join(folder), MAX_DEPTH, &mut paths);
    }
    for agent in list(&state_dir.join("agents")) {
        add_tree(&agent.join("agent"), 1, &mut paths);
        paths.extend([agent.join("sessions"), agent.join("sessions/sessions.json")]);
    }
    let mut entries: Vec<Entry> = paths.iter().filter_map(|path| entry(path)).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries.dedup_by(|a, b| a.path == b.path);
    entries
}

fn add_tree(path: &Path, depth: usize, paths: &mut Vec<PathBuf>) {
    if paths.len() >= MAX_ENTRIES {
        return;
    }
    paths.push(path.to_owned());
    // A link is not followed: what it leads to is not ours to judge.
    let is_directory = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    if depth > 0 && is_directory {
        for below in list(path) {
            add_tree(&below, depth - 1, paths);
        }
    }
}

/// What a directory holds; nothing if it cannot be read.
fn list(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).take(MAX_ENTRIES).collect()
}
