//! Watching folders with inotify. The kernel queues an event before the write that caused it returns, so that whoever
//! reads the queue knows of every write that was done before.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, PipeWriter};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_guard::{EntryKind, Root, RootError};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::waiting::wait_in_thread;
use super::watcher::{Among, Wake};
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
    watched: Watched,
    /// Where a folder is not watched, or lies on a file system that does not tell everything.
    blind: Among,
    /// When every folder was looked for.
    looked: Instant,
    /// The thread that waits ends when this is closed.
    _thread: PipeWriter,
}

/// Why each folder is watched, by its number.
type Watched = HashMap<i32, Vec<Reason>>;

#[derive(Clone, Copy)]
struct Reason {
    source: Source,
    wanted: Wanted,
}

/// What events say.
#[derive(Default)]
struct News {
    changes: Among,
    /// Folders came or went.
    folders: bool,
}

impl Folders {
    /// Watches from now on; a thread calls `wake` when changes have rested.
    pub(super) fn watch(name: &str, places: Vec<Place>, rest: Duration, wake: Wake) -> io::Result<Self> {
        let queue = Arc::new(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?);
        let (watched, blind) = Round::of(&queue, &places)?;
        let _thread = wait_in_thread(name, Arc::clone(&queue), rest, wake)?;
        Ok(Self { queue, places, watched, blind, looked: Instant::now(), _thread })
    }

    /// Watches these places from now on, and no other.
    pub(super) fn turn_to(&mut self, places: Vec<Place>) -> io::Result<()> {
        self.places = places;
        self.watch_all()
    }

    pub(super) fn blind(&self) -> Among {
        self.blind
    }

    /// What changed since the last call. Folders that came are watched before anybody lists them, so that nothing
    /// happens between.
    pub(super) fn drain(&mut self) -> io::Result<Among> {
        let News { mut changes, folders } = self.read_queue()?;
        // Also of what is seen from now on, nobody knows what happened before.
        changes.add(self.blind);
        if folders || (self.blind.any() && self.looked.elapsed() > RETRY) {
            self.watch_all()?;
            changes.add(self.blind);
        }
        Ok(changes)
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
        Ok(News { changes: Among::ALL, folders: true })
    }

    fn judge(&self, wd: i32, events: ReadFlags, name: Option<&OsStr>, news: &mut News) {
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            *news = News { changes: Among::ALL, folders: true };
            return;
        }
        for reason in self.watched.get(&wd).into_iter().flatten() {
            let is_folder = events.contains(ReadFlags::ISDIR);
            let matters = match (name, reason.wanted) {
                // The folder itself was moved, deleted, unmounted, or has other rights now.
                (None, _) => true,
                (Some(name), Wanted::Here(wanted)) => name.to_str().is_some_and(wanted),
                (Some(name), Wanted::Below(wanted)) => {
                    wanted(Path::new(name), if is_folder { EntryKind::Directory } else { EntryKind::File })
                }
            };
            if matters {
                news.folders |= is_folder || name.is_none();
                news.changes.add(reason.source.into());
            }
        }
    }

    /// Watches every folder of every place, and no other any more.
    fn watch_all(&mut self) -> io::Result<()> {
        let (watched, blind) = Round::of(&self.queue, &self.places)?;
        for wd in self.watched.keys().filter(|wd| !watched.contains_key(wd)) {
            // Of a folder that is gone, the kernel has removed it already.
            inotify::remove_watch(&self.queue, *wd).ok();
        }
        (self.watched, self.blind, self.looked) = (watched, blind, Instant::now());
        Ok(())
    }
}

/// One look for all folders. Each is watched before it is listed: what comes into it meanwhile is in the list, or is told.
struct Round<'a> {
    queue: &'a OwnedFd,
    watched: Watched,
    blind: Among,
    failed: Option<io::Error>,
}

impl<'a> Round<'a> {
    fn of(queue: &'a OwnedFd, places: &[Place]) -> io::Result<(Watched, Among)> {
        let mut round = Self { queue, watched: HashMap::new(), blind: Among::NONE, failed: None };
        for place in places {
            if !round.sees(place) {
                round.blind.add(place.source.into());
            }
        }
        match round.failed {
            Some(error) => Err(error),
            None => Ok((round.watched, round.blind)),
        }
    }

    /// Watches a place; tells whether all that happens there is heard of.
    fn sees(&mut self, place: &Place) -> bool {
        if place.root.as_ref().is_some_and(|root| !root.is_in_place()) {
            return false;
        }
        match self.folder(place, &place.start) {
            Told::Yes => {}
            Told::No => return false,
            // The place of the folder above tells when it comes.
            Told::Gone => return !place.start.as_os_str().is_empty(),
        }
        let Wanted::Below(wanted) = place.wanted else { return true };
        let is_heard = Cell::new(true);
        let round = RefCell::new(self);
        let enter = |path: &Path, kind: EntryKind| match kind {
            EntryKind::Directory if !wanted(path, kind) => false,
            // One that is gone has left an event with the folder above.
            EntryKind::Directory => match round.borrow_mut().folder(place, path) {
                Told::Yes => true,
                Told::Gone => false,
                Told::No => {
                    is_heard.set(false);
                    false
                }
            },
            EntryKind::File => false,
        };
        let walked = Root::open(&place.top).and_then(|root| root.walk(&place.start, enter, MAX_ENTRIES));
        match walked {
            Ok(walk) => is_heard.get() && !walk.truncated && !walk.too_deep && walk.unreadable.is_empty(),
            Err(RootError::NotFound { .. }) => !place.start.as_os_str().is_empty(),
            Err(_) => false,
        }
    }

    fn folder(&mut self, place: &Place, below: &Path) -> Told {
        if self.failed.is_some() {
            return Told::No;
        }
        if self.watched.len() >= MAX_FOLDERS {
            self.failed = Some(io::Error::other(format!("more than {MAX_FOLDERS} folders")));
            return Told::No;
        }
        let path = place.top.join(below);
        match inotify::add_watch(self.queue, &path, EVENTS) {
            Ok(wd) => {
                let reason = Reason { source: place.source, wanted: place.wanted };
                self.watched.entry(wd).or_default().push(reason);
                if is_own(&path) { Told::Yes } else { Told::No }
            }
            // Gone, or a link or a file in its place.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Told::Gone,
            Err(Errno::ACCESS) => Told::No,
            Err(error) => {
                self.failed = Some(error.into());
                Told::No
            }
        }
    }
}

/// Whether what happens in a folder is heard of.
enum Told {
    Yes,
    No,
    /// There is none.
    Gone,
}

#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    reason = "the type of f_type differs between architectures"
)]
fn is_own(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|stat| OWN.contains(&u64::from(stat.f_type as u32)))
}
