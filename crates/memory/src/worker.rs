//! The thread that owns one agent's index. Disk and database are touched here and nowhere else.
//!
//! Requests come first. What takes long, a sync or a rebuild, is a job that is done in pieces while nobody asks, so that
//! a search never waits for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use openclaw_embed::{EmbedderId, Vector};
use openclaw_guard::Clock;
use tokio::sync::{mpsc, oneshot};

use crate::backend::{LineRange, Passage, Query, Skipped, Source, SyncReason, SyncReport};
use crate::error::MemoryError;
use crate::freshness::{Duty, Freshness};
use crate::index::IndexError;
use crate::job::Job;
use crate::measure::MeaningWeight;
use crate::open::{OpenIndex, Wanted};
use crate::recovery::{Recovery, Tidy};
use crate::search::Found;
use crate::shelter::{Shelter, Sheltered};
use crate::sources::Sources;
use crate::sync::{Extent, Take, look};
use crate::vectors::Unembedded;
use crate::watch::Wake;
use crate::weighted::Fusion;

/// Bytes of changed notes that are indexed before a search answers: some hundredths of a second of work.
pub(crate) const SEARCH_BYTES: u64 = 512 * 1024;
/// An index nobody asks is closed after this, and its memory given back.
const IDLE: Duration = Duration::from_secs(60);

/// What a search says while the notes cannot be looked at.
const MISSING: &str = "the workspace is not there, and this is what was indexed of it";

pub(crate) type Reply<T> = oneshot::Sender<Result<T, MemoryError>>;

/// What the worker can be asked.
pub(crate) enum Request {
    Search(Query, Option<ByEmbedder<Vector>>, Reply<Searched>),
    Read(LineRange, Reply<Passage>),
    Totals(Reply<Totals>),
    Sync(SyncReason, Reply<SyncReport>),
    /// Passages without vectors.
    Unembedded(ByEmbedder<Wanted>, Reply<Missing>),
    Remember(ByEmbedder<Vec<(Unembedded, Vector)>>, Reply<()>),
    /// Files have changed, and rest now.
    Changed,
    /// Work on the index that is a matter of its asker, such as batch jobs; it sends the reply itself.
    Do(Box<dyn FnOnce(&mut Worker) + Send>),
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
    /// Why the index is not what it should be.
    pub(crate) degraded: Option<String>,
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
    pub(crate) weight: Option<MeaningWeight>,
    pub(crate) recovered: Option<PathBuf>,
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
    /// What answers while the file cannot be used.
    pub(crate) shelter: Option<Shelter>,
    pub(crate) job: Option<Job>,
    /// Which folder the workspace is, see [`Sources::find_workspace`].
    pub(crate) folder: u64,
    pub(crate) fresh: Freshness,
    /// Tells that there may be passages to embed; closed when the thread ends.
    pub(crate) indexed: mpsc::Sender<()>,
    /// The index file that was opened last, as device and number.
    pub(crate) file: Option<(u64, u64)>,
    pub(crate) skipped: Vec<Skipped>,
    /// Whether something was deleted or replaced since the file was tidied.
    pub(crate) is_untidy: bool,
    pub(crate) recovery: Recovery,
}

impl Worker {
    /// Answers until nobody can ask any more.
    pub(crate) fn run(mut self, mailbox: &Receiver<Request>, wake: Wake) {
        self.fresh.begin(&self.sources, wake);
        while let Some(request) = self.next(mailbox) {
            self.answer(request);
        }
    }

