//! Jobs of the worker: a sync or a rebuild, done in pieces while nobody asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::{SyncReason, SyncReport};
use crate::error::MemoryError;
use crate::index::{Generation, IndexError};
use crate::recovery::Tidy;
use crate::sources::is_of_conversations;
use crate::sync::{Extent, Take, sync};
use crate::worker::{Reply, Worker};

/// Bytes that a job indexes between two looks at the mailbox.
const JOB_BYTES: u64 = 256 * 1024;
/// The time between two tries, in which requests are answered.
const RETRY: Duration = Duration::from_millis(250);
/// Tries of a job before it fails.
const MAX_TRIES: u32 = 20;

/// A sync or a rebuild under way.
#[derive(Default)]
pub(crate) struct Job {
    rebuild: Rebuild,
    take: Take,
    /// How often another process was in the way, one time after the other, and when to try again.
    tries: u32,
    pub(crate) retry: Option<Instant>,
    waiting: Vec<Reply<SyncReport>>,
    report: SyncReport,
    /// What is done at the end.
    tidy: Tidy,
}

/// What a job does with generations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Rebuild {
    /// It brings the published one up to date.
    #[default]
    No,
    /// It is to begin one.
    Wanted,
    /// It fills one.
    Filling(Generation),
}

impl Job {
    /// Files that are not in the generation that answers.
    pub(crate) fn pending(&self) -> usize {
        match self.rebuild {
            Rebuild::No => self.report.pending,
            // It does not touch what answers meanwhile.
            Rebuild::Wanted | Rebuild::Filling(_) => 0,
        }
    }

    /// The index is a new one, and every generation in the old one gone.
    pub(crate) fn lose_generation(&mut self) {
        if let Rebuild::Filling(_) = self.rebuild {
            self.rebuild = Rebuild::Wanted;
        }
    }
}

impl Worker {
    /// Has a job bring the index up to date, though nobody waits for it.
    pub(crate) fn want(&mut self, take: Take) {
        let job = self.job.get_or_insert_default();
        job.take = job.take.max(take);
    }

    /// Takes a sync or rebuild on. A rebuild that is asked for while another job runs starts over.
    pub(crate) fn begin(&mut self, why: SyncReason, reply: Reply<SyncReport>) {
        tracing::debug!(agent = %self.agent_id, ?why, "memory sync");
        let take = match why {
            SyncReason::SessionStart | SyncReason::Requested | SyncReason::Rebuild => Take::All,
            SyncReason::Written => Take::Grown,
        };
        self.want(take);
        let job = self.job.get_or_insert_default();
        if why == SyncReason::Rebuild {
            (job.rebuild, job.report) = (Rebuild::Wanted, SyncReport::default());
        }
        if matches!(why, SyncReason::Requested | SyncReason::Rebuild) {
            job.tidy = Tidy::All;
        }
        job.waiting.push(reply);
    }

    /// One piece of the job.
    pub(crate) fn go_on(&mut self) {
        let (rebuild, take) = self.job.as_ref().map_or_else(Default::default, |job| (job.rebuild, job.take));
        let done = self.generation(rebuild).and_then(|generation| {
            let extent = Extent { bytes: JOB_BYTES, transcripts: Some(take) };
            Ok((generation, self.pass(generation, extent)?))
        });
        let Some(job) = &mut self.job else { return };
        match done {
            Ok((generation, pass)) => {
                let pending = pass.pending;
                (job.tries, job.retry) = (0, None);
                job.report = SyncReport {
                    indexed: job.report.indexed + pass.indexed,
                    removed: job.report.removed + pass.removed,
                    embedded: job.report.embedded + pass.embedded,
                    ..pass
                };
                if pending == 0 {
                    self.publish(generation);
                }
            }
            Err(error) => self.fail(error),
        }
    }

    /// The generation that a job fills; it is begun if it is not yet.
    fn generation(&mut self, rebuild: Rebuild) -> Result<Option<Generation>, IndexError> {
        match rebuild {
            Rebuild::No => Ok(None),
            Rebuild::Filling(generation) => Ok(Some(generation)),
            Rebuild::Wanted => {
                let generation = self.on_index(|open, _| open.index.begin_rebuild())?;
                if let Some(job) = &mut self.job {
                    job.rebuild = Rebuild::Filling(generation);
                }
                Ok(Some(generation))
            }
        }
    }

    /// The end of a job, if nobody is in the way.
    fn publish(&mut self, rebuild: Option<Generation>) {
        let Some(generation) = rebuild else { return self.finish(Ok(())) };
        match self.on_index(|open, _| open.publish(generation)) {
            Ok(()) => {
                self.fresh.forget();
                self.finish(Ok(()));
            }
            Err(error) => self.fail(error),
        }
    }

    /// Tries the job again after a while when another process is in the way, else ends it.
    fn fail(&mut self, error: IndexError) {
        if let Some(job) = &mut self.job
            && (error.is_busy() || error.is_outdated() && !matches!(job.rebuild, Rebuild::Filling(_)))
            && job.tries < MAX_TRIES
        {
            job.tries += 1;
            job.retry = Some(Instant::now() + RETRY);
            return;
        }
        let error = self.told(error);
        tracing::warn!(agent = %self.agent_id, %error, "memory cannot be indexed");
        self.finish(Err(error));
    }

    /// Tells those who wait. The error goes to the first of them; the others are told that it stopped.
    fn finish(&mut self, outcome: Result<(), MemoryError>) {
        let Some(job) = self.job.take() else { return };
        // Before the reply, after which a command ends and its process with it.
        self.tidy(job.tidy);
        // Whoever waits decides about vectors.
        let is_own = job.waiting.is_empty();
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
        if is_own {
            // Full means that it is known already; closed, that nobody embeds.
            self.indexed.try_send(()).ok();
        }
    }

    pub(crate) fn pass(
        &mut self,
        rebuild: Option<Generation>,
        extent: Extent,
    ) -> Result<SyncReport, IndexError> {
        let clock = Arc::clone(&self.clock);
        // What is not searched any more must go, and costs nothing.
        let only_notes = !self.sources.has_conversations();
        let extent = if only_notes { Extent { transcripts: Some(Take::All), ..extent } } else { extent };
        // Before the folders are listed: what changes later is heard of later.
        let began = Instant::now();
        self.fresh.look(began);
        let report = self.on_index(|open, sources| {
            open.refresh()?;
            let generation = rebuild.unwrap_or_else(|| open.index.published());
            sync(open, generation, sources, clock.as_ref(), extent)
        })?;
        self.is_untidy |= report.indexed + report.removed > 0;
        let with_transcripts = extent.transcripts.is_some_and(|take| take != Take::None);
        if report.pending == 0 && rebuild.is_none() {
            self.fresh.passed(began, with_transcripts);
        }
        let before = std::mem::replace(&mut self.skipped, report.skipped.clone());
        if extent.transcripts.is_none() {
            self.skipped.extend(before.into_iter().filter(|skipped| is_of_conversations(&skipped.path)));
        }
        Ok(report)
    }
}
