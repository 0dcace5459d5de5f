//! Directories and files of earlier releases, and `.env` files.

use std::path::Path;

use openclaw_config::{ConfigError, Problem};

use super::findings::{Finding, Severity, name, names};
use super::repair::Repair;
use super::snapshot::{Entry, EntryKind, Snapshot};
use crate::copies;

pub(super) fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let mut all = old_state(snapshot);
    all.extend(old_config(snapshot));
    all.extend(snapshot.unused.iter().map(|path| unused(snapshot, path)));
    all.extend(old_layout(snapshot));
    all.extend(dotenv(snapshot));
    all
}

/// State directories of earlier releases.
fn old_state(snapshot: &Snapshot) -> Vec<Finding> {
    let at = &snapshot.at;
    let new = at.current_state_dir();
    let is_named = is_set(snapshot, ["OPENCLAW_STATE_DIR", "CLAWDBOT_STATE_DIR"]);
    let in_use = snapshot.old_state.iter().find(|entry| entry.path == at.state_dir && !is_named);
    // A link is what a move leaves behind, or what somebody has made for the same purpose.
    let unused = snapshot.old_state.iter().filter(|entry| match entry.kind {
        EntryKind::Directory => entry.path != at.state_dir,
        EntryKind::Link | EntryKind::File | EntryKind::Other => false,
    });
    let moved = in_use.map(|entry| {
        Finding::new(
            "state.oldDirectory",
            Severity::Warning,
            "the state is in the directory of an earlier release",
        )
        .at(&entry.path)
        .repaired_by(
            format!("rename it to {} and leave a link for the old program", new.display()),
            Repair::MoveState { from: entry.path.clone(), to: new.clone() },
        )
    });
    let left = unused.filter(|_| at.state_dir == new || in_use.is_some()).enumerate();
    let is_free = at.state_dir == new && snapshot.is_state_empty && !is_named;
    let left = left.map(|(place, entry)| match place {
        0 if is_free => empty_beside(entry, &new),
        _ => unused_directory(snapshot, entry),
    });
    moved.into_iter().chain(left).collect()
}

/// A directory of this release in which nothing is hides the one of the earlier release.
fn empty_beside(entry: &Entry, new: &Path) -> Finding {
    let message =
        format!("a directory of an earlier release, hidden by {} in which nothing is", new.display());
    Finding::new("state.oldDirectory", Severity::Warning, message).at(&entry.path).repaired_by(
        format!("put it in the place of {} and leave a link for the old program", new.display()),
        Repair::MoveState { from: entry.path.clone(), to: new.to_owned() },
    )
}

fn unused_directory(snapshot: &Snapshot, entry: &Entry) -> Finding {
    let state = snapshot.at.state_dir.display();
    let message = format!("a directory of an earlier release, which is not used: {state} is");
    let is_missing = snapshot.config.loaded.as_ref().is_ok_and(|loaded| !loaded.exists);
    let about = if is_missing {
        format!("to use it: move {state} away, and `openclaw doctor --fix` moves this one into its place")
    } else {
        "take over by hand what you miss, then move it away".to_owned()
    };
    Finding::new("state.unusedDirectory", Severity::Info, message).at(&entry.path).by_hand(about)
}

/// A configuration of an earlier release beside the one that is used.
fn unused(snapshot: &Snapshot, path: &Path) -> Finding {
    let message = format!("is not used: {} is", name(&snapshot.at.config_path));
    Finding::new("config.unusedFile", Severity::Info, message)
        .at(path)
        .by_hand("take over by hand what you miss, then move it away")
}

/// A configuration file with the name of an earlier release.
fn old_config(snapshot: &Snapshot) -> Option<Finding> {
    let (path, new) = (&snapshot.at.config_path, snapshot.at.current_config_path());
    if copies::is_config_named(&snapshot.env) || !snapshot.at.old_config_paths().contains(path) {
        return None;
    }
    let message = "the configuration has the name of an earlier release";
    let repair = Repair::RenameConfig { from: path.clone(), to: new.clone() };
    let about = format!("rename it to {} and leave a link for the old program", name(&new));
    Some(Finding::new("config.oldName", Severity::Warning, message).at(path).repaired_by(about, repair))
}

/// Whether somebody has named the place: then its name is theirs to choose.
fn is_set(snapshot: &Snapshot, variables: [&str; 2]) -> bool {
    variables.iter().any(|variable| snapshot.env.non_blank(variable).is_some())
}

fn old_layout(snapshot: &Snapshot) -> Option<Finding> {
    (!snapshot.old_layout.is_empty()).then(|| {
        let message = format!("{} are of an early release and are not read", names(&snapshot.old_layout));
        Finding::new("state.oldLayout", Severity::Warning, message).by_hand(
            "move what you need into agents/<id>/agent and agents/<id>/sessions of the state directory",
        )
    })
}

fn dotenv(snapshot: &Snapshot) -> Vec<Finding> {
    let mut all: Vec<Finding> = match &snapshot.dotenv {
        Ok(skipped) => skipped.iter().map(skipped_line).collect(),
        Err(error) => vec![unreadable(error, &snapshot.at.state_dir)],
    };
    all.extend(snapshot.dotenv_here.as_ref().map(|path| {
        let message = "this .env is not read: a file in a working directory must not steer the gateway";
        let own = snapshot.at.state_dir.join(".env");
        Finding::new("env.elsewhere", Severity::Info, message)
            .at(path)
            .by_hand(format!("put variables for the gateway into {}", own.display()))
    }));
    all
}

fn skipped_line(problem: &Problem) -> Finding {
    Finding::of_problem("env.line", Severity::Warning, problem)
        .by_hand("write the line as NAME=value, or remove it")
}

fn unreadable(error: &ConfigError, state_dir: &Path) -> Finding {
    match error.problems().first() {
        Some(problem) => Finding::of_problem("env.unreadable", Severity::Error, problem),
        None => {
            let message = match error {
                ConfigError::Unreadable { source, .. } => format!("cannot be read: {source}"),
                ConfigError::Invalid { .. } => error.to_string(),
            };
            Finding::new("env.unreadable", Severity::Error, message).at(&state_dir.join(".env"))
        }
    }
}
