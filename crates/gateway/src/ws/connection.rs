//! The life of one socket: challenge, connect, requests, end.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use openclaw_protocol::connect::{ConnectParams, Features, HelloOk, Policy, ServerInfo, Snapshot};
use openclaw_protocol::event::EVENTS;
use openclaw_protocol::frame::{ErrorShape, FrameError, RequestFrame, ResponseFrame, encode_event};
use openclaw_protocol::limits::{
    HANDSHAKE_TIMEOUT, MAX_CLOSE_REASON_BYTES, MAX_HANDSHAKE_BYTES, PROTOCOL_VERSION, close,
};
use openclaw_protocol::methods::{METHODS, Scope};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::auth::client_key::ClientKey;
use crate::auth::decide::{Decision, Facts, Grant, Locality, OriginVerdict, Refused, decide};
use crate::auth::devices::{DeviceError, PairingRequest};
use crate::core::{Core, PreAuthSlot};
use crate::credentials::GatewayCredentials;
use crate::rpc;
use crate::ws::hub::{Broadcast, Client};
use crate::ws::outbox::{Closing, IfSlow, Next, Outbox};

/// Requests of one connection that may be worked on at once; more are told to come back.
const MAX_IN_FLIGHT: usize = 128;
/// A close frame that cannot be sent by then is not waited for: a client that does not read does not read it either.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// A client that reads nothing for this long while we send is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Clients at once. Memory and descriptors are planned for it.
const MAX_CLIENTS: usize = 10_000;

/// What is known of a socket before it says anything.
pub(crate) struct Arrival {
    pub(crate) client: ClientKey,
    pub(crate) remote: IpAddr,
    pub(crate) locality: Locality,
    pub(crate) origin: OriginVerdict,
    /// Given back when the handshake ends.
    pub(crate) _slot: PreAuthSlot,
}

/// Runs a socket to its end.
pub(crate) async fn run(core: Arc<Core>, mut socket: WebSocket, arrival: Arrival) {
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake(&core, &mut socket, arrival)).await;
    let (client, hello) = match handshake {
        Ok(Ok(welcome)) => welcome,
        Ok(Err(closing)) => return close_socket(&mut socket, &closing).await,
        Err(_) => return close_socket(&mut socket, &closing(close::NORMAL, "")).await,
    };
    // From here on the client is told everything: what happens before `hello-ok` is out waits behind it.
    let membership = Membership::new(&core, &client);
    let ended = match send(&mut socket, hello).await {
        Ok(()) => {
            core.health.greet(&core, client.id);
            serve(&core, &mut socket, &client).await
        }
        Err(_) => None,
    };
    drop(membership);
    if let Some(closing) = ended {
        close_socket(&mut socket, &closing).await;
    }
}

/// A client's place in the hub; left when this is dropped, whatever ends the connection.
struct Membership<'a> {
    core: &'a Core,
    client: &'a Client,
}

impl<'a> Membership<'a> {
    fn new(core: &'a Core, client: &'a Arc<Client>) -> Self {
        core.hub.join(Arc::clone(client));
        if core.stopping.is_cancelled() {
            client.outbox.close(close::SERVICE_RESTART, "service restart");
        }
        Self { core, client }
    }
}

impl Drop for Membership<'_> {
    fn drop(&mut self) {
        self.core.hub.leave(self.client.id);
    }
}

fn closing(code: u16, reason: &str) -> Closing {
    Closing { code, reason: reason.to_owned() }
}

async fn close_socket(socket: &mut WebSocket, closing: &Closing) {
    let mut end = closing.reason.len().min(MAX_CLOSE_REASON_BYTES);
    while !closing.reason.is_char_boundary(end) {
        end -= 1;
    }
    let reason = closing.reason.get(..end).unwrap_or_default().to_owned();
    let frame = CloseFrame { code: closing.code, reason: reason.into() };
    // The peer may be gone already, which is what we want.
    drop(tokio::time::timeout(CLOSE_TIMEOUT, socket.send(Message::Close(Some(frame)))).await);
}

