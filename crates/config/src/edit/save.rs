//! From a draft to files: one writer at a time, old or new at every moment, ten versions kept (P-04, P-09).

use std::io;
use std::path::{Path, PathBuf};

use openclaw_guard::{Committed, FileError, PreparedFile, WriteStep, create_private_dir, sweep_temporary};

use super::backups::keep;
use super::draft::{Draft, FileEdit, Losses, Validity};
use super::editor::Editor;
use super::error::EditError;
use super::lock::Lock;
use super::marks::find_mark;
use super::stage;
use crate::env::Env;
use crate::last_good::real_path;
use crate::locations::Locations;

/// Somebody who keeps writing without taking the lock, such as a text editor, is waited for this often.
const MAX_TRIES: usize = 5;

/// What is expected of the files before a change, and asked of the result.
#[derive(Clone, Copy)]
pub struct Terms<'t> {
    /// The text that the caller has seen.
    pub base: Base<'t>,
    /// What the result must be.
    pub validity: Validity,
    /// What happens to a result that loses much.
    pub losses: Losses,
}

impl Terms<'static> {
    /// Those of a change that makes sense on any text, such as of one value.
    pub const ANY_BASE: Self = Self { base: Base::Any, validity: Validity::Valid, losses: Losses::Stage };
}

/// The text that a change is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base<'t> {
    /// Whatever is there: the change makes sense on any text.
    Any,
    /// The one with this hash (that of a load); a caller who has seen none may only make a new file.
    Hash(Option<&'t str>),
}

/// What was written.
#[derive(Debug)]
pub struct Saved {
    /// The files, in the order of writing; none when everything was as it should be.
    pub files: Vec<PathBuf>,
}

/// Asked ahead of each step of writing; an error refuses the step.
type Steps<'s> = &'s mut dyn FnMut(WriteStep) -> io::Result<()>;
/// What is to be done.
type Make<'m> = &'m dyn Fn(&mut Editor) -> Result<(), EditError>;

/// Reads, changes, checks and writes a configuration, with nobody else doing so meanwhile.
///
/// Each file is old or new at every moment, and its earlier versions are kept. When several files change, all are
/// written beside the old ones first and put in their places one right behind the other, those that gain something
/// first; if that fails half-way, what was replaced is put back.
///
/// # Errors
/// The change is refused or cannot be written; no file has changed unless [`EditError::Write`] says so.
pub fn edit(
    locations: &Locations,
    env: &Env,
    terms: &Terms<'_>,
    make: Make<'_>,
) -> Result<(Draft, Saved), EditError> {
    edit_watched(locations, env, terms, &mut |_| Ok(()), make)
}

/// The same, asking `steps` ahead of every step of writing: for tests that pull the plug.
///
/// # Errors
/// As [`edit`].
pub fn edit_watched(
    locations: &Locations,
    env: &Env,
    terms: &Terms<'_>,
    steps: Steps<'_>,
    make: Make<'_>,
) -> Result<(Draft, Saved), EditError> {
    let _lock = Lock::take(&locations.config_path)?;
    edit_locked(locations, env, terms, steps, make)
}

/// The same for a caller that holds the lock.
pub(super) fn edit_locked(
    locations: &Locations,
    env: &Env,
    terms: &Terms<'_>,
    steps: Steps<'_>,
    make: Make<'_>,
) -> Result<(Draft, Saved), EditError> {
    let mut tries = 1;
    loop {
        match edit_once(locations, env, terms, steps, make) {
            Err(EditError::Changed { .. }) if terms.base == Base::Any && tries < MAX_TRIES => tries += 1,
            result => return result,
        }
    }
}

fn edit_once(
    locations: &Locations,
    env: &Env,
    terms: &Terms<'_>,
    steps: Steps<'_>,
    make: Make<'_>,
) -> Result<(Draft, Saved), EditError> {
    let mut editor = Editor::open(locations, env)?;
    check_base(&editor, terms.base)?;
    make(&mut editor)?;
    let base = editor.hash().map(ToOwned::to_owned);
    let draft = editor.draft();
    if draft.files().is_empty() {
        return Ok((draft, Saved { files: Vec::new() }));
    }
    for file in draft.files() {
        if let Some(path) = find_mark(&file.after) {
            return Err(EditError::NothingHidden { path });
        }
    }
    draft.check(terms.validity)?;
    if let (Some(loss), Losses::Stage) = (draft.loss(), terms.losses) {
        return Err(EditError::Lossy { loss: loss.clone(), staged: stage::put(&draft, base.as_deref())? });
    }
    let saved = write(&draft, steps)?;
    // What waited was meant for the text before this one.
    stage::clear(draft.path());
    Ok((draft, saved))
}

