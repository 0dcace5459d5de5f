//! What of a state directory somebody should know.

use std::path::PathBuf;

use openclaw_store::{LEDGER_FILE, LedgerError, VersionError};

use super::index::{self, IndexState};
use super::summary::AgentSummary;
use super::transcript::Transcript;
use super::workspaces::{Unusable, Why};
use super::{Agent, State};
use crate::commands::doctor::findings::{Finding, Severity, name};
use crate::format::count;
use crate::space::bytes_words;

/// Names that one finding lists; the rest is counted.
const MAX_NAMES: usize = 5;
const MIB: u64 = 1024 * 1024;
/// Below this the gateway refuses new messages: what is written anyway must still fit.
const FULL_BYTES: u64 = 20 * MIB;
/// A day of a busy gateway.
const LOW_BYTES: u64 = 100 * MIB;
/// Worth knowing.
const NOTED_BYTES: u64 = 500 * MIB;

pub(super) fn of(state: &State) -> Vec<Finding> {
    let mut all: Vec<Finding> = version(state).into_iter().collect();
    all.extend(state.upstream.as_ref().map(|upstream| {
        let message = format!("the gateway of OpenClaw runs on this directory (process {})", upstream.pid);
        Finding::new("state.upstream", Severity::Warning, message)
            .at(&upstream.lock)
            .by_hand("stop it before you start this one: two programs would write the same conversations")
    }));
    all.extend(state.free_bytes.and_then(space).map(|finding| finding.at(&state.dir)));
    all.extend(state.workspaces.iter().map(|folder| {
        let Unusable { agent, path, why } = folder;
        let (severity, message, so) = match why {
            Why::Unmakeable(why) => (
                Severity::Error,
                format!("the workspace of agent {agent} cannot be made: {why}; the gateway will not start"),
                "name another folder in the configuration: agents.defaults.workspace, or the agent's own workspace",
            ),
            Why::Gone => (
                Severity::Warning,
                format!(
                    "the workspace of agent {agent} is not there: it was moved or deleted, or its disk is not mounted; a gateway that \
                     runs answers nothing, and one that starts makes an empty one"
                ),
                "put it back, or name the folder it is now: agents.defaults.workspace, or the agent's own workspace",
            ),
        };
        Finding::new("state.workspace", severity, message).at(path).by_hand(so)
    }));
    for agent in &state.agents {
        all.extend(agent_findings(agent));
    }
    all.extend(content(state));
    all.extend(ledger(state));
    all
}

fn version(state: &State) -> Option<Finding> {
    let error = state.version.as_ref().err()?;
    let finding = Finding::new("state.version", Severity::Error, error.to_string()).at(&state.dir);
    Some(match error {
        VersionError::Damaged { path, .. } => finding.by_hand(format!(
            "if no newer openclaw has ever used this directory, remove the file: rm '{}'",
            path.display()
        )),
        VersionError::Newer { .. } => finding.by_hand("install the newer openclaw again"),
        VersionError::Unreadable(_)
        | VersionError::NoWay { .. }
        | VersionError::Migration { .. }
        | VersionError::Write(_) => finding,
    })
}

/// Too little room.
fn space(free: u64) -> Option<Finding> {
    let (severity, so) = match free {
        ..FULL_BYTES => (Severity::Error, "new messages are refused"),
        FULL_BYTES..LOW_BYTES => (Severity::Warning, "soon new messages are refused"),
        LOW_BYTES..NOTED_BYTES => (Severity::Info, "that is little"),
        NOTED_BYTES.. => return None,
    };
    let message = format!("the disk has {} free: {so}", bytes_words(free));
    Some(Finding::new("state.space", severity, message).by_hand("make room"))
}

fn agent_findings(agent: &Agent) -> Vec<Finding> {
    let mut all: Vec<Finding> = index_finding(agent).into_iter().collect();
    all.extend(odd_entries(agent));
    all.extend(
        agent
            .unreadable
            .iter()
            .map(|why| Finding::new("state.unreadable", Severity::Warning, why.clone()).at(&agent.dir)),
    );
    all.extend(agent.transcripts.iter().filter_map(|transcript| transcript_finding(agent, transcript)));
    all.extend(missing(agent));
    all.extend(orphans(agent));
    all.extend(quarantine(agent));
    all.extend(left_behind(
        "state.lock",
        "a lock of OpenClaw, which this program does not heed",
        &agent.locks,
    ));
    all.extend(left_behind("state.temporary", "left by a write that was broken off", &agent.temporary));
    all
}

