//! Notes: `MEMORY.md`, `memory.md`, every `.md` file under `memory/`, and the extra paths of the configuration.

use std::collections::HashSet;
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

/// What the agent is told of itself, at the top of the workspace. An extra path over the workspace does not make notes of
/// it: every prompt has it already.
const OWN_FILES: [&str; 7] =
    ["AGENTS.md", "SOUL.md", "TOOLS.md", "IDENTITY.md", "USER.md", "HEARTBEAT.md", "BOOTSTRAP.md"];
/// Instructions of a skill, wherever they lie.
const SKILL: &str = "SKILL.md";
/// Folders of programs, in which nobody keeps notes; so are hidden ones, such as `.git`, or the waste basket of an editor.
const MODULES: &str = "node_modules";

/// The notes of a workspace, as they lie on the disk.
#[derive(Debug, Default)]
pub struct Outlook {
    /// Those that are searched.
    pub notes: usize,
    /// Paths of those that are not, because they lie outside `memory/`: an extra path `.` would have them searched.
    pub unsearched: Vec<String>,
    /// Whether there is more than was looked at: there may be any number of notes.
    pub truncated: bool,
}

/// Looks for the notes of a workspace.
#[must_use]
pub fn outlook(workspace: &Arc<Root>, extra: &[PathBuf]) -> Outlook {
    let listed = |extra: &[PathBuf]| Notes::new(Arc::clone(workspace), extra).list();
    let searched: HashSet<String> = listed(extra).notes.into_iter().map(|note| note.path).collect();
    let all = listed(&[PathBuf::from(".")]);
    let paths = all.notes.into_iter().map(|note| note.path);
    let unsearched = paths.filter(|path| !searched.contains(path)).collect();
    Outlook { notes: searched.len(), unsearched, truncated: all.is_truncated }
}

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
    /// The way from here to the workspace, if it lies here.
    workspace: Option<PathBuf>,
}

impl Notes {
    /// `extra` are files or folders, absolute or relative to the workspace.
    pub(super) fn new(workspace: Arc<Root>, extra: &[PathBuf]) -> Self {
        let base = without_dots(workspace.path());
        let extra = extra.iter().map(|path| {
            let target = without_dots(&base.join(path));
            let workspace = base.strip_prefix(&target).ok().map(Path::to_owned);
            Extra { shown: path_from(&base, &target), target, workspace }
        });
        Self { extra: extra.collect(), workspace }
    }

    pub(super) fn list(&self) -> Listing {
        let mut listing = Listing::default();
        let found = self.workspace.follow();
        match &found {
            Ok(()) => listing.add(&self.workspace, "", is_workspace_memory),
            Err(error) => {
                // Nobody knows that its notes are gone: a disk may not be mounted.
                listing.is_partial = true;
                listing.skip("", format!("the workspace is not there: {error}"));
            }
        }
        for extra in self.extra.iter().filter(|extra| found.is_ok() || !extra.shown.is_empty()) {
            if let Err(unlisted) = extra.list(&self.workspace, &mut listing) {
                listing.fail(&extra.shown, &unlisted);
            }
        }
        listing.notes.sort_by(|a, b| a.path.cmp(&b.path));
        listing.notes.dedup_by(|a, b| a.path == b.path);
        // What lies in two of the places is passed over once.
        let mut seen = HashSet::new();
        listing.skipped.retain(|skipped| seen.insert((skipped.path.clone(), skipped.reason.clone())));
        listing
    }

