//! A file of the hub becomes a file of this machine: resumed, checked, and put in place whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt as _;
use openclaw_guard::{FileError, create_private_dir};
use reqwest::{Response, StatusCode};
use ring::digest;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::hub::{Described, Hub, HubError};
use super::reference::HubFile;

/// Tries without one new byte before the download is given up until somebody asks again.
const MAX_TRIES: u32 = 5;
/// Bytes collected before they are written.
const WRITE_BYTES: usize = 1024 * 1024;
/// Free space that is left to others.
const SPARE_BYTES: u64 = 64 * 1024 * 1024;
/// What a megabyte is to people.
const BYTES_OF_MB: u64 = 1_000_000;
/// Between two looks at a download of another process.
const LOOK: Duration = Duration::from_millis(500);
/// The lock of a folder of models: one download at a time.
const LOCK: &str = ".download.lock";
/// Digits of the checksum in the name of an unfinished file, so that it is never continued with another version.
const VERSION_DIGITS: usize = 16;

/// How far a download is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    /// Bytes on the disk.
    pub received: u64,
    /// Bytes of the whole file, if the hub says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// For people: `12 of 329 MB`.
impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let received = self.received / BYTES_OF_MB;
        match self.total {
            Some(total) => write!(f, "{received} of {} MB", total.div_ceil(BYTES_OF_MB)),
            None => write!(f, "{received} MB"),
        }
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The hub or the way to it.
    #[error("{file} cannot be downloaded: {source}")]
    Hub {
        /// What was asked for.
        file: String,
        /// What went wrong.
        source: HubError,
    },
    /// The disk is full, or will be.
    #[error("{} has no room for {file}; free {} MB there, or set local.modelCacheDir", folder.display(), needed / 1_000_000)]
    DiskFull {
        /// What was asked for.
        file: String,
        /// Where it should go.
        folder: PathBuf,
        /// Bytes that are missing, or all that are still to come.
        needed: u64,
    },
    /// The disk.
    #[error("{file} cannot be kept: {source}")]
    Disk {
        /// What was asked for.
        file: String,
        /// What went wrong where.
        source: FileError,
    },
    /// What came is not what the hub has.
    #[error(
        "{0} arrived damaged twice (its SHA-256 is not the hub's); a proxy may be changing it, try another network"
    )]
    Checksum(String),
}

impl DownloadError {
    /// Whether the same download may succeed later without anybody doing anything.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Hub { source, .. } => source.is_passing(),
            Self::DiskFull { .. } | Self::Disk { .. } | Self::Checksum(_) => false,
        }
    }
}

/// One download.
pub(super) struct Download<'d> {
    pub(super) hub: &'d Hub,
    pub(super) file: &'d HubFile,
    pub(super) folder: &'d Path,
    pub(super) progress: &'d watch::Sender<Progress>,
}

/// How a transfer ended before the file did.
enum Cut {
    /// Another try may go on from here.
    Passing(HubError),
    /// It makes no sense to go on.
    Final(DownloadError),
}

