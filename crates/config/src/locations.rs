//! Where an instance keeps its state and its configuration.

use std::io;
use std::path::{Component, Path, PathBuf};

use crate::env::Env;

const CONFIG_NAME: &str = "openclaw.json";
/// File names of earlier releases, newest first.
const OLD_CONFIG_NAMES: [&str; 3] = ["clawdbot.json", "moltbot.json", "moldbot.json"];
const STATE_NAME: &str = ".openclaw";
/// Directory names of earlier releases, newest first.
const OLD_STATE_NAMES: [&str; 3] = [".clawdbot", ".moltbot", ".moldbot"];
/// The profile that `--dev` stands for.
const DEV_PROFILE: &str = "dev";
/// The profile name that means "no profile".
const NO_PROFILE: &str = "default";
/// A profile is part of directory and service names.
const MAX_PROFILE_BYTES: usize = 64;

/// What the command line says about the instance.
#[derive(Clone, Debug, Default)]
pub struct LocationFlags {
    /// `--profile <name>`
    pub profile: Option<String>,
    /// `--dev`
    pub dev: bool,
}

/// The places of one instance. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locations {
    /// What `~` stands for.
    pub home: PathBuf,
    /// Sessions, credentials, indexes: `~/.openclaw` unless told otherwise.
    pub state_dir: PathBuf,
    /// The configuration file, whether it exists or not.
    pub config_path: PathBuf,
    /// The profile, unless it is the default one.
    pub profile: Option<String>,
}

/// Why the places cannot be known.
#[derive(Debug, thiserror::Error)]
pub enum LocationError {
    /// Neither variable is set.
    #[error("no home directory: set HOME or OPENCLAW_HOME")]
    NoHome,
    /// The profile cannot be part of a directory name.
    #[error(
        "--profile: use 1 to {MAX_PROFILE_BYTES} letters, digits, \"_\" and \"-\", starting with a letter or digit"
    )]
    BadProfile,
    /// Both flags name an instance.
    #[error("--dev and --profile name two different instances: use one of them")]
    DevAndProfile,
    /// A relative path needs a working directory.
    #[error("the working directory is not known: {0}")]
    NoWorkingDir(#[source] io::Error),
}

impl Locations {
    /// Finds the places. The order of the rules:
    ///
    /// - home: `OPENCLAW_HOME`, `HOME`;
    /// - state: `OPENCLAW_STATE_DIR` or `CLAWDBOT_STATE_DIR`, `~/.openclaw-<profile>`, `~/.openclaw` if it exists,
    ///   the directory of an earlier release if one exists, `~/.openclaw`;
    /// - configuration: `OPENCLAW_CONFIG_PATH` or `CLAWDBOT_CONFIG_PATH`, then in the state directory `openclaw.json`,
    ///   or the file of an earlier release if only that exists.
    ///
    /// # Errors
    /// No home directory, or flags that do not name one instance.
    pub fn resolve(env: &Env, flags: LocationFlags) -> Result<Self, LocationError> {
        let profile = profile(flags)?;
        let home = home(env)?;
        let state_dir =
            match env.non_blank("OPENCLAW_STATE_DIR").or_else(|| env.non_blank("CLAWDBOT_STATE_DIR")) {
                Some(path) => absolute(&expand(path, &home))?,
                None => default_state_dir(&home, profile.as_deref()),
            };
        let config = env.non_blank("OPENCLAW_CONFIG_PATH").or_else(|| env.non_blank("CLAWDBOT_CONFIG_PATH"));
        let config_path = match config {
            Some(path) => absolute(&expand(path, &home))?,
            None => first_existing(&state_dir, CONFIG_NAME, &OLD_CONFIG_NAMES),
        };
        Ok(Self { home, state_dir, config_path, profile })
    }

    /// The state directory of this release, when nothing else is said.
    #[must_use]
    pub fn current_state_dir(&self) -> PathBuf {
        self.home.join(STATE_NAME)
    }

    /// The state directories of earlier releases, newest first, whether they exist or not.
    #[must_use]
    pub fn old_state_dirs(&self) -> Vec<PathBuf> {
        OLD_STATE_NAMES.iter().map(|name| self.home.join(name)).collect()
    }

