//! Why nothing is imported.

use std::io;
use std::path::PathBuf;

use openclaw_guard::{FileError, RandomError, RootError};
use openclaw_store::LockError;

/// Why a state directory is not copied. The source was only read; the target is as it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImportError {
    #[error("cannot read {}: {source}", path.display())]
    NoSource {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is no state directory of OpenClaw: there is neither openclaw.json nor agents/ in it{hint}", path.display())]
    NotAState { path: PathBuf, hint: String },
    #[error(
        "{} was made, or has been taken over, by this program: use it where it is with OPENCLAW_STATE_DIR, or copy it \
         while no gateway runs",
        path.display()
    )]
    Ours { path: PathBuf },
    #[error("{} is, holds, or lies in the state directory {}; an import needs two separate ones", source_dir.display(), target.display())]
    Entwined { source_dir: PathBuf, target: PathBuf },
    #[error("the configuration is to be {} (OPENCLAW_CONFIG_PATH), outside the state directory; unset it for the import", path.display())]
    ConfigElsewhere { path: PathBuf },
    #[error("OpenClaw (process {pid}) is running on {}; stop it first, so that what is copied belongs together", path.display())]
    Running { path: PathBuf, pid: u32 },
    #[error(
        "{} has data already ({}); nothing is merged or overwritten. Move it away, or import into another directory with \
         OPENCLAW_STATE_DIR or --profile",
        target.display(), found.display()
    )]
    InUse { target: PathBuf, found: PathBuf },
    #[error("cannot look into {}: {source}", path.display())]
    Unlisted {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} holds more than {max} files; move what you do not need out of it", path.display())]
    TooMany { path: PathBuf, max: usize },
    #[error("{} has changed while it was copied; stop what writes it, then import again", path.display())]
    Changed { path: PathBuf },
    #[error("{} was not copied as it is: the copy reads differently; check the disk, then import again", path.display())]
    Differs { path: PathBuf },
    #[error("the copy needs {needed} and {} has {free} free; make room, then import again", path.display())]
    NoRoom { path: PathBuf, needed: String, free: String },
    #[error("something has appeared at {} meanwhile; it was left alone, and nothing was imported", path.display())]
    Appeared { path: PathBuf },
    #[error("the file system of {} cannot exchange directories; move the directory away, then import again", path.display())]
    NoExchange { path: PathBuf },
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Root(#[from] RootError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Random(#[from] RandomError),
}
