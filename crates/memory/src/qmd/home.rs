//! The folder of `qmd` for one agent.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use openclaw_guard::{create_private_dir, write_atomic};
use serde::{Deserialize, Serialize};

use super::error::QmdError;
use super::locate;
use super::options::{Collection, QmdOptions};
use super::process::{cache_home, config_home};

/// Which collections were added, beside the program's own settings, which no command shows whole.
const RECORD: &str = "collections.json";

/// A collection that was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Added {
    pub(super) name: String,
    path: String,
    pattern: String,
}

impl Added {
    pub(super) fn of(collection: &Collection) -> Self {
        Self {
            name: collection.name.clone(),
            path: collection.path.to_string_lossy().into_owned(),
            pattern: collection.pattern.clone(),
        }
    }

    /// What is known of it is not true any more: it is to be added again.
    pub(super) fn forget(&mut self) {
        self.path.clear();
    }
}

/// Makes the folders, and links the models that all agents share, so that each does not download 2 GB of its own.
pub(super) fn prepare(options: &QmdOptions) -> Result<(), QmdError> {
    create_private_dir(&config_home(&options.home))?;
    let cache = cache_home(&options.home).join("qmd");
    create_private_dir(&cache)?;
    set_damaged_aside(&options.index())?;
    let Some(shared) = options.models.as_ref().filter(|shared| shared.is_dir()) else { return Ok(()) };
    let link = cache.join("models");
    match symlink(shared, &link) {
        // The agent's own models, or the link of last time.
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            Err(QmdError::Home { action: "link the models to", path: link, source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Puts an index aside that no program can read any more. It is derived, and the next update makes another.
fn set_damaged_aside(index: &Path) -> Result<(), QmdError> {
    if !locate::is_damaged(index) {
        return Ok(());
    }
    for tail in ["", "-wal", "-shm"] {
        let mut path = index.as_os_str().to_owned();
        path.push(tail);
        let mut aside = index.as_os_str().to_owned();
        aside.push(format!(".damaged{tail}"));
        let path = PathBuf::from(path);
        match std::fs::rename(&path, aside) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(QmdError::Home { action: "put aside", path, source });
            }
            Ok(()) | Err(_) => {}
        }
    }
    tracing::warn!(index = %index.display(), "the index of qmd was damaged and is made anew");
    Ok(())
}

/// Whether what is wanted was added earlier, so that a search need not wait for it.
pub(super) fn is_ready(options: &QmdOptions) -> bool {
    let added = added(options);
    let is_settled =
        |collection: &Collection| added.contains(&Added::of(collection)) || !collection.path.is_dir();
    !added.is_empty() && options.index().is_file() && options.collections.iter().all(is_settled)
}

/// What was added; nothing when that is not known.
pub(super) fn added(options: &QmdOptions) -> Vec<Added> {
    let bytes = std::fs::read(options.home.join(RECORD)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Notes what was added.
pub(super) fn note(options: &QmdOptions, added: &[Added]) -> Result<(), QmdError> {
    let path = options.home.join(RECORD);
    let bytes = serde_json::to_vec(added).map_err(|error| QmdError::Home {
        action: "write",
        path: path.clone(),
        source: error.into(),
    })?;
    Ok(write_atomic(&path, &bytes)?)
}
