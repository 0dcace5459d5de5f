//! Where notes of collections come and go, for the watcher that the built-in engine has as well.

use std::path::{Path, PathBuf};

use openclaw_guard::EntryKind;

use super::options::Collection;
use crate::backend::Source;
use crate::sources::{Place, Wanted};

/// The folders to watch. Conversations are left out: they grow with every message, and are exported from time to time.
pub(super) fn places(collections: &[Collection], workspace: &Path) -> Vec<Place> {
    let notes = collections.iter().filter(|collection| collection.source == Source::Memory);
    notes.map(|collection| place(collection, workspace)).collect()
}

fn place(collection: &Collection, workspace: &Path) -> Place {
    let Collection { path, pattern, source, .. } = collection;
    let is_only_markdown = pattern.to_lowercase().ends_with(".md");
    let here = |top: &Path, wanted| Place {
        top: top.canonicalize().unwrap_or_else(|_| top.to_owned()),
        root: None,
        start: PathBuf::new(),
        source: *source,
        wanted,
    };
    if !pattern.contains(['*', '/']) {
        return here(path, Wanted::Here(is_note_or_folder));
    }
    let wanted = Wanted::Below(if is_only_markdown { is_markdown_or_folder } else { |_, _| true });
    match (path.parent(), path.file_name()) {
        // It may be made later, and whoever watches the workspace hears of that.
        (Some(parent), Some(name)) if parent == workspace && name == FOLDER => {
            Place { start: PathBuf::from(name), ..here(parent, wanted) }
        }
        (Some(_) | None, Some(_) | None) => here(path, wanted),
    }
}

/// Where daily notes are.
const FOLDER: &str = "memory";

fn is_note_or_folder(name: &str) -> bool {
    name == FOLDER || is_markdown(Path::new(name))
}

fn is_markdown_or_folder(path: &Path, kind: EntryKind) -> bool {
    kind == EntryKind::Directory || is_markdown(path)
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}

#[cfg(test)]
mod tests {
    use super::places;
    use crate::backend::Source;
    use crate::qmd::options::Collection;
    use crate::sources::Wanted;
    use openclaw_guard::EntryKind;
    use std::path::Path;

    #[test]
    fn every_folder_of_notes_is_watched_and_no_conversation() {
        let rows = [
            ("/w", "MEMORY.md", Source::Memory),
            ("/w/memory", "**/*.md", Source::Memory),
            ("/w/docs", "**/*.md", Source::Memory),
            ("/notes", "**/*.{md,txt}", Source::Memory),
            ("/state/sessions", "**/*.md", Source::Sessions),
        ];
        let collections = rows.map(|(path, pattern, source)| Collection {
            name: "c".into(),
            path: path.into(),
            pattern: pattern.into(),
            source,
        });
        let found = places(&collections, Path::new("/w")).into_iter().map(|place| {
            let txt = match place.wanted {
                Wanted::Here(wanted) => wanted("a.txt"),
                Wanted::Below(wanted) => wanted(Path::new("a.txt"), EntryKind::File),
            };
            let is_deep = matches!(place.wanted, Wanted::Below(_));
            (place.top.join("").display().to_string(), place.start.display().to_string(), is_deep, txt)
        });
        let row = |top: &str, start: &str, is_deep, txt| (top.to_owned(), start.to_owned(), is_deep, txt);
        let expected = [
            row("/w/", "", false, false),
            row("/w/", "memory", true, false),
            row("/w/docs/", "", true, false),
            row("/notes/", "", true, true),
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}
