//! The copied configuration names the copy: paths into the source would go on writing there.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use openclaw_config::{Change, Editor, Env, KeyPath, Locations};
use openclaw_guard::write_atomic;
use serde::Serialize;
use serde_json::Value;

use super::copy::{Staging, step};
use super::error::ImportError;
use super::places::Places;
use super::plan::Plan;
use super::{BeforeStep, Step};

/// A setting that names the copy now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Moved {
    /// The key.
    pub(super) key: String,
    /// What it said.
    pub(super) from: String,
    /// What it says.
    pub(super) to: String,
}

/// What became of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Configured {
    /// There is none.
    None,
    /// It names what it should; these settings have been changed for that.
    Points(Vec<Moved>),
    /// It cannot be changed, and was copied as it is: why.
    AsItIs(String),
}

/// Changes the settings of the copy that name something in the source.
///
/// # Errors
/// The copy cannot be written.
pub(super) fn point_at_copy(
    places: &Places,
    plan: &Plan,
    staging: &Staging,
    env: &Env,
    before: BeforeStep<'_>,
) -> Result<Configured, ImportError> {
    step(before, Step::Configure, &staging.path)?;
    let name = places.at.current_config_path();
    let name = name.file_name().map_or_else(PathBuf::new, PathBuf::from);
    if !plan.items.iter().any(|item| item.to == name) {
        return Ok(Configured::None);
    }
    let at = Locations {
        config_path: staging.path.join(&name),
        state_dir: staging.path.clone(),
        ..places.at.clone()
    };
    let mut editor = match Editor::open(&at, env) {
        Ok(editor) if editor.is_readable() => editor,
        Ok(_) => return Ok(Configured::AsItIs("it is not JSON5".to_owned())),
        Err(error) => return Ok(Configured::AsItIs(error.to_string())),
    };
    let mut moved = Vec::new();
    let value = editor.value();
    let roots = old_roots(places, &value);
    each_text(&value, &KeyPath::default(), &mut |at, text| {
        if let Some(to) = in_copy(places, &roots, text) {
            moved.push((at.clone(), Moved { key: at.to_string(), from: text.to_owned(), to }));
        }
    });
    let set = |(path, to): &(KeyPath, Moved)| Change::Set { path: path.clone(), value: to.to.clone().into() };
    let changes: Vec<Change> = moved.iter().map(set).collect();
    if let Err(error) = editor.apply(&changes) {
        return Ok(Configured::AsItIs(error.to_string()));
    }
    let draft = editor.draft();
    // An included file elsewhere is not ours to change.
    if let Some(file) = draft.files().iter().find(|file| !file.path.starts_with(&staging.path)) {
        return Ok(Configured::AsItIs(format!("it includes {}", file.path.display())));
    }
    for file in draft.files() {
        write_atomic(&file.path, file.after.as_bytes())?;
    }
    Ok(Configured::Points(moved.into_iter().map(|(_, moved)| moved).collect()))
}