    /// The next request; meanwhile, jobs go on, and an idle index is closed.
    fn next(&mut self, mailbox: &Receiver<Request>) -> Option<Request> {
        let mut idle = Instant::now() + IDLE;
        loop {
            if let Some(job) = &self.job {
                let pause =
                    job.retry.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()));
                match mailbox.recv_timeout(pause) {
                    Ok(request) => return Some(request),
                    Err(RecvTimeoutError::Disconnected) => return None,
                    Err(RecvTimeoutError::Timeout) => self.go_on(),
                }
                idle = Instant::now() + IDLE;
                continue;
            }
            let close = (self.open.is_some() || self.shelter.is_some()).then_some(idle);
            let Some(until) = [close, self.fresh.next_duty()].into_iter().flatten().min() else {
                return mailbox.recv().ok();
            };
            match mailbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(request) => return Some(request),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.do_duty(),
            }
            if Instant::now() >= idle {
                // What a killed process has left, piece by piece.
                if self.open.is_some() && self.sweep().is_ok_and(|swept| swept > 0) {
                    continue;
                }
                self.tidy(Tidy::All);
                (self.open, self.shelter) = (None, None);
                openclaw_encoder::give_back();
            }
        }
    }

    /// Notices that the workspace is another folder: it was moved, or put back. One that is not there is told of by those
    /// who list it.
    fn notice_move(&mut self) {
        let found = self.sources.find_workspace();
        if let Some(folder) = found.ok().filter(|&folder| folder != self.folder) {
            tracing::info!(agent = %self.agent_id, "the workspace is another folder; its notes are read");
            self.folder = folder;
            self.fresh.turn_to(&self.sources);
        }
    }

    fn do_duty(&mut self) {
        self.notice_move();
        let now = Instant::now();
        match self.fresh.duty(now) {
            Some(Duty::Sync) => self.want(Take::All),
            Some(Duty::Take) => self.want(Take::Grown),
            Some(Duty::Look) => {
                // Perhaps it can be watched now.
                self.fresh.look(now);
                if self.fresh.looks_changed(&self.sources) {
                    self.want(Take::Grown);
                }
            }
            None => {}
        }
    }

    fn answer(&mut self, request: Request) {
        self.notice_move();
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
            Request::Changed => {
                self.fresh.look(Instant::now());
                if self.fresh.has_unseen() {
                    self.want(Take::Grown);
                }
            }
            Request::Do(work) => work(self),
        }
    }

    /// Searches the index, or, while its file cannot be used, the notes themselves.
    fn search(&mut self, query: &Query, vector: Option<ByEmbedder<Vector>>) -> Result<Searched, MemoryError> {
        let now = Instant::now();
        if !self.shelter.as_ref().is_some_and(|shelter| shelter.holds(now)) {
            match self.search_file(query, vector) {
                Ok(searched) => {
                    self.shelter = None;
                    return Ok(searched);
                }
                Err(error) => {
                    tracing::warn!(agent = %self.agent_id, %error, "memory is searched without its index");
                    let why = error.to_string();
                    match &mut self.shelter {
                        Some(shelter) => shelter.stay(why, now),
                        None => self.shelter = Some(Shelter::new(why, now).map_err(|_| error)?),
                    }
                }
            }
        }
        let (sources, clock, today) = (Arc::clone(&self.sources), Arc::clone(&self.clock), self.today());
        let Some(shelter) = self.shelter.as_mut() else {
            return Err(MemoryError::Stopped { agent_id: self.agent_id.clone() });
        };
        let sheltered = shelter.search(&sources, clock.as_ref(), query, today);
        let Sheltered { found, pending, passages, degraded } = sheltered.map_err(|error| self.told(error))?;
        let stale = (pending > 0).then(|| still_pending(pending));
        Ok(Searched { found, stale, degraded: Some(degraded), embedded: (passages, 0) })
    }

    fn search_file(
        &mut self,
        query: &Query,
        vector: Option<ByEmbedder<Vector>>,
    ) -> Result<Searched, MemoryError> {
        let vector = match vector {
            Some(ByEmbedder { by, made }) => {
                self.use_embedder(by)?;
                Some(made)
            }
            None => None,
        };
        // Before anything is believed about the notes: another process may have published an index of its own.
        self.with_index(|open, _| open.refresh())?;
        // A failed sync does not fail the search: what is indexed still answers.
        let stale = self.freshen().unwrap_or_else(|error| Some(error.to_string()));
        let missing = self.sources.find_workspace().err();
        let stale = missing.map(|error| format!("{MISSING}: {error}")).or(stale);
        let today = self.today();
        let (found, embedded) = self.with_index(|open, _| {
            Ok((open.search_current(query, vector.as_ref(), today)?, open.embedded()))
        })?;
        if stale.is_none() && self.job.is_none() {
            self.recovery.cause = None;
        }
        let degraded = self.recovery.cause.clone().or_else(|| closed(&self.skipped));
        Ok(Searched { found, stale, degraded, embedded })
    }

    /// Takes in what has changed, as far as a search waits for that, and says what is missing then.
    fn freshen(&mut self) -> Result<Option<String>, MemoryError> {
        self.notice_loss();
        let now = Instant::now();
        self.fresh.look(now);
        if self.fresh.knows_notes() {
            if self.fresh.is_old(now) {
                self.want(Take::Grown);
            }
        } else if self.fresh.options.on_search {
            // Where changes are heard of, transcripts are left to the jobs that follow.
            let transcripts = (!self.fresh.hears_transcripts()).then_some(Take::None);
            let passed = self.pass(None, Extent { bytes: SEARCH_BYTES, transcripts });
            let report = passed.map_err(|error| self.told(error))?;
            if report.pending > 0 {
                self.want(Take::Grown);
                return Ok(Some(still_pending(report.pending)));
            }
        } else if self.with_index(|open, sources| look(open, sources))?.is_dirty {
            let words = "files have changed since they were indexed, and memorySearch.sync.onSearch is off";
            return Ok(Some(words.to_owned()));
        }
        let pending = self.job.as_ref().map_or(0, Job::pending);
        Ok((pending > 0).then(|| still_pending(pending)))
    }

    /// The day it is for the owner of this machine.
    fn today(&self) -> Date {
        let now = Timestamp::from_millisecond(self.clock.now_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
        now.to_zoned(TimeZone::system()).date()
    }

    fn read(&mut self, range: &LineRange) -> Result<Passage, MemoryError> {
        let sources = Arc::clone(&self.sources);
        let indexed = || {
            let text = self.with_index(|open, _| {
                open.refresh()?;
                open.index.text_of(Source::Sessions, &range.path)
            });
            // Without an index, the conversation is read as it is now.
            text.ok().flatten()
        };
        let text = sources.read(&range.path, indexed)?;
        let text = range.lines_of(&text)?;
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
                files: open.index.count_published()?,
                windows: open.corpus.windows(),
                embedded: open.embedded(),
                cached: open.index.cached()?,
                dirty: is_busy || look.is_dirty,
                skipped: merged(&skipped, look.skipped),
                weight: open.weight(),
                recovered: None,
            })
        })?;
        Ok(Totals { recovered: self.recovery.aside.clone(), ..totals })
    }

    /// What there is to index while nothing is indexed: asking makes no file.
    fn without_index(&self) -> Totals {
        let mut totals = Totals { recovered: self.recovery.aside.clone(), ..Totals::default() };
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

    /// Work on the index with the vectors of one embedder; it is told the time.
    pub(crate) fn with_vectors<T>(
        &mut self,
        by: EmbedderId,
        work: impl Fn(&mut OpenIndex, i64) -> Result<T, IndexError>,
    ) -> Result<T, MemoryError> {
        self.use_embedder(by)?;
        let now_ms = self.clock.now_ms();
        self.with_index(|open, _| work(open, now_ms))
    }

    fn unembedded(&mut self, wanted: ByEmbedder<Wanted>) -> Result<Missing, MemoryError> {
        self.use_embedder(wanted.by)?;
        self.with_index(|open, _| {
            open.refresh()?;
            let passages = open.unembedded(&wanted.made)?;
            let (all, embedded) = open.embedded();
            Ok(Missing { passages, left: all - embedded })
        })
    }

    fn remember(&mut self, vectors: ByEmbedder<Vec<(Unembedded, Vector)>>) -> Result<(), MemoryError> {
        self.use_embedder(vectors.by)?;
        let now_ms = self.clock.now_ms();
        let most = self.cache_entries;
        self.with_index(|open, _| {
            open.remember(vectors.made.clone(), now_ms)?;
            open.prune_cache(most, vectors.made.len())
        })
    }
}

