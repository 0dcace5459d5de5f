//! The thread that owns one agent's index. Disk and database are touched here and nowhere else.
//!
//! Requests come first. What takes long, a sync or a rebuild, is a job that is done in pieces while nobody asks, so that
//! a search never waits for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use openclaw_embed::{EmbedderId, Vector};
use openclaw_guard::Clock;
use tokio::sync::oneshot;

use crate::backend::{LineRange, Passage, Query, Skipped, Source, SyncReason, SyncReport};
use crate::error::MemoryError;
use crate::index::{self, Generation, IndexError};
use crate::open::{OpenIndex, Wanted};
use crate::search::Found;
use crate::sources::Sources;
use crate::sync::{Budget, look, sync};
use crate::vectors::Unembedded;
use crate::weighted::Fusion;

/// Changed notes that are indexed before a search answers: some hundredths of a second of work.
const SEARCH_BUDGET: Budget = Budget(512 * 1024);
/// Notes that a job indexes between two looks at the mailbox.
const JOB_BUDGET: Budget = Budget(256 * 1024);
/// An index nobody asks is closed after this, and its memory given back.
const IDLE: Duration = Duration::from_secs(60);

type Reply<T> = oneshot::Sender<Result<T, MemoryError>>;

/// What the worker can be asked.
pub(crate) enum Request {
    Search(Query, Option<ByEmbedder<Vector>>, Reply<Searched>),
    Read(LineRange, Reply<Passage>),
    Totals(Reply<Totals>),
    Sync(SyncReason, Reply<SyncReport>),
    /// Passages without vectors.
    Unembedded(ByEmbedder<Wanted>, Reply<Missing>),
    Remember(ByEmbedder<Vec<(Unembedded, Vector)>>, Reply<()>),
}

/// What concerns the vectors of one embedder. The worker goes on with that one, if it was another before: somebody may
/// have stepped in, and vectors of two embedders must never be mixed.
pub(crate) struct ByEmbedder<T> {
    pub(crate) by: EmbedderId,
    pub(crate) made: T,
}

/// The results of a search, and what is not in them yet.
pub(crate) struct Searched {
    pub(crate) found: Found,
    /// Why changed notes are missing, in plain words.
    pub(crate) stale: Option<String>,
    /// Passages, and how many of them are embedded.
    pub(crate) embedded: (usize, usize),
}

/// Some of the passages without vectors.
pub(crate) struct Missing {
    pub(crate) passages: Vec<Unembedded>,
    /// How many there are in all.
    pub(crate) left: usize,
}

/// Sums over the index.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) files: usize,
    pub(crate) windows: usize,
    /// Passages, and how many of them are embedded.
    pub(crate) embedded: (usize, usize),
    pub(crate) cached: usize,
    pub(crate) dirty: bool,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) recovered: Option<PathBuf>,
}

/// A sync or a rebuild under way.
#[derive(Default)]
pub(crate) struct Job {
    /// The generation that a rebuild fills.
    rebuild: Option<Generation>,
    waiting: Vec<Reply<SyncReport>>,
    report: SyncReport,
}

