//! What the tests of this room share: time that is turned by hand, and embedders at the services of the testkit.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test stops at once when its own assumptions break")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openclaw_embed::{
    Allowance, BatchApi, Budget, Dialect, Failure, Means, RemoteEmbedder, RemoteSpec, Timer,
};
use openclaw_guard::{ManualClock, Secret};
use openclaw_http::GuardedHttp;
use openclaw_testkit::embeddings::{Api, EmbeddingServer};
use tokio::sync::Semaphore;

/// The key that must never be seen.
pub(crate) const CANARY: &str = "canary-4f9a77c1e0";

/// Pauses take no time and are noted; limits are over when the test says so.
pub(crate) struct HandTimer {
    pub(crate) pauses: Mutex<Vec<Duration>>,
    over: Arc<Semaphore>,
}

impl HandTimer {
    /// One limit that is waited for is over.
    pub(crate) fn expire(&self) {
        self.over.add_permits(1);
    }

    pub(crate) fn pauses(&self) -> Vec<Duration> {
        self.pauses.lock().unwrap().clone()
    }
}

impl Timer for HandTimer {
    fn pause(&self, pause: Duration) -> BoxFuture<'static, ()> {
        self.pauses.lock().unwrap().push(pause);
        std::future::ready(()).boxed()
    }

    fn deadline(&self, _limit: Duration) -> BoxFuture<'static, ()> {
        let over = Arc::clone(&self.over);
        async move { over.acquire().await.unwrap().forget() }.boxed()
    }
}

/// Means of a test, with the parts that it turns.
pub(crate) struct Turned {
    pub(crate) means: Means,
    pub(crate) timer: Arc<HandTimer>,
    pub(crate) clock: Arc<ManualClock>,
}

pub(crate) fn turned() -> Turned {
    turned_with(Allowance::default())
}

pub(crate) fn turned_with(allowance: Allowance) -> Turned {
    let timer = Arc::new(HandTimer { pauses: Mutex::default(), over: Arc::new(Semaphore::new(0)) });
    let clock = Arc::new(ManualClock::new(1_767_225_600_000));
    let means = Means {
        http: Arc::new(GuardedHttp::new(Duration::from_secs(5))),
        clock: Arc::clone(&clock) as _,
        timer: Arc::clone(&timer) as _,
        budget: Arc::new(Budget::new(allowance)),
    };
    Turned { means, timer, clock }
}

pub(crate) fn dialect(api: Api) -> Dialect {
    match api {
        Api::OpenAi => Dialect::OpenAi,
        Api::Gemini => Dialect::Gemini,
        Api::Voyage => Dialect::Voyage,
    }
}

/// What the configuration would say about the service.
pub(crate) fn spec(api: Api, server: &EmbeddingServer) -> RemoteSpec {
    let dialect = dialect(api);
    RemoteSpec {
        dialect,
        base_url: server.base_url(),
        key: Some(Secret::new(CANARY.into())),
        headers: Vec::new(),
        model: dialect.default_model().to_owned(),
        batch: BatchApi::Offered,
    }
}

pub(crate) fn embedder(api: Api, server: &EmbeddingServer, means: &Means) -> RemoteEmbedder {
    RemoteEmbedder::new(&spec(api, server), means.clone()).unwrap()
}

/// A failure's kind as a word, so that a table can be read.
pub(crate) fn kind(failure: &Failure) -> &'static str {
    match failure {
        Failure::Auth(_) => "auth",
        Failure::Quota(_) => "quota",
        Failure::RateLimited { .. } => "rate",
        Failure::Overloaded(_) => "overloaded",
        Failure::Unreachable(_) => "unreachable",
        Failure::TimedOut(_) => "timeout",
        Failure::OverBudget { .. } => "budget",
        Failure::NotReady(_) => "not ready",
        Failure::Refused(_) => "refused",
        Failure::Malformed(_) => "malformed",
        Failure::Unavailable(_) => "unavailable",
    }
}
