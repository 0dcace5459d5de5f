//! `agent` and `agent.wait`: one turn for programs.

use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::{AgentRuntime, AskedThinking};
use openclaw_protocol::frame::{ErrorShape, ResponseFrame};
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::SessionId;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

use super::chat::too_busy;
use super::runs::{Message, Run, Target, images, level, place, size_of, starter};
use super::sessions::may_send;
use super::{Call, Reply, RpcError, RpcResult, attempt};
use crate::agents::Agents;
use crate::core::Core;
use crate::inbound::{Known, Verdict, accept, durable, event_key};
use crate::runs::{Admission, Candidate, RunAnswer, RunEnd, RunKind, RunState};
use crate::text::clip;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgentParams {
    message: String,
    idempotency_key: String,
    #[serde(default)]
    agent_id: Option<String>,
    #[serde(default)]
    session_id: Option<String>,
    #[serde(default)]
    session_key: Option<String>,
    #[serde(default)]
    attachments: Option<Vec<Value>>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    timeout: Option<u64>,
    #[serde(default)]
    extra_system_prompt: Option<String>,
}

/// Answered twice: `accepted` at once, the result when the run ends.
pub(super) fn agent(call: &Call<'_>) -> Reply {
    let params: AgentParams = attempt!(call.params());
    let core = call.core;
    let (target, session_id) = attempt!(target(call, &params));
    attempt!(may_send(&target.agent, &target.key));
    // As in the release, a program's level stays with the session.
    let thinking = attempt!(level(params.thinking.as_deref())).map(AskedThinking::FromNowOn);
    let images = attempt!(images(params.attachments));
    let id = params.idempotency_key;
    let candidate = Candidate {
        kind: RunKind::Agent,
        id: &id,
        key: &target.key,
        bytes: size_of(&params.message, &images),
    };
    let accepted = json!({"runId": id, "status": "accepted", "acceptedAt": core.now_ms()});
    let active = match core.runs.admit(&candidate, core.now_ms()) {
        Admission::New(active) => active,
        Admission::InFlight(active) => {
            let (core, client, request) =
                (Arc::clone(core), Arc::clone(call.client), call.request.id.clone());
            return Reply::later(async move {
                durable(&core, &id).await?;
                client.outbox.push_answer(ResponseFrame::ok(&request, accepted).encode().into());
                ended(active.state).await
            });
        }
        Admission::Ended(end) => return Reply::Now(answer_of(&end)),
        Admission::Full => return Reply::Now(Err(too_busy().into())),
    };
    let message = Message {
        text: params.message,
        images,
        extra_system: params.extra_system_prompt,
        session_id,
        thinking,
        timeout: params.timeout.filter(|seconds| *seconds > 0).map(Duration::from_secs),
    };
    let run = Run { kind: RunKind::Agent, id, active };
    let slot = attempt!(place(core, &run, &target));
    let (request, client, state) =
        (call.request.id.clone(), Arc::clone(call.client), run.active.state.clone());
    let starter = starter(call, &target);
    let (told, verdict) = oneshot::channel();
    accept(core, run, (target, slot), (message, starter), move |verdict| {
        if matches!(verdict, Verdict::New) {
            client.outbox.push_answer(ResponseFrame::ok(&request, accepted).encode().into());
        }
        // Whoever asked may have gone.
        told.send(verdict).ok();
    });
    Reply::later(async move {
        match verdict.await {
            Ok(Verdict::New) => ended(state).await,
            Ok(Verdict::Known(Known::Ended(end))) => answer_of(&end),
            Ok(Verdict::Known(Known::Open)) => {
                Err(ErrorShape::unavailable("this run is not answered yet; ask agent.wait").into())
            }
            Ok(Verdict::Refused(error)) => Err(error.into()),
            Err(_) => Err(ErrorShape::unavailable("the gateway is stopping").retry_after(2_000).into()),
        }
    })
}

/// The second answer: when the run ends, whoever asked for it.
async fn ended(mut state: watch::Receiver<RunState>) -> RpcResult {
    let ended = state.wait_for(|state| matches!(state, RunState::Ended(_))).await;
    match ended.as_deref() {
        Ok(RunState::Ended(end)) => answer_of(end),
        Ok(RunState::Active) | Err(_) => Err(ErrorShape::unavailable("the run broke off").into()),
    }
}

fn answer_of(end: &RunEnd) -> RpcResult {
    let RunAnswer { payload, error } = end.answer.clone();
    match error {
        None => Ok(payload),
        Some(error) => Err(RpcError::with_payload(error, payload)),
    }
}

