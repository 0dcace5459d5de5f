//! Who makes the vectors of one engine, and the loop that has passages embedded.
//!
//! Nothing here fails a search: without vectors, words answer, and the answer says why.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use openclaw_embed::{BatchLimits, EmbedError, Embedder, Failure, Purpose, Resolution, Vector};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::backend::Fallback;
use crate::engine::{Mailbox, Progress};
use crate::error::MemoryError;
use crate::open::Wanted;
use crate::vectors::Unembedded;
use crate::worker::{ByEmbedder, Missing, Request};

/// Below this confidence an answer says that nothing is clearly about the query.
pub(crate) const LOW_CONFIDENCE: f64 = 0.25;
/// How long a search waits for the vector of its query before it goes on with words alone.
const QUERY_WAIT: Duration = Duration::from_secs(15);
/// How long an embedder that failed is left alone: it has repeated its calls by itself already.
const REST: Duration = Duration::from_secs(30);
/// Passages that are embedded between two commits: little is lost with the power, and few commits are made.
const COMMIT_TEXTS: usize = 256;
/// Bytes of their texts.
const COMMIT_BYTES: usize = 256 * 1024;

/// Who turns text into vectors.
#[derive(Clone, Default)]
pub struct Embedders {
    /// Whose vectors are used.
    pub primary: Option<Arc<dyn Embedder>>,
    /// Who steps in when it fails.
    pub fallback: Option<Arc<dyn Embedder>>,
    /// What does not work as it was configured, in plain words.
    pub problem: Option<String>,
}

impl From<Resolution> for Embedders {
    fn from(resolution: Resolution) -> Self {
        let problems: Vec<String> = resolution.problems.iter().map(ToString::to_string).collect();
        // A missing primary is stood in for from the start.
        let (primary, fallback) = match resolution.primary {
            Some(primary) => (Some(primary), resolution.fallback),
            None => (resolution.fallback, None),
        };
        Self { primary, fallback, problem: (!problems.is_empty()).then(|| problems.join("; ")) }
    }
}

/// Passages with their vectors, and what went wrong with others.
type Outcome = (Vec<(Unembedded, Vector)>, Option<EmbedError>);

