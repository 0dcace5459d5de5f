//! From a draft to files: one writer at a time, old or new at every moment, ten versions kept (P-04, P-09).

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use openclaw_guard::{FileError, WriteStep, create_private_dir, write_atomic, write_atomic_watched};

use super::draft::{Draft, FileEdit, Losses, Validity};
use super::editor::Editor;
use super::error::EditError;
use crate::env::Env;
use crate::file::read_text;
use crate::locations::Locations;

/// Versions of each file that are kept beside it: `.bak`, `.bak.1` and so on, the newest first (P-09).
pub const BACKUPS: usize = 10;
/// A writer holds the lock for the milliseconds that a few synced files take; sixty of them queue up for a second.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Between two looks at the lock.
const PAUSE: Duration = Duration::from_millis(5);
/// Somebody who keeps writing without taking the lock, such as a text editor, is waited for this often.
const MAX_TRIES: usize = 5;

/// What is expected of the files before a change, and asked of the result.
pub struct Terms<'t> {
    /// The text that the caller has seen.
    pub base: Base<'t>,
    /// What the result must be.
    pub validity: Validity,
    /// What happens to a result that loses much.
    pub losses: Losses,
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

/// Reads, changes, checks and writes a configuration, with nobody else doing so meanwhile.
///
/// Files that the change touches are written included ones first; each is old or new at every moment, and its earlier
/// versions are kept. `steps` is asked ahead of every step of writing; the program's own answer is [`nothing_between`].
///
/// # Errors
/// The change is refused or cannot be written; no file has changed unless [`EditError::Write`] says so.
pub fn edit(
    locations: &Locations,
    env: &Env,
    terms: &Terms<'_>,
    steps: &mut dyn FnMut(WriteStep) -> io::Result<()>,
    change: &dyn Fn(&mut Editor) -> Result<(), EditError>,
) -> Result<(Draft, Saved), EditError> {
    let path = real_path(&locations.config_path);
    let _lock = Lock::take(&path)?;
    let mut tries = 1;
    loop {
        let result = edit_locked(locations, env, terms, steps, change);
        match result {
            Err(EditError::Changed { .. }) if terms.base == Base::Any && tries < MAX_TRIES => tries += 1,
            result => return result,
        }
    }
}

/// The answer of the program itself to "what happens between two steps": nothing.
///
/// # Errors
/// None.
pub fn nothing_between(_step: WriteStep) -> io::Result<()> {
    Ok(())
}

fn edit_locked(
    locations: &Locations,
    env: &Env,
    terms: &Terms<'_>,
    steps: &mut dyn FnMut(WriteStep) -> io::Result<()>,
    change: &dyn Fn(&mut Editor) -> Result<(), EditError>,
) -> Result<(Draft, Saved), EditError> {
    let mut editor = Editor::open(locations, env)?;
    check_base(&editor, terms.base)?;
    change(&mut editor)?;
    let draft = editor.draft();
    if draft.files().is_empty() {
        return Ok((draft, Saved { files: Vec::new() }));
    }
    draft.check(terms.validity)?;
    if let (Some(loss), Losses::Stage) = (draft.loss(), terms.losses) {
        return Err(EditError::Lossy { loss: loss.clone(), staged: stage(&draft)? });
    }
    let saved = write(&draft, steps)?;
    Ok((draft, saved))
}

fn check_base(editor: &Editor, base: Base<'_>) -> Result<(), EditError> {
    match base {
        Base::Any => Ok(()),
        Base::Hash(seen) => match (editor.before.get(&editor.path), seen) {
            (Some(Some(_)), None) => Err(EditError::NoBase),
            (Some(Some(_)), Some(seen)) if editor.hash.as_deref() != Some(seen) => Err(EditError::OtherBase),
            _ => Ok(()),
        },
    }
}

