//! Looks at what is there, and creates what the plan says.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_config::{MinimalOptions, minimal_config, write_new};
use openclaw_guard::{FileError, Root, Secret, create_private_dir, random_token};
use openclaw_memory::{Outlook, outlook};

use super::plan::{Folder, Found, Presence, Reach, Starters, Step, Wish, plan, workspace};
use crate::instance::Instance;
use crate::workspace::MEMORY_DIR;
use crate::{agents, copies};

/// The whole workspace, as an extra path of the memory.
const EVERYWHERE: &str = ".";
/// More notes than this, outside the folder where they are expected, may be a whole home directory: the owner decides.
const MAX_ADDED: usize = 5_000;

/// What a run of the setup did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setup {
    /// The folder of notes.
    pub(super) workspace: PathBuf,
    /// What was created, in order.
    pub(super) created: Vec<PathBuf>,
    /// Notes outside `memory/` that the new configuration has searched.
    pub(super) added: usize,
}

/// Creates what is missing. What exists is left as it is, so that a second run, or a second process at the same
/// moment, changes nothing.
///
/// # Errors
/// The configuration names another workspace, it is gone and has left copies, or a file cannot be made.
pub(super) fn set_up(instance: &Instance, wish: &Wish) -> anyhow::Result<Setup> {
    copies::no_stub_beside_copies(&instance.at, &instance.loaded.env)?;
    let (mut found, place) = look(instance, wish)?;
    let beside = beside(wish, &found)?;
    if beside > 0 {
        found.reach = Reach::All;
    }
    let mut created = Vec::new();
    for step in plan(wish, &found, &place, &instance.at.state_dir) {
        created.extend(perform(step, &instance.at.config_path)?);
    }
    let added = if created.contains(&instance.at.config_path) { beside } else { 0 };
    Ok(Setup { workspace: place, created, added })
}

/// How many notes outside `memory/` a new configuration is to have searched: those of a folder that the person names as
/// the place of their notes.
fn beside(wish: &Wish, found: &Found) -> anyhow::Result<usize> {
    let wanted = wish.workspace.as_ref().filter(|_| found.config == Presence::Missing);
    let Some(folder) = wanted.filter(|_| found.folder == Folder::InUse) else { return Ok(0) };
    Ok(added(&outlook(&Arc::new(Root::open(folder)?), &[])))
}

/// How many of them are taken.
fn added(outlook: &Outlook) -> usize {
    let notes = outlook.unsearched.len();
    // What was not looked to the end may hold any number.
    if outlook.truncated || notes > MAX_ADDED { 0 } else { notes }
}

fn look(instance: &Instance, wish: &Wish) -> anyhow::Result<(Found, PathBuf)> {
    let config = if instance.loaded.exists { Presence::There } else { Presence::Missing };
    let configured = agents::find(instance, None)?.workspace;
    let place = workspace(wish, &configured, config, &instance.at.config_path)?;
    let skips = instance.config().agents.defaults.files.skip_bootstrap;
    let found = Found {
        config,
        folder: folder(&place)?,
        reach: Reach::Memory,
        memory: if place.join(MEMORY_DIR).is_dir() { Presence::There } else { Presence::Missing },
        starters: if skips { Starters::Skipped } else { Starters::Wanted },
    };
    Ok((found, place))
}

/// A folder counts as empty when it holds nothing but hidden entries, such as `.git`.
fn folder(path: &Path) -> Result<Folder, FileError> {
    let failed = |source| FileError::new("look into the workspace", path, source);
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Folder::Missing),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        if !entry.map_err(failed)?.file_name().to_string_lossy().starts_with('.') {
            return Ok(Folder::InUse);
        }
    }
    Ok(Folder::Empty)
}

/// Performs one step; returns what it made, which is nothing when somebody else was faster.
fn perform(step: Step, config_path: &Path) -> anyhow::Result<Option<PathBuf>> {
    match step {
        Step::Directory(path) => {
            if path.is_dir() {
                return Ok(None);
            }
            create_private_dir(&path)?;
            Ok(Some(path))
        }
        Step::File { path, text } => unless_there(path, text),
        Step::Config { workspace, port, reach } => {
            let workspace = workspace.map(|path| utf8(&path)).transpose()?;
            let token = Secret::new(random_token()?);
            let extra_paths = match reach {
                Reach::Memory => Vec::new(),
                Reach::All => vec![EVERYWHERE.to_owned()],
            };
            let options = MinimalOptions { workspace, port, extra_paths, model: None };
            let text = minimal_config(&token, &options);
            unless_there(config_path.to_owned(), &text)
        }
    }
}

