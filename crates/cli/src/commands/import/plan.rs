//! What would be copied: every file with its size, and what stays behind.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openclaw_config::{Env, Loaded, Locations, load};

use super::config::below_source;
use super::error::ImportError;
use super::judge::{Kind, Why, is_in_workspace, left_out};
use super::places::Places;
use crate::agents;
use crate::instance::Instance;
use crate::space::{self, bytes_words};

/// Files of one import: each is remembered with its name, some hundred bytes.
const MAX_FILES: usize = 1_000_000;
/// Room that must be left when everything is copied.
const SPARE_BYTES: u64 = 20 * 1024 * 1024;
/// The owner's permission to run a file.
const EXECUTABLE: u32 = 0o100;

/// A file that is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Relative to the source.
    pub(super) path: PathBuf,
    /// Relative to the target.
    pub(super) to: PathBuf,
    pub(super) bytes: u64,
    pub(super) modified: SystemTime,
    pub(super) access: Access,
}

/// What the owner may do with a copy; nobody else may do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Read and write: 0600.
    ReadWrite,
    /// Run it, too: 0700. Only in folders of notes and skills, where scripts are.
    Run,
}

/// Something that is not copied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Left {
    /// Relative to the source.
    pub(super) path: PathBuf,
    pub(super) why: Why,
}

/// The folder of notes of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Workspace {
    pub(super) agent: String,
    pub(super) path: PathBuf,
}

/// What an import does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// By path.
    pub(super) items: Vec<Item>,
    /// By path.
    pub(super) left: Vec<Left>,
    /// Folders of notes outside the source, which stay where they are.
    pub(super) outside: Vec<Workspace>,
}

impl Plan {
    /// Looks at the source; touches nothing.
    ///
    /// # Errors
    /// Something cannot be looked at: what is not seen would be missing.
    pub(super) fn make(places: &Places, env: &Env) -> Result<Self, ImportError> {
        let workspaces = workspaces(places, env);
        let inside: Vec<&Path> =
            workspaces.iter().filter_map(|work| work.path.strip_prefix(&places.source).ok()).collect();
        let mut plan = Self { items: Vec::new(), left: Vec::new(), outside: Vec::new() };
        plan.walk(places, &inside)?;
        plan.items.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        plan.left.sort_unstable();
        // What leads into the source, also under its old name, leads into the copy afterwards.
        plan.outside =
            workspaces.into_iter().filter(|work| below_source(places, &work.path).is_none()).collect();
        Ok(plan)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.items.iter().map(|item| item.bytes).sum()
    }

    /// Whether the disk of the target has room.
    ///
    /// # Errors
    /// It has not.
    pub(super) fn fits(&self, places: &Places) -> Result<(), ImportError> {
        let needed = self.bytes().saturating_add(SPARE_BYTES);
        // A file system that does not say how much it has left says so when it is full.
        match space::free_bytes(&places.real_target) {
            Some(free) if free < needed => Err(ImportError::NoRoom {
                path: places.real_target.clone(),
                needed: bytes_words(needed),
                free: bytes_words(free),
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn walk(&mut self, places: &Places, workspaces: &[&Path]) -> Result<(), ImportError> {
        let mut open = vec![PathBuf::new()];
        while let Some(below) = open.pop() {
            let here = places.source.join(&below);
            let failed = |source| ImportError::Unlisted { path: here.clone(), source };
            for entry in std::fs::read_dir(&here).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let path = below.join(entry.file_name());
                let kind = entry.file_type().map_err(failed)?;
                let kind = if kind.is_symlink() {
                    Err(Why::Link)
                } else if kind.is_dir() {
                    Ok(Kind::Directory)
                } else if kind.is_file() {
                    Ok(Kind::File)
                } else {
                    Err(Why::Special)
                };
                match kind.and_then(|kind| judge(&path, kind, places, workspaces).map(|()| kind)) {
                    Err(why) => self.left.push(Left { path, why }),
                    Ok(Kind::Directory) => open.push(path),
                    Ok(Kind::File) => {
                        self.add(path, &entry.metadata().map_err(failed)?, places, workspaces)?
                    }
                }
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        path: PathBuf,
        metadata: &std::fs::Metadata,
        places: &Places,
        workspaces: &[&Path],
    ) -> Result<(), ImportError> {
        if self.items.len() == MAX_FILES {
            return Err(ImportError::TooMany { path: places.source.clone(), max: MAX_FILES });
        }
        let failed = |source| ImportError::Unlisted { path: path.clone(), source };
        let modified = metadata.modified().map_err(failed)?;
        let runs = metadata.mode() & EXECUTABLE != 0 && is_in_workspace(&path, workspaces);
        let is_config = places.source_config.as_ref() == Some(&path);
        let to = places.at.current_config_path();
        let to = to.file_name().filter(|_| is_config).map_or_else(|| path.clone(), PathBuf::from);
        let access = if runs { Access::Run } else { Access::ReadWrite };
        self.items.push(Item { to, bytes: metadata.len(), modified, access, path });
        Ok(())
    }
}

fn judge(path: &Path, kind: Kind, places: &Places, workspaces: &[&Path]) -> Result<(), Why> {
    if let Some(why) = left_out(path, kind, workspaces) {
        return Err(why);
    }
    let is_a_config = kind == Kind::File
        && places.at.old_config_paths().iter().any(|old| old.file_name() == Some(path.as_os_str()));
    if is_a_config && places.source_config.as_deref() != Some(path) {
        return Err(Why::UnusedConfig);
    }
    Ok(())
}

/// The folders of notes that the configuration names; one that is wrong names none.
fn workspaces(places: &Places, env: &Env) -> Vec<Workspace> {
    let Some(config) = &places.source_config else { return Vec::new() };
    let at = Locations {
        state_dir: places.source.clone(),
        config_path: places.source.join(config),
        ..places.at.clone()
    };
    let loaded = load(&at, env).unwrap_or_else(|_| Loaded::defaults(at.config_path.clone(), env.clone()));
    let agents = agents::all(&Instance { at, loaded });
    let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
    agents.into_iter().map(|agent| Workspace { agent: agent.id, path: real(agent.workspace) }).collect()
}
