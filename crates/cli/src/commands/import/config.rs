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
    find(places, &editor.value(), &KeyPath::default(), &mut moved);
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

/// Every text that names something in the source.
fn find(places: &Places, value: &Value, at: &KeyPath, found: &mut Vec<(KeyPath, Moved)>) {
    match value {
        Value::String(text) => {
            if let Some(to) = in_copy(places, text) {
                found.push((at.clone(), Moved { key: at.to_string(), from: text.clone(), to }));
            }
        }
        Value::Array(all) => {
            for (index, value) in all.iter().enumerate() {
                find(places, value, &at.index(index), found);
            }
        }
        Value::Object(all) => {
            for (key, value) in all {
                find(places, value, &at.key(key), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Where in the copy a path is that leads into the source.
fn in_copy(places: &Places, text: &str) -> Option<String> {
    if !text.starts_with('/') && !text.starts_with('~') {
        return None;
    }
    let path = places.at.expand(text);
    let below = below_source(places, &path)?;
    let to = places.at.state_dir.join(below);
    (to != path).then(|| to.to_str().map(ToOwned::to_owned)).flatten()
}

/// The rest of a path below the source. The source may have been moved, from another machine for example: then it is
/// found by its old name, if nothing is there any more and the same thing is in the source.
pub(super) fn below_source(places: &Places, path: &Path) -> Option<PathBuf> {
    if path.components().any(|part| part == Component::ParentDir) {
        return None;
    }
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if let Ok(below) = real.strip_prefix(&places.source).or_else(|_| path.strip_prefix(&places.source)) {
        return Some(below.to_owned());
    }
    let mut names = vec![places.at.current_state_dir()];
    names.extend(places.at.old_state_dirs());
    let is_state = |part: &OsStr| names.iter().any(|name| name.file_name() == Some(part));
    let mut parts = path.iter();
    parts.by_ref().find(|part| is_state(part))?;
    let below: PathBuf = parts.collect();
    (!below.as_os_str().is_empty() && !path.exists() && places.source.join(&below).exists()).then_some(below)
}
