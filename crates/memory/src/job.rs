//! Jobs of the worker: a sync or a rebuild, done in pieces while nobody asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::{SyncReason, SyncReport};
use crate::error::MemoryError;
use crate::index::{Generation, IndexError};
use crate::lock::Lock;
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
    /// Tells other processes that its generation is not abandoned.
    filling: Option<Lock>,
    /// Why it ends.
    failure: Option<MemoryError>,
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
    /// It deletes what is not searched any more, and then it ends.
    Sweeping,
}

impl Job {
    /// Files that are not in the generation that answers.
    pub(crate) fn pending(&self) -> usize {
        match self.rebuild {
            Rebuild::No => self.report.pending,
            // It does not touch what answers meanwhile.
            Rebuild::Wanted | Rebuild::Filling(_) | Rebuild::Sweeping => 0,
        }
    }

    /// The index is a new one, and every generation in the old one gone.
    pub(crate) fn lose_generation(&mut self) {
        if let Rebuild::Filling(_) = self.rebuild {
            (self.rebuild, self.report) = (Rebuild::Wanted, SyncReport::default());
        }
    }
}

impl Job {
    /// For another process that is in the way.
    fn wait(&mut self) {
        self.tries += 1;
        self.retry = Some(Instant::now() + RETRY);
    }
}

