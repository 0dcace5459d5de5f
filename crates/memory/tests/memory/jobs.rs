//! Batch jobs at a service of the testkit, over real HTTP; pauses turn the clock and take no time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::home::{Home, options};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_embed::{
    Allowance, BatchApi, BatchPolicy, Budget, Dialect, Embedder, Means, RemoteEmbedder, RemoteSpec, Timer,
};
use openclaw_guard::{Clock as _, ManualClock, Secret};
use openclaw_http::GuardedHttp;
use openclaw_memory::{
    Batching, Embedders, Engine, EngineOptions, JobStage, MemoryBackend as _, Query, SyncReason,
};
use openclaw_testkit::embeddings::{Api, EmbeddingServer, JobEnd, JobPlan, Trouble};

/// Pauses turn the clock.
pub(crate) struct Turning(pub(crate) Arc<ManualClock>);

impl Timer for Turning {
    fn pause(&self, pause: Duration) -> BoxFuture<'static, ()> {
        self.0.advance(pause);
        std::future::ready(()).boxed()
    }

    fn deadline(&self, _limit: Duration) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

/// A service, and the time of everybody who uses it.
pub(crate) struct Service {
    api: Api,
    pub(crate) server: EmbeddingServer,
    pub(crate) clock: Arc<ManualClock>,
}

#[derive(Clone, Copy)]
pub(crate) enum Wait {
    Yes,
    No,
}

impl Service {
    pub(crate) fn new(api: Api, looks: usize, end: JobEnd) -> Self {
        let server = EmbeddingServer::start(api);
        server.plan(JobPlan { looks, end });
        Self { api, server, clock: Arc::new(ManualClock::new(1_767_225_600_000)) }
    }

    /// An engine as a process makes it.
    pub(crate) fn engine(&self, home: &Home, wait: Wait) -> Engine {
        self.engine_of(home, wait, (Arc::new(self.embedder()), Arc::new(Turning(Arc::clone(&self.clock)))))
    }

    /// The same, with an embedder and a timer for its jobs that do more.
    pub(crate) fn engine_of(
        &self,
        home: &Home,
        wait: Wait,
        (primary, timer): (Arc<dyn Embedder>, Arc<dyn Timer>),
    ) -> Engine {
        let policy = BatchPolicy {
            wait: matches!(wait, Wait::Yes),
            concurrency: 2,
            poll: Duration::from_secs(2),
            timeout: Duration::from_secs(3_600),
        };
        let batching = Batching { policy, timer };
        let embedders = Embedders { primary: Some(primary), batching, ..Embedders::default() };
        let clock = Arc::clone(&self.clock) as _;
        Engine::new(EngineOptions { embedders, clock, ..options(home.dir.path()) })
    }

    pub(crate) fn embedder(&self) -> RemoteEmbedder {
        let timer = Arc::new(Turning(Arc::clone(&self.clock)));
        let means = Means {
            http: Arc::new(GuardedHttp::new(Duration::from_secs(5))),
            clock: Arc::clone(&self.clock) as _,
            timer,
            budget: Arc::new(Budget::new(Allowance::default())),
        };
        let dialect = match self.api {
            Api::OpenAi => Dialect::OpenAi,
            Api::Gemini => Dialect::Gemini,
            Api::Voyage => Dialect::Voyage,
        };
        let spec = RemoteSpec {
            dialect,
            base_url: self.server.base_url(),
            key: Some(Secret::new("key".into())),
            headers: Vec::new(),
            model: dialect.default_model().to_owned(),
            batch: BatchApi::Offered,
        };
        RemoteEmbedder::new(&spec, means).unwrap()
    }

    /// Jobs that were begun.
    pub(crate) fn jobs(&self) -> usize {
        let asked = self.server.asked();
        let begins = |path: &str| path.ends_with("/batches") || path.ends_with(":asyncBatchEmbedContent");
        asked.iter().filter(|asked| asked.method == "POST" && begins(&asked.path)).count()
    }

