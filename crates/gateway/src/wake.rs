//! Telling a session what became of a change of the configuration.

use std::sync::Arc;

use openclaw_protocol::session_key::SessionKey;

use crate::core::Core;
use crate::inbound::{Verdict, accept};
use crate::observer::Starter;
use crate::restart_note::RestartNote;
use crate::rpc::{Message, Run, Target, submit_words, tell_of_words};
use crate::runs::{Admission, Candidate, RunKind};

/// Tells the session that the note names, if it names one: with words of whoever asked they wake the agent, without it
/// reads them before its next turn. A session that cannot be told is named in the log.
pub(crate) fn wake(core: &Arc<Core>, note: &RestartNote, held_back: Option<&str>) {
    let Some(given) = &note.session_key else { return };
    let now = core.snapshot();
    let key = now.agents.key(given);
    let Some(agent) = now.agents.of_key(&key) else {
        tracing::warn!(session = %key, "the session to be told of the change belongs to no agent");
        return;
    };
    let target = Target { agent: Arc::clone(agent), given_key: key.to_string(), key };
    let told = match &note.message {
        Some(_) => start(core, target, note.words(held_back)),
        None => leave(core, target, note.words(held_back)),
    };
    if let Err(reason) = told {
        tracing::warn!(reason, session = given, "the session is not told of the change");
    }
}

/// Leaves words in a session without asking a model.
fn leave(core: &Arc<Core>, target: Target, text: String) -> Result<(), &'static str> {
    let written = submit_words(core, &target, &text).map_err(|_| "too many messages wait in the session")?;
    let core = Arc::clone(core);
    tokio::spawn(async move {
        if let Err(error) = tell_of_words(&core, &target, &text, written, None).await {
            tracing::warn!(?error, session = %target.key, "the session is not told of the change");
        }
    });
    Ok(())
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
    let run = Run { kind: RunKind::Agent, id, active };
    accept(core, run, (target, slot), (Message::of_text(text), starter), |verdict| {
        if let Verdict::Refused(error) = verdict {
            tracing::warn!(error = error.message, "a session is not told of the change");
        }
    });
    Ok(())
}
