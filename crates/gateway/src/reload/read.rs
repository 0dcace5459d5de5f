//! Reading the configuration again, with everything needed to judge it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_config::{
    ConfigError, IncludeFault, Loaded, ProblemKind, last_good, last_good_path, load_files,
};

use super::watch::Mark;
use crate::core::Core;

/// What is on the disk.
pub(super) struct Found {
    pub(super) loaded: Result<Arc<Loaded>, ConfigError>,
    /// Every file that matters for it, in a stable order.
    pub(super) files: Vec<PathBuf>,
    pub(super) last_good: LastGood,
}

/// The last good copy.
pub(super) struct LastGood {
    /// Of the file as it was before its text was read.
    pub(super) mark: Option<Mark>,
    pub(super) text: Option<String>,
}

impl LastGood {
    /// Reads the copy of a configuration file.
    pub(super) fn of(config: &Path) -> Self {
        let mark = Mark::of(&last_good_path(config));
        Self { mark, text: last_good(config) }
    }
}

impl Found {
    /// Reads the files, on a blocking thread.
    pub(super) async fn read(core: &Arc<Core>) -> Option<Self> {
        let core = Arc::clone(core);
        // A panic was logged by the task; the next change tries again.
        tokio::task::spawn_blocking(move || Self::read_now(&core)).await.ok()
    }

    fn read_now(core: &Core) -> Self {
        let at = &core.locations;
        let (read, loaded) = load_files(at, core.reload.env());
        let mut files = always_watched(core);
        let missing = loaded.as_ref().err().into_iter().flat_map(missing_files);
        for file in read.into_iter().chain(missing) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        Self { loaded: loaded.map(Arc::new), files, last_good: LastGood::of(&at.config_path) }
    }

    /// Whether it looks like a file in the middle of being written: gone, empty, or cut off.
    pub(super) fn looks_unfinished(&self, running: &Loaded) -> bool {
        match &self.loaded {
            Ok(loaded) => running.exists && !loaded.exists,
            Err(ConfigError::Unreadable { .. }) => false,
            Err(ConfigError::Invalid { problems, .. }) => problems.iter().any(|problem| {
                matches!(
                    problem.kind,
                    ProblemKind::EmptyFile
                        | ProblemKind::NoValue
                        | ProblemKind::Syntax(_)
                        | ProblemKind::NotUtf8
                        | ProblemKind::Include(IncludeFault::Missing { .. })
                )
            }),
        }
    }
}

/// Files that are watched whatever the configuration says.
pub(super) fn always_watched(core: &Core) -> Vec<PathBuf> {
    let config = &core.locations.config_path;
    vec![config.clone(), core.locations.state_dir.join(".env"), last_good_path(config)]
}

/// Files that a refused configuration asks for and that are not there: they may come.
fn missing_files(error: &ConfigError) -> impl Iterator<Item = PathBuf> + '_ {
    error.problems().iter().filter_map(|problem| {
        let ProblemKind::Include(IncludeFault::Missing { path }) = &problem.kind else { return None };
        Some(path.clone())
    })
}
