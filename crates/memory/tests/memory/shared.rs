//! Two processes at one index, and embedders that change while they work.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::home::Home;
use crate::jobs::{Service, Turning, Wait, fill};
use crate::meaning::{Letters, only};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use openclaw_embed::{
    BatchItem, BatchJob, BatchJobs, BatchLimits, EmbedError, Embedder, EmbedderId, Failure, JobLimits,
    JobLine, JobMark, JobState, Purpose, RemoteEmbedder, Timer, Vector,
};
use openclaw_guard::ManualClock;
use openclaw_memory::{Batching, Embedders, Engine, EngineOptions, MemoryBackend as _, Query, SyncReason};
use openclaw_testkit::embeddings::{Api, JobEnd, Trouble};
use rusqlite::Connection;
use tokio::sync::Semaphore;

/// In its first pause, another process brings its index up to date.
struct Between(Mutex<Option<Arc<Engine>>>, Turning);

impl Timer for Between {
    fn pause(&self, pause: Duration) -> BoxFuture<'static, ()> {
        let other = self.0.lock().unwrap().take();
        let turned = self.1.pause(pause);
        async move {
            if let Some(other) = other {
                other.sync(SyncReason::Requested).await.unwrap();
            }
            turned.await;
        }
        .boxed()
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        self.1.deadline(limit)
    }
}

#[tokio::test]
async fn a_job_that_another_process_collects_meanwhile_has_not_failed() {
    let (home, service) = (Home::new(), Service::new(Api::OpenAi, 0, JobEnd::Done));
    let timer = Arc::new(Between(Mutex::new(None), Turning(Arc::clone(&service.clock))));
    let slow = service.engine_of(&home, Wait::Yes, (Arc::new(service.embedder()), timer.clone()));
    // More than as often as jobs may fail.
    for round in 1..=3 {
        fill(&home, 300 * round);
        // Upload, begin, look, look for the files; then the result breaks off.
        for _ in 0..4 {
            service.server.push_good();
        }
        service.server.push(Trouble::HalfWritten);
        *timer.0.lock().unwrap() = Some(Arc::new(service.engine(&home, Wait::Yes)));
        slow.sync(SyncReason::Requested).await.unwrap();
        assert!(timer.0.lock().unwrap().is_none(), "the other one was there");
        let status = slow.status().await.unwrap();
        assert_eq!((status.embedded, status.degraded, status.jobs.len()), (300 * round, None, 0));
        assert_eq!((service.jobs(), service.inline()), (round, 0));
    }
}

/// What another process does to the index at the moment when a text is embedded or a job begun.
#[derive(Clone, Copy)]
enum Meanwhile {
    /// It writes, until so many pauses are over.
    Writes(usize),
    /// It forgets all jobs.
    Forgets,
}

/// An embedder behind which another process works on the index.
struct Disturbed<E> {
    inner: E,
    database: PathBuf,
    other: Arc<Other>,
}

struct Other {
    does: Meanwhile,
    lock: Mutex<Option<Connection>>,
    pauses: AtomicUsize,
    clock: Turning,
}

impl<E> Disturbed<E> {
    fn new(inner: E, home: &Home, does: Meanwhile) -> Self {
        let clock = Turning(Arc::new(ManualClock::new(0)));
        let other = Other { does, lock: Mutex::new(None), pauses: AtomicUsize::new(0), clock };
        Self { inner, database: home.database(), other: Arc::new(other) }
    }

    fn disturb(&self) {
        let db = Connection::open(&self.database).unwrap();
        match self.other.does {
            Meanwhile::Writes(_) => {
                db.execute_batch("BEGIN IMMEDIATE").unwrap();
                *self.other.lock.lock().unwrap() = Some(db);
            }
            Meanwhile::Forgets => {
                db.execute_batch("DELETE FROM mem_jobs; DELETE FROM mem_job_texts").unwrap();
            }
        }
    }
}

impl Timer for Other {
    fn pause(&self, pause: Duration) -> BoxFuture<'static, ()> {
        let pauses = self.pauses.fetch_add(1, Ordering::Relaxed) + 1;
        if matches!(self.does, Meanwhile::Writes(most) if pauses >= most) {
            drop(self.lock.lock().unwrap().take());
        }
        self.clock.pause(pause)
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        self.clock.deadline(limit)
    }
}

impl Embedder for Disturbed<RemoteEmbedder> {
    fn identity(&self) -> &EmbedderId {
        self.inner.identity()
    }

    fn limits(&self) -> BatchLimits {
        self.inner.limits()
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        self.inner.embed(purpose, texts)
    }

    fn batch(&self) -> Option<&dyn BatchJobs> {
        Some(self)
    }
}

impl Embedder for Disturbed<Arc<Letters>> {
    fn identity(&self) -> &EmbedderId {
        self.inner.identity()
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits { texts: 100, bytes: 10_000, concurrency: 1 }
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        async move {
            let vectors = self.inner.embed(purpose, texts).await;
            self.disturb();
            vectors
        }
        .boxed()
    }
}

impl BatchJobs for Disturbed<RemoteEmbedder> {
    fn limits(&self) -> JobLimits {
        self.jobs().limits()
    }

