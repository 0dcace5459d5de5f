//! The HTTP side: accept, record, and play a reply.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::reply::{Reply, ScriptedCall};
use super::speakers::{Dialect, Say, Speaker};
use super::wire::{Chunks, error_body, model_list};
use super::{Recorded, State};

/// Largest request, in bytes: a conversation with a few images.
const MAX_REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// Starts the thread and gives the address it listens on.
pub(super) fn spawn(state: Arc<State>, stop: CancellationToken) -> (SocketAddr, JoinHandle<()>) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::Builder::new()
        .name("model-server".into())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            // Dropping the runtime afterwards closes every connection, also the stalled ones.
            runtime.block_on(async {
                tokio::select! {
                    () = stop.cancelled() => {}
                    served = serve(listener, state) => served.unwrap(),
                }
            });
        })
        .unwrap();
    (address, thread)
}

async fn serve(listener: std::net::TcpListener, state: Arc<State>) -> io::Result<()> {
    let counts = state.counts.clone();
    let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(move |socket| {
        // Without it small chunks wait for the client's delayed acknowledgement.
        socket.set_nodelay(true).unwrap();
        counts.send_modify(|counts| counts.connections += 1);
    });
    let app = Router::new().route("/v1/models", get(models)).fallback(any).with_state(state);
    axum::serve(listener, app).await
}

/// What a server has beside the API comes first: its own management, a sign-in.
async fn any(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let Some(answer) =
        state.routes.iter().find(|(known, _)| *known == path).map(|(_, answer)| answer.to_string())
    else {
        return chat(Shared(state), request).await;
    };
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_REQUEST_BYTES).await.unwrap_or_default();
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    record(
        &state,
        Recorded {
            at: Instant::now(),
            path,
            headers: text_headers(&parts.headers),
            body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()),
        },
    );
    json_response(StatusCode::OK, answer)
}

fn not_found() -> Response {
    json_response(StatusCode::NOT_FOUND, error_body("Invalid URL", "invalid_request_error", "unknown_url"))
}

async fn models(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    match refusal(&state, &headers) {
        Some(refusal) => refusal,
        None => json_response(StatusCode::OK, model_list(&state.models)),
    }
}

async fn chat(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_REQUEST_BYTES).await.unwrap_or_default();
    let recorded = Recorded {
        at: Instant::now(),
        path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: text_headers(&parts.headers),
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    };
    let Some(dialect) = Dialect::of_path(&recorded.path) else { return not_found() };
    let number = record(&state, recorded.clone());
    if let Some(refusal) = refusal(&state, &parts.headers) {
        return refusal;
    }
    let conversation = dialect.conversation();
    if !recorded.body[conversation].is_array() {
        let message = format!("'{conversation}' must be an array");
        let body = error_body(&message, "invalid_request_error", "invalid_type");
        return json_response(StatusCode::BAD_REQUEST, body);
    }
    let scripted = state.script.lock().unwrap().pop_front();
    let reply = scripted.unwrap_or_else(|| (state.fallback)(&recorded));
    let asked = Asked { dialect, number, body: &recorded.body };
    play(reply, asked, &state).await
}

/// Records a request and gives its number, from 1.
fn record(state: &State, recorded: Recorded) -> usize {
    state.requests.lock().unwrap().push(recorded);
    let mut number = 0;
    state.counts.send_modify(|counts| {
        counts.requests += 1;
        number = counts.requests;
    });
    number
}

fn text_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn refusal(state: &State, headers: &HeaderMap) -> Option<Response> {
    let key = state.key.as_ref()?;
    let bearer = format!("Bearer {key}");
    let given = |name: &str, expected: &str| headers.get(name).is_some_and(|value| value == expected);
    let known = given("authorization", &bearer) || given("x-api-key", key) || given("x-goog-api-key", key);
    (!known).then(|| {
        let body = error_body("Incorrect API key provided.", "invalid_request_error", "invalid_api_key");
        json_response(StatusCode::UNAUTHORIZED, body)
    })
}

fn json_response(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// One step of a streamed body.
enum Step {
    Send(Bytes),
    Pause(Duration),
    /// Nothing more, with the connection open.
    Stall,
    /// The connection breaks.
    Break,
}

/// The request that is answered.
struct Asked<'a> {
    dialect: Dialect,
    /// From 1.
    number: usize,
    body: &'a Value,
}

impl Asked<'_> {
    /// Whether the answer is wanted as one document. Only chat completions are asked so.
    fn wants_whole(&self) -> bool {
        self.dialect == Dialect::Completions && self.body["stream"] != true
    }
}

