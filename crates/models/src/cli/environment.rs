//! Where programs are, and what they inherit.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openclaw_guard::{CHILD_ENV, CHILD_PATH, Secret};

use super::settings::CliSettings;

/// Variables that a program of the user's own may need to find its settings and its way out. None is a credential of
/// the gateway.
const INHERITED: &[&str] = &[
    "LOGNAME",
    "LC_CTYPE",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
];
/// Beginnings of the names of programs' own variables.
const OWN: &[&str] = &["CLAUDE_", "CODEX_"];

/// The part of the gateway's environment that concerns programs.
#[derive(Clone, Default)]
pub struct CliEnvironment {
    /// Some of them are credentials of the programs.
    variables: BTreeMap<String, Secret>,
    home: Option<PathBuf>,
    path: String,
    temporary: Option<PathBuf>,
    /// Where agents write.
    workspaces: Vec<PathBuf>,
}

impl CliEnvironment {
    /// Takes what is needed of an environment.
    #[must_use]
    pub fn read<'a>(variables: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut read = Self::default();
        for (name, value) in variables.filter(|(_, value)| !value.is_empty()) {
            match name {
                "HOME" => read.home = Some(PathBuf::from(value)),
                "PATH" => value.clone_into(&mut read.path),
                "TMPDIR" => read.temporary = Some(PathBuf::from(value)),
                _ => {}
            }
            let is_own = OWN.iter().any(|own| name.starts_with(own));
            if is_own || INHERITED.contains(&name) || CHILD_ENV.contains(&name) {
                read.variables.insert(name.to_owned(), Secret::new(value.to_owned()));
            }
        }
        read
    }

    /// The same where agents write into these folders: what they write must not become a program.
    #[must_use]
    pub fn beside(self, workspaces: Vec<PathBuf>) -> Self {
        Self { workspaces, ..self }
    }

    /// Whether an agent may have written what is there, whichever links lead to it.
    fn is_written_by_agents(&self, path: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_missing| path.to_owned());
        let place = real(path);
        self.workspaces
            .iter()
            .any(|workspace| path.starts_with(workspace) || place.starts_with(real(workspace)))
    }

    /// Removes the folders of programs' images that processes which ended without a chance to do so have left. Blocks.
    pub fn sweep(&self) {
        super::images::sweep(&self.temporary(), SystemTime::now());
    }

    /// Where temporary files go.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.temporary.clone().filter(|place| place.is_absolute()).unwrap_or_else(|| PathBuf::from("/tmp"))
    }

    /// The whole environment of a program but its `PATH`: what it inherits without what is cleared, and what it is given.
    pub(crate) fn of<'a>(&'a self, settings: &'a CliSettings) -> BTreeMap<&'a str, &'a Secret> {
        let is_foreign = |name: &str| {
            OWN.iter().any(|own| name.starts_with(own))
                && !settings.own_env.iter().any(|own| name.starts_with(own))
        };
        let is_cleared = |name: &String| settings.clear_env.contains(name);
        let inherited = self.variables.iter().filter(|(name, _)| !is_foreign(name) && !is_cleared(name));
        let given = settings.env.iter().map(|(name, value)| (name.as_str(), value));
        inherited.map(|(name, value)| (name.as_str(), value)).chain(given).collect()
    }

    /// The folders that are searched: the user's own `PATH`, as far as it names folders for good, and the system's. A
    /// folder of a workspace is none.
    #[must_use]
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = Vec::new();
        for folder in std::env::split_paths(&self.path).chain(std::env::split_paths(CHILD_PATH)) {
            if folder.is_absolute() && !all.contains(&folder) && !self.is_written_by_agents(&folder) {
                all.push(folder);
            }
        }
        all
    }

    /// The `PATH` of a program: its own folder first, where the interpreter of a script often is.
    pub(crate) fn search_path(&self, program: &Path) -> OsString {
        let own = program.parent().map(Path::to_owned);
        let folders = own.into_iter().chain(self.folders());
        std::env::join_paths(folders).unwrap_or_else(|_colon| CHILD_PATH.into())
    }
}

/// Where a program is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Here.
    At(PathBuf),
    /// Nowhere: `command` is a path and there is no program.
    NotThere,
    /// In none of the folders that are searched.
    NotOnPath,
    /// `command` is a path from no particular place.
    Relative,
}

