//! When a fallback steps in and when it does not: it gets the text of all notes, so that only a failure is a reason.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_embed::local::{Hub, Limits, LocalModel, ModelReference, ModelSource, Program};
use openclaw_embed::{
    BatchJobs, BatchLimits, EmbedError, Embedder, EmbedderId, Failure, Purpose, RemoteEmbedder, Timer, Vector,
};
use openclaw_memory::{Answer, Batching, Embedders, Engine, MemoryBackend as _, Query, SyncReason};
use openclaw_testkit::embeddings::{Api, JobEnd, Trouble};
use openclaw_testkit::hub::{FakeHub, Trouble as HubTrouble};
use tokio::sync::Semaphore;

use crate::home::Home;
use crate::jobs::{Service, fill};
use crate::meaning::{Letters, only};

/// No test waits for it.
const PATIENT: Duration = Duration::from_secs(60);
const LIMITS: Limits = Limits { query: PATIENT, documents: PATIENT, start: PATIENT, idle: PATIENT };

/// A program that gives a text a vector.
const PROGRAM: &str = r#"
echo '{"hello":{"protocol":1,"prompts":1,"model":"fake","architecture":"bert","dimensions":2,"tokens":9,"prompt":"none"}}'
while read -r line; do
  id=$(expr "$line" : '.*"id":\([0-9]*\)')
  echo '{"vectors":{"id":'"$id"',"vectors":[[3,4]]}}'
done
"#;

/// Pauses take no time; a search has waited long enough when the test says so.
pub(crate) struct Bell(Semaphore);

impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Semaphore::new(0)))
    }

    fn ring(&self) {
        self.0.add_permits(1);
    }
}

struct Ringing(Arc<Bell>);

impl Timer for Ringing {
    fn pause(&self, _pause: Duration) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }

    fn deadline(&self, _limit: Duration) -> BoxFuture<'static, ()> {
        let bell = Arc::clone(&self.0);
        async move { bell.0.acquire().await.unwrap().forget() }.boxed()
    }
}

/// One embedder, and perhaps one that steps in, with searches that wait for a bell.
pub(crate) fn belled(
    bell: &Arc<Bell>,
    primary: Arc<dyn Embedder>,
    fallback: Option<Arc<dyn Embedder>>,
) -> Embedders {
    let batching = Batching { timer: Arc::new(Ringing(Arc::clone(bell))), ..Batching::default() };
    Embedders { fallback, batching, ..only(primary) }
}

async fn ask(memory: &Engine, question: &str) -> Answer {
    memory.search(Query::new(question)).await.unwrap()
}

/// Waits without sleeping for what the background is about to do.
pub(crate) async fn until(mut happened: impl AsyncFnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !happened().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never happened");
        tokio::task::yield_now().await;
    }
}

/// Lets time pass for those who wait for it.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

fn local(cache: &Path, hub: &FakeHub) -> LocalModel {
    let source = ModelSource {
        reference: ModelReference::parse("hf:a/b/c.gguf", None).unwrap(),
        cache: cache.to_owned(),
        also: Vec::new(),
        hub: Hub::new(&hub.base_url(), None).unwrap(),
    };
    LocalModel::with_limits(source, || Ok(Program::at("/bin/sh".into())), LIMITS)
}

#[cfg(unix)]
#[tokio::test]
async fn while_the_model_is_downloaded_searches_send_nothing_to_the_fallback() {
    let home = Home::new();
    home.note("memory/a.md", "# Tea\ngreen\n");
    let hub = Arc::new(FakeHub::start("a/b/c.gguf", PROGRAM.into()));
    hub.push(HubTrouble::HoldAfter(20));
    let service = Service::new(Api::OpenAi, 0, JobEnd::Done);
    let primary = Arc::new(local(&home.path("models"), &hub));
    let memory = home.engine_with(belled(&Bell::new(), primary, Some(Arc::new(service.embedder()))));
    memory.sync(SyncReason::Written).await.unwrap();
    let held = Arc::clone(&hub);
    tokio::task::spawn_blocking(move || held.wait_held(1)).await.unwrap();
    for question in ["tea", "which tea", "tea"] {
        let answer = ask(&memory, question).await;
        assert!(answer.degraded.as_ref().unwrap().contains("still being downloaded"), "{answer:?}");
        assert_eq!((answer.results.len(), answer.fallback), (1, None));
    }
    let status = memory.status().await.unwrap();
    assert_eq!(status.download.unwrap().total, Some(PROGRAM.len() as u64));
    assert_eq!((status.fallback, status.degraded), (None, None), "nothing has failed");
    assert_eq!(serde_json::to_value(status.download).unwrap()["total"], PROGRAM.len());

    hub.release();
    until(async || memory.status().await.unwrap().embedded == 1).await;
    let answer = ask(&memory, "tea").await;
    assert_eq!((answer.provider.as_str(), answer.degraded, answer.fallback), ("local", None, None));
    assert_eq!(memory.status().await.unwrap().download, None);
    assert!(service.server.asked().is_empty(), "{:?}", service.server.asked());
}

