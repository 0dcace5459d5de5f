//! Which version of this program's layout a state directory has, and the refusal of what is newer (P-23).

use std::path::{Path, PathBuf};

use openclaw_guard::{FileError, Root, RootError, create_private_dir, write_atomic};
use serde::{Deserialize, Serialize};

use crate::{StateLock, StoreError};

/// The version that this program writes. It grows when an older program would misread, or lose, what a newer one wrote;
/// a new file that older programs ignore does not count.
pub const STATE_VERSION: u32 = 1;
/// Beneath the state directory.
const VERSION_FILE: &str = "state/version.json";
/// Two short fields; what is larger is not this file.
const MAX_VERSION_BYTES: u64 = 4 * 1024;
/// Who wrote it is shown in an error message: a version has no more characters than this.
const MAX_WRITER_CHARS: usize = 64;

/// What `state/version.json` says. Fields that a later version adds are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateVersion {
    /// Of the layout.
    pub version: u32,
    /// The program version that brought the directory to it.
    #[serde(default)]
    pub written_by: String,
}

/// A step from one version to the next.
///
/// The new form is built beside the old one (`<name>.migrating`), synced, and put in its place with one rename; what was
/// replaced stays as `<name>.before-<version>`, so that a person can go back. A step that was killed runs again from its
/// beginning, over whatever it has left. It never changes a file in place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// The version it starts from; it leads to the next one.
    pub(crate) from: u32,
    /// Does it, beneath the state directory given.
    pub(crate) run: fn(&Path) -> Result<(), StoreError>,
}

/// Every step since version 1, in order. There is none yet.
const MIGRATIONS: &[Migration] = &[];