    /// Texts that were sent in ordinary calls.
    pub(crate) fn inline(&self) -> usize {
        let count = |body: &serde_json::Value| {
            let list = if self.api == Api::Gemini { &body["requests"] } else { &body["input"] };
            list.as_array().map_or(0, Vec::len)
        };
        let is_call = |path: &str| path.ends_with("/embeddings") || path.ends_with(":batchEmbedContents");
        self.server.asked().iter().filter(|asked| is_call(&asked.path)).map(|asked| count(&asked.body)).sum()
    }
}

/// So many passages, in three notes.
pub(crate) fn fill(home: &Home, passages: usize) {
    for note in 0..3 {
        let parts = (0..passages).filter(|n| n % 3 == note);
        let text: String = parts.map(|n| format!("# Part {n}\nThe box of number{n} is blue.\n")).collect();
        home.note(&format!("memory/{note}.md"), &text);
    }
}

#[tokio::test]
async fn one_job_for_many_files_and_nothing_is_left_at_the_service() {
    for api in Api::ALL {
        let (home, service) = (Home::new(), Service::new(api, 3, JobEnd::Done));
        fill(&home, 300);
        let memory = service.engine(&home, Wait::Yes);
        let report = memory.sync(SyncReason::Requested).await.unwrap();
        assert_eq!((report.embedded, report.degraded), (300, None), "{api:?}");
        let status = memory.status().await.unwrap();
        assert_eq!((status.embedded, status.passages, status.cached), (300, 300, 300), "{api:?}");
        assert_eq!((service.jobs(), service.inline()), (1, 0), "{api:?}");
        assert_eq!((status.jobs, service.server.files()), (Vec::new(), Vec::new()), "{api:?}");
        let answer = memory.search(Query::new("which box is number77?")).await.unwrap();
        assert!(answer.results[0].snippet.contains("number77"), "{api:?} {answer:?}");
    }
}

#[tokio::test]
async fn a_job_survives_a_restart_and_what_changes_meanwhile_is_embedded_at_once() {
    for api in [Api::OpenAi, Api::Gemini] {
        let (home, service) = (Home::new(), Service::new(api, 4, JobEnd::Done));
        fill(&home, 300);
        {
            let memory = service.engine(&home, Wait::No);
            let report = memory.sync(SyncReason::Requested).await.unwrap();
            assert_eq!(report.embedded, 0, "{api:?}");
            let jobs = memory.status().await.unwrap().jobs;
            assert_eq!((jobs.len(), jobs[0].texts, jobs[0].stage), (1, 300, JobStage::Running), "{api:?}");
            assert!(jobs[0].id.as_deref().is_some_and(|id| id.contains('b')), "{jobs:?}");
        }
        // A note that goes, one that comes, and everything that is indexed anew.
        std::fs::remove_file(home.path("workspace/memory/2.md")).unwrap();
        home.note("memory/new.md", "# New\nThe harbour is closed.\n");
        {
            let memory = service.engine(&home, Wait::No);
            let report = memory.sync(SyncReason::Rebuild).await.unwrap();
            assert_eq!((report.embedded, service.inline()), (1, 1), "{api:?}");
            assert_eq!(memory.status().await.unwrap().jobs.len(), 1, "{api:?}");
        }
        let memory = service.engine(&home, Wait::Yes);
        memory.sync(SyncReason::Requested).await.unwrap();
        let status = memory.status().await.unwrap();
        assert_eq!((status.embedded, status.passages, status.cached), (201, 201, 301), "{api:?}");
        assert_eq!((service.jobs(), service.inline(), status.jobs.len()), (1, 1, 0), "{api:?}");
    }
}

#[tokio::test]
async fn what_a_job_could_not_do_goes_in_ordinary_calls() {
    for (end, inline) in [(JobEnd::Expired(200), 100), (JobEnd::DoneWithErrors(50), 50)] {
        let (home, service) = (Home::new(), Service::new(Api::OpenAi, 1, end));
        fill(&home, 300);
        let memory = service.engine(&home, Wait::Yes);
        let report = memory.sync(SyncReason::Requested).await.unwrap();
        assert_eq!((report.embedded, report.degraded), (300, None), "{end:?}");
        assert_eq!((service.jobs(), service.inline()), (1, inline), "{end:?}");
    }
}