impl Worker {
    /// Has a job bring the index up to date, though nobody waits for it.
    pub(crate) fn want(&mut self, take: Take) {
        let job = self.job.get_or_insert_default();
        job.take = job.take.max(take);
        // It was about to end without another look.
        if job.rebuild == Rebuild::Sweeping {
            job.rebuild = Rebuild::No;
        }
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
            (job.rebuild, job.report, job.failure) = (Rebuild::Wanted, SyncReport::default(), None);
        }
        if matches!(why, SyncReason::Requested | SyncReason::Rebuild) {
            job.tidy = Tidy::All;
        }
        job.waiting.push(reply);
    }

    /// One piece of the job.
    pub(crate) fn go_on(&mut self) {
        // Before a generation of it is filled.
        self.notice_loss();
        if self.job.as_ref().is_some_and(|job| job.rebuild == Rebuild::Sweeping) {
            return self.sweep_on();
        }
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
            Rebuild::No | Rebuild::Sweeping => Ok(None),
            Rebuild::Filling(generation) => Ok(Some(generation)),
            Rebuild::Wanted => {
                let filling = Lock::filling(&self.database)?;
                let generation = self.on_index(|open, _| open.index.begin_rebuild())?;
                if let Some(job) = &mut self.job {
                    (job.rebuild, job.filling) = (Rebuild::Filling(generation), Some(filling));
                }
                Ok(Some(generation))
            }
        }
    }

    /// The end of a job, if nobody is in the way.
    fn publish(&mut self, rebuild: Option<Generation>) {
        if let Some(generation) = rebuild {
            match self.on_index(|open, _| open.publish(generation)) {
                Ok(()) => self.fresh.forget(),
                Err(error) => return self.fail(error),
            }
        }
        self.begin_sweeping(None);
    }

    /// What was searched before, or was never published, goes in pieces.
    fn begin_sweeping(&mut self, failure: Option<MemoryError>) {
        let Some(job) = &mut self.job else { return };
        (job.rebuild, job.filling) = (Rebuild::Sweeping, None);
        job.failure = failure.or(job.failure.take());
    }

    fn sweep_on(&mut self) {
        let swept = self.sweep();
        let Some(job) = &mut self.job else { return };
        match swept {
            Ok(0) => {}
            Ok(_) => return (job.tries, job.retry) = (0, None),
            Err(error) if error.is_busy() && job.tries < MAX_TRIES => return job.wait(),
            // It is deleted when the index is not used for a while, or by the next job.
            Err(error) => tracing::debug!(agent = %self.agent_id, %error, "the memory index is not swept"),
        }
        let failure = self.job.as_mut().and_then(|job| job.failure.take());
        self.finish(failure.map_or(Ok(()), Err));
    }

    /// Tries the job again after a while when another process is in the way, else ends it.
    fn fail(&mut self, error: IndexError) {
        if let Some(job) = &mut self.job
            && (error.is_busy() || error.is_outdated() && !matches!(job.rebuild, Rebuild::Filling(_)))
            && job.tries < MAX_TRIES
        {
            return job.wait();
        }
        let error = self.told(error);
        tracing::warn!(agent = %self.agent_id, %error, "memory cannot be indexed");
        let Some(Rebuild::Filling(generation)) = self.job.as_ref().map(|job| job.rebuild) else {
            return self.finish(Err(error));
        };
        // A half is of no use to anybody, and holds what may be deleted from the notes one day.
        match self.on_index(|open, _| open.index.abandon(generation)) {
            Ok(()) => self.begin_sweeping(Some(error)),
            Err(_) => self.finish(Err(error)),
        }
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use tokio::sync::oneshot;

    use super::{Job, MAX_TRIES, Rebuild};
    use crate::backend::{SyncReason, SyncReport};
    use crate::error::MemoryError;
    use crate::lock::Lock;
    use crate::recovery::Tidy;
    use crate::sync::Take;
    use crate::tests::{engine, write, write_at};
    use crate::weighted::Fusion;
    use crate::worker::{Request, Worker};

    type End = oneshot::Receiver<Result<SyncReport, MemoryError>>;

    /// Does something on the thread of an engine with two notes, while it does nothing by itself.
    async fn on_worker(home: &Path, work: impl FnOnce(&mut Worker) + Send + 'static) {
        let ask = |done: oneshot::Sender<Result<(), MemoryError>>| {
            Request::Do(Box::new(move |worker| {
                work(worker);
                drop(done.send(Ok(())));
            }))
        };
        engine(home, Fusion::default()).mailbox.ask(ask).await.unwrap();
    }

    fn ask(worker: &mut Worker, why: SyncReason) -> End {
        let (reply, end) = oneshot::channel();
        worker.begin(why, reply);
        end
    }

    fn to_the_end(worker: &mut Worker) {
        for _ in 0..100 {
            worker.go_on();
            if worker.job.is_none() {
                return;
            }
        }
        panic!("a job never ends");
    }

    fn told(mut end: End) -> Result<SyncReport, MemoryError> {
        end.try_recv().expect("somebody waits and is told nothing")
    }

    fn rebuild(worker: &Worker) -> Rebuild {
        worker.job.as_ref().unwrap().rebuild
    }

    /// Every order in which up to three may ask.
    #[tokio::test]
    async fn what_is_asked_for_is_done_whoever_else_asks() {
        let home = tempfile::tempdir().unwrap();
        on_worker(home.path(), |worker| {
            let all =
                [SyncReason::SessionStart, SyncReason::Written, SyncReason::Requested, SyncReason::Rebuild];
            let mut orders: Vec<Vec<SyncReason>> = vec![Vec::new()];
            for length in 0..3 {
                let longest: Vec<_> = orders.iter().filter(|order| order.len() == length).cloned().collect();
                orders.extend(
                    longest.iter().flat_map(|order| all.map(|why| [order.as_slice(), &[why]].concat())),
                );
            }
            assert_eq!(orders.len(), 1 + 4 + 16 + 64);
            for order in &orders[1..] {
                worker.job = None;
                order.iter().for_each(|why| drop(ask(worker, *why)));
                let Job { take, rebuild, tidy, waiting, .. } = worker.job.take().unwrap();
                let has = |why| order.contains(&why);
                let grown_only = order.iter().all(|why| *why == SyncReason::Written);
                assert_eq!(take, if grown_only { Take::Grown } else { Take::All }, "{order:?}");
                assert_eq!(rebuild == Rebuild::Wanted, has(SyncReason::Rebuild), "{order:?}");
                let by_a_person = has(SyncReason::Requested) || has(SyncReason::Rebuild);
                assert_eq!(tidy, if by_a_person { Tidy::All } else { Tidy::Log }, "{order:?}");
                assert_eq!(waiting.len(), order.len(), "{order:?}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_job_tries_again_while_another_process_is_in_the_way_and_gives_up_in_the_end() {
        let home = tempfile::tempdir().unwrap();
        on_worker(home.path(), |worker| {
            let held = Lock::mending(&worker.database).unwrap();
            let [first, others @ ..] = [SyncReason::Written, SyncReason::Requested, SyncReason::SessionStart]
                .map(|why| ask(worker, why));
            worker.go_on();
            let job = worker.job.as_mut().unwrap();
            assert_eq!((job.tries, job.retry.is_some()), (1, true));
            job.tries = MAX_TRIES;
            worker.go_on();
            assert!(worker.job.is_none());
            let why = told(first).unwrap_err();
            assert!(why.to_string().contains("another process"), "{why}");
            for end in others {
                assert!(matches!(told(end), Err(MemoryError::Stopped { .. })));
            }
            // The last try is as good as the first.
            let end = ask(worker, SyncReason::Written);
            worker.job.as_mut().unwrap().tries = MAX_TRIES;
            drop(held);
            worker.go_on();
            let job = worker.job.as_ref().unwrap();
            assert_eq!((job.tries, job.retry), (0, None));
            to_the_end(worker);
            assert_eq!(told(end).unwrap().indexed, 2);
        })
        .await;
    }

    #[tokio::test]
    async fn a_rebuild_that_is_asked_for_during_another_starts_over() {
        let home = tempfile::tempdir().unwrap();
        let path: PathBuf = home.path().to_owned();
        on_worker(home.path(), move |worker| {
            // More than one piece, with nothing in it, and written long ago: a new note is read until it has settled.
            for name in ["a", "b", "c", "d", "e", "f"] {
                write_at(&path, name, &"\n".repeat(200 * 1024), -3_600);
            }
            let end = ask(worker, SyncReason::Requested);
            worker.go_on();
            assert!(worker.job.as_ref().unwrap().pending() > 0);
            to_the_end(worker);
            assert_eq!(told(end).unwrap().indexed, 6);

            let one = ask(worker, SyncReason::Rebuild);
            worker.go_on();
            let Rebuild::Filling(first) = rebuild(worker) else { panic!("{:?}", rebuild(worker)) };
            let job = worker.job.as_ref().unwrap();
            assert!(job.report.pending > 0 && job.report.indexed > 0);
            assert_eq!(job.pending(), 0, "what answers has every note");
            assert!(Lock::abandoned(&worker.database).unwrap().is_none(), "others know that it is filled");
            let two = ask(worker, SyncReason::Rebuild);
            assert_eq!((rebuild(worker), worker.job.as_ref().unwrap().report.indexed), (Rebuild::Wanted, 0));
            worker.go_on();
            let Rebuild::Filling(second) = rebuild(worker) else { panic!("{:?}", rebuild(worker)) };
            assert_ne!(first, second);
            while rebuild(worker) != Rebuild::Sweeping {
                assert_eq!(rebuild(worker), Rebuild::Filling(second));
                worker.go_on();
            }
            assert!(
                Lock::abandoned(&worker.database).unwrap().is_some(),
                "it is published, and nobody fills it"
            );
            to_the_end(worker);
            for end in [one, two] {
                let report = told(end).unwrap();
                assert_eq!((report.indexed, report.pending), (6, 0));
            }
            let index = &worker.open.as_ref().unwrap().index;
            assert_eq!((index.published(), index.count(second).unwrap()), (second, 6));
            assert_eq!(index.count(first).unwrap(), 0);
        })
        .await;
    }

    #[tokio::test]
    async fn a_job_that_is_about_to_end_looks_again_when_somebody_asks() {
        let home = tempfile::tempdir().unwrap();
        let path: PathBuf = home.path().to_owned();
        on_worker(home.path(), move |worker| {
            let early = ask(worker, SyncReason::Written);
            worker.go_on();
            assert_eq!(rebuild(worker), Rebuild::Sweeping);
            write(&path, "c", "needle of c\n");
            let late = ask(worker, SyncReason::Written);
            assert_eq!(rebuild(worker), Rebuild::No);
            to_the_end(worker);
            for end in [early, late] {
                let report = told(end).unwrap();
                assert_eq!((report.files, report.indexed), (3, 3));
            }
        })
        .await;
    }

    /// A job that begins a generation, or is sweeping, has nothing in it to lose.
    #[tokio::test]
    async fn a_lost_index_takes_the_generation_that_was_filled_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        on_worker(home.path(), |worker| {
            drop(ask(worker, SyncReason::Requested));
            to_the_end(worker);
            let filling = Rebuild::Filling(worker.open.as_ref().unwrap().index.published());
            let table = [
                (Rebuild::No, Rebuild::No, 7, 5),
                (Rebuild::Wanted, Rebuild::Wanted, 7, 0),
                (filling, Rebuild::Wanted, 0, 0),
                (Rebuild::Sweeping, Rebuild::Sweeping, 7, 0),
            ];
            for (before, after, indexed, pending) in table {
                let report = SyncReport { indexed: 7, pending: 5, ..SyncReport::default() };
                let mut job = Job { rebuild: before, report, ..Job::default() };
                job.lose_generation();
                assert_eq!(
                    (job.rebuild, job.report.indexed, job.pending()),
                    (after, indexed, pending),
                    "{before:?}"
                );
            }
        })
        .await;
    }
}
