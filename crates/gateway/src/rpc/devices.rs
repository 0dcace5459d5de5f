//! `device.*`: who is paired, and who may be.

use openclaw_protocol::frame::ErrorShape;
use openclaw_protocol::methods::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Call, Reply, RpcError, attempt};
use crate::auth::devices::{DeviceError, PairingRequest};
use crate::core::Core;
use crate::ws::hub::Broadcast;
use crate::ws::outbox::IfSlow;

impl From<DeviceError> for RpcError {
    fn from(error: DeviceError) -> Self {
        ErrorShape::unavailable(error.to_string()).into()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestParams {
    request_id: String,
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    Reply::Now(Ok(call.core.access.devices.list(call.core.now_ms())))
}

/// Nobody can grant more than they hold (S-016): the approver's scopes must cover the device's.
pub(super) fn approve(call: &Call<'_>) -> Reply {
    let params: RequestParams = attempt!(call.params());
    let core = call.core;
    let devices = &core.access.devices;
    let Some(request) = devices.pending_request(&params.request_id, core.now_ms()) else {
        return Reply::invalid("unknown requestId");
    };
    let is_admin = Scope::Admin.is_satisfied_by(&call.client.scopes);
    if let Some(scope) = request.scopes.iter().find(|scope| !is_admin && !call.client.scopes.contains(scope))
    {
        return Reply::invalid(format!("missing scope: {scope}"));
    }
    attempt!(devices.approve(&request, core.now_ms()));
    announce(core, &request, "approved");
    let listed = devices.list(core.now_ms());
    let paired = listed.get("paired").and_then(Value::as_array);
    let device = paired
        .and_then(|rows| rows.iter().find(|row| row["deviceId"] == request.device_id.as_str()))
        .cloned();
    Reply::Now(Ok(json!({"requestId": request.request_id, "device": device})))
}

pub(super) fn reject(call: &Call<'_>) -> Reply {
    let params: RequestParams = attempt!(call.params());
    let core = call.core;
    match attempt!(core.access.devices.take_request(&params.request_id, core.now_ms())) {
        None => Reply::invalid("unknown requestId"),
        Some(request) => {
            announce(core, &request, "rejected");
            Reply::Now(Ok(json!({"requestId": request.request_id, "deviceId": request.device_id})))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RevokeParams {
    device_id: String,
    role: String,
}

/// Effective at once: the device's open connections are closed (S-017).
pub(super) fn revoke(call: &Call<'_>) -> Reply {
    let params: RevokeParams = attempt!(call.params());
    let core = call.core;
    if !attempt!(core.access.devices.revoke(&params.device_id, &params.role, core.now_ms())) {
        return Reply::invalid("unknown deviceId or role");
    }
    core.hub.close_device(&params.device_id, &params.role);
    tracing::info!(device = %params.device_id, role = %params.role, "device token revoked");
    Reply::Now(Ok(json!({"deviceId": params.device_id, "role": params.role, "revokedAtMs": core.now_ms()})))
}

/// Tells those who may pair how a request was decided.
pub(crate) fn announce(core: &Core, request: &PairingRequest, decision: &str) {
    let payload = json!({
        "requestId": request.request_id, "deviceId": request.device_id, "decision": decision, "ts": core.now_ms(),
    });
    let event = Broadcast {
        only_for: Some(Scope::Pairing),
        ..Broadcast::new("device.pair.resolved", &payload, IfSlow::Drop)
    };
    core.hub.broadcast(&event);
}