fn check_base(editor: &Editor, base: Base<'_>) -> Result<(), EditError> {
    let Base::Hash(seen) = base else { return Ok(()) };
    editor.whole()?;
    match (editor.hash(), seen) {
        (Some(_), None) => Err(EditError::NoBase),
        (there, Some(_)) if there != seen => Err(EditError::OtherBase),
        _ => Ok(()),
    }
}

/// A file on its way: written, and not yet in its place.
struct OnItsWay<'d> {
    edit: &'d FileEdit,
    path: PathBuf,
    prepared: PreparedFile,
}

fn write(draft: &Draft, steps: Steps<'_>) -> Result<Saved, EditError> {
    let mut edits: Vec<&FileEdit> = draft.files().iter().collect();
    // A value that moves between files is in both for a moment, and never in none.
    edits.sort_by_key(|edit| {
        let before = edit.before.as_ref().map_or(0, String::len);
        (edit.after.len() <= before, edit.path == draft.path())
    });
    let ready = edits.into_iter().map(|edit| prepare(edit, steps)).collect::<Result<Vec<_>, _>>()?;
    let mut done: Vec<(&FileEdit, PathBuf)> = Vec::new();
    for OnItsWay { edit, path, prepared } in ready {
        let expected = edit.before.as_deref().map(str::as_bytes);
        let failure = match prepared.commit_over(expected, steps) {
            Ok(Committed::Yes) => {
                done.push((edit, path));
                continue;
            }
            Ok(Committed::Refused) => EditError::Changed { file: path },
            Err(source) => EditError::Write { source, written: Vec::new() },
        };
        return Err(put_back(failure, done));
    }
    let files = done.into_iter().map(|(edit, _)| edit.path.clone()).collect();
    Ok(Saved { files })
}

fn prepare<'d>(edit: &'d FileEdit, steps: Steps<'_>) -> Result<OnItsWay<'d>, EditError> {
    let failed = |source| EditError::Write { source, written: Vec::new() };
    let path = target(&edit.path).map_err(failed)?;
    let dir = path.parent().unwrap_or(Path::new("/"));
    create_private_dir(dir).map_err(failed)?;
    sweep_temporary(dir);
    if let Some(before) = &edit.before {
        keep(&path, before, steps).map_err(failed)?;
    }
    let prepared = PreparedFile::write(&path, edit.after.as_bytes(), steps).map_err(failed)?;
    Ok(OnItsWay { edit, path, prepared })
}

/// The file behind a name. A link that leads nowhere is its owner's, and is not replaced by a file.
fn target(path: &Path) -> Result<PathBuf, FileError> {
    let is_link = path.symlink_metadata().is_ok_and(|meta| meta.file_type().is_symlink());
    match path.canonicalize() {
        Ok(real) => Ok(real),
        Err(source) if is_link => Err(FileError::new("follow the link", path, source)),
        Err(_) => Ok(real_path(path)),
    }
}

/// After a failure among several files, puts the earlier texts back; tells of those that could not be.
fn put_back(failure: EditError, done: Vec<(&FileEdit, PathBuf)>) -> EditError {
    let mut stuck = Vec::new();
    for (edit, path) in done.into_iter().rev() {
        let back = match &edit.before {
            Some(before) => over(&path, edit.after.as_bytes(), before.as_bytes()),
            None => std::fs::remove_file(&path).is_ok(),
        };
        if !back {
            stuck.push(path);
        }
    }
    if let EditError::Write { source, .. } = failure {
        return EditError::Write { source, written: stuck };
    }
    let Some(first) = stuck.first() else { return failure };
    let source = FileError::new("put back", first, io::ErrorKind::ResourceBusy.into());
    EditError::Write { source, written: stuck }
}

/// Whether a text is back in the place of another one.
fn over(path: &Path, now: &[u8], then: &[u8]) -> bool {
    let back = PreparedFile::write(path, then, &mut |_| Ok(()))
        .and_then(|prepared| prepared.commit_over(Some(now), &mut |_| Ok(())));
    matches!(back, Ok(Committed::Yes))
}