    /// The folder that holds most of them.
    pub(super) fn workspace(&self) -> &Root {
        &self.workspace
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
            held(place(&workspace, DAILY_DIR, Wanted::Below(is_daily))),
        ];
        for Extra { target, .. } in &self.extra {
            let any_note = |name: &str| is_markdown(Path::new(name));
            places.push(match is_markdown(target) && !target.is_dir() {
                true => place(target.parent().unwrap_or(target), "", Wanted::Here(any_note)),
                false => place(target, "", Wanted::Below(is_extra)),
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
            let Ok(below) = target.strip_prefix(&extra.target) else { continue };
            if !is_markdown(&target) {
                continue;
            }
            if target == extra.target {
                let name = PathBuf::from(target.file_name().unwrap_or_default());
                return read_file(&extra.parent()?, &name, asked);
            }
            // What is not listed is not read either.
            if !extra.leads_to(below) {
                continue;
            }
            // The owner may have a link as a workspace.
            if extra.shown.is_empty() {
                return read_file(&self.workspace, below, asked);
            }
            return read_file(&Root::open_itself(&extra.target)?, below, asked);
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
    fn list(&self, workspace: &Arc<Root>, listing: &mut Listing) -> Result<(), Unlisted> {
        if self.shown.is_empty() {
            listing.add(workspace, "", |path, kind| self.accepts(path, kind));
            return Ok(());
        }
        let kind = std::fs::symlink_metadata(&self.target)?.file_type();
        if kind.is_symlink() {
            return Err(Unlisted::Link);
        }
        if kind.is_dir() {
            let root = Arc::new(Root::open_itself(&self.target)?);
            listing.add(&root, &self.shown, |path, kind| self.accepts(path, kind));
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

    /// Whether something in this folder is a note, or a folder that may hold some.
    fn accepts(&self, below: &Path, kind: EntryKind) -> bool {
        let in_workspace = self.workspace.as_ref().and_then(|way| below.strip_prefix(way).ok());
        let is_own = in_workspace.is_some_and(|below| OWN_FILES.iter().any(|name| below == Path::new(name)));
        !is_own && is_extra(below, kind)
    }

    /// Whether a file in this folder is a note that is listed, as far as its path tells.
    fn leads_to(&self, below: &Path) -> bool {
        let mut folders = below.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        folders.all(|folder| self.accepts(folder, EntryKind::Directory))
            && self.accepts(below, EntryKind::File)
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

/// Whether something under `memory/` is a note, or a folder that may hold some.
fn is_daily(below: &Path, kind: EntryKind) -> bool {
    match kind {
        EntryKind::Directory => true,
        EntryKind::File => is_markdown(below),
    }
}

/// The same under an extra path.
fn is_extra(below: &Path, kind: EntryKind) -> bool {
    let name = below.file_name().unwrap_or_default();
    match kind {
        EntryKind::Directory => !name.as_encoded_bytes().starts_with(b".") && name != MODULES,
        EntryKind::File => is_markdown(below) && name != SKILL,
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
    use super::{outlook, path_from, without_dots};
    use openclaw_guard::{Root, create_private_dir, write_atomic};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    #[test]
    fn notes_beside_memory_are_known_and_the_files_of_the_agent_are_none() {
        let home = tempfile::tempdir().unwrap();
        let notes = [
            "ws/memory/2026-11-20.md",
            "ws/MEMORY.md",
            "ws/garden.md",
            "ws/trips/Rome.MD",
            "ws/AGENTS.md",
            "ws/skills/x/SKILL.md",
            "ws/.trash/old.md",
            "ws/node_modules/p/README.md",
            "ws/trips/map.txt",
            "elsewhere.md",
        ];
        for path in notes.map(|note| home.path().join(note)) {
            create_private_dir(path.parent().unwrap()).unwrap();
            write_atomic(&path, b"x\n").unwrap();
        }
        let workspace = Arc::new(Root::open(&home.path().join("ws")).unwrap());
        let seen = |extra: &[&str]| {
            let extra: Vec<PathBuf> = extra.iter().map(PathBuf::from).collect();
            let seen = outlook(&workspace, &extra);
            (seen.notes, seen.unsearched)
        };
        let two = vec!["garden.md".to_owned(), "trips/Rome.MD".to_owned()];
        assert_eq!(seen(&[]), (2, two));
        assert_eq!(seen(&["trips"]), (3, vec!["garden.md".to_owned()]));
        assert_eq!(seen(&["."]), (4, vec![]));
        // Over the workspace too; named by itself, a file is meant.
        assert_eq!(seen(&[".."]).0, 5 + 2, "the notes of the folder above, and those of the workspace again");
        assert_eq!(seen(&[".", "AGENTS.md"]), (5, vec![]));
    }

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
