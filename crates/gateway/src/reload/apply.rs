//! Putting a configuration in force while the gateway runs.

use std::sync::Arc;
use std::time::Instant;

use openclaw_config::{Loaded, keep_last_good, last_good, loss_of_texts};

use crate::core::Core;
use crate::live::{Making, Snapshot};
use crate::start::StartError;

/// Why a configuration could not be put in force.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApplyError {
    /// Something that it names could not be made.
    #[error(transparent)]
    Make(#[from] StartError),
    /// A panic, which the log has.
    #[error("applying it broke off: {0}")]
    BrokeOff(#[from] tokio::task::JoinError),
}

/// Makes everything that depends on the configuration anew, on a blocking thread, and swaps it in. Turns that run end
/// with what they began with.
///
/// # Errors
/// What could not be made; nothing has changed then.
pub(super) async fn apply(core: &Arc<Core>, loaded: Loaded) -> Result<(), ApplyError> {
    let began = Instant::now();
    let snapshot = make(core, loaded).await?;
    let max_turns = snapshot.max_turns();
    let made_in = began.elapsed();
    let swap = Instant::now();
    let before = core.live.replace(snapshot);
    let swapped_in = swap.elapsed();
    core.lanes.set_max_turns(max_turns);
    retune_log(core, &core.snapshot().loaded);
    tracing::debug!(?made_in, ?swapped_in, "configuration swapped");
    // The last holder of the old agents may close folders and databases.
    tokio::task::spawn_blocking(move || drop(before));
    Ok(())
}

/// Makes everything that depends on a configuration, on a blocking thread; what did not change is taken over.
pub(super) async fn make(core: &Arc<Core>, loaded: Loaded) -> Result<Snapshot, ApplyError> {
    let core = Arc::clone(core);
    Ok(tokio::task::spawn_blocking(move || make_now(&core, Arc::new(loaded))).await??)
}

fn make_now(core: &Core, loaded: Arc<Loaded>) -> Result<Snapshot, StartError> {
    let before = core.snapshot();
    let making = Making {
        locations: &core.locations,
        clock: &core.clock,
        kept: &core.live.kept,
        before: Some(&before),
    };
    Snapshot::make(loaded, &making)
}

fn retune_log(_core: &Core, _loaded: &Loaded) {}

/// Keeps a copy of a configuration that works. `Ok` also when there is no file to copy.
pub(super) async fn keep(loaded: Arc<Loaded>) {
    let kept = tokio::task::spawn_blocking(move || {
        let Some(raw) = &loaded.raw else { return Ok(()) };
        keep_last_good(&loaded.path, raw)
    });
    if let Ok(Err(error)) = kept.await {
        tracing::warn!(%error, "no copy of the configuration is kept");
    }
}

/// The same for the configuration of a start, which nobody compared with one before: a copy that holds much more is not
/// replaced by a stub.
pub(super) async fn keep_after_start(loaded: Arc<Loaded>) {
    let compared = Arc::clone(&loaded);
    let lost = tokio::task::spawn_blocking(move || {
        loss_of_texts(&last_good(&compared.path)?, compared.raw.as_deref()?)
    });
    match lost.await {
        Ok(Some(loss)) => tracing::warn!(
            %loss,
            "started with much less configuration than the last time; the copy beside the file is kept as it is"
        ),
        Ok(None) => keep(loaded).await,
        // A panic was logged by the task.
        Err(_) => {}
    }
}
