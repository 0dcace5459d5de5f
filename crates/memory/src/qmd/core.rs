//! What a search, a timer and a person share: one index, and one update of it at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openclaw_guard::Clock;

use super::collections::{self, index_named};
use super::error::QmdError;
use super::options::QmdOptions;
use super::output::{self, Counts};
use super::run::{QmdCall, QmdRunner};
use super::update::{Why, is_due, until_due};
use super::{export, home, locate, values};
use crate::backend::{Skipped, SyncReport};

/// The index of one agent, and who may work on it.
pub(super) struct Core {
    pub(super) options: Arc<QmdOptions>,
    pub(super) runner: Arc<dyn QmdRunner>,
    pub(super) clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held by the update that runs.
    pub(super) running: tokio::sync::Mutex<()>,
}

/// How the index is.
pub(super) struct Condition {
    /// Why it may be out of date.
    pub(super) worry: Option<String>,
    /// Why there are no new vectors.
    pub(super) without_vectors: Option<String>,
}

/// What is known of the index.
#[derive(Default)]
struct State {
    is_prepared: bool,
    /// Updates begun so far, and how many of them were forced.
    begun: u64,
    begun_forced: u64,
    updated_ms: Option<i64>,
    /// When one was begun last.
    tried_ms: Option<i64>,
    /// Something was written that somebody sees to: the updates begun before that.
    written: Option<u64>,
    embedded_ms: Option<i64>,
    /// Why the index may be out of date.
    worry: Option<String>,
    /// Why there are no new vectors.
    without_vectors: Option<String>,
    last: SyncReport,
}

impl Core {
    pub(super) fn new(options: QmdOptions, runner: Arc<dyn QmdRunner>, clock: Arc<dyn Clock>) -> Self {
        let (state, running) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { options: Arc::new(options), runner, clock, state, running }
    }

