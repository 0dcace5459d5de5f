//! The built-in engine: a handle on the worker thread of one agent, and on who makes its vectors.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_embed::Embedder;
use openclaw_guard::{Clock, PathComponent, Root};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::backend::{Answer, LineRange, MemoryBackend, Passage, Query, Status, SyncReason, SyncReport};
use crate::embedding::{Embedders, Embedding, LOW_CONFIDENCE, Spending};
use crate::error::MemoryError;
use crate::freshness::{Freshness, SyncOptions};
use crate::index::IndexError;
use crate::open::OpenIndex;
use crate::recovery::Recovery;
use crate::sources::{SourceOptions, Sources};
use crate::watch::Wake;
use crate::weighted::Fusion;
use crate::worker::{Request, Worker};

/// Requests that may wait: more than one agent's sub-agents ask at once, far fewer than would take a second.
const MAX_WAITING: usize = 64;

/// What an [`Engine`] needs to know.
pub struct EngineOptions {
    /// Whose memory; names the index file.
    pub agent_id: PathComponent,
    /// The agent's workspace.
    pub workspace: Arc<Root>,
    /// The index file, see [`EngineOptions::database_in`].
    pub database: PathBuf,
    /// More files and folders of notes, absolute or relative to the workspace.
    pub extra_paths: Vec<PathBuf>,
    /// What is searched besides the notes, or instead of them.
    pub sources: SourceOptions,
    /// When the index is brought up to date.
    pub sync: SyncOptions,
    /// Who turns text into vectors.
    pub embedders: Embedders,
    /// Most vectors kept for text that comes back; no limit if absent.
    pub cache_entries: Option<usize>,
    /// How words and meaning are brought together.
    pub fusion: Fusion,
    /// What is configured and has no effect, and why, in plain words; the status says it.
    pub ignored: Vec<String>,
    /// The wall clock; file times are compared with it.
    pub clock: Arc<dyn Clock>,
}

impl EngineOptions {
    /// The notes of one workspace, found by words; the index lies under the state directory.
    #[must_use]
    pub fn new(
        agent_id: PathComponent,
        workspace: Arc<Root>,
        state_dir: &Path,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            database: Self::database_in(state_dir, &agent_id),
            agent_id,
            workspace,
            extra_paths: Vec::new(),
            sources: SourceOptions::default(),
            sync: SyncOptions::default(),
            embedders: Embedders::default(),
            cache_entries: None,
            fusion: Fusion::default(),
            ignored: Vec::new(),
            clock,
        }
    }

    /// Where the index of an agent lies under the state directory: `memory/<agentId>.sqlite`.
    #[must_use]
    pub fn database_in(state_dir: &Path, agent_id: &PathComponent) -> PathBuf {
        state_dir.join("memory").join(format!("{agent_id}.sqlite"))
    }
}

/// The memory of one agent: search by words and meaning over its Markdown notes.
///
/// Making one costs nothing: the thread and the index file come with the first request.
pub struct Engine {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) embedding: Arc<Embedding>,
}

impl Engine {
    /// An engine that has not started.
    #[must_use]
    pub fn new(options: EngineOptions) -> Self {
        let embedding = Arc::new(Embedding::new(options.embedders.clone()));
        let mailbox = Arc::new_cyclic(|own| Mailbox {
            options,
            sender: Mutex::new(None),
            own: Weak::clone(own),
            embedding: Arc::downgrade(&embedding),
        });
        Self { mailbox, embedding }
    }

    /// How the embedding of passages gets on, for a progress bar.
    #[must_use]
    pub fn progress(&self) -> tokio::sync::watch::Receiver<Progress> {
        self.embedding.progress()
    }

    /// Brings the words of the index up to date. Nothing is embedded, and so nothing is sent anywhere.
    ///
    /// # Errors
    /// The index cannot be used, or the worker stopped.
    pub async fn read_notes(&self) -> Result<SyncReport, MemoryError> {
        self.mailbox.ask(|reply| Request::Sync(SyncReason::Requested, reply)).await
    }

    /// Whether a search takes in what has changed.
    #[must_use]
    pub fn reads_on_search(&self) -> bool {
        self.mailbox.options.sync.on_search
    }

