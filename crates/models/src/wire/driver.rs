//! Performs a model call: sends the request, waits within the time limits, repeats what may pass, feeds the decoder.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Response};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::api::{Api, Decoder, Refusal};
use super::endpoint::Endpoint;
use super::frames::{Frames, Framing};
use super::tap::{self, Tapped};
use crate::{
    CallPolicy, ChatModel, Malformed, ModelError, ModelEvent, ModelInfo, ModelRequest, TimeoutKind,
    Unreachable,
};
use openclaw_http::{GuardedHttp, host_and_port, retry_after, why_unreachable};

/// Largest body of one answer, in bytes: far beyond any output limit (128,000 tokens at about 200 bytes of JSON per
/// token make 25 MB), small enough to survive.
pub const MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;
/// How long the end of a body may take after the last event before the connection is closed instead of kept.
const DRAIN: Duration = Duration::from_secs(1);
/// How much of an error body is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// A model behind any wire API.
#[derive(Clone)]
pub struct RemoteChat {
    api: &'static dyn Api,
    info: Arc<ModelInfo>,
    endpoint: Arc<Endpoint>,
    http: Arc<GuardedHttp>,
    policy: CallPolicy,
    /// Set when the model refused the effort that it was told: it is not told any more.
    untold: Arc<AtomicBool>,
}

impl RemoteChat {
    /// A model at `endpoint`, which was made for the same API and model. The connect limit is the client's own.
    #[must_use]
    pub fn new(
        api: &'static dyn Api,
        info: ModelInfo,
        endpoint: Endpoint,
        http: Arc<GuardedHttp>,
        policy: CallPolicy,
    ) -> Self {
        let untold = Arc::default();
        Self { api, info: Arc::new(info), endpoint: Arc::new(endpoint), http, policy, untold }
    }
}

impl ChatModel for RemoteChat {
    fn describe(&self) -> &ModelInfo {
        &self.info
    }

    fn stream(
        &self,
        mut request: ModelRequest,
        abort: CancellationToken,
    ) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        if self.untold.load(Ordering::Relaxed) {
            request.thinking = None;
        }
        let body = self.api.encode(&request, &self.info);
        let mut call = Call {
            model: self.clone(),
            body: Bytes::new(),
            told: (self.info.reasoning && request.thinking.is_some()).then_some(request),
            abort,
            phase: Phase::Begin,
            ready: VecDeque::new(),
            failed_attempts: 0,
            output_begun: false,
        };
        match body {
            Ok(body) => call.body = Bytes::from(body),
            Err(_) => call.phase = Phase::Fail(call.model.info.malformed(Malformed::Request)),
        }
        stream::unfold(call, |mut call| async move { call.next().await.map(|item| (item, call)) }).boxed()
    }
}

/// One model call in progress.
struct Call {
    model: RemoteChat,
    body: Bytes,
    /// The request, if it tells how hard to think and was not refused for that.
    told: Option<ModelRequest>,
    abort: CancellationToken,
    phase: Phase,
    /// Decoded and not yet taken.
    ready: VecDeque<ModelEvent>,
    failed_attempts: usize,
    output_begun: bool,
}

enum Phase {
    /// Nothing is sent yet, or the last attempt failed and may be repeated.
    Begin,
    Reading(Box<Reading>),
    Fail(ModelError),
    Over,
}

/// An answer being read.
struct Reading {
    response: Response,
    parser: Frames,
    decoder: Box<dyn Decoder>,
    bytes_read: usize,
    /// Set until the first piece of the body.
    first_byte_by: Option<Instant>,
}

