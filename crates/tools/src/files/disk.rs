//! What the file tools share: bounds, checked names, and turns.

use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_guard::{MAX_WALK_DEPTH, PathComponent, PathComponentError, Root};

use crate::arguments::param;
use crate::error::ToolError;
use crate::spec::{Need, Param, ParamKind};

/// Largest file that is read, edited or appended to: 16 MiB, beyond which text is data.
pub(super) const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Largest text in one call: more than any model writes in one answer.
pub(super) const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;
/// The system's own bound of a path.
const MAX_PATH_BYTES: usize = 4096;
/// A NUL this early means that a file is not text; the same rule as version control uses.
const SNIFF_BYTES: usize = 8_000;

/// Lets one file be changed at a time, so that two turns that add to one note do not undo each other. One for all
/// tools of a process.
#[derive(Debug, Clone, Default)]
pub struct FileLock(Arc<Mutex<()>>);

impl FileLock {
    /// Waits for the turn; only ever called off the reactor.
    pub(super) fn hold(&self) -> MutexGuard<'_, ()> {
        // It guards no data, so a panic elsewhere leaves nothing half done in it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parameter every file tool has.
pub(super) const fn path_param() -> Param {
    Param {
        aliases: &["file_path"],
        ..param(
            "path",
            ParamKind::Text { max_bytes: MAX_PATH_BYTES },
            Need::Required,
            "File in the workspace, relative to it",
        )
    }
}

/// The bytes of a text file.
pub(super) fn read_text(root: &Root, path: &str) -> Result<Vec<u8>, ToolError> {
    let bytes = root.read_capped(Path::new(path), MAX_FILE_BYTES)?;
    if bytes.iter().take(SNIFF_BYTES).any(|&byte| byte == 0) {
        return Err(ToolError::NotText { path: path.to_owned() });
    }
    Ok(bytes)
}

/// A path that may be written: relative to the root, every name fit for every platform (S-081).
pub(super) fn writable(root: &Root, path: &str) -> Result<PathBuf, ToolError> {
    let below = root.relative(Path::new(path))?;
    let fail = |source| ToolError::Name { path: path.to_owned(), source };
    let mut named = PathBuf::new();
    for component in below.components() {
        let name = match component {
            Component::Normal(name) => name.to_string_lossy(),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => continue,
        };
        named.push(PathComponent::parse(&name).map_err(fail)?.as_str());
    }
    match named.components().count() {
        0 => Err(fail(PathComponentError::Empty)),
        1..=MAX_WALK_DEPTH => Ok(named),
        _ => Err(ToolError::TooDeep { path: path.to_owned(), max: MAX_WALK_DEPTH }),
    }
}

/// `1 line`, `2 lines`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