    /// Whether who makes the vectors may want money.
    #[must_use]
    pub fn may_cost(&self) -> bool {
        self.embedding.may_cost()
    }

    /// What a sync would send to a service that may cost money, as far as notes are read; nothing when it costs nothing.
    ///
    /// # Errors
    /// The index cannot be used, or the worker stopped.
    pub async fn spending(&self, why: SyncReason) -> Result<Option<Spending>, MemoryError> {
        self.embedding.spending(&self.mailbox, why).await
    }

    async fn answer(&self, query: Query) -> Result<Answer, MemoryError> {
        let vector = self.embedding.query(&self.mailbox, &query.text).await;
        let ask = |reply| Request::Search(query, vector.vector, reply);
        let searched = self.mailbox.ask(ask).await?;
        self.embedding.begin(&self.mailbox);
        let found = searched.found;
        let mut notes: Vec<String> = searched.stale.iter().cloned().collect();
        if found.confidence < LOW_CONFIDENCE {
            notes.push("nothing in memory is clearly about this".to_owned());
        }
        let (provider, model) = self.embedding.names(searched.embedded);
        Ok(Answer {
            results: found.hits,
            provider,
            model,
            fallback: self.embedding.fallback(),
            confidence: found.confidence,
            stale: searched.stale.is_some(),
            degraded: searched.degraded.or(vector.degraded),
            note: (!notes.is_empty()).then(|| notes.join("; ")),
            days: found.days,
        })
    }

    async fn state(&self) -> Result<Status, MemoryError> {
        let totals = self.mailbox.ask(Request::Totals).await?;
        let (provider, model) = self.embedding.names(totals.embedded);
        Ok(Status {
            agent_id: self.mailbox.agent_id(),
            backend: "builtin",
            provider,
            model,
            fallback: self.embedding.fallback(),
            degraded: self.embedding.degraded().or_else(|| self.embedding.without_jobs()),
            download: self.download(),
            jobs: self.embedding.see_jobs(&self.mailbox).await?,
            database: self.mailbox.options.database.clone(),
            files: totals.files,
            windows: totals.windows,
            passages: totals.embedded.0,
            embedded: totals.embedded.1,
            cached: totals.cached,
            weight: totals.weight,
            dirty: totals.dirty,
            skipped: totals.skipped,
            ignored: self.mailbox.options.ignored.clone(),
            recovered: totals.recovered,
        })
    }

    async fn bring_up_to_date(&self, why: SyncReason) -> Result<SyncReport, MemoryError> {
        if why == SyncReason::SessionStart && !self.mailbox.options.sync.on_session_start {
            return Ok(SyncReport::default());
        }
        let mut report = self.mailbox.ask(move |reply| Request::Sync(why, reply)).await?;
        match why {
            SyncReason::Requested | SyncReason::Rebuild => {
                report.embedded += self.embedding.finish(&self.mailbox).await?;
                report.degraded = self.embedding.degraded().or_else(|| self.embedding.without_jobs());
            }
            SyncReason::SessionStart | SyncReason::Written => self.embedding.begin(&self.mailbox),
        }
        Ok(report)
    }
}

/// How far the embedding of passages is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Passages embedded since the engine was made.
    pub embedded: usize,
    /// Passages that are known to be left.
    pub left: usize,
    /// Those of them that are in batch jobs.
    pub in_jobs: usize,
}

impl MemoryBackend for Engine {
    fn search(&self, query: Query) -> BoxFuture<'_, Result<Answer, MemoryError>> {
        self.answer(query).boxed()
    }

    fn read(&self, range: LineRange) -> BoxFuture<'_, Result<Passage, MemoryError>> {
        self.mailbox.ask(|reply| Request::Read(range, reply)).boxed()
    }

    fn status(&self) -> BoxFuture<'_, Result<Status, MemoryError>> {
        self.state().boxed()
    }

    fn sync(&self, why: SyncReason) -> BoxFuture<'_, Result<SyncReport, MemoryError>> {
        self.bring_up_to_date(why).boxed()
    }
}

/// The way to the worker thread, which is started when somebody asks.
pub(crate) struct Mailbox {
    pub(crate) options: EngineOptions,
    /// The worker ends by itself when this goes with the engine, and with the worker the watch.
    sender: Mutex<Option<Arc<SyncSender<Request>>>>,
    own: Weak<Self>,
    embedding: Weak<Embedding>,
}

