//! Repairs: what each would change, and doing it. What is replaced stays beside the new file; nothing is deleted.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use openclaw_config::{
    Base, Draft, EditError, Editor, FileEdit, Losses, Migration, Terms, Validity, beside, edit, redact_text,
    secrets, write_new,
};
use openclaw_guard::{FileError, Hiding, Redactor, Secret, iso_millis, write_atomic};
use serde::Serialize;

use super::diff::unified;
use super::findings::name;
use super::snapshot::Snapshot;
use crate::copies;

/// One repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repair {
    /// Renames the state directory of an earlier release and leaves a link.
    MoveState { from: PathBuf, to: PathBuf },
    /// Renames the configuration of an earlier release and leaves a link.
    RenameConfig { from: PathBuf, to: PathBuf },
    /// Puts a backup in the place of a damaged configuration, which is kept.
    Restore { backup: PathBuf },
    /// Moves keys of earlier releases.
    Migrate,
    /// Takes permissions away.
    SetMode { path: PathBuf, mode: u32 },
}

/// Repairs that look at the same snapshot. Each phase begins with a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    State,
    Content,
    ConfigName,
    Keys,
    Access,
}

impl Phase {
    /// In this order: a backup has the name of the file, so the content is restored before the name changes.
    pub(super) const ALL: [Self; 5] =
        [Self::State, Self::Content, Self::ConfigName, Self::Keys, Self::Access];
}

impl Repair {
    pub(super) const fn phase(&self) -> Phase {
        match self {
            Self::MoveState { .. } => Phase::State,
            Self::RenameConfig { .. } => Phase::ConfigName,
            Self::Restore { .. } => Phase::Content,
            Self::Migrate => Phase::Keys,
            Self::SetMode { .. } => Phase::Access,
        }
    }
}

/// Why a repair is not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum RepairError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The configuration cannot be changed like that.
    #[error("{0}")]
    Edit(#[from] EditError),
}

/// A repair and what it changes in the configuration, secrets hidden.
pub(super) struct Plan {
    repair: Repair,
    pub(super) diff: Option<String>,
}

/// Something that was repaired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fixed {
    id: &'static str,
    pub(super) about: String,
    /// What it changed in the configuration; of several things that were done together, the first one has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// Works out what a repair would change. Nothing is written.
///
/// # Errors
/// The repair cannot be made.
pub(super) fn plan(snapshot: &Snapshot, repair: Repair) -> Result<Plan, RepairError> {
    let diff = match &repair {
        Repair::MoveState { .. } | Repair::RenameConfig { .. } | Repair::SetMode { .. } => None,
        Repair::Restore { backup } => {
            let text = read(backup)?;
            // Of a text that is not JSON5 nobody can say what in it is secret: the new one is shown alone.
            Some(hidden_diff(&snapshot.at.config_path, "", &text, &[]))
        }
        Repair::Migrate => Some(draft_diff(&migrated(snapshot)?)),
    };
    Ok(Plan { repair, diff })
}

/// The migrated configuration, not written yet.
fn migrated(snapshot: &Snapshot) -> Result<Draft, EditError> {
    let mut editor = Editor::open(&snapshot.at, &snapshot.env)?;
    migrate(snapshot, &mut editor)?;
    let draft = editor.draft();
    // A diff of what is then refused would be a promise that is not kept.
    draft.check(Validity::NoWorse)?;
    Ok(draft)
}

/// The steps that were found to pass.
fn steps(snapshot: &Snapshot) -> &[Migration] {
    snapshot.config.plan.as_ref().map_or(&[], |plan| &plan.steps)
}

fn migrate(snapshot: &Snapshot, editor: &mut Editor) -> Result<(), EditError> {
    if Some(&editor.value()) != snapshot.config.value.as_ref() {
        // Somebody was faster than the diff that has been shown.
        return Err(EditError::Changed { file: snapshot.at.config_path.clone() });
    }
    let changes: Vec<_> = steps(snapshot).iter().flat_map(|step| step.changes.iter().cloned()).collect();
    editor.apply(&changes)
}

fn draft_diff(draft: &Draft) -> String {
    let known = secrets(draft.value());
    let before = |file: &FileEdit| file.before.clone().unwrap_or_default();
    let diff = draft.files().iter().map(|file| hidden_diff(&file.path, &before(file), &file.after, &known));
    diff.collect::<Vec<_>>().join("\n")
}

