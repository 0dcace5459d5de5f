//! Which files are memory, and reading them.
//!
//! `MEMORY.md`, `memory.md`, every `.md` file under `memory/`, and the extra paths of the configuration. Symbolic
//! links are passed over; every file is opened through a [`Root`].

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{EntryKind, Root, RootError};

use crate::backend::{MAX_NOTE_BYTES, Skipped, Source};
use crate::error::MemoryError;

/// Directory entries looked at in one folder tree: a memory of fifty years has 20,000 days.
const MAX_ENTRIES: usize = 50_000;
/// The folder of daily notes.
const DAILY_DIR: &str = "memory";
/// The curated note, in both spellings.
const CURATED: [&str; 2] = ["MEMORY.md", "memory.md"];

/// Where notes come from.
pub(crate) struct Sources {
    workspace: Arc<Root>,
    extra: Vec<Extra>,
}

/// One of the extra paths.
struct Extra {
    /// Absolute, without `.` and `..`.
    target: PathBuf,
    /// How its notes are called: the path from the workspace.
    shown: String,
}

/// A note on the disk.
pub(crate) struct Note {
    /// As results show it.
    pub(crate) path: String,
    root: Arc<Root>,
    below: PathBuf,
    /// Bytes, at most [`MAX_NOTE_BYTES`].
    pub(crate) size: u32,
    pub(crate) mtime_ms: i64,
}

/// All notes, and what could not be listed.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) notes: Vec<Note>,
    pub(crate) skipped: Vec<Skipped>,
}

impl Sources {
    /// `extra` are files or folders, absolute or relative to the workspace.
    pub(crate) fn new(workspace: Arc<Root>, extra: &[PathBuf]) -> Self {
        let base = without_dots(workspace.path());
        let extra = extra.iter().map(|path| {
            let target = without_dots(&base.join(path));
            Extra { shown: path_from(&base, &target), target }
        });
        Self { extra: extra.collect(), workspace }
    }

    /// Everything there is of a source, by path, each once.
    pub(crate) fn list(&self, source: Source) -> Listing {
        match source {
            Source::Memory => self.notes(),
            Source::Sessions => Listing::default(),
        }
    }

    fn notes(&self) -> Listing {
        let mut listing = Listing::default();
        listing.add(&self.workspace, "", "", is_workspace_memory);
        for extra in &self.extra {
            if let Err(unlisted) = extra.list(&mut listing) {
                listing.skip(&extra.shown, unlisted.to_string());
            }
        }
        listing.notes.sort_by(|a, b| a.path.cmp(&b.path));
        listing.notes.dedup_by(|a, b| a.path == b.path);
        listing
    }

    /// The text of one note, asked for by a path somebody else chose (S-082).
    pub(crate) fn read(&self, asked: &str) -> Result<String, MemoryError> {
        let path = Path::new(asked);
        if let Ok(below) = self.workspace.relative(path)
            && is_workspace_memory(&below, EntryKind::File)
        {
            return read_note(&self.workspace, &below, asked);
        }
        for extra in &self.extra {
            let target = without_dots(&self.workspace.path().join(path));
            if !is_markdown(&target) || !target.starts_with(&extra.target) {
                continue;
            }
            let (root, below) = if target == extra.target {
                (extra.parent()?, PathBuf::from(target.file_name().unwrap_or_default()))
            } else {
                (Root::open(&extra.target)?, target.strip_prefix(&extra.target).unwrap_or(&target).into())
            };
            return read_note(&root, &below, asked);
        }
        Err(MemoryError::NotMemory { path: asked.to_owned() })
    }
}

