//! P-16: the gateway is told to stop under load, politely, rudely and twice, at moments of every kind.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use openclaw_testkit::crash::{Dice, Goal, Mix, Verdict};
use rustix::process::Signal;
use tokio::task::JoinSet;

use super::args::{Promise, Settings};
use super::life::Ended;
use super::report::Row;
use super::stage::{MAX_DRAIN, Stage};

const DRAINS_PER_HOME: usize = 25;
const SESSIONS: usize = 8;
/// Messages handed in before each signal.
const EVENTS: usize = 20;
/// Slow answers, so that there is something to drain.
const MIX: Mix = Mix { tools: 20, long: 40, agent: 25 };
/// Of a hundred drains, those that are hurried by a second signal; it comes within this time.
const HURRIED_PERCENT: usize = 30;
const HURRY_MS: usize = 150;
/// A second signal means now.
const MAX_HURRIED: Duration = Duration::from_secs(2);

/// What came of one home.
#[derive(Default)]
struct Outcome {
    drains: usize,
    hurried: usize,
    longest: Duration,
    wrong: Vec<String>,
    verdict: Verdict,
}

/// Runs all homes.
pub(crate) async fn run(settings: &Settings) -> Result<Vec<Row>> {
    let mut row = Row::new(Promise::P16, "SIGTERM and SIGINT under load", settings.drains);
    let homes = settings.drains.div_ceil(DRAINS_PER_HOME);
    let (mut running, mut next) = (JoinSet::new(), 0);
    let (mut hurried, mut longest) = (0, Duration::ZERO);
    loop {
        while next < homes && running.len() < settings.jobs {
            let drains = DRAINS_PER_HOME.min(settings.drains - next * DRAINS_PER_HOME);
            running.spawn(home(settings.clone(), next, drains));
            next += 1;
        }
        let Some(ended) = running.join_next().await else { break };
        match ended.context("a home broke off").and_then(|result| result) {
            Ok((number, outcome)) => {
                row.done += outcome.drains;
                hurried += outcome.hurried;
                longest = longest.max(outcome.longest);
                outcome.wrong.into_iter().for_each(|wrong| row.fail(format!("home {number}: {wrong}")));
                row.judge(outcome.verdict, &format!("home {number}"));
            }
            Err(error) => row.fail(format!("{error:#}")),
        }
    }
    row.note(format!("{hurried} with a second signal; the longest end took {longest:.2?}"));
    Ok(vec![row.finish()])
}

async fn home(settings: Settings, number: usize, drains: usize) -> Result<(usize, Outcome)> {
    let mut dice = Dice::new(settings.seed).fork(1_600 + number as u64);
    let mut stage = Stage::new(&settings, dice.fork(1), SESSIONS, MIX);
    let mut outcome = Outcome::default();
    for drain in 0..drains {
        stage.platform.write(EVENTS);
        let place = || format!("home {number}, drain {drain}");
        one_drain(&mut stage, &mut dice, &mut outcome).await.with_context(place)?;
        outcome.drains += 1;
    }
    outcome.verdict = stage.finish().await.with_context(|| format!("home {number} at the end"))?;
    Ok((number, outcome))
}

async fn one_drain(stage: &mut Stage, dice: &mut Dice, outcome: &mut Outcome) -> Result<()> {
    let mut life = stage.life();
    let mut link = life.link(stage.site.port()).await?;
    let moment = Duration::from_micros(dice.below(80_000) as u64);
    // Until the signal, or until the gateway has nothing more to say.
    tokio::time::timeout(moment, stage.platform.deliver(&mut link, Goal::Ended)).await.ok();
    let first = if dice.chance(50) { Signal::TERM } else { Signal::INT };
    let second = dice.chance(HURRIED_PERCENT).then(|| Duration::from_millis(dice.below(HURRY_MS) as u64));
    let told = Instant::now();
    life.signal(first);
    if let Some(pause) = second {
        tokio::time::sleep(pause).await;
        life.signal(if dice.chance(50) { Signal::TERM } else { Signal::INT });
        outcome.hurried += 1;
    }
    stage.platform.drain(&mut link).await;
    let ended = life.wait_end(MAX_DRAIN).await;
    let took = told.elapsed();
    outcome.longest = outcome.longest.max(took);
    match ended {
        None => outcome.wrong.push(format!("it did not end within {MAX_DRAIN:?}")),
        Some(Ended::Signal) => outcome.wrong.push("a signal that it should catch ended it".to_owned()),
        Some(Ended::Code(code)) if second.is_none() && code != 0 => {
            outcome.wrong.push(format!("an orderly end has the code {code}: {}", life.output().trim()));
        }
        Some(Ended::Code(_))
            if second.is_some() && took > MAX_HURRIED + Duration::from_millis(HURRY_MS as u64) =>
        {
            outcome.wrong.push(format!("a second signal was followed after {took:?} only"));
        }
        Some(Ended::Code(_)) => {}
    }
    Ok(())
}
