//! Files beneath a directory, however hostile the path (S-080, S-087, S-089).

mod beneath;
mod walk;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::atomic::{self, FILE_MODE, Made};
use beneath::Resolver;

pub use walk::{EntryKind, MAX_WALK_DEPTH, RelFile, Walk};

/// Permission bits that a replaced file keeps: no set-id, no sticky.
const KEPT_MODE: u32 = 0o777;

/// Flags every file is opened with. `NONBLOCK` makes a FIFO or a device answer at once, so that it can be refused;
/// it means nothing to a regular file.
const SAFE: OFlags = OFlags::CLOEXEC.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// A handle on a directory through which, and only through which, paths chosen by others are opened.
///
/// A path is relative to the root, or absolute and lexically under it. It may hold no `..` and pass through no symbolic
/// link; the kernel enforces that where it can (`openat2`), otherwise each component is opened by itself. Because the
/// handle, not the name, is the root, renaming or replacing the directory changes nothing until somebody asks to
/// [follow](Root::follow) the name, and nothing at all for a root that is [pinned](Root::pinned). The root's own path may lead through links: the owner chose it.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    held: RwLock<Arc<Held>>,
    resolver: Resolver,
    bond: Bond,
}

/// What a root keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bond {
    /// Its path: the directory may become another one.
    Path,
    /// The directory that is open.
    Directory,
}

/// The directory that is open.
#[derive(Debug)]
struct Held {
    dir: OwnedFd,
    canonical: PathBuf,
    /// How many were open before it.
    number: u64,
}

impl Held {
    fn of(dir: OwnedFd, path: &Path) -> io::Result<Self> {
        Ok(Self { dir, canonical: path.canonicalize()?, number: 0 })
    }

    /// Whether this is the directory that somebody looked at.
    fn is(&self, looked_at: rustix::io::Result<Stat>) -> bool {
        match (rustix::fs::fstat(&self.dir), looked_at) {
            (Ok(held), Ok(other)) => (held.st_dev, held.st_ino) == (other.st_dev, other.st_ino),
            (Err(_), _) | (_, Err(_)) => false,
        }
    }
}

/// Why a path beneath a [`Root`] could not be used. `path` is the path as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Absolute and not under the root, or with `..`.
    #[error("{} is outside the allowed directory; use a path below it, without \"..\"", path.display())]
    Outside {
        /// As asked for.
        path: PathBuf,
    },
    /// A component is a symbolic link.
    #[error("{} is or passes through a symbolic link, which is not followed here", path.display())]
    Symlink {
        /// As asked for.
        path: PathBuf,
    },
    /// A directory, FIFO, socket or device where a regular file is needed, or a file where a directory is needed.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// As asked for.
        path: PathBuf,
    },
    /// Nothing is there.
    #[error("{} does not exist", path.display())]
    NotFound {
        /// As asked for.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("{} exists already", path.display())]
    Exists {
        /// As asked for.
        path: PathBuf,
    },
    /// More bytes than the caller takes.
    #[error("{} is larger than {max_bytes} bytes", path.display())]
    TooLarge {
        /// As asked for.
        path: PathBuf,
        /// The caller's limit.
        max_bytes: u64,
    },
    /// Anything else the operating system says.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// As asked for.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

impl RootError {
    /// Whether there is no space, or no quota, left.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if atomic::is_disk_full(source))
    }

    fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::LOOP) => Self::Symlink { path },
            Some(Errno::XDEV) => Self::Outside { path },
            Some(Errno::NOENT) => Self::NotFound { path },
            Some(Errno::EXIST) => Self::Exists { path },
            // ENXIO: a FIFO without a reader, a socket, or a device without a driver.
            Some(Errno::ISDIR | Errno::NOTDIR | Errno::NXIO) => Self::NotAFile { path },
            Some(_) | None => Self::Io { path, action, source },
        }
    }
}

impl Root {
    /// Opens an existing directory as a root.
    ///
    /// # Errors
    /// When it is missing, not a directory, or not accessible.
    pub fn open(dir: &Path) -> Result<Self, RootError> {
        Self::of(dir, atomic::open_dir(dir))
    }

    /// The same, unless the last name of the path is a symbolic link.
    ///
    /// # Errors
    /// [`RootError::Symlink`] for a link; the others as they apply.
    pub fn open_itself(dir: &Path) -> Result<Self, RootError> {
        Self::of(dir, beneath::step(rustix::fs::CWD, dir.as_os_str(), beneath::DIRECTORY))
    }

    fn of(dir: &Path, opened: io::Result<OwnedFd>) -> Result<Self, RootError> {
        let fail = |source| RootError::io("open directory", dir, source);
        let held = opened.and_then(|opened| Held::of(opened, dir)).map_err(fail)?;
        Ok(Self {
            path: std::path::absolute(dir).map_err(fail)?,
            held: RwLock::new(Arc::new(held)),
            resolver: Resolver::Kernel,
            bond: Bond::Path,
        })
    }

