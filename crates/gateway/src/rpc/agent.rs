//! `agent` and `agent.wait`: one turn for programs.

use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::TurnReport;
use openclaw_agent::turn::{Outcome, TurnError};
use openclaw_protocol::frame::{ErrorCode, ErrorShape, ResponseFrame};
use openclaw_store::SessionId;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::chat::too_busy;
use super::runs::{Message, Target, images, start};
use super::{Call, Reply, RpcError, RpcResult, attempt};
use crate::observer::agent_result;
use crate::runs::{Admission, RunEnd, RunKind, RunState};
use crate::text::clip;
use crate::ws::outbox::IfSlow;

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
    timeout: Option<u64>,
    #[serde(default)]
    extra_system_prompt: Option<String>,
}

/// Answered twice: `accepted` at once, the result when the run ends.
pub(super) fn agent(call: &Call<'_>) -> Reply {
    let params: AgentParams = attempt!(call.params());
    let core = call.core;
    let (target, session_id) = attempt!(target(call, &params));
    let images = attempt!(images(params.attachments));
    let id = params.idempotency_key;
    let active = match core.runs.admit(RunKind::Agent, &id, &target.key, core.now_ms()) {
        Admission::New(active) => active,
        Admission::InFlight => return Reply::Now(Ok(json!({"runId": id, "status": "in_flight"}))),
        Admission::Ended(end) => return Reply::Now(replay(&id, &end)),
        Admission::Full => return Reply::Now(Err(too_busy().into())),
    };
    let message = Message {
        text: params.message,
        images,
        extra_system: params.extra_system_prompt,
        session_id,
        timeout: params.timeout.filter(|seconds| *seconds > 0).map(Duration::from_secs),
    };
    let accepted = json!({"runId": id, "status": "accepted", "acceptedAt": core.now_ms()});
    let (done, report) = oneshot::channel();
    attempt!(start(call, (RunKind::Agent, &id, &active), &target, message, Some(done)));
    let frame = ResponseFrame::ok(&call.request.id, accepted);
    call.client.outbox.push(frame.encode().into(), IfSlow::Close);
    Reply::later(async move {
        match report.await {
            Ok(report) => finished(&id, &report),
            Err(_) => Err(ErrorShape::unavailable("the run broke off").into()),
        }
    })
}

/// The session of an `agent` call: by key, by id, or the agent's main session.
fn target(call: &Call<'_>, params: &AgentParams) -> Result<(Target, Option<SessionId>), RpcError> {
    let agents = &call.core.agents;
    let text = |value: &Option<String>| {
        value.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let agent_id = text(&params.agent_id).unwrap_or_else(|| agents.default_id.clone());
    let Some(agent) = agents.get(&agent_id) else {
        return Err(ErrorShape::invalid(format!("unknown agent: {}", clip(&agent_id, 64))).into());
    };
    let session_id = match text(&params.session_id) {
        None => None,
        Some(id) => Some(
            SessionId::parse(&id).map_err(|error| RpcError::from(ErrorShape::invalid(error.to_string())))?,
        ),
    };
    let known = session_id.as_ref().and_then(|id| agent.sessions.find_by_session_id(id));
    let given = match (text(&params.session_key), known, &session_id) {
        (Some(key), _, _) => key,
        (None, Some(key), _) => key,
        (None, None, Some(id)) => format!("agent:{}:{id}", agent.id),
        (None, None, None) => format!("agent:{}:{}", agent.id, agents.main_key),
    };
    let key = agents.key(&given);
    let Some(agent) = agents.of_key(&key) else {
        return Err(
            ErrorShape::invalid(format!("unknown agent in session key: {}", clip(&given, 200))).into()
        );
    };
    // Clients know this session by its canonical key: they did not name it.
    let given_key = params.session_key.clone().unwrap_or_else(|| key.to_string());
    Ok((Target { agent: Arc::clone(agent), key, given_key }, session_id))
}

fn finished(id: &str, report: &TurnReport) -> RpcResult {
    let result = agent_result(report);
    match &report.outcome {
        Outcome::Replied { .. } | Outcome::Silent | Outcome::Aborted { .. } => {
            Ok(json!({"runId": id, "status": "ok", "summary": "completed", "result": result}))
        }
        Outcome::Failed(error) => {
            let code = match error {
                TurnError::Deadline { .. } => ErrorCode::AgentTimeout,
                TurnError::Model { .. }
                | TurnError::EmptyAnswer { .. }
                | TurnError::ToolLoop { .. }
                | TurnError::TooManyRounds
                | TurnError::Interrupted
                | TurnError::Internal { .. } => ErrorCode::Unavailable,
            };
            let words = error.to_string();
            let payload = json!({"runId": id, "status": "error", "summary": words});
            Err(RpcError::with_payload(ErrorShape::new(code, words), payload))
        }
    }
}

/// The stored answer of a run that ended.
fn replay(id: &str, end: &RunEnd) -> RpcResult {
    match &end.error {
        Some(words) if end.status == "error" => {
            let payload = json!({"runId": id, "status": "error", "summary": words});
            Err(RpcError::with_payload(ErrorShape::unavailable(words.clone()), payload))
        }
        Some(_) | None => {
            Ok(json!({"runId": id, "status": "ok", "summary": "completed", "result": end.result}))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WaitParams {
    run_id: String,
    #[serde(default = "default_wait_ms")]
    timeout_ms: u64,
}

fn default_wait_ms() -> u64 {
    30_000
}

pub(super) fn wait(call: &Call<'_>) -> Reply {
    let params: WaitParams = attempt!(call.params());
    let state = call.core.runs.state(&params.run_id, call.core.now_ms());
    Reply::later(async move {
        let timeout = Ok(json!({"runId": params.run_id, "status": "timeout"}));
        let limit = Duration::from_millis(params.timeout_ms);
        let Some(mut state) = state else {
            // The run may not have been accepted yet; the release waits for it too.
            tokio::time::sleep(limit.min(Duration::from_millis(250))).await;
            return timeout;
        };
        let ended = state.wait_for(|state| matches!(state, RunState::Ended(_)));
        match tokio::time::timeout(limit, ended).await {
            Ok(Ok(state)) => match &*state {
                RunState::Ended(end) => Ok(ended_json(&params.run_id, end)),
                RunState::Active => timeout,
            },
            Ok(Err(_)) | Err(_) => timeout,
        }
    })
}

fn ended_json(id: &str, end: &RunEnd) -> Value {
    let mut value = json!({"runId": id, "status": end.status, "startedAt": end.started_at_ms, "endedAt": end.ended_at_ms});
    if let (Some(value), Some(error)) = (value.as_object_mut(), &end.error) {
        value.insert("error".to_owned(), json!(error));
    }
    value
}