/// The session of an `agent` call: by key, by id, or the agent's main session. What is named twice is one session, or
/// nothing runs.
fn target(call: &Call<'_>, params: &AgentParams) -> Result<(Target, Option<SessionId>), ErrorShape> {
    let agents = &call.now.agents;
    let text = |value: &Option<String>| {
        value.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let agent = text(&params.agent_id).map(|id| known_agent(agents, &id)).transpose()?;
    let id = text(&params.session_id).map(|id| SessionId::parse(&id)).transpose();
    let id = id.map_err(|error| ErrorShape::invalid(error.to_string()))?;
    let named = text(&params.session_key);
    let of = agent.map_or(agents.default_id.as_str(), |agent| &agent.id);
    let key = match (&named, &id) {
        (Some(named), _) => named_key(agents, named, agent)?,
        (None, Some(id)) => match agent {
            Some(agent) => holder_in(agents, agent, id),
            None => holder(agents, id),
        }
        .unwrap_or_else(|| agents.key(&format!("agent:{of}:{id}"))),
        (None, None) => agents.key_for("main", of),
    };
    let Some(own) = agents.of_key(&key) else {
        let given = named.as_deref().unwrap_or(key.as_str());
        return Err(ErrorShape::invalid(format!("unknown agent in session key: {}", clip(given, 200))));
    };
    if let Some(id) = &id {
        check_id(agents, (own, &key), id)?;
    }
    // Clients know this session by its canonical key: they did not name it.
    let given_key = named.unwrap_or_else(|| key.to_string());
    Ok((Target { agent: Arc::clone(own), key, given_key }, id))
}

fn known_agent<'a>(agents: &'a Agents, id: &str) -> Result<&'a Arc<AgentRuntime>, ErrorShape> {
    agents.get(id).ok_or_else(|| ErrorShape::invalid(format!("unknown agent: {}", clip(id, 64))))
}

/// The session of a key, which is one of the agent that is named beside it.
fn named_key(
    agents: &Agents,
    named: &str,
    agent: Option<&Arc<AgentRuntime>>,
) -> Result<SessionKey, ErrorShape> {
    let Some(agent) = agent else { return Ok(agents.key(named)) };
    let meant = SessionKey::canonical(named, &agent.id, &agents.main_key);
    let of_key = meant.agent().unwrap_or(&agents.default_id);
    if of_key != agent.id {
        return Err(ErrorShape::invalid(format!(
            "agentId {} does not fit sessionKey {}, which is of agent {}; name one of them",
            agent.id,
            clip(named, 200),
            clip(of_key, 64),
        )));
    }
    Ok(agents.key_for(named, &agent.id))
}

/// The session of an agent that an id is of.
fn holder_in(agents: &Agents, agent: &AgentRuntime, id: &SessionId) -> Option<SessionKey> {
    agent.sessions.find_by_session_id(id).map(|key| agents.key_for(&key, &agent.id))
}

/// The session of any agent that an id is of; of several that of the default agent.
fn holder(agents: &Agents, id: &SessionId) -> Option<SessionKey> {
    let first = agents.get(&agents.default_id).into_iter();
    first.chain(agents.all.values()).find_map(|agent| holder_in(agents, agent, id))
}

/// A transcript belongs to one session (P-08): an id that another key holds cannot be used under this one.
fn check_id(
    agents: &Agents,
    (own, key): (&Arc<AgentRuntime>, &SessionKey),
    id: &SessionId,
) -> Result<(), ErrorShape> {
    let is_own = own.sessions.get(key.as_str()).is_some_and(|entry| entry.session_id() == *id);
    match holder_in(agents, own, id).or_else(|| holder(agents, id)).filter(|_| !is_own) {
        Some(holder) if holder != *key => {
            Err(ErrorShape::invalid(format!("sessionId belongs to session {holder}")))
        }
        Some(_) | None => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WaitParams {
    run_id: String,
    #[serde(default = "default_wait_ms")]
    timeout_ms: u64,
}

/// How often `agent.wait` looks for a run that is not known yet.
const WAIT_POLL: Duration = Duration::from_millis(50);

fn default_wait_ms() -> u64 {
    30_000
}

pub(super) fn wait(call: &Call<'_>) -> Reply {
    let params: WaitParams = attempt!(call.params());
    let core = Arc::clone(call.core);
    Reply::later(async move {
        let limit = Duration::from_millis(params.timeout_ms);
        if let Some(end) = known_end(&core, &params.run_id).await {
            return Ok(ended_json(&params.run_id, &end));
        }
        let ended = async {
            let mut state = loop {
                match core.runs.state(&params.run_id, core.now_ms()) {
                    Some(state) => break state,
                    // It may be accepted in a moment.
                    None => tokio::time::sleep(WAIT_POLL).await,
                }
            };
            let ended = state.wait_for(|state| matches!(state, RunState::Ended(_))).await;
            match ended.as_deref() {
                Ok(RunState::Ended(end)) => Some(ended_json(&params.run_id, end)),
                Ok(RunState::Active) | Err(_) => None,
            }
        };
        let timeout = || json!({"runId": params.run_id, "status": "timeout"});
        Ok(tokio::time::timeout(limit, ended).await.ok().flatten().unwrap_or_else(timeout))
    })
}

/// The end of a run that this process does not remember, but the ledger does.
async fn known_end(core: &Core, id: &str) -> Option<RunEnd> {
    if core.runs.state(id, core.now_ms()).is_some() {
        return None;
    }
    for kind in RunKind::ALL {
        let (sender, state) = oneshot::channel();
        // The receiver waits below.
        core.ledger.event(event_key(kind, id), Box::new(move |state| drop(sender.send(state))));
        if let Ok(Ok(Some(state))) = state.await
            && let Known::Ended(end) = Known::of(state)
        {
            return Some(*end);
        }
    }
    None
}

fn ended_json(id: &str, end: &RunEnd) -> Value {
    let mut value = json!({"runId": id, "status": end.status, "startedAt": end.started_at_ms, "endedAt": end.ended_at_ms});
    if let (Some(value), Some(error)) = (value.as_object_mut(), &end.error) {
        value.insert("error".to_owned(), json!(error));
    }
    value
}
