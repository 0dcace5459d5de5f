//! A home directory that lasts as long as a test, and the environment that points a program at it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

/// An empty home. Dropping it removes everything in it.
///
/// ```
/// use openclaw_testkit::home::TempHome;
/// use serde_json::json;
///
/// let home = TempHome::new().with_env("OPENCLAW_GATEWAY_TOKEN", "secret");
/// home.write_config(&json!({"gateway": {"mode": "local"}}));
/// assert!(home.state_dir().join("openclaw.json").is_file());
/// assert_eq!(home.env()["TZ"], "UTC");
/// assert_eq!(home.env()["HOME"], home.path().to_string_lossy());
/// ```
pub struct TempHome {
    dir: TempDir,
    env: BTreeMap<String, String>,
}

impl Default for TempHome {
    fn default() -> Self {
        Self::new()
    }
}

impl TempHome {
    /// A new home, with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("openclaw-home-").tempdir().expect("a temporary directory");
        let env = [
            ("HOME", dir.path().to_str().expect("a temporary directory with a Unicode name")),
            // The system's own programs only: a test must not depend on what the developer has installed.
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("TZ", "UTC"),
            ("LANG", "C.UTF-8"),
            ("NO_COLOR", "1"),
            ("TERM", "dumb"),
            ("TMPDIR", dir.path().to_str().expect("the same")),
        ];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { dir, env }
    }

    /// The same home with one more variable, or another value for it.
    #[must_use]
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The home directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where the product keeps its state when nothing else is said: `.openclaw`. It need not exist.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.path().join(".openclaw")
    }

    /// The whole environment of a program that lives in this home. Nothing of the test's own environment is in it, so
    /// that no key, token or state directory of the developer gets in.
    #[must_use]
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// Writes `openclaw.json` into the state directory.
    pub fn write_config(&self, config: &Value) {
        self.write(".openclaw/openclaw.json", &format!("{config:#}\n"));
    }

    /// Writes a file, and the directories it is in, private to the user.
    pub fn write(&self, relative: impl AsRef<Path>, text: &str) {
        use std::io::Write as _;
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        let path = self.path().join(relative);
        let parent = path.parent().expect("a path with a parent");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).expect("a directory");
        let file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.expect("a file").write_all(text.as_bytes()).expect("a written file");
    }

    /// The text of a file, or `None` if there is none.
    #[must_use]
    pub fn read(&self, relative: impl AsRef<Path>) -> Option<String> {
        std::fs::read_to_string(self.path().join(relative)).ok() // a missing file is the answer "none"
    }
}