/// Puts the new text of the configuration file beside it, if it alone would change.
fn stage(draft: &Draft) -> Result<Option<PathBuf>, EditError> {
    let [only] = draft.files() else { return Ok(None) };
    if only.path != draft.path() {
        return Ok(None);
    }
    let staged = beside(&only.path, "staged");
    let failed = |source| EditError::Write { source, written: Vec::new() };
    write_atomic(&staged, only.after.as_bytes()).map_err(failed)?;
    Ok(Some(staged))
}

/// `openclaw.json` and `bak.1` make `openclaw.json.bak.1` in the same directory.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// The file that kept version `age` of another is: 0 is the newest.
#[must_use]
pub fn backup_path(path: &Path, age: usize) -> PathBuf {
    if age == 0 { beside(path, "bak") } else { beside(path, &format!("bak.{age}")) }
}

/// Through links: a configuration that is a link into a collection of such files stays one.
fn real_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn write(draft: &Draft, steps: &mut dyn FnMut(WriteStep) -> io::Result<()>) -> Result<Saved, EditError> {
    let mut files = Vec::new();
    let (main, included): (Vec<_>, Vec<_>) = draft.files().iter().partition(|file| file.path == draft.path());
    for file in included.into_iter().chain(main) {
        let path = real_path(&file.path);
        replace(&path, file, &files, steps)?;
        files.push(file.path.clone());
    }
    Ok(Saved { files })
}

fn replace(
    path: &Path,
    file: &FileEdit,
    written_before: &[PathBuf],
    steps: &mut dyn FnMut(WriteStep) -> io::Result<()>,
) -> Result<(), EditError> {
    let failed = |source| EditError::Write { source, written: written_before.to_vec() };
    let is_same = || read_text(path).is_ok_and(|text| text == file.before);
    match &file.before {
        Some(before) => keep(path, before, steps).map_err(failed)?,
        None => path.parent().map_or(Ok(()), create_private_dir).map_err(failed)?,
    }
    let mut was_changed = false;
    let written = write_atomic_watched(path, file.after.as_bytes(), &mut |step| {
        steps(step)?;
        if step == WriteStep::Rename && !is_same() {
            was_changed = true;
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    });
    match written {
        Err(_) if was_changed => Err(EditError::Changed { file: path.to_owned() }),
        written => written.map_err(failed),
    }
}

/// Keeps a text as the newest of the earlier versions. One that is the newest already, such as after a write that
/// failed, is not kept twice.
fn keep(
    path: &Path,
    text: &str,
    steps: &mut dyn FnMut(WriteStep) -> io::Result<()>,
) -> Result<(), FileError> {
    let newest = backup_path(path, 0);
    if std::fs::read(&newest).is_ok_and(|kept| kept == text.as_bytes()) {
        return Ok(());
    }
    for age in (0..BACKUPS - 1).rev() {
        let (from, to) = (backup_path(path, age), backup_path(path, age + 1));
        let moved = steps(WriteStep::Rename).and_then(|()| std::fs::rename(&from, &to));
        match moved {
            // A gap in the row is no fault.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved.map_err(|source| FileError::new("rename", &from, source))?,
        }
    }
    write_atomic_watched(&newest, text.as_bytes(), steps)
}

/// The right to write a configuration: a kernel lock that ends with the process, however it dies.
struct Lock {
    _file: File,
}

impl Lock {
    fn take(path: &Path) -> Result<Self, EditError> {
        let lock = beside(path, "lock");
        let failed =
            |source| EditError::Write { source: FileError::new("lock", &lock, source), written: Vec::new() };
        if let Some(parent) = path.parent() {
            create_private_dir(parent).map_err(|source| EditError::Write { source, written: Vec::new() })?;
        }
        let opened = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock)
            .map_err(failed)?;
        let deadline = Instant::now() + MAX_WAIT;
        loop {
            match opened.try_lock() {
                Ok(()) => return Ok(Self { _file: opened }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(EditError::Busy { file: path.to_owned(), lock });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
    }
}
