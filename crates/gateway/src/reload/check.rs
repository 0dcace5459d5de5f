//! Whether a gateway would start with a configuration, as far as that can be known while another one runs.

use std::sync::Arc;

use openclaw_config::{Loaded, PortError, gateway_port};

use super::apply::{ApplyError, make};
use super::compare::compare;
use super::outcome::{Outcome, report};
use super::read::Found;
use crate::core::Core;
use crate::doors::{Doors, listen};
use crate::start::StartError;

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

/// Refuses a configuration that would start no gateway. The port can only be tried when it is another one
/// than the port in use.
pub(super) async fn startable(core: &Arc<Core>, loaded: Arc<Loaded>) -> Result<(), CannotStart> {
    let doors = Doors::of(&loaded)?;
    let started = &core.reload.started;
    let port = gateway_port(started.port_flag, &loaded.env, &loaded.config, &core.locations)?;
    if port != started.port {
        // Closed again at once.
        listen(&doors.addresses, port)?;
    }
    // What is made of it is dropped; a start makes it again.
    make(core, loaded).await?;
    Ok(())
}

/// Whether the gateway may stop in order to start again: what is on the disk now must be able to start it. If it is
/// not, the running gateway goes on and says why.
pub(crate) async fn may_restart(core: &Arc<Core>, reason: &str) -> bool {
    let Some(found) = Found::read(core).await else { return false };
    let refused = match found.loaded {
        Err(error) => Some(Outcome::invalid(&error)),
        Ok(loaded) => refusal(core, loaded, found.last_good.as_deref()).await,
    };
    if let Some(outcome) = &refused {
        tracing::error!(
            reason,
            state = outcome.state(),
            "no restart: the configuration would not start a gateway"
        );
        report(core, outcome);
    }
    refused.is_none()
}

async fn refusal(core: &Arc<Core>, loaded: Arc<Loaded>, last_good: Option<&str>) -> Option<Outcome> {
    let (loss, _) = compare(core, &loaded).await?;
    // A loss in an included file leaves the text, and so the copy, as they were: then the watch must have let it pass.
    let is_rewritten = loaded.raw != core.snapshot().loaded.raw;
    let is_equal = loaded.raw.is_some() && loaded.raw.as_deref() == last_good;
    let is_confirmed = is_equal && (is_rewritten || core.reload.stands_well());
    if let Some(loss) = loss.filter(|_| !is_confirmed) {
        return Some(Outcome::Staged { reason: loss.to_string() });
    }
    startable(core, loaded).await.err().map(|error| Outcome::Invalid { problems: vec![error.to_string()] })
}
