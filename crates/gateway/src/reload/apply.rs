//! Putting a configuration in force while the gateway runs.

use std::sync::Arc;
use std::time::Instant;

use openclaw_config::{Loaded, keep_last_good, last_good, last_good_path, loss_since};

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
pub(super) async fn apply(core: &Arc<Core>, loaded: Arc<Loaded>) -> Result<(), ApplyError> {
    let began = Instant::now();
    let (maker, what) = (Arc::clone(core), loaded);
    let snapshot = tokio::task::spawn_blocking(move || {
        let snapshot = make_now(&maker, what)?;
        // Before anybody works with the new secrets; the old ones are in use for a while yet.
        let of_start = maker.reload.started.loaded.secrets();
        let secrets = of_start.into_iter().chain(snapshot.loaded.secrets()).collect();
        maker.log.apply(snapshot.config(), secrets);
        Ok::<_, StartError>(snapshot)
    })
    .await??;
    let max_turns = snapshot.max_turns();
    let made_in = began.elapsed();
    let swap = Instant::now();
    let before = core.live.replace(snapshot);
    let swapped_in = swap.elapsed();
    core.lanes.set_max_turns(max_turns);
    tracing::debug!(?made_in, ?swapped_in, "configuration swapped");
    let now = core.snapshot();
    // Nobody waits for it: the gateway runs, and the built-in engine answers meanwhile.
    tokio::spawn(async move { now.agents.start_memories().await });
    // The last holder of the old agents may close folders and databases.
    tokio::task::spawn_blocking(move || drop(before));
    Ok(())
}

/// Makes everything that depends on a configuration, on a blocking thread; what did not change is taken over.
pub(super) async fn make(core: &Arc<Core>, loaded: Arc<Loaded>) -> Result<Snapshot, ApplyError> {
    let core = Arc::clone(core);
    Ok(tokio::task::spawn_blocking(move || make_now(&core, loaded)).await??)
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

/// Keeps a copy of a configuration that works, on a blocking thread. A copy that holds much more stays as it is: a stub
/// that was there before the start, which nothing was compared with, must not replace it.
pub(super) async fn keep(loaded: Arc<Loaded>) {
    // A panic was logged by the task.
    tokio::task::spawn_blocking(move || keep_now(&loaded)).await.ok();
}

fn keep_now(loaded: &Loaded) {
    let Some(raw) = loaded.raw.as_deref() else { return };
    let lost = last_good(&loaded.path).and_then(|copy| loss_since(&copy, &loaded.parsed, raw.len()));
    if let Some(loss) = lost {
        let copy = last_good_path(&loaded.path);
        tracing::warn!(
            copy = %copy.display(), %loss,
            "the configuration holds much less than its last good copy, which is kept; `openclaw config confirm` replaces it"
        );
    } else if let Err(error) = keep_last_good(&loaded.path, raw) {
        tracing::warn!(%error, "no copy of the configuration is kept");
    }
}

#[cfg(test)]
mod tests {
    use super::keep_now;
    use openclaw_config::{Env, Loaded, keep_last_good, last_good, parse};

    #[test]
    fn a_stub_does_not_replace_the_copy() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("openclaw.json");
        let running = |raw: &str| Loaded {
            raw: Some(raw.to_owned()),
            parsed: parse(raw, "openclaw.json", &Env::default()).map_err(|_| raw).unwrap().value,
            ..Loaded::defaults(path.clone(), Env::default())
        };
        let whole = "{gateway: {mode: 'local'}, channels: {telegram: {botToken: 't'}}}";
        keep_now(&running(whole));
        assert_eq!(last_good(&path).as_deref(), Some(whole));
        let stub = "{gateway: {mode: 'local'}}";
        keep_now(&running(stub));
        assert_eq!(last_good(&path).as_deref(), Some(whole));
        // Everything moved into an included file: the text is a stub, and nothing is lost.
        let include = "{$include: './all.json5'}";
        keep_now(&Loaded {
            parsed: running(whole).parsed,
            ..Loaded { raw: Some(include.into()), ..running(whole) }
        });
        assert_eq!(last_good(&path).as_deref(), Some(include));
        keep_last_good(&path, stub).unwrap();
        keep_now(&running("{gateway: {mode: 'local', port: 1}}"));
        assert!(last_good(&path).unwrap().contains("port"), "confirmed, it is the new measure");
    }
}
