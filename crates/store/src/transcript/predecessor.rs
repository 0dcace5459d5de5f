//! Walking back: a conversation that was begun anew names the one before it.

use std::path::Path;

use openclaw_guard::{FileError, Root};

use super::content::first_line;
use super::line::{Line, payload};
use crate::{SessionId, StoreError};

/// The session that the header of a transcript names as the one before it; only the beginning of the file is read.
///
/// Upstream writes the path of a file, which may be that of another machine; a bare id is taken too. Only the file's name
/// counts, so the answer is always a session of the same folder, which may be gone. A session never names itself, but a
/// caller that walks on must expect a circle in files that somebody has edited.
///
/// # Errors
/// When the file cannot be read.
pub fn predecessor_of(path: &Path) -> Result<Option<SessionId>, StoreError> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(FileError::new("read", path, std::io::ErrorKind::InvalidInput.into()).into());
    };
    let file = Root::open(dir)?.open_read(Path::new(name))?;
    let head = file
        .metadata()
        .and_then(|metadata| first_line(&file, metadata.len()))
        .map_err(|source| FileError::new("read", path, source))?;
    let Some(header) = Line::parse(&head).filter(|line| line.kind == "session") else { return Ok(None) };
    let named = payload::<String>(header.parent_session).and_then(|text| session_of(&text));
    Ok(named.filter(|id| Some(id) != session_of(&name.to_string_lossy()).as_ref()))
}

/// The id in `<id>`, `<id>.jsonl` or an archived form of that, after any directories of either system.
fn session_of(text: &str) -> Option<SessionId> {
    let name = text.rsplit(['/', '\\']).next()?;
    let stem = name.split_once(".jsonl").map_or(name, |(stem, _)| stem);
    SessionId::parse(stem).ok()
}