/// Challenge and connect: the client, and the `hello-ok` to send it. `Err` says how to close.
async fn handshake(
    core: &Arc<Core>,
    socket: &mut WebSocket,
    arrival: Arrival,
) -> Result<(Arc<Client>, Utf8Bytes), Closing> {
    let nonce = uuid::Uuid::new_v4().to_string();
    let challenge =
        encode_event("connect.challenge", &json!({"nonce": nonce, "ts": core.now_ms()}), None, None);
    send(socket, challenge.into()).await?;
    let request = first_request(socket).await?;
    let params = match connect_params(&request) {
        Ok(params) => params,
        Err(error) => return refuse(socket, &request.id, Refused::new(error, close::POLICY)).await,
    };
    let facts = Facts {
        nonce: &nonce,
        now_ms: core.now_ms(),
        locality: arrival.locality,
        origin: arrival.origin,
        ui: core.access.ui,
        mode: core.access.mode,
        remote_ip: (arrival.locality == Locality::Remote).then(|| arrival.remote.to_string()),
    };
    let credentials =
        GatewayCredentials { access: &core.access, client: arrival.client, now_ms: facts.now_ms };
    let grant = match decide(&params, &facts, &credentials) {
        Decision::Accept(grant) => grant,
        Decision::Refuse(refused) => return refuse(socket, &request.id, refused).await,
        Decision::NeedsPairing(pairing) => return ask_for_pairing(core, socket, &request.id, *pairing).await,
    };
    if core.hub.client_count() >= MAX_CLIENTS {
        let error =
            ErrorShape::unavailable(format!("{MAX_CLIENTS} clients are connected")).retry_after(5_000);
        return refuse(socket, &request.id, Refused::new(error, close::POLICY)).await;
    }
    let auth = match register_device(core, &grant) {
        Ok(auth) => auth,
        Err(error) => return refuse(socket, &request.id, store_failed(&error)).await,
    };
    let client = Arc::new(Client {
        id: core.hub.reserve_id(),
        name: uuid::Uuid::new_v4().to_string(),
        wants_tool_events: params.caps.iter().any(|cap| cap == "tool-events"),
        info: params.client,
        role: grant.role,
        scopes: grant.scopes,
        device: grant.device.map(|device| device.id),
        outbox: Arc::new(Outbox::default()),
    });
    let hello = hello(core, &client, auth);
    let payload = serde_json::to_value(&hello).unwrap_or(Value::Null);
    Ok((client, ResponseFrame::ok(&request.id, payload).encode().into()))
}

/// The first request must be a valid `connect`.
fn connect_params(request: &RequestFrame) -> Result<ConnectParams, ErrorShape> {
    if request.method != "connect" {
        return Err(ErrorShape::invalid("invalid handshake: first request must be connect"));
    }
    ConnectParams::parse(request.params.as_ref()).map_err(|error| ErrorShape::invalid(error.to_string()))
}

/// The first frame must be a request of at most 64 KiB.
async fn first_request(socket: &mut WebSocket) -> Result<RequestFrame, Closing> {
    let text = loop {
        match socket.recv().await {
            Some(Ok(Message::Text(text))) => break text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_))) => return Err(closing(close::NORMAL, "")),
            Some(Ok(Message::Close(_))) | None => return Err(closing(close::NORMAL, "")),
            Some(Err(_)) => return Err(closing(close::TOO_BIG, "")),
        }
    };
    if text.len() > MAX_HANDSHAKE_BYTES {
        return Err(closing(close::TOO_BIG, ""));
    }
    match RequestFrame::parse(&text) {
        Ok(request) => Ok(request),
        Err(FrameError::NotJson(_)) => Err(closing(close::NORMAL, "")),
        Err(FrameError::Invalid { id: Some(id), claims_request: true, problems }) => {
            let error = ErrorShape::invalid(format!("invalid request frame: {problems}"));
            refuse(socket, &id, Refused::new(error, close::POLICY)).await
        }
        Err(FrameError::Invalid { .. }) => Err(closing(close::POLICY, "invalid request frame")),
    }
}

async fn refuse<T>(socket: &mut WebSocket, id: &str, refused: Refused) -> Result<T, Closing> {
    let reason = refused.error.message.clone();
    send(socket, ResponseFrame::error(id, *refused.error).encode().into()).await?;
    Err(closing(refused.close_code, &reason))
}

/// The device store cannot be written: nobody new gets in until it can.
fn store_failed(error: &DeviceError) -> Refused {
    tracing::error!(%error, "device store failed");
    Refused::new(ErrorShape::unavailable(format!("cannot store the device: {error}")), close::POLICY)
}

async fn ask_for_pairing<T>(
    core: &Arc<Core>,
    socket: &mut WebSocket,
    id: &str,
    pairing: PairingRequest,
) -> Result<T, Closing> {
    let (pairing, created) = match core.access.devices.request(pairing, core.now_ms()) {
        Ok(stored) => stored,
        Err(error) => {
            return refuse(socket, id, store_failed(&error)).await;
        }
    };
    if created {
        let event = Broadcast {
            only_for: Some(Scope::Pairing),
            ..Broadcast::new("device.pair.requested", &pairing, IfSlow::Drop)
        };
        core.hub.broadcast(&event);
    }
    let error = ErrorShape::new(openclaw_protocol::frame::ErrorCode::NotPaired, "pairing required")
        .with_details(json!({"requestId": pairing.request_id}));
    refuse(socket, id, Refused::new(error, close::POLICY)).await
}

