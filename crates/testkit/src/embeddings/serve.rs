//! The HTTP side: accept, record, and answer or go wrong.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::answers::{self, Refusal};
use super::requests::{texts, uploaded};
use super::server::{Api, Asked, State};
use super::trouble::Trouble;
use super::vectors::bag_of_words;

/// Largest request: the input file of a job.
const MAX_REQUEST_BYTES: usize = 128 * 1024 * 1024;
/// What an endless answer has.
const ENDLESS_BYTES: usize = 40 * 1024 * 1024;
/// One piece of it.
const PIECE_BYTES: usize = 1024 * 1024;
/// Characters of a text that is too long to show.
const LEAK_CHARS: usize = 100_000;

/// Starts the thread and gives the address it listens on.
pub(super) fn spawn(state: Arc<State>, stop: CancellationToken) -> (SocketAddr, JoinHandle<()>) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::Builder::new()
        .name("embedding-server".into())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            // Dropping the runtime afterwards closes every connection, also the stalled ones.
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let app = Router::new().fallback(handle).with_state(state);
                tokio::select! {
                    () = stop.cancelled() => {}
                    served = axum::serve(listener, app) => served.unwrap(),
                }
            });
        })
        .unwrap();
    (address, thread)
}

async fn handle(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_REQUEST_BYTES).await.unwrap_or_default();
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    };
    state.asked.lock().unwrap().push(asked.clone());
    state.counts.send_modify(|counts| counts.requests += 1);
    let trouble = state.script.lock().unwrap().pop_front();
    let trouble = trouble.flatten();
    if let Some(Trouble::DoneSilently | Trouble::DoneHalfWritten) = trouble {
        drop(answer(&asked, &bytes, &state));
        state.counts.send_modify(|counts| counts.done_unheard += 1);
    }
    if let Some(trouble) = trouble {
        return go_wrong(trouble, &asked, &state).await;
    }
    if state.key.as_ref().is_some_and(|key| given_key(state.api, &asked) != Some(key.as_str())) {
        return refuse(answers::wrong_key(state.api));
    }
    answer(&asked, &bytes, &state)
}

fn given_key(api: Api, asked: &Asked) -> Option<&str> {
    match api {
        Api::OpenAi | Api::Voyage => asked.header("authorization")?.strip_prefix("Bearer "),
        Api::Gemini => asked.header("x-goog-api-key"),
    }
}

fn answer(asked: &Asked, bytes: &[u8], state: &State) -> Response {
    let api = state.api;
    let path = asked.path.split('?').next().unwrap_or_default();
    let method = asked.method.as_str();
    let tail = path.trim_start_matches("/v1beta/").trim_start_matches("/v1/");
    let is_call = match api {
        Api::OpenAi | Api::Voyage => path == "/v1/embeddings",
        Api::Gemini => tail.starts_with("models/") && tail.ends_with(":batchEmbedContents"),
    };
    if is_call && method == "POST" {
        return embed(asked, state);
    }
    let mut jobs = state.jobs.lock().unwrap();
    let found = match (api, method, path, tail) {
        (Api::OpenAi | Api::Voyage, "POST", "/v1/files", _)
        | (Api::Gemini, "POST", "/upload/v1beta/files", _) => {
            let kind = asked.header("content-type").unwrap_or_default();
            let Some(lines) = uploaded(kind, &String::from_utf8_lossy(bytes)) else {
                return refuse(answers::bad_request(api, "the upload is not as documented"));
            };
            let name = jobs.add_file(api, lines);
            Some(if api == Api::Gemini {
                json!({"file": {"name": name}})
            } else {
                json!({"id": name, "object": "file"})
            })
        }
        (Api::OpenAi | Api::Voyage, "POST", "/v1/batches", _) => {
            let input = asked.body["input_file_id"].as_str().unwrap_or_default();
            let name = jobs.begin(api, input, &asked.body["metadata"]);
            name.map(|name| json!({"id": name, "object": "batch", "status": "validating"}))
        }
        (Api::Gemini, "POST", _, tail) if tail.ends_with(":asyncBatchEmbedContent") => {
            let file = asked.body["batch"]["inputConfig"]["fileName"].as_str().unwrap_or_default();
            let name = jobs.begin(api, file, &asked.body["batch"]["displayName"]);
            name.map(|name| json!({"name": name, "metadata": {"state": "BATCH_STATE_PENDING"}}))
        }
        (_, "POST", _, tail) => {
            let name = tail.trim_end_matches(":cancel").trim_end_matches("/cancel");
            let name = if api == Api::Gemini { name } else { name.trim_start_matches("batches/") };
            jobs.cancel(name).then(|| json!({}))
        }
        (Api::Gemini, "GET", path, _) if path.starts_with("/download/v1beta/") => {
            let name = path.trim_start_matches("/download/v1beta/").trim_end_matches(":download");
            return jobs
                .file(name)
                .map_or_else(|| refuse(answers::not_found(api)), IntoResponse::into_response);
        }
        (Api::OpenAi | Api::Voyage, "GET", _, tail) if tail.ends_with("/content") => {
            let name = tail.trim_start_matches("files/").trim_end_matches("/content");
            return jobs
                .file(name)
                .map_or_else(|| refuse(answers::not_found(api)), IntoResponse::into_response);
        }
        (_, "GET", _, "batches") => {
            let query = asked.path.split_once('?').map_or("", |(_, query)| query);
            Some(jobs.list(api, query))
        }
        (Api::Gemini, "GET", _, tail) => jobs.look(api, tail),
        (_, "GET", _, tail) => jobs.look(api, tail.trim_start_matches("batches/")),
        (_, "DELETE", _, tail) => {
            let name = if api == Api::Gemini { tail } else { tail.trim_start_matches("files/") };
            jobs.delete_file(name).then(|| json!({}))
        }
        _ => None,
    };
    found.map_or_else(|| refuse(answers::not_found(api)), |body| reply(200, &body))
}