async fn play(reply: Reply, asked: Asked<'_>, state: &Arc<State>) -> Response {
    let mut speaker = asked.dialect.speaker(asked.number, asked.body);
    let whole = Chunks::for_request(asked.number, asked.body);
    let steps = match reply {
        Reply::Silent => {
            let _gone = Departure { state: Arc::clone(state), complete: false };
            std::future::pending::<Infallible>().await;
            return not_found();
        }
        Reply::Status { code, retry_after, body } => return status(code, retry_after, body),
        Reply::Prebuilt(bytes) => return answer(asked.dialect, Body::from(bytes)),
        Reply::Text { chunks: pieces, .. } if asked.wants_whole() => {
            return json_response(StatusCode::OK, whole.whole(&pieces.concat(), &[]));
        }
        Reply::ToolCalls { text, calls } if asked.wants_whole() => {
            return json_response(StatusCode::OK, whole.whole(&text, &calls));
        }
        Reply::Text { chunks: pieces, delay } => text_steps(speaker.as_mut(), &pieces, delay),
        Reply::ToolCalls { text, calls } => call_steps(speaker.as_mut(), None, &text, &calls),
        Reply::Thinking { thought, signature, text, calls } => {
            call_steps(speaker.as_mut(), Some((&thought, &signature)), &text, &calls)
        }
        Reply::Stall { after } => said(speaker.as_mut(), &after, None, [Step::Stall]),
        Reply::MalformedSse { after } => said(speaker.as_mut(), &after, Some(Say::Broken), []),
        Reply::DropMidStream { after } => said(speaker.as_mut(), &after, None, [Step::Break]),
        Reply::EndEarly { after } => said(speaker.as_mut(), &after, None, []),
        Reply::ErrorMidStream { after, code } => {
            said(speaker.as_mut(), &after, Some(Say::Error { code: &code }), [])
        }
        Reply::InPieces { body, size } => {
            body.chunks(size.max(1)).map(|piece| Step::Send(Bytes::copy_from_slice(piece))).collect()
        }
        Reply::Cut { body, at } => vec![Step::Send(body.slice(..at.min(body.len()))), Step::Break],
    };
    answer(asked.dialect, streamed(steps, Departure { state: Arc::clone(state), complete: false }))
}

fn sends(speaker: &mut dyn Speaker, say: &Say<'_>) -> impl Iterator<Item = Step> + use<> {
    speaker.say(say).into_iter().map(Step::Send)
}

fn text_steps(speaker: &mut dyn Speaker, pieces: &[String], delay: Duration) -> Vec<Step> {
    let mut steps: Vec<Step> = sends(speaker, &Say::Begin).collect();
    for piece in pieces {
        if !delay.is_zero() {
            steps.push(Step::Pause(delay));
        }
        steps.extend(sends(speaker, &Say::Text(piece)));
    }
    steps.extend(sends(speaker, &Say::End { calls: false, tokens: pieces.len() }));
    steps
}

fn call_steps(
    speaker: &mut dyn Speaker,
    thinking: Option<(&str, &str)>,
    text: &str,
    calls: &[ScriptedCall],
) -> Vec<Step> {
    let mut steps: Vec<Step> = sends(speaker, &Say::Begin).collect();
    if let Some((text, signature)) = thinking {
        steps.extend(sends(speaker, &Say::Thinking { text, signature }));
    }
    if !text.is_empty() {
        steps.extend(sends(speaker, &Say::Text(text)));
    }
    for call in calls {
        steps.extend(sends(speaker, &Say::Call(call)));
    }
    steps.extend(sends(speaker, &Say::End { calls: !calls.is_empty(), tokens: calls.len() }));
    steps
}

/// The beginning, some text, and then whatever the script wants to go wrong.
fn said(
    speaker: &mut dyn Speaker,
    after: &[String],
    wrong: Option<Say<'_>>,
    then: impl IntoIterator<Item = Step>,
) -> Vec<Step> {
    let mut steps: Vec<Step> = sends(speaker, &Say::Begin).collect();
    for piece in after {
        steps.extend(sends(speaker, &Say::Text(piece)));
    }
    if let Some(wrong) = wrong {
        steps.extend(sends(speaker, &wrong));
    }
    steps.extend(then);
    steps
}

fn streamed(steps: Vec<Step>, departure: Departure) -> Body {
    let plan = (steps.into_iter(), departure);
    Body::from_stream(
        stream::unfold(plan, |(mut steps, departure)| async move {
            loop {
                match steps.next() {
                    None => {
                        departure.completed();
                        return None;
                    }
                    Some(Step::Send(bytes)) => return Some((Ok(bytes), (steps, departure))),
                    Some(Step::Pause(delay)) => tokio::time::sleep(delay).await,
                    Some(Step::Stall) => std::future::pending().await,
                    Some(Step::Break) => {
                        // Being pending once lets what was said before reach the socket.
                        tokio::task::yield_now().await;
                        return Some((Err(io::Error::other("scripted break")), (steps, departure)));
                    }
                }
            }
        })
        .boxed(),
    )
}

fn answer(dialect: Dialect, body: Body) -> Response {
    ([(header::CONTENT_TYPE, dialect.content_type())], body).into_response()
}

fn status(code: u16, retry_after: Option<String>, body: String) -> Response {
    let mut response = json_response(StatusCode::from_u16(code).expect("a valid status"), body);
    if let Some(value) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, value.parse().expect("a valid header"));
    }
    response
}

/// Counts a client that goes away before its answer is complete.
struct Departure {
    state: Arc<State>,
    complete: bool,
}

impl Departure {
    fn completed(mut self) {
        self.complete = true;
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        if !self.complete {
            self.state.counts.send_modify(|counts| counts.disconnects += 1);
        }
    }
}
