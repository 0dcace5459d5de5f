//! Reading what is recorded of a session, also while a gateway writes it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use openclaw_guard::{Root, RootError};
use openclaw_models::replay::{Exchange, Remark, read};
use openclaw_store::SessionId;

use super::{file_name, older_name};

/// Largest file that is read, in bytes: twice what the configuration can ask for.
const MAX_READ_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// How often the files are opened again because one became the other meanwhile. A gateway fills none so fast.
const MAX_TRIES: usize = 16;

/// What is recorded of a session.
#[derive(Debug, Default)]
pub struct SessionRecording {
    /// The files that were read, the older one first.
    pub files: Vec<PathBuf>,
    /// The calls, oldest first.
    pub exchanges: Vec<Exchange>,
    /// What could not be read: the file, and why.
    pub remarks: Vec<(PathBuf, Remark)>,
    /// What is behind the last call.
    pub rest: Rest,
}

/// What is behind the last call of a recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    #[default]
    Nothing,
    /// A line that ends in the middle.
    Torn,
    /// Lines that cannot be read.
    Unreadable,
}

impl SessionRecording {
    /// Whether everything that was written is there, but for what was put aside long ago and a last line that was cut off.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rest != Rest::Unreadable && self.exchanges.iter().all(|exchange| exchange.lost == 0)
    }
}

/// Reads what is recorded of a session; nothing when there is no file.
///
/// # Errors
/// A file is there and cannot be read.
pub fn read_session(folder: &Path, session: &SessionId) -> Result<SessionRecording, RootError> {
    if !folder.is_dir() {
        return Ok(SessionRecording::default());
    }
    let root = Root::open(folder)?;
    let mut all = SessionRecording::default();
    let mut lost = 0;
    for (name, file) in open_both(&root, session, || {})? {
        let bytes = bytes_of(&name, file)?;
        let recording = read(&bytes);
        let path = folder.join(&name);
        let begin = all.exchanges.len();
        all.exchanges.extend(recording.exchanges);
        if let Some(first) = all.exchanges.get_mut(begin) {
            first.lost = first.lost.saturating_add(std::mem::take(&mut lost));
        }
        lost = lost.saturating_add(recording.lost_after);
        all.rest = match (lost, recording.remarks.last()) {
            (0, _) => Rest::Nothing,
            (1, Some(Remark::Torn { .. })) => Rest::Torn,
            (_, _) => Rest::Unreadable,
        };
        all.remarks.extend(recording.remarks.into_iter().map(|remark| (path.clone(), remark)));
        all.files.push(path);
    }
    Ok(all)
}

/// Opens the files of a session, the older one first, as they are at one moment: the newer one may become the older one at
/// any time. `between` happens between the two.
pub(super) fn open_both(
    root: &Root,
    session: &SessionId,
    mut between: impl FnMut(),
) -> Result<Vec<(PathBuf, File)>, RootError> {
    let (older, newer) = (older_name(session), file_name(session));
    let mut opened = Vec::new();
    for _ in 0..MAX_TRIES {
        opened = vec![(older.clone(), open(root, &older)?)];
        between();
        opened.push((newer.clone(), open(root, &newer)?));
        let again = open(root, &older)?;
        if opened.first().is_some_and(|(_, file)| identity(file.as_ref()) == identity(again.as_ref())) {
            break;
        }
    }
    Ok(opened.into_iter().filter_map(|(name, file)| Some((name, file?))).collect())
}

fn open(root: &Root, name: &Path) -> Result<Option<File>, RootError> {
    match root.open_read(name) {
        Ok(file) => Ok(Some(file)),
        Err(RootError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What tells a file from any other.
fn identity(file: Option<&File>) -> Option<(u64, u64)> {
    let meta = file?.metadata().ok()?;
    Some((meta.dev(), meta.ino()))
}

fn bytes_of(name: &Path, file: File) -> Result<Vec<u8>, RootError> {
    let failed = |source: io::Error| RootError::Io { path: name.to_owned(), action: "read", source };
    let mut bytes = Vec::new();
    file.take(MAX_READ_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_READ_BYTES {
        return Err(RootError::TooLarge { path: name.to_owned(), max_bytes: MAX_READ_BYTES });
    }
    Ok(bytes)
}
