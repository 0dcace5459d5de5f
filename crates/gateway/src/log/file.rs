//! The file: rotated by size, a bounded number of files a day and of days, private whatever the umask says.

use std::collections::BTreeSet;
use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use openclaw_guard::{FileError, Root, RootError, create_private_dir};

use super::place::{Place, day_of};

/// A file is set aside at this size (S-112).
pub(super) const MAX_FILE_BYTES: u64 = 50 * 1024 * 1024;
/// Files set aside per day (S-112).
const MAX_ROTATED: u32 = 5;
/// Days whose files are kept: a week tells what happened over a holiday, and with the two bounds above the folder
/// stays below 2.1 GB even when something goes wrong all the time.
const MAX_DAYS: usize = 7;

/// The open file of the log.
#[derive(Default)]
pub(super) struct LogFile {
    open: Option<Open>,
    lost: u64,
}

struct Open {
    path: PathBuf,
    file: File,
    size: u64,
}

/// What became of a line.
#[derive(Debug)]
pub(super) enum Written {
    /// It is in the file.
    Yes,
    /// It is in the file, and this many before it were lost.
    AfterLoss(u64),
    /// It is lost, as the ones before it.
    Lost,
    /// It is the first one that is lost.
    FirstLoss(FileError),
}

impl LogFile {
    /// Appends a line. A log that cannot be written must not stop the work it tells of, so a failure is no error: it is
    /// told once, and the next line tries again.
    pub(super) fn write(&mut self, place: &Place, now_ms: i64, line: &str) -> Written {
        match self.append(place, now_ms, line) {
            Ok(()) => match std::mem::take(&mut self.lost) {
                0 => Written::Yes,
                lost => Written::AfterLoss(lost),
            },
            Err(error) => {
                // What was written of the line may have no end: the file is opened, and looked at, again.
                self.open = None;
                self.lost += 1;
                if self.lost == 1 { Written::FirstLoss(error) } else { Written::Lost }
            }
        }
    }

    fn append(&mut self, place: &Place, now_ms: i64, line: &str) -> Result<(), FileError> {
        let path = place.file(now_ms);
        let bytes = [line.as_bytes(), b"\n"].concat();
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let is_current = |open: &Open| {
            let is_there = open.file.metadata().is_ok_and(|meta| meta.nlink() > 0);
            open.path == path && open.size.saturating_add(length) <= MAX_FILE_BYTES && is_there
        };
        if !self.open.as_ref().is_some_and(is_current) {
            let is_new_day = self.open.as_ref().is_none_or(|open| open.path != path);
            self.open = Some(open(&path, length)?);
            if let (Place::Daily(folder), true) = (place, is_new_day) {
                tidy(folder);
            }
        }
        if let Some(open) = &mut self.open {
            open.file.write_all(&bytes).map_err(|source| FileError::new("append to", &path, source))?;
            open.size += length;
        }
        Ok(())
    }
}

/// Opens the file for appending, after setting a full one aside.
fn open(path: &Path, room: u64) -> Result<Open, FileError> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_private_dir(folder)?;
    if std::fs::metadata(path).is_ok_and(|meta| meta.len().saturating_add(room) > MAX_FILE_BYTES) {
        set_aside(path)?;
    }
    let refused = |error: RootError| FileError::new("open", path, std::io::Error::other(error.to_string()));
    let name = Path::new(path.file_name().unwrap_or_default());
    let root = Root::open(folder).map_err(refused)?;
    let mut file = root.open_append(name).map_err(refused)?;
    // A file of somebody else's making may be open to others. Where it cannot be changed, it is not ours.
    file.set_permissions(Permissions::from_mode(0o600)).ok();
    let mut size = file.metadata().map_or(0, |meta| meta.len());
    if size > 0 && last_byte(&root, name, size) != Some(b'\n') {
        // Half a line, after a full disk or a crash, must not swallow the next one.
        file.write_all(b"\n").map_err(|source| FileError::new("append to", path, source))?;
        size += 1;
    }
    Ok(Open { path: path.to_owned(), file, size })
}

fn last_byte(root: &Root, name: &Path, size: u64) -> Option<u8> {
    let file = root.open_read(name).ok()?; // unreadable: the line is ended to be safe
    let mut byte = [0];
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut byte, size - 1).ok()?;
    byte.first().copied()
}