fn embed(asked: &Asked, state: &State) -> Response {
    let texts = match texts(state.api, &asked.body) {
        Ok(texts) => texts,
        Err(why) => return refuse(answers::bad_request(state.api, why)),
    };
    let words = |text: &String| text.split_whitespace().count();
    if state.max_words.is_some_and(|most| texts.iter().any(|text| words(text) > most)) {
        return refuse(answers::too_many_tokens(state.api));
    }
    let vectors: Vec<Value> = texts.iter().map(|text| answers::one_vector(text)).collect();
    reply(200, &answers::good(state.api, &vectors))
}

async fn go_wrong(trouble: Trouble, asked: &Asked, state: &Arc<State>) -> Response {
    let api = state.api;
    let texts = texts(api, &asked.body).unwrap_or_default();
    let with = |change: &dyn Fn(usize, Vec<f32>) -> Value| {
        let vectors: Vec<Value> =
            texts.iter().enumerate().map(|(at, text)| change(at, bag_of_words(text))).collect();
        reply(200, &answers::good(api, &vectors))
    };
    match trouble {
        Trouble::WrongKey => refuse(answers::wrong_key(api)),
        Trouble::RateLimited { retry_after } => {
            let mut response = refuse(answers::rate_limited(api, retry_after));
            if let Some(seconds) = retry_after.filter(|_| api != Api::Gemini) {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
        Trouble::OutOfQuota => refuse(answers::out_of_quota(api)),
        Trouble::TooManyTokens => refuse(answers::too_many_tokens(api)),
        Trouble::NoModel => refuse(answers::not_found(api)),
        Trouble::ServerError => refuse(answers::failed(api, 500)),
        Trouble::Unavailable => refuse(answers::failed(api, 503)),
        Trouble::Redirect => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response()
        }
        Trouble::HalfWritten | Trouble::DoneHalfWritten => half_written(),
        Trouble::Silent | Trouble::DoneSilently => {
            let _gone = Departure(Arc::clone(state));
            std::future::pending::<Infallible>().await;
            refuse(answers::not_found(api))
        }
        Trouble::WrongCount => {
            let vectors: Vec<Value> = texts.iter().skip(1).map(|text| answers::one_vector(text)).collect();
            reply(200, &answers::good(api, &vectors))
        }
        Trouble::WrongDimensions => with(&|_, vector| json!([1.0, vector[0]])),
        Trouble::MixedDimensions => with(&|at, vector| json!(vector[at..])),
        Trouble::Null => with(&|_, _| json!([1.0, null])),
        Trouble::NotANumber => {
            let body = answers::good(api, &[json!(["NUMBER"])]).to_string().replace("\"NUMBER\"", "NaN");
            text_reply(200, body)
        }
        Trouble::Zero => with(&|_, vector| json!(vec![0.0; vector.len()])),
        Trouble::NotJson => text_reply(200, "<html><body>Sign in to this network</body></html>".into()),
        Trouble::Endless => {
            let piece = || Ok::<_, Infallible>(Bytes::from(vec![b' '; PIECE_BYTES]));
            let pieces = stream::iter((0..ENDLESS_BYTES / PIECE_BYTES).map(move |_| piece()));
            Body::from_stream(pieces).into_response()
        }
        Trouble::Leak => {
            let key = given_key(api, asked).unwrap_or_default();
            let message = format!("the key {key} is bad. {}", "long ".repeat(LEAK_CHARS / 5));
            refuse(answers::bad_request(api, &message))
        }
    }
}

/// The beginning of a good answer, and then a broken connection.
fn half_written() -> Response {
    let pieces = stream::iter([
        Ok(Bytes::from_static(b"{\"object\":\"list\",\"data\":[{\"index\":0,\"embedding\":[0.25,")),
        Err(io::Error::other("scripted break")),
    ]);
    // Being pending between the two lets what was said before reach the socket.
    let pieces = pieces.then(|piece| async {
        tokio::task::yield_now().await;
        piece
    });
    Body::from_stream(pieces).into_response()
}

fn refuse(refusal: Refusal) -> Response {
    reply(refusal.status, &refusal.body)
}

fn reply(status: u16, body: &Value) -> Response {
    text_reply(status, body.to_string())
}

fn text_reply(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).expect("a valid status");
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Counts a client that goes away while nobody answers it.
struct Departure(Arc<State>);

impl Drop for Departure {
    fn drop(&mut self) {
        self.0.counts.send_modify(|counts| counts.disconnects += 1);
    }
}
