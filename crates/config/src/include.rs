//! Finding and reading included files, none of them outside the directory of the configuration (S-084).

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use openclaw_guard::{Root, RootError};

use crate::file::MAX_CONFIG_BYTES;
use crate::locations::clean;
use crate::source::{MAIN, Source, SourceFile, Sources};

/// The key that stands for the content of other files.
pub(crate) const INCLUDE: &str = "$include";
/// How deep included files include others: a longer chain is a mistake that has not closed into a cycle yet (CFG-05).
pub const MAX_INCLUDE_DEPTH: usize = 10;
/// Inclusions in one configuration. A setup with a file per client has tens; ten levels of lists could ask for billions.
pub const MAX_INCLUDES: usize = 256;

/// Why a file is not included. Paths are absolute, as they were resolved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IncludeFault {
    /// The text did not come from a file, so there is no directory to look in.
    #[error("only a configuration file can include other files, and this text is none")]
    NoFile,
    /// Through `..`, an absolute path or a symbolic link.
    #[error("{} is outside the directory of the configuration file; move it there", path.display())]
    Outside {
        /// The file.
        path: PathBuf,
    },
    /// Nothing is there.
    #[error("{} does not exist; create it or correct its name", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A directory, pipe, socket or device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: io::ErrorKind,
    },
    /// The files are too large together.
    #[error("the configuration and its included files are larger than {MAX_CONFIG_BYTES} bytes together")]
    TooLarge,
    /// The chain of files is too long.
    #[error("files include each other more than {MAX_INCLUDE_DEPTH} deep")]
    TooDeep,
    /// There are too many inclusions.
    #[error("more than {MAX_INCLUDES} files are included")]
    TooMany,
    /// The key stands too far down.
    #[error("stands too far down in the configuration; include the file further up")]
    TooFarDown,
    /// A file that is being included already.
    #[error("the files include each other in a circle: {}", circle(.chain))]
    Circle {
        /// The files from the main one to the one that closes the circle.
        chain: Vec<PathBuf>,
    },
    /// Keys beside `$include` with nothing that they could be merged into.
    #[error("the included file holds {found}; with keys beside $include it must hold an object")]
    Siblings {
        /// The JSON type found.
        found: &'static str,
    },
}

fn circle(chain: &[PathBuf]) -> String {
    chain.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" -> ")
}

/// An included file that was read.
pub(crate) struct Included {
    pub(crate) file: SourceFile,
    pub(crate) bytes: Vec<u8>,
}

/// Texts that stand for those of files, by the files' real paths: an edit that is not written yet.
pub(crate) type Drafts = HashMap<PathBuf, String>;

/// The directory that included files must be in, and what may still be read.
pub(crate) struct Folder {
    root: Root,
    bytes_left: u64,
    includes_left: usize,
}

impl Folder {
    /// Opens the directory of the main file.
    pub(crate) fn around(sources: &Sources) -> Result<Self, IncludeFault> {
        let main =
            sources.chain(MAIN).next().and_then(|main| main.file.as_ref()).ok_or(IncludeFault::NoFile)?;
        let dir = main.path.parent().unwrap_or(Path::new("/"));
        let root = Root::open(dir).map_err(|error| fault(dir, error))?;
        let bytes_left = MAX_CONFIG_BYTES.saturating_sub(sources.text(MAIN).len() as u64);
        Ok(Self { root, bytes_left, includes_left: MAX_INCLUDES })
    }

    /// Reads the file called `name` in a text, or its draft; `chain` is that text, the one that included it, and so on.
    pub(crate) fn read<'s>(
        &mut self,
        name: &str,
        drafts: &Drafts,
        chain: impl Iterator<Item = &'s Source>,
    ) -> Result<Included, IncludeFault> {
        let chain: Vec<&SourceFile> = chain.filter_map(|source| source.file.as_ref()).collect();
        let including = chain.first().ok_or(IncludeFault::NoFile)?;
        if chain.len() > MAX_INCLUDE_DEPTH {
            return Err(IncludeFault::TooDeep);
        }
        self.includes_left = self.includes_left.checked_sub(1).ok_or(IncludeFault::TooMany)?;
        let path = clean(&including.path.parent().unwrap_or(Path::new("/")).join(name));
        // Asked before the disk is: whether a file outside exists is nobody's business.
        self.root.relative(&path).map_err(|error| fault(&path, error))?;
        let real = path.canonicalize().map_err(|error| unreadable(&path, &error))?;
        if chain.iter().any(|file| file.real == real || file.path == path) {
            let mut chain: Vec<PathBuf> = chain.iter().rev().map(|file| file.path.clone()).collect();
            chain.push(path);
            return Err(IncludeFault::Circle { chain });
        }
        // The real path holds no link. Should somebody put one in this very moment, the root does not follow it.
        let bytes = match drafts.get(&real) {
            Some(text) if text.len() as u64 > self.bytes_left => return Err(IncludeFault::TooLarge),
            Some(text) => text.clone().into_bytes(),
            None => self.root.read_capped(&real, self.bytes_left).map_err(|error| fault(&path, error))?,
        };
        self.bytes_left = self.bytes_left.saturating_sub(bytes.len() as u64);
        Ok(Included { file: SourceFile { path, real }, bytes })
    }
}

fn fault(path: &Path, error: RootError) -> IncludeFault {
    let path = path.to_owned();
    match error {
        // A link: the path had none when it was resolved a moment ago.
        RootError::Outside { .. } | RootError::Symlink { .. } => IncludeFault::Outside { path },
        RootError::NotAFile { .. } => IncludeFault::NotAFile { path },
        RootError::NotFound { .. } => IncludeFault::Missing { path },
        RootError::TooLarge { .. } => IncludeFault::TooLarge,
        RootError::Exists { .. } => IncludeFault::Unreadable { path, reason: io::ErrorKind::AlreadyExists },
        RootError::Io { source, .. } => unreadable(&path, &source),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> IncludeFault {
    let (path, reason) = (path.to_owned(), error.kind());
    if reason == io::ErrorKind::NotFound {
        IncludeFault::Missing { path }
    } else if reason == io::ErrorKind::NotADirectory {
        IncludeFault::NotAFile { path }
    } else {
        IncludeFault::Unreadable { path, reason }
    }
}
