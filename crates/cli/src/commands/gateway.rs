//! `openclaw gateway`: the daemon in the foreground.

use openclaw_gateway::{Gateway, StartOptions, start};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::SignalKind;

use super::page_of;
use crate::args::{InstanceArgs, RunArgs};
use crate::instance::Instance;
use crate::signals::StopSignals;
use crate::{output, runtime};

pub(super) fn run(flags: &InstanceArgs, args: &RunArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags)?;
    for warning in &instance.loaded.warnings {
        output::complain(&format!("openclaw: {warning}"));
    }
    let port = instance.port(args.port)?;
    let base_path = instance.config().gateway.control_ui.base_path.clone();
    runtime::for_gateway()?.block_on(async {
        // Whoever sees the port open may send a signal.
        let signals = StopSignals::catch(&[SignalKind::interrupt(), SignalKind::terminate()])?;
        let gateway = launch(instance, port).await?;
        let page = page_of(gateway.address(), base_path.as_deref());
        output::line(&format!("openclaw gateway {} listens at {page}", openclaw_gateway::VERSION))?;
        signals.stop(gateway.stop_handle());
        gateway.wait().await;
        Ok(())
    })
}

/// Starts a gateway in this process. Needs an async runtime around it.
///
/// # Errors
/// One line that says why it did not start.
pub(crate) async fn launch(instance: Instance, port: u16) -> anyhow::Result<Gateway> {
    raise_file_limit();
    let Instance { at, loaded } = instance;
    Ok(start(StartOptions { locations: at, loaded, port }).await?)
}

/// Every client is an open file, and many systems start programs with room for 1,024.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // With the lower limit the gateway works too, for fewer clients.
    setrlimit(Resource::Nofile, raised).ok();
}