/// Every text of a configuration.
fn each_text(value: &Value, at: &KeyPath, look: &mut dyn FnMut(&KeyPath, &str)) {
    match value {
        Value::String(text) => look(at, text),
        Value::Array(all) => {
            for (index, value) in all.iter().enumerate() {
                each_text(value, &at.index(index), look);
            }
        }
        Value::Object(all) => {
            for (key, value) in all {
                each_text(value, &at.key(key), look);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Names that the source had before it was moved, from another machine for example: a path below such a name leads
/// nowhere any more, and the same thing is in the source.
pub(super) fn old_roots(places: &Places, config: &Value) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    each_text(config, &KeyPath::default(), &mut |_, text| {
        let Some(path) = path_of(places, text) else { return };
        let Some((root, below)) = below_a_state(places, &path) else { return };
        if !path.exists() && places.source.join(below).exists() && !roots.contains(&root) {
            roots.push(root);
        }
    });
    roots
}

/// The path that a text is.
fn path_of(places: &Places, text: &str) -> Option<PathBuf> {
    let is_path = text.starts_with('/') || text.starts_with('~');
    is_path.then(|| places.at.expand(text)).filter(|path| is_straight(path))
}

fn is_straight(path: &Path) -> bool {
    !path.components().any(|part| part == Component::ParentDir)
}

/// A path cut behind the first part that is called like a state directory.
fn below_a_state(places: &Places, path: &Path) -> Option<(PathBuf, PathBuf)> {
    let mut names = vec![places.at.current_state_dir()];
    names.extend(places.at.old_state_dirs());
    let is_state = |part: &OsStr| names.iter().any(|name| name.file_name() == Some(part));
    let end = path.iter().position(is_state)? + 1;
    let below: PathBuf = path.iter().skip(end).collect();
    (!below.as_os_str().is_empty()).then(|| (path.iter().take(end).collect(), below))
}

/// Where in the copy a path is that leads into the source.
fn in_copy(places: &Places, roots: &[PathBuf], text: &str) -> Option<String> {
    let path = path_of(places, text)?;
    let below = below(places, roots, &path)?;
    let to = places.at.state_dir.join(below);
    (to != path).then(|| to.to_str().map(ToOwned::to_owned)).flatten()
}

/// The rest of a path below the source, or below a name that it had.
pub(super) fn below_source(places: &Places, path: &Path) -> Option<PathBuf> {
    if is_straight(path) { below(places, &places.old_roots, path) } else { None }
}

fn below(places: &Places, roots: &[PathBuf], path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if let Ok(below) = real.strip_prefix(&places.source).or_else(|_| path.strip_prefix(&places.source)) {
        return Some(below.to_owned());
    }
    // What was never made there, as the workspace of an agent that nobody has talked to, would be made there now. What
    // is there on this machine is somebody's.
    let (root, below) = below_a_state(places, path)?;
    (roots.contains(&root) && !path.exists()).then_some(below)
}

#[cfg(test)]
mod tests {
    use super::{Moved, Places, each_text, in_copy, old_roots};
    use openclaw_config::{Env, KeyPath, LocationFlags, Locations};
    use openclaw_guard::create_private_dir;
    use serde_json::json;

    #[test]
    fn everything_below_the_old_name_leads_into_the_copy() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", &*home.path().to_string_lossy())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        let (source, kept) = (home.path().join("usb"), home.path().join("kept/.openclaw/notes"));
        create_private_dir(&source.join("workspace")).unwrap();
        create_private_dir(&kept).unwrap();
        let places = Places::find(&source, at, &env).unwrap();
        let config = json!({"agents": {
            "defaults": {"workspace": "/no/such/home/.openclaw/workspace"},
            "list": [
                {"id": "work", "workspace": "/no/such/home/.openclaw/workspace-work"},
                {"id": "far", "workspace": "/no/other/home/.openclaw/workspace-far"},
                {"id": "kept", "workspace": kept},
                {"id": "up", "workspace": "/no/such/home/.openclaw/../x"},
            ],
        }});
        let roots = old_roots(&places, &config);
        let mut moved = Vec::new();
        each_text(&config, &KeyPath::default(), &mut |at, text| {
            let to = in_copy(&places, &roots, text);
            moved.extend(to.map(|to| Moved { key: at.to_string(), from: text.to_owned(), to }));
        });
        let shown: Vec<(String, String)> = moved
            .into_iter()
            .map(|moved| (moved.key, moved.to.replace(&*home.path().to_string_lossy(), "~")))
            .collect();
        assert_eq!(
            shown,
            [
                ("agents.defaults.workspace".to_owned(), "~/.openclaw/workspace".to_owned()),
                ("agents.list[0].workspace".to_owned(), "~/.openclaw/workspace-work".to_owned()),
            ]
        );
    }
}