#[tokio::test]
async fn a_silent_server_degrades_one_answer_and_nobody_steps_in() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let [first, second] = [(); 2].map(|()| Service::new(Api::OpenAi, 0, JobEnd::Done));
    let bell = Bell::new();
    let fallback = Arc::new(second.embedder());
    let memory = home.engine_with(belled(&bell, Arc::new(first.embedder()), Some(fallback)));
    memory.sync(SyncReason::Requested).await.unwrap();
    let asked = first.server.asked().len();
    first.server.push(Trouble::Silent);
    let ring = async {
        first.server.wait_requests(asked + 1).await;
        bell.ring();
    };
    let (answer, ()) = tokio::join!(ask(&memory, "tea"), ring);
    let degraded = answer.degraded.unwrap();
    assert!(degraded.starts_with("words only: ") && degraded.contains("no answer within 2 s"), "{degraded}");
    assert_eq!((answer.results.len(), answer.fallback), (1, None));

    let answer = ask(&memory, "which tea").await;
    assert_eq!((answer.provider.as_str(), answer.degraded, answer.fallback), ("openai", None, None));
    assert_eq!(memory.status().await.unwrap().degraded, None);
    assert!(second.server.asked().is_empty());
}

/// Answers questions when the test lets it.
struct Slow {
    letters: Arc<Letters>,
    gate: Semaphore,
}

impl Embedder for Slow {
    fn identity(&self) -> &EmbedderId {
        self.letters.identity()
    }

    fn limits(&self) -> BatchLimits {
        self.letters.limits()
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        let vectors = self.letters.embed(purpose, texts);
        async move {
            if purpose == Purpose::Query {
                self.gate.acquire().await.unwrap().forget();
            }
            vectors.await
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_late_vector_serves_the_same_question_when_it_comes_again() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let slow = Arc::new(Slow { letters: Letters::new("slow", None), gate: Semaphore::new(0) });
    let bell = Bell::new();
    let memory = home.engine_with(belled(&bell, slow.clone(), None));
    memory.sync(SyncReason::Requested).await.unwrap();
    for question in ["one", "two"] {
        bell.ring();
        assert!(ask(&memory, question).await.degraded.is_some());
    }
    // It has two questions to answer, and gets no third one.
    let answer = ask(&memory, "three").await;
    assert!(answer.degraded.unwrap().contains("earlier questions are not answered yet"));
    bell.ring();
    assert!(ask(&memory, "one").await.degraded.is_some(), "it is still not there");
    assert_eq!(slow.letters.asked(Purpose::Query), 2, "and nothing was asked twice");

    slow.gate.add_permits(2);
    for question in ["one", "two", "one"] {
        let answer = ask(&memory, question).await;
        assert_eq!((answer.model.as_str(), answer.degraded), ("slow", None), "{question}");
    }
    assert_eq!(slow.letters.asked(Purpose::Query), 2);
    slow.gate.add_permits(1);
    assert_eq!(ask(&memory, "three").await.degraded, None);
}

#[tokio::test]
async fn of_three_questions_that_are_late_at_once_two_are_waited_for() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let slow = Arc::new(Slow { letters: Letters::new("slow", None), gate: Semaphore::new(0) });
    let bell = Bell::new();
    let memory = home.engine_with(belled(&bell, slow.clone(), None));
    memory.sync(SyncReason::Requested).await.unwrap();
    let ring = async {
        until(async || slow.letters.asked(Purpose::Query) == 3).await;
        (0..3).for_each(|_| bell.ring());
    };
    let [one, two, three] = ["one", "two", "three"].map(|question| ask(&memory, question));
    let (one, two, three, ()) = tokio::join!(one, two, three, ring);
    for answer in [one, two, three] {
        assert!(answer.degraded.unwrap().contains("no answer within 2 s"));
    }
    slow.gate.add_permits(1);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    bell.ring();
    let degraded = ask(&memory, "four").await.degraded.unwrap();
    assert!(degraded.contains("no answer within 2 s"), "there is room for it: {degraded}");
    assert_eq!(slow.letters.asked(Purpose::Query), 4);
}

#[tokio::test]
async fn a_search_that_nobody_waits_for_any_more_ends_its_call() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let slow = Arc::new(Slow { letters: Letters::new("slow", None), gate: Semaphore::new(0) });
    let memory = home.engine_with(belled(&Bell::new(), slow.clone(), None));
    memory.sync(SyncReason::Requested).await.unwrap();
    let mut search = memory.search(Query::new("tea"));
    assert!((&mut search).now_or_never().is_none());
    drop(search);
    slow.gate.add_permits(1);
    assert_eq!(ask(&memory, "coffee").await.degraded, None, "the one permit is left for this one");
}

