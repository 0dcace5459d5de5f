//! Which file the log goes into.

use std::path::{Path, PathBuf};

use openclaw_agent::envelope::{date_of, local_time, user_zone};
use openclaw_config::{Config, Locations};

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
            Some(file) => Self::Fixed(locations.expand(file)),
            None => Self::Daily(locations.state_dir.join("logs")),
        }
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
