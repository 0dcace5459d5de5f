//! Notes: `MEMORY.md`, `memory.md`, every `.md` file under `memory/`, and the extra paths of the configuration.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use openclaw_guard::{EntryKind, Root, RootError};

use super::listing::{Listing, read_file};
use super::places::{Place, Wanted};
use crate::backend::Source;
use crate::error::MemoryError;

/// The folder of daily notes.
const DAILY_DIR: &str = "memory";
/// The curated note, in both spellings.
const CURATED: [&str; 2] = ["MEMORY.md", "memory.md"];

/// Where notes lie.
pub(super) struct Notes {
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

impl Notes {
    /// `extra` are files or folders, absolute or relative to the workspace.
    pub(super) fn new(workspace: Arc<Root>, extra: &[PathBuf]) -> Self {
        let base = without_dots(workspace.path());
        let extra = extra.iter().map(|path| {
            let target = without_dots(&base.join(path));
            Extra { shown: path_from(&base, &target), target }
        });
        Self { extra: extra.collect(), workspace }
    }

    pub(super) fn list(&self) -> Listing {
        let mut listing = Listing::default();
        listing.add(&self.workspace, "", is_workspace_memory);
        for extra in &self.extra {
            if let Err(unlisted) = extra.list(&mut listing) {
                listing.fail(&extra.shown, &unlisted);
            }
        }
        listing.notes.sort_by(|a, b| a.path.cmp(&b.path));
        listing.notes.dedup_by(|a, b| a.path == b.path);
        listing
    }

    /// The folders in which notes come and go, for a watcher.
    pub(super) fn places(&self) -> Vec<Place> {
        // The owner may have a link as a workspace; an extra path that is one is not followed.
        let path = self.workspace.path();
        let workspace = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let place = |top: &Path, start: &str, wanted| {
            let (top, start) = (top.to_owned(), PathBuf::from(start));
            Place { top, root: None, start, source: Source::Memory, wanted }
        };
        let held = |place| Place { root: Some(Arc::clone(&self.workspace)), ..place };
        let curated = |name: &str| CURATED.contains(&name) || name == DAILY_DIR;
        let mut places = vec![
            held(place(&workspace, "", Wanted::Here(curated))),
            held(place(&workspace, DAILY_DIR, Wanted::Below(is_markdown))),
        ];
        for Extra { target, .. } in &self.extra {
            let any_note = |name: &str| is_markdown(Path::new(name));
            places.push(match is_markdown(target) && !target.is_dir() {
                true => place(target.parent().unwrap_or(target), "", Wanted::Here(any_note)),
                false => place(target, "", Wanted::Below(is_markdown)),
            });
        }
        places
    }

    /// The text of one note, asked for by a path somebody else chose (S-082).
    pub(super) fn read(&self, asked: &str) -> Result<String, MemoryError> {
        let path = Path::new(asked);
        if let Ok(below) = self.workspace.relative(path)
            && is_workspace_memory(&below, EntryKind::File)
        {
            return read_file(&self.workspace, &below, asked);
        }
        for extra in &self.extra {
            let target = without_dots(&self.workspace.path().join(path));
            if !is_markdown(&target) || !target.starts_with(&extra.target) {
                continue;
            }
            let (root, below) = if target == extra.target {
                (extra.parent()?, PathBuf::from(target.file_name().unwrap_or_default()))
            } else {
                (
                    Root::open_itself(&extra.target)?,
                    target.strip_prefix(&extra.target).unwrap_or(&target).into(),
                )
            };
            return read_file(&root, &below, asked);
        }
        Err(MemoryError::NotMemory { path: asked.to_owned() })
    }
}

/// Why an extra path has no notes.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unlisted {
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
            let root = Arc::new(Root::open_itself(&self.target)?);
            listing.add(&root, &self.shown, |path, kind| match kind {
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
        listing.add(&parent, shown_dir, |path, kind| kind == EntryKind::File && path == name);
        Ok(())
    }

    fn parent(&self) -> Result<Root, RootError> {
        Root::open(self.target.parent().unwrap_or(&self.target))
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
