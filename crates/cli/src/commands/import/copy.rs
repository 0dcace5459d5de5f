//! Copying, one file at a time and never more than a piece of it in memory, and looking whether it has come out right.

use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use openclaw_config::Env;
use openclaw_guard::{FileError, Root, create_private_dir, random_hex};
use ring::digest::{Context, Digest, SHA256};

use super::error::ImportError;
use super::places::Places;
use super::plan::{Access, Item, Plan};
use super::{BeforeStep, Step};

/// Bytes in memory at a time.
const PIECE_BYTES: usize = 256 * 1024;
/// Random bytes in the name of the directory beside the target.
const NAME_BYTES: usize = 4;

/// A directory beside the target that becomes it. Dropped before that, it is removed.
pub(super) struct Staging {
    pub(super) path: PathBuf,
    pub(super) root: Root,
    state: Fate,
}

#[derive(PartialEq, Eq)]
enum Fate {
    Open,
    Kept,
}

impl Staging {
    /// Makes it.
    ///
    /// # Errors
    /// The disk says no.
    pub(super) fn make(target: &Path, before: BeforeStep<'_>) -> Result<Self, ImportError> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path = target.with_file_name(format!("{name}.import-{}", random_hex(NAME_BYTES)?));
        step(before, Step::Stage, &path)?;
        create_private_dir(&path)?;
        Ok(Self { root: Root::open(&path)?, path, state: Fate::Open })
    }

    /// Brings the names in it to the disk; the contents are there.
    ///
    /// # Errors
    /// The disk says no.
    pub(super) fn sync(&self, before: BeforeStep<'_>) -> Result<(), ImportError> {
        step(before, Step::Sync, &self.path)?;
        let mut open = vec![self.path.clone()];
        while let Some(dir) = open.pop() {
            let failed = |source| FileError::new("sync", &dir, source);
            for entry in std::fs::read_dir(&dir).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                if entry.file_type().map_err(failed)?.is_dir() {
                    open.push(entry.path());
                }
            }
            sync_dir(&dir).map_err(failed)?;
        }
        Ok(())
    }

    /// It has become the target.
    pub(super) fn keep(mut self) {
        self.state = Fate::Kept;
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.state == Fate::Open {
            // Best effort: it is a copy of what is still in the source, and its name says what it is.
            std::fs::remove_dir_all(&self.path).ok();
        }
    }
}

/// Brings the names in a directory to the disk. Some file systems cannot, and say so with `EINVAL`.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    match File::open(dir)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Asks before a step.
pub(super) fn step(before: BeforeStep<'_>, step: Step, path: &Path) -> Result<(), ImportError> {
    before(step).map_err(|source| FileError::new("import into", path, source).into())
}

/// Copies everything; each file is on the disk, and reads as the source does, when this returns.
///
/// # Errors
/// The first file that cannot be copied, has changed since the plan was made, or came out differently.
pub(super) fn copy_all(
    places: &Places,
    plan: &Plan,
    staging: &Staging,
    before: BeforeStep<'_>,
) -> Result<(), ImportError> {
    let source = Root::open(&places.source)?;
    for item in &plan.items {
        step(before, Step::Copy, &staging.path)?;
        let written = copy(&source, &staging.root, item)?;
        let path = staging.path.join(&item.to);
        let failed = |source| FileError::new("read", &path, source);
        let mut copy = staging.root.open_read(&item.to)?;
        let read = pump(&mut copy, |_| Ok(())).map_err(failed)?;
        if read.bytes != item.bytes || read.digest.as_ref() != written.as_ref() {
            return Err(ImportError::Differs { path });
        }
    }
    Ok(())
}

fn copy(source: &Root, staging: &Root, item: &Item) -> Result<Digest, ImportError> {
    let from_path = source.path().join(&item.path);
    let changed = || ImportError::Changed { path: from_path.clone() };
    let read_failed = |source| FileError::new("read", &from_path, source);
    let mut from = source.open_read(&item.path)?;
    if !is_as_planned(&from.metadata().map_err(read_failed)?, item) {
        return Err(changed());
    }
    staging.create_parent_dirs(&item.to)?;
    // It makes the file, with mode 0600 whatever the umask; nobody else knows the directory.
    let mut to = staging.open_append(&item.to)?;
    let to_path = staging.path().join(&item.to);
    let write_failed = |source| FileError::new("write", &to_path, source);
    let mut write_error = None;
    let pumped =
        pump(&mut from, |piece| to.write_all(piece).inspect_err(|error| write_error = Some(error.kind())));
    let pumped = pumped.map_err(|error| match write_error {
        Some(_) => write_failed(error),
        None => read_failed(error),
    })?;
    if pumped.bytes != item.bytes || !is_as_planned(&from.metadata().map_err(read_failed)?, item) {
        return Err(changed());
    }
    if item.access == Access::Run {
        to.set_permissions(Permissions::from_mode(0o700)).map_err(write_failed)?;
    }
    to.set_modified(item.modified).and_then(|()| to.sync_all()).map_err(write_failed)?;
    Ok(pumped.digest)
}

fn is_as_planned(metadata: &Metadata, item: &Item) -> bool {
    metadata.len() == item.bytes && metadata.modified().is_ok_and(|modified| modified == item.modified)
}

struct Pumped {
    bytes: u64,
    digest: Digest,
}

/// Reads to the end, piece by piece.
fn pump(from: &mut File, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<Pumped> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut context = Context::new(&SHA256);
    let mut bytes = 0;
    loop {
        let count = match from.read(&mut piece) {
            Ok(0) => return Ok(Pumped { bytes, digest: context.finish() }),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let part = piece.get(..count).unwrap_or_default();
        context.update(part);
        take(part)?;
        bytes += u64::try_from(count).unwrap_or(u64::MAX);
    }
}

/// Whether the source is what it was when the plan was made: a program that writes it makes a mixture of the copy.
///
/// # Errors
/// It has changed.
pub(super) fn look_again(
    places: &Places,
    plan: &Plan,
    env: &Env,
    before: BeforeStep<'_>,
) -> Result<(), ImportError> {
    step(before, Step::LookAgain, &places.real_target)?;
    let now = Plan::make(places, env)?;
    if now == *plan {
        return Ok(());
    }
    let differs = |item: &&Item| {
        plan.items
            .binary_search_by(|old| old.path.cmp(&item.path))
            .map_or(true, |at| plan.items.get(at) != Some(item))
    };
    let path = now.items.iter().find(differs).map(|item| places.source.join(&item.path));
    Err(ImportError::Changed { path: path.unwrap_or_else(|| places.source.clone()) })
}
