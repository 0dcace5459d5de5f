//! Batch jobs: begun for many passages at once, looked at now and then, collected, and given up when they fail.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use openclaw_embed::{
    BatchItem, BatchJob, BatchJobs, BatchPolicy, EmbedError, Embedder, EmbedderId, Ended, Failure, JobState,
    Next, Seen, Vector, Waiting,
};
use serde::Serialize;

use super::state::{COMMIT_TEXTS, Embedding};
use crate::corpus::NoteId;
use crate::engine::Mailbox;
use crate::error::MemoryError;
use crate::jobs::{JobKey, Reserved, StoredJob, hash_of_id};

/// Fewer passages go in ordinary calls: a job may take hours, and a changed note should be found at once.
pub(super) const FROM_TEXTS: usize = 256;
/// Jobs that may fail before there are no more until a restart.
const MOST_FAILURES: u32 = 2;
/// How long a job that was told to stop may take to do so.
const STOPPING: Duration = Duration::from_secs(15 * 60);
/// How often results that break off are read again before the job is left for another time.
const READINGS: u32 = 3;
/// Notes that take their vectors from the cache between two requests of others.
const NOTES_AT_ONCE: usize = 64;
/// How often the index is looked at for a job that nobody has the name of yet.
const UNNAMED: Duration = Duration::from_secs(60);

/// A batch job, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobUnderWay {
    /// The service's name for it; absent while it is being sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How far it is.
    pub stage: JobStage,
    /// Passages in it.
    pub texts: usize,
    /// Those that are done, where the service says so.
    pub done: usize,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobStage {
    /// It is on its way to the service.
    Sending,
    /// The service has it.
    Running,
    /// It took too long and was told to stop.
    Stopping,
}

/// What is known of jobs beside what the index keeps.
#[derive(Default)]
pub(super) struct Jobs {
    /// Of each embedder by itself: what the jobs of one are says nothing about those of the other.
    primary: Mutex<Known>,
    fallback: Mutex<Known>,
    /// Whether somebody looks now and then.
    watching: AtomicBool,
    /// One look at a time.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    failures: u32,
    /// Why the last one failed.
    why: String,
    /// How each is waited for, before it was told to stop and after: another process may tell it.
    waiting: HashMap<(JobKey, bool), Waiting>,
    under_way: Vec<JobUnderWay>,
    done: HashMap<JobKey, usize>,
    /// Those that are on their way to the service from here.
    sending: HashSet<JobKey>,
    /// Those without a name that were looked for at the service.
    sought: HashSet<JobKey>,
    /// Texts that a job could not embed: they go in ordinary calls.
    only_inline: HashSet<Vec<u8>>,
}

impl Known {
    /// A job is over, whoever collected it.
    fn forget(&mut self, key: JobKey) {
        self.waiting.retain(|(of, _), _| *of != key);
        self.done.remove(&key);
        self.sought.remove(&key);
    }
}

/// What became of a job without a name.
enum Adopted {
    /// It has one now.
    Job(BatchJob),
    /// Somebody may be sending it.
    NotYet,
    /// There is none.
    Nothing,
}

/// A job on its way from here, as long as somebody is at it.
struct Sending<'a> {
    embedding: &'a Embedding,
    by: &'a EmbedderId,
    key: JobKey,
}

impl<'a> Sending<'a> {
    fn new(embedding: &'a Embedding, by: &'a EmbedderId, key: JobKey) -> Self {
        embedding.known(by).sending.insert(key);
        Self { embedding, by, key }
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.embedding.known(self.by).sending.remove(&self.key);
    }
}

/// Whether a job may be at the service although sending it failed.
fn may_be_begun(failure: &Failure) -> bool {
    match failure {
        Failure::Unreachable(_) | Failure::TimedOut(_) | Failure::Malformed(_) => true,
        Failure::RateLimited { .. }
        | Failure::Overloaded(_)
        | Failure::OverBudget { .. }
        | Failure::Auth(_)
        | Failure::Quota(_)
        | Failure::Refused(_)
        | Failure::Unavailable(_)
        | Failure::NotReady(_) => false,
    }
}

/// What became of passages that could go in a job.
pub(super) enum Submitted {
    /// They go in ordinary calls.
    Nothing,
    /// A job was begun, or at least tried.
    Job,
    /// There are as many jobs as there may be; they come after those.
    Later,
}