/// The state of one engine's embedders.
pub(crate) struct Embedding {
    embedders: Embedders,
    state: Mutex<State>,
    /// Whether the loop runs.
    running: AtomicBool,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
struct State {
    /// Who stepped in, and why.
    fallback: Option<Fallback>,
    /// Why the last passages got no vectors.
    failure: Option<String>,
    /// Texts that no embedder takes; they are left alone until the engine is made anew.
    refused: HashSet<String>,
    /// When an embedder that failed is asked again.
    rests_until: Option<Instant>,
}

/// The vector of a query, or why there is none.
#[derive(Default)]
pub(crate) struct QueryVector {
    pub(crate) vector: Option<ByEmbedder<Vector>>,
    pub(crate) degraded: Option<String>,
}

impl Embedding {
    pub(crate) fn new(embedders: Embedders) -> Self {
        Self {
            embedders,
            state: Mutex::default(),
            running: AtomicBool::new(false),
            progress: watch::Sender::new(Progress::default()),
        }
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Who is asked first, and who steps in.
    pub(crate) fn embedders(&self) -> &Embedders {
        &self.embedders
    }

    /// Provider and model as answers name them.
    pub(crate) fn names(&self, (_, embedded): (usize, usize)) -> (String, String) {
        match self.active() {
            Some(embedder) if embedded > 0 => {
                let id = embedder.identity();
                (id.provider.to_owned(), id.model.clone())
            }
            Some(_) | None => ("none".to_owned(), "words".to_owned()),
        }
    }

    /// Who stepped in.
    pub(crate) fn fallback(&self) -> Option<Fallback> {
        self.state().fallback.clone()
    }

    /// Why meaning is missing from answers, or from some passages.
    pub(crate) fn degraded(&self) -> Option<String> {
        let why = self.state().failure.clone().or_else(|| self.embedders.problem.clone());
        why.map(|why| format!("words only: {why}"))
    }

    /// The vector of a query.
    pub(crate) async fn query(&self, mailbox: &Mailbox, text: &str) -> QueryVector {
        let Some(embedder) = self.active().filter(|_| !self.rests()) else {
            return QueryVector { vector: None, degraded: self.degraded() };
        };
        let embed = embedder.embed(Purpose::Query, vec![text.to_owned()]);
        let failure = match tokio::time::timeout(QUERY_WAIT, embed).await {
            Ok(Ok(vectors)) => {
                let by = embedder.identity();
                let vector = vectors.into_iter().next().map(|made| ByEmbedder { by: by.clone(), made });
                return QueryVector { vector, degraded: self.degraded() };
            }
            Ok(Err(error)) => error,
            Err(_late) => EmbedError {
                embedder: embedder.identity().to_string(),
                failure: Failure::TimedOut(QUERY_WAIT),
            },
        };
        // A question that is refused, as too long or empty, says nothing about the embedder.
        if !matches!(failure.failure, Failure::Refused(_)) {
            self.failed(mailbox, &failure);
        }
        QueryVector { vector: None, degraded: Some(format!("words only: {failure}")) }
    }

    /// Has passages without vectors embedded, in the background. Does nothing while that goes on already.
    pub(crate) fn begin(self: &Arc<Self>, mailbox: &Arc<Mailbox>) {
        if self.active().is_none() || self.rests() || self.running.swap(true, Ordering::AcqRel) {
            return;
        }
        // Weak: the loop must not keep an engine alive that nobody has any more.
        let (embedding, mailbox) = (Arc::downgrade(self), Arc::downgrade(mailbox));
        tokio::spawn(async move {
            while let (Some(embedding), Some(mailbox)) = (embedding.upgrade(), mailbox.upgrade()) {
                match embedding.step(&mailbox).await {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(agent = %mailbox.agent_id(), %error, "memory cannot be embedded");
                        break;
                    }
                }
            }
            if let Some(embedding) = embedding.upgrade() {
                embedding.running.store(false, Ordering::Release);
            }
        });
    }

    /// Has all passages without vectors embedded and returns how many there were. What fails is left for another time.
    pub(crate) async fn finish(&self, mailbox: &Mailbox) -> Result<usize, MemoryError> {
        let mut embedded = 0;
        while let Some(step) = self.step(mailbox).await? {
            embedded += step;
        }
        Ok(embedded)
    }

    /// Has some passages embedded and kept; `None` when nothing is left, or nothing more can be done now.
    async fn step(&self, mailbox: &Mailbox) -> Result<Option<usize>, MemoryError> {
        let Some(embedder) = self.active() else { return Ok(None) };
        let except = self.state().refused.clone();
        let made = Wanted { texts: COMMIT_TEXTS, bytes: COMMIT_BYTES, except };
        let wanted = ByEmbedder { by: embedder.identity().clone(), made };
        let Missing { passages, left } = mailbox.ask(|reply| Request::Unembedded(wanted, reply)).await?;
        self.progress.send_modify(|progress| progress.left = left);
        if passages.is_empty() {
            return Ok(None);
        }
        let (vectors, failure) = self.embed(embedder.as_ref(), passages).await;
        let count = vectors.len();
        if count > 0 {
            let vectors = ByEmbedder { by: embedder.identity().clone(), made: vectors };
            mailbox.ask(|reply| Request::Remember(vectors, reply)).await?;
            self.progress.send_modify(|progress| {
                progress.embedded += count;
                progress.left = progress.left.saturating_sub(count);
            });
        }
        match failure {
            None => {
                let mut state = self.state();
                (state.failure, state.rests_until) = (None, None);
                Ok(Some(count))
            }
            Some(failure) => {
                let goes_on = self.failed(mailbox, &failure);
                Ok(goes_on.then_some(count))
            }
        }
    }