/// Why an extra path has no notes.
#[derive(Debug, thiserror::Error)]
enum Unlisted {
    #[error("extra path: {0}")]
    Missing(#[from] std::io::Error),
    #[error("extra path is a symbolic link, which is not followed; name its target")]
    Link,
    #[error("extra path is neither a folder nor a .md file")]
    NotNotes,
    #[error(transparent)]
    Root(#[from] RootError),
}

impl Extra {
    /// Adds the notes of this path.
    fn list(&self, listing: &mut Listing) -> Result<(), Unlisted> {
        let kind = std::fs::symlink_metadata(&self.target)?.file_type();
        if kind.is_symlink() {
            return Err(Unlisted::Link);
        }
        if kind.is_dir() {
            let root = Arc::new(Root::open(&self.target)?);
            listing.add(&root, "", &self.shown, |path, kind| match kind {
                EntryKind::Directory => true,
                EntryKind::File => is_markdown(path),
            });
            return Ok(());
        }
        if !kind.is_file() || !is_markdown(&self.target) {
            return Err(Unlisted::NotNotes);
        }
        let name = PathBuf::from(self.target.file_name().unwrap_or_default());
        let parent = Arc::new(self.parent()?);
        let shown_dir = self.shown.rsplit_once('/').map_or("", |(dir, _)| dir);
        listing.add(&parent, "", shown_dir, |path, kind| kind == EntryKind::File && path == name);
        Ok(())
    }

    fn parent(&self) -> Result<Root, RootError> {
        Root::open(self.target.parent().unwrap_or(&self.target))
    }
}

impl Listing {
    fn add(&mut self, root: &Arc<Root>, start: &str, shown: &str, accept: impl Fn(&Path, EntryKind) -> bool) {
        let walk = match root.walk(Path::new(start), accept, MAX_ENTRIES) {
            Ok(walk) => walk,
            Err(error) => return self.skip(shown, error.to_string()),
        };
        if walk.truncated {
            self.skip(shown, format!("only the first {MAX_ENTRIES} entries are looked at"));
        }
        for error in walk.unreadable {
            self.skip(shown, error.to_string());
        }
        for file in walk.files {
            let Some(below) = file.path.to_str() else {
                self.skip(&file.path.to_string_lossy(), "the name is not UTF-8".into());
                continue;
            };
            let path = if shown.is_empty() { below.to_owned() } else { format!("{shown}/{below}") };
            if file.size > MAX_NOTE_BYTES {
                self.skip(&path, format!("larger than {MAX_NOTE_BYTES} bytes; split it"));
                continue;
            }
            let size = u32::try_from(file.size).unwrap_or(u32::MAX);
            let root = Arc::clone(root);
            self.notes.push(Note { path, root, below: file.path, size, mtime_ms: file.mtime_ms });
        }
    }

    fn skip(&mut self, path: &str, reason: String) {
        let path = if path.is_empty() { "." } else { path };
        self.skipped.push(Skipped { path: path.to_owned(), reason });
    }
}

impl Note {
    /// The text, with line ends made `\n`.
    pub(crate) fn text(&self) -> Result<String, MemoryError> {
        read_note(&self.root, &self.below, &self.path)
    }
}

/// Whether a path relative to the workspace is memory, or a folder that may hold some.
fn is_workspace_memory(below: &Path, kind: EntryKind) -> bool {
    match kind {
        EntryKind::Directory => below.starts_with(DAILY_DIR),
        EntryKind::File => {
            CURATED.iter().any(|name| below == Path::new(name))
                || (below.starts_with(DAILY_DIR) && is_markdown(below))
        }
    }
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}

fn read_note(root: &Root, below: &Path, asked: &str) -> Result<String, MemoryError> {
    let file = root.open_read(below)?;
    if is_foreign_link(root, &file) {
        return Err(MemoryError::ForeignLink { path: asked.to_owned() });
    }
    let mut bytes = Vec::new();
    let read = file.take(MAX_NOTE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| RootError::Io { path: asked.into(), action: "read", source })?;
    if bytes.len() as u64 > MAX_NOTE_BYTES {
        return Err(RootError::TooLarge { path: asked.into(), max_bytes: MAX_NOTE_BYTES }.into());
    }
    Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
}

/// A file with several names that does not belong to the owner of the folder: a second name for somebody's secret.
/// When the owner cannot be found out, the answer is yes.
fn is_foreign_link(root: &Root, file: &File) -> bool {
    let (Ok(file), Ok(root)) = (file.metadata(), std::fs::metadata(root.path())) else { return true };
    file.nlink() > 1 && file.uid() != root.uid()
}

/// Resolves `.` and `..` by text alone, as the configuration means them.
fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => clean.push(component),
        }
    }
    clean
}

/// How to get from one directory to a path, with forward slashes.
fn path_from(base: &Path, target: &Path) -> String {
    let common = base.components().zip(target.components()).take_while(|(a, b)| a == b).count();
    let up = base.components().skip(common).map(|_| "..".into());
    let down = target.components().skip(common).map(|part| part.as_os_str().to_string_lossy());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::{path_from, without_dots};
    use std::path::Path;

    #[test]
    fn paths_from_the_workspace() {
        let rows = [
            ("/home/a/ws", "/home/a/ws/docs", "docs"),
            ("/home/a/ws", "/home/a/notes/x.md", "../notes/x.md"),
            ("/home/a/ws", "/srv", "../../../srv"),
            ("/home/a/ws", "/home/a/ws", ""),
        ];
        for (base, target, expected) in rows {
            assert_eq!(path_from(Path::new(base), Path::new(target)), expected);
        }
        assert_eq!(without_dots(Path::new("/a/./b/../../../c")), Path::new("/c"));
    }
}