/// What a look at all jobs showed.
#[derive(Default)]
pub(super) struct Look {
    /// Vectors that came.
    pub(super) collected: usize,
    /// Whether a job is over, so that there may be more to do.
    pub(super) has_ended: bool,
    /// When to look again; nothing when that makes no sense.
    pub(super) pause: Option<Duration>,
    /// The same for jobs without a name, which only the background waits for: somebody else may be sending them.
    pub(super) later: Option<Duration>,
}

/// One job that is looked at, and who has it.
struct At<'a> {
    mailbox: &'a Mailbox,
    embedder: &'a dyn Embedder,
    jobs: &'a dyn BatchJobs,
    key: JobKey,
    job: &'a BatchJob,
    is_stopped: bool,
}

impl Embedding {
    /// Whether passages may go in jobs.
    pub(super) fn offers_jobs(&self, embedder: &dyn Embedder) -> bool {
        embedder.batch().is_some() && self.known(embedder.identity()).failures < MOST_FAILURES
    }

    /// Why there are no more jobs, in plain words.
    pub(crate) fn without_jobs(&self) -> Option<String> {
        let embedder = self.active()?;
        let known = self.known(embedder.identity());
        (known.failures >= MOST_FAILURES).then(|| {
            let why = &known.why;
            format!("batch jobs failed {MOST_FAILURES} times, so passages are embedded by ordinary requests until a restart: {why}")
        })
    }

    /// Begins a job if enough passages are in none.
    pub(super) async fn submit(
        &self,
        mailbox: &Mailbox,
        embedder: &dyn Embedder,
        left: usize,
    ) -> Result<Submitted, MemoryError> {
        let Some(jobs) = embedder.batch().filter(|_| self.offers_jobs(embedder)) else {
            return Ok(Submitted::Nothing);
        };
        if left < FROM_TEXTS {
            return Ok(Submitted::Nothing);
        }
        let stored = self.stored(mailbox, embedder).await?;
        let waiting: usize = stored.iter().map(|stored| stored.texts).sum();
        if left.saturating_sub(waiting) < FROM_TEXTS {
            return Ok(Submitted::Nothing);
        }
        if stored.len() >= self.embedders.batching.policy.concurrency {
            return Ok(Submitted::Later);
        }
        let limits = jobs.limits();
        let mut passages = self.missing(mailbox, embedder, (limits.texts, limits.bytes)).await?.passages;
        {
            let known = self.known(embedder.identity());
            passages.retain(|passage| !known.only_inline.contains(&crate::vectors::hash(&passage.text)));
        }
        if passages.len() < FROM_TEXTS {
            return Ok(Submitted::Nothing);
        }
        let reserved = mailbox.with_vectors(embedder, move |open, now_ms| {
            let embedder = open.embedder();
            embedder.map(|embedder| open.index.reserve(embedder, &passages, now_ms)).transpose()
        });
        let Some(reserved) = reserved.await? else { return Ok(Submitted::Nothing) };
        self.send(mailbox, embedder, jobs, reserved).await?;
        self.stored(mailbox, embedder).await?;
        Ok(Submitted::Job)
    }

    async fn send(
        &self,
        mailbox: &Mailbox,
        embedder: &dyn Embedder,
        jobs: &dyn BatchJobs,
        Reserved { key, mark, texts }: Reserved,
    ) -> Result<(), MemoryError> {
        let forget = || mailbox.with_vectors(embedder, move |open, _| open.index.drop_job(key));
        if texts.is_empty() {
            self.insist(forget).await?;
            return Ok(());
        }
        let _sending = Sending::new(self, embedder.identity(), key);
        let sent = jobs.submit(texts.into_iter().map(BatchItem::new).collect(), &mark).await;
        // The answer may be lost, and the job begun.
        let sent = match sent {
            Err(error) if may_be_begun(&error.failure) => match jobs.find(&mark).await {
                Ok(Some(job)) => Ok(job),
                Ok(None) => Err(error),
                // Nobody knows. It is looked for again, and until then its texts are sent to nobody.
                Err(_) => {
                    self.count_failure(mailbox, embedder.identity(), &error.to_string());
                    return Ok(());
                }
            },
            sent => sent,
        };
        let failure = match sent {
            Ok(job) => {
                tracing::info!(agent = %mailbox.agent_id(), job = %job.id, texts = job.count, "a batch job is under way");
                match self.name(mailbox, embedder, key, &job).await {
                    Ok(true) => {}
                    // Nobody would find it again, so nobody is to pay for it.
                    Ok(false) => {
                        jobs.cancel(&job).await.ok();
                        self.count_failure(
                            mailbox,
                            embedder.identity(),
                            "the job was forgotten while it was sent",
                        );
                    }
                    // It is still entered, and is found by its mark.
                    Err(error) => {
                        tracing::warn!(agent = %mailbox.agent_id(), job = %job.id, %error, "the name of a batch job is not kept yet");
                    }
                }
                return Ok(());
            }
            Err(error) => error,
        };
        self.insist(forget).await?;
        self.count_failure(mailbox, embedder.identity(), &failure.to_string());
        Ok(())
    }

