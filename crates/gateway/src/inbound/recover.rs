//! Taking over what an earlier process accepted and did not end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use openclaw_agent::{Inbound, Resume};
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{
    Done, EventId, Ledger, LedgerError, NewTranscript, SessionId, StoredEvent, TurnCommit, WaitingLine,
    restore_named,
};

use super::Request;
use crate::core::Core;
use crate::observer::Starter;
use crate::rpc::{Run, Target, turn_job};
use crate::runs::{Admission, Candidate, RunEnd, RunKind};

/// A message that so many processes have begun with in vain is what ends them (P-10).
const MAX_ATTEMPTS: u32 = 5;
/// One that could not even be given up so often (kills come in storms) ends without its transcript being opened: that may be what ends them.
const MAX_GIVING_UP: u32 = MAX_ATTEMPTS + 20;
/// A message that nobody here can read, or whose agent is gone, waits this long for a configuration or a version that can.
const MAX_WAIT_MS: i64 = 7 * 24 * 3_600_000;
/// A message older than this is not answered without a word: whoever sent it has gone on (P-03).
const MAX_AGE_MS: i64 = 3_600_000;
/// How often a message that finds its lane full tries again.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// Puts back lines that did not reach their transcripts and begins again with messages that have no end. Called before
/// anybody can connect, on a thread that may block.
///
/// # Errors
/// When the ledger cannot be read.
pub(crate) fn recover(core: &Arc<Core>) -> Result<(), LedgerError> {
    restore_lines(core)?;
    let events = ask(&*core.ledger, |ledger, done| ledger.take_over(done))?;
    if events.is_empty() {
        return Ok(());
    }
    tracing::info!(messages = events.len(), "going on with messages that were accepted and not answered");
    let late: Vec<Ready> =
        events.into_iter().filter_map(|event| ready(core, event)).filter_map(Ready::start).collect();
    if !late.is_empty() {
        tokio::spawn(async move {
            for mut ready in late {
                while let Some(again) = ready.start() {
                    tokio::time::sleep(TRY_AGAIN).await;
                    ready = again;
                }
            }
        });
    }
    Ok(())
}

/// What becomes of a message that was begun before.
fn resume(attempts: u32, age_ms: i64) -> Resume {
    if attempts >= MAX_ATTEMPTS || age_ms > MAX_AGE_MS { Resume::GiveUp } else { Resume::GoOn }
}

/// A message on its way back into its lane.
struct Ready {
    core: Arc<Core>,
    run: Run,
    target: Target,
    request: Request,
    inbound: Inbound,
}

impl Ready {
    /// Hands it to its lane; gives it back if the lane is full.
    fn start(self) -> Option<Self> {
        let Self { core, run, target, request, inbound } = &self;
        let Ok(slot) = core.lanes.reserve(&target.agent, &target.key) else { return Some(self) };
        // No connection has this id: everybody hears of the run alike.
        let starter = Starter {
            conn: core.hub.reserve_id(),
            given_key: target.key.to_string(),
            tool_events: false,
            // What its sender may do now, nobody knows.
            scopes: Vec::new(),
        };
        let message = request.clone().into_message();
        slot.send(turn_job(core, run, target, (message, inbound.clone()), starter));
        None
    }
}

/// The run of a stored event; one that cannot be answered by anybody any more ends here.
fn ready(core: &Arc<Core>, event: StoredEvent) -> Option<Ready> {
    let now = core.snapshot();
    let key = SessionKey::stored(&event.session_key);
    let agent = now.agents.of_key(&key).cloned();
    let request = Request::parse(&event.payload);
    let record = request.as_ref().and_then(Request::record);
    let kind = RunKind::of(&event.key.account);
    let (Some(agent), Some(request), Some(record), Some(kind)) = (agent, request, record, kind) else {
        tracing::error!(
            session = %event.session_key, event = event.id.number(),
            "a message that was accepted earlier waits: its agent is gone, or it was written by another version"
        );
        if core.now_ms().saturating_sub(event.received_at_ms) > MAX_WAIT_MS {
            give_up(core, event.id);
        } else {
            // The next start looks again.
            core.ledger.release(event.id, Box::new(|_| ()));
        }
        return None;
    };
    if event.attempts >= MAX_GIVING_UP {
        tracing::error!(session = %event.session_key, event = event.id.number(), "a message ends every process that begins with it");
        give_up(core, event.id);
        return None;
    }
    let id = event.key.id;
    let candidate = Candidate { kind, id: &id, key: &key, bytes: event.payload.len() };
    let Admission::New(active) = core.runs.admit_again(&candidate, core.now_ms()) else { return None };
    let resume = resume(event.attempts, core.now_ms().saturating_sub(event.received_at_ms));
    let inbound = Inbound { event: event.id, record, resume };
    let target = Target { agent, given_key: key.to_string(), key };
    Some(Ready { core: Arc::clone(core), run: Run { kind, id, active }, target, request, inbound })
}