#[tokio::test]
async fn texts_that_jobs_refuse_are_not_sent_in_one_job_after_the_other() {
    let (home, service) = (Home::new(), Service::new(Api::OpenAi, 0, JobEnd::DoneWithErrors(300)));
    fill(&home, 600);
    let memory = service.engine(&home, Wait::Yes);
    assert_eq!(memory.sync(SyncReason::Requested).await.unwrap().embedded, 600);
    assert_eq!((service.jobs(), service.inline()), (1, 300));
}

#[tokio::test]
async fn two_failures_end_batch_jobs_until_a_restart_and_the_status_says_so() {
    let ends = [(JobEnd::Failed, 600), (JobEnd::Endless(100), 400), (JobEnd::Expired(100), 400)];
    for (end, inline) in ends {
        let (home, service) = (Home::new(), Service::new(Api::OpenAi, 0, end));
        fill(&home, 600);
        let memory = service.engine(&home, Wait::Yes);
        let report = memory.sync(SyncReason::Requested).await.unwrap();
        assert_eq!((report.embedded, service.jobs(), service.inline()), (600, 2, inline), "{end:?}");
        let said = memory.status().await.unwrap().degraded.unwrap();
        assert!(said.starts_with("batch jobs failed 2 times, so"), "{said}");
        assert_eq!(report.degraded.as_ref(), Some(&said));
        let answer = memory.search(Query::new("box")).await.unwrap();
        assert_eq!(answer.degraded, None, "the vectors are all there");
    }
}

#[tokio::test]
async fn results_that_break_off_are_read_again() {
    let (home, service) = (Home::new(), Service::new(Api::OpenAi, 0, JobEnd::Done));
    fill(&home, 300);
    // Upload, begin, look, look for the files; then the result.
    for _ in 0..4 {
        service.server.push_good();
    }
    service.server.push(Trouble::HalfWritten);
    service.server.push(Trouble::RateLimited { retry_after: Some(7) });
    let memory = service.engine(&home, Wait::Yes);
    assert_eq!(memory.sync(SyncReason::Requested).await.unwrap().embedded, 300);
    assert_eq!((service.jobs(), service.inline()), (1, 0));
}

#[tokio::test]
async fn another_provider_leaves_the_job_and_coming_back_collects_it() {
    let home = Home::new();
    let (first, second) =
        (Service::new(Api::OpenAi, 1, JobEnd::Done), Service::new(Api::Gemini, 1, JobEnd::Done));
    fill(&home, 300);
    first.engine(&home, Wait::No).sync(SyncReason::Requested).await.unwrap();
    let report = second.engine(&home, Wait::Yes).sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.embedded, second.jobs(), first.jobs()), (300, 1, 1));
    let memory = first.engine(&home, Wait::Yes);
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(memory.status().await.unwrap().embedded, 300);
    assert_eq!((first.jobs(), first.inline(), second.jobs()), (1, 0, 1));
}

#[tokio::test]
async fn a_search_does_not_wait_for_a_job_and_the_background_collects_it() {
    let (home, service) = (Home::new(), Service::new(Api::OpenAi, 5, JobEnd::Done));
    fill(&home, 300);
    let memory = service.engine(&home, Wait::Yes);
    let answer = memory.search(Query::new("number12")).await.unwrap();
    assert_eq!((answer.provider.as_str(), answer.results.is_empty()), ("none", false));
    let mut seen = BTreeSet::new();
    while seen.last() != Some(&300) {
        seen.insert(memory.status().await.unwrap().embedded);
        tokio::task::yield_now().await;
    }
    assert_eq!((service.jobs(), service.inline()), (1, 1), "only the question goes in a call");
}

/// A process that is killed between the service's word and its own: the future is gone, and with it the name.
async fn killed_before_the_name_was_kept(home: &Home, service: &Service) {
    // The file goes well, and the job is begun without an answer.
    service.server.push_good();
    service.server.push(Trouble::DoneSilently);
    killed_when(home, service, service.server.wait_done_unheard(1)).await;
    assert_eq!(service.jobs(), 1);
}

/// One that is killed before there is anything at the service.
async fn killed_while_the_file_was_sent(home: &Home, service: &Service) {
    service.server.push(Trouble::Silent);
    killed_when(home, service, service.server.wait_requests(1)).await;
    assert_eq!(service.jobs(), 0);
}