    /// Keeps the service's name of a job; tells whether the job is still entered.
    async fn name(
        &self,
        mailbox: &Mailbox,
        embedder: &dyn Embedder,
        key: JobKey,
        job: &BatchJob,
    ) -> Result<bool, MemoryError> {
        let keep = || {
            let job = job.clone();
            mailbox.with_vectors(embedder, move |open, _| open.index.job_begun(key, &job))
        };
        self.insist(keep).await
    }

    /// Looks at the jobs now and then, in the background, until there are none.
    pub(super) fn watch(self: &Arc<Self>, mailbox: &Arc<Mailbox>) {
        let has_jobs = self.active().is_some_and(|embedder| embedder.batch().is_some());
        if !has_jobs || self.jobs.watching.swap(true, Ordering::AcqRel) {
            return;
        }
        let timer = Arc::clone(&self.embedders.batching.timer);
        // Weak, as for the loop that embeds.
        let (embedding, mailbox) = (Arc::downgrade(self), Arc::downgrade(mailbox));
        tokio::spawn(async move {
            while let (Some(embedding), Some(mailbox)) = (embedding.upgrade(), mailbox.upgrade()) {
                let look = embedding.look(&mailbox).await.unwrap_or_else(|error| {
                    tracing::warn!(agent = %mailbox.agent_id(), %error, "batch jobs cannot be looked at");
                    Look::default()
                });
                let pause = [look.pause, look.later].into_iter().flatten().min();
                if look.has_ended || pause.is_none() {
                    embedding.jobs.watching.store(false, Ordering::Release);
                }
                if look.has_ended {
                    // What is left goes on, and whoever sees to that watches what is under way.
                    embedding.begin(&mailbox);
                    return;
                }
                let Some(pause) = pause else { return };
                drop((embedding, mailbox));
                timer.pause(pause).await;
            }
        });
    }

    /// Looks at every job once, and collects those that are over.
    pub(super) async fn look(&self, mailbox: &Mailbox) -> Result<Look, MemoryError> {
        let mut all = Look::default();
        let Some(embedder) = self.active() else { return Ok(all) };
        let Some(jobs) = embedder.batch() else { return Ok(all) };
        let _one = self.jobs.looking.lock().await;
        for stored in self.stored(mailbox, embedder.as_ref()).await? {
            let (key, stopped_ms) = (stored.key, stored.stopped_ms);
            let job = match stored.job {
                Some(job) => job,
                None => match self.adopt(mailbox, (embedder.as_ref(), jobs), &stored).await? {
                    Adopted::Job(job) => job,
                    Adopted::NotYet => {
                        all.later = Some(UNNAMED);
                        continue;
                    }
                    Adopted::Nothing => {
                        all.has_ended = true;
                        continue;
                    }
                },
            };
            // It has its time to stop from when it was told, however late that was.
            let timeout_ms = i64::try_from(self.policy(false).timeout.as_millis()).unwrap_or(i64::MAX);
            let told_ms = stopped_ms.map_or(i64::MIN, |stopped_ms| stopped_ms.saturating_sub(timeout_ms));
            let job = BatchJob { created_ms: job.created_ms.max(told_ms), ..job };
            let is_stopped = stopped_ms.is_some();
            let at = At { mailbox, embedder: embedder.as_ref(), jobs, key, job: &job, is_stopped };
            let look = self.look_at(&at).await?;
            all.collected += look.collected;
            all.has_ended |= look.has_ended;
            all.pause = [all.pause, look.pause].into_iter().flatten().min();
        }
        if all.has_ended {
            self.stored(mailbox, embedder.as_ref()).await?;
        }
        Ok(all)
    }

