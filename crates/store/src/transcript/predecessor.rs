//! Walking back: a conversation that was begun anew names the one before it.

use std::borrow::Cow;
use std::path::Path;

use openclaw_guard::{FileError, Root};
use serde::Deserialize;

use super::content::header_of;
use crate::{SessionId, StoreError};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    #[serde(borrow)]
    parent_session: Option<Cow<'a, str>>,
}

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
        .and_then(|metadata| header_of(&file, metadata.len()))
        .map_err(|source| FileError::new("read", path, source))?;
    let header: Option<Header<'_>> = head.as_deref().and_then(|head| serde_json::from_slice(head).ok());
    let parent = header.and_then(|header| header.parent_session);
    let named = parent.and_then(|text| SessionId::of_transcript_path(&text));
    Ok(named.filter(|id| Some(id) != SessionId::of_transcript_path(&name.to_string_lossy()).as_ref()))
}
