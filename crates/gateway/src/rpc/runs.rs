//! What `chat.send` and `agent` share: admitting a run and handing it to its lane.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use openclaw_agent::{AgentRuntime, AskedThinking, Ending, Inbound, Job, LaneSlot, SenderMay, TurnJob};
use openclaw_models::ThinkingLevel;
use openclaw_protocol::frame::ErrorShape;
use openclaw_protocol::message::{KnownPart, Part};
use openclaw_protocol::methods::Scope;
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{SessionId, field};
use serde::Deserialize;
use serde_json::Value;

use super::config::ConfigCommand;
use super::{Call, RpcError};
use crate::core::Core;
use crate::observer::{EventObserver, RunInfo, Starter, Verbosity};
use crate::runs::{ActiveRun, RunKind};

/// Largest attachment, decoded (release: 5,000,000 bytes).
const MAX_ATTACHMENT_BYTES: usize = 5_000_000;

/// A message on its way to a lane.
pub(crate) struct Message {
    pub(crate) text: String,
    pub(crate) images: Vec<Part>,
    pub(crate) extra_system: Option<String>,
    pub(crate) session_id: Option<SessionId>,
    pub(crate) thinking: Option<AskedThinking>,
    pub(crate) timeout: Option<Duration>,
}

impl Message {
    /// Nothing but words.
    pub(crate) fn of_text(text: String) -> Self {
        Self { text, images: Vec::new(), extra_system: None, session_id: None, thinking: None, timeout: None }
    }
}

/// The parameter `thinking`; blank is none.
pub(super) fn level(given: Option<&str>) -> Result<Option<ThinkingLevel>, ErrorShape> {
    let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else { return Ok(None) };
    match ThinkingLevel::parse(given) {
        Some(level) => Ok(Some(level)),
        None => {
            let all = ThinkingLevel::ALL.map(ThinkingLevel::as_str).join("|");
            Err(ErrorShape::invalid(format!("invalid thinking (use {all})")))
        }
    }
}

/// Where it goes.
pub(crate) struct Target {
    pub(crate) agent: Arc<AgentRuntime>,
    pub(crate) key: SessionKey,
    /// The key as the client wrote it.
    pub(crate) given_key: String,
}

/// Bytes a message holds while it waits.
pub(super) fn size_of(text: &str, images: &[Part]) -> usize {
    let image = |part: &Part| match part {
        Part::Known(KnownPart::Image { data, .. }) => data.len(),
        Part::Known(KnownPart::Text { .. } | KnownPart::Thinking { .. } | KnownPart::ToolCall { .. })
        | Part::Other(_) => 0,
    };
    text.len() + images.iter().map(image).sum::<usize>()
}

/// An admitted run.
pub(crate) struct Run {
    pub(crate) kind: RunKind,
    pub(crate) id: String,
    pub(crate) active: ActiveRun,
}

/// Takes a place in the lane for an admitted run. If the lane is full the run is withdrawn: the same idempotency key may
/// try again.
pub(super) fn place(core: &Core, run: &Run, target: &Target) -> Result<LaneSlot, RpcError> {
    core.lanes.reserve(&target.agent, &target.key).map_err(|error| {
        core.runs.withdraw(run.kind, &run.id);
        ErrorShape::unavailable(error.to_string()).retry_after(1_000).into()
    })
}

/// Whoever sends a request, as the run sees them.
pub(super) fn starter(call: &Call<'_>, target: &Target) -> Starter {
    Starter {
        conn: call.client.id,
        given_key: target.given_key.clone(),
        tool_events: call.client.wants_tool_events,
        scopes: call.client.scopes.clone(),
    }
}

/// The job of an admitted run.
pub(crate) fn turn_job(
    core: &Arc<Core>,
    run: &Run,
    target: &Target,
    (message, inbound): (Message, Inbound),
    starter: Starter,
) -> Job {
    let entry = target.agent.sessions.get(target.key.as_str());
    let verbosity = Verbosity::of(entry.as_ref().and_then(|entry| entry.text(field::VERBOSE_LEVEL)));
    let settings = Arc::new(ConfigCommand::of(core, &starter.scopes));
    // As `sessions.patch`, which does the same.
    let is_admin = Scope::Admin.is_satisfied_by(&starter.scopes);
    let info = RunInfo {
        id: run.id.clone(),
        kind: run.kind,
        key: target.key.clone(),
        event: inbound.event,
        starter,
        verbosity,
    };
    Job::Turn(Box::new(TurnJob {
        settings,
        may: if is_admin { SenderMay::Choose } else { SenderMay::Look },
        run_id: run.id.clone(),
        text: message.text,
        images: message.images,
        extra_system: message.extra_system,
        session_id: message.session_id,
        thinking: message.thinking,
        timeout: message.timeout,
        inbound: Some(inbound),
        abort: run.active.abort.clone(),
        ending: Ending::new(Arc::new(EventObserver::new(Arc::clone(core), info))),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    #[serde(default)]
    mime_type: Option<String>,
    #[serde(default)]
    file_name: Option<String>,
    #[serde(default)]
    content: Option<String>,
}

/// Reads the images among attachments. Entries without content are dropped, as are files that are no images.
pub(super) fn images(attachments: Option<Vec<Value>>) -> Result<Vec<Part>, RpcError> {
    let mut images = Vec::new();
    for value in attachments.unwrap_or_default() {
        let attachment: Attachment = serde_json::from_value(value)
            .map_err(|error| RpcError::from(ErrorShape::invalid(format!("attachment: {error}"))))?;
        let Some(content) = attachment.content.filter(|content| !content.is_empty()) else { continue };
        let name = attachment.file_name.as_deref().unwrap_or("image").to_owned();
        let data = match content.split_once("base64,") {
            Some((prefix, data)) if prefix.starts_with("data:") => data.to_owned(),
            Some(_) | None => content,
        };
        if data.len() / 4 * 3 > MAX_ATTACHMENT_BYTES {
            let words = format!("attachment {name}: over {MAX_ATTACHMENT_BYTES} bytes");
            return Err(ErrorShape::invalid(words).into());
        }
        if base64::engine::general_purpose::STANDARD.decode(&data).is_err() {
            return Err(
                ErrorShape::invalid(format!("Error: attachment {name}: invalid base64 content")).into()
            );
        }
        if let Some(mime_type) = attachment.mime_type.filter(|mime| mime.starts_with("image/")) {
            images.push(Part::Known(KnownPart::Image { data, mime_type }));
        }
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::images;
    use serde_json::json;

    #[test]
    fn only_whole_images_are_used() {
        let rows = [
            (json!([]), Ok(0)),
            (json!([{"mimeType":"image/png"}]), Ok(0)),
            (json!([{"mimeType":"image/png","content":"aGk="}]), Ok(1)),
            (json!([{"mimeType":"image/png","content":"data:image/png;base64,aGk="}]), Ok(1)),
            (json!([{"mimeType":"text/plain","content":"aGk="}]), Ok(0)),
            (json!([{"mimeType":"image/png","content":"!!"}]), Err(())),
            (json!([{"mimeType":"image/png","content":"A".repeat(7_000_000)}]), Err(())),
        ];
        for (value, expected) in rows {
            let list = serde_json::from_value(value).unwrap();
            assert_eq!(images(Some(list)).map(|images| images.len()).map_err(|_| ()), expected);
        }
    }
}
