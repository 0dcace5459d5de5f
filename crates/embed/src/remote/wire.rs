//! One exchange with a service: limits on time, size and money, and repetition of what may pass.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use openclaw_guard::random_hex;
use openclaw_http::{retry_after, why_unreachable};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Response, Url};

use super::classify::{Refusal, Refused, classify};
use super::endpoint::Endpoint;
use super::means::Means;
use super::retry::Retries;
use crate::{Failure, Purpose};

/// Largest answer that is kept as a whole: 128 vectors of 4,096 numbers at 25 bytes of JSON make 13 MB.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// How much of an error body is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// What stays of 256 values of chance.
const CHANCES: f64 = 255.0;

/// What is sent.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Nothing when the service named something that leads elsewhere.
    pub(crate) url: Option<Url>,
    pub(crate) content: Option<Content>,
    /// How long one attempt may take.
    pub(crate) limit: Duration,
    pub(crate) purpose: Purpose,
    /// Estimated tokens that are paid for.
    pub(crate) tokens: u64,
    pub(crate) repeat: Repeat,
}

/// A body.
#[derive(Clone)]
pub(crate) struct Content {
    pub(crate) kind: HeaderValue,
    pub(crate) body: Bytes,
}

impl Content {
    pub(crate) fn json(body: Vec<u8>) -> Self {
        Self { kind: HeaderValue::from_static("application/json"), body: Bytes::from(body) }
    }
}

/// What may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// A request that does the same when it is done twice.
    Passing,
    /// One that would make a second thing to pay for: only when the service said that it did not do it.
    Refused,
}

/// The way to one service.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) endpoint: Endpoint,
    pub(crate) means: Means,
}

impl Wire {
    /// The whole answer.
    pub(crate) async fn fetch(&self, request: &Request) -> Result<Vec<u8>, Refused> {
        let mut failed = 0;
        loop {
            let refused = match self.within(request.limit, self.exchange(request)).await {
                Ok(answer) => return Ok(answer),
                Err(refused) => refused,
            };
            failed += 1;
            self.pause(request, failed, refused).await?;
        }
    }

    /// An answer whose body is still to be read.
    pub(crate) async fn open(&self, request: &Request) -> Result<Response, Refused> {
        let mut failed = 0;
        loop {
            let refused = match self.within(request.limit, self.begin(request)).await {
                Ok(response) => return Ok(response),
                Err(refused) => refused,
            };
            failed += 1;
            self.pause(request, failed, refused).await?;
        }
    }

    /// The next piece of a body, or nothing at its end.
    pub(crate) async fn piece(&self, from: &mut Response, limit: Duration) -> Result<Option<Bytes>, Failure> {
        let piece = async { from.chunk().await.map_err(|error| Refused::from(unreachable(&error))) };
        self.within(limit, piece).await.map_err(Failure::from)
    }

    async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Refused>>,
    ) -> Result<T, Refused> {
        match select(pin!(work), self.means.timer.deadline(limit)).await {
            Either::Left((done, _)) => done,
            Either::Right(((), _)) => Err(Failure::TimedOut(limit).into()),
        }
    }

    /// Waits for the next attempt, or gives the refusal back when there is none.
    async fn pause(&self, request: &Request, failed: u32, refused: Refused) -> Result<(), Refused> {
        let Refused::Failed(failure) = &refused else { return Err(refused) };
        let was_done_maybe = matches!(failure, Failure::Unreachable(_) | Failure::TimedOut(_));
        if request.repeat == Repeat::Refused && was_done_maybe {
            return Err(refused);
        }
        let Some(pause) = Retries::of(request.purpose).pause(failed, failure, chance()) else {
            return Err(refused);
        };
        tracing::debug!(host = self.endpoint.host(), failed, %failure, "embedding call is repeated");
        self.means.timer.pause(pause).await;
        Ok(())
    }

    async fn exchange(&self, request: &Request) -> Result<Vec<u8>, Refused> {
        let mut response = self.begin(request).await?;
        let mut answer = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if answer.len() + piece.len() > MAX_ANSWER_BYTES {
                return Err(Failure::Malformed("it is longer than 32 MiB".into()).into());
            }
            answer.extend_from_slice(&piece);
        }
        Ok(answer)
    }

    /// Sends the request and checks the status.
    async fn begin(&self, request: &Request) -> Result<Response, Refused> {
        let Some(url) = &request.url else {
            return Err(Failure::Malformed("it names a file at another place".into()).into());
        };
        self.means.budget.take(request.purpose, request.tokens, self.means.clock.now_ms())?;
        let setup = |_| Failure::Unavailable(openclaw_http::SetupFailed.to_string());
        let builder = self.means.http.request(request.method.clone(), url).await.map_err(setup)?;
        let mut builder = builder.headers(self.endpoint.headers().clone());
        if let Some(content) = &request.content {
            builder = builder.header(CONTENT_TYPE, content.kind.clone()).body(content.body.clone());
        }
        let response = builder.send().await.map_err(|error| unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refusal(response).await)
    }

    async fn refusal(&self, mut response: Response) -> Refused {
        let now = jiff::Timestamp::from_millisecond(self.means.clock.now_ms()).unwrap_or_default();
        let retry_after = retry_after(response.headers(), now);
        let status = response.status().as_u16();
        let mut body = Vec::new();
        // A body that breaks off says less, and the status is enough.
        while let Ok(Some(piece)) = response.chunk().await {
            body.extend_from_slice(&piece[..piece.len().min(MAX_ERROR_BYTES - body.len())]);
            if body.len() == MAX_ERROR_BYTES {
                break;
            }
        }
        classify(Refusal { status, retry_after, body: &body }, |text| self.endpoint.clean(text))
    }
}

fn unreachable(error: &reqwest::Error) -> Failure {
    Failure::Unreachable(why_unreachable(error).to_string())
}

/// A number in 0..=1; the middle when the system has no chance to give.
fn chance() -> f64 {
    let byte = random_hex(1).ok().and_then(|hex| u8::from_str_radix(&hex, 16).ok());
    byte.map_or(0.5, |byte| f64::from(byte) / CHANCES)
}