impl Mailbox {
    pub(crate) fn agent_id(&self) -> String {
        self.options.agent_id.as_str().to_owned()
    }

    pub(crate) async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, MemoryError>>) -> Request,
    ) -> Result<T, MemoryError> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply))?;
        answer.await.unwrap_or_else(|_gone| Err(MemoryError::Stopped { agent_id: self.agent_id() }))
    }

    /// Hands a request to the worker, which is started if there is none, or none any more.
    fn send(&self, request: Request) -> Result<(), MemoryError> {
        // The lock only ever guards a few moves of a value, so that a poisoned one is still whole.
        let mut sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = match sender.as_ref() {
            Some(worker) => worker.try_send(request),
            None => Err(TrySendError::Disconnected(request)),
        };
        match sent {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(MemoryError::Busy { agent_id: self.agent_id() }),
            Err(TrySendError::Disconnected(request)) => {
                let worker = self.start()?;
                let sent = worker.try_send(request);
                *sender = Some(worker);
                sent.map_err(|_| MemoryError::Stopped { agent_id: self.agent_id() })
            }
        }
    }

    /// Has the worker do something on the index with the vectors of one embedder.
    pub(crate) async fn with_vectors<T: Send + 'static>(
        &self,
        embedder: &dyn Embedder,
        work: impl Fn(&mut OpenIndex, i64) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, MemoryError> {
        let by = embedder.identity().clone();
        let asked = |reply: oneshot::Sender<Result<T, MemoryError>>| {
            Request::Do(Box::new(move |worker| drop(reply.send(worker.with_vectors(by, work)))))
        };
        self.ask(asked).await
    }

    fn start(&self) -> Result<Arc<SyncSender<Request>>, MemoryError> {
        let (sender, receiver) = sync_channel(MAX_WAITING);
        let sender = Arc::new(sender);
        let options = &self.options;
        let fresh = Freshness::new(self.agent_id(), options.sync, Instant::now());
        let wake = wake(&sender, fresh.rung());
        let worker = Worker {
            agent_id: self.agent_id(),
            database: options.database.clone(),
            fresh,
            sources: Arc::new(Sources::of(options)),
            clock: Arc::clone(&options.clock),
            embedder: options.embedders.primary.as_ref().map(|primary| primary.identity().clone()),
            cache_entries: options.cache_entries,
            fusion: options.fusion,
            open: None,
            shelter: None,
            job: None,
            folder: options.workspace.number(),
            indexed: self.embed_when_indexed(),
            file: None,
            skipped: Vec::new(),
            is_untidy: false,
            recovery: Recovery::default(),
        };
        std::thread::Builder::new()
            .name(format!("memory-{}", options.agent_id))
            .spawn(move || worker.run(&receiver, wake))
            .map_err(|source| MemoryError::Thread { agent_id: self.agent_id(), source })?;
        Ok(sender)
    }

    /// Begins to embed whenever the worker has indexed something that nobody waited for.
    fn embed_when_indexed(&self) -> mpsc::Sender<()> {
        let (indexed, mut news) = mpsc::channel(1);
        let (mailbox, embedding) = (Weak::clone(&self.own), Weak::clone(&self.embedding));
        // Without a runtime, a search begins to embed.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                while news.recv().await.is_some() {
                    if let (Some(mailbox), Some(embedding)) = (mailbox.upgrade(), embedding.upgrade()) {
                        embedding.begin(&mailbox);
                    }
                }
            });
        }
        indexed
    }
}

/// Tells the worker of changes, once until it looks.
fn wake(worker: &Arc<SyncSender<Request>>, rung: Arc<AtomicBool>) -> Wake {
    let worker = Arc::downgrade(worker);
    Box::new(move || {
        let Some(worker) = worker.upgrade() else { return false };
        if rung.swap(true, Ordering::AcqRel) {
            return true;
        }
        match worker.try_send(Request::Changed) {
            Ok(()) => true,
            // It is tried again, for the changes stay in the queue.
            Err(TrySendError::Full(_)) => {
                rung.store(false, Ordering::Release);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    })
}