/// The state of the thread.
pub(crate) struct Worker {
    pub(crate) agent_id: String,
    pub(crate) database: PathBuf,
    pub(crate) sources: Arc<Sources>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) embedder: Option<EmbedderId>,
    pub(crate) cache_entries: Option<usize>,
    pub(crate) fusion: Fusion,
    pub(crate) open: Option<OpenIndex>,
    pub(crate) job: Option<Job>,
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

    /// The next request; meanwhile, jobs go on, and an idle index is closed.
    fn next(&mut self, mailbox: &Receiver<Request>) -> Option<Request> {
        while self.job.is_some() {
            match mailbox.try_recv() {
                Ok(request) => return Some(request),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => self.go_on(),
            }
        }
        if self.open.is_none() {
            return mailbox.recv().ok();
        }
        match mailbox.recv_timeout(IDLE) {
            Ok(request) => Some(request),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                self.open = None;
                mailbox.recv().ok()
            }
        }
    }

    fn answer(&mut self, request: Request) {
        // A caller that went away (an aborted turn) does not want the reply: not an error.
        match request {
            Request::Search(query, vector, reply) => {
                drop(reply.send(self.search(&query, vector)));
            }
            Request::Read(range, reply) => drop(reply.send(self.read(&range))),
            Request::Totals(reply) => drop(reply.send(self.totals())),
            Request::Sync(why, reply) => self.begin(why, reply),
            Request::Unembedded(wanted, reply) => {
                drop(reply.send(self.unembedded(wanted)));
            }
            Request::Remember(vectors, reply) => drop(reply.send(self.remember(vectors))),
        }
    }

    fn search(&mut self, query: &Query, vector: Option<ByEmbedder<Vector>>) -> Result<Searched, MemoryError> {
        let vector = match vector {
            Some(ByEmbedder { by, made }) => {
                self.use_embedder(by)?;
                Some(made)
            }
            None => None,
        };
        // A failed sync does not fail the search: what is indexed still answers.
        let stale = match &self.job {
            Some(job) => Some(format!("{} changed notes are still being indexed", job.report.pending.max(1))),
            None => match self.pass(None, SEARCH_BUDGET) {
                Ok(report) if report.pending == 0 => None,
                Ok(report) => {
                    self.job = Some(Job::default());
                    Some(format!("{} changed notes are still being indexed", report.pending))
                }
                Err(error) => Some(error.to_string()),
            },
        };
        let today = self.today();
        let (found, embedded) =
            self.with_index(|open, _| Ok((open.search(query, vector.as_ref(), today)?, open.embedded())))?;
        Ok(Searched { found, stale, embedded })
    }

    /// The day it is for the owner of this machine.
    fn today(&self) -> Date {
        let now = Timestamp::from_millisecond(self.clock.now_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
        now.to_zoned(TimeZone::system()).date()
    }

    fn read(&self, range: &LineRange) -> Result<Passage, MemoryError> {
        let text = self.sources.read(&range.path)?;
        let text = lines_of(&text, range)?;
        Ok(Passage { path: range.path.clone(), text })
    }

    fn totals(&mut self) -> Result<Totals, MemoryError> {
        if self.open.is_none() && self.job.is_none() && !self.database.exists() {
            return Ok(self.without_index());
        }
        let is_busy = self.job.is_some();
        let skipped = self.skipped.clone();
        let totals = self.with_index(|open, sources| {
            let look = look(open, sources)?;
            Ok(Totals {
                files: open.index.count(open.index.published())?,
                windows: open.corpus.windows(),
                embedded: open.embedded(),
                cached: open.index.cached()?,
                dirty: is_busy || look.is_dirty,
                skipped: merged(&skipped, look.skipped),
                recovered: None,
            })
        })?;
        Ok(Totals { recovered: self.recovered.clone(), ..totals })
    }

    /// What there is to index while nothing is indexed: asking makes no file.
    fn without_index(&self) -> Totals {
        let mut totals = Totals { recovered: self.recovered.clone(), ..Totals::default() };
        for listing in [Source::Memory, Source::Sessions].map(|source| self.sources.list(source)) {
            totals.dirty |= !listing.notes.is_empty();
            totals.skipped.extend(listing.skipped);
        }
        totals
    }

    fn use_embedder(&mut self, id: EmbedderId) -> Result<(), MemoryError> {
        if self.embedder.as_ref() == Some(&id) {
            return Ok(());
        }
        self.embedder = Some(id.clone());
        if self.open.is_some() {
            self.with_index(move |open, _| open.use_embedder(&id))?;
        }
        Ok(())
    }

    fn unembedded(&mut self, wanted: ByEmbedder<Wanted>) -> Result<Missing, MemoryError> {
        self.use_embedder(wanted.by)?;
        self.with_index(|open, _| {
            let (all, embedded) = open.embedded();
            Ok(Missing { passages: open.unembedded(&wanted.made)?, left: all - embedded })
        })
    }

    fn remember(&mut self, vectors: ByEmbedder<Vec<(Unembedded, Vector)>>) -> Result<(), MemoryError> {
        self.use_embedder(vectors.by)?;
        let now_ms = self.clock.now_ms();
        let most = self.cache_entries;
        self.with_index(|open, _| {
            open.remember(vectors.made.clone(), now_ms)?;
            most.map_or(Ok(()), |most| open.index.prune_cache(most))
        })
    }

    /// Takes a sync or rebuild on. A rebuild that is asked for while another job runs starts over.
    fn begin(&mut self, why: SyncReason, reply: Reply<SyncReport>) {
        tracing::debug!(agent = %self.agent_id, ?why, "memory sync");
        if why == SyncReason::Rebuild {
            match self.with_index(|open, _| open.index.begin_rebuild()) {
                Ok(generation) => {
                    let job = self.job.get_or_insert_default();
                    job.rebuild = Some(generation);
                    job.report = SyncReport::default();
                }
                // Whoever asked was told why by the reply; one that is gone does not want to know.
                Err(error) => return drop(reply.send(Err(error))),
            }
        }
        self.job.get_or_insert_default().waiting.push(reply);
    }

    /// One piece of the job.
    fn go_on(&mut self) {
        let rebuild = self.job.as_ref().and_then(|job| job.rebuild);
        let done = self.pass(rebuild, JOB_BUDGET);
        let Some(job) = &mut self.job else { return };
        match done {
            Ok(pass) => {
                let pending = pass.pending;
                job.report = SyncReport {
                    indexed: job.report.indexed + pass.indexed,
                    removed: job.report.removed + pass.removed,
                    embedded: job.report.embedded + pass.embedded,
                    ..pass
                };
                if pending == 0 {
                    let published = match rebuild {
                        Some(generation) => self.with_index(|open, _| open.publish(generation)),
                        None => Ok(()),
                    };
                    self.finish(published);
                }
            }
            Err(error) => {
                tracing::warn!(agent = %self.agent_id, %error, "memory cannot be indexed");
                self.finish(Err(error));
            }
        }
    }

    /// Tells those who wait. The error goes to the first of them; the others are told that it stopped.
    fn finish(&mut self, outcome: Result<(), MemoryError>) {
        let Some(job) = self.job.take() else { return };
        let mut error = outcome.err();
        let failed = error.is_some();
        for reply in job.waiting {
            let told = match error.take() {
                Some(error) => Err(error),
                None if failed => Err(MemoryError::Stopped { agent_id: self.agent_id.clone() }),
                None => Ok(job.report.clone()),
            };
            drop(reply.send(told));
        }
    }

    fn pass(&mut self, rebuild: Option<Generation>, budget: Budget) -> Result<SyncReport, MemoryError> {
        let clock = Arc::clone(&self.clock);
        let report = self.with_index(|open, sources| {
            open.refresh()?;
            let generation = rebuild.unwrap_or_else(|| open.index.published());
            sync(open, generation, sources, clock.as_ref(), budget)
        })?;
        self.skipped.clone_from(&report.skipped);
        Ok(report)
    }

    /// Runs work on the open index. A damaged index is put aside and the work done again on a new one, filled first.
    fn with_index<T>(
        &mut self,
        work: impl Fn(&mut OpenIndex, &Sources) -> Result<T, IndexError>,
    ) -> Result<T, MemoryError> {
        let sources = Arc::clone(&self.sources);
        let on = |mut open: OpenIndex| work(&mut open, &sources).map(|value| (open, value));
        let open = || OpenIndex::open(&self.database, self.embedder.as_ref(), self.fusion);
        let done = match self.open.take().map_or_else(open, Ok).and_then(on) {
            Err(error) if error.is_damage() => self.rebuild(&error).and_then(on),
            other => other,
        };
        match done {
            Ok((open, value)) => {
                self.open = Some(open);
                Ok(value)
            }
            Err(IndexError::File(error)) => Err(MemoryError::File(error)),
            Err(error @ (IndexError::Sqlite(_) | IndexError::Rows { .. })) => {
                Err(MemoryError::Index { path: self.database.clone(), source: error.into() })
            }
        }
    }

    /// Puts a damaged file aside and begins a new one; the notes follow as a job.
    fn rebuild(&mut self, cause: &IndexError) -> Result<OpenIndex, IndexError> {
        let aside = index::set_aside(&self.database)?;
        tracing::warn!(agent = %self.agent_id, aside = %aside.display(), %cause, "memory index was damaged; built anew");
        self.recovered = Some(aside);
        let mut open = OpenIndex::open(&self.database, self.embedder.as_ref(), self.fusion)?;
        let generation = open.index.published();
        let report = sync(&mut open, generation, &self.sources, self.clock.as_ref(), SEARCH_BUDGET)?;
        if report.pending > 0 {
            self.job.get_or_insert_default().rebuild = None;
        }
        Ok(open)
    }
}

/// What the last pass passed over, and what a look at the folders passes over now: notes that cannot be read are
/// known by the first, and a process that has not indexed anything knows the second.
fn merged(passed: &[Skipped], now: Vec<Skipped>) -> Vec<Skipped> {
    let mut all = passed.to_vec();
    all.extend(now.into_iter().filter(|note| !passed.contains(note)));
    all
}

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
