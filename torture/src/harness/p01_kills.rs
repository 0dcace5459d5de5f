//! P-01: the gateway is killed under load, thousands of times, at moments of every kind.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use openclaw_testkit::crash::{Dice, Goal, Mix, Progress, Verdict};
use rustix::process::Signal;
use tokio::task::JoinSet;

use super::args::{Promise, Settings};
use super::report::Row;
use super::stage::Stage;

/// Kills of one home: enough for a state directory with a past, few enough to keep it small.
const KILLS_PER_HOME: usize = 40;
/// Conversations of one home.
const SESSIONS: usize = 12;
/// A kill that waits for something comes at the latest now.
const MAX_WAIT: Duration = Duration::from_millis(1_500);
const LOOK_AGAIN: Duration = Duration::from_micros(300);
/// No turn takes so long without a sign of life.
const QUIET_MS: u64 = 60;

/// When to kill.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// When so many messages of this life were acknowledged.
    Acknowledged(usize),
    /// When the model was asked so often in this life.
    Asked(usize),
    /// When so many turns of this life were heard to end.
    Ended(usize),
    /// So long after the first connection.
    After(Duration),
    /// When nothing has happened for so long: everything has ended, and only then does it die.
    Quiet(Duration),
    /// So long after the start, connected or not: while it recovers.
    Born(Duration),
}

impl Moment {
    fn choose(dice: &mut Dice, events: usize) -> Self {
        match dice.below(100) {
            0..20 => Self::Acknowledged(1 + dice.below(events)),
            20..35 => Self::Asked(1 + dice.below(events)),
            35..50 => Self::Ended(1 + dice.below(events)),
            // Without these, what waits grows from life to life, until no message is begun often enough to be answered.
            50..72 => Self::Quiet(Duration::from_millis(QUIET_MS + dice.below(QUIET_MS as usize) as u64)),
            72..85 => Self::After(Duration::from_micros(dice.below(120_000) as u64)),
            _ => Self::Born(Duration::from_micros(dice.below(25_000) as u64)),
        }
    }
}

/// Runs all homes.
pub(crate) async fn run(settings: &Settings) -> Result<Vec<Row>> {
    let mut row = Row::new(Promise::P01, "SIGKILL under load", settings.kills);
    let homes = settings.kills.div_ceil(KILLS_PER_HOME);
    let mut running = JoinSet::new();
    let mut next = 0;
    while next < homes || !running.is_empty() {
        if next < homes && running.len() < settings.jobs {
            let kills = KILLS_PER_HOME.min(settings.kills - next * KILLS_PER_HOME);
            running.spawn(home(settings.clone(), next, kills));
            next += 1;
            continue;
        }
        let Some(ended) = running.join_next().await else { break };
        match ended.context("a home broke off").and_then(|result| result) {
            Ok((number, kills, verdict)) => {
                row.done += kills;
                row.judge(verdict, &format!("home {number}"));
            }
            Err(error) => row.fail(format!("{error:#}")),
        }
    }
    Ok(vec![row.finish()])
}

/// One home with all its kills.
async fn home(settings: Settings, number: usize, kills: usize) -> Result<(usize, usize, Verdict)> {
    let mut dice = Dice::new(settings.seed).fork(number as u64);
    let mut stage = Stage::new(&settings, dice.fork(1), SESSIONS, Mix::default());
    for kill in 0..kills {
        let moment = Moment::choose(&mut dice, settings.events);
        stage.platform.write(settings.events);
        life(&mut stage, moment).await.with_context(|| format!("home {number}, kill {kill}, {moment:?}"))?;
        stage.brain.forget();
    }
    let verdict = stage.finish().await.with_context(|| format!("home {number} at the end"))?;
    Ok((number, kills, verdict))
}

/// One life, from start to kill.
async fn life(stage: &mut Stage, moment: Moment) -> Result<()> {
    let mut life = stage.life();
    let born = Instant::now();
    if let Moment::Born(after) = moment {
        tokio::time::sleep(after.saturating_sub(born.elapsed())).await;
        life.signal(Signal::KILL);
        return Ok(());
    }
    let mut link = life.link(stage.site.port()).await?;
    let progress = stage.platform.progress();
    {
        let delivering = async {
            stage.platform.deliver(&mut link, Goal::Ended).await.ok(); // until the kill breaks it
            std::future::pending::<()>().await;
        };
        let brain = &stage.brain;
        tokio::select! {
            () = delivering => {}
            () = reached(moment, &progress, || brain.requests()) => {}
        }
    }
    life.signal(Signal::KILL);
    stage.platform.drain(&mut link).await;
    Ok(())
}

/// Waits for the moment.
async fn reached(moment: Moment, progress: &Progress, asked: impl Fn() -> usize) {
    let began = Instant::now();
    let count = || (progress.acknowledged(), asked(), progress.ended());
    let start = count();
    let (mut before, mut changed) = (start, began);
    while began.elapsed() < MAX_WAIT {
        let now = count();
        if now != before {
            (before, changed) = (now, Instant::now());
        }
        let is_now = match moment {
            Moment::Acknowledged(count) => now.0 - start.0 >= count,
            Moment::Asked(count) => now.1 - start.1 >= count,
            Moment::Ended(count) => now.2 - start.2 >= count,
            Moment::Quiet(pause) => changed.elapsed() >= pause,
            Moment::After(time) | Moment::Born(time) => began.elapsed() >= time,
        };
        if is_now {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
