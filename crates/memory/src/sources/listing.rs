//! What was found in folders, and reading it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{EntryKind, MAX_WALK_DEPTH, RelFile, Root, RootError};

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
    /// Whether a folder tree has more entries than are looked at.
    pub(crate) is_truncated: bool,
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
            self.is_truncated = true;
            self.skip(shown, format!("only the first {MAX_ENTRIES} entries are looked at"));
        }
        if walk.too_deep {
            self.skip(shown, format!("folders more than {MAX_WALK_DEPTH} deep are not looked into"));
        }
        for link in &walk.links {
            if let Some(path) = self.shown_path(shown, link) {
                let reason = "a symbolic link, which is not followed; put the file itself here, or name its target in memorySearch.extraPaths";
                self.skip(&path, reason.into());
            }
        }
        for error in &walk.unreadable {
            self.fail_root(shown, error);
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
        let mut at = named(path).to_owned();
        if let RootError::Io { source, path: below, .. } = error {
            self.is_partial |= may_be_there(source);
            if let Some(below) = below.to_str().filter(|below| !below.is_empty()) {
                at = if path.is_empty() { below.to_owned() } else { format!("{path}/{below}") };
            }
        }
        self.skipped.push(Skipped::folder(at, error.to_string()));
    }

    pub(super) fn skip(&mut self, path: &str, reason: String) {
        self.skipped.push(Skipped::note(named(path), reason));
    }
}

fn named(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
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

    /// Its path below the folder that it was found in; empty when that is not UTF-8, which no listed one is.
    pub(crate) fn below(&self) -> &str {
        self.below.to_str().unwrap_or_default()
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
    let text = decode(&bytes).ok_or_else(|| MemoryError::NotText { path: asked.to_owned() })?;
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

/// What Windows-1252 means by 0x80 to 0x9f; the bytes above are those of Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// What somebody wrote; nothing for a picture. Bytes that are no UTF-8 are read as the letters that they are in the old
/// encoding of Western Europe, if they are as few as these are in its languages.
fn decode(bytes: &[u8]) -> Option<String> {
    let (mut text, mut old) = (String::with_capacity(bytes.len()), 0_usize);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        old += chunk.invalid().len();
        text.extend(chunk.invalid().iter().map(|&byte| match byte {
            0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
            _ => char::from(byte),
        }));
    }
    // `old` counts bytes and is compared with characters: whatever is UTF-8 has no more of these than bytes.
    let is_text = !bytes.contains(&0) && old * 4 <= text.chars().count();
    is_text.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Listing, decode};
    use crate::backend::Skipped;
    use openclaw_guard::RootError;
    use std::io;
    use std::path::PathBuf;

    #[test]
    fn a_folder_that_cannot_be_listed_is_named_and_only_a_fault_of_the_disk_keeps_what_was_in_it() {
        let rows = [
            ("", "memory", io::ErrorKind::PermissionDenied, "memory", false),
            ("../notes", "deep", io::ErrorKind::PermissionDenied, "../notes/deep", false),
            ("", "", io::ErrorKind::Other, ".", true),
        ];
        for (shown, below, kind, at, is_partial) in rows {
            let (path, source) = (PathBuf::from(below), io::Error::from(kind));
            let mut listing = Listing::default();
            listing.fail_root(shown, &RootError::Io { path, action: "list", source });
            let [Skipped { path, is_folder: true, .. }] = listing.skipped.as_slice() else {
                panic!("{:?}", listing.skipped);
            };
            assert_eq!((path.as_str(), listing.is_partial), (at, is_partial));
        }
    }

    #[test]
    fn old_letters_are_read_and_what_is_no_text_is_not() {
        let rows: [(&[u8], Option<&str>); 10] = [
            ("Der Käse für 4 €".as_bytes(), Some("Der Käse für 4 €")),
            (
                b"Der K\xe4se kostet am Freitag auf dem Markt nur noch 4 \x80 das St\xfcck",
                Some("Der Käse kostet am Freitag auf dem Markt nur noch 4 € das Stück"),
            ),
            (
                b"It\x92s \x93here\x94 \x96 by the door of the shed behind the house",
                Some("It’s “here” – by the door of the shed behind the house"),
            ),
            // Half of a file in each.
            (
                b"Der K\xe4se und der K\xc3\xa4se sind im K\xfchlschrank",
                Some("Der Käse und der Käse sind im Kühlschrank"),
            ),
            (b"\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0", None),
            (b"\x89PNG\r\n\x1a\n\0\0\0", None),
            (b"a\0b", None),
            (b"le caf\xe9\n", Some("le café\n")),
            (b"- caf\xe9\n- Stra\xdfe \xc4rger \xd6l\n", Some("- café\n- Straße Ärger Öl\n")),
            (b"", Some("")),
        ];
        for (bytes, expected) in rows {
            assert_eq!(decode(bytes).as_deref(), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