    fn submit<'a>(
        &'a self,
        items: Vec<BatchItem>,
        mark: &'a JobMark,
    ) -> BoxFuture<'a, Result<BatchJob, EmbedError>> {
        async move {
            let job = self.jobs().submit(items, mark).await;
            self.disturb();
            job
        }
        .boxed()
    }

    fn find<'a>(&'a self, mark: &'a JobMark) -> BoxFuture<'a, Result<Option<BatchJob>, EmbedError>> {
        self.jobs().find(mark)
    }

    fn state<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<JobState, EmbedError>> {
        self.jobs().state(job)
    }

    fn results<'a>(&'a self, job: &'a BatchJob) -> BoxStream<'a, Result<JobLine, EmbedError>> {
        self.jobs().results(job)
    }

    fn cancel<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<(), EmbedError>> {
        self.jobs().cancel(job)
    }

    fn forget<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<(), EmbedError>> {
        self.jobs().forget(job)
    }
}

impl Disturbed<RemoteEmbedder> {
    fn jobs(&self) -> &dyn BatchJobs {
        self.inner.batch().unwrap()
    }
}

fn cancelled(service: &Service) -> usize {
    service.server.asked().iter().filter(|asked| asked.path.ends_with("/cancel")).count()
}

#[tokio::test]
async fn a_job_that_was_begun_while_another_process_writes_is_collected_and_not_stopped() {
    // For a moment, and for so long that only the job's mark tells whose it is.
    for pauses in [1, 25] {
        let (home, service) = (Home::new(), Service::new(Api::OpenAi, 0, JobEnd::Done));
        fill(&home, 300);
        let embedder = Disturbed::new(service.embedder(), &home, Meanwhile::Writes(pauses));
        let timer = Arc::clone(&embedder.other);
        let memory = service.engine_of(&home, Wait::Yes, (Arc::new(embedder), timer));
        let report = memory.sync(SyncReason::Requested).await.unwrap();
        assert_eq!((report.embedded, report.degraded), (300, None), "{pauses}");
        assert_eq!((service.jobs(), service.inline(), cancelled(&service)), (1, 0, 0), "{pauses}");
        assert_eq!(service.server.files(), Vec::<String>::new(), "{pauses}");
    }
}

#[tokio::test]
async fn a_job_that_is_forgotten_while_it_is_sent_is_stopped_and_not_paid_for() {
    let (home, service) = (Home::new(), Service::new(Api::OpenAi, 0, JobEnd::Endless(0)));
    fill(&home, 300);
    let embedder = Disturbed::new(service.embedder(), &home, Meanwhile::Forgets);
    let timer = Arc::clone(&embedder.other);
    let memory = service.engine_of(&home, Wait::Yes, (Arc::new(embedder), timer));
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert!(report.degraded.is_some_and(|why| why.contains("forgotten while it was sent")));
    assert_eq!((service.jobs(), cancelled(&service), service.inline()), (2, 2, 300));
}

#[tokio::test]
async fn vectors_that_come_while_another_process_writes_are_kept() {
    let home = Home::new();
    home.note("memory/a.md", "# One\nred\n# Two\ngreen\n");
    let letters = Letters::new("letters", None);
    let embedder = Disturbed::new(letters.clone(), &home, Meanwhile::Writes(2));
    let batching = Batching { timer: Arc::clone(&embedder.other) as _, ..Batching::default() };
    let memory = home.engine_with(Embedders { batching, ..only(Arc::new(embedder)) });
    assert_eq!(memory.sync(SyncReason::Requested).await.unwrap().embedded, 2);
    assert_eq!(letters.asked(Purpose::Document), 2);
}

/// Fails when it is told to. A call for documents that has begun waits for a permit.
struct Falling {
    letters: Arc<Letters>,
    fails: AtomicBool,
    begun: Semaphore,
    go: Semaphore,
}

impl Falling {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            letters: Letters::new("falling", None),
            fails: AtomicBool::new(false),
            begun: Semaphore::new(0),
            go: Semaphore::new(permits),
        })
    }
}