/// Fails as the test says, first for questions, then for documents; counts letters otherwise.
struct Scripted {
    letters: Arc<Letters>,
    queries: Mutex<VecDeque<Failure>>,
    documents: Mutex<VecDeque<Failure>>,
    failed: AtomicUsize,
}

impl Scripted {
    fn new(queries: &[Failure], documents: &[Failure]) -> Arc<Self> {
        Arc::new(Self {
            letters: Letters::new("first", None),
            queries: Mutex::new(queries.to_vec().into()),
            documents: Mutex::new(documents.to_vec().into()),
            failed: AtomicUsize::new(0),
        })
    }

    fn failed(&self) -> usize {
        self.failed.load(Ordering::Relaxed)
    }
}

impl Embedder for Scripted {
    fn identity(&self) -> &EmbedderId {
        self.letters.identity()
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits { concurrency: 1, ..self.letters.limits() }
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        let script = match purpose {
            Purpose::Query => &self.queries,
            Purpose::Document => &self.documents,
        };
        let Some(failure) = script.lock().unwrap().pop_front() else {
            return self.letters.embed(purpose, texts);
        };
        self.failed.fetch_add(1, Ordering::Relaxed);
        let embedder = self.identity().to_string();
        async move { Err(EmbedError { embedder, failure }) }.boxed()
    }
}

fn unreachable() -> Failure {
    Failure::Unreachable("the connection was refused".into())
}

const REST: Duration = Duration::from_secs(31);
const AWAY: Duration = Duration::from_secs(10 * 60 + 1);

#[tokio::test]
async fn two_failed_questions_make_the_fallback_step_in_and_the_primary_is_taken_back() {
    let home = Home::new();
    home.note("memory/a.md", "# Tea\ngreen\n# Coffee\nblack\n");
    let failures = [unreachable(), unreachable()];
    // The first time it is asked again it is not there yet.
    let first = Scripted::new(&failures, &[]);
    let spare = Letters::new("spare", None);
    let memory = home.engine_with(belled(&Bell::new(), first.clone(), Some(spare.clone())));
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(first.letters.asked(Purpose::Document), 2);

    let answer = ask(&memory, "tea").await;
    assert!(answer.degraded.is_some() && answer.fallback.is_none(), "{answer:?}");
    assert_eq!(spare.asked(Purpose::Document), 0, "once is not enough");
    pass(REST).await;
    let answer = ask(&memory, "tea").await;
    assert_eq!(answer.fallback.unwrap().from, "test/first");
    // Until then the vectors counted may be those of the first.
    until(async || ask(&memory, "tea").await.model == "spare").await;
    until(async || memory.status().await.unwrap().embedded == 2).await;
    assert_eq!((spare.asked(Purpose::Document), first.failed()), (2, 2));

    home.note("memory/b.md", "# Juice\nred\n");
    memory.sync(SyncReason::Requested).await.unwrap();
    first.documents.lock().unwrap().push_back(unreachable());
    pass(AWAY).await;
    until(async || first.failed() == 3).await;
    assert!(memory.status().await.unwrap().fallback.is_some());
    // Twice the time now.
    pass(AWAY).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(first.letters.asked(Purpose::Document), 2);
    pass(AWAY).await;
    until(async || memory.status().await.unwrap().fallback.is_none()).await;
    until(async || memory.status().await.unwrap().embedded == 3).await;
    let answer = ask(&memory, "tea").await;
    assert_eq!((answer.model.as_str(), answer.degraded, answer.fallback), ("first", None, None));
    // A harmless sentence, and the one note that is new: what it has made before is kept.
    assert_eq!(first.letters.asked(Purpose::Document), 2 + 1 + 1);
    assert_eq!(spare.asked(Purpose::Document), 3);
}

