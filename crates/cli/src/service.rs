//! The gateway as this process runs it: started, started again when it asks for that, until it is stopped.

use std::time::Duration;

use openclaw_config::{Env, gateway_port, load};
use openclaw_gateway::{Exit, Gateway, Refused, StartOptions, start};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::instance::Instance;
use crate::output;

/// Attempts to start again with the configuration that ran before: whoever took the port meanwhile may give it back.
const MAX_RETURNS: u32 = 40;
/// Between two of them: ten seconds in all.
const RETURN_PAUSE: Duration = Duration::from_millis(250);

/// Starts a gateway in this process; `port_flag` is the port that the command line names. Needs an async runtime around
/// it.
///
/// # Errors
/// One line that says why it did not start.
pub(crate) async fn launch(instance: Instance, port_flag: Option<u16>) -> anyhow::Result<Gateway> {
    raise_file_limit();
    let port = instance.port(port_flag)?;
    let Instance { at, loaded } = instance;
    let options = StartOptions::new(at, loaded, port, Env::process());
    Ok(start(StartOptions { port_flag, ..options }).await?)
}

/// Runs a gateway until it is stopped. Every time it starts again `announce` is told.
///
/// # Errors
/// Neither the new configuration nor the one before started a gateway.
pub(crate) async fn until_stopped(
    mut gateway: Gateway,
    announce: impl Fn(&Gateway) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    loop {
        match gateway.wait().await {
            Exit::Stopped => return Ok(()),
            Exit::Restart(ran) => gateway = again(*ran).await?,
        }
        announce(&gateway)?;
    }
}

/// Starts with the files as they are now, else with what ran before: a gateway that was up does not stay down because
/// of a setting.
async fn again(ran: StartOptions) -> anyhow::Result<Gateway> {
    let mut refused = None;
    let problem = match fresh(&ran).await {
        Ok(options) => {
            let loaded = options.loaded.clone();
            match start(options).await {
                Ok(gateway) => return Ok(gateway),
                Err(error) => {
                    let problem = error.to_string();
                    refused = Some(Refused { loaded, problem: problem.clone() });
                    problem
                }
            }
        }
        Err(error) => error.to_string(),
    };
    output::complain(&format!("openclaw: cannot start again: {problem}"));
    output::complain("openclaw: going on with the configuration that ran before");
    back(StartOptions { refused, ..ran }).await
}

/// The options of the files as they are now.
async fn fresh(ran: &StartOptions) -> anyhow::Result<StartOptions> {
    let (locations, env) = (ran.locations.clone(), ran.env.clone());
    let loaded = tokio::task::spawn_blocking(move || load(&locations, &env)).await??;
    let port = gateway_port(ran.port_flag, &loaded.env, &loaded.config, &ran.locations)?;
    Ok(StartOptions { loaded, port, ..ran.clone() })
}

async fn back(ran: StartOptions) -> anyhow::Result<Gateway> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match start(ran.clone()).await {
            Ok(gateway) => return Ok(gateway),
            Err(error) if attempt == MAX_RETURNS => return Err(error.into()),
            Err(_) => tokio::time::sleep(RETURN_PAUSE).await,
        }
    }
}

/// Every client is an open file, and many systems start programs with room for 1,024.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // With the lower limit the gateway works too, for fewer clients.
    setrlimit(Resource::Nofile, raised).ok();
}