    /// What is open now. The lock guards the copy of a pointer, so that a poisoned one is still whole.
    fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The directory that is open now, whatever is done with its name or with this handle: for work of several steps,
    /// which shall not read in one place and write in another. It does not [follow](Root::follow).
    #[must_use]
    pub fn pinned(&self) -> Self {
        Self {
            path: self.path.clone(),
            held: RwLock::new(self.held()),
            resolver: self.resolver,
            bond: Bond::Directory,
        }
    }

    /// Goes over to the directory that the root's path leads to now, if that is another one: the first was moved away,
    /// or another was put in its place. Everybody who shares this handle works there from then on. A root that is
    /// [pinned](Root::pinned) stays where it is.
    ///
    /// # Errors
    /// Nothing is there, or no directory, or it is not accessible; what was open stays open.
    pub fn follow(&self) -> Result<(), RootError> {
        if self.bond == Bond::Directory || self.is_in_place() {
            return Ok(());
        }
        // Opened before the lock is taken: a disk that does not answer keeps nobody else from the directory that is open.
        let mut another = atomic::open_dir(&self.path)
            .and_then(|dir| Held::of(dir, &self.path))
            .map_err(|source| RootError::io("open directory", &self.path, source))?;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody may have been faster, and then there is nothing to go over to.
        if !held.is(rustix::fs::fstat(&another.dir)) {
            another.number = held.number.saturating_add(1);
            *held = Arc::new(another);
        }
        Ok(())
    }