impl Call {
    /// The next item; nothing after the end or an error.
    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if matches!(self.phase, Phase::Over) && self.ready.is_empty() {
                return None;
            }
            if self.abort.is_cancelled() {
                return self.end(ModelError::Aborted);
            }
            if let Some(event) = self.ready.pop_front() {
                self.output_begun |= !matches!(event, ModelEvent::Usage(_));
                return Some(Ok(event));
            }
            let abort = self.abort.clone();
            let step = tokio::select! {
                biased;
                () = abort.cancelled() => Err(ModelError::Aborted),
                step = self.advance() => step,
            };
            match step {
                Ok(()) => {}
                Err(error) => match self.recover(&error).await {
                    Recovery::Repeat => self.phase = Phase::Begin,
                    Recovery::GiveUp => return self.end(error),
                    Recovery::Aborted => return self.end(ModelError::Aborted),
                },
            }
        }
    }

    /// Dropping the phase drops the connection.
    fn end(&mut self, error: ModelError) -> Option<Result<ModelEvent, ModelError>> {
        self.phase = Phase::Over;
        self.ready.clear();
        Some(Err(error))
    }

    async fn advance(&mut self) -> Result<(), ModelError> {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Over => {}
            Phase::Fail(error) => return Err(error),
            Phase::Begin => {
                self.phase = match self.model.begin(self.body.clone()).await {
                    Ok(reading) => {
                        self.told = None;
                        Phase::Reading(Box::new(reading))
                    }
                    Err(refused) => {
                        self.forget_effort(refused)?;
                        Phase::Begin
                    }
                };
            }
            Phase::Reading(mut reading) => {
                let (events, outcome) = reading.advance(&self.model).await;
                let done = matches!(events.last(), Some(ModelEvent::Done(_)));
                self.ready.extend(events);
                self.phase = match outcome {
                    // What was said before a fault is delivered first.
                    Err(error) => Phase::Fail(error),
                    Ok(()) if done => {
                        reading.release();
                        Phase::Over
                    }
                    Ok(()) => Phase::Reading(reading),
                };
            }
        }
        Ok(())
    }

    /// Prepares the same request without an effort, if that is what was refused.
    fn forget_effort(&mut self, refused: NotBegun) -> Result<(), ModelError> {
        let told = self.told.take().filter(|_| refused.is_of_effort);
        let Some(request) = told else { return Err(refused.error) };
        let request = ModelRequest { thinking: None, ..request };
        let body = self.model.api.encode(&request, &self.model.info);
        self.body = Bytes::from(body.map_err(|_| self.model.info.malformed(Malformed::Request))?);
        self.model.untold.store(true, Ordering::Relaxed);
        tracing::info!(error = %refused.error, "the model does not know the effort of thinking; it is asked without");
        Ok(())
    }

    /// Waits before a repetition, if there is to be one: never after output began, because the user saw it.
    async fn recover(&mut self, error: &ModelError) -> Recovery {
        self.failed_attempts += 1;
        if self.output_begun || !self.ready.is_empty() {
            return Recovery::GiveUp;
        }
        let Some(pause) = self.model.policy.retries.pause(self.failed_attempts, error) else {
            return Recovery::GiveUp;
        };
        tracing::info!(%error, pause_ms = pause.as_millis(), "model call failed, trying again");
        tokio::select! {
            biased;
            () = self.abort.cancelled() => Recovery::Aborted,
            () = tokio::time::sleep(pause) => Recovery::Repeat,
        }
    }
}

/// Why a request brought no answer.
struct NotBegun {
    error: ModelError,
    /// Whether it was refused for the effort of thinking alone.
    is_of_effort: bool,
}

impl From<ModelError> for NotBegun {
    fn from(error: ModelError) -> Self {
        Self { error, is_of_effort: false }
    }
}

enum Recovery {
    Repeat,
    GiveUp,
    Aborted,
}

impl RemoteChat {
    fn provider(&self) -> Arc<str> {
        Arc::clone(&self.info.provider)
    }

    fn unreachable(&self, why: Unreachable) -> ModelError {
        ModelError::Unreachable { provider: self.provider(), host: host_and_port(&self.endpoint.url), why }
    }

    fn timed_out(&self, kind: TimeoutKind) -> ModelError {
        let after = match kind {
            TimeoutKind::Connect => self.http.connect_timeout(),
            TimeoutKind::FirstByte => self.policy.timeouts.first_byte,
            TimeoutKind::Idle => self.policy.timeouts.idle,
        };
        ModelError::Timeout { provider: self.provider(), kind, after }
    }

