//! Seeing that files change, on every file system: by asking for their marks, four times a second.
//!
//! Notifications of the kernel would see local changes a little sooner. They miss those of network mounts and of
//! directories swapped by a link, exist on some systems only, and still need this as their fallback. Asking costs a few
//! microseconds for the handful of files there are.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

/// Between two looks. A person does not notice a quarter of a second, and an idle machine not four wake-ups.
const PAUSE: Duration = Duration::from_millis(250);
/// Looks are not closer than this, however short `debounceMs` is.
const MIN_PAUSE: Duration = Duration::from_millis(10);
/// Files that never rest are read after this long all the same.
const MAX_UNREST: Duration = Duration::from_secs(10);

/// What tells one state of a file from another without reading it. The time of the last change of the inode is set by
/// the kernel, so that a program that puts the old time back is seen too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    place: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Mark {
    /// The mark of a file, behind links; `None` for one that is not there or cannot be asked.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok()?;
        Some(Self {
            place: (data.dev(), data.ino()),
            size: data.size(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        })
    }
}

/// The files that are watched, and their state when they were last read.
pub(super) struct Watch {
    files: Vec<PathBuf>,
    read: Vec<Option<Mark>>,
    unrest: Option<Unrest>,
}

/// Files that changed and are not read yet.
struct Unrest {
    began: Instant,
    last: Instant,
    marks: Vec<Option<Mark>>,
}

impl Watch {
    pub(super) fn new(files: Vec<PathBuf>) -> Self {
        Self { files, read: Vec::new(), unrest: None }
    }

    /// Returns once a file has changed and all of them have been quiet for `debounce`. Giving up half-way loses nothing.
    pub(super) async fn settled(&mut self, debounce: Duration) {
        loop {
            let pause = if self.unrest.is_some() { debounce / 4 } else { debounce };
            tokio::time::sleep(pause.clamp(MIN_PAUSE, PAUSE)).await;
            let marks = look(self.files.clone()).await;
            let now = Instant::now();
            match &mut self.unrest {
                None if marks == self.read => {}
                None => self.unrest = Some(Unrest { began: now, last: now, marks }),
                Some(unrest) if unrest.marks != marks && now - unrest.began < MAX_UNREST => {
                    (unrest.last, unrest.marks) = (now, marks);
                }
                Some(unrest) if now - unrest.last < debounce => {}
                Some(_) => return,
            }
        }
    }

    /// Notes the state of the files, which are about to be read. Noted after reading, a change in between would be lost.
    pub(super) async fn about_to_read(&mut self) {
        self.read = look(self.files.clone()).await;
        self.unrest = None;
    }

    /// Whether a file has changed since it was read.
    pub(super) async fn has_moved(&self) -> bool {
        look(self.files.clone()).await != self.read
    }

    /// Watches other files from now on. Whether there are new ones, which may have changed before they were watched.
    pub(super) fn retarget(&mut self, files: Vec<PathBuf>) -> bool {
        let has_new = files.iter().any(|file| !self.files.contains(file));
        if files != self.files {
            let mark =
                |file| self.files.iter().position(|known| known == file).and_then(|at| *self.read.get(at)?);
            self.read = files.iter().map(mark).collect();
            self.files = files;
        }
        has_new
    }
}

/// The marks of files, asked for on a blocking thread: a network mount may take its time.
async fn look(files: Vec<PathBuf>) -> Vec<Option<Mark>> {
    let asked = tokio::task::spawn_blocking(move || files.iter().map(|file| Mark::of(file)).collect());
    // It cannot panic; without marks the files count as changed and are read.
    asked.await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Mark, Watch};
    use openclaw_guard::write_atomic;
    use std::path::PathBuf;
    use std::time::Duration;
    use tokio::time::timeout;

    const DEBOUNCE: Duration = Duration::from_millis(20);
    const PATIENCE: Duration = Duration::from_secs(20);

    async fn watch(files: &[&PathBuf]) -> Watch {
        let mut watch = Watch::new(files.iter().map(|&file| file.clone()).collect());
        watch.about_to_read().await;
        watch
    }

    #[tokio::test]
    async fn sees_a_file_come_change_be_replaced_and_go() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("openclaw.json");
        let mut watch = watch(&[&file]).await;
        let steps: [&dyn Fn(); 4] = [
            &|| write_atomic(&file, b"{}").unwrap(),
            &|| {
                // The same length in place, with the old time put back.
                let before = std::fs::metadata(&file).unwrap().modified().unwrap();
                let open = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
                std::io::Write::write_all(&mut &open, b"[]").unwrap();
                open.set_modified(before).unwrap();
            },
            &|| {
                write_atomic(&home.path().join("new"), b"[]").unwrap();
                std::fs::rename(home.path().join("new"), &file).unwrap();
            },
            &|| std::fs::remove_file(&file).unwrap(),
        ];
        for step in steps {
            assert!(!watch.has_moved().await);
            step();
            timeout(PATIENCE, watch.settled(DEBOUNCE)).await.unwrap();
            watch.about_to_read().await;
        }
        assert_eq!(Mark::of(&file), None);
    }

    #[tokio::test]
    async fn new_files_are_told_and_known_ones_keep_their_mark() {
        let home = tempfile::tempdir().unwrap();
        let (one, two) = (home.path().join("one"), home.path().join("two"));
        write_atomic(&one, b"1").unwrap();
        let mut watch = watch(&[&one]).await;
        assert!(watch.retarget(vec![two.clone(), one.clone()]));
        assert!(!watch.has_moved().await, "a file that is not there is no change");
        write_atomic(&two, b"2").unwrap();
        assert!(watch.has_moved().await);
        assert!(!watch.retarget(vec![one]), "fewer files are nothing new");
        assert!(!watch.has_moved().await);
    }
}
