//! `qmd` as a memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_guard::Clock;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::AbortHandle;

use super::collections::index_named;
use super::core::Core;
use super::error::QmdError;
use super::options::QmdOptions;
use super::run::{QmdCall, QmdRunner};
use super::update::Why;
use super::{locate, output, results, values, watching};
use crate::backend::{
    Answer, LineRange, MemoryBackend, Passage, Query, Standing, Status, SyncReason, SyncReport,
};
use crate::error::MemoryError;
use crate::watch::Watch;

/// How long a search waits for an update that runs: OpenClaw's.
const MAX_WAIT: Duration = Duration::from_millis(500);
/// How long changes have to rest at most before they are indexed: as for the built-in engine.
const MAX_REST: Duration = Duration::from_millis(1_500);
/// Of a query; a question is shorter, and the system takes no arguments without end.
const MAX_QUERY_CHARS: usize = 4_096;

/// The memory of one agent, as the program `qmd` has it.
///
/// Making one costs nothing. [`MemoryBackend::start`] begins updates; without it, the first search makes an index. It needs
/// a Tokio runtime. What it runs is stopped when it is dropped.
pub struct QmdBackend {
    core: Arc<Core>,
    has_started: AtomicBool,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl QmdBackend {
    /// A memory that has not started. `runner` is [`QmdOptions::program`] but for tests.
    #[must_use]
    pub fn new(options: QmdOptions, runner: Arc<dyn QmdRunner>, clock: Arc<dyn Clock>) -> Self {
        let (core, has_started) = (Arc::new(Core::new(options, runner, clock)), AtomicBool::default());
        Self { core, has_started, tasks: Mutex::default() }
    }

    /// Updates at the start and from time to time, as configured. Comes back at once unless the configuration says that
    /// the start waits; an update that fails is logged, and said by the status.
    async fn begin(&self) {
        if self.has_started.swap(true, Ordering::AcqRel) {
            return;
        }
        let updates = self.core.options.updates;
        if updates.on_boot {
            let core = Arc::clone(&self.core);
            // What fails is kept in the state.
            let boot = async move { drop(core.update(Why::Boot).await) };
            if updates.wait_for_boot {
                boot.await;
            } else {
                self.keep(tokio::spawn(boot).abort_handle());
            }
        }
        if !updates.interval.is_zero() {
            let core = Arc::clone(&self.core);
            let rhythm = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(updates.interval).await;
                    drop(core.update(Why::Due).await);
                }
            });
            self.keep(rhythm.abort_handle());
        }
        if updates.on_change {
            let heed = tokio::spawn(heed(Arc::clone(&self.core)));
            self.keep(heed.abort_handle());
        }
    }

    /// Brings the index up to date with what was written: now, or behind whoever says so as soon as updates may follow
    /// each other.
    async fn written(&self) -> Result<SyncReport, QmdError> {
        if self.core.is_free() {
            return self.update(Why::Due).await;
        }
        if self.core.changed() {
            let core = Arc::clone(&self.core);
            self.keep(tokio::spawn(async move { core.follow().await }).abort_handle());
        }
        Ok(self.core.noted())
    }

    /// Ends a task with this memory.
    fn keep(&self, task: AbortHandle) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }

    /// Updates on a task of its own, so that it is done also when who asked goes away.
    async fn update(&self, why: Why) -> Result<SyncReport, QmdError> {
        let core = Arc::clone(&self.core);
        let task = tokio::spawn(async move { core.update(why).await });
        self.keep(task.abort_handle());
        task.await.unwrap_or_else(|gone| {
            let command = self.core.options.command.clone();
            Err(QmdError::Run { command, source: std::io::Error::other(gone) })
        })
    }

    /// Waits a moment for an update that runs, and for an index if there is none.
    async fn ready(&self) -> Result<(), QmdError> {
        if self.core.is_ready().await? {
            // An update that takes longer is not waited for: the index answers as it was.
            drop(tokio::time::timeout(MAX_WAIT, self.core.running.lock()).await);
            return Ok(());
        }
        let first = tokio::time::timeout(MAX_WAIT, self.update(Why::First)).await;
        first.map_err(|_elapsed| QmdError::Starting)?.map(drop)
    }

    async fn find(&self, query: Query) -> Result<Answer, QmdError> {
        let text = argument(&query.text);
        if text.is_empty() {
            return Ok(values::answer(Vec::new(), 0.0, self.core.condition()));
        }
        self.ready().await?;
        let limits = self.core.options.limits;
        let call = QmdCall::new("query", limits.query_limit);
        // The configured number in any case: ranks may depend on it, and must not depend on the caller.
        let call = call.with([&text, "--json", "-n", &limits.max_results.to_string()]);
        let stdout = self.core.runner.run(index_named(call)).await?;
        let entries = output::results(&stdout)?;
        let hits = self.core.on_disk(move |options| results::hits(options, entries)).await??;
        let best = hits.first().map_or(0.0, |best| best.score);
        Ok(values::answer(results::cut(hits, &limits, &query), best, self.core.condition()))
    }
}