fn index_finding(agent: &Agent) -> Option<Finding> {
    let found = count(agent.transcripts.len(), "transcript");
    let rebuilt = format!("the next start keeps a copy of it and lists the sessions again from {found}");
    let what = match &agent.index.state {
        IndexState::Sound => return None,
        IndexState::Commented => {
            let what =
                "is JSON5, with comments for example: it is read, and is plain JSON when it is written next";
            let finding = Finding::new("state.index", Severity::Info, what.to_owned());
            return Some(
                finding
                    .at(&agent.dir.join(index::NAME))
                    .by_hand("nothing; a copy with the comments is kept in quarantine/"),
            );
        }
        IndexState::Link(what) => {
            let finding = Finding::new("state.index", Severity::Error, what.clone());
            return Some(
                finding
                    .at(&agent.dir.join(index::NAME))
                    .by_hand("put the file in the place of the link; the gateway does not start with it"),
            );
        }
        IndexState::Missing if agent.transcripts.is_empty() => return None,
        IndexState::Missing => format!("is gone; the next start lists the sessions again from {found}"),
        IndexState::Zeroed => format!("is empty, or all NUL; {rebuilt}"),
        IndexState::Damaged(why) => format!("is damaged ({why}); {rebuilt}"),
        IndexState::Unreadable(why) => format!("cannot be read: {why}"),
    };
    let finding = Finding::new("state.index", Severity::Warning, what).at(&agent.dir.join(index::NAME));
    Some(finding.by_hand("start the gateway; nothing is thrown away"))
}

fn odd_entries(agent: &Agent) -> Option<Finding> {
    let odd = &agent.index.odd;
    (!odd.is_empty()).then(|| {
        let message = format!("{} in it that is no session: {}", count(odd.len(), "thing"), some(odd));
        Finding::new("state.entries", Severity::Warning, message)
            .at(&agent.dir.join(index::NAME))
            .by_hand("start the gateway: it keeps a copy of the file and leaves them out")
    })
}

fn transcript_finding(agent: &Agent, transcript: &Transcript) -> Option<Finding> {
    let path = agent.dir.join(&transcript.name);
    if transcript.damaged > 0 {
        let lines = count(transcript.damaged, "damaged line");
        let message = format!("{lines} of {}; the others are read", transcript.lines);
        let finding = Finding::new("state.transcript", Severity::Warning, message).at(&path);
        return Some(
            finding.by_hand("talk in the session: the gateway keeps a copy of each and passes them over"),
        );
    }
    let note = if transcript.lines == 0 {
        "holds no record".to_owned()
    } else if transcript.known_damage > 0 {
        format!("{}, found before and passed over", count(transcript.known_damage, "damaged line"))
    } else if transcript.is_torn {
        "the last line broke off; the next message closes it".to_owned()
    } else if !transcript.has_header {
        "does not begin with its header, as after `sessions.compact` of OpenClaw, which would overwrite it; this program \
         reads on in it"
            .to_owned()
    } else {
        return None;
    };
    Some(Finding::new("state.transcript", Severity::Info, note).at(&path))
}

fn missing(agent: &Agent) -> Option<Finding> {
    let keys: Vec<String> = agent.without_transcript().map(|entry| entry.key.clone()).collect();
    (!keys.is_empty()).then(|| {
        let message = format!(
            "{} without a transcript, as after a first run that was stopped: {}",
            count(keys.len(), "session"),
            some(&keys)
        );
        Finding::new("state.noTranscript", Severity::Info, message).at(&agent.dir.join(index::NAME))
    })
}

fn orphans(agent: &Agent) -> Option<Finding> {
    let names: Vec<String> =
        agent.without_session().into_iter().map(|transcript| transcript.name.clone()).collect();
    // Of a lost index every transcript is without a session; that has been told.
    (!names.is_empty() && agent.index.is_read()).then(|| {
        let message = format!(
            "{} of earlier conversations, to which no session points, as after /new: {}",
            count(names.len(), "transcript"),
            some(&names)
        );
        Finding::new("state.noSession", Severity::Info, message).at(&agent.dir)
    })
}