    /// The vectors of as many passages as possible, and the first failure.
    async fn embed(&self, embedder: &dyn Embedder, passages: Vec<Unembedded>) -> Outcome {
        let limits = embedder.limits();
        let calls = split(passages, limits).into_iter().map(|passages| self.call(embedder, passages));
        let mut done = futures_util::stream::iter(calls).buffered(limits.concurrency.max(1));
        let mut embedded = Vec::new();
        while let Some((vectors, failure)) = done.next().await {
            embedded.extend(vectors);
            if failure.is_some() {
                return (embedded, failure);
            }
        }
        (embedded, None)
    }

    /// One call. If it is refused, each text is asked for by itself, so that one of them does not keep out the others.
    async fn call(&self, embedder: &dyn Embedder, passages: Vec<Unembedded>) -> Outcome {
        match embed_texts(embedder, &passages).await {
            Ok(vectors) => (passages.into_iter().zip(vectors).collect(), None),
            Err(error) if !matches!(error.failure, Failure::Refused(_)) => (Vec::new(), Some(error)),
            Err(_) => self.one_by_one(embedder, passages).await,
        }
    }

    async fn one_by_one(&self, embedder: &dyn Embedder, passages: Vec<Unembedded>) -> Outcome {
        let mut embedded = Vec::new();
        for passage in passages {
            match embed_texts(embedder, std::slice::from_ref(&passage)).await {
                Ok(vectors) => embedded.extend(vectors.into_iter().map(|vector| (passage.clone(), vector))),
                Err(error) if matches!(error.failure, Failure::Refused(_)) => {
                    tracing::warn!(%error, "a passage is found by its words only");
                    self.state().refused.insert(passage.text);
                }
                Err(error) => return (embedded, Some(error)),
            }
        }
        (embedded, None)
    }

    /// Takes note of a failure. If somebody can step in, it is worth going on at once; else the embedder rests, so that
    /// not every search waits for it.
    fn failed(&self, mailbox: &Mailbox, error: &EmbedError) -> bool {
        {
            let mut state = self.state();
            state.failure = Some(error.to_string());
            state.rests_until = Some(Instant::now() + REST);
        }
        let Some(next) = self.embedders.fallback.as_ref().filter(|_| self.fallback().is_none()) else {
            return false;
        };
        tracing::warn!(agent = %mailbox.agent_id(), %error, next = %next.identity(), "embeddings fall back");
        *self.state() = State {
            fallback: Some(Fallback { from: error.embedder.clone(), reason: error.failure.to_string() }),
            ..State::default()
        };
        true
    }

    /// Whether the embedder failed a moment ago.
    fn rests(&self) -> bool {
        self.state().rests_until.is_some_and(|until| Instant::now() < until)
    }

    pub(crate) fn active(&self) -> Option<Arc<dyn Embedder>> {
        let stepped_in = self.state().fallback.is_some();
        if stepped_in { self.embedders.fallback.clone() } else { self.embedders.primary.clone() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Only ever held for a few moves of values, so that a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passages in calls that an embedder takes.
fn split(passages: Vec<Unembedded>, limits: BatchLimits) -> Vec<Vec<Unembedded>> {
    let mut calls: Vec<Vec<Unembedded>> = Vec::new();
    let mut bytes = 0;
    for passage in passages {
        let size = passage.text.len();
        match calls.last_mut() {
            Some(call) if call.len() < limits.texts && bytes + size <= limits.bytes => {
                bytes += size;
                call.push(passage);
            }
            Some(_) | None => {
                bytes = size;
                calls.push(vec![passage]);
            }
        }
    }
    calls
}

async fn embed_texts(embedder: &dyn Embedder, passages: &[Unembedded]) -> Result<Vec<Vector>, EmbedError> {
    let texts = passages.iter().map(|passage| passage.text.clone()).collect();
    embedder.embed(Purpose::Document, texts).await
}
