//! Telling a session that a change of the configuration is in force: a turn that nobody at a keyboard started.

use std::sync::Arc;

use openclaw_protocol::session_key::SessionKey;

use crate::core::Core;
use crate::observer::Starter;
use crate::restart_note::RestartNote;
use crate::rpc::{Message, Target, turn_job};
use crate::runs::{Admission, Candidate, RunKind};

/// Starts the turn, if the note names a session. A session that cannot be told is named in the log.
pub(crate) fn wake(core: &Arc<Core>, note: &RestartNote) {
    tell(core, note, note.words());
}

/// The same when the change did not come into force after all.
pub(crate) fn wake_in_vain(core: &Arc<Core>, note: &RestartNote, reason: &str) {
    tell(core, note, note.words_in_vain(reason));
}

fn tell(core: &Arc<Core>, note: &RestartNote, words: String) {
    let Some(given) = &note.session_key else { return };
    let now = core.snapshot();
    let key = now.agents.key(given);
    let Some(agent) = now.agents.of_key(&key) else {
        tracing::warn!(session = %key, "the session to be told of the change belongs to no agent");
        return;
    };
    let target = Target { agent: Arc::clone(agent), key, given_key: given.clone() };
    if let Err(reason) = start(core, target, words) {
        tracing::warn!(reason, session = given, "the session is not told of the change");
    }
}

fn start(core: &Arc<Core>, target: Target, text: String) -> Result<(), &'static str> {
    let id = uuid::Uuid::new_v4().to_string();
    let key: &SessionKey = &target.key;
    let candidate = Candidate { kind: RunKind::Agent, id: &id, key, bytes: text.len() };
    let Admission::New(active) = core.runs.admit(&candidate, core.now_ms()) else {
        return Err("too many runs at once");
    };
    let Ok(slot) = core.lanes.reserve(&target.agent, key) else {
        core.runs.withdraw(RunKind::Agent, &id);
        return Err("too many messages wait in the session");
    };
    // No connection has this id: everybody hears of the run alike.
    let starter = Starter {
        conn: core.hub.reserve_id(),
        given_key: target.key.to_string(),
        tool_events: false,
        scopes: Vec::new(),
    };
    let job = turn_job(core, (RunKind::Agent, &id, &active), &target, Message::of_text(text), starter);
    slot.send(job);
    Ok(())
}