fn quarantine(agent: &Agent) -> Option<Finding> {
    (agent.quarantined > 0).then(|| {
        let message = format!("{} of what was damaged", count(agent.quarantined, "piece"));
        Finding::new("state.quarantine", Severity::Info, message)
            .at(&agent.dir.join("quarantine"))
            .by_hand("look into them, and remove what you do not need")
    })
}

/// Files that mean nothing any more.
fn left_behind(id: &'static str, what: &str, paths: &[PathBuf]) -> Option<Finding> {
    let first = paths.first()?;
    let names: Vec<String> = paths.iter().map(|path| name(path)).collect();
    let message = if paths.len() == 1 { what.to_owned() } else { format!("{what}: {}", some(&names)) };
    let place = if paths.len() == 1 { first.as_path() } else { first.parent().unwrap_or(first) };
    let finding = Finding::new(id, Severity::Info, message).at(place);
    Some(finding.by_hand("when neither program runs, it can be removed"))
}

/// What there is in all.
fn content(state: &State) -> Option<Finding> {
    let agents: Vec<AgentSummary> = state.agents.iter().map(AgentSummary::of).collect();
    let sum = |number: fn(&AgentSummary) -> usize| agents.iter().map(number).sum::<usize>();
    let version = match &state.version {
        Ok(Some(version)) => {
            format!("state version {}, since openclaw {}", version.version, version.written_by)
        }
        Ok(None) => "not used by this program yet".to_owned(),
        // It has been told.
        Err(_) => "state version not known".to_owned(),
    };
    agents.iter().any(|agent| !agent.is_empty()).then(|| {
        let message = format!(
            "{}, {}, {} ({}), {} archived; {version}",
            count(agents.len(), "agent"),
            count(sum(|agent| agent.sessions), "session"),
            count(sum(|agent| agent.transcripts), "transcript"),
            bytes_words(agents.iter().map(|agent| agent.bytes).sum()),
            sum(|agent| agent.archived),
        );
        Finding::new("state.content", Severity::Info, message).at(&state.dir)
    })
}

/// The queue of messages and answers.
fn ledger(state: &State) -> Option<Finding> {
    let (bytes, checked) = state.ledger.as_ref()?;
    let path = state.dir.join(LEDGER_FILE);
    let Err(error) = checked else {
        let message = format!("the queue of messages and answers, {}", bytes_words(*bytes));
        return Some(Finding::new("state.ledger", Severity::Info, message).at(&path));
    };
    let finding = |message: String| Finding::new("state.ledger", Severity::Error, message).at(&path);
    Some(match error {
        LedgerError::Damaged { source, .. } => finding(format!("the queue of messages is damaged: {source}"))
            .by_hand(
                "keep a copy of it, then start the gateway: what it cannot open it puts aside unchanged, and begins a new \
                 one; messages that were accepted and not answered may be in it",
            ),
        LedgerError::Newer { .. } => finding(error.to_string()).by_hand("install the newer openclaw again"),
        LedgerError::Engine { source, .. } => finding(format!("the queue of messages cannot be read: {source}")),
        LedgerError::LowSpace { .. }
        | LedgerError::Full { .. }
        | LedgerError::File(_)
        | LedgerError::Busy
        | LedgerError::Closed => finding(error.to_string()),
    })
}

/// The first names, and how many more there are.
fn some(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(MAX_NAMES).map(String::as_str).collect();
    match names.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{MIB, Severity, some, space};

    #[test]
    fn room_is_judged_by_its_bounds() {
        let severity = |free| space(free).map(|finding| finding.severity);
        assert_eq!(severity(0), Some(Severity::Error));
        assert_eq!(severity(20 * MIB - 1), Some(Severity::Error));
        assert_eq!(severity(20 * MIB), Some(Severity::Warning));
        assert_eq!(severity(100 * MIB), Some(Severity::Info));
        assert_eq!(severity(500 * MIB), None);
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..7).map(|n| n.to_string()).collect();
        assert_eq!(some(&names), "0, 1, 2, 3, 4 and 2 more");
        assert_eq!(some(&names[..2]), "0, 1");
    }
}
