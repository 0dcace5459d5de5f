//! Room on the disk: watched, and some of it held back for what must be finished (P-19).

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use openclaw_guard::{FileError, Root};

/// Below this nothing new is accepted.
pub const MIN_FREE_BYTES: u64 = 20 << 20;
/// Below this people are warned.
pub const LOW_SPACE_BYTES: u64 = 500 << 20;
/// Held back, and given free when the disk is full, so that accepted messages can be answered and their end be written.
pub const RESERVE_BYTES: u64 = 8 << 20;
/// The reserve is only made again when there is this much room: it must not be what fills the disk.
const RESERVE_AGAIN_BYTES: u64 = 64 << 20;
/// Free space is asked for this often at most: it is a system call, and under load there are thousands of messages.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Beside the ledger.
const RESERVE_FILE: &str = "reserve";

/// The space of the ledger's disk.
#[derive(Debug)]
pub struct DiskSpace {
    dir: PathBuf,
    seen: Option<(Instant, u64)>,
    reserved: bool,
}

impl DiskSpace {
    /// Watches the disk of `dir`.
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), seen: None, reserved: false }
    }

    /// Bytes that can be written, as of a moment ago. A disk that cannot be asked has room: writing tells.
    pub fn free_bytes(&mut self) -> u64 {
        if let Some((at, free)) = self.seen
            && at.elapsed() < LOOK_EVERY
        {
            return free;
        }
        let free = free_bytes(&self.dir);
        self.seen = Some((Instant::now(), free));
        free
    }

    /// Makes the reserve if it is missing and there is room for it.
    ///
    /// # Errors
    /// When it cannot be made; nothing depends on it at this moment.
    pub fn reserve(&mut self) -> Result<(), FileError> {
        if self.reserved || self.free_bytes() < RESERVE_AGAIN_BYTES {
            return Ok(());
        }
        let path = self.dir.join(RESERVE_FILE);
        let error = |source| FileError::new("make", &path, source);
        let file = open(&self.dir).map_err(|source| error(std::io::Error::other(source)))?;
        if file.metadata().map_err(error)?.len() < RESERVE_BYTES {
            allocate(&file).map_err(error)?;
        }
        self.reserved = true;
        self.seen = None;
        Ok(())
    }

    /// Gives the reserve free; whether there was one.
    pub fn release(&mut self) -> bool {
        self.seen = None;
        self.reserved = false;
        std::fs::remove_file(self.dir.join(RESERVE_FILE)).is_ok()
    }
}

fn open(dir: &Path) -> Result<File, openclaw_guard::RootError> {
    Root::open(dir)?.open_append(Path::new(RESERVE_FILE))
}

/// Takes the space without writing it.
fn allocate(file: &File) -> std::io::Result<()> {
    let flags = rustix::fs::FallocateFlags::empty();
    Ok(rustix::fs::fallocate(file, flags, 0, RESERVE_BYTES)?)
}

/// Bytes that this user can still write to the disk of `path`.
fn free_bytes(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::{DiskSpace, RESERVE_BYTES, RESERVE_FILE};

    #[test]
    fn the_reserve_is_real_and_is_given_free() {
        let home = tempfile::tempdir().unwrap();
        let mut space = DiskSpace::of(home.path());
        assert!(space.free_bytes() > 0);
        assert!(!space.release());
        space.reserve().unwrap();
        let file = std::fs::metadata(home.path().join(RESERVE_FILE)).unwrap();
        assert_eq!(file.len(), RESERVE_BYTES);
        assert!(std::os::unix::fs::MetadataExt::blocks(&file) * 512 >= RESERVE_BYTES, "not a hole");
        space.reserve().unwrap();
        assert!(space.release() && !home.path().join(RESERVE_FILE).exists());
        space.reserve().unwrap();
        assert!(home.path().join(RESERVE_FILE).exists());
    }
}