    /// The configuration of this release in the state directory.
    #[must_use]
    pub fn current_config_path(&self) -> PathBuf {
        self.state_dir.join(CONFIG_NAME)
    }

    /// The configurations of earlier releases in the state directory, newest first, whether they exist or not.
    #[must_use]
    pub fn old_config_paths(&self) -> Vec<PathBuf> {
        OLD_CONFIG_NAMES.iter().map(|name| self.state_dir.join(name)).collect()
    }

    /// Whether this is the development instance, which has a port of its own.
    #[must_use]
    pub fn is_dev(&self) -> bool {
        self.profile.as_deref() == Some(DEV_PROFILE)
    }

    /// Puts the home directory in place of a leading `~`. Other paths are taken as they are.
    #[must_use]
    pub fn expand(&self, path: &str) -> PathBuf {
        expand(path, &self.home)
    }

    /// The workspace of an instance whose configuration names none: `workspace` in the state directory.
    ///
    /// With a profile and no state directory of its own this differs from the release, which puts
    /// `~/.openclaw/workspace-<profile>` into the state directory of another instance; an existing one is kept.
    #[must_use]
    pub fn default_workspace(&self) -> PathBuf {
        let shared = self.home.join(STATE_NAME);
        let released = match &self.profile {
            Some(profile) => shared.join(format!("workspace-{profile}")),
            None => shared.join("workspace"),
        };
        if released.is_dir() { released } else { self.state_dir.join("workspace") }
    }
}

fn profile(flags: LocationFlags) -> Result<Option<String>, LocationError> {
    let name = match (flags.profile, flags.dev) {
        (Some(name), true) if name != DEV_PROFILE => return Err(LocationError::DevAndProfile),
        (_, true) => DEV_PROFILE.to_owned(),
        (Some(name), false) => name,
        (None, false) => return Ok(None),
    };
    let is_first = |byte: u8| byte.is_ascii_alphanumeric();
    let is_name = |byte: u8| is_first(byte) || byte == b'_' || byte == b'-';
    if name.len() > MAX_PROFILE_BYTES
        || !name.bytes().next().is_some_and(is_first)
        || !name.bytes().all(is_name)
    {
        return Err(LocationError::BadProfile);
    }
    Ok(Some(name).filter(|name| !name.eq_ignore_ascii_case(NO_PROFILE)))
}

fn home(env: &Env) -> Result<PathBuf, LocationError> {
    let system = env.non_blank("HOME").map(Path::new);
    let own = env.non_blank("OPENCLAW_HOME").map(|own| match system {
        Some(system) => expand(own, system),
        None => PathBuf::from(own),
    });
    absolute(&own.or_else(|| system.map(Path::to_owned)).ok_or(LocationError::NoHome)?)
}

fn default_state_dir(home: &Path, profile: Option<&str>) -> PathBuf {
    match profile {
        Some(profile) => home.join(format!("{STATE_NAME}-{profile}")),
        None => first_existing(home, STATE_NAME, &OLD_STATE_NAMES),
    }
}

/// `dir/name` if it exists, else the first of `old_names` that does, else `dir/name`.
fn first_existing(dir: &Path, name: &str, old_names: &[&str]) -> PathBuf {
    let candidates = [name].into_iter().chain(old_names.iter().copied()).map(|name| dir.join(name));
    candidates.into_iter().find(|path| path.exists()).unwrap_or_else(|| dir.join(name))
}

fn expand(path: &str, home: &Path) -> PathBuf {
    match path.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        Some(_) | None => PathBuf::from(path),
    }
}

/// An absolute path without `.` and `..`; links are not followed.
fn absolute(path: &Path) -> Result<PathBuf, LocationError> {
    std::path::absolute(path).map(|path| clean(&path)).map_err(LocationError::NoWorkingDir)
}

