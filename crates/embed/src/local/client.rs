//! The embedder.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{oneshot, watch};

use super::download::Progress;
use super::program::{Program, ProgramMissing};
use super::queue::Job;
use super::source::ModelSource;
use super::supervisor::{Board, Event, Stage, Supervisor};
use crate::embedder::{BatchLimits, Embedder, EmbedderId, Purpose, Reach, Readiness, Vector};
use crate::error::{EmbedError, Failure};

/// The name of the provider in the configuration.
const PROVIDER: &str = "local";
/// What the longest text keeps. The program reads at most 768 tokens, and few tokens have more bytes than 32.
const MAX_TEXT_BYTES: usize = 24 * 1024;

/// How long things may take, and how long the program stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the call to the vector of a query.
    pub query: Duration,
    /// For a few documents.
    pub documents: Duration,
    /// From the start of the program to its hello.
    pub start: Duration,
    /// Without a call, before the program is ended and its memory comes back.
    pub idle: Duration,
}

impl Default for Limits {
    /// The first two are OpenClaw's (`EMBEDDING_QUERY_TIMEOUT_LOCAL_MS`, `EMBEDDING_BATCH_TIMEOUT_LOCAL_MS`).
    fn default() -> Self {
        Self {
            query: Duration::from_secs(5 * 60),
            documents: Duration::from_secs(10 * 60),
            start: Duration::from_secs(2 * 60),
            idle: Duration::from_secs(5 * 60),
        }
    }
}

/// A GGUF model that `openclaw-local` runs. Nothing is started, read or downloaded before the first call.
pub struct LocalModel {
    identity: EmbedderId,
    events: Sender<Event>,
    progress: watch::Receiver<Progress>,
    stage: watch::Receiver<Stage>,
    /// Until the first call.
    asleep: Mutex<Option<(Supervisor, Receiver<Event>)>>,
}

impl LocalModel {
    /// The model of `source`, with the program that `find` finds whenever it is started: [`Program::find`].
    #[must_use]
    pub fn new(
        source: ModelSource,
        find: impl Fn() -> Result<Program, ProgramMissing> + Send + 'static,
    ) -> Self {
        Self::with_limits(source, find, Limits::default())
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(
        source: ModelSource,
        find: impl Fn() -> Result<Program, ProgramMissing> + Send + 'static,
        limits: Limits,
    ) -> Self {
        let identity = EmbedderId {
            provider: PROVIDER,
            model: source.reference.to_string(),
            fingerprint: source.fingerprint(),
        };
        let (events, inbox) = channel();
        let (report, progress) = watch::channel(Progress::default());
        let (tell, stage) = watch::channel(Stage::Starting);
        let supervisor = Supervisor {
            source: Arc::new(source),
            find: Box::new(find),
            limits,
            progress: Arc::new(report),
            stage: tell,
            events: events.clone(),
            board: Board::default(),
        };
        Self { identity, events, progress, stage, asleep: Mutex::new(Some((supervisor, inbox))) }
    }

    fn wake(&self) -> Result<(), Failure> {
        let mut asleep = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((supervisor, inbox)) = asleep.take() else { return Ok(()) };
        let thread = std::thread::Builder::new().name("local-model".to_owned());
        let started = thread.spawn(move || supervisor.run(&inbox));
        started
            .map(drop)
            .map_err(|error| Failure::Unavailable(format!("no thread for the local model: {error}")))
    }

    async fn vectors(&self, purpose: Purpose, texts: Vec<String>) -> Result<Vec<Vector>, Failure> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        self.wake()?;
        let texts = texts.into_iter().map(cut).collect();
        let (answer, answered) = oneshot::channel();
        let gone =
            || Failure::Unavailable("the thread of the local model is gone; restart openclaw".to_owned());
        self.events.send(Event::Job(Job::new(purpose, texts, answer))).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Embedder for LocalModel {
    fn identity(&self) -> &EmbedderId {
        &self.identity
    }

    fn reach(&self) -> Reach {
        Reach::Here
    }

    fn readiness(&self) -> Readiness {
        match *self.stage.borrow() {
            Stage::Starting => Readiness::Starting,
            Stage::Fetching => Readiness::Downloading(*self.progress.borrow()),
            Stage::Running => Readiness::Ready,
        }
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits { texts: 64, bytes: 64 * 1024, concurrency: 1 }
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        Box::pin(async move {
            let vectors = self.vectors(purpose, texts).await;
            vectors.map_err(|failure| EmbedError { embedder: self.identity.to_string(), failure })
        })
    }
}

impl Drop for LocalModel {
    fn drop(&mut self) {
        // The thread ends the program; if it never started, there is nothing to end.
        self.events.send(Event::Stop).ok();
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    text
}