    /// Looks for a job whose sender may have died before it kept the name: a job that was begun is paid for. What is not
    /// found is given up when nobody can be sending it any more, and its texts go elsewhere.
    async fn adopt(
        &self,
        mailbox: &Mailbox,
        (embedder, jobs): (&dyn Embedder, &dyn BatchJobs),
        stored: &StoredJob,
    ) -> Result<Adopted, MemoryError> {
        let key = stored.key;
        let is_sought = {
            let mut known = self.known(embedder.identity());
            // A sender that is alive is asked for once: it may be another process.
            !known.sending.contains(&key) && (known.sought.insert(key) || stored.is_orphan)
        };
        if !is_sought {
            return Ok(Adopted::NotYet);
        }
        let mark = mailbox.with_vectors(embedder, move |open, _| open.index.mark(key)).await?;
        match jobs.find(&mark).await {
            Ok(Some(found)) => {
                // It began when it was entered, not when it was found.
                let job = BatchJob { count: stored.texts, created_ms: stored.begun_ms, ..found };
                tracing::info!(agent = %mailbox.agent_id(), job = %job.id, "a batch job whose sender died is found again");
                match self.name(mailbox, embedder, key, &job).await {
                    Ok(true) => Ok(Adopted::Job(job)),
                    // Another process has collected it.
                    Ok(false) => Ok(Adopted::Nothing),
                    Err(error) if error.is_busy() => {
                        self.known(embedder.identity()).sought.remove(&key);
                        Ok(Adopted::NotYet)
                    }
                    Err(error) => Err(error),
                }
            }
            Ok(None) if stored.is_orphan => {
                mailbox.with_vectors(embedder, move |open, _| open.index.drop_unnamed(key)).await?;
                Ok(Adopted::Nothing)
            }
            // A service without a list cannot say more later.
            Err(error) if stored.is_orphan && !error.failure.is_passing() => {
                tracing::warn!(agent = %mailbox.agent_id(), %error, "a batch job whose sender died cannot be looked for");
                mailbox.with_vectors(embedder, move |open, _| open.index.drop_unnamed(key)).await?;
                Ok(Adopted::Nothing)
            }
            Ok(None) => Ok(Adopted::NotYet),
            Err(error) => {
                tracing::debug!(agent = %mailbox.agent_id(), %error, "a batch job whose sender died is looked for later");
                self.known(embedder.identity()).sought.remove(&key);
                Ok(Adopted::NotYet)
            }
        }
    }

    async fn look_at(&self, at: &At<'_>) -> Result<Look, MemoryError> {
        let (by, known_as) = (at.embedder.identity(), (at.key, at.is_stopped));
        let waiting = self.known(by).waiting.remove(&known_as);
        let mut waiting = waiting.unwrap_or_else(|| Waiting::new(self.policy(at.is_stopped), at.job));
        let seen = match at.jobs.state(at.job).await {
            Ok(state) => Seen::State(state),
            Err(EmbedError { failure, .. }) => Seen::Failure(failure),
        };
        if let Seen::State(JobState::Running { done }) = seen {
            self.known(by).done.insert(at.key, done);
        }
        match waiting.step(seen, at.mailbox.options.clock.now_ms()) {
            Next::Sleep(pause) => {
                self.known(by).waiting.insert(known_as, waiting);
                Ok(Look { pause: Some(pause), ..Look::default() })
            }
            Next::End(Ended::Finished) => self.collect(at, None).await,
            Next::End(Ended::Partly(state)) => {
                let why = (!at.is_stopped).then(|| match state {
                    JobState::Expired => "the service had no time for the job".to_owned(),
                    JobState::Cancelled => "somebody stopped the job".to_owned(),
                    JobState::Running { .. } | JobState::Finished => "the job stopped half-way".to_owned(),
                    JobState::Failed(why) => why,
                });
                self.collect(at, why).await
            }
            Next::End(Ended::Failed(why)) => self.give_up(at, Some(why)).await,
            Next::End(Ended::TimedOut) => self.overdue(at).await,
            // It does not exist, or belongs to somebody else.
            Next::End(Ended::Lost(failure @ Failure::Refused(_))) => {
                self.give_up(at, Some(failure.to_string())).await
            }
            Next::End(Ended::Lost(failure)) => self.leave(at, &failure).await,
        }
    }

    /// A job that took too long is told to stop, and what it did is collected then. One that does not stop is forgotten.
    async fn overdue(&self, at: &At<'_>) -> Result<Look, MemoryError> {
        if at.is_stopped {
            return self.give_up(at, None).await;
        }
        if let Err(error) = at.jobs.cancel(at.job).await {
            tracing::debug!(job = %at.job.id, %error, "a batch job cannot be stopped");
        }
        let key = at.key;
        let stop =
            || at.mailbox.with_vectors(at.embedder, move |open, now_ms| open.index.job_stopped(key, now_ms));
        if self.insist(stop).await? {
            let minutes = self.embedders.batching.policy.timeout.as_secs() / 60;
            self.count_failure(
                at.mailbox,
                at.embedder.identity(),
                &format!("the job took more than {minutes} min"),
            );
        }
        Ok(Look { pause: Some(self.embedders.batching.policy.poll), ..Look::default() })
    }