/// Why a state directory is not used.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// A newer program has used it, and this one would misread it.
    #[error(
        "{} was written by a newer openclaw ({}): it has state version {found}, this program knows up to {known}; \
         nothing was changed. Install that version again, or choose another directory with OPENCLAW_STATE_DIR",
        state_dir.display(), writer(written_by)
    )]
    Newer {
        /// The state directory.
        state_dir: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
        /// The program that wrote it.
        written_by: String,
    },
    /// Whether a newer program has used it cannot be known.
    #[error(
        "{} cannot be understood ({why}), so it is not known whether this program may use the directory; nothing was \
         changed. `openclaw doctor` says what to do",
        path.display()
    )]
    Damaged {
        /// The version file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The version file cannot be read.
    #[error("the state version cannot be read: {0}")]
    Unreadable(#[source] RootError),
    /// There is no way from an old version to this one.
    #[error(
        "{} has state version {found}, and this program cannot bring it to {known}; nothing was changed. \
         Use the version of openclaw that wrote it",
        state_dir.display()
    )]
    NoWay {
        /// The state directory.
        state_dir: PathBuf,
        /// Its version.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// A step to a newer version failed; it is tried again at the next start.
    #[error("the state cannot be brought from version {from} to {}: {source}", from + 1)]
    Migration {
        /// The version that the directory still has.
        from: u32,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// The version cannot be written.
    #[error("the state version cannot be written: {0}")]
    Write(#[from] FileError),
}

fn writer(written_by: &str) -> String {
    let version: String = written_by.chars().filter(|c| !c.is_control()).take(MAX_WRITER_CHARS).collect();
    if version.is_empty() { "of unknown version".to_owned() } else { format!("version {version}") }
}

impl StateVersion {
    /// Where it is.
    #[must_use]
    pub fn path(state_dir: &Path) -> PathBuf {
        state_dir.join(VERSION_FILE)
    }

    /// Reads the version of a state directory, and refuses one that this program must not touch. Touches nothing. `None`
    /// is a directory without a version: it is missing, new, or OpenClaw's, which has the layout of version 1.
    ///
    /// Call it before anything is made or changed in the directory, in every program that opens it.
    ///
    /// # Errors
    /// The directory is a newer program's, or it cannot be known whether it is.
    pub fn check(state_dir: &Path) -> Result<Option<Self>, VersionError> {
        Self::check_with(state_dir, STATE_VERSION)
    }

    fn check_with(state_dir: &Path, known: u32) -> Result<Option<Self>, VersionError> {
        let root = match Root::open(state_dir) {
            Ok(root) => root,
            // What stands in the way of the directory is told by whoever makes it.
            Err(RootError::NotFound { .. } | RootError::NotAFile { .. }) => return Ok(None),
            Err(error) => return Err(VersionError::Unreadable(error)),
        };
        let damaged = |why: String| VersionError::Damaged { path: Self::path(state_dir), why };
        let bytes = match root.read_capped(Path::new(VERSION_FILE), MAX_VERSION_BYTES) {
            Ok(bytes) => bytes,
            Err(RootError::NotFound { .. }) => return Ok(None),
            Err(
                error @ (RootError::Symlink { .. } | RootError::NotAFile { .. } | RootError::TooLarge { .. }),
            ) => return Err(damaged(error.to_string())),
            Err(error @ (RootError::Outside { .. } | RootError::Exists { .. } | RootError::Io { .. })) => {
                return Err(VersionError::Unreadable(error));
            }
        };
        if bytes.is_empty() {
            return Err(damaged("it is empty".to_owned()));
        }
        let found: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if found.version == 0 {
            return Err(damaged("there is no version 0".to_owned()));
        }
        if found.version <= known {
            return Ok(Some(found));
        }
        let Self { version: found, written_by } = found;
        Err(VersionError::Newer { state_dir: state_dir.to_owned(), found, known, written_by })
    }

    /// Brings a state directory to this program's version and says so in it. `lock` is the proof that nobody else writes
    /// it; `program` is the version of the program. A directory that is there already stays as it is.
    ///
    /// # Errors
    /// As for [`StateVersion::check`]; a step to a newer version failed; the version cannot be written.
    pub fn settle(state_dir: &Path, _lock: &StateLock, program: &str) -> Result<Self, VersionError> {
        settle_with(state_dir, program, MIGRATIONS, STATE_VERSION)
    }

    fn write(&self, state_dir: &Path) -> Result<(), FileError> {
        let path = Self::path(state_dir);
        create_private_dir(path.parent().unwrap_or(state_dir))?;
        let text = serde_json::json!({"version": self.version, "writtenBy": self.written_by});
        write_atomic(&path, format!("{text}\n").as_bytes())
    }
}

fn settle_with(
    state_dir: &Path,
    program: &str,
    migrations: &[Migration],
    target: u32,
) -> Result<StateVersion, VersionError> {
    let marked = |version| StateVersion { version, written_by: program.to_owned() };
    let Some(mut at) = StateVersion::check_with(state_dir, target)? else {
        // Nobody has marked it: it has no state of ours yet, and OpenClaw's is read as it is by every version.
        let new = marked(target);
        new.write(state_dir)?;
        return Ok(new);
    };
    // The whole way must be known before the first step is made.
    let steps: Option<Vec<&Migration>> =
        (at.version..target).map(|from| migrations.iter().find(|step| step.from == from)).collect();
    let Some(steps) = steps else {
        return Err(VersionError::NoWay {
            state_dir: state_dir.to_owned(),
            found: at.version,
            known: target,
        });
    };
    for step in steps {
        (step.run)(state_dir).map_err(|source| VersionError::Migration { from: step.from, source })?;
        at = marked(step.from + 1);
        at.write(state_dir)?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::{Migration, STATE_VERSION, StateVersion, VersionError, settle_with};
    use crate::{StateLock, StoreError};
    use openclaw_guard::{FileError, create_private_dir, write_atomic};
    use std::path::Path;

    fn with(text: &[u8]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        create_private_dir(&home.path().join("state")).unwrap();
        write_atomic(&StateVersion::path(home.path()), text).unwrap();
        home
    }

    #[test]
    fn a_directory_is_marked_once() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("new");
        assert_eq!(StateVersion::check(&dir).unwrap(), None);
        assert!(!dir.exists(), "a look makes nothing");
        let lock = StateLock::acquire(&dir).unwrap();
        let first = StateVersion::settle(&dir, &lock, "1.2.3").unwrap();
        assert_eq!(first, StateVersion { version: STATE_VERSION, written_by: "1.2.3".into() });
        assert_eq!(
            std::fs::read_to_string(StateVersion::path(&dir)).unwrap(),
            "{\"version\":1,\"writtenBy\":\"1.2.3\"}\n"
        );
        assert_eq!(
            StateVersion::settle(&dir, &lock, "9.9.9").unwrap(),
            first,
            "it says who brought it there"
        );
        assert_eq!(StateVersion::check(&dir).unwrap(), Some(first));
    }

    #[test]
    fn what_is_newer_or_not_understood_is_refused() {
        let rows: [(&[u8], &str); 9] = [
            (
                b"{\"version\":2,\"writtenBy\":\"9.0.0\"}",
                "newer openclaw (version 9.0.0): it has state version 2",
            ),
            (b"{\"version\":4294967295}", "of unknown version"),
            (b"{\"version\":4294967296}", "openclaw doctor"),
            (b"{\"version\":0}", "there is no version 0"),
            (b"{\"version\":-1}", "openclaw doctor"),
            (b"{\"version\":\"1\"}", "openclaw doctor"),
            (b"", "it is empty"),
            (b"\0\0\0\0", "openclaw doctor"),
            (b"{\"version\":1", "openclaw doctor"),
        ];
        for (text, expected) in rows {
            let home = with(text);
            let error = StateVersion::check(home.path()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("nothing was changed"), "{error}");
            let settled = settle_with(home.path(), "1.0.0", &[], STATE_VERSION);
            assert!(settled.is_err());
            assert_eq!(std::fs::read(StateVersion::path(home.path())).unwrap(), text);
        }
        let home = with(b"{\"version\":1,\"writtenBy\":\"1.0.0\",\"later\":{\"field\":true}}");
        assert!(StateVersion::check(home.path()).is_ok(), "later versions may say more");
    }

    #[test]
    fn a_link_in_the_place_of_the_version_is_not_followed() {
        let home = with(b"{\"version\":1}");
        let path = StateVersion::path(home.path());
        std::fs::rename(&path, home.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(home.path().join("elsewhere"), &path).unwrap();
        assert!(matches!(StateVersion::check(home.path()), Err(VersionError::Damaged { .. })));
    }

    /// Steps of tests: each adds its number to a file; the second one fails while `stop` is there.
    fn one_to_two(dir: &Path) -> Result<(), StoreError> {
        step(dir, "2")
    }

    fn two_to_three(dir: &Path) -> Result<(), StoreError> {
        if dir.join("stop").exists() {
            return Err(FileError::new("migrate", dir, std::io::ErrorKind::StorageFull.into()).into());
        }
        step(dir, "3")
    }

    fn step(dir: &Path, name: &str) -> Result<(), StoreError> {
        let done = std::fs::read_to_string(dir.join("done")).unwrap_or_default();
        write_atomic(&dir.join("done"), format!("{done}{name}").as_bytes())?;
        Ok(())
    }

    #[test]
    fn steps_run_in_order_and_go_on_where_they_failed() {
        let table = [Migration { from: 2, run: two_to_three }, Migration { from: 1, run: one_to_two }];
        let home = with(b"{\"version\":1,\"writtenBy\":\"1.0.0\"}");
        write_atomic(&home.path().join("stop"), b"").unwrap();
        let failed = settle_with(home.path(), "3.0.0", &table, 3);
        assert!(matches!(failed, Err(VersionError::Migration { from: 2, .. })), "{failed:?}");
        let text = || std::fs::read_to_string(StateVersion::path(home.path())).unwrap();
        assert_eq!(text(), "{\"version\":2,\"writtenBy\":\"3.0.0\"}\n", "what was done is not done again");
        std::fs::remove_file(home.path().join("stop")).unwrap();
        settle_with(home.path(), "3.0.1", &table, 3).unwrap();
        assert_eq!(text(), "{\"version\":3,\"writtenBy\":\"3.0.1\"}\n");
        assert_eq!(std::fs::read_to_string(home.path().join("done")).unwrap(), "23");
        assert!(matches!(StateVersion::check(home.path()), Err(VersionError::Newer { found: 3, .. })));
    }

    #[test]
    fn without_the_whole_way_no_step_is_made() {
        let home = with(b"{\"version\":1,\"writtenBy\":\"1.0.0\"}");
        let table = [Migration { from: 1, run: one_to_two }];
        assert!(matches!(
            settle_with(home.path(), "3.0.0", &table, 3),
            Err(VersionError::NoWay { found: 1, .. })
        ));
        assert!(!home.path().join("done").exists());
    }
}
