//! `openclaw gateway`: the daemon in the foreground.

use openclaw_gateway::{Control, Gateway};
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
    runtime::for_gateway(async {
        // Before there is a gateway: a start that hangs can be stopped too.
        let control = Control::default();
        GatewaySignals::catch(&[SignalKind::interrupt(), SignalKind::terminate()])?.steer(control.clone());
        let Some(gateway) = launch(instance, args.port, &control).await? else { return Ok(()) };
        announce(&gateway)?;
        until_stopped(gateway, announce).await
    })
}

fn announce(gateway: &Gateway) -> anyhow::Result<()> {
    let page = page_of(gateway.address(), Some(&gateway.base_path()));
    Ok(output::line(&format!("openclaw gateway {} listens at {page}", openclaw_gateway::VERSION))?)
}
