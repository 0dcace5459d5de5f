//! What several test files need.

#![allow(dead_code, reason = "every test file compiles this module and uses a part of it")]

use std::error::Error;
use std::path::PathBuf;

use openclaw_config::{ConfigError, Env, Loaded, LocationFlags, Locations, load};
use openclaw_guard::{FileError, create_private_dir, write_atomic};
use tempfile::TempDir;

/// An instance in a directory of its own.
pub(crate) struct Home {
    pub(crate) dir: TempDir,
    pub(crate) at: Locations,
}

impl Home {
    pub(crate) fn new(files: &[(&str, &str)]) -> Result<Self, Box<dyn Error>> {
        let dir = tempfile::tempdir()?;
        let state = dir.path().join("state").to_string_lossy().into_owned();
        let env = Env::from([("HOME", "/nonexistent"), ("OPENCLAW_STATE_DIR", &*state)]);
        let home = Self { dir, at: Locations::resolve(&env, LocationFlags::default())? };
        files.iter().try_for_each(|(name, text)| home.write(name, text.as_bytes()))?;
        Ok(home)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let path = self.path(name);
        create_private_dir(path.parent().unwrap_or(&path))?;
        write_atomic(&path, bytes)
    }

    /// A file of the state directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.at.state_dir.join(name)
    }

    /// The configuration, or the problems with the state directory written `~`.
    pub(crate) fn load(&self, env: &Env) -> Result<Loaded, Vec<String>> {
        let state = self.at.state_dir.to_string_lossy();
        let told = |error: ConfigError| {
            let lines = error.to_string();
            lines.lines().map(|line| line.replace(&*state, "~")).collect::<Vec<_>>()
        };
        load(&self.at, env).map_err(told)
    }

    /// What is wrong, if anything.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.load(&Env::default()).err().unwrap_or_default()
    }
}