#[tokio::test]
async fn a_failure_of_documents_alone_is_tried_again_before_somebody_steps_in() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    for (failures, model) in [(vec![unreachable()], "first"), (vec![unreachable(); 2], "spare")] {
        let first = Scripted::new(&[], &failures);
        let spare = Letters::new("spare", None);
        let memory = home.engine_keeping(belled(&Bell::new(), first.clone(), Some(spare)), 0);
        memory.sync(SyncReason::Rebuild).await.unwrap();
        assert_eq!((first.failed(), ask(&memory, "tea").await.model.as_str()), (failures.len(), model));
        drop(memory);
        std::fs::remove_file(home.database()).unwrap();

        // Nobody waits, and so the rest is longer.
        let first = Scripted::new(&[], &failures);
        let spare = Letters::new("spare", None);
        let memory = home.engine_keeping(belled(&Bell::new(), first.clone(), Some(spare.clone())), 0);
        memory.sync(SyncReason::Written).await.unwrap();
        until(async || memory.status().await.unwrap().degraded.is_some()).await;
        assert_eq!((first.failed(), spare.asked(Purpose::Document)), (1, 0));
        pass(REST).await;
        until(async || memory.status().await.unwrap().embedded == 1).await;
        assert_eq!(ask(&memory, "tea").await.model, model);
        drop(memory);
        std::fs::remove_file(home.database()).unwrap();
    }
}

#[tokio::test]
async fn our_own_budget_is_no_reason_to_step_in() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let over = || Failure::OverBudget { again_in: PATIENT };
    let first = Scripted::new(&[over(), over()], &[over(), over(), over()]);
    let spare = Letters::new("spare", None);
    let memory = home.engine_with(belled(&Bell::new(), first.clone(), Some(spare.clone())));
    for _ in 0..2 {
        let report = memory.sync(SyncReason::Requested).await.unwrap();
        assert!(report.degraded.unwrap().contains("budget of this hour"));
        pass(REST).await;
        assert_eq!(ask(&memory, "tea").await.fallback, None);
        pass(REST).await;
    }
    assert_eq!(spare.asked(Purpose::Document) + spare.asked(Purpose::Query), 0);
}

/// A service with jobs that answers no calls while the test says so.
struct Down {
    service: RemoteEmbedder,
    is_down: AtomicBool,
}

impl Embedder for Down {
    fn identity(&self) -> &EmbedderId {
        self.service.identity()
    }

    fn limits(&self) -> BatchLimits {
        self.service.limits()
    }

    fn batch(&self) -> Option<&dyn BatchJobs> {
        self.service.batch()
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        if self.is_down.load(Ordering::Relaxed) {
            let embedder = self.identity().to_string();
            return async move { Err(EmbedError { embedder, failure: unreachable() }) }.boxed();
        }
        self.service.embed(purpose, texts)
    }
}

/// Nobody looks at a job a second time.
struct Still;

impl Timer for Still {
    fn pause(&self, _pause: Duration) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }

    fn deadline(&self, _limit: Duration) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

/// Whose jobs are waited for is who makes the vectors: a fallback without jobs has none that keep it.
#[tokio::test]
async fn a_job_that_the_primary_left_behind_does_not_keep_it_away() {
    let home = Home::new();
    fill(&home, 300);
    let service = Service::new(Api::OpenAi, 1_000, JobEnd::Done);
    let first = Arc::new(Down { service: service.embedder(), is_down: AtomicBool::new(false) });
    let spare = Letters::new("spare", None);
    let mut batching = Batching { timer: Arc::new(Still), ..Batching::default() };
    batching.policy.wait = false;
    let memory = home.engine_with(Embedders { fallback: Some(spare), batching, ..only(first.clone()) });
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(memory.status().await.unwrap().jobs.len(), 1);
    assert_eq!(memory.progress().borrow().in_jobs, 300);

    first.is_down.store(true, Ordering::Relaxed);
    assert_eq!(ask(&memory, "box").await.fallback, None);
    pass(REST).await;
    assert!(ask(&memory, "box").await.fallback.is_some());
    until(async || memory.status().await.unwrap().embedded == 300).await;
    assert_eq!(memory.status().await.unwrap().jobs, [], "the fallback has none");
    assert_eq!(memory.progress().borrow().in_jobs, 0);

    first.is_down.store(false, Ordering::Relaxed);
    pass(AWAY).await;
    until(async || memory.status().await.unwrap().fallback.is_none()).await;
    assert_eq!((memory.status().await.unwrap().jobs.len(), service.jobs()), (1, 1), "it is still there");
}
