//! `openclaw gateway`: the daemon in the foreground.

use openclaw_gateway::Gateway;
use tokio::signal::unix::SignalKind;

use super::page_of;
use crate::args::{InstanceArgs, RunArgs};
use crate::instance::Instance;
use crate::service::{launch, until_stopped};
use crate::signals::GatewaySignals;
use crate::{output, runtime};

pub(super) fn run(flags: &InstanceArgs, args: &RunArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags)?;
    for warning in &instance.loaded.warnings {
        output::complain(&format!("openclaw: {warning}"));
    }
    runtime::for_gateway()?.block_on(async {
        // Whoever sees the port open may send a signal.
        let signals = GatewaySignals::catch(&[SignalKind::interrupt(), SignalKind::terminate()])?;
        let gateway = launch(instance, args.port).await?;
        announce(&gateway)?;
        signals.steer(gateway.control());
        until_stopped(gateway, announce).await
    })
}

fn announce(gateway: &Gateway) -> anyhow::Result<()> {
    let page = page_of(gateway.address(), Some(&gateway.base_path()));
    Ok(output::line(&format!("openclaw gateway {} listens at {page}", openclaw_gateway::VERSION))?)
}
