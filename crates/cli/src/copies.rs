//! Where copies of the configuration lie: beside the file, beside what it is a link to, and under its earlier names.

use std::path::{Path, PathBuf};

use openclaw_config::{BACKUPS, Env, Locations, backup_path, beside};

/// The copy of what last started the gateway.
const LAST_GOOD: &str = "last-good";
/// Links that are followed to a file that is not there; the kernel follows as many.
const MAX_LINKS: usize = 40;
/// Entries of the directory that are looked at for files that were put aside.
const MAX_ENTRIES: usize = 2000;

/// There is no configuration, and copies of one: a new one would take their place in time.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no {}, but a copy of it at {}; `openclaw doctor --fix` restores a copy that is valid. To begin anew, \
     move the copies away first",
    config.display(), copy.display()
)]
pub(crate) struct OnlyCopies {
    config: PathBuf,
    copy: PathBuf,
}

/// Refuses to make a configuration where only copies of one are left.
///
/// # Errors
/// There are copies and no file.
pub(crate) fn no_stub_beside_copies(at: &Locations, env: &Env) -> Result<(), OnlyCopies> {
    if real(&at.config_path).symlink_metadata().is_ok() {
        return Ok(());
    }
    match existing(at, env).into_iter().next() {
        Some(copy) => Err(OnlyCopies { config: at.config_path.clone(), copy }),
        None => Ok(()),
    }
}

/// The configuration file itself, links followed also where they lead to nothing.
pub(crate) fn real(config: &Path) -> PathBuf {
    if let Ok(real) = config.canonicalize() {
        return real;
    }
    let mut path = config.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = std::fs::read_link(&path) else { return path };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    config.to_owned() // a circle
}

/// The file itself, and the link to it if it is named by one.
pub(crate) fn names(config: &Path) -> Vec<PathBuf> {
    let real = real(config);
    if real == config { vec![real] } else { vec![real, config.to_owned()] }
}

/// Every place of a copy, whether there is one or not: of each name the newest first. Copies of a file that a doctor has
/// renamed keep its earlier name.
pub(crate) fn places(at: &Locations, env: &Env) -> Vec<PathBuf> {
    let mut all = names(&at.config_path);
    if !is_config_named(env) {
        all.push(at.current_config_path());
        all.extend(at.old_config_paths());
    }
    let mut places: Vec<PathBuf> = Vec::new();
    for name in all {
        let row = (0..BACKUPS).map(|age| backup_path(&name, age)).chain([beside(&name, LAST_GOOD)]);
        for place in row {
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}

/// The copies that there are.
pub(crate) fn existing(at: &Locations, env: &Env) -> Vec<PathBuf> {
    places(at, env).into_iter().filter(|path| path.is_file()).collect()
}

/// Files beside the configuration that hold what it holds: a text that waits, the lock, and damaged ones put aside.
pub(crate) fn companions(config: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for name in names(config) {
        all.extend(["staged", "lock"].map(|suffix| beside(&name, suffix)));
        let damaged = beside(&name, "damaged-");
        let (Some(folder), Some(prefix)) = (damaged.parent(), damaged.file_name()) else { continue };
        // A directory that cannot be read has been told as a configuration that cannot.
        let entries = std::fs::read_dir(folder).into_iter().flatten().take(MAX_ENTRIES);
        let is_one = |path: &PathBuf| {
            path.file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(prefix.as_encoded_bytes()))
        };
        all.extend(entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_one));
    }
    all
}

/// Whether somebody has named the configuration file: then others in the state directory are not about it.
pub(crate) fn is_config_named(env: &Env) -> bool {
    ["OPENCLAW_CONFIG_PATH", "CLAWDBOT_CONFIG_PATH"].iter().any(|name| env.non_blank(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::{existing, names, places};
    use openclaw_config::{Env, LocationFlags, Locations};
    use openclaw_guard::{create_private_dir, write_atomic};
    use std::os::unix::fs::symlink;

    #[test]
    fn copies_are_looked_for_beside_the_link_and_the_file() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", home.path().to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        create_private_dir(&at.state_dir).unwrap();
        let dots = home.path().join("dots");
        create_private_dir(&dots).unwrap();
        assert_eq!(names(&at.config_path), std::slice::from_ref(&at.config_path));
        symlink(dots.join("mine.json"), &at.config_path).unwrap();
        assert_eq!(
            names(&at.config_path),
            [dots.join("mine.json"), at.config_path.clone()],
            "a link to nothing"
        );
        for path in [dots.join("mine.json.bak.1"), at.state_dir.join("clawdbot.json.bak")] {
            write_atomic(&path, b"{}").unwrap();
        }
        assert_eq!(
            existing(&at, &env),
            [dots.join("mine.json.bak.1"), at.state_dir.join("clawdbot.json.bak")]
        );
        let named: Env = [("OPENCLAW_CONFIG_PATH", "x")].into_iter().collect();
        assert_eq!(places(&at, &named).len(), 22);
    }
}
