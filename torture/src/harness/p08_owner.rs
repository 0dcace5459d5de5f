//! P-08: many gateways start at once on one state directory; one of them owns it, the others say who does. The owner is
//! stopped, which changes nothing, and killed, after which another takes over at once.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use openclaw_testkit::crash::{Brain, Dice, Link, Site, free_port};
use openclaw_testkit::process::GatewayProcess;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::args::{Promise, Settings};
use super::report::Row;

/// How long the crowd may take to be one.
const CROWD_LIMIT: Duration = Duration::from_secs(30);
/// From the death of the owner to the greeting of the next (P-08).
const MAX_TAKE_OVER: Duration = Duration::from_millis(200);
/// The owner is stopped and woken in every which round.
const STOP_EVERY: usize = 5;
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// One of the gateways.
struct Contender {
    process: GatewayProcess,
    is_out: bool,
}

/// Runs all rounds in one home, so that each begins with what the last owner left.
pub(crate) async fn run(settings: &Settings) -> Result<Vec<Row>> {
    let what = format!("{} gateways, one owner", settings.gateways);
    let mut row = Row::new(Promise::P08, &what, settings.rounds);
    let (brain, site) = (Brain::start(), Site::new());
    site.configure(&brain, &json!({}));
    let ports: Vec<u16> = (0..settings.gateways).map(|_| free_port()).collect();
    let mut dice = Dice::new(settings.seed);
    let mut times = Vec::new();
    for number in 0..settings.rounds {
        let with_stop = dice.below(STOP_EVERY) == 0;
        match round(settings, &site, &ports, with_stop).await {
            Ok(took) => {
                times.push(took);
                row.done += 1;
            }
            Err(error) => row.fail(format!("round {number}: {error:#}")),
        }
    }
    times.sort_unstable();
    let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1))).copied();
    let shown = |part| at(part).unwrap_or_default();
    row.note(format!(
        "take-over after death: p50 {:?}, p99 {:?}, most {:?}",
        shown(50),
        shown(99),
        shown(100)
    ));
    let slow = times.iter().filter(|took| **took > MAX_TAKE_OVER).count();
    if slow > 0 {
        row.fail(format!("{slow} take-overs took longer than {MAX_TAKE_OVER:?}"));
    }
    Ok(vec![row.finish()])
}

/// One round; returns how long the take-over took.
async fn round(settings: &Settings, site: &Site, ports: &[u16], with_stop: bool) -> Result<Duration> {
    let spawn = |port: u16| {
        let args = ["gateway", "run", "--port", &port.to_string()];
        let process = GatewayProcess::spawn(&settings.binary, site.home(), port, &args);
        Contender { process, is_out: false }
    };
    let mut crowd: Vec<Contender> = ports.iter().map(|port| spawn(*port)).collect();
    let owner = one_left(&mut crowd).await?;
    let Some(first) = crowd.get_mut(owner) else { bail!("contender {owner} is not there") };
    let pid = first.process.pid();
    greet(first, CROWD_LIMIT).await?;
    for (_, loser) in crowd.iter_mut().enumerate().filter(|(index, _)| *index != owner) {
        refused(loser, pid)?;
    }
    if with_stop {
        stopped(&mut crowd[owner], || spawn(site.port())).await?;
    }
    signal(pid, Signal::KILL);
    let died = Instant::now();
    let mut next = spawn(site.port());
    greet(&mut next, CROWD_LIMIT).await?;
    Ok(died.elapsed())
}

/// Waits until all but one have given up.
async fn one_left(crowd: &mut [Contender]) -> Result<usize> {
    let deadline = Instant::now() + CROWD_LIMIT;
    loop {
        for contender in crowd.iter_mut().filter(|contender| !contender.is_out) {
            contender.is_out = contender.process.try_exit().is_some();
        }
        let left: Vec<usize> = crowd
            .iter()
            .enumerate()
            .filter(|(_, contender)| !contender.is_out)
            .map(|(index, _)| index)
            .collect();
        match left.as_slice() {
            [] => bail!("nobody owns the directory"),
            [owner] => return Ok(*owner),
            several if Instant::now() > deadline => bail!("{} gateways run on one directory", several.len()),
            _ => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

/// The loser must have failed, and must have named the owner.
fn refused(loser: &mut Contender, owner: u32) -> Result<()> {
    let code = loser.process.try_exit().and_then(|status| status.code());
    let words = loser.process.stderr();
    if code.is_none_or(|code| code == 0) || !words.contains(&format!("process {owner}")) {
        bail!(
            "a gateway that must not run ends with {code:?} and does not name process {owner}: {}",
            words.trim()
        );
    }
    Ok(())
}

/// A stopped owner is still the owner, and goes on when it is woken.
async fn stopped(owner: &mut Contender, spawn: impl Fn() -> Contender) -> Result<()> {
    let pid = owner.process.pid();
    signal(pid, Signal::STOP);
    let mut other = spawn();
    let deadline = Instant::now() + CROWD_LIMIT;
    while other.process.try_exit().is_none() && Instant::now() < deadline {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let verdict = refused(&mut other, pid);
    signal(pid, Signal::CONT);
    verdict?;
    greet(owner, CROWD_LIMIT).await
}

/// Waits for an answer of a gateway that runs.
async fn greet(gateway: &mut Contender, within: Duration) -> Result<()> {
    let deadline = Instant::now() + within;
    let port = gateway.process.port();
    loop {
        match Link::open(port).await {
            Ok(_link) => return Ok(()),
            // Another program may have taken the port since the run began.
            Err(_) if gateway.process.try_exit().is_some() => {
                bail!("the gateway for port {port} ended: {}", gateway.process.stderr().trim());
            }
            Err(error) if Instant::now() > deadline => bail!("nobody answers on port {port}: {error}"),
            Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended, which the next step finds out.
        kill_process(pid, signal).ok();
    }
}