/// A path without `.` and `..`; links are not followed.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => out.push(component),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{LocationError, LocationFlags, Locations};
    use crate::env::Env;
    use openclaw_guard::{create_private_dir, write_atomic};
    use std::path::{Path, PathBuf};

    fn flags(profile: Option<&str>, dev: bool) -> LocationFlags {
        LocationFlags { profile: profile.map(str::to_owned), dev }
    }

    fn resolve(variables: &[(&str, &str)], profile: Option<&str>) -> Locations {
        Locations::resolve(&variables.iter().copied().collect::<Env>(), flags(profile, false)).unwrap()
    }

    /// Variables, profile, state directory, configuration.
    type Row = (&'static [(&'static str, &'static str)], Option<&'static str>, &'static str, &'static str);

    #[test]
    fn variables_beat_profiles_and_defaults() {
        let home = "/nonexistent/h";
        let rows: [Row; 8] = [
            (&[], None, "/nonexistent/h/.openclaw", "/nonexistent/h/.openclaw/openclaw.json"),
            (&[], Some("default"), "/nonexistent/h/.openclaw", "/nonexistent/h/.openclaw/openclaw.json"),
            (
                &[],
                Some("work"),
                "/nonexistent/h/.openclaw-work",
                "/nonexistent/h/.openclaw-work/openclaw.json",
            ),
            (
                &[("OPENCLAW_STATE_DIR", "~/s/../t")],
                Some("work"),
                "/nonexistent/h/t",
                "/nonexistent/h/t/openclaw.json",
            ),
            (&[("CLAWDBOT_STATE_DIR", " /x ")], None, "/x", "/x/openclaw.json"),
            (
                &[("OPENCLAW_STATE_DIR", " ")],
                None,
                "/nonexistent/h/.openclaw",
                "/nonexistent/h/.openclaw/openclaw.json",
            ),
            (
                &[("OPENCLAW_CONFIG_PATH", "~/c.json")],
                None,
                "/nonexistent/h/.openclaw",
                "/nonexistent/h/c.json",
            ),
            (
                &[("OPENCLAW_HOME", "~/o")],
                None,
                "/nonexistent/h/o/.openclaw",
                "/nonexistent/h/o/.openclaw/openclaw.json",
            ),
        ];
        for (variables, profile, state, config) in rows {
            let variables: Vec<_> = variables.iter().copied().chain([("HOME", home)]).collect();
            let found = resolve(&variables, profile);
            assert_eq!(
                (found.state_dir, found.config_path),
                (PathBuf::from(state), PathBuf::from(config)),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn directories_and_files_of_earlier_releases_are_found() {
        let home = tempfile::tempdir().unwrap();
        let env: &[(&str, &str)] = &[("HOME", home.path().to_str().unwrap())];
        let old = home.path().join(".moltbot");
        create_private_dir(&old).unwrap();
        write_atomic(&old.join("moldbot.json"), b"{}").unwrap();
        assert_eq!(resolve(env, None).config_path, old.join("moldbot.json"));
        write_atomic(&old.join("clawdbot.json"), b"{}").unwrap();
        assert_eq!(resolve(env, None).config_path, old.join("clawdbot.json"));
        let new = home.path().join(".openclaw");
        create_private_dir(&new).unwrap();
        assert_eq!(resolve(env, None).config_path, new.join("openclaw.json"));
    }

    #[test]
    fn dev_is_a_profile_with_its_own_port() {
        let env = Env::from([("HOME", "/nonexistent")]);
        let dev = Locations::resolve(&env, flags(None, true)).unwrap();
        assert_eq!(dev.state_dir, Path::new("/nonexistent/.openclaw-dev"));
        assert!(dev.is_dev());
        assert_eq!(dev.default_workspace(), Path::new("/nonexistent/.openclaw-dev/workspace"));
        let both = Locations::resolve(&env, flags(Some("x"), true));
        assert!(matches!(both, Err(LocationError::DevAndProfile)));
        for bad in ["", "../x", "a/b", "-a", "a b", &"a".repeat(65)] {
            assert!(matches!(
                Locations::resolve(&env, flags(Some(bad), false)),
                Err(LocationError::BadProfile)
            ));
        }
        assert!(matches!(
            Locations::resolve(&Env::default(), flags(None, false)),
            Err(LocationError::NoHome)
        ));
    }
}
