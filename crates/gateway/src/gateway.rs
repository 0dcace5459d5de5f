//! A gateway that runs, and how it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_agent::turn::AbortReason;
use openclaw_guard::RandomError;
use openclaw_protocol::limits::TICK_INTERVAL;
use openclaw_protocol::methods::Scope;
use openclaw_store::StateLock;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::control::{Control, Told};
use crate::core::Core;
use crate::reload::{self, Startable};
use crate::start::StartOptions;
use crate::ws::hub::Broadcast;
use crate::ws::outbox::IfSlow;

/// Changed session counters are written this often, and edits of the index looked for; new sessions are written at once.
const FLUSH_INTERVAL: Duration = Duration::from_millis(250);
/// Health is refreshed this often (release: one minute).
const HEALTH_INTERVAL: Duration = Duration::from_secs(60);
/// Running answers get this long to finish when the gateway stops (P-16); then they are left to the next start.
const DRAIN: Duration = Duration::from_secs(25);
/// And this long to say that they were stopped.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// An answer that is ready is written in less; one that waits for something else does not hold up the end.
const LAST_ANSWERS: Duration = Duration::from_millis(300);
/// The ledger forgets what is old this often.
const PRUNE_INTERVAL: Duration = Duration::from_secs(600);
/// When clients may expect the gateway again, in milliseconds (release: the same).
const RESTART_EXPECTED_MS: u64 = 1_500;

/// A running gateway.
pub struct Gateway {
    core: Arc<Core>,
    accepting: Vec<JoinHandle<()>>,
    /// Held until the end: nobody else may write here meanwhile.
    _lock: StateLock,
}

/// Why a gateway ended.
pub enum Exit {
    /// It was told to.
    Stopped,
    /// It is to start again in this process.
    Restart(Box<Again>),
}

/// With what a gateway starts again.
pub struct Again {
    /// The files as they were judged before the gateway ended. Later changes are the next gateway's to see and to judge.
    pub next: StartOptions,
    /// What ran, to go back to should the other start no gateway after all.
    pub ran: StartOptions,
}

impl Gateway {
    pub(crate) fn new(core: Arc<Core>, accepting: Vec<JoinHandle<()>>, lock: StateLock) -> Self {
        tokio::spawn(tick(Arc::clone(&core)));
        tokio::spawn(refresh_health(Arc::clone(&core)));
        tokio::spawn(flush_sessions(Arc::clone(&core)));
        tokio::spawn(prune_ledger(Arc::clone(&core)));
        Self { core, accepting, _lock: lock }
    }

    #[cfg(test)]
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.core.address
    }

    /// The path its page is served under, without the slash at the end; empty for the top.
    #[must_use]
    pub fn base_path(&self) -> String {
        self.core.snapshot().identity.base_path.clone()
    }

    /// A one-time code that pairs a browser: single use, five minutes.
    ///
    /// # Errors
    /// No random bytes could be had.
    pub fn pairing_code(&self) -> Result<String, RandomError> {
        // Whoever runs the process is the owner.
        let owner = [Scope::Admin.as_str().to_owned()];
        let (code, _) = self.core.access.codes.issue(&owner, self.core.now_ms())?;
        Ok(code.expose().to_owned())
    }

    /// Stops it, or lets it start again, from elsewhere.
    #[must_use]
    pub fn control(&self) -> Control {
        self.core.control.clone()
    }

    /// Runs until it is told to end: tells everybody, lets running answers finish for a moment, closes every socket,
    /// writes what is not yet written. When this returns, port and state directory are free.
    pub async fn wait(mut self) -> Exit {
        let Some((reason, next)) = self.next().await else {
            self.wind_down(&json!({"reason": "gateway stopping", "restartExpectedMs": null})).await;
            tracing::info!("gateway stopped");
            return Exit::Stopped;
        };
        tracing::info!(%reason, "gateway restarting");
        let notice = json!({"reason": "gateway restarting", "restartExpectedMs": RESTART_EXPECTED_MS});
        self.wind_down(&notice).await;
        if self.core.control.is_stopped() {
            tracing::info!("gateway stopped instead of starting again");
            return Exit::Stopped;
        }
        let ran = self.core.reload.ran(&self.core);
        Exit::Restart(Box::new(Again {
            next: StartOptions { loaded: next.loaded, port: next.port, ..ran.clone() },
            ran,
        }))
    }

    /// Why the gateway starts again, and with what; `None` when it is to stop.
    async fn next(&self) -> Option<(String, Startable)> {
        let control = &self.core.control;
        loop {
            let Told::Restart(restart) = control.told().await else { return None };
            tokio::select! {
                biased;
                () = control.stopped() => return None,
                next = reload::may_restart(&self.core, &restart) => {
                    if let Some(next) = next {
                        return Some((restart.reason, next));
                    }
                }
            }
        }
    }

    async fn wind_down(&mut self, notice: &Value) {
        let core = &self.core;
        core.stopping.cancel();
        core.hub.broadcast(&Broadcast::new("shutdown", notice, IfSlow::Close));
        for task in self.accepting.drain(..) {
            // It ends at once; a panic in it has closed its port as well.
            task.await.ok();
        }
        if !until(DRAIN, || core.runs.active_count() == 0).await {
            core.runs.abort_all(AbortReason::Shutdown);
            until(LAST_WORDS, || core.runs.active_count() == 0).await;
        }
        // Before the lanes: it delivers into sessions, too.
        core.courier.stop().await;
        until(LAST_ANSWERS, || core.hub.answering_count() == 0).await;
        core.lanes.shut_down(LAST_WORDS).await;
        core.hub.close_all();
        until(LAST_WORDS, || core.hub.client_count() == 0).await;
        let last = Arc::clone(core);
        // A panic while writing was logged by the task.
        let written = tokio::task::spawn_blocking(move || {
            last.live.close();
            // Somebody may still hold what belongs to this gateway; its ledger must be free for the next one.
            last.ledger.close();
        });
        written.await.ok();
    }
}

/// Waits until `done`, but not longer than `limit`.
async fn until(limit: Duration, done: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !done() {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    true
}

async fn tick(core: Arc<Core>) {
    while sleep_unless_stopping(&core, TICK_INTERVAL).await {
        let payload = json!({"ts": core.now_ms()});
        core.hub.broadcast(&Broadcast::new("tick", &payload, IfSlow::Drop));
    }
}

async fn refresh_health(core: Arc<Core>) {
    while sleep_unless_stopping(&core, HEALTH_INTERVAL).await {
        if core.hub.client_count() > 0 {
            core.health.renew(&core);
        }
    }
}

async fn flush_sessions(core: Arc<Core>) {
    while sleep_unless_stopping(&core, FLUSH_INTERVAL).await {
        let core = Arc::clone(&core);
        // A panic while flushing was logged; the next round tries again.
        tokio::task::spawn_blocking(move || core.live.flush()).await.ok();
    }
}

async fn prune_ledger(core: Arc<Core>) {
    while sleep_unless_stopping(&core, PRUNE_INTERVAL).await {
        // What is not forgotten now is forgotten later.
        core.ledger.prune(core.now_ms(), Box::new(|_| ()));
    }
}

/// Whether the gateway still runs after the pause.
async fn sleep_unless_stopping(core: &Core, pause: Duration) -> bool {
    tokio::select! {
        () = core.stopping.cancelled() => false,
        () = tokio::time::sleep(pause) => true,
    }
}
