//! Directories and files of earlier releases, and `.env` files.

use std::path::Path;

use openclaw_config::{ConfigError, Problem};

use super::findings::{Finding, Severity, name, names};
use super::repair::Repair;
use super::snapshot::{EntryKind, Snapshot};

pub(super) fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let mut all = old_state(snapshot);
    all.extend(old_config(snapshot));
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
    let left = unused.filter(|_| at.state_dir == new || in_use.is_some()).map(|entry| {
        let message =
            format!("a directory of an earlier release, which is not used: {} is", at.state_dir.display());
        Finding::new("state.unusedDirectory", Severity::Info, message)
            .at(&entry.path)
            .by_hand("take over by hand what you miss, then move it away")
    });
    moved.into_iter().chain(left).collect()
}

/// A configuration file with the name of an earlier release.
fn old_config(snapshot: &Snapshot) -> Option<Finding> {
    let (path, new) = (&snapshot.at.config_path, snapshot.at.current_config_path());
    let is_named = is_set(snapshot, ["OPENCLAW_CONFIG_PATH", "CLAWDBOT_CONFIG_PATH"]);
    if is_named || !snapshot.at.old_config_paths().contains(path) {
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
            Finding::new("env.unreadable", Severity::Error, error.to_string()).at(&state_dir.join(".env"))
        }
    }
}