/// Pairs the device if it is to be, and gets its token.
fn register_device(
    core: &Core,
    grant: &Grant,
) -> Result<Option<openclaw_protocol::connect::DeviceAuth>, DeviceError> {
    let Some(device) = &grant.device else { return Ok(None) };
    if let Some(request) = &device.approve {
        core.access.devices.approve(request, core.now_ms())?;
        tracing::info!(device = %device.id, role = grant.role, "device paired");
        rpc::announce(core, request, "approved");
    }
    core.access.devices.token(&device.id, grant.role, &grant.scopes, core.now_ms())
}

fn hello(core: &Core, client: &Client, auth: Option<openclaw_protocol::connect::DeviceAuth>) -> HelloOk {
    HelloOk {
        r#type: "hello-ok",
        protocol: PROTOCOL_VERSION,
        server: ServerInfo {
            version: crate::VERSION.to_owned(),
            host: core.host.clone(),
            conn_id: client.name.clone(),
        },
        features: Features { methods: METHODS.iter().map(|spec| spec.name).collect(), events: EVENTS },
        snapshot: Snapshot {
            presence: core.presence(),
            health: core.health.cached().unwrap_or_else(|| json!({})),
            state_version: core.hub.state_version(),
            uptime_ms: core.uptime_ms(),
            config_path: core.locations.config_path.to_string_lossy().into_owned(),
            state_dir: core.locations.state_dir.to_string_lossy().into_owned(),
            session_defaults: core.snapshot().agents.session_defaults(),
        },
        auth,
        policy: Policy::OURS,
    }
}

async fn send(socket: &mut WebSocket, text: Utf8Bytes) -> Result<(), Closing> {
    match tokio::time::timeout(SEND_TIMEOUT, socket.send(Message::Text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(closing(close::NORMAL, "")),
    }
}

/// Requests in, responses and events out. `Some` says how to close; `None`: the peer is gone.
async fn serve(core: &Arc<Core>, socket: &mut WebSocket, client: &Arc<Client>) -> Option<Closing> {
    let in_flight = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    loop {
        match client.outbox.next() {
            Next::Send(frame) => {
                let sent = tokio::select! {
                    biased;
                    sent = tokio::time::timeout(SEND_TIMEOUT, socket.send(Message::Text(frame))) => sent,
                    () = client.outbox.overflowed() => continue,
                };
                match sent {
                    Ok(Ok(())) => continue,
                    Ok(Err(_)) | Err(_) => return None,
                }
            }
            Next::Close(closing) => return Some(closing),
            Next::Wait => {}
        }
        let message = tokio::select! {
            () = client.outbox.woken() => continue,
            message = socket.recv() => message,
        };
        match message {
            Some(Ok(Message::Text(text))) => accept(core, client, &in_flight, &text),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => {}
            Some(Ok(Message::Close(_))) | None => return None,
            Some(Err(error)) => return Some(read_error(&error)),
        }
    }
}

/// A frame above the limit is closed with 1009; anything else that cannot be read is the peer's broken end.
fn read_error(error: &axum::Error) -> Closing {
    tracing::debug!(%error, "socket unreadable");
    closing(close::TOO_BIG, "")
}

/// Starts a request. Its first part runs here, so that requests of one connection begin in order.
fn accept(core: &Arc<Core>, client: &Arc<Client>, in_flight: &Arc<Semaphore>, text: &str) {
    let respond = |frame: &ResponseFrame| client.outbox.push_answer(frame.encode().into());
    let request = match RequestFrame::parse(text) {
        Ok(request) => request,
        Err(FrameError::NotJson(_)) => return,
        Err(FrameError::Invalid { id, problems, .. }) => {
            let error = ErrorShape::invalid(format!("invalid request frame: {problems}"));
            return respond(&ResponseFrame::error(id.as_deref().unwrap_or("invalid"), error));
        }
    };
    let Ok(permit) = Arc::clone(in_flight).try_acquire_owned() else {
        let error =
            ErrorShape::unavailable(format!("{MAX_IN_FLIGHT} requests of this connection are still open"));
        return respond(&ResponseFrame::error(&request.id, error.retry_after(250)));
    };
    match rpc::dispatch(core, client, &request) {
        rpc::Reply::Now(result) => respond(&rpc::response(&request.id, result)),
        rpc::Reply::Sent => {}
        rpc::Reply::Later(future) => {
            let (outbox, id) = (Arc::clone(&client.outbox), request.id);
            let answering = core.hub.answering();
            tokio::spawn(async move {
                let result = future.await;
                // A history may be megabytes of JSON.
                let frame = tokio::task::spawn_blocking(move || rpc::response(&id, result).encode()).await;
                if let Ok(frame) = frame {
                    outbox.push_answer(frame.into());
                }
                drop((permit, answering));
            });
        }
    }
}
