//! Folders of notes that a gateway could neither find nor make: it would not start. And those that are gone.

use std::path::{Path, PathBuf};

use openclaw_config::{Env, Locations, load};
use openclaw_store::StateVersion;
use rustix::fs::Access;

use crate::agents;
use crate::instance::Instance;

/// A folder that is of no use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unusable {
    pub(super) agent: String,
    pub(super) path: PathBuf,
    pub(super) why: Why,
}

/// Why not.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It cannot be made.
    Unmakeable(String),
    /// A gateway has run with the agent, so it was there, and it is not there any more.
    Gone,
}

/// Those of the configuration. One that is wrong is told elsewhere, and names none.
pub(super) fn unusable(at: &Locations, env: &Env) -> Vec<Unusable> {
    let Ok(loaded) = load(at, env) else { return Vec::new() };
    let agents = agents::all(&Instance { at: at.clone(), loaded });
    // A start of this program makes the workspace of every agent, and its folder of conversations.
    let has_run = matches!(StateVersion::check(&at.state_dir), Ok(Some(_)));
    let judged = |agent: agents::AgentPlaces| {
        let unmakeable = problem(&agent.workspace).map(Why::Unmakeable);
        let had_one = has_run && agent.sessions.parent().is_some_and(Path::exists);
        let is_gone = had_one && !agent.workspace.exists();
        let why = unmakeable.or(is_gone.then_some(Why::Gone))?;
        Some(Unusable { agent: agent.id, path: agent.workspace, why })
    };
    agents.into_iter().filter_map(judged).collect()
}

fn problem(workspace: &Path) -> Option<String> {
    let there = workspace.ancestors().find(|path| path.exists())?;
    if !there.is_dir() {
        return Some(format!("{} is no directory", there.display()));
    }
    // Notes in a folder that cannot be written can be read.
    let is_to_be_made = there != workspace;
    let may = rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK);
    (is_to_be_made && may.is_err())
        .then(|| format!("it is not there, and {} cannot be written", there.display()))
}

#[cfg(test)]
mod tests {
    use super::problem;
    use openclaw_guard::write_atomic;
    use std::path::Path;

    #[test]
    fn what_can_be_made_is_no_problem() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        write_atomic(&file, b"x").unwrap();
        assert_eq!(problem(home.path()), None);
        assert_eq!(problem(&home.path().join("a/b")), None);
        let expected = Some(format!("{} is no directory", file.display()));
        assert_eq!(problem(&file), expected);
        assert_eq!(problem(&file.join("below")), expected);
        let nobody = Path::new("/proc/1/fdinfo/x/workspace");
        assert!(problem(nobody).is_none_or(|why| why.contains("cannot be written")));
    }
}
