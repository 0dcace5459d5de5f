//! The copy in the place of the target, in one step of the file system.

use std::path::{Path, PathBuf};

use openclaw_guard::FileError;
use openclaw_store::StateLock;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::copy::{Staging, step, sync_dir};
use super::error::ImportError;
use super::places::Target;
use super::report::{is_former, leftovers};
use super::{BeforeStep, Step};

/// Names tried for what was in the target.
const MAX_NAMES: u32 = 100;

/// Puts the copy into its place. What was there is kept beside it; returns where.
///
/// # Errors
/// Something is there that was not before, or the disk says no; then what was there is still there.
pub(super) fn put(
    staging: Staging,
    target: &Path,
    was: Target,
    before: BeforeStep<'_>,
) -> Result<Option<PathBuf>, ImportError> {
    step(before, Step::Swap, target)?;
    let failed = |source| FileError::new("rename", &staging.path, source);
    let copy = staging.path.clone();
    match was {
        Target::Missing => into_free_name(&copy, target)?,
        // The kernel replaces a directory in which nothing is, and no other.
        Target::Empty => {
            remove_empty_below(target);
            match std::fs::rename(&copy, target) {
                Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {
                    return Err(ImportError::Appeared { path: target.to_owned() });
                }
                renamed => renamed.map_err(failed)?,
            }
        }
        Target::Leftovers => match exchange(&copy, target) {
            Ok(()) => {}
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                return Err(ImportError::NoExchange { path: target.to_owned() });
            }
            Err(error) => return Err(failed(error.into()).into()),
        },
    }
    staging.keep();
    let kept = match was {
        Target::Leftovers => {
            step(before, Step::KeepOld, target)?;
            Some(keep_old(&copy, target))
        }
        Target::Missing | Target::Empty => None,
    };
    let parent = target.parent().unwrap_or(Path::new("/"));
    sync_dir(parent).map_err(|source| FileError::new("sync", parent, source))?;
    Ok(kept)
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(copy: &Path, target: &Path) -> Result<(), Errno> {
    renameat_with(CWD, copy, CWD, target, RenameFlags::EXCHANGE)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_copy: &Path, _target: &Path) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

/// A name that is taken is left alone.
fn into_free_name(copy: &Path, target: &Path) -> Result<(), ImportError> {
    let appeared = || ImportError::Appeared { path: target.to_owned() };
    match renameat_with(CWD, copy, CWD, target, RenameFlags::NOREPLACE) {
        Ok(()) => return Ok(()),
        Err(Errno::EXIST) => return Err(appeared()),
        // This file system cannot do that in one step; a directory with content is not replaced either way.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        Err(error) => return Err(FileError::new("rename", copy, error.into()).into()),
    }
    if target.symlink_metadata().is_ok() {
        return Err(appeared());
    }
    std::fs::rename(copy, target).map_err(|source| FileError::new("rename", copy, source).into())
}

/// Directories without files are no data, and in the way of the rename.
fn remove_empty_below(target: &Path) {
    for entry in std::fs::read_dir(target).into_iter().flatten().flatten() {
        let path = entry.path();
        remove_empty_below(&path);
        // What is not empty stays, and the rename says so.
        std::fs::remove_dir(&path).ok();
    }
}

/// Finishes what an import that was killed in its last step has left: what was in the target gets its name.
///
/// Returns where it is now.
pub(super) fn rescue(target: &Path) -> Vec<PathBuf> {
    let former = leftovers(target).into_iter().filter(|dir| is_former(dir));
    // One that is locked belongs to an import that is about to do this itself.
    former.filter_map(|dir| StateLock::acquire(&dir).ok().map(|_lock| keep_old(&dir, target))).collect()
}

/// Gives what was in the target a name that says so; without one it stays under the name of the copy.
fn keep_old(old: &Path, target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    for number in 1..=MAX_NAMES {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let kept = target.with_file_name(format!("{name}.before-import{suffix}"));
        if into_free_name(old, &kept).is_ok() {
            return kept;
        }
    }
    old.to_owned()
}
