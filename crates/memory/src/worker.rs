//! The thread that owns one agent's index. Disk and database are touched here and nowhere else.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use openclaw_guard::Clock;
use tokio::sync::oneshot;

use crate::backend::{Answer, LineRange, Passage, Query, Skipped, Status, SyncReason, SyncReport};
use crate::error::MemoryError;
use crate::index::{self, Index, IndexError};
use crate::search::search;
use crate::sources::Sources;
use crate::sync::{Budget, is_dirty, sync};

/// Changed notes that are indexed before a search answers; the rest follows after it. Well under a second of work.
const SEARCH_BUDGET: Budget = Budget::Bytes(4 * 1024 * 1024);
/// An index nobody asks is closed after this, and its memory given back.
const IDLE: Duration = Duration::from_secs(60);

type Reply<T> = oneshot::Sender<Result<T, MemoryError>>;

/// What the worker can be asked.
pub(crate) enum Request {
    Search(Query, Reply<Answer>),
    Read(LineRange, Reply<Passage>),
    Status(Reply<Status>),
    Sync(SyncReason, Reply<SyncReport>),
}

/// The state of the thread.
pub(crate) struct Worker {
    pub(crate) agent_id: String,
    pub(crate) database: PathBuf,
    pub(crate) sources: Arc<Sources>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) index: Option<Index>,
    pub(crate) pending: usize,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) recovered: Option<PathBuf>,
}

impl Worker {
    /// Answers until nobody can ask any more.
    pub(crate) fn run(mut self, mailbox: &Receiver<Request>) {
        while let Some(request) = self.next(mailbox) {
            self.answer(request);
        }
    }

    /// The next request; meanwhile, what a search left behind is indexed, and an idle index is closed.
    fn next(&mut self, mailbox: &Receiver<Request>) -> Option<Request> {
        while self.pending > 0 {
            match mailbox.try_recv() {
                Ok(request) => return Some(request),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {
                    if let Err(error) = self.sync(SEARCH_BUDGET) {
                        tracing::warn!(agent = %self.agent_id, %error, "memory cannot be indexed");
                        // The next search tries again and tells whoever asked.
                        self.pending = 0;
                    }
                }
            }
        }
        if self.index.is_none() {
            return mailbox.recv().ok();
        }
        match mailbox.recv_timeout(IDLE) {
            Ok(request) => Some(request),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                self.index = None;
                mailbox.recv().ok()
            }
        }
    }

    fn answer(&mut self, request: Request) {
        // A caller that went away (an aborted turn) does not want the reply: not an error.
        match request {
            Request::Search(query, reply) => drop(reply.send(self.search(&query))),
            Request::Read(range, reply) => drop(reply.send(self.read(&range))),
            Request::Status(reply) => drop(reply.send(self.status())),
            Request::Sync(why, reply) => drop(reply.send(self.sync_for(why))),
        }
    }

    fn search(&mut self, query: &Query) -> Result<Answer, MemoryError> {
        // A failed sync does not fail the search: what is indexed still answers.
        let (stale, note) = match self.sync(SEARCH_BUDGET) {
            Ok(report) if report.pending == 0 => (false, None),
            Ok(report) => (true, Some(format!("{} changed notes are still being indexed", report.pending))),
            Err(error) => (true, Some(error.to_string())),
        };
        let found = self.with_index(|index, _| search(index, query))?;
        let (results, confidence) = (found.hits, found.confidence);
        Ok(Answer { results, provider: PROVIDER, model: MODEL, confidence, stale, note })
    }

    fn read(&self, range: &LineRange) -> Result<Passage, MemoryError> {
        let text = self.sources.read(&range.path)?;
        let text = lines_of(&text, range)?;
        Ok(Passage { path: range.path.clone(), text })
    }

    fn status(&mut self) -> Result<Status, MemoryError> {
        let totals = self.with_index(|index, _| index.totals())?;
        let dirty = self.with_index(|index, sources| is_dirty(index, sources))?;
        Ok(Status {
            agent_id: self.agent_id.clone(),
            backend: "builtin",
            provider: PROVIDER,
            model: MODEL,
            database: self.database.clone(),
            files: totals.files,
            windows: totals.windows,
            dirty: dirty || self.pending > 0,
            skipped: self.skipped.clone(),
            recovered: self.recovered.clone(),
        })
    }

    fn sync_for(&mut self, why: SyncReason) -> Result<SyncReport, MemoryError> {
        tracing::debug!(agent = %self.agent_id, ?why, "memory sync");
        match why {
            SyncReason::Rebuild => self.with_index(|index, _| index.clear())?,
            SyncReason::SessionStart | SyncReason::Written | SyncReason::Requested => {}
        }
        self.sync(Budget::Whole)
    }

    fn sync(&mut self, budget: Budget) -> Result<SyncReport, MemoryError> {
        let clock = Arc::clone(&self.clock);
        let report = self.with_index(|index, sources| sync(index, sources, clock.as_ref(), budget))?;
        self.pending = report.pending;
        self.skipped.clone_from(&report.skipped);
        Ok(report)
    }

    /// Runs work on the open index. A damaged index is put aside and the work done again on a new one, filled first.
    fn with_index<T>(
        &mut self,
        work: impl Fn(&mut Index, &Sources) -> Result<T, IndexError>,
    ) -> Result<T, MemoryError> {
        let sources = Arc::clone(&self.sources);
        let on = |mut index: Index| work(&mut index, &sources).map(|value| (index, value));
        let opened = self.index.take().map_or_else(|| Index::open(&self.database), Ok);
        let done = match opened.and_then(on) {
            Err(error) if error.is_damage() => self.rebuild(&error).and_then(on),
            other => other,
        };
        match done {
            Ok((index, value)) => {
                self.index = Some(index);
                Ok(value)
            }
            Err(IndexError::File(error)) => Err(MemoryError::File(error)),
            Err(error @ (IndexError::Sqlite(_) | IndexError::Rows { .. })) => {
                Err(MemoryError::Index { path: self.database.clone(), source: error.into() })
            }
        }
    }

    fn rebuild(&mut self, cause: &IndexError) -> Result<Index, IndexError> {
        let aside = index::set_aside(&self.database)?;
        tracing::warn!(agent = %self.agent_id, aside = %aside.display(), %cause, "memory index was damaged; built anew");
        self.recovered = Some(aside);
        let mut index = Index::open(&self.database)?;
        sync(&mut index, &self.sources, self.clock.as_ref(), Budget::Whole)?;
        Ok(index)
    }
}

/// Who ranks, as [`Answer::provider`] says it.
const PROVIDER: &str = "offline";
/// By what, as [`Answer::model`] says it.
const MODEL: &str = "lexical";

/// The lines a range names. Asking past the end for more lines than there are is fine, starting there is not.
fn lines_of(text: &str, range: &LineRange) -> Result<String, MemoryError> {
    let lines: Vec<&str> = text.lines().collect();
    let from = range.from.unwrap_or(1);
    let start = usize::try_from(from).ok().and_then(|from| from.checked_sub(1));
    let outside = || MemoryError::Range { path: range.path.clone(), from, available: lines.len() };
    let start = start.filter(|&start| start == 0 || start < lines.len()).ok_or_else(outside)?;
    let count = range.lines.map_or(usize::MAX, |count| count as usize);
    Ok(lines.iter().skip(start).take(count).copied().collect::<Vec<_>>().join("\n"))
}
