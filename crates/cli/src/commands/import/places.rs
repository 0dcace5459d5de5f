//! From where to where, and whether that may be.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use openclaw_config::{Env, Locations, load};
use openclaw_store::StateVersion;

use super::config::old_roots;
use super::error::ImportError;
use super::judge::{Kind, left_out};
use crate::{copies, upstream};

/// What is in a state directory of OpenClaw, one of them at least.
const MARKS: [&str; 4] = ["agents", "credentials", "sessions", "workspace"];
/// Entries of the target that are looked at; one that is new has a handful.
const MAX_TARGET_ENTRIES: usize = 10_000;

/// The two directories.
pub(super) struct Places {
    /// The state directory that is read, links in its name followed.
    pub(super) source: PathBuf,
    /// Its configuration, relative to it; the newest name that is a regular file.
    pub(super) source_config: Option<PathBuf>,
    /// The instance that gets the copy.
    pub(super) at: Locations,
    /// Its state directory, links in its name followed.
    pub(super) real_target: PathBuf,
    /// Names that the source had before it was moved, as its configuration says.
    pub(super) old_roots: Vec<PathBuf>,
}

/// What is at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Nothing.
    Missing,
    /// A directory without files.
    Empty,
    /// What commands and a gateway without configuration leave behind: logs, a device key, indexes.
    Leftovers,
}

impl Places {
    /// Finds both; touches nothing.
    ///
    /// # Errors
    /// The source is none, or the two are not two.
    pub(super) fn find(from: &Path, at: Locations, env: &Env) -> Result<Self, ImportError> {
        let from = from.to_str().map_or_else(|| from.to_owned(), |text| at.expand(text));
        let unreadable = |source| ImportError::NoSource { path: from.clone(), source };
        let source = from.canonicalize().map_err(unreadable)?;
        if !source.is_dir() {
            return Err(unreadable(io::ErrorKind::NotADirectory.into()));
        }
        let at = as_this_release(at, env);
        let real_target = real(&at.state_dir);
        if source.starts_with(&real_target) || real_target.starts_with(&source) {
            return Err(ImportError::Entwined { source_dir: source, target: real_target });
        }
        if !at.config_path.starts_with(&at.state_dir) {
            return Err(ImportError::ConfigElsewhere { path: at.config_path });
        }
        if StateVersion::path(&source).symlink_metadata().is_ok() {
            return Err(ImportError::Ours { path: source });
        }
        let source_config = config_of(&source, &at)?;
        if source_config.is_none() && !MARKS.iter().any(|mark| source.join(mark).is_dir()) {
            let hint = nested(&source, &at);
            return Err(ImportError::NotAState { path: source, hint });
        }
        let configs = config_names(&at).into_iter().map(|name| from.join(name));
        if let Some(other) = upstream::running(configs, env) {
            return Err(ImportError::Running { path: source, pid: other.pid });
        }
        let mut places = Self { source, source_config, at, real_target, old_roots: Vec::new() };
        places.old_roots = places.source_at().map_or(Vec::new(), |at| {
            // One that cannot be used names nothing that can be copied either.
            load(&at, env).map_or(Vec::new(), |loaded| old_roots(&places, &loaded.parsed))
        });
        Ok(places)
    }

    /// The source as an instance; `None` without a configuration.
    fn source_at(&self) -> Option<Locations> {
        let config_path = self.source.join(self.source_config.as_ref()?);
        Some(Locations { state_dir: self.source.clone(), config_path, ..self.at.clone() })
    }