    /// Sends the request and judges the head of the answer.
    async fn begin(&self, body: Bytes) -> Result<Reading, NotBegun> {
        let first_byte_by = Instant::now() + self.policy.timeouts.first_byte;
        let request = self.http.request(Method::POST, &self.endpoint.url).await;
        let request = request.map_err(|_| self.unreachable(Unreachable::ClientSetup))?;
        tap::know(self.endpoint.redactor.secrets());
        tap::note(|| Tapped::asked(&self.endpoint.url, &body));
        let sent = request.headers(self.endpoint.headers.clone()).body(body).send();
        let sent =
            timeout_at(first_byte_by, sent).await.map_err(|_| self.timed_out(TimeoutKind::FirstByte))?;
        let response = sent.map_err(|error| {
            if error.is_timeout() {
                self.timed_out(TimeoutKind::Connect)
            } else {
                self.unreachable(why_unreachable(&error))
            }
        })?;
        tap::note(|| Tapped::answered(&response));
        if response.status() != reqwest::StatusCode::OK {
            return Err(self.refusal(response).await);
        }
        if self.api.framing() == Framing::Events && !is_event_stream(response.headers()) {
            return Err(self.not_a_stream(response).await.into());
        }
        Ok(Reading {
            response,
            parser: Frames::new(self.api.framing()),
            decoder: self.api.decoder(Arc::clone(&self.info), self.endpoint.redactor.clone()),
            bytes_read: 0,
            first_byte_by: Some(first_byte_by),
        })
    }

    async fn refusal(&self, response: Response) -> NotBegun {
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers(), jiff::Timestamp::now());
        let body = self.error_body(response).await;
        let refusal = Refusal { status, retry_after, body: &body };
        let error = self.api.classify(refusal, &self.info, &self.endpoint.redactor);
        let is_of_effort = matches!(error, ModelError::BadRequest { .. }) && self.api.refuses_effort(&body);
        NotBegun { error, is_of_effort }
    }

    /// Status 200 and no event stream: some gateways report failures so.
    async fn not_a_stream(&self, response: Response) -> ModelError {
        let body = self.error_body(response).await;
        let error = self.api.classify(Refusal::in_stream(&body), &self.info, &self.endpoint.redactor);
        let undecided = matches!(error, ModelError::BadRequest { .. });
        if undecided { self.info.malformed(Malformed::NotEventStream) } else { error }
    }

    /// As much of the body as comes in time; an error without its body is still an error.
    async fn error_body(&self, mut response: Response) -> Vec<u8> {
        let until = Instant::now() + self.policy.timeouts.idle;
        let mut body = Vec::new();
        while let Ok(Ok(Some(piece))) = timeout_at(until, response.chunk()).await {
            tap::note(|| Tapped::piece(&piece));
            let room = MAX_ERROR_BYTES - body.len();
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if body.len() >= MAX_ERROR_BYTES {
                break;
            }
        }
        body
    }
}

impl Reading {
    /// Reads one piece of the body: its events, and the fault that follows them, if any.
    async fn advance(&mut self, model: &RemoteChat) -> (Vec<ModelEvent>, Result<(), ModelError>) {
        let (until, kind) = match self.first_byte_by.take() {
            Some(until) => (until, TimeoutKind::FirstByte),
            None => (Instant::now() + model.policy.timeouts.idle, TimeoutKind::Idle),
        };
        let mut events = Vec::new();
        let outcome = match timeout_at(until, self.response.chunk()).await {
            Err(_) => Err(model.timed_out(kind)),
            Ok(Ok(Some(piece))) => self.decode(&piece, model, &mut events),
            // A broken connection is an answer that ended early, which the decoder forgives if all was said.
            Ok(Ok(None) | Err(_)) => self.finish(&mut events),
        };
        (events, outcome)
    }

    fn decode(
        &mut self,
        piece: &[u8],
        model: &RemoteChat,
        events: &mut Vec<ModelEvent>,
    ) -> Result<(), ModelError> {
        tap::note(|| Tapped::piece(piece));
        self.bytes_read += piece.len();
        if self.bytes_read > MAX_RESPONSE_BYTES {
            return Err(model.info.malformed(Malformed::ResponseTooLarge));
        }
        let data = self.parser.push(piece).map_err(|_| model.info.malformed(Malformed::EventTooLarge))?;
        for data in data {
            events.extend(self.decoder.push(&data)?);
        }
        Ok(())
    }

    fn finish(&mut self, events: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        if let Some(data) = self.parser.finish() {
            events.extend(self.decoder.push(&data)?);
        }
        events.extend(self.decoder.finish()?);
        Ok(())
    }

    /// Lets the connection be used again: it goes back to the pool when its body is read to the end, and the end
    /// comes just after the last event.
    fn release(mut self) {
        drop(tokio::spawn(async move {
            // Whatever comes, or nothing: the connection is then closed instead.
            tokio::time::timeout(DRAIN, self.response.chunk()).await.is_ok()
        }));
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    kind.to_str().is_ok_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"))
}