impl Download<'_> {
    /// The file, downloaded if it is not there.
    pub(super) async fn run(&self) -> Result<PathBuf, DownloadError> {
        let target = self.folder.join(self.file.file_name());
        if target.is_file() {
            return Ok(target);
        }
        create_private_dir(self.folder).map_err(|source| self.disk(source))?;
        let lock = self.lock(&target).await?;
        // Another process may have been faster.
        if !target.is_file() {
            let described = self.describe().await?;
            self.complete(&described, &target).await?;
        }
        drop(lock);
        Ok(target)
    }

    /// Waits until nobody else downloads into this folder, and looks meanwhile how far the same file is there. The system
    /// opens the lock when a process dies.
    async fn lock(&self, target: &Path) -> Result<File, DownloadError> {
        let path = self.folder.join(LOCK);
        let file =
            private().open(&path).map_err(|source| self.disk(FileError::new("open", &path, source)))?;
        let mut described = None;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(std::fs::TryLockError::WouldBlock) => {
                    if described.is_none() {
                        // Who cannot ask the hub now only sees less.
                        described = Some(self.hub.describe(self.file).await.unwrap_or_default());
                    }
                    described.iter().for_each(|described| self.see(described, target));
                    tokio::time::sleep(LOOK).await;
                }
                Err(std::fs::TryLockError::Error(source)) => {
                    return Err(self.disk(FileError::new("lock", &path, source)));
                }
            }
        }
    }

    /// Tells how much of the file is here, whoever is at it.
    fn see(&self, described: &Described, target: &Path) {
        let received = part_of(target, described).metadata().map_or(0, |part| part.len());
        self.progress.send_replace(Progress { received, total: described.size });
    }

    async fn describe(&self) -> Result<Described, DownloadError> {
        let mut tries = 0;
        loop {
            match self.hub.describe(self.file).await {
                Ok(described) => return Ok(described),
                Err(error) => self.pause(&mut tries, error).await?,
            }
        }
    }

    /// Transfers until everything is there, checks it, and gives it its name.
    async fn complete(&self, described: &Described, target: &Path) -> Result<(), DownloadError> {
        let part = part_of(target, described);
        if described.sha256.is_none() {
            // Nobody could tell whether the rest belongs to the same version.
            std::fs::remove_file(&part).ok();
        }
        for _ in 0..2 {
            self.transfer(described, &part).await?;
            let Some(expected) = described.sha256.clone() else { return self.put(&part, target).await };
            let path = part.clone();
            let found = blocking(move || sha256(&path)).await;
            let found = found.map_err(|source| self.disk(FileError::new("read", &part, source)))?;
            if found == expected {
                return self.put(&part, target).await;
            }
            std::fs::remove_file(&part)
                .map_err(|source| self.disk(FileError::new("remove", &part, source)))?;
        }
        Err(DownloadError::Checksum(self.file.to_string()))
    }

    async fn put(&self, part: &Path, target: &Path) -> Result<(), DownloadError> {
        let (from, to) = (part.to_owned(), target.to_owned());
        let put = blocking(move || {
            File::open(&from)?.sync_all()?;
            std::fs::rename(&from, &to)?;
            // The name is safe when the folder is.
            to.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        });
        put.await.map_err(|source| self.disk(FileError::new("rename", part, source)))
    }

    async fn transfer(&self, described: &Described, part: &Path) -> Result<(), DownloadError> {
        let mut tries = 0;
        loop {
            let have = std::fs::metadata(part).map_or(0, |metadata| metadata.len());
            let total = described.size;
            self.progress.send_replace(Progress { received: have, total });
            if total == Some(have) {
                return Ok(());
            }
            if let Some(total) = total {
                self.room(total.saturating_sub(have))?;
            }
            match self.piece(described, part, have).await {
                Ok(()) => return Ok(()),
                Err(Cut::Final(error)) => return Err(error),
                Err(Cut::Passing(error)) => {
                    let now = std::fs::metadata(part).map_or(0, |metadata| metadata.len());
                    if now > have {
                        tries = 0;
                    }
                    self.pause(&mut tries, error).await?;
                }
            }
        }
    }

    /// One request, from where the unfinished file ends.
    async fn piece(&self, described: &Described, part: &Path, have: u64) -> Result<(), Cut> {
        let response = self.hub.open(self.file, have).await.map_err(|error| {
            if error.is_passing() { Cut::Passing(error) } else { Cut::Final(self.for_hub(error)) }
        })?;
        let status = response.status();
        if status == StatusCode::RANGE_NOT_SATISFIABLE {
            // What is there is longer than the file: begin again.
            self.open_part(part, 0).map_err(Cut::Final)?;
            return Err(Cut::Passing(HubError::Status(status.as_u16())));
        }
        // Without 206, or with another beginning than asked for, this is the whole file.
        let from = if status == StatusCode::PARTIAL_CONTENT && starts_at(&response) == Some(have) {
            have
        } else {
            0
        };
        if status == StatusCode::PARTIAL_CONTENT && from != have {
            return Err(Cut::Passing(HubError::Status(status.as_u16())));
        }
        let file = self.open_part(part, from).map_err(Cut::Final)?;
        self.save(response, file, Progress { received: from, total: described.size }).await
    }

    async fn save(&self, response: Response, file: File, start: Progress) -> Result<(), Cut> {
        let mut now = start;
        let mut file = file;
        let mut buffer = Vec::with_capacity(WRITE_BYTES);
        let mut stream = response.bytes_stream();
        let ended = loop {
            match tokio::time::timeout(self.hub.silence, stream.next()).await {
                Ok(Some(Ok(bytes))) => {
                    buffer.extend_from_slice(&bytes);
                    if now.total.is_some_and(|total| now.received + buffer.len() as u64 > total) {
                        buffer.clear();
                        break Err(HubError::Redirect("more than the file has"));
                    }
                    if buffer.len() >= WRITE_BYTES {
                        file = self.write(file, &mut buffer, &mut now).await?;
                    }
                }
                Ok(Some(Err(error))) => {
                    break Err(HubError::Unreachable(
                        "the transfer".into(),
                        openclaw_http::why_unreachable(&error),
                    ));
                }
                Ok(None) => break Ok(()),
                Err(_) => break Err(HubError::Silent(self.hub.silence)),
            }
        };
        self.write(file, &mut buffer, &mut now).await?;
        let is_short = now.total.is_some_and(|total| now.received < total);
        match ended {
            Ok(()) if is_short => Err(Cut::Passing(HubError::Unreachable(
                "the transfer".into(),
                openclaw_http::Unreachable::Closed,
            ))),
            Ok(()) => Ok(()),
            Err(error) if error.is_passing() => Err(Cut::Passing(error)),
            Err(error) => Err(Cut::Final(self.for_hub(error))),
        }
    }

    async fn write(&self, file: File, buffer: &mut Vec<u8>, now: &mut Progress) -> Result<File, Cut> {
        let bytes = std::mem::replace(buffer, Vec::with_capacity(WRITE_BYTES));
        let count = bytes.len() as u64;
        let written = blocking(move || {
            let mut file = file;
            file.write_all(&bytes)?;
            Ok(file)
        });
        let file = written.await.map_err(|source| {
            let source = FileError::new("write", self.folder, source);
            let left = now.total.unwrap_or(count).saturating_sub(now.received);
            Cut::Final(if source.is_disk_full() { self.full(left) } else { self.disk(source) })
        })?;
        now.received += count;
        self.progress.send_replace(*now);
        Ok(file)
    }

    fn open_part(&self, part: &Path, from: u64) -> Result<File, DownloadError> {
        let opened = private().open(part).and_then(|file| {
            file.set_len(from)?;
            io::Seek::seek(&mut &file, io::SeekFrom::Start(from))?;
            Ok(file)
        });
        opened.map_err(|source| self.disk(FileError::new("open", part, source)))
    }

    /// Looks before the first byte whether the disk can hold them all.
    fn room(&self, coming: u64) -> Result<(), DownloadError> {
        // A file system that does not tell is believed to have room.
        let Ok(stat) = rustix::fs::statvfs(self.folder) else { return Ok(()) };
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        let wanted = coming.saturating_add(SPARE_BYTES);
        if wanted > free { Err(self.full(wanted - free)) } else { Ok(()) }
    }

    async fn pause(&self, tries: &mut u32, error: HubError) -> Result<(), DownloadError> {
        *tries += 1;
        if !error.is_passing() || *tries >= MAX_TRIES {
            return Err(self.for_hub(error));
        }
        tokio::time::sleep(self.hub.pause * (1 << *tries)).await;
        Ok(())
    }

    fn for_hub(&self, source: HubError) -> DownloadError {
        DownloadError::Hub { file: self.file.to_string(), source }
    }

    fn disk(&self, source: FileError) -> DownloadError {
        DownloadError::Disk { file: self.file.to_string(), source }
    }

    fn full(&self, needed: u64) -> DownloadError {
        DownloadError::DiskFull { file: self.file.to_string(), folder: self.folder.to_owned(), needed }
    }
}

/// A file to write that is nobody else's, as everything in the state directory; made if it is not there.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The unfinished file beside the finished one.
fn part_of(target: &Path, described: &Described) -> PathBuf {
    let version =
        described.sha256.as_deref().and_then(|hex| hex.get(..VERSION_DIGITS)).unwrap_or("unversioned");
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{version}.part"));
    target.with_file_name(name)
}

/// The first byte of a `Content-Range: bytes 5-9/10` (RFC 9110, 14.4).
fn starts_at(response: &Response) -> Option<u64> {
    let value = response.headers().get(reqwest::header::CONTENT_RANGE)?.to_str().ok()?;
    value.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; WRITE_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => context.update(&buffer[..count]),
        }
    }
    Ok(super::source::hex(context.finish().as_ref()))
}

/// Runs what waits for the disk where waiting harms nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
