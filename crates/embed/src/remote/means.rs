//! What a call needs from the world: the network, the time, and a budget.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openclaw_guard::{Clock, SystemClock};
use openclaw_http::GuardedHttp;

use super::budget::{Allowance, Budget};

/// Name resolution, TCP and TLS: a service that needs longer is not there.
const CONNECT: Duration = Duration::from_secs(10);

/// Waiting, so that tests need not.
pub trait Timer: Send + Sync + 'static {
    /// Ends after a pause between two attempts or two looks at a job.
    fn pause(&self, pause: Duration) -> BoxFuture<'static, ()>;
    /// Ends when an answer has taken too long.
    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemTimer;

impl Timer for SystemTimer {
    fn pause(&self, pause: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(pause).boxed()
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(limit).boxed()
    }
}

/// Shared by all remote embedders of a process.
#[derive(Clone)]
pub struct Means {
    /// The way out.
    pub http: Arc<GuardedHttp>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Waiting.
    pub timer: Arc<dyn Timer>,
    /// What may be sent in an hour.
    pub budget: Arc<Budget>,
}

impl Means {
    /// The real ones.
    #[must_use]
    pub fn system() -> Self {
        Self {
            http: Arc::new(GuardedHttp::new(CONNECT)),
            clock: Arc::new(SystemClock),
            timer: Arc::new(SystemTimer),
            budget: Arc::new(Budget::new(Allowance::default())),
        }
    }
}