impl Embedder for Falling {
    fn identity(&self) -> &EmbedderId {
        self.letters.identity()
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits { texts: 100, bytes: 10_000, concurrency: 1 }
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        async move {
            if purpose == Purpose::Document {
                self.begun.add_permits(1);
                self.go.acquire().await.unwrap().forget();
            }
            if self.fails.load(Ordering::Relaxed) {
                let failure = Failure::Overloaded("it fell".into());
                return Err(EmbedError { embedder: self.identity().to_string(), failure });
            }
            self.letters.embed(purpose, texts).await
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_late_failure_of_the_first_one_does_not_put_the_other_to_rest() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let primary = Falling::new(0);
    let fallback = Some(Letters::new("spare", None) as Arc<dyn Embedder>);
    let memory = Arc::new(home.engine_with(Embedders { fallback, ..only(primary.clone()) }));
    let syncing = tokio::spawn({
        let memory = Arc::clone(&memory);
        async move { memory.sync(SyncReason::Requested).await }
    });
    primary.begun.acquire().await.unwrap().forget();
    primary.fails.store(true, Ordering::Relaxed);
    // The question fails, and the other one steps in; then the passages that were under way fail.
    memory.search(Query::new("tea")).await.unwrap();
    primary.go.add_permits(1);
    syncing.await.unwrap().unwrap();
    let answer = memory.search(Query::new("tea")).await.unwrap();
    assert_eq!((answer.model.as_str(), answer.degraded), ("spare", None));
    assert_eq!(memory.status().await.unwrap().embedded, 1);
}

#[tokio::test]
async fn vectors_that_were_used_yesterday_outlive_the_day_on_which_their_maker_fails() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let home = Home::new();
    home.note("memory/a.md", "# One\nred\n# Two\ngreen\n");
    let clock = Arc::new(ManualClock::new(1_767_225_600_000));
    let primary = Falling::new(100);
    let fallback = Some(Letters::new("spare", None) as Arc<dyn Embedder>);
    let embedders = Embedders { fallback, ..only(primary.clone()) };
    let memory = Engine::new(EngineOptions { embedders, clock: Arc::clone(&clock) as _, ..home.options() });
    for _ in 0..20 {
        memory.sync(SyncReason::Requested).await.unwrap();
        clock.advance(10 * DAY);
    }
    primary.fails.store(true, Ordering::Relaxed);
    home.note("memory/a.md", "# One\nred\n# Two\ngreen\n# Three\nblue\n");
    memory.sync(SyncReason::Requested).await.unwrap();
    let status = memory.status().await.unwrap();
    assert_eq!((status.model.as_str(), status.embedded, status.cached), ("spare", 3, 5));
}

/// Makes vectors of another length under the same name.
struct Longer(Arc<Letters>);

impl Embedder for Longer {
    fn identity(&self) -> &EmbedderId {
        self.0.identity()
    }

    fn limits(&self) -> BatchLimits {
        self.0.limits()
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        async move {
            let longer = |vector: Vector| {
                let numbers = vector.as_slice().iter().flat_map(|&number| [number, 0.0]).collect();
                Vector::normalized(numbers).unwrap()
            };
            Ok(self.0.embed(purpose, texts).await?.into_iter().map(longer).collect())
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_model_that_changes_its_dimensions_is_told_of_and_its_vectors_are_made_anew() {
    let home = Home::new();
    home.note("memory/a.md", "# One\nred\n# Two\ngreen\n");
    home.engine_with(only(Letters::new("letters", None))).sync(SyncReason::Requested).await.unwrap();
    let letters = Letters::new("letters", None);
    let memory = home.engine_with(only(Arc::new(Longer(letters.clone()))));
    let answer = memory.search(Query::new("red")).await.unwrap();
    let said = answer.degraded.unwrap();
    assert!(said.contains("have 52 numbers now, and those of the notes had 26"), "{said}");
    assert_eq!(answer.results.len(), 1, "words answer");
    memory.sync(SyncReason::Requested).await.unwrap();
    let status = memory.status().await.unwrap();
    assert_eq!((status.embedded, status.cached, letters.asked(Purpose::Document)), (2, 2, 2));
    let answer = memory.search(Query::new("red")).await.unwrap();
    assert_eq!((answer.model.as_str(), answer.degraded), ("letters", None));
}

/// Two processes with different providers search and index the same notes while these change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_provider_under_load_mixes_nothing_and_loses_nothing() {
    const ROUNDS: usize = 20;
    let home = Home::new();
    home.note("memory/0.md", "# Start\nthe first line\n");
    let (short, long) = (Letters::new("short", None), Letters::new("long", None));
    let first = home.engine_with(only(short.clone()));
    let second = home.engine_with(only(Arc::new(Longer(long.clone()))));
    for round in 1..=ROUNDS {
        home.note(&format!("memory/{round}.md"), &format!("# Part {round}\nword{round} is here\n"));
        let question = || Query::new(format!("word{round}"));
        let both = tokio::join!(
            first.search(question()),
            second.search(question()),
            second.sync(SyncReason::Written),
            first.search(question()),
        );
        for answer in [both.0, both.1, both.3] {
            let answer = answer.unwrap();
            assert!(answer.results[0].snippet.contains(&format!("word{round}")), "{answer:?}");
        }
        both.2.unwrap();
    }
    for memory in [&first, &second] {
        memory.sync(SyncReason::Requested).await.unwrap();
    }
    for (memory, model) in [(&first, "short"), (&second, "long")] {
        let status = memory.status().await.unwrap();
        assert_eq!((status.passages, status.embedded), (ROUNDS + 1, ROUNDS + 1), "{model}");
        let answer = memory.search(Query::new("word7")).await.unwrap();
        assert_eq!((answer.model.as_str(), answer.degraded), (model, None));
    }
    // Every passage was sent once to each: the vectors of one are none of the other.
    let asked = (short.asked(Purpose::Document), long.asked(Purpose::Document));
    assert_eq!(asked, (ROUNDS + 1, ROUNDS + 1));
    assert!(!home.path("memory/main.sqlite.damaged").exists());
}