/// The diff of two texts of a configuration without their secrets: values by declaration, and what in comments and
/// addresses is one of the known ones or looks like one.
fn hidden_diff(path: &Path, before: &str, after: &str, known: &[Secret]) -> String {
    let redactor = Redactor::new(known, Hiding::Shapes { patterns: Vec::new() });
    let hidden = |text: &str| redactor.redact(&redact_text(text).unwrap_or_default()).into_owned();
    unified(&name(path), &hidden(before), &hidden(after))
}

/// Makes a repair.
///
/// # Errors
/// The step that failed; what was there is still there.
pub(super) fn perform(snapshot: &Snapshot, plan: Plan, now_ms: i64) -> Result<Vec<Fixed>, RepairError> {
    let Plan { repair, diff } = plan;
    let (id, done) = match &repair {
        Repair::MoveState { from, to } => ("state.oldDirectory", vec![move_and_link(from, to)?]),
        Repair::RenameConfig { from, to } => ("config.oldName", vec![move_and_link(from, to)?]),
        Repair::Restore { backup } => (
            if snapshot.config.bytes.is_some() { "config.damaged" } else { "config.missing" },
            vec![restore(&snapshot.at.config_path, backup, now_ms)?],
        ),
        Repair::Migrate => ("config.retired", apply_migrations(snapshot)?),
        Repair::SetMode { path, mode } => ("access.mode", vec![set_mode(path, *mode)?]),
    };
    let mut fixed: Vec<Fixed> = done.into_iter().map(|about| Fixed { id, about, diff: None }).collect();
    if let Some(first) = fixed.first_mut() {
        first.diff = diff;
    }
    Ok(fixed)
}

/// Writes the migrated configuration, with the earlier version kept as a backup. Problems that were there before may
/// stay for later.
fn apply_migrations(snapshot: &Snapshot) -> Result<Vec<String>, EditError> {
    // Migrations prove themselves that they lose nothing; an empty object that goes is no loss.
    let terms = Terms { base: Base::Any, validity: Validity::NoWorse, losses: Losses::Accept };
    edit(&snapshot.at, &snapshot.env, &terms, &|editor| migrate(snapshot, editor))?;
    Ok(steps(snapshot).iter().map(|step| step.about.clone()).collect())
}

/// Renames, and leaves a link so that the old program still finds what it had.
fn move_and_link(from: &Path, to: &Path) -> Result<String, FileError> {
    // A directory without content makes room; one that has some stays, and the move fails.
    if to.is_dir() && !to.is_symlink() {
        std::fs::remove_dir(to).map_err(|source| FileError::new("move to", to, source))?;
    }
    if to.symlink_metadata().is_ok() {
        return Err(FileError::new("move to", to, io::ErrorKind::AlreadyExists.into()));
    }
    std::fs::rename(from, to).map_err(|source| FileError::new("rename", from, source))?;
    let target = to.file_name().map_or(to, Path::new);
    if let Err(source) = symlink(target, from) {
        // Back, so that both programs find it again; should that fail too, the first error says what happened.
        std::fs::rename(to, from).ok();
        return Err(FileError::new("link", from, source));
    }
    Ok(format!("{} is now {}; the old name is a link to it", from.display(), to.display()))
}

/// The damaged file gets another name first, and only then is the old one used again: at every moment one is there.
fn restore(config: &Path, backup: &Path, now_ms: i64) -> Result<String, FileError> {
    let real = copies::real(config);
    let text = read(backup)?;
    if real.symlink_metadata().is_err() {
        write_new(&real, &text)?;
        return Ok(format!("{} is restored from {}", config.display(), name(backup)));
    }
    let aside = beside(&real, &format!("damaged-{}", iso_millis(now_ms).replace(':', "-")));
    // Where the file system has no second names, the file is away for a moment.
    let kept = std::fs::hard_link(&real, &aside).or_else(|_| std::fs::rename(&real, &aside));
    kept.map_err(|source| FileError::new("keep", &aside, source))?;
    write_atomic(&real, text.as_bytes())?;
    set_mode(&aside, 0o600)?;
    Ok(format!(
        "{} is restored from {}; the damaged file is {}",
        config.display(),
        name(backup),
        aside.display()
    ))
}

fn read(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path).map_err(|source| FileError::new("read", path, source))
}

fn set_mode(path: &Path, mode: u32) -> Result<String, FileError> {
    let failed = |source| FileError::new("make private", path, source);
    std::fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
    Ok(format!("{} has mode {mode:04o}", path.display()))
}
