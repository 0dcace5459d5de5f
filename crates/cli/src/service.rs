//! The gateway as this process runs it: started, started again when it asks for that, until it is stopped.

use std::time::Duration;

use openclaw_config::Env;
use openclaw_gateway::{Again, Control, Exit, Gateway, Refused, StartError, StartOptions, start};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::instance::Instance;
use crate::output;

/// Attempts to start again with the configuration that ran before: whoever took the port meanwhile may give it back.
const MAX_RETURNS: u32 = 40;
/// Between two of them: ten seconds in all.
const RETURN_PAUSE: Duration = Duration::from_millis(250);

/// Starts a gateway in this process, from which `control` stops it at any time; `port_flag` is the port that the command
/// line names. `None` when it was stopped before it had started. Needs an async runtime around it.
///
/// # Errors
/// One line that says why it did not start.
pub(crate) async fn launch(
    instance: Instance,
    port_flag: Option<u16>,
    control: &Control,
) -> anyhow::Result<Option<Gateway>> {
    raise_file_limit();
    let port = instance.port(port_flag)?;
    let Instance { at, loaded } = instance;
    let options = StartOptions::new(at, loaded, port, Env::process());
    let options = StartOptions { port_flag, control: control.clone(), ..options };
    Ok(start_unless_stopped(options).await.transpose()?)
}

/// Runs a gateway until it is stopped. Every time it starts again `announce` is told; an announcement that nobody reads
/// any more ends nothing.
///
/// # Errors
/// Neither the new configuration nor the one before started a gateway.
pub(crate) async fn until_stopped(
    mut gateway: Gateway,
    announce: impl Fn(&Gateway) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    while let Exit::Restart(restart) = gateway.wait().await {
        let Some(started) = again(*restart).await? else { return Ok(()) };
        gateway = started;
        if let Err(error) = announce(&gateway) {
            output::complain_aside(format!(
                "openclaw: started again, and cannot say so on standard output: {error}"
            ));
        }
    }
    Ok(())
}

/// Starts with the files as they were judged, else with what ran before: a gateway that was up does not stay down
/// because of a setting.
async fn again(Again { next, ran }: Again) -> anyhow::Result<Option<Gateway>> {
    let loaded = next.loaded.clone();
    let problem = match start_unless_stopped(next).await {
        None => return Ok(None),
        Some(Ok(gateway)) => return Ok(Some(gateway)),
        Some(Err(error)) => error.to_string(),
    };
    let words = "openclaw: going on with the configuration that ran before";
    output::complain_aside(format!("openclaw: cannot start again: {problem}\n{words}"));
    back(StartOptions { refused: Some(Refused { loaded, problem }), ..ran }).await
}

async fn back(ran: StartOptions) -> anyhow::Result<Option<Gateway>> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match start_unless_stopped(ran.clone()).await {
            None => return Ok(None),
            Some(Ok(gateway)) => return Ok(Some(gateway)),
            Some(Err(error)) if attempt == MAX_RETURNS => return Err(error.into()),
            Some(Err(_)) => {}
        }
        tokio::select! {
            () = ran.control.stopped() => return Ok(None),
            () = tokio::time::sleep(RETURN_PAUSE) => {}
        }
    }
}

/// A start that a stop interrupts; what it was doing ends with the process.
async fn start_unless_stopped(options: StartOptions) -> Option<Result<Gateway, StartError>> {
    let control = options.control.clone();
    tokio::select! {
        biased;
        () = control.stopped() => None,
        started = start(options) => Some(started),
    }
}

/// Every client is an open file, and many systems start programs with room for 1,024.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // With the lower limit the gateway works too, for fewer clients.
    setrlimit(Resource::Nofile, raised).ok();
}