/// Finds a program. An absolute path, or one that begins with `~/`, is taken as it is; on the search path, a link into a
/// workspace is passed over.
#[must_use]
pub fn locate(command: &str, environment: &CliEnvironment) -> Found {
    let there = |path: PathBuf| if is_program(&path) { Found::At(path) } else { Found::NotThere };
    if let Some(below) = command.strip_prefix("~/") {
        return environment.home.as_ref().map_or(Found::NotThere, |home| there(home.join(below)));
    }
    if Path::new(command).is_absolute() {
        return there(PathBuf::from(command));
    }
    if command.contains('/') {
        return Found::Relative;
    }
    let fits = |path: &PathBuf| is_program(path) && !environment.is_written_by_agents(path);
    let found = environment.folders().into_iter().map(|folder| folder.join(command)).find(fits);
    found.map_or(Found::NotOnPath, Found::At)
}

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::{CliEnvironment, CliSettings, Found, locate};
    use openclaw_guard::{Secret, create_private_dir, write_atomic};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    fn environment(variables: &[(&str, &str)]) -> CliEnvironment {
        CliEnvironment::read(variables.iter().copied())
    }

    #[test]
    fn no_key_of_the_gateway_is_inherited() {
        let all = environment(&[
            ("HOME", "/h"),
            ("PATH", "/bin"),
            ("HTTPS_PROXY", "http://p"),
            ("ANTHROPIC_API_KEY", "sk-1"),
            ("OPENAI_API_KEY", "sk-2"),
            ("OPENCLAW_GATEWAY_TOKEN", "t"),
            ("CLAUDE_CONFIG_DIR", "/c"),
            ("CODEX_HOME", "/x"),
            ("TERM", ""),
        ]);
        let names = |settings: &CliSettings| {
            all.of(settings).keys().map(|name| (*name).to_owned()).collect::<Vec<_>>()
        };
        let mut settings = CliSettings::new("c");
        assert_eq!(names(&settings), ["HOME", "HTTPS_PROXY"]);
        settings.own_env = &["CLAUDE_"];
        assert_eq!(names(&settings), ["CLAUDE_CONFIG_DIR", "HOME", "HTTPS_PROXY"]);
        settings.clear_env = vec!["HTTPS_PROXY".into(), "GIVEN".into()];
        settings.env =
            vec![("GIVEN".into(), Secret::new("v".into())), ("HOME".into(), Secret::new("/other".into()))];
        assert_eq!(names(&settings), ["CLAUDE_CONFIG_DIR", "GIVEN", "HOME"], "what is given stays");
        assert!(all.of(&settings)["HOME"].matches("/other"));
    }

    #[test]
    fn programs_are_found_where_they_may_be() {
        let place = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = place.path().join(name);
            create_private_dir(&folder).unwrap();
            folder
        };
        let (one, two, workspace) = (folder("one"), folder("two"), folder("workspace"));
        let program = |folder: &Path, mode: u32| {
            let path = folder.join("fake-program");
            write_atomic(&path, b"#!/bin/sh\n").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        program(&one, 0o600);
        let good = program(&two, 0o700);
        let written = program(&workspace, 0o700);
        // Other ways into a workspace: a folder, a program, and the workspace itself under another name.
        let (linked, links, alias) =
            (place.path().join("linked"), folder("links"), place.path().join("alias"));
        std::os::unix::fs::symlink(&workspace, &linked).unwrap();
        std::os::unix::fs::symlink(&written, links.join("fake-program")).unwrap();
        std::os::unix::fs::symlink(folder("elsewhere"), &alias).unwrap();
        program(&place.path().join("elsewhere"), 0o700);
        let folders = [&workspace, &linked, &links, &place.path().join("elsewhere"), &one, &two];
        let path = format!("relative:{}", folders.map(|folder| folder.display().to_string()).join(":"));
        let env = environment(&[("PATH", &path), ("HOME", place.path().to_str().unwrap())])
            .beside(vec![alias, workspace.clone()]);
        let at = |command: &str| locate(command, &env);
        assert!(!env.folders().contains(&linked) && env.folders().contains(&two));
        assert_eq!(
            at("fake-program"),
            Found::At(good.clone()),
            "what cannot be run and what an agent wrote is passed over"
        );
        assert_eq!(at(good.to_str().unwrap()), Found::At(good.clone()));
        assert_eq!(at("~/two/fake-program"), Found::At(good));
        assert_eq!(at("~/one/fake-program"), Found::NotThere);
        assert_eq!(at("/nowhere/program"), Found::NotThere);
        assert_eq!(at("two/fake-program"), Found::Relative);
        assert_eq!(at("no-such-fake-program"), Found::NotOnPath);
        assert_eq!(env.search_path(&two.join("x")).to_string_lossy().split(':').next(), two.to_str());
    }
}
