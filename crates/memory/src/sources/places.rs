//! Where a watcher has to look.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{EntryKind, Root};

use crate::backend::Source;

/// A folder that is watched.
#[derive(Clone)]
pub(crate) struct Place {
    /// A folder that the owner chose. It is no link itself.
    pub(crate) top: PathBuf,
    /// The handle through which it is read, where that is kept open: what the name leads to may come to be another folder.
    pub(crate) root: Option<Arc<Root>>,
    /// Where to begin below it. If nothing is there, the place of `top` alone tells when that changes.
    pub(crate) start: PathBuf,
    /// What lies there.
    pub(crate) source: Source,
    pub(crate) wanted: Wanted,
}

/// What matters in a watched folder.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    /// Entries of these names, and nothing deeper.
    Here(fn(&str) -> bool),
    /// Files and folders like these, however deep.
    Below(fn(&Path, EntryKind) -> bool),
}