    /// What is at the target.
    ///
    /// # Errors
    /// Data that an import would hide or overwrite.
    pub(super) fn target(&self) -> Result<Target, ImportError> {
        let target = &self.real_target;
        let files = match files_below(target) {
            Err(ImportError::Unlisted { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(Target::Missing);
            }
            files => files?,
        };
        let in_use = |found: PathBuf| ImportError::InUse { target: target.clone(), found };
        if let Some(copy) = copies::places(&self.at, &Env::default()).into_iter().find(|path| path.exists()) {
            return Err(in_use(copy));
        }
        match files.iter().find(|path| !is_leftover(path)) {
            Some(found) => Err(in_use(target.join(found))),
            None if files.is_empty() => Ok(Target::Empty),
            None => Ok(Target::Leftovers),
        }
    }
}

/// The instance under the names of this release: without a directory of its own it would be that of an earlier release,
/// which is what is copied.
fn as_this_release(at: Locations, env: &Env) -> Locations {
    let is_named =
        ["OPENCLAW_STATE_DIR", "CLAWDBOT_STATE_DIR"].iter().any(|name| env.non_blank(name).is_some());
    if is_named || !at.old_state_dirs().contains(&at.state_dir) {
        return at;
    }
    let at = Locations { state_dir: at.current_state_dir(), ..at };
    if copies::is_config_named(env) { at } else { Locations { config_path: at.current_config_path(), ..at } }
}

/// Names that a configuration has, the newest first.
fn config_names(at: &Locations) -> Vec<PathBuf> {
    let paths = std::iter::once(at.current_config_path()).chain(at.old_config_paths());
    paths.filter_map(|path| path.file_name().map(PathBuf::from)).collect()
}

fn config_of(source: &Path, at: &Locations) -> Result<Option<PathBuf>, ImportError> {
    for name in config_names(at) {
        match source.join(&name).symlink_metadata() {
            Ok(metadata) if metadata.is_file() => return Ok(Some(name)),
            // A link is what a renaming leaves behind, or leads outside; the report names it.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source_error) => {
                return Err(ImportError::NoSource { path: source.join(&name), source: source_error });
            }
        }
    }
    Ok(None)
}

/// Who names a home means the state directory in it.
fn nested(source: &Path, at: &Locations) -> String {
    let homes = Locations { home: source.to_owned(), ..at.clone() };
    let mut dirs = vec![homes.current_state_dir()];
    dirs.extend(homes.old_state_dirs());
    let found = dirs.into_iter().find(|dir| dir.is_dir());
    found.map_or(String::new(), |dir| format!("; there is one at {}", dir.display()))
}

/// A path without links, also where its end is not there yet.
fn real(path: &Path) -> PathBuf {
    let Ok(real) = path.canonicalize() else {
        return match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => real(parent).join(name),
            (Some(_) | None, _) => path.to_owned(),
        };
    };
    real
}

/// Everything below a directory that is no directory, relative to it.
fn files_below(dir: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let mut files = Vec::new();
    let mut open = vec![PathBuf::new()];
    let mut left = MAX_TARGET_ENTRIES;
    while let Some(below) = open.pop() {
        let here = dir.join(&below);
        let failed = |source| ImportError::Unlisted { path: here.clone(), source };
        for entry in std::fs::read_dir(&here).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = below.join(entry.file_name());
            left = left
                .checked_sub(1)
                .ok_or_else(|| ImportError::TooMany { path: dir.to_owned(), max: MAX_TARGET_ENTRIES })?;
            if entry.file_type().map_err(failed)?.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    Ok(files)
}

/// What a target may hold: none of it is a conversation, a note or a setting, and all of it is kept.
fn is_leftover(path: &Path) -> bool {
    let top = path.iter().next().and_then(OsStr::to_str).unwrap_or_default();
    matches!(top, "logs" | "identity" | "state") && !path.ends_with("gateway.sqlite")
        || left_out(path, Kind::File, &[]).is_some()
}

#[cfg(test)]
mod tests {
    use super::is_leftover;
    use std::path::Path;

    #[test]
    fn what_a_target_may_hold() {
        for (path, expected) in [
            ("logs/openclaw-2026-02-10.log", true),
            ("identity/device.json", true),
            ("state/gateway.lock", true),
            ("state/version.json", true),
            ("state/gateway.sqlite", false),
            ("memory/main.sqlite", true),
            ("openclaw.json.lock", true),
            ("openclaw.json", false),
            (".env", false),
            ("agents/main/sessions/sessions.json", false),
            ("workspace/MEMORY.md", false),
            ("devices/paired.json", false),
        ] {
            assert_eq!(is_leftover(Path::new(path)), expected, "{path}");
        }
    }
}