/// Renames `….log` to `….log.1`, `….log.1` to `….log.2` and so on; the last one goes.
fn set_aside(path: &Path) -> Result<(), FileError> {
    let aside = |number: u32| PathBuf::from(format!("{}.{number}", path.display()));
    for number in (1..MAX_ROTATED).rev() {
        // A gap in the row is no reason to stop.
        std::fs::rename(aside(number), aside(number + 1)).ok();
    }
    std::fs::rename(path, aside(1)).map_err(|source| FileError::new("rename", path, source))
}

/// Closes the folder to others and removes the files of all but the last days. Nothing else in it is touched.
fn tidy(folder: &Path) {
    // Both are done again tomorrow; today's log is more important.
    std::fs::set_permissions(folder, Permissions::from_mode(0o700)).ok();
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let days: BTreeSet<&str> = paths.iter().filter_map(|path| day_of(path)).collect();
    let kept: BTreeSet<&str> = days.into_iter().rev().take(MAX_DAYS).collect();
    for path in &paths {
        if day_of(path).is_some_and(|day| !kept.contains(day)) {
            std::fs::remove_file(path).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LogFile, MAX_DAYS, MAX_FILE_BYTES, MAX_ROTATED, Open, Place, Written};
    use std::fs::{self, File, OpenOptions, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};

    const DAY_MS: i64 = 24 * 3_600_000;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_full_file_is_set_aside_and_a_bounded_number_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("own/my.log");
        let place = Place::Fixed(path.clone());
        let mut log = LogFile::default();
        for round in 0..MAX_ROTATED + 3 {
            log.write(&place, 0, &format!("round {round}"));
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("round {round}\n"));
            OpenOptions::new().write(true).open(&path).unwrap().set_len(MAX_FILE_BYTES).unwrap();
            log.open.as_mut().unwrap().size = MAX_FILE_BYTES;
        }
        let expected: Vec<String> = (1..=MAX_ROTATED).map(|number| format!("my.log.{number}")).collect();
        assert_eq!(names(path.parent().unwrap()), [&["my.log".to_owned()], &*expected].concat());
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_new_day_has_a_new_file_and_old_ones_go() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("logs");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let place = Place::Daily(folder.clone());
        let mut log = LogFile::default();
        File::create(folder.join("notes.log")).unwrap();
        for day in 0..20 {
            let now = 1_000 * DAY_MS + day * DAY_MS;
            File::create(PathBuf::from(format!("{}.1", place.file(now).display()))).unwrap();
            log.write(&place, now, "line");
            assert!(place.file(now).is_file());
        }
        let names = names(&folder);
        assert_eq!(names.len(), 2 * MAX_DAYS + 1, "{names:?}");
        assert!(names.contains(&"notes.log".to_owned()));
        assert!(place.file(1_019 * DAY_MS).is_file() && !place.file(1_012 * DAY_MS).exists());
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn a_file_that_was_open_to_others_is_closed_and_a_removed_one_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my.log");
        File::create(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let (place, mut log) = (Place::Fixed(path.clone()), LogFile::default());
        log.write(&place, 0, "one");
        assert_eq!(mode(&path), 0o600);
        fs::remove_file(&path).unwrap();
        log.write(&place, 0, "two");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
    }

    #[test]
    fn a_full_disk_is_told_once_and_the_log_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my.log");
        let (place, mut log) = (Place::Fixed(path.clone()), LogFile::default());
        let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
        log.open = Some(Open { path: path.clone(), file: full(), size: 0 });
        assert!(matches!(log.write(&place, 0, "one"), Written::FirstLoss(error) if error.is_disk_full()));
        log.open = Some(Open { path: path.clone(), file: full(), size: 0 });
        assert!(matches!(log.write(&place, 0, "two"), Written::Lost));
        File::create(&path).unwrap();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(3).unwrap();
        assert!(matches!(log.write(&place, 0, "three"), Written::AfterLoss(2)));
        assert!(matches!(log.write(&place, 0, "four"), Written::Yes));
        assert_eq!(fs::read(&path).unwrap(), b"\0\0\0\nthree\nfour\n", "half a line is ended first");
    }

    #[test]
    fn a_folder_that_cannot_be_used_loses_lines_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        File::create(dir.path().join("blocked")).unwrap();
        let mut log = LogFile::default();
        let place = Place::Daily(dir.path().join("blocked"));
        assert!(matches!(log.write(&place, 0, "one"), Written::FirstLoss(_)));
        assert!(matches!(log.write(&place, 0, "two"), Written::Lost));
    }
}
