//! A service as an [`Embedder`].

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openclaw_http::EndpointError;
use reqwest::Method;
use tokio::sync::Semaphore;

use super::classify::Refused;
use super::dialect::Dialect;
use super::means::Means;
use super::senseless::Senseless;
use super::spec::{BatchApi, RemoteSpec};
use super::vectors::checked;
use super::wire::{Content, Repeat, Request, Wire};
use crate::batch::{BatchJobs, RemoteJobs};
use crate::cost::{Estimate, Mode};
use crate::tokens::{cut, estimate_tokens, groups};
use crate::{BatchLimits, EmbedError, Embedder, EmbedderId, Failure, Purpose, Reach, Vector};

/// Estimated tokens of one call, as OpenClaw 2026.2.9 has it (which counts each character as one). Small calls lose
/// little when they fail.
const CALL_TOKENS: u64 = 8_000;
/// Texts of one call: at the largest known vectors an answer stays below its limit of bytes.
const CALL_TEXTS: usize = 128;
/// Bytes of one call that the caller is asked to keep to: three to a token, as in most languages.
const CALL_BYTES: usize = 24_000;
/// Calls for documents at the same time: at a service, and at a server of one's own, which has one processor.
const CONCURRENCY: usize = 4;
const LOCAL_CONCURRENCY: usize = 2;
/// How long a person waits for a question, and nobody for an index.
const QUERY_LIMIT: Duration = Duration::from_secs(60);
const DOCUMENTS_LIMIT: Duration = Duration::from_secs(120);
/// A model on the processor of this machine takes its time.
const LOCAL_DOCUMENTS_LIMIT: Duration = Duration::from_secs(600);
/// A text that is refused as too long is halved until it is this short.
const SHORTEST_CUT: u64 = 200;
/// Services refuse an empty text; the place in the list is kept.
const EMPTY_TEXT: &str = ".";

/// A service that makes vectors.
pub struct RemoteEmbedder {
    dialect: Dialect,
    wire: Wire,
    id: EmbedderId,
    /// Dropped futures give their permit back.
    documents: Semaphore,
    /// Numbers of a vector, once known.
    dimensions: Arc<OnceLock<usize>>,
    jobs: Option<RemoteJobs>,
}

impl RemoteEmbedder {
    /// Nothing is sent before the first call.
    ///
    /// # Errors
    /// The address or a header cannot be used.
    pub fn new(spec: &RemoteSpec, means: Means) -> Result<Self, EndpointError> {
        let wire = Wire { endpoint: spec.endpoint()?, means };
        let id = EmbedderId {
            provider: spec.dialect.name(),
            model: spec.model.clone(),
            fingerprint: wire.endpoint.fingerprint(spec.dialect.name(), &spec.model),
        };
        let dimensions = Arc::new(OnceLock::new());
        let jobs = (spec.batch == BatchApi::Offered)
            .then(|| RemoteJobs::new(spec.dialect, wire.clone(), id.clone(), Arc::clone(&dimensions)));
        let is_local = wire.endpoint.is_loopback();
        let concurrency = if is_local { LOCAL_CONCURRENCY } else { CONCURRENCY };
        Ok(Self { dialect: spec.dialect, documents: Semaphore::new(concurrency), dimensions, wire, id, jobs })
    }

    async fn run(&self, purpose: Purpose, texts: &[String]) -> Result<Vec<Vector>, Failure> {
        // Questions take no permit, so that they overtake.
        let _permit = match purpose {
            Purpose::Query => None,
            Purpose::Document => self.documents.acquire().await.ok(),
        };
        let most = self.dialect.max_tokens();
        let texts: Vec<&str> = texts.iter().map(|text| readable(text, most)).collect();
        let mut vectors = Vec::with_capacity(texts.len());
        let max_texts = CALL_TEXTS.min(self.dialect.max_texts());
        for group in groups(&texts, max_texts, CALL_TOKENS) {
            vectors.extend(self.group(purpose, &texts[group]).await?);
        }
        Ok(vectors)
    }

    /// One call, with shorter texts as long as the service says that one is too long.
    async fn group(&self, purpose: Purpose, texts: &[&str]) -> Result<Vec<Vector>, Failure> {
        let longest = texts.iter().map(|text| estimate_tokens(text)).max().unwrap_or_default();
        let mut most = longest.min(self.dialect.max_tokens());
        loop {
            let short: Vec<&str> = texts.iter().map(|text| readable(text, most)).collect();
            match self.call(purpose, &short).await {
                Ok(answer) => return self.read(&answer, texts.len()),
                Err(Refused::TooLong(said)) if most / 2 < SHORTEST_CUT => return Err(Failure::Refused(said)),
                Err(Refused::TooLong(_)) => most /= 2,
                Err(Refused::Failed(failure)) => return Err(failure),
            }
        }
    }

    async fn call(&self, purpose: Purpose, texts: &[&str]) -> Result<Vec<u8>, Refused> {
        let unwritable = || Failure::Refused("the texts cannot be written as JSON".into());
        let body = self.dialect.encode(&self.id.model, purpose, texts).ok_or_else(unwritable)?;
        let limit = match purpose {
            Purpose::Query => QUERY_LIMIT,
            Purpose::Document if self.wire.endpoint.is_loopback() => LOCAL_DOCUMENTS_LIMIT,
            Purpose::Document => DOCUMENTS_LIMIT,
        };
        let request = Request {
            method: Method::POST,
            url: self.wire.endpoint.url(&self.dialect.path(&self.id.model)),
            content: Some(Content::json(body)),
            limit,
            purpose,
            tokens: texts.iter().map(|text| estimate_tokens(text)).sum(),
            repeat: Repeat::Passing,
        };
        self.wire.fetch(&request).await
    }

    fn read(&self, answer: &[u8], count: usize) -> Result<Vec<Vector>, Failure> {
        let malformed = |why: Senseless| Failure::Malformed(self.wire.endpoint.clean(&why.to_string()));
        let numbers = self.dialect.decode(answer, count).map_err(malformed)?;
        numbers.into_iter().map(|numbers| checked(numbers, &self.dimensions).map_err(malformed)).collect()
    }
}

impl Embedder for RemoteEmbedder {
    fn identity(&self) -> &EmbedderId {
        &self.id
    }

    fn limits(&self) -> BatchLimits {
        let is_local = self.wire.endpoint.is_loopback();
        BatchLimits {
            texts: CALL_TEXTS.min(self.dialect.max_texts()),
            bytes: CALL_BYTES,
            concurrency: if is_local { LOCAL_CONCURRENCY } else { CONCURRENCY },
        }
    }

    fn reach(&self) -> Reach {
        let endpoint = &self.wire.endpoint;
        if endpoint.is_loopback() { Reach::Server(endpoint.host()) } else { Reach::Service }
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        async move {
            let failed = |failure| EmbedError { embedder: self.id.to_string(), failure };
            self.run(purpose, &texts).await.map_err(failed)
        }
        .boxed()
    }

    fn batch(&self) -> Option<&dyn BatchJobs> {
        self.jobs.as_ref().map(|jobs| jobs as &dyn BatchJobs)
    }

    fn estimate(&self, texts: &[&str], mode: Mode) -> Estimate {
        if self.wire.endpoint.is_loopback() {
            return Estimate::free(texts);
        }
        Estimate::at_service(self.id.provider, &self.id.model, texts, mode)
    }
}

/// What is sent of a text: not too much, and never nothing.
pub(crate) fn readable(text: &str, most: u64) -> &str {
    let text = cut(text, most);
    if text.trim().is_empty() { EMPTY_TEXT } else { text }
}
