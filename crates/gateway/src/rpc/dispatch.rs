//! Requests: one table decides who may call what, one match finds the handler.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use openclaw_protocol::frame::{ErrorShape, RequestFrame, ResponseFrame};
use openclaw_protocol::methods::{Method, MethodSpec, Scope, find};
use openclaw_store::StoreError;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{agent, chat, config, devices, logs, outbox, send, session_patch, sessions, system};
use crate::core::Core;
use crate::live::Snapshot;
use crate::ws::hub::Client;

/// What a handler gives: a payload, or an error that may come with one.
pub(crate) type RpcResult = Result<Value, RpcError>;

/// A failed request.
#[derive(Debug, Clone)]
pub(crate) struct RpcError {
    error: Box<ErrorShape>,
    payload: Option<Value>,
}

impl RpcError {
    pub(crate) fn with_payload(error: ErrorShape, payload: Value) -> Self {
        Self { error: Box::new(error), payload: Some(payload) }
    }
}

impl From<ErrorShape> for RpcError {
    fn from(error: ErrorShape) -> Self {
        Self { error: Box::new(error), payload: None }
    }
}

impl From<StoreError> for RpcError {
    fn from(error: StoreError) -> Self {
        ErrorShape::unavailable(error.to_string()).into()
    }
}

/// How a request is answered.
pub(crate) enum Reply {
    /// At once.
    Now(RpcResult),
    /// When the work is done.
    Later(BoxFuture<'static, RpcResult>),
    /// The handler has answered already, because something it did must come after the answer.
    Sent,
}

impl Reply {
    pub(super) fn later(future: impl Future<Output = RpcResult> + Send + 'static) -> Self {
        Self::Later(Box::pin(future))
    }

    /// Work that reads files or builds large answers: never on the reactor.
    pub(super) fn blocking(work: impl FnOnce() -> RpcResult + Send + 'static) -> Self {
        Self::later(async move {
            let done = tokio::task::spawn_blocking(work).await;
            done.unwrap_or_else(|error| Err(ErrorShape::unavailable(error.to_string()).into()))
        })
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Now(Err(ErrorShape::invalid(message).into()))
    }
}

/// A request on its way to its handler.
pub(crate) struct Call<'a> {
    pub(crate) core: &'a Arc<Core>,
    /// Configuration and agents as they were when the request came: one request never sees two of them.
    pub(crate) now: Arc<Snapshot>,
    pub(crate) client: &'a Arc<Client>,
    pub(crate) request: &'a RequestFrame,
    pub(crate) spec: &'static MethodSpec,
}

impl Call<'_> {
    /// Reads the parameters, which have been checked against the table.
    pub(super) fn params<T: DeserializeOwned>(&self) -> Result<T, RpcError> {
        let value = self.request.params.clone().filter(|value| !value.is_null());
        let value = value.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        serde_json::from_value(value).map_err(|error| {
            ErrorShape::invalid(format!("invalid {} params: {error}", self.spec.name)).into()
        })
    }
}

/// The frame of a result.
pub(crate) fn response(id: &str, result: RpcResult) -> ResponseFrame {
    match result {
        Ok(payload) => ResponseFrame::ok(id, payload),
        Err(RpcError { error, payload: Some(payload) }) => {
            ResponseFrame::error_with_payload(id, payload, *error)
        }
        Err(RpcError { error, payload: None }) => ResponseFrame::error(id, *error),
    }
}

/// Checks role, scope, existence and parameters, in this order, and starts the handler.
pub(crate) fn dispatch(core: &Arc<Core>, client: &Arc<Client>, request: &RequestFrame) -> Reply {
    if client.role != "operator" {
        return Reply::invalid(format!("unauthorized role: {}", client.role));
    }
    if request.method == "connect" {
        return Reply::invalid("connect is only valid as the first request");
    }
    let spec = find(&request.method);
    let scope = spec.map_or(Scope::Admin, |spec| spec.scope);
    if !scope.is_satisfied_by(&client.scopes) {
        return Reply::invalid(format!("missing scope: {}", scope.as_str()));
    }
    let Some(spec) = spec else {
        let name: String = request.method.chars().filter(|c| !c.is_control()).take(64).collect();
        return Reply::invalid(format!("unknown method: {name}"));
    };
    if let Err(error) = spec.check(request.params.as_ref()) {
        return Reply::invalid(error.to_string());
    }
    if core.stopping.is_cancelled() && scope != Scope::Read {
        return Reply::Now(Err(ErrorShape::unavailable("the gateway is stopping").retry_after(2_000).into()));
    }
    handle(&Call { core, now: core.snapshot(), client, request, spec })
}

fn handle(call: &Call<'_>) -> Reply {
    match call.spec.method {
        Method::Health => system::health(call),
        Method::Status => system::status(call),
        Method::SystemPresence => Reply::Now(Ok(call.core.presence())),
        // Heartbeats come with the automation issue; until then none has happened.
        Method::LastHeartbeat => Reply::Now(Ok(Value::Null)),
        Method::LogsTail => logs::tail(call),
        Method::ChannelsStatus => system::channels(call),
        Method::NodeList => Reply::Now(Ok(json!({"ts": call.core.now_ms(), "nodes": []}))),
        Method::AgentsList => system::agents(call),
        Method::AgentIdentityGet => system::identity(call),
        Method::ModelsList => system::models(call),
        Method::ConfigGet => config::get(call),
        Method::ConfigSchema => config::schema(call),
        Method::ConfigSet => config::set(call),
        Method::ConfigPatch => config::patch(call),
        Method::ConfigApply => config::apply(call),
        Method::SessionsList => sessions::list(call),
        Method::SessionsPreview => sessions::preview(call),
        Method::SessionsResolve => sessions::resolve(call),
        Method::SessionsPatch => session_patch::patch(call),
        Method::SessionsReset => sessions::reset(call),
        Method::SessionsDelete => sessions::delete(call),
        Method::ChatHistory => chat::history(call),
        Method::ChatSend => chat::send(call),
        Method::ChatAbort => chat::abort(call),
        Method::ChatInject => chat::inject(call),
        Method::Send => send::send(call),
        Method::OutboxList => outbox::list(call),
        Method::OutboxRetry => outbox::retry(call),
        Method::OutboxDrop => outbox::remove(call),
        Method::Agent => agent::agent(call),
        Method::AgentWait => agent::wait(call),
        Method::DevicePairList => devices::list(call),
        Method::DevicePairApprove => devices::approve(call),
        Method::DevicePairReject => devices::reject(call),
        Method::DeviceTokenRevoke => devices::revoke(call),
        Method::DevicePairCode => system::pairing_code(call),
    }
}

/// Unwraps a result inside a handler that returns a [`Reply`].
macro_rules! attempt {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return $crate::rpc::dispatch::Reply::Now(Err(error.into())),
        }
    };
}
pub(crate) use attempt;