fn give_up(core: &Core, event: EventId) {
    let now_ms = core.now_ms();
    let end = RunEnd::failed("the gateway was restarted and could not go on with this message", now_ms);
    let commit =
        TurnCommit { event, outcome: end.keep(), ended_at_ms: now_ms, line: None, replies: Vec::new() };
    // Should this fail, the next start tries again.
    core.ledger.commit_turn(commit, Box::new(|_| ()));
}

/// Writes lines that were committed and did not reach their transcript. Those of sessions that are gone are dropped.
fn restore_lines(core: &Core) -> Result<(), LedgerError> {
    let waiting = ask(&*core.ledger, |ledger, done| ledger.waiting_lines(None, done))?;
    let mut done = Vec::new();
    let mut failed: BTreeMap<String, usize> = BTreeMap::new();
    for line in waiting {
        match restore_line(core, &line) {
            Ok(Put::Done) => done.push(line.id),
            Ok(Put::Later) => tracing::warn!(
                session = %line.line.session_key, agent = %line.line.place.agent,
                "an answer is kept until its agent is configured again"
            ),
            Err(error) => {
                tracing::error!(session = %line.line.session_key, %error, "an answer cannot be written yet");
                *failed.entry(line.line.session_key.clone()).or_default() += 1;
            }
        }
    }
    if !done.is_empty() {
        tracing::info!(lines = done.len(), waiting = failed.len(), "transcripts brought up to date");
        core.ledger.forget_lines(done);
    }
    Ok(())
}

/// What became of a line.
enum Put {
    /// It is in its transcript, or belongs to none any more.
    Done,
    /// Its agent is not configured now.
    Later,
}

fn restore_line(core: &Core, waiting: &WaitingLine) -> Result<Put, openclaw_store::StoreError> {
    let line = &waiting.line;
    let now = core.snapshot();
    let Some(agent) = now.agents.get(&line.place.agent) else { return Ok(Put::Later) };
    // A name that is none of ours was not written by us.
    let Some(id) = SessionId::of_transcript_file(&line.place.file) else { return Ok(Put::Done) };
    let path = agent.sessions_dir.join(&line.place.file);
    if !path.exists() && agent.sessions.find_by_session_id(&id).is_none() {
        return Ok(Put::Done);
    }
    let new = NewTranscript { cwd: agent.workspace.path(), key: &line.session_key, parent: None };
    restore_named(&path, &id, &new, core.now_ms(), &line.line).map(|_| Put::Done)
}

/// Asks the ledger and waits, on a thread that may block.
fn ask<T: Send + 'static>(
    ledger: &dyn Ledger,
    start: impl FnOnce(&dyn Ledger, Done<T>),
) -> Result<T, LedgerError> {
    let (sender, answer) = channel();
    // The receiver waits below.
    start(ledger, Box::new(move |result| drop(sender.send(result))));
    answer.recv().unwrap_or(Err(LedgerError::Closed))
}

#[cfg(test)]
mod tests {
    use super::{MAX_AGE_MS, MAX_ATTEMPTS, resume};
    use openclaw_agent::Resume;

    #[test]
    fn a_message_is_begun_again_a_few_times_and_not_when_it_is_old() {
        let rows = [
            (0, 0, Resume::GoOn),
            (1, MAX_AGE_MS, Resume::GoOn),
            (1, MAX_AGE_MS + 1, Resume::GiveUp),
            (MAX_ATTEMPTS - 1, 0, Resume::GoOn),
            (MAX_ATTEMPTS, 0, Resume::GiveUp),
            // A clock that was set back makes no message old.
            (2, -1, Resume::GoOn),
        ];
        for (attempts, age_ms, expected) in rows {
            assert_eq!(resume(attempts, age_ms), expected, "{attempts} {age_ms}");
        }
    }
}
