//! Whether a gateway would start with a configuration, as far as that can be known while another one runs.

use std::sync::Arc;

use openclaw_config::{Loaded, PortError, gateway_port};

use super::apply::{ApplyError, make};
use super::compare::compare;
use super::outcome::{Outcome, report};
use super::read::{Found, LastGood};
use crate::control::Restart;
use crate::core::Core;
use crate::doors::{Doors, listen};
use crate::restart_note::RestartNote;
use crate::start::StartError;
use crate::wake::wake;

/// Why a configuration would start no gateway, in one line.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotStart {
    /// A start would end with this.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The environment names no port.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Its agents or its page could not be made.
    #[error(transparent)]
    Make(#[from] ApplyError),
}

/// A configuration that can start a gateway, as far as that can be known.
pub(crate) struct Startable {
    pub(crate) loaded: Loaded,
    pub(crate) port: u16,
}

/// Refuses a configuration that would start no gateway; the port it would have. The port can only be tried when it is
/// another one than the port in use.
pub(super) async fn startable(core: &Arc<Core>, loaded: Arc<Loaded>) -> Result<u16, CannotStart> {
    let doors = Doors::of(&loaded)?;
    let started = &core.reload.started;
    let port = gateway_port(started.port_flag, &loaded.env, &loaded.config, &core.locations)?;
    if port != started.port {
        // Closed again at once.
        listen(&doors.addresses, port)?;
    }
    // What is made of it is dropped; a start makes it again.
    make(core, loaded).await?;
    Ok(port)
}

/// With what the gateway may stop in order to start again: what is on the disk now must be able to start it. If it is
/// not, the running gateway goes on and says why.
pub(crate) async fn may_restart(core: &Arc<Core>, restart: &Restart) -> Option<Startable> {
    let found = Found::read(core).await?;
    let judged = match found.loaded {
        Err(error) => Err(Outcome::invalid(&error)),
        Ok(loaded) => judge(core, loaded, &found.last_good).await,
    };
    match judged {
        Ok(next) => Some(next),
        Err(outcome) => {
            tracing::error!(
                reason = restart.reason,
                state = outcome.state(),
                "no restart: the configuration would not start a gateway"
            );
            report(core, &outcome);
            tell_not_in_force(core, &outcome.words()).await;
            None
        }
    }
}

/// Tells whoever changed the configuration, and wanted their session to hear of it, that it is not in force.
pub(super) async fn tell_not_in_force(core: &Arc<Core>, reason: &str) {
    let at = core.locations.clone();
    let taken = tokio::task::spawn_blocking(move || RestartNote::take(&at)).await;
    // A panic was logged by the task.
    if let Some(note) = taken.ok().flatten() {
        wake(core, &note, Some(reason));
    }
}

async fn judge(core: &Arc<Core>, loaded: Arc<Loaded>, last_good: &LastGood) -> Result<Startable, Outcome> {
    let broke_off =
        || Outcome::Invalid { problems: vec!["it could not be compared; the log says why".to_owned()] };
    let (loss, _) = compare(core, &loaded).await.ok_or_else(broke_off)?;
    let running = Arc::clone(&core.snapshot().loaded);
    if let Some(loss) = core.reload.staging.unconfirmed(loss, (&running, &loaded), last_good) {
        return Err(Outcome::Staged { reason: loss.to_string() });
    }
    match startable(core, Arc::clone(&loaded)).await {
        Ok(port) => Ok(Startable { loaded: Loaded::clone(&loaded), port }),
        Err(error) => Err(Outcome::Invalid { problems: vec![error.to_string()] }),
    }
}
