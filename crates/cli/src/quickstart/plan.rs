//! What a first start creates, decided from what is there. No file is touched here.

use std::path::{Path, PathBuf};

use crate::workspace::{MEMORY_DIR, STARTERS};

/// What the person asks for. Paths are absolute.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// `--workspace`
    pub(crate) workspace: Option<PathBuf>,
    /// `--port`
    pub(crate) port: Option<u16>,
}

/// What is there.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Whether there is a configuration file.
    pub(crate) config: Presence,
    /// What is at the place of the workspace that will be used.
    pub(crate) folder: Folder,
    /// Whether all notes of it are to be searched, and not only those in `memory`.
    pub(crate) reach: Reach,
    /// Whether its `memory` folder is there.
    pub(crate) memory: Presence,
    /// Whether the configuration wants the starter files (`agents.defaults.skipBootstrap`).
    pub(crate) starters: Starters,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    There,
    Missing,
}

/// What is at the place of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folder {
    /// Nothing.
    Missing,
    /// A folder with no visible file.
    Empty,
    /// Somebody's notes, or a workspace that has begun its life.
    InUse,
}

/// Which notes of a workspace are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// `MEMORY.md` and what is under `memory/`.
    Memory,
    /// Every Markdown file.
    All,
}

/// Whether a new workspace gets the starter files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starters {
    Wanted,
    Skipped,
}

/// One thing to create. Nothing that exists is ever changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A directory, 0700, with the missing ones above it.
    Directory(PathBuf),
    /// The configuration, with these settings and a new token.
    Config { workspace: Option<PathBuf>, port: Option<u16>, reach: Reach },
    /// A starter file.
    File { path: PathBuf, text: &'static str },
}

/// The workspace that the command line names is not the one of the configuration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this instance already works in {}, not in {}; change agents.defaults.workspace in {}, or use \
     --profile NAME for a second instance",
    configured.display(), wanted.display(), config.display()
)]
pub(crate) struct OtherWorkspace {
    configured: PathBuf,
    wanted: PathBuf,
    config: PathBuf,
}

/// The workspace that will be used.
///
/// # Errors
/// The configuration names another one than the person: it is theirs to change.
pub(crate) fn workspace(
    wish: &Wish,
    configured: &Path,
    presence: Presence,
    config: &Path,
) -> Result<PathBuf, OtherWorkspace> {
    match (&wish.workspace, presence) {
        (None, _) => Ok(configured.to_owned()),
        (Some(wanted), Presence::Missing) => Ok(wanted.clone()),
        (Some(wanted), Presence::There) if wanted == configured => Ok(configured.to_owned()),
        (Some(wanted), Presence::There) => Err(OtherWorkspace {
            configured: configured.to_owned(),
            wanted: wanted.clone(),
            config: config.to_owned(),
        }),
    }
}