async fn killed_when(home: &Home, service: &Service, reached: impl Future<Output = ()>) {
    let memory = service.engine(home, Wait::No);
    let killed = tokio::spawn(async move { memory.sync(SyncReason::Requested).await });
    reached.await;
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_job_whose_sender_was_killed_is_found_again_and_paid_for_once() {
    // At once, and long after a sender would have given up.
    for (api, later) in Api::ALL.into_iter().flat_map(|api| [(api, 0), (api, 3_600)]) {
        let (home, service) = (Home::new(), Service::new(api, 1, JobEnd::Done));
        fill(&home, 300);
        killed_before_the_name_was_kept(&home, &service).await;
        service.clock.advance(Duration::from_secs(later));
        let memory = service.engine(&home, Wait::Yes);
        let report = memory.sync(SyncReason::Requested).await.unwrap();
        assert_eq!((report.embedded, report.degraded), (300, None), "{api:?} {later}");
        assert_eq!((service.jobs(), service.inline()), (1, 0), "{api:?} {later}");
        let status = memory.status().await.unwrap();
        assert_eq!((status.jobs, service.server.files()), (Vec::new(), Vec::new()), "{api:?} {later}");
    }
}

#[tokio::test]
async fn a_job_that_was_never_begun_is_begun_when_its_sender_must_be_dead() {
    let (home, service) = (Home::new(), Service::new(Api::OpenAi, 1, JobEnd::Done));
    fill(&home, 300);
    killed_while_the_file_was_sent(&home, &service).await;
    {
        let memory = service.engine(&home, Wait::Yes);
        assert_eq!(memory.sync(SyncReason::Requested).await.unwrap().embedded, 0, "it may be sent just now");
    }
    service.clock.advance(Duration::from_secs(3_600));
    let memory = service.engine(&home, Wait::Yes);
    assert_eq!(memory.sync(SyncReason::Requested).await.unwrap().embedded, 300);
    assert_eq!((service.jobs(), service.inline()), (1, 0));
}

#[tokio::test]
async fn a_job_whose_answer_was_lost_is_found_at_once() {
    let (home, service) = (Home::new(), Service::new(Api::OpenAi, 1, JobEnd::Done));
    fill(&home, 300);
    service.server.push_good();
    service.server.push(Trouble::DoneHalfWritten);
    let memory = service.engine(&home, Wait::Yes);
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.embedded, report.degraded), (300, None));
    assert_eq!((service.jobs(), service.inline()), (1, 0));
}

#[tokio::test]
async fn a_job_that_nobody_began_is_given_up_though_nobody_asks() {
    let (home, service) = (Home::new(), Service::new(Api::OpenAi, 1, JobEnd::Done));
    fill(&home, 300);
    killed_while_the_file_was_sent(&home, &service).await;
    // A gateway that is asked once.
    let memory = service.engine(&home, Wait::Yes);
    memory.search(Query::new("number12")).await.unwrap();
    let mut progress = memory.progress();
    let embedded = progress.wait_for(|progress| progress.embedded == 300);
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, embedded).await.expect("nobody looks at it").unwrap();
    assert_eq!((service.jobs(), service.inline()), (1, 1), "only the question goes in a call");
}

#[tokio::test]
async fn the_time_of_a_job_that_is_found_again_began_when_it_was_sent() {
    let (home, service) = (Home::new(), Service::new(Api::OpenAi, 0, JobEnd::Endless(100)));
    fill(&home, 300);
    killed_before_the_name_was_kept(&home, &service).await;
    service.clock.advance(Duration::from_secs(7_200));
    let before = service.clock.now_ms();
    let memory = service.engine(&home, Wait::No);
    let mut looks = 0;
    while memory.status().await.unwrap().jobs.first().is_none_or(|job| job.stage != JobStage::Stopping) {
        memory.sync(SyncReason::Requested).await.unwrap();
        looks += 1;
        assert!(looks < 4, "its hour is over");
    }
    // What it had done is collected, however late it was told to stop.
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((memory.status().await.unwrap().cached, service.inline()), (300, 200));
    assert!(service.clock.now_ms() - before < 60_000);
}