    /// A job that cannot be looked at or read now is left for another time, unless its time is over.
    async fn leave(&self, at: &At<'_>, failure: &Failure) -> Result<Look, MemoryError> {
        let limit = i64::try_from(self.policy(true).timeout.as_millis()).unwrap_or(i64::MAX);
        let until = at.job.created_ms.saturating_add(limit);
        if at.mailbox.options.clock.now_ms() >= until {
            return self.give_up(at, Some(failure.to_string())).await;
        }
        tracing::warn!(job = %at.job.id, %failure, "a batch job is left for another time");
        Ok(Look::default())
    }

    /// Takes the vectors of a job that is over. `why` says what went wrong with it.
    async fn collect(&self, at: &At<'_>, why: Option<String>) -> Result<Look, MemoryError> {
        let (mut collected, mut broken) = (0, None);
        for reading in 0..READINGS {
            if reading > 0 {
                self.embedders.batching.timer.pause(self.embedders.batching.policy.poll).await;
            }
            let (kept, refused, failure) = self.read(at).await?;
            collected = kept.max(collected);
            // In a job that stopped half-way, nothing is known of a text that is not done.
            if why.is_none() {
                self.known(at.embedder.identity()).only_inline.extend(refused);
            }
            broken = failure;
            if broken.is_none() {
                break;
            }
        }
        self.take_in(at).await?;
        self.progress.send_modify(|progress| progress.embedded += collected);
        if let Some(failure) = broken.as_ref().filter(|failure| failure.is_passing()) {
            return Ok(Look { collected, ..self.leave(at, failure).await? });
        }
        let nothing = || (collected == 0).then(|| "the job made no vectors".to_owned());
        let why = why.or_else(|| broken.map(|failure| failure.to_string())).or_else(nothing);
        if why.is_none() && !at.is_stopped {
            self.known(at.embedder.identity()).failures = 0;
        }
        if self.drop_own(at, why).await?
            && let Err(error) = at.jobs.forget(at.job).await
        {
            tracing::debug!(job = %at.job.id, %error, "the files of a batch job stay at the service");
        }
        // Not before: while a job is entered, its vectors stay.
        let (most, count) = (at.mailbox.options.cache_entries, at.job.count);
        at.mailbox.with_vectors(at.embedder, move |open, _| open.prune_cache(most, count)).await?;
        Ok(Look { collected, has_ended: true, ..Look::default() })
    }