    /// How often [`Root::follow`] went over to another directory: whoever remembers something of the one that was open
    /// can tell by this that it is another.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.held().number
    }

    /// The root's path, absolute, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the root's path still leads to the directory that the handle is open on.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        self.held().is(rustix::fs::stat(&self.path))
    }

    /// Turns what was asked for into a clean path relative to the root, without touching the disk.
    ///
    /// # Errors
    /// [`RootError::Outside`] for `..` and for absolute paths elsewhere.
    pub fn relative(&self, asked: &Path) -> Result<PathBuf, RootError> {
        let outside = || RootError::Outside { path: asked.to_owned() };
        let below = if asked.is_absolute() {
            let held = self.held();
            let under = |root: &Path| asked.strip_prefix(root).ok();
            under(&self.path).or_else(|| under(&held.canonical)).ok_or_else(outside)?
        } else {
            asked
        };
        let mut clean = PathBuf::new();
        for component in below.components() {
            match component {
                Component::Normal(name) => clean.push(name),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(outside()),
            }
        }
        Ok(clean)
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// See [`RootError`]; a FIFO or device is refused at once, never waited for.
    pub fn open_read(&self, asked: &Path) -> Result<File, RootError> {
        let clean = self.relative(asked)?;
        self.open_regular(asked, &clean, OFlags::RDONLY)
    }

    /// Reads a whole regular file of at most `max_bytes`.
    ///
    /// # Errors
    /// See [`RootError`]; [`RootError::TooLarge`] also for a file that grows while it is read.
    pub fn read_capped(&self, asked: &Path, max_bytes: u64) -> Result<Vec<u8>, RootError> {
        let file = self.open_read(asked)?;
        let too_large = || RootError::TooLarge { path: asked.to_owned(), max_bytes };
        let size = file.metadata().map_err(|source| RootError::io("inspect", asked, source))?.len();
        if size > max_bytes {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        file.take(max_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|source| RootError::io("read", asked, source))?;
        if bytes.len() as u64 > max_bytes { Err(too_large()) } else { Ok(bytes) }
    }

    /// Opens a regular file for appending; makes it, 0600, if it is missing. The directory must exist.
    ///
    /// # Errors
    /// See [`RootError`].
    pub fn open_append(&self, asked: &Path) -> Result<File, RootError> {
        let clean = self.relative(asked)?;
        let append = OFlags::WRONLY | OFlags::APPEND;
        match self.open_regular(asked, &clean, append) {
            Err(RootError::NotFound { .. }) => {}
            other => return other,
        }
        let (parent, name) = self.parent(asked, &clean)?;
        match atomic::create_new_at(parent.as_fd(), &name, append, FILE_MODE) {
            Ok(file) => Ok(File::from(file)),
            // Somebody was faster; what they made is opened with all checks.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.open_regular(asked, &clean, append)
            }
            Err(source) => Err(RootError::io("create", asked, source)),
        }
    }

    /// Writes a file, 0600, that must not exist yet. The directory must exist.
    ///
    /// # Errors
    /// [`RootError::Exists`] and the others; a file that could not be written whole is removed again.
    pub fn create_new(&self, asked: &Path, bytes: &[u8]) -> Result<(), RootError> {
        let clean = self.relative(asked)?;
        let (parent, name) = self.parent(asked, &clean)?;
        let file = atomic::create_new_at(parent.as_fd(), &name, OFlags::WRONLY, FILE_MODE)
            .map_err(|source| RootError::io("create", asked, source))?;
        let mut file = File::from(file);
        if let Err(source) = file.write_all(bytes).and_then(|()| file.sync_all()) {
            // Best effort: the write has failed already and that is the error worth reporting.
            rustix::fs::unlinkat(&parent, &name, AtFlags::empty()).ok();
            return Err(RootError::io("write", asked, source));
        }
        atomic::sync_dir(parent.as_fd())
            .map_err(|source| RootError::io("sync the directory of", asked, source))
    }

    /// Writes a file atomically, new or in place of a regular one. A new file is 0600; a replaced one keeps its
    /// permission bits, so that a script stays executable. The directory must exist.
    ///
    /// # Errors
    /// See [`RootError`]; a link or a special file is not replaced. After an error the old content is still there.
    pub fn replace(&self, asked: &Path, bytes: &[u8]) -> Result<(), RootError> {
        let clean = self.relative(asked)?;
        let (parent, name) = self.parent(asked, &clean)?;
        let mode = match rustix::fs::statat(&parent, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => FILE_MODE,
            Err(error) => return Err(RootError::io("inspect", asked, error.into())),
            Ok(stat) => {
                let kind = FileType::from_raw_mode(stat.st_mode);
                if kind == FileType::Symlink {
                    return Err(RootError::Symlink { path: asked.to_owned() });
                }
                if kind != FileType::RegularFile {
                    return Err(RootError::NotAFile { path: asked.to_owned() });
                }
                stat.st_mode & KEPT_MODE
            }
        };
        atomic::replace_at(parent.as_fd(), &name, bytes, mode)
            .map_err(|step| RootError::io(step.action, asked, step.source))
    }

    /// Renames a file or directory to a name that must be free, both beneath the root, and syncs both directories.
    ///
    /// # Errors
    /// [`RootError::Exists`] names the new path; the others as they apply.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), RootError> {
        let (clean_from, clean_to) = (self.relative(from)?, self.relative(to)?);
        let (from_dir, from_name) = self.parent(from, &clean_from)?;
        let (to_dir, to_name) = self.parent(to, &clean_to)?;
        match beneath::rename_to_free(from_dir.as_fd(), &from_name, to_dir.as_fd(), &to_name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(RootError::io("rename", to, error));
            }
            renamed => renamed.map_err(|source| RootError::io("rename", from, source))?,
        }
        let sync = |dir: &OwnedFd, path: &Path| {
            atomic::sync_dir(dir.as_fd())
                .map_err(|source| RootError::io("sync the directory of", path, source))
        };
        sync(&to_dir, to)?;
        sync(&from_dir, from)
    }

    /// Makes the missing directories above a path, each 0700.
    ///
    /// # Errors
    /// See [`RootError`]; a link or a file among them is an error.
    pub fn create_parent_dirs(&self, asked: &Path) -> Result<(), RootError> {
        let clean = self.relative(asked)?;
        let fail = |source: io::Error| RootError::io("create the directory of", asked, source);
        let mut dir = self.held().dir.try_clone().map_err(fail)?;
        for component in clean.parent().into_iter().flat_map(Path::iter) {
            let made = atomic::make_dir_at(dir.as_fd(), component).map_err(fail)?;
            let next = beneath::step(dir.as_fd(), component, beneath::DIRECTORY).map_err(fail)?;
            if made == Made::New {
                rustix::fs::fchmod(&next, Mode::RWXU).map_err(|errno| fail(errno.into()))?;
                atomic::sync_dir(dir.as_fd()).map_err(fail)?;
            }
            dir = next;
        }
        Ok(())
    }

    fn open_regular(&self, asked: &Path, clean: &Path, access: OFlags) -> Result<File, RootError> {
        if clean.as_os_str().is_empty() {
            return Err(RootError::NotAFile { path: asked.to_owned() });
        }
        let file = self
            .resolver
            .open(self.held().dir.as_fd(), clean, access | SAFE)
            .map_err(|source| RootError::io("open", asked, source))?;
        let stat = rustix::fs::fstat(&file).map_err(|errno| RootError::io("inspect", asked, errno.into()))?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
            Ok(File::from(file))
        } else {
            Err(RootError::NotAFile { path: asked.to_owned() })
        }
    }

    /// The opened directory a clean path is in, and its last name.
    fn parent(&self, asked: &Path, clean: &Path) -> Result<(OwnedFd, OsString), RootError> {
        let name = clean.file_name().ok_or_else(|| RootError::NotAFile { path: asked.to_owned() })?;
        let dir = self.open_dir_beneath(asked, clean.parent().unwrap_or_else(|| Path::new("")))?;
        Ok((dir, OsStr::to_owned(name)))
    }

    fn open_dir_beneath(&self, asked: &Path, clean: &Path) -> Result<OwnedFd, RootError> {
        let below = if clean.as_os_str().is_empty() { Path::new(".") } else { clean };
        self.resolver
            .open(self.held().dir.as_fd(), below, beneath::DIRECTORY)
            .map_err(|source| RootError::io("open", asked, source))
    }
}

#[cfg(test)]
mod tests;