impl Drop for QmdBackend {
    fn drop(&mut self) {
        for task in self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

impl MemoryBackend for QmdBackend {
    fn search(&self, query: Query) -> BoxFuture<'_, Result<Answer, MemoryError>> {
        async move { Ok(self.find(query).await?) }.boxed()
    }

    fn read(&self, range: LineRange) -> BoxFuture<'_, Result<Passage, MemoryError>> {
        async move {
            self.core
                .on_disk(move |options| {
                    let text = locate::read(options, &range)?;
                    let text = range.lines_of(&text)?;
                    Ok(Passage { path: range.path, text })
                })
                .await?
        }
        .boxed()
    }

    fn status(&self) -> BoxFuture<'_, Result<Status, MemoryError>> {
        async move {
            // Nothing is run and nothing made: a program or an index that is not there cannot answer.
            self.core.runner.look()?;
            if !self.core.is_ready().await? {
                return Err(QmdError::NoIndex.into());
            }
            let seen = self.core.on_disk(locate::look).await?;
            Ok(values::status(&self.core.options, seen, self.core.condition(), self.core.skipped()))
        }
        .boxed()
    }

    fn sync(&self, why: SyncReason) -> BoxFuture<'_, Result<SyncReport, MemoryError>> {
        async move {
            Ok(match why {
                SyncReason::Written => self.written().await?,
                SyncReason::SessionStart | SyncReason::Requested | SyncReason::Rebuild => {
                    self.update(Why::of(why)).await?
                }
            })
        }
        .boxed()
    }

    fn standing(&self) -> Standing {
        Standing { backend: values::QMD, fallback: None }
    }

    fn start(&self) -> BoxFuture<'_, ()> {
        self.begin().boxed()
    }
}

/// Watches the notes, and has changes indexed. Where nobody can watch, it ends: then the agent's own changes are told, and
/// time brings the others.
async fn heed(core: Arc<Core>) {
    let (sender, mut heard) = mpsc::channel(1);
    // What is full will be heard, and what is closed wants nothing more.
    let wake = move || !matches!(sender.try_send(()), Err(TrySendError::Closed(())));
    let rest = core.options.updates.debounce.min(MAX_REST);
    let begun = core.on_disk(move |options| {
        let name = options.agent_id.as_str();
        let places = watching::places(&options.collections, options.workspace.path());
        Watch::start(&format!("qmd-{name}"), places, rest, Box::new(wake))
    });
    let Ok(mut watch) = begun.await else { return };
    while heard.recv().await.is_some() {
        let drained = core.on_disk(move |options| {
            let changes = watch.changes(options.agent_id.as_str());
            (watch, changes)
        });
        let Ok((same, changes)) = drained.await else { return };
        watch = same;
        if changes.any() && core.changed() {
            core.follow().await;
        }
    }
}

/// A query as an argument: one line, since more have a meaning of their own, and never taken for an option.
fn argument(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == '\0').filter(|w| !w.is_empty()).collect();
    let line: String = words.join(" ").chars().take(MAX_QUERY_CHARS).collect();
    if line.starts_with('-') { format!(" {line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::{MAX_QUERY_CHARS, argument};

    #[test]
    fn queries_are_one_line_and_no_options() {
        let rows = [
            ("what tea?", "what tea?"),
            ("  what\n\ttea\0? ", "what tea ?"),
            ("--help", " --help"),
            ("-n 5", " -n 5"),
            (" \n ", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(argument(text), expected, "{text:?}");
        }
        assert_eq!(argument(&"ä".repeat(9_000)).chars().count(), MAX_QUERY_CHARS);
    }
}
