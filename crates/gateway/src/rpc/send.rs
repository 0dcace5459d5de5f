//! `send`: a message to somebody, without a model.

use std::sync::Arc;
use std::time::Duration;

use openclaw_channels::{IdempotencyKey, Outbound, ask, interactive};
use openclaw_protocol::frame::ErrorShape;
use openclaw_store::{DeliveryState, EventKey, LedgerError, NewDelivery, NewEvent, StoredDelivery};
use serde::Deserialize;
use serde_json::{Value, json};

use super::chat::target;
use super::sessions::may_send;
use super::{Call, Reply, RpcError, RpcResult, attempt};
use crate::core::Core;
use crate::text::clip;
use crate::webchat::{ACCOUNT, WEBCHAT, Webchat};

/// How long the caller waits for the platform. The message is safe from the start; who waits longer asks again.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest message, in bytes, as for `chat.send`.
const MAX_MESSAGE_BYTES: usize = 400 * 1024;
/// The release's channel when none is named.
const DEFAULT_CHANNEL: &str = "whatsapp";
/// Requests of clients are events of this channel.
const GATEWAY: &str = "gateway";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendParams {
    to: String,
    message: String,
    idempotency_key: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    account_id: Option<String>,
    #[serde(default)]
    media_url: Option<String>,
    #[serde(default)]
    media_urls: Option<Vec<String>>,
}

/// What is to be sent, checked.
struct Sending {
    event: NewEvent,
    delivery: NewDelivery,
}

pub(super) fn send(call: &Call<'_>) -> Reply {
    let params: SendParams = attempt!(call.params());
    let sending = attempt!(judge(call, params));
    let core = Arc::clone(call.core);
    Reply::later(async move { deliver(&core, sending).await })
}

/// Everything that can be said against it is said before anything is kept.
fn judge(call: &Call<'_>, params: SendParams) -> Result<Sending, ErrorShape> {
    let channel = params.channel.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let channel = channel.unwrap_or(DEFAULT_CHANNEL);
    if channel != WEBCHAT {
        let name = clip(channel, 64);
        return Err(ErrorShape::invalid(format!(
            "unsupported channel: {name}; this version sends to channel \"{WEBCHAT}\", where `to` is a session key"
        )));
    }
    if params.account_id.as_deref().is_some_and(|account| account != ACCOUNT) {
        return Err(ErrorShape::invalid(format!("channel {WEBCHAT} has one account, \"{ACCOUNT}\"")));
    }
    if params.media_url.is_some() || params.media_urls.is_some_and(|urls| !urls.is_empty()) {
        return Err(ErrorShape::invalid(format!("channel {WEBCHAT} takes words only; leave out mediaUrl")));
    }
    if params.message.trim().is_empty() {
        return Err(ErrorShape::invalid("message required"));
    }
    if params.message.len() > MAX_MESSAGE_BYTES {
        return Err(ErrorShape::invalid(format!("message over {MAX_MESSAGE_BYTES} bytes")));
    }
    let target = target(&call.now.agents, &params.to)?;
    may_send(&target.agent, &target.key)?;
    let session = target.key.to_string();
    let now_ms = call.core.now_ms();
    let key = IdempotencyKey::new(format!("send:{}", params.idempotency_key));
    let message = Outbound::new(ACCOUNT, &session, params.message);
    let delivery = interactive(&Webchat::new(Arc::clone(call.core)), &message, key, now_ms);
    let event = NewEvent {
        key: EventKey { channel: GATEWAY.into(), account: "send".into(), id: params.idempotency_key },
        session_key: session,
        received_at_ms: now_ms,
        // The delivery says it all.
        payload: Vec::new(),
    };
    Ok(Sending { event, delivery })
}

/// Makes it durable, and waits for what becomes of it. A repetition of the key waits for the first one's end.
async fn deliver(core: &Core, Sending { event, delivery }: Sending) -> RpcResult {
    let mut changes = core.courier.changes();
    let key = event.key.clone();
    ask(|done| core.ledger.accept_delivery(event, delivery, done)).await.map_err(ledger_error)?;
    core.courier.wake();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = ask(|done| core.ledger.deliveries_of(key.clone(), done)).await.map_err(ledger_error)?;
        let Some(found) = found.into_iter().next() else { return Err(forgotten(&key.id).into()) };
        if let Some(answer) = answer_of(&key.id, &found) {
            return answer;
        }
        tokio::select! {
            _ = changes.of(&found.what) => {}
            () = tokio::time::sleep_until(deadline) => return Err(kept(&found).into()),
            () = core.stopping.cancelled() => return Err(kept(&found).into()),
        }
    }
}

/// What became of it, once something has.
fn answer_of(id: &str, found: &StoredDelivery) -> Option<RpcResult> {
    let channel = found.what.channel.as_str();
    match found.state {
        DeliveryState::Delivered => {
            Some(Ok(json!({"runId": id, "messageId": found.message_id, "channel": channel})))
        }
        DeliveryState::Dead | DeliveryState::Unknown => Some(Err(lost(id, found))),
        DeliveryState::Prepared | DeliveryState::Sending | DeliveryState::Failed => None,
    }
}

fn lost(id: &str, found: &StoredDelivery) -> RpcError {
    let reason = found.reason.as_deref().unwrap_or("no reason was given");
    let number = found.id.number();
    let what = match found.state {
        DeliveryState::Unknown => "may or may not have arrived",
        DeliveryState::Prepared
        | DeliveryState::Sending
        | DeliveryState::Delivered
        | DeliveryState::Failed
        | DeliveryState::Dead => "was not delivered",
    };
    let words = format!(
        "the message {what} ({reason}); `openclaw outbox retry {number}` sends it again, `openclaw outbox drop {number}` \
         forgets it"
    );
    RpcError::with_payload(ErrorShape::unavailable(words), details(id, found))
}

fn details(id: &str, found: &StoredDelivery) -> Value {
    json!({
        "runId": id, "channel": found.what.channel, "deliveryId": found.id.number(), "state": found.state.as_str(),
    })
}

/// It is not delivered yet, and will be tried again.
fn kept(found: &StoredDelivery) -> ErrorShape {
    let why = found.reason.as_deref().map_or(String::new(), |reason| format!(" (so far: {reason})"));
    ErrorShape::unavailable(format!(
        "the message is kept and its delivery goes on{why}; ask again with the same idempotencyKey, it is not sent twice"
    ))
    .retry_after(5_000)
}

/// The key was used, and the delivery has been removed since.
fn forgotten(id: &str) -> ErrorShape {
    ErrorShape::invalid(format!(
        "idempotencyKey {} was used before, and its message is no longer in the outbox; send a new one under a new key",
        clip(id, 64)
    ))
}

pub(super) fn ledger_error(error: LedgerError) -> RpcError {
    ErrorShape::unavailable(error.to_string()).retry_after(2_000).into()
}