    /// The lock only ever guards a few moves of a value, so that a poisoned one is still whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Work on the disk, off the reactor.
    pub(super) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&QmdOptions) -> T + Send + 'static,
    ) -> Result<T, QmdError> {
        let options = Arc::clone(&self.options);
        let done = tokio::task::spawn_blocking(move || work(&options)).await;
        done.map_err(|gone| QmdError::Run {
            command: self.options.command.clone(),
            source: std::io::Error::other(gone),
        })
    }

    /// Whether there is an index with what is wanted.
    pub(super) async fn is_ready(&self) -> Result<bool, QmdError> {
        let is_prepared = self.state().is_prepared;
        self.on_disk(move |options| match is_prepared {
            true => options.index().is_file(),
            false => home::is_ready(options),
        })
        .await
    }

    /// How the index is.
    pub(super) fn condition(&self) -> Condition {
        let state = self.state();
        Condition { worry: state.worry.clone(), without_vectors: state.without_vectors.clone() }
    }

    /// What is not indexed, and why.
    pub(super) fn skipped(&self) -> Vec<Skipped> {
        self.state().last.skipped.clone()
    }

    /// Brings the index up to date, or waits for somebody who does.
    pub(super) async fn update(&self, why: Why) -> Result<SyncReport, QmdError> {
        let (begun, begun_forced) = {
            let state = self.state();
            (state.begun, state.begun_forced)
        };
        let is_joined = self.running.try_lock().is_err() && !why.is_forced();
        let _running = self.running.lock().await;
        let now_ms = self.clock.now_ms();
        {
            let mut state = self.state();
            let is_covered = match why.is_forced() {
                true => state.begun_forced > begun_forced,
                false => state.begun > begun || is_joined,
            };
            if is_covered {
                let worry = state.worry.clone();
                return worry.map_or_else(|| Ok(state.last.clone()), |said| Err(QmdError::Update { said }));
            }
            if !why.is_forced() && !is_due(&self.options.updates, state.updated_ms, now_ms) {
                return Ok(SyncReport { indexed: 0, removed: 0, ..state.last.clone() });
            }
            state.begun += 1;
            state.tried_ms = Some(now_ms);
            state.begun_forced += u64::from(why.is_forced());
        }
        let outcome = self.run(why, now_ms).await;
        let mut state = self.state();
        match &outcome {
            Ok(report) => {
                state.is_prepared = true;
                state.updated_ms = Some(self.clock.now_ms());
                state.worry = None;
                state.last = report.clone();
            }
            Err(error) => {
                tracing::warn!(agent = %self.options.agent_id, ?why, %error, "qmd cannot be brought up to date");
                state.worry = Some(error.to_string());
            }
        }
        outcome
    }

    /// Takes note of a change. Tells whether nobody sees to it yet, and somebody has to: [`Core::follow`].
    pub(super) fn changed(&self) -> bool {
        let mut state = self.state();
        let begun = state.begun;
        state.written.replace(begun).is_none()
    }

    /// What a change gets at once: nothing is done.
    pub(super) fn noted(&self) -> SyncReport {
        SyncReport { indexed: 0, removed: 0, ..self.state().last.clone() }
    }

    /// Whether an update for a change can begin now.
    pub(super) fn is_free(&self) -> bool {
        self.running.try_lock().is_ok() && self.until_due().is_zero()
    }

    /// Has changes indexed as soon as updates may follow each other, however many come meanwhile.
    pub(super) async fn follow(&self) {
        // One that runs may have passed them already.
        drop(self.running.lock().await);
        tokio::time::sleep(self.until_due()).await;
        let is_covered = {
            let mut state = self.state();
            let begun = state.begun;
            // From here on, a change is another one's.
            state.written.take().is_none_or(|before| begun > before)
        };
        if !is_covered {
            // What fails is kept in the state.
            drop(self.update(Why::Written).await);
        }
    }

    fn until_due(&self) -> Duration {
        let state = self.state();
        until_due(&self.options.updates, state.updated_ms.max(state.tried_ms), self.clock.now_ms())
    }

    async fn run(&self, why: Why, now_ms: i64) -> Result<SyncReport, QmdError> {
        tracing::debug!(agent = %self.options.agent_id, ?why, "qmd update");
        let mut skipped = self.on_disk(move |options| before(options, now_ms)).await??;
        skipped.extend(collections::ensure(&self.options, self.runner.as_ref(), why.begin()).await?);
        let call = index_named(QmdCall::new("update", self.options.updates.update_limit));
        let Counts { changed, removed } = output::counts(&self.runner.run(call).await?);
        self.embed(why, now_ms).await;
        let files = self.on_disk(locate::count).await?.unwrap_or_default();
        Ok(values::report(files, changed, removed, skipped))
    }

    /// Makes vectors. Without them there is still search by words, so that this fails nothing.
    async fn embed(&self, why: Why, now_ms: i64) {
        let embedded_ms = self.state().embedded_ms;
        if !why.embeds(&self.options.updates, embedded_ms, now_ms) {
            return;
        }
        let call = index_named(QmdCall::new("embed", self.options.updates.embed_limit));
        let done = self.runner.run(call).await;
        let mut state = self.state();
        match done {
            Ok(_) => {
                state.embedded_ms = Some(self.clock.now_ms());
                state.without_vectors = None;
            }
            Err(error) => {
                tracing::warn!(agent = %self.options.agent_id, %error, "qmd makes no vectors");
                state.without_vectors = Some(format!("no new vectors: {error}"));
            }
        }
    }
}

/// What comes before the program runs: its folders, and the conversations it is to read.
fn before(options: &QmdOptions, now_ms: i64) -> Result<Vec<Skipped>, QmdError> {
    home::prepare(options)?;
    match &options.sessions {
        Some(plan) => export::export(plan, &options.redactor, now_ms),
        None => export::forget(&options.home.join("sessions")).map(|()| Vec::new()),
    }
}
