//! Which file the log goes into.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use openclaw_agent::envelope::{date_of, local_time, user_zone};
use openclaw_config::{Config, Locations};

/// A log that would be written into a file that holds something else.
#[derive(Debug, thiserror::Error)]
#[error("logging.file: {path} belongs to the configuration; name a file of its own for the log", path = .0.display())]
pub struct LogFileTaken(PathBuf);

/// The file of the log, or, without `logging.file`, the newest that was written. `None` when there is none.
#[must_use]
pub fn newest_log(config: &Config, locations: &Locations) -> Option<PathBuf> {
    match Place::of(config, locations) {
        Place::Fixed(file) => Some(file).filter(|file| file.exists()),
        Place::Daily(folder) => {
            // No folder, or one that cannot be read: no log either way.
            let paths = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
            let is_whole =
                |path: &PathBuf| path.extension().is_some_and(|end| end == "log") && day_of(path).is_some();
            paths.filter(is_whole).max()
        }
    }
}

/// Where records are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `logging.file`.
    Fixed(PathBuf),
    /// A file a day in this folder.
    Daily(PathBuf),
}

impl Place {
    /// `logging.file`, or the folder `logs` of the state directory. Not a shared temporary folder as in the release:
    /// others could read it, or put a link in its place (S-086).
    pub(super) fn of(config: &Config, locations: &Locations) -> Self {
        match config.system.logging.file.as_deref() {
            Some(file) => Self::Fixed(locations.state_dir.join(locations.expand(file))),
            None => Self::Daily(locations.state_dir.join("logs")),
        }
    }

    /// Refuses a file that holds the configuration, a part or a copy of it, or its variables: records would be appended to
    /// it, and it would be renamed when it is full. `files` are those that the configuration was read from.
    pub(super) fn check(&self, locations: &Locations, files: &[PathBuf]) -> Result<(), LogFileTaken> {
        let Self::Fixed(file) = self else { return Ok(()) };
        let config = &locations.config_path;
        let variables = locations.state_dir.join(".env");
        let taken = files.iter().chain([config, &variables]).any(|own| is_same(own, file));
        // Copies and drafts stand beside the file and begin with its name.
        let name = |path: &Path| {
            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
        };
        let is_copy = file.parent().zip(config.parent()).is_some_and(|(one, other)| is_same(one, other))
            && name(file).starts_with(&name(config));
        if taken || is_copy { Err(LogFileTaken(file.clone())) } else { Ok(()) }
    }

    /// The file of that moment. Days are those of this machine's time zone.
    pub(super) fn file(&self, now_ms: i64) -> PathBuf {
        match self {
            Self::Fixed(file) => file.clone(),
            Self::Daily(folder) => {
                folder.join(format!("openclaw-{}.log", date_of(&local_time(now_ms, &user_zone(None)))))
            }
        }
    }
}

/// Whether two paths lead to one file, by links or without; also before it is there.
fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    let spot = |path: &Path| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    match (place(one), place(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one == other || spot(one).is_some_and(|spot_one| Some(spot_one) == spot(other)),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// The day of a daily file or of one that was set aside from it: `openclaw-2026-11-20.log`, `….log.3`.
pub(super) fn day_of(path: &Path) -> Option<&str> {
    let (day, aside) = path.file_name()?.to_str()?.strip_prefix("openclaw-")?.split_once(".log")?;
    let is_date = day.len() == 10
        && day.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let is_aside = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_date && (aside.is_empty() || aside.strip_prefix('.').is_some_and(is_aside))).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::{Place, day_of};
    use openclaw_config::{Env, LocationFlags, Locations, parse};
    use std::path::{Path, PathBuf};

    #[test]
    fn a_file_a_day_or_always_the_same() {
        let daily = Place::Daily(PathBuf::from("/logs"));
        let (day, hour) = (24 * 3_600_000, 3_600_000);
        assert_ne!(daily.file(50 * day), daily.file(51 * day));
        assert!((0..24).any(|at| daily.file(50 * day + at * hour) == daily.file(50 * day + (at + 1) * hour)));
        assert!(day_of(&daily.file(50 * day)).is_some());
        let fixed = Place::Fixed(PathBuf::from("/a.log"));
        assert_eq!(fixed.file(0), fixed.file(50 * day));
    }

    #[test]
    fn the_log_is_no_file_of_the_configuration() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", home.path().to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        let included = at.state_dir.join("ui.json5");
        openclaw_guard::create_private_dir(&at.state_dir).unwrap();
        openclaw_guard::write_atomic(&at.config_path, b"{}").unwrap();
        std::os::unix::fs::symlink(&at.config_path, at.state_dir.join("link.log")).unwrap();
        std::fs::hard_link(&at.config_path, at.state_dir.join("hard.log")).unwrap();
        let table = [
            ("openclaw.json", false),
            ("./openclaw.json", false),
            ("~/.openclaw/openclaw.json.bak", false),
            ("openclaw.json.last-good", false),
            (".env", false),
            ("ui.json5", false),
            ("link.log", false),
            ("hard.log", false),
            ("my.log", true),
            ("logs/openclaw.json", true),
        ];
        for (file, expected) in table {
            let text = serde_json::json!({"logging": {"file": file}}).to_string();
            let config = parse(&text, "openclaw.json", &env).map_err(|_| file).unwrap().config;
            let place = Place::of(&config, &at);
            assert!(place.file(0).starts_with(&at.state_dir), "{file}");
            assert_eq!(place.check(&at, std::slice::from_ref(&included)).is_ok(), expected, "{file}");
        }
    }

    #[test]
    fn only_our_names_have_a_day() {
        let table = [
            ("openclaw-2026-11-20.log", Some("2026-11-20")),
            ("openclaw-2026-11-20.log.12", Some("2026-11-20")),
            ("openclaw-2026-11-20.log.gz", None),
            ("openclaw-2026-11-20.log.", None),
            ("openclaw-2026-11-2.log", None),
            ("openclaw-notes-xyz.log", None),
            ("2026-11-20.log", None),
        ];
        for (name, expected) in table {
            assert_eq!(day_of(&Path::new("/logs").join(name)), expected, "{name}");
        }
    }
}
