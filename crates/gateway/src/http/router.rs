//! Routes. There are few: the upgrade on any path, a liveness probe, the page.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{Extension, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use openclaw_protocol::limits::MAX_PAYLOAD_BYTES;
use serde_json::json;

use super::gate::{self, Refused, text};
use super::page;
use crate::agents::Agents;
use crate::auth::client_key::{ClientKey, client_address};
use crate::auth::decide::{Locality, OriginVerdict};
use crate::auth::origin::{host_name, is_loopback_name};
use crate::core::Core;
use crate::net::accept::Peer;
use crate::ws::connection::{Arrival, run};

/// Read buffer of a socket, in bytes. Requests are small; five thousand idle clients must be cheap.
const SOCKET_READ_BUFFER: usize = 4 * 1024;

/// Headers by which a proxy shows itself.
const FORWARDING_HEADERS: &[&str] =
    &["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// The whole HTTP surface.
pub(crate) fn router(core: Arc<Core>) -> Router {
    Router::new().fallback(entry).with_state(core)
}

/// What is known of a request's sender.
struct Sender {
    key: ClientKey,
    address: std::net::IpAddr,
    locality: Locality,
}

async fn entry(
    State(core): State<Arc<Core>>,
    Extension(peer): Extension<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response<Body> {
    let (Parts { method, uri, headers, .. }, _body) = request.into_parts();
    let mut response = match gate::judge(&method, &uri, &headers, &core.access.names) {
        Err(refused) => refusal(refused),
        Ok(origin) => match sender(&core, peer, &headers) {
            Err(refused) => refusal(refused),
            Ok(sender) => match upgrade {
                Ok(upgrade) => match accept_socket(&core, upgrade, sender, origin, uri.path()) {
                    Ok(switching) => return switching,
                    Err(refused) => refusal(refused),
                },
                Err(_) => route(&core, &method, &uri, &headers),
            },
        },
    };
    page::harden(&mut response);
    response
}

/// Who sent a request. Only a direct connection without any trace of a proxy is local (V-021): behind a proxy the
/// owner pairs with a one-time code like everybody else.
fn sender(core: &Core, peer: Peer, headers: &HeaderMap) -> Result<Sender, Refused> {
    let forwarded = joined(headers, "x-forwarded-for");
    let address = client_address(peer.0.ip(), forwarded.as_deref(), &core.access.trusted_proxies)
        .map_err(|_| Refused(StatusCode::BAD_REQUEST, "malformed X-Forwarded-For header"))?;
    let is_proxy =
        core.access.trusted_proxies.iter().any(|proxy| proxy.to_canonical() == peer.0.ip().to_canonical());
    let is_forwarded = FORWARDING_HEADERS.iter().any(|name| headers.contains_key(*name));
    let host = text(headers, header::HOST.as_str()).and_then(host_name);
    let loopback_name = host.is_some_and(|name| is_loopback_name(&name));
    let local = peer.0.ip().to_canonical().is_loopback() && loopback_name && !is_forwarded && !is_proxy;
    let locality = if local { Locality::Local } else { Locality::Remote };
    Ok(Sender { key: ClientKey::of(address), address, locality })
}

/// All lines of a header as one list: a proxy may add a line of its own.
fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?")).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn accept_socket(
    core: &Arc<Core>,
    upgrade: WebSocketUpgrade,
    sender: Sender,
    origin: OriginVerdict,
    path: &str,
) -> Result<Response<Body>, Refused> {
    let core = Arc::clone(core);
    if path == "/__openclaw__/ws" {
        return Err(Refused(StatusCode::NOT_FOUND, "the canvas host is not part of this build"));
    }
    if core.stopping.is_cancelled() {
        return Err(Refused(StatusCode::SERVICE_UNAVAILABLE, "the gateway is stopping"));
    }
    let Some(slot) = core.access.pre_auth.enter(sender.key) else {
        return Err(Refused(StatusCode::SERVICE_UNAVAILABLE, "too many connections that have not signed in"));
    };
    let arrival = Arrival {
        client: sender.key,
        remote: sender.address,
        locality: sender.locality,
        origin,
        _slot: slot,
    };
    Ok(upgrade
        .max_message_size(MAX_PAYLOAD_BYTES)
        .max_frame_size(MAX_PAYLOAD_BYTES)
        .read_buffer_size(SOCKET_READ_BUFFER)
        .write_buffer_size(0)
        .on_upgrade(move |socket| run(core, socket, arrival)))
}

fn route(core: &Core, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let path = uri.path();
    if path == "/healthz" {
        return if reads { json_answer(StatusCode::OK, &json!({"ok": true})) } else { not_allowed() };
    }
    let now = core.snapshot();
    let base = now.identity.base_path.as_str();
    let inside = match path.strip_prefix(base) {
        Some("") if !base.is_empty() && reads => {
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            return (StatusCode::FOUND, [(header::LOCATION, format!("{base}/{query}"))]).into_response();
        }
        Some(rest) if rest.starts_with('/') => Some(rest),
        Some(_) | None => None,
    };
    let Some(inside) = inside else { return not_found() };
    if !reads {
        return not_allowed();
    }
    if let Some(agent) = inside.strip_prefix("/avatar/") {
        return avatar(&now.agents, agent, uri.query());
    }
    page::serve(&now.page, method, headers, inside, &now.identity).unwrap_or_else(not_found)
}

/// Avatars are letters in this build: there is no picture, and `?meta=1` says so.
fn avatar(agents: &Agents, agent: &str, query: Option<&str>) -> Response<Body> {
    let asks_meta = query.is_some_and(|query| query.split('&').any(|pair| pair == "meta=1"));
    if asks_meta && agents.get(agent).is_some() {
        json_answer(StatusCode::OK, &json!({"avatarUrl": null}))
    } else {
        not_found()
    }
}

fn refusal(Refused(status, words): Refused) -> Response<Body> {
    json_answer(status, &json!({ "error": words }))
}

fn not_found() -> Response<Body> {
    json_answer(StatusCode::NOT_FOUND, &json!({"error": "not found"}))
}

fn not_allowed() -> Response<Body> {
    let mut response = json_answer(StatusCode::METHOD_NOT_ALLOWED, &json!({"error": "method not allowed"}));
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    response
}

fn json_answer(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], value.to_string()).into_response()
}
