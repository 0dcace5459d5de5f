//! Watching folders with inotify. The kernel queues an event before the write that caused it returns, so that whoever
//! reads the queue knows of every write that was done before.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, PipeWriter};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_guard::{EntryKind, Root, RootError};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::waiting::wait_in_thread;
use super::watcher::{Changes, Wake};
use crate::backend::Source;
use crate::sources::{Place, Wanted};

/// Folders that are watched; each takes a kilobyte of the kernel's memory, and users share a limit.
const MAX_FOLDERS: usize = 4_096;
/// Entries looked at to find the folders of one place.
const MAX_ENTRIES: usize = 50_000;
/// Events taken in at once; if there are more, everything is taken to have changed.
const MAX_EVENTS: usize = 10_000;
/// Bytes read from the queue at once: a few hundred events.
const BUFFER: usize = 16 * 1024;
/// A folder that cannot be watched is tried again after this.
const RETRY: Duration = Duration::from_secs(10);
/// What is asked for: everything that changes what a file says, or whether it is there.
const EVENTS: WatchFlags = WatchFlags::MODIFY
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR)
    .union(WatchFlags::DONT_FOLLOW)
    .union(WatchFlags::EXCL_UNLINK);
/// File systems on which nobody but this kernel changes files: ext, btrfs, xfs, tmpfs, overlay, f2fs, bcachefs, zfs. On
/// others, of a network or of a host, changes may come without events.
const OWN: [u64; 8] =
    [0xef53, 0x9123_683e, 0x5846_5342, 0x0102_1994, 0x794c_7630, 0xf2f5_2010, 0xca45_1a4e, 0x2fc1_2fc1];

/// The watched folders.
pub(super) struct Folders {
    queue: Arc<OwnedFd>,
    places: Vec<Place>,
    watched: HashMap<i32, Vec<Reason>>,
    /// Whether every folder is watched, on a file system that tells everything.
    is_complete: bool,
    /// Whether the folder that a place begins with is another one now; its handle may still be the old one.
    is_lost: bool,
    /// When every folder was looked for.
    completed: Instant,
    /// The thread that waits ends when this is closed.
    _thread: PipeWriter,
}

/// Why a folder is watched.
#[derive(Clone, Copy)]
struct Reason {
    source: Source,
    wanted: Wanted,
    is_top: bool,
}

/// What events say.
#[derive(Default)]
struct News {
    changes: Changes,
    /// Folders came or went.
    folders: bool,
    /// The folder of a place went.
    lost: bool,
}

impl Folders {
    /// Watches from now on; a thread calls `wake` when changes have rested.
    pub(super) fn watch(name: &str, places: Vec<Place>, rest: Duration, wake: Wake) -> io::Result<Self> {
        let queue = Arc::new(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?);
        let _thread = wait_in_thread(name, Arc::clone(&queue), rest, wake)?;
        let watched = HashMap::new();
        let mut folders = Self {
            queue,
            places,
            watched,
            is_complete: false,
            is_lost: false,
            completed: Instant::now(),
            _thread,
        };
        folders.watch_all()?;
        Ok(folders)
    }

    pub(super) fn sees_all(&self) -> bool {
        self.is_complete && !self.is_lost
    }

    /// What changed since the last call. Folders that came are watched before anybody lists them, so that nothing
    /// happens between.
    pub(super) fn drain(&mut self) -> io::Result<Changes> {
        let news = self.read_queue()?;
        self.is_lost |= news.lost;
        if news.folders || (!self.is_complete && self.completed.elapsed() > RETRY) {
            self.watch_all()?;
        }
        Ok(if self.sees_all() { news.changes } else { Changes::ALL })
    }

    fn read_queue(&self) -> io::Result<News> {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = Reader::new(self.queue.as_fd(), &mut buffer);
        let mut news = News::default();
        for _ in 0..MAX_EVENTS {
            match reader.next() {
                Ok(event) => {
                    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                    self.judge(event.wd(), event.events(), name, &mut news);
                }
                Err(Errno::AGAIN) => return Ok(news),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(News { changes: Changes::ALL, folders: true, ..news })
    }

    fn judge(&self, wd: i32, events: ReadFlags, name: Option<&OsStr>, news: &mut News) {
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            news.changes = Changes::ALL;
            news.folders = true;
            return;
        }
        for reason in self.watched.get(&wd).into_iter().flatten() {
            let gone = ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT;
            let is_folder = events.contains(ReadFlags::ISDIR);
            let matters = match (name, reason.wanted) {
                (None, _) => {
                    news.folders = true;
                    news.lost |= reason.is_top && events.intersects(gone);
                    true
                }
                (Some(name), Wanted::Here(wanted)) => name.to_str().is_some_and(wanted),
                (Some(name), Wanted::Below(wanted)) => is_folder || wanted(Path::new(name)),
            };
            news.folders |= matters && is_folder;
            if matters {
                news.changes.add(changes_of(reason.source));
            }
        }
    }

    /// Watches every folder of every place, and no other any more.
    fn watch_all(&mut self) -> io::Result<()> {
        let mut watched: HashMap<i32, Vec<Reason>> = HashMap::new();
        self.is_complete = true;
        for place in &self.places {
            let Ok((folders, is_whole)) = folders_of(place) else {
                self.is_complete = false;
                continue;
            };
            self.is_complete &= is_whole && is_own(&place.top);
            for below in folders {
                if watched.len() >= MAX_FOLDERS {
                    return Err(io::Error::other(format!("more than {MAX_FOLDERS} folders")));
                }
                let is_top = below.as_os_str().is_empty();
                match inotify::add_watch(&self.queue, place.top.join(&below), EVENTS) {
                    Ok(wd) => {
                        let reason = Reason { source: place.source, wanted: place.wanted, is_top };
                        watched.entry(wd).or_default().push(reason);
                    }
                    // Gone, or a link in its place: the next event says so.
                    Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS) => {
                        self.is_complete = false;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        for wd in self.watched.keys().filter(|wd| !watched.contains_key(wd)) {
            // Of a folder that is gone, the kernel has removed it already.
            inotify::remove_watch(&self.queue, *wd).ok();
        }
        self.watched = watched;
        self.completed = Instant::now();
        Ok(())
    }
}

fn changes_of(source: Source) -> Changes {
    match source {
        Source::Memory => Changes { notes: true, ..Changes::default() },
        Source::Sessions => Changes { transcripts: true, ..Changes::default() },
    }
}

/// The folders of a place below its top, and whether these are all.
fn folders_of(place: &Place) -> Result<(Vec<PathBuf>, bool), RootError> {
    if let Wanted::Here(_) = place.wanted {
        return Ok((vec![place.start.clone()], true));
    }
    let found = RefCell::new(vec![place.start.clone()]);
    let enter = |path: &Path, kind: EntryKind| match kind {
        EntryKind::Directory => {
            found.borrow_mut().push(path.to_owned());
            true
        }
        EntryKind::File => false,
    };
    let walked = Root::open(&place.top)?.walk(&place.start, enter, MAX_ENTRIES);
    match walked {
        Ok(walk) => Ok((found.into_inner(), !walk.truncated && walk.unreadable.is_empty())),
        // The place of the folder above tells when it comes.
        Err(RootError::NotFound { .. }) if !place.start.as_os_str().is_empty() => Ok((Vec::new(), true)),
        Err(error) => Err(error),
    }
}

#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    reason = "the type of f_type differs between architectures"
)]
fn is_own(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|stat| OWN.contains(&u64::from(stat.f_type as u32)))
}
