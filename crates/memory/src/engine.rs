//! The built-in engine: a handle on the worker thread of one agent.

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_guard::{Clock, PathComponent, Root};
use tokio::sync::oneshot;

use crate::backend::{Answer, LineRange, MemoryBackend, Passage, Query, Status, SyncReason, SyncReport};
use crate::error::MemoryError;
use crate::sources::Sources;
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
    /// The wall clock; file times are compared with it.
    pub clock: Arc<dyn Clock>,
}

impl EngineOptions {
    /// Where the index of an agent lies under the state directory: `memory/<agentId>.sqlite`.
    #[must_use]
    pub fn database_in(state_dir: &std::path::Path, agent_id: &PathComponent) -> PathBuf {
        state_dir.join("memory").join(format!("{agent_id}.sqlite"))
    }
}

/// The memory of one agent: lexical search over its Markdown notes.
///
/// Making one costs nothing: the thread and the index file come with the first request.
pub struct Engine {
    options: EngineOptions,
    mailbox: Mutex<Option<SyncSender<Request>>>,
}

impl Engine {
    /// An engine that has not started.
    #[must_use]
    pub fn new(options: EngineOptions) -> Self {
        Self { options, mailbox: Mutex::new(None) }
    }

    fn agent_id(&self) -> String {
        self.options.agent_id.as_str().to_owned()
    }

    async fn ask<T>(
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
        let mut mailbox = self.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = match mailbox.as_ref() {
            Some(worker) => worker.try_send(request),
            None => Err(TrySendError::Disconnected(request)),
        };
        match sent {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(MemoryError::Busy { agent_id: self.agent_id() }),
            Err(TrySendError::Disconnected(request)) => {
                let worker = self.start()?;
                let sent = worker.try_send(request);
                *mailbox = Some(worker);
                sent.map_err(|_| MemoryError::Stopped { agent_id: self.agent_id() })
            }
        }
    }

    fn start(&self) -> Result<SyncSender<Request>, MemoryError> {
        let (sender, receiver) = sync_channel(MAX_WAITING);
        let worker = Worker {
            agent_id: self.agent_id(),
            database: self.options.database.clone(),
            sources: Arc::new(Sources::new(Arc::clone(&self.options.workspace), &self.options.extra_paths)),
            clock: Arc::clone(&self.options.clock),
            index: None,
            pending: 0,
            skipped: Vec::new(),
            recovered: None,
        };
        // The thread ends by itself when the sender is dropped with the engine.
        std::thread::Builder::new()
            .name(format!("memory-{}", self.options.agent_id))
            .spawn(move || worker.run(&receiver))
            .map_err(|source| MemoryError::Thread { agent_id: self.agent_id(), source })?;
        Ok(sender)
    }
}

impl MemoryBackend for Engine {
    fn search(&self, query: Query) -> BoxFuture<'_, Result<Answer, MemoryError>> {
        self.ask(|reply| Request::Search(query, reply)).boxed()
    }

    fn read(&self, range: LineRange) -> BoxFuture<'_, Result<Passage, MemoryError>> {
        self.ask(|reply| Request::Read(range, reply)).boxed()
    }

    fn status(&self) -> BoxFuture<'_, Result<Status, MemoryError>> {
        self.ask(Request::Status).boxed()
    }

    fn sync(&self, why: SyncReason) -> BoxFuture<'_, Result<SyncReport, MemoryError>> {
        self.ask(move |reply| Request::Sync(why, reply)).boxed()
    }
}
