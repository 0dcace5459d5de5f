//! A text that waits beside the file until a person says that its losses are meant (P-09).

use std::path::{Path, PathBuf};

use openclaw_guard::write_atomic;

use super::draft::Draft;
use super::error::EditError;
use crate::file::read_text;
use crate::last_good::{beside, real_path};

/// The waiting text.
const TEXT: &str = "staged";
/// The hash of the files that it was made for.
const BASE: &str = "staged.base";

/// What waits.
pub(super) struct Waiting {
    pub(super) text: String,
    /// What it was made for; nothing else is replaced by it.
    pub(super) base: Option<String>,
}

/// Where the text waits.
#[must_use]
pub fn staged_path(config: &Path) -> PathBuf {
    beside(&real_path(config), TEXT)
}

/// Puts the new text of the configuration file beside it, if it alone would change.
pub(super) fn put(draft: &Draft, base: Option<&str>) -> Result<Option<PathBuf>, EditError> {
    let [only] = draft.files() else { return Ok(None) };
    if only.path != draft.path() {
        return Ok(None);
    }
    let failed = |source| EditError::Write { source, written: Vec::new() };
    let real = real_path(draft.path());
    // The text comes last: without it the other file means nothing.
    write_atomic(&beside(&real, BASE), base.unwrap_or_default().as_bytes()).map_err(failed)?;
    write_atomic(&beside(&real, TEXT), only.after.as_bytes()).map_err(failed)?;
    Ok(Some(beside(&real, TEXT)))
}

/// What waits, if anything does.
pub(super) fn waiting(config: &Path) -> Result<Option<Waiting>, EditError> {
    let real = real_path(config);
    let Some(text) = read_text(&beside(&real, TEXT))? else { return Ok(None) };
    let base = read_text(&beside(&real, BASE))?.filter(|base| !base.is_empty());
    Ok(Some(Waiting { text, base }))
}

/// Forgets what waits.
pub(super) fn clear(config: &Path) {
    let real = real_path(config);
    for suffix in [TEXT, BASE] {
        // There is seldom anything; what stays by a fault is refused for its base later.
        std::fs::remove_file(beside(&real, suffix)).ok();
    }
}
