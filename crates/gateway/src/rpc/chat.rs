//! `chat.*`: what a chat window needs.

use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::commands::{self, Command};
use openclaw_agent::turn::AbortReason;
use openclaw_agent::{AskedThinking, Job};
use openclaw_protocol::event::{ChatEvent, ChatState};
use openclaw_protocol::frame::ErrorShape;
use openclaw_protocol::limits::MAX_HISTORY_BYTES;
use openclaw_store::{StoreError, field};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::dispatch::response;
use super::runs::{Message, Run, Target, images, level, place, size_of, starter};
use super::sessions::{interrupted, may_send, newest_messages, submit};
use super::{Call, Reply, RpcError, RpcResult, attempt};
use crate::agents::Agents;
use crate::core::Core;
use crate::inbound::{Known, Verdict, accept, durable};
use crate::runs::{Admission, Candidate, RunKind};
use crate::text::{assistant_message, clip, for_display};
use crate::ws::hub::{Broadcast, ConnId};
use crate::ws::outbox::IfSlow;

/// Longest message, in bytes: the frame limit is above it, a transcript line should stay below.
const MAX_MESSAGE_BYTES: usize = 400 * 1024;

/// Finds the session a client means.
pub(super) fn target(agents: &Agents, given: &str) -> Result<Target, ErrorShape> {
    let key = agents.key(given);
    match agents.of_key(&key) {
        Some(agent) => Ok(Target { agent: Arc::clone(agent), key, given_key: given.to_owned() }),
        None => Err(ErrorShape::invalid(format!("unknown agent in session key: {}", clip(given, 200)))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendParams {
    session_key: String,
    message: String,
    idempotency_key: String,
    #[serde(default)]
    attachments: Option<Vec<Value>>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    timeout_ms: Option<u64>,
}

pub(super) fn send(call: &Call<'_>) -> Reply {
    let params: SendParams = attempt!(call.params());
    let core = call.core;
    let target = attempt!(target(&call.now.agents, &params.session_key));
    if let Some((Command::Stop, _)) = commands::parse(&params.message) {
        let ids = core.runs.abort(&target.key, None, AbortReason::StopWord);
        return Reply::Now(Ok(json!({"ok": true, "aborted": !ids.is_empty(), "runIds": ids})));
    }
    attempt!(may_send(&target.agent, &target.key));
    if params.message.len() > MAX_MESSAGE_BYTES {
        return Reply::invalid(format!("message over {MAX_MESSAGE_BYTES} bytes; send it as a file instead"));
    }
    let thinking = attempt!(level(params.thinking.as_deref())).map(AskedThinking::Once);
    let images = attempt!(images(params.attachments));
    if params.message.trim().is_empty() && images.is_empty() {
        return Reply::invalid("message or attachment required");
    }
    let id = params.idempotency_key;
    let bytes = size_of(&params.message, &images);
    let candidate = Candidate { kind: RunKind::Chat, id: &id, key: &target.key, bytes };
    let active = match core.runs.admit(&candidate, core.now_ms()) {
        Admission::New(active) => active,
        Admission::InFlight(_) => {
            let core = Arc::clone(core);
            return Reply::later(async move {
                durable(&core, &id).await?;
                Ok(json!({"runId": id, "status": "in_flight"}))
            });
        }
        Admission::Ended(end) => return Reply::Now(Ok(json!({"runId": id, "status": end.status}))),
        Admission::Full => return Reply::Now(Err(too_busy().into())),
    };
    let run = Run { kind: RunKind::Chat, id, active };
    let slot = attempt!(place(core, &run, &target));
    let message = Message {
        text: params.message,
        images,
        extra_system: None,
        session_id: None,
        thinking,
        timeout: params.timeout_ms.filter(|ms| *ms > 0).map(Duration::from_millis),
    };
    let (request, client) = (call.request.id.clone(), Arc::clone(call.client));
    let (id, starter) = (run.id.clone(), starter(call, &target));
    accept(core, run, (target, slot), (message, starter), move |verdict| {
        let result = match verdict {
            Verdict::New => Ok(json!({"runId": id, "status": "started"})),
            Verdict::Known(Known::Open) => Ok(json!({"runId": id, "status": "in_flight"})),
            Verdict::Known(Known::Ended(end)) => Ok(json!({"runId": id, "status": end.status})),
            Verdict::Refused(error) => Err(error.into()),
        };
        client.outbox.push_answer(response(&request, result).encode().into());
    });
    Reply::Sent
}

/// Too many runs at once.
pub(super) fn too_busy() -> ErrorShape {
    ErrorShape::unavailable("too many messages are being answered; try again in a moment").retry_after(1_000)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AbortParams {
    session_key: String,
    #[serde(default)]
    run_id: Option<String>,
}

pub(super) fn abort(call: &Call<'_>) -> Reply {
    let params: AbortParams = attempt!(call.params());
    let core = call.core;
    let key = call.now.agents.key(&params.session_key);
    if let Some(id) = &params.run_id
        && core.runs.session_of(id).is_some_and(|owner| owner != key)
    {
        return Reply::invalid("runId does not match sessionKey");
    }
    let ids = core.runs.abort(&key, params.run_id.as_deref(), AbortReason::Rpc);
    let states: Vec<_> = ids.iter().filter_map(|id| core.runs.state(id, core.now_ms())).collect();
    Reply::later(async move {
        // Clients expect the `aborted` event before this answer; a run that hangs does not hold it up.
        let all_ended = async {
            for mut state in states {
                state
                    .wait_for(|state| matches!(state, crate::runs::RunState::Ended(_)))
                    .await
                    .map(|_| ())
                    .ok();
            }
        };
        tokio::time::timeout(Duration::from_secs(1), all_ended).await.ok();
        Ok(json!({"ok": true, "aborted": !ids.is_empty(), "runIds": ids}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HistoryParams {
    session_key: String,
    #[serde(default = "default_history_limit")]
    limit: usize,
}

fn default_history_limit() -> usize {
    200
}

pub(super) fn history(call: &Call<'_>) -> Reply {
    let params: HistoryParams = attempt!(call.params());
    let target = attempt!(target(&call.now.agents, &params.session_key));
    Reply::blocking(move || {
        let entry = target.agent.sessions.get(target.key.as_str());
        let level = target.agent.thinking_of(entry.as_deref()).as_str();
        let mut answer = json!({"sessionKey": params.session_key, "messages": [], "thinkingLevel": level});
        let Some(entry) = entry.as_ref() else { return Ok(answer) };
        let messages = newest_messages(&target.agent, entry, params.limit)?;
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("sessionId".to_owned(), json!(entry.session_id().as_str()));
            let shown = newest_that_fit(messages.into_iter().map(for_display).collect());
            answer.insert("messages".to_owned(), Value::Array(shown));
            if let Some(level) = entry.text(field::VERBOSE_LEVEL) {
                answer.insert("verboseLevel".to_owned(), json!(level));
            }
        }
        Ok(answer)
    })
}

/// Drops the oldest messages until the rest fits into one answer.
fn newest_that_fit(messages: Vec<Value>) -> Vec<Value> {
    let mut room = MAX_HISTORY_BYTES;
    let mut kept: Vec<Value> = Vec::new();
    for message in messages.into_iter().rev() {
        let size = message.to_string().len();
        if size > room {
            break;
        }
        room -= size;
        kept.push(message);
    }
    kept.reverse();
    kept
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InjectParams {
    session_key: String,
    message: String,
    #[serde(default)]
    label: Option<String>,
}

pub(super) fn inject(call: &Call<'_>) -> Reply {
    let params: InjectParams = attempt!(call.params());
    let core = Arc::clone(call.core);
    let Target { agent, key, given_key } = attempt!(target(&call.now.agents, &params.session_key));
    let text = match params.label.as_deref().filter(|label| !label.is_empty()) {
        Some(label) => format!("[{label}]\n\n{}", params.message),
        None => params.message,
    };
    let target = Target { agent, key, given_key };
    let written = attempt!(submit_words(&core, &target, &text));
    let conn = call.client.id;
    Reply::later(async move { tell_of_words(&core, &target, &text, written, Some(conn)).await })
}

/// Has an assistant message written into a session.
pub(crate) fn submit_words(core: &Arc<Core>, target: &Target, text: &str) -> Result<Written, RpcError> {
    let (done, written) = oneshot::channel();
    submit(core, &target.agent, &target.key, Job::Inject { text: text.to_owned(), done })?;
    Ok(written)
}

/// Gets the id of a written message.
pub(crate) type Written = oneshot::Receiver<Result<String, StoreError>>;

/// Tells everybody of a message when it is written; who asked hears the session's name as they called it.
pub(crate) async fn tell_of_words(
    core: &Arc<Core>,
    target: &Target,
    text: &str,
    written: Written,
    asked_by: Option<ConnId>,
) -> RpcResult {
    let id = written.await.map_err(|_| interrupted(&target.key))??;
    let event = |session_key: String| ChatEvent {
        run_id: format!("inject-{id}"),
        session_key,
        seq: 0,
        state: ChatState::Final,
        message: Some(assistant_message(text, core.now_ms())),
        error_message: None,
        stop_reason: None,
    };
    let (canonical, alias) = (event(target.key.to_string()), event(target.given_key.clone()));
    core.hub.broadcast(&Broadcast {
        except: asked_by.map(|conn| (conn, &alias)),
        ..Broadcast::new("chat", &canonical, IfSlow::Close)
    });
    Ok(json!({"ok": true, "messageId": id}))
}

#[cfg(test)]
mod tests {
    use super::newest_that_fit;
    use openclaw_protocol::limits::MAX_HISTORY_BYTES;
    use serde_json::{Value, json};

    #[test]
    fn the_newest_messages_fit_into_one_answer() {
        let big = "x".repeat(MAX_HISTORY_BYTES / 3);
        let messages: Vec<Value> = (0..5).map(|n| json!({"n": n, "text": big})).collect();
        let kept = newest_that_fit(messages);
        assert_eq!(kept.iter().map(|m| m["n"].as_i64().unwrap()).collect::<Vec<_>>(), [3, 4]);
    }
}
