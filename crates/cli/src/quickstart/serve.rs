//! Runs the gateway, or finds the one that runs, and then talks or waits.

use std::path::Path;
use std::time::Duration;

use openclaw_gateway::{Control, Gateway};
use serde_json::Value;
use tokio::signal::unix::SignalKind;

use super::Manner;
use super::announce::{Announcement, Facts, Place};
use super::setup::Setup;
use crate::client::{CALL_TIMEOUT, Client, Target};
use crate::commands::{Lines, answer_lines, is_gateway_gone, page_address, page_of, pair_url, talk};
use crate::instance::Instance;
use crate::service::{launch, until_stopped};
use crate::signals::GatewaySignals;
use crate::{output, runtime};

/// A gateway on this machine answers in milliseconds.
const PATIENCE: Duration = Duration::from_millis(1500);

pub(super) fn serve(
    instance: Instance,
    port_flag: Option<u16>,
    setup: &Setup,
    manner: Manner,
) -> anyhow::Result<()> {
    let target = Target::local(&instance, instance.port(port_flag)?);
    runtime::for_gateway(async {
        match running(&target, &instance).await {
            Some(client) => join(client, &target, &instance, setup, manner).await,
            None => start(instance, target, port_flag, setup, manner).await,
        }
    })
}

/// A connection to the gateway of this state directory, if it runs.
async fn running(target: &Target, instance: &Instance) -> Option<Client> {
    // Whatever else listens there is named when our own gateway cannot have the port.
    let client = Client::connect(target, PATIENCE).await.ok()?;
    let state_dir = client.hello().pointer("/snapshot/stateDir").and_then(Value::as_str);
    (state_dir.is_some() && state_dir == instance.at.state_dir.to_str()).then_some(client)
}

async fn join(
    mut client: Client,
    target: &Target,
    instance: &Instance,
    setup: &Setup,
    manner: Manner,
) -> anyhow::Result<()> {
    let base_path = instance.config().gateway.control_ui.base_path.as_deref();
    let (pair_url, _expires) = page_address(&mut client, &target.url, base_path).await?;
    let url = pair_url.split('#').next().unwrap_or_default().to_owned();
    let address = target.url.trim_start_matches("ws://").to_owned();
    let place = Place { url, address, pair_url, already_running: true };
    tell(&Announcement::new(place, Facts::of(instance, setup)), &instance.at.home, manner)?;
    match manner {
        Manner::Chat => talk(&mut client, None).await,
        Manner::Lines => answer_lines(&mut client, Lines::of_stdin()).await,
        Manner::Serve | Manner::ServeJson => Ok(()),
    }
}

async fn start(
    instance: Instance,
    target: Target,
    port_flag: Option<u16>,
    setup: &Setup,
    manner: Manner,
) -> anyhow::Result<()> {
    let home = instance.at.home.clone();
    let facts = Facts::of(&instance, setup);
    let control = Control::default();
    GatewaySignals::catch(stop_signals(manner))?.steer(control.clone());
    let Some(gateway) = launch(instance, port_flag, &control).await? else { return Ok(()) };
    let url = page_of(gateway.address(), Some(&gateway.base_path()));
    let pair_url = pair_url(&url, &gateway.pairing_code()?);
    let place = Place { url, address: gateway.address().to_string(), pair_url, already_running: false };
    tell(&Announcement::new(place, facts), &home, manner)?;
    match manner {
        Manner::Chat => chat(gateway, &target).await,
        Manner::Lines => answer(gateway, &target).await,
        Manner::Serve | Manner::ServeJson => {
            // One announcement is what the reader of it expects; the log tells of the others.
            until_stopped(gateway, |_| Ok(())).await
        }
    }
}

/// In a chat Ctrl-C belongs to the chat.
fn stop_signals(manner: Manner) -> &'static [SignalKind] {
    const TERMINATE: SignalKind = SignalKind::terminate();
    const INTERRUPT: SignalKind = SignalKind::interrupt();
    match manner {
        Manner::Chat => &[TERMINATE],
        Manner::Lines | Manner::Serve | Manner::ServeJson => &[INTERRUPT, TERMINATE],
    }
}

fn tell(announcement: &Announcement, home: &Path, manner: Manner) -> Result<(), output::OutputError> {
    match manner {
        Manner::Chat | Manner::Serve => output::line(&announcement.words(home)),
        Manner::Lines => {
            output::complain(&announcement.words(home));
            Ok(())
        }
        Manner::ServeJson => output::json_line(announcement),
    }
}

/// A chat with the gateway of this process; when it ends, so does the gateway.
async fn chat(gateway: Gateway, target: &Target) -> anyhow::Result<()> {
    let control = gateway.control();
    let serving = tokio::spawn(until_stopped(gateway, |_| Ok(())));
    let talked = async {
        let mut client = Client::connect(target, CALL_TIMEOUT).await?;
        talk(&mut client, None).await
    }
    .await;
    control.stop();
    serving.await??;
    output::line("The gateway has stopped. `openclaw gateway` runs it without a chat.")?;
    match talked {
        // Stopped from outside while talking: that is what was asked for.
        Err(error) if is_gateway_gone(&error) => Ok(()),
        other => other,
    }
}

/// Answers the lines of standard input with the gateway of this process, which stops after the last one. While nobody
/// says anything, it is a gateway like any other.
async fn answer(gateway: Gateway, target: &Target) -> anyhow::Result<()> {
    let control = gateway.control();
    let mut serving = tokio::spawn(until_stopped(gateway, |_| Ok(())));
    let lines = tokio::select! {
        served = &mut serving => return served?,
        lines = Lines::of_stdin().begun() => lines,
    };
    let Some(lines) = lines else {
        control.stop();
        return serving.await?;
    };
    let answered = async {
        let mut client = Client::connect(target, CALL_TIMEOUT).await?;
        answer_lines(&mut client, lines).await
    }
    .await;
    control.stop();
    serving.await??;
    match answered {
        Err(error) if is_gateway_gone(&error) => {
            Err(output::Interrupted("stopped before every line was answered".to_owned()).into())
        }
        other => other,
    }
}