fn unless_there(path: PathBuf, text: &str) -> anyhow::Result<Option<PathBuf>> {
    match write_new(&path, text) {
        Ok(()) => Ok(Some(path)),
        Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// JSON can only hold Unicode.
fn utf8(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().ok_or_else(|| {
        anyhow::anyhow!(
            "--workspace {}: the path is not UTF-8 and cannot stand in the configuration",
            path.display()
        )
    })?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::plan::Wish;
    use super::{MAX_ADDED, Setup, added, set_up};
    use crate::instance::Instance;
    use openclaw_config::{Env, LocationFlags, Locations, load};
    use openclaw_guard::{create_private_dir, write_atomic};
    use openclaw_memory::Outlook;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    fn run(home: &Path, wish: &Wish) -> anyhow::Result<Setup> {
        let env = Env::from([("HOME", home.to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default())?;
        let loaded = load(&at, &env)?;
        set_up(&Instance { at, loaded }, wish)
    }

    #[test]
    fn the_first_run_makes_private_files_and_the_second_nothing() {
        let home = tempfile::tempdir().unwrap();
        let first = run(home.path(), &Wish::default()).unwrap();
        assert_eq!(first.workspace, home.path().join(".openclaw/workspace"));
        assert_eq!(first.created.len(), 11);
        for path in &first.created {
            let metadata = std::fs::metadata(path).unwrap();
            let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(metadata.mode() & 0o777, expected, "{}", path.display());
        }
        let config = std::fs::read_to_string(home.path().join(".openclaw/openclaw.json")).unwrap();
        let second = run(home.path(), &Wish::default()).unwrap();
        assert_eq!(first.added, 0);
        assert_eq!(second, Setup { created: Vec::new(), ..first });
        assert_eq!(std::fs::read_to_string(home.path().join(".openclaw/openclaw.json")).unwrap(), config);
    }

    /// The next start would make the new one the last good configuration, over the only copy of the owner's.
    #[test]
    fn where_copies_are_left_nothing_is_made() {
        for copy in ["openclaw.json.bak.3", "openclaw.json.last-good", "clawdbot.json.bak"] {
            let home = tempfile::tempdir().unwrap();
            let state = home.path().join(".openclaw");
            create_private_dir(&state).unwrap();
            write_atomic(&state.join(copy), b"{}").unwrap();
            let error = run(home.path(), &Wish::default()).unwrap_err().to_string();
            assert!(error.contains(copy) && error.contains("`openclaw doctor --fix`"), "{error}");
            assert_eq!(std::fs::read_dir(&state).unwrap().count(), 1);
        }
    }

    #[test]
    fn more_notes_than_a_person_writes_are_not_added() {
        let outlook = |count: usize, truncated| Outlook {
            notes: 0,
            unsearched: (0..count).map(|number| format!("{number}.md")).collect(),
            truncated,
        };
        assert_eq!(added(&outlook(MAX_ADDED, false)), MAX_ADDED);
        assert_eq!(added(&outlook(MAX_ADDED + 1, false)), 0);
        assert_eq!(added(&outlook(1, true)), 0);
    }

    /// A home directory: few notes are seen before the look at it ends.
    #[test]
    fn a_folder_too_large_to_look_through_is_not_searched() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("everything");
        create_private_dir(&place).unwrap();
        write_atomic(&place.join("garden.md"), b"roses").unwrap();
        for number in 0..=50_000 {
            std::fs::create_dir(place.join(format!(".{number}"))).unwrap();
        }
        let wish = Wish { workspace: Some(place), port: None };
        assert_eq!(run(home.path(), &wish).unwrap().added, 0);
        let config = std::fs::read_to_string(home.path().join(".openclaw/openclaw.json")).unwrap();
        assert!(!config.contains("extraPaths"), "{config}");
    }

    #[test]
    fn a_folder_of_notes_is_taken_as_it_is_and_remembered() {
        let home = tempfile::tempdir().unwrap();
        let notes = home.path().join("notes");
        create_private_dir(&notes).unwrap();
        write_atomic(&notes.join("garden.md"), b"roses").unwrap();
        let wish = Wish { workspace: Some(notes.clone()), port: Some(4100) };
        let setup = run(home.path(), &wish).unwrap();
        assert_eq!(std::fs::read_dir(&notes).unwrap().count(), 2, "garden.md and memory");
        assert_eq!((&setup.workspace, setup.added), (&notes, 1));
        let config = std::fs::read_to_string(home.path().join(".openclaw/openclaw.json")).unwrap();
        assert!(config.replace(char::is_whitespace, "").contains("\"extraPaths\":[\".\"]"), "{config}");
        let second = run(home.path(), &wish).unwrap();
        assert_eq!((second.created, second.added), (Vec::new(), 0));
        assert_eq!(run(home.path(), &Wish::default()).unwrap().workspace, notes);
        let other = Wish { workspace: Some(home.path().join("other")), port: None };
        assert!(run(home.path(), &other).is_err());
        assert!(!home.path().join("other").exists());
    }
}