/// Says that a folder cannot be read: that nothing is found does not mean that nothing is there.
fn closed(skipped: &[Skipped]) -> Option<String> {
    let folder = skipped.iter().find(|skipped| skipped.is_folder)?;
    Some(format!("{}; nothing that is in it can be found", folder.reason))
}

fn still_pending(count: usize) -> String {
    let files = if count == 1 { "1 changed file is" } else { &format!("{count} changed files are") };
    format!("{files} still being indexed")
}

/// What the last pass passed over, and what a look at the folders passes over now: notes that cannot be read are
/// known by the first, and a process that has not indexed anything knows the second.
fn merged(passed: &[Skipped], now: Vec<Skipped>) -> Vec<Skipped> {
    let mut all = passed.to_vec();
    all.extend(now.into_iter().filter(|note| !passed.contains(note)));
    all
}

#[cfg(test)]
mod tests {
    use super::closed;
    use crate::backend::Skipped;

    #[test]
    fn a_closed_folder_makes_an_answer_poor_and_a_note_that_is_no_text_does_not() {
        let note = Skipped::note("memory/cat.md", "not text");
        assert_eq!(closed(std::slice::from_ref(&note)), None);
        let folder = Skipped::folder("memory", "cannot list memory: Permission denied");
        let words = closed(&[note, folder]).unwrap();
        assert_eq!(words, "cannot list memory: Permission denied; nothing that is in it can be found");
    }
}
