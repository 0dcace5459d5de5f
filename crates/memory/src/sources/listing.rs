//! What was found in folders, and reading it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{EntryKind, RelFile, Root, RootError};

use super::notes::Unlisted;
use super::transcripts::Reader;
use crate::backend::{MAX_NOTE_BYTES, Skipped};
use crate::error::MemoryError;

/// Directory entries looked at in one folder tree: a memory of fifty years has 20,000 days.
const MAX_ENTRIES: usize = 50_000;

/// A note or a transcript on the disk.
pub(crate) struct Note {
    /// As results show it.
    pub(crate) path: String,
    root: Arc<Root>,
    below: PathBuf,
    /// Bytes of the file; of a note at most [`MAX_NOTE_BYTES`].
    pub(crate) size: u32,
    pub(crate) mtime_ms: i64,
    /// Who makes text of a transcript.
    reader: Option<Arc<Reader>>,
}

/// What a file says.
pub(crate) struct Text {
    /// Line ends are `\n`.
    pub(crate) text: String,
    /// Whether older parts are left out.
    pub(crate) is_cut: bool,
}

/// All files of a source, and what could not be listed.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) notes: Vec<Note>,
    pub(crate) skipped: Vec<Skipped>,
    /// Whether the system failed to list something that may well be there: what is missing here is not gone.
    pub(crate) is_partial: bool,
}

impl Listing {
    pub(super) fn add(&mut self, root: &Arc<Root>, shown: &str, accept: impl Fn(&Path, EntryKind) -> bool) {
        for file in self.walk(root, shown, accept) {
            let Some(path) = self.shown_path(shown, &file.path) else { continue };
            if file.size > MAX_NOTE_BYTES {
                self.skip(&path, format!("larger than {MAX_NOTE_BYTES} bytes; split it"));
                continue;
            }
            self.notes.push(Note::new(path, root, file));
        }
    }

    /// Adds the transcripts right in a folder.
    pub(super) fn add_transcripts(&mut self, root: &Arc<Root>, shown: &str, reader: &Arc<Reader>) {
        let accept = |path: &Path, kind: EntryKind| match kind {
            EntryKind::Directory => false,
            EntryKind::File => super::transcripts::is_transcript(path),
        };
        for file in self.walk(root, shown, accept) {
            let Some(path) = self.shown_path(shown, &file.path) else { continue };
            let reader = Some(Arc::clone(reader));
            self.notes.push(Note { reader, ..Note::new(path, root, file) });
        }
    }

    fn walk(&mut self, root: &Root, shown: &str, accept: impl Fn(&Path, EntryKind) -> bool) -> Vec<RelFile> {
        let walk = match root.walk(Path::new(""), accept, MAX_ENTRIES) {
            Ok(walk) => walk,
            Err(error) => {
                self.fail_root(shown, &error);
                return Vec::new();
            }
        };
        if walk.truncated {
            self.skip(shown, format!("only the first {MAX_ENTRIES} entries are looked at"));
        }
        for link in &walk.links {
            if let Some(path) = self.shown_path(shown, link) {
                let reason = "a symbolic link, which is not followed; put the file itself here, or name its target in memorySearch.extraPaths";
                self.skip(&path, reason.into());
            }
        }
        for error in &walk.unreadable {
            let path = self.shown_path(shown, error.path());
            self.fail_root(path.as_deref().unwrap_or(shown), error);
        }
        walk.files
    }

    fn shown_path(&mut self, shown: &str, below: &Path) -> Option<String> {
        match below.to_str() {
            Some(below) if shown.is_empty() => Some(below.to_owned()),
            Some(below) => Some(format!("{shown}/{below}")),
            None => {
                self.skip(&below.to_string_lossy(), "the name is not UTF-8".into());
                None
            }
        }
    }

    /// Notes that an extra path has no notes now.
    pub(super) fn fail(&mut self, path: &str, error: &Unlisted) {
        match error {
            Unlisted::Missing(source) => self.is_partial |= may_be_there(source),
            Unlisted::Root(RootError::Io { source, .. }) => self.is_partial |= may_be_there(source),
            Unlisted::Root(_) | Unlisted::Link | Unlisted::NotNotes => {}
        }
        self.skip(path, error.to_string());
    }

    pub(super) fn fail_root(&mut self, path: &str, error: &RootError) {
        if let RootError::Io { source, .. } = error {
            self.is_partial |= may_be_there(source);
        }
        self.skip(path, error.to_string());
    }

    pub(super) fn skip(&mut self, path: &str, reason: String) {
        let path = if path.is_empty() { "." } else { path };
        self.skipped.push(Skipped { path: path.to_owned(), reason });
    }
}

/// Whether a fault says nothing about what is on the disk: too many open files, a bad block. What its owner forbids to
/// read is not to be found any more, however.
fn may_be_there(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    !matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

impl Note {
    fn new(path: String, root: &Arc<Root>, file: RelFile) -> Self {
        let size = u32::try_from(file.size).unwrap_or(u32::MAX);
        let root = Arc::clone(root);
        Self { path, root, below: file.path, size, mtime_ms: file.mtime_ms, reader: None }
    }

    pub(crate) fn text(&self) -> Result<Text, MemoryError> {
        match &self.reader {
            Some(reader) => reader.read(&self.root, &self.below, &self.path),
            None => Ok(Text { text: read_file(&self.root, &self.below, &self.path)?, is_cut: false }),
        }
    }

    /// Opens the file, with all checks.
    pub(crate) fn open(&self) -> Result<File, MemoryError> {
        open_file(&self.root, &self.below, &self.path)
    }
}

pub(super) fn open_file(root: &Root, below: &Path, asked: &str) -> Result<File, MemoryError> {
    let file = root.open_read(below)?;
    if is_foreign_link(root, &file) {
        return Err(MemoryError::ForeignLink { path: asked.to_owned() });
    }
    Ok(file)
}

pub(super) fn read_file(root: &Root, below: &Path, asked: &str) -> Result<String, MemoryError> {
    let file = open_file(root, below, asked)?;
    let mut bytes = Vec::new();
    file.take(MAX_NOTE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(asked, error))?;
    if bytes.len() as u64 > MAX_NOTE_BYTES {
        return Err(RootError::TooLarge { path: asked.into(), max_bytes: MAX_NOTE_BYTES }.into());
    }
    let text = String::from_utf8_lossy(&bytes);
    if !is_text(&text) {
        return Err(MemoryError::NotText { path: asked.to_owned() });
    }
    // The mark that some editors begin a file with is no part of its first line.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.replace("\r\n", "\n"))
}

pub(super) fn unreadable(asked: &str, source: io::Error) -> MemoryError {
    RootError::Io { path: asked.into(), action: "read", source }.into()
}

/// A file with several names that does not belong to the owner of the folder: a second name for somebody's secret.
/// When the owner cannot be found out, the answer is yes.
fn is_foreign_link(root: &Root, file: &File) -> bool {
    let (Ok(file), Ok(root)) = (file.metadata(), std::fs::metadata(root.path())) else { return true };
    file.nlink() > 1 && file.uid() != root.uid()
}

/// Whether somebody wrote it: an old encoding of a few letters is read as far as it goes, a picture is not.
fn is_text(text: &str) -> bool {
    let (mut all, mut broken) = (0_usize, 0_usize);
    for character in text.chars() {
        all += 1;
        broken += usize::from(character == char::REPLACEMENT_CHARACTER);
        if character == '\0' {
            return false;
        }
    }
    broken * 10 <= all
}