    /// Gives the vectors of the cache to the notes that wait for them, a few notes at a time.
    async fn take_in(&self, at: &At<'_>) -> Result<(), MemoryError> {
        let mut after: Option<NoteId> = None;
        loop {
            let take = move |open: &mut crate::open::OpenIndex, _| open.take_in(after, NOTES_AT_ONCE);
            match at.mailbox.with_vectors(at.embedder, take).await? {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// Forgets a job. What has no vector yet goes in ordinary calls or into the next one.
    async fn give_up(&self, at: &At<'_>, why: Option<String>) -> Result<Look, MemoryError> {
        self.drop_own(at, why).await?;
        Ok(Look { has_ended: true, ..Look::default() })
    }

    /// Forgets a job; tells whether it was there. One that another process has collected meanwhile has not failed, whatever
    /// the service says of it now.
    async fn drop_own(&self, at: &At<'_>, why: Option<String>) -> Result<bool, MemoryError> {
        let key = at.key;
        let forget = || at.mailbox.with_vectors(at.embedder, move |open, _| open.index.drop_job(key));
        let was_there = self.insist(forget).await?;
        self.known(at.embedder.identity()).forget(key);
        match why {
            Some(why) if was_there => self.count_failure(at.mailbox, at.embedder.identity(), &why),
            Some(why) => {
                tracing::debug!(job = %at.job.id, %why, "a batch job was collected by another process");
            }
            None => {}
        }
        Ok(was_there)
    }

    fn count_failure(&self, mailbox: &Mailbox, by: &EmbedderId, why: &str) {
        tracing::warn!(agent = %mailbox.agent_id(), %by, %why, "a batch job failed");
        let mut known = self.known(by);
        known.failures += 1;
        why.clone_into(&mut known.why);
    }

    fn policy(&self, is_stopped: bool) -> BatchPolicy {
        let policy = self.embedders.batching.policy;
        let more = if is_stopped { STOPPING } else { Duration::ZERO };
        BatchPolicy { timeout: policy.timeout.saturating_add(more), ..policy }
    }

    /// The jobs of an embedder, and what people are told of them.
    async fn stored(
        &self,
        mailbox: &Mailbox,
        embedder: &dyn Embedder,
    ) -> Result<Vec<StoredJob>, MemoryError> {
        let stored = mailbox.with_vectors(embedder, |open, now_ms| match open.embedder() {
            Some(embedder) => open.index.jobs(embedder, now_ms),
            None => Ok(Vec::new()),
        });
        let stored = stored.await?;
        let by = embedder.identity();
        let is_active = self.active().is_some_and(|active| active.identity() == by);
        let mut known = self.known(by);
        known.waiting.retain(|(key, _), _| stored.iter().any(|stored| stored.key == *key));
        let shown = |stored: &StoredJob| JobUnderWay {
            id: stored.job.as_ref().map(|job| job.id.clone()),
            stage: match (&stored.job, stored.stopped_ms.is_some()) {
                (None, _) => JobStage::Sending,
                (Some(_), false) => JobStage::Running,
                (Some(_), true) => JobStage::Stopping,
            },
            texts: stored.texts,
            done: known.done.get(&stored.key).copied().unwrap_or_default(),
        };
        let under_way: Vec<JobUnderWay> = stored.iter().map(shown).collect();
        known.under_way = under_way;
        if is_active {
            let in_jobs = stored.iter().map(|stored| stored.texts).sum();
            self.progress.send_modify(|progress| progress.in_jobs = in_jobs);
        }
        Ok(stored)
    }

    /// The jobs of who makes the vectors, as the index knows them, for people.
    pub(crate) async fn see_jobs(&self, mailbox: &Mailbox) -> Result<Vec<JobUnderWay>, MemoryError> {
        let Some(embedder) = self.active().filter(|embedder| embedder.batch().is_some()) else {
            return Ok(Vec::new());
        };
        self.stored(mailbox, embedder.as_ref()).await?;
        Ok(self.known(embedder.identity()).under_way.clone())
    }

    fn known(&self, by: &EmbedderId) -> MutexGuard<'_, Known> {
        let is_primary = self.embedders.primary.as_ref().is_some_and(|primary| primary.identity() == by);
        let known = if is_primary { &self.jobs.primary } else { &self.jobs.fallback };
        // Only ever held for a few moves of values, so that a poisoned one is still whole.
        known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep(&self, at: &At<'_>, vectors: Vec<(Vec<u8>, Vector)>) -> Result<usize, MemoryError> {
        if vectors.is_empty() {
            return Ok(0);
        }
        let (key, vectors) = (at.key, Arc::new(vectors));
        let keep = || {
            let vectors = Arc::clone(&vectors);
            at.mailbox.with_vectors(at.embedder, move |open, now_ms| {
                if let Some((_, vector)) = vectors.first() {
                    open.expect(vector.as_slice().len())?;
                }
                open.index.keep_job_vectors(key, &vectors, now_ms)
            })
        };
        self.insist(keep).await
    }

    /// Reads the results once and keeps what comes; tells how many, which texts the service
    /// refused, and what broke it off.
    async fn read(&self, at: &At<'_>) -> Result<Read, MemoryError> {
        let mut lines = at.jobs.results(at.job);
        let (mut kept, mut ready, mut refused) = (0, Vec::new(), Vec::new());
        let failure = loop {
            match lines.next().await {
                None => break None,
                Some(Err(error)) => break Some(error.failure),
                Some(Ok(line)) => match (hash_of_id(&line.id), line.outcome) {
                    (Some(hash), Ok(vector)) => ready.push((hash, vector)),
                    (Some(hash), Err(error)) => {
                        tracing::debug!(%error, "a text of a batch job");
                        refused.push(hash);
                    }
                    (None, _) => {}
                },
            }
            if ready.len() >= COMMIT_TEXTS {
                kept += self.keep(at, std::mem::take(&mut ready)).await?;
            }
        };
        kept += self.keep(at, ready).await?;
        Ok((kept, refused, failure))
    }
}

/// Vectors kept, texts refused, and what broke the reading off.
type Read = (usize, Vec<Vec<u8>>, Option<Failure>);