/// What has to be created, in order: the configuration last, because it says that everything else is in place.
pub(crate) fn plan(wish: &Wish, found: &Found, workspace: &Path, state_dir: &Path) -> Vec<Step> {
    let mut steps = Vec::new();
    if found.config == Presence::Missing {
        steps.push(Step::Directory(state_dir.to_owned()));
    }
    if found.folder == Folder::Missing {
        steps.push(Step::Directory(workspace.to_owned()));
    }
    let is_new = matches!(found.folder, Folder::Missing | Folder::Empty);
    if is_new && found.starters == Starters::Wanted {
        let file = |starter: &crate::workspace::Starter| Step::File {
            path: workspace.join(starter.name),
            text: starter.text,
        };
        steps.extend(STARTERS.iter().map(file));
    }
    if found.memory == Presence::Missing {
        steps.push(Step::Directory(workspace.join(MEMORY_DIR)));
    }
    if found.config == Presence::Missing {
        let Wish { workspace, port } = wish.clone();
        steps.push(Step::Config { workspace, port, reach: found.reach });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::{Folder, Found, Presence, Reach, Starters, Step, Wish, plan, workspace};
    use std::path::{Path, PathBuf};

    fn found(config: Presence, folder: Folder, memory: Presence) -> Found {
        Found { config, folder, memory, reach: Reach::Memory, starters: Starters::Wanted }
    }

    /// The steps in short: `dir /path`, `file /path`, `config`.
    fn steps(wish: &Wish, found: &Found) -> Vec<String> {
        let place = wish.workspace.clone().unwrap_or_else(|| PathBuf::from("/s/workspace"));
        let show = |step: Step| match step {
            Step::Directory(path) => format!("dir {}", path.display()),
            Step::File { path, .. } => format!("file {}", path.display()),
            Step::Config { workspace, port, reach: Reach::Memory } => {
                format!("config {workspace:?} {port:?}")
            }
            Step::Config { workspace, port, reach: Reach::All } => {
                format!("config {workspace:?} {port:?} all")
            }
        };
        plan(wish, found, &place, Path::new("/s")).into_iter().map(show).collect()
    }

    #[test]
    fn from_nothing_everything_is_made_and_the_config_comes_last() {
        let made = steps(&Wish::default(), &found(Presence::Missing, Folder::Missing, Presence::Missing));
        let expected = [
            "dir /s",
            "dir /s/workspace",
            "file /s/workspace/AGENTS.md",
            "file /s/workspace/SOUL.md",
            "file /s/workspace/TOOLS.md",
            "file /s/workspace/IDENTITY.md",
            "file /s/workspace/USER.md",
            "file /s/workspace/HEARTBEAT.md",
            "file /s/workspace/BOOTSTRAP.md",
            "dir /s/workspace/memory",
            "config None None",
        ];
        assert_eq!(made, expected);
    }

    #[test]
    fn a_second_run_makes_nothing() {
        let there = found(Presence::There, Folder::InUse, Presence::There);
        assert_eq!(steps(&Wish::default(), &there), Vec::<String>::new());
        let with_port = Wish { port: Some(9), ..Wish::default() };
        assert_eq!(steps(&with_port, &there), Vec::<String>::new());
    }

    #[test]
    fn a_folder_of_notes_gets_no_files() {
        let wish = Wish { workspace: Some("/notes".into()), port: Some(7) };
        let made = steps(&wish, &found(Presence::Missing, Folder::InUse, Presence::Missing));
        assert_eq!(made, ["dir /s", "dir /notes/memory", "config Some(\"/notes\") Some(7)"]);
        let with_memory = steps(&wish, &found(Presence::Missing, Folder::InUse, Presence::There));
        assert_eq!(with_memory, ["dir /s", "config Some(\"/notes\") Some(7)"]);
        let everywhere =
            Found { reach: Reach::All, ..found(Presence::Missing, Folder::InUse, Presence::There) };
        assert_eq!(steps(&wish, &everywhere), ["dir /s", "config Some(\"/notes\") Some(7) all"]);
    }

    #[test]
    fn starters_can_be_declined_and_an_empty_folder_gets_them() {
        let empty = found(Presence::There, Folder::Empty, Presence::Missing);
        assert_eq!(steps(&Wish::default(), &empty).len(), 8);
        let skipped = Found { starters: Starters::Skipped, ..empty };
        assert_eq!(steps(&Wish::default(), &skipped), ["dir /s/workspace/memory"]);
    }

    #[test]
    fn a_configured_workspace_is_not_changed_from_the_command_line() {
        let (configured, config) = (Path::new("/s/workspace"), Path::new("/s/openclaw.json"));
        let wish = |path: &str| Wish { workspace: Some(path.into()), port: None };
        let pick = |wish: &Wish, presence| workspace(wish, configured, presence, config);
        assert_eq!(pick(&Wish::default(), Presence::There).unwrap(), configured);
        assert_eq!(pick(&wish("/notes"), Presence::Missing).unwrap(), Path::new("/notes"));
        assert_eq!(pick(&wish("/s/workspace"), Presence::There).unwrap(), configured);
        let error = pick(&wish("/notes"), Presence::There).unwrap_err().to_string();
        assert!(
            error.contains("/s/workspace") && error.contains("/notes") && error.contains("--profile"),
            "{error}"
        );
    }
}
