//! P-19: the disk refuses, comes out short, or takes its time, at each change the gateway makes; then it works again, and
//! so must the gateway, without a restart.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use openclaw_testkit::crash::{Dice, Goal, Mix, Verdict, Wrong};
use openclaw_testkit::trace::{Fault, Plan, Refusal, Traced};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::args::{Promise, Settings};
use super::life::{Ended, Life};
use super::report::Row;
use super::stage::{MAX_DRAIN, Stage};
use super::story;

/// How long the story goes on while the disk refuses; the platform is told "later" meanwhile.
const REFUSED: Duration = Duration::from_millis(250);
/// From the moment there is room again to the next acknowledged message (P-19).
const MAX_RECOVERY: Duration = Duration::from_secs(5);
/// A disk whose syncs are this slow is used up or far away.
const SLOW: Duration = Duration::from_millis(60);
/// Every which step the rarer errors are tried at.
const RARE_STRIDE: usize = 5;
/// Steps shown with a failure.
const SHOWN: usize = 8;
/// Faults in one home of the long conversation, the most steps before one, and how long one lasts.
const FAULTS_PER_HOME: usize = 125;
const MAX_AHEAD: usize = 25;
const LONG_REFUSED: Duration = Duration::from_millis(40);
const SESSIONS: usize = 6;

/// One thing to go wrong in the story.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    plan: Plan,
    step: usize,
}

/// Every case.
pub(crate) async fn run(settings: &Settings) -> Result<Vec<Row>> {
    let steps = count(settings).await.context("the story on a good disk")?;
    let first = 1 + (settings.seed as usize) % settings.disk_stride;
    let every = |stride: usize| (first..=steps).step_by(settings.disk_stride * stride);
    let full = Fault::Refuse(Refusal::NoSpace);
    let from = |fault: Fault| move |step| Case { name: fault.name(), plan: Plan::from(step, fault), step };
    let once = |fault: Fault| move |step| Case { name: fault.name(), plan: Plan::once(step, fault), step };
    let mut rare: Vec<Case> = Vec::new();
    for refusal in [Refusal::Quota, Refusal::Io, Refusal::ReadOnly] {
        let fault = Fault::Refuse(refusal);
        rare.extend(every(RARE_STRIDE).map(from(fault)));
        rare.extend(every(RARE_STRIDE).map(once(fault)));
    }
    let gentle = [Fault::Short, Fault::SlowSync(SLOW)].map(|fault| from(fault)(1));
    Ok(vec![
        cases(settings, "ENOSPC from each step on", every(1).map(from(full)).collect()).await,
        cases(settings, "ENOSPC at each step", every(1).map(once(full)).collect()).await,
        cases(settings, "EDQUOT, EIO, EROFS", rare).await,
        cases(settings, "short writes, slow syncs", gentle.to_vec()).await,
        long(settings).await,
    ])
}

async fn count(settings: &Settings) -> Result<usize> {
    let mut stage = stage(settings);
    let mut life = Life::traced(&settings.binary, &stage.site, Plan::none());
    let ended = story::play(&mut stage, &mut life).await?;
    if ended != Some(Ended::Code(0)) {
        bail!("it ends with {ended:?}: {}", life.output());
    }
    Ok(life.tracer().map_or(0, Traced::count))
}

fn stage(settings: &Settings) -> Stage {
    let mut stage = Stage::new(settings, Dice::new(settings.seed), story::SESSIONS, story::MIX);
    story::prepare(&mut stage);
    stage
}

async fn cases(settings: &Settings, what: &str, cases: Vec<Case>) -> Row {
    let mut row = Row::new(Promise::P19, what, cases.len());
    let (mut running, mut cases) = (JoinSet::new(), cases.into_iter());
    let (mut not_started, mut slowest) = (0, Duration::ZERO);
    loop {
        while running.len() < settings.jobs
            && let Some(case) = cases.next()
        {
            running.spawn(one_case(settings.clone(), case));
        }
        let Some(ended) = running.join_next().await else { break };
        match ended.context("a case broke off").and_then(|result| result) {
            Ok((case, recovery, verdict)) => {
                row.done += 1;
                match recovery {
                    None => not_started += 1,
                    Some(took) => slowest = slowest.max(took),
                }
                row.judge(verdict, &format!("{} at step {}", case.name, case.step));
            }
            Err(error) => row.fail(format!("{error:#}")),
        }
    }
    row.note(format!("slowest recovery {slowest:.2?}; {not_started} ended during the start, with an error"));
    if slowest > MAX_RECOVERY {
        row.fail(format!("recovery took longer than {MAX_RECOVERY:?}"));
    }
    row.finish()
}

/// The story on a disk with one fault. Returns how long the gateway took to work again; nothing when it never started.
async fn one_case(settings: Settings, case: Case) -> Result<(Case, Option<Duration>, Verdict)> {
    let place = |life: &Life| {
        let trace = life.tracer().map(|traced| traced.describe_last(SHOWN)).unwrap_or_default();
        format!("{} at step {}, after\n{trace}{}", case.name, case.step, life.output().trim())
    };
    let mut stage = stage(&settings);
    let mut life = Life::traced(&settings.binary, &stage.site, case.plan);
    let Ok(link) = life.link(stage.site.port()).await else {
        return not_started(stage, life, case).await;
    };
    drop(link);
    // Refusals are expected; so is that it plays to the end, when the fault was a short one.
    timeout(REFUSED, story::play(&mut stage, &mut life)).await.ok();
    if let Some(traced) = life.tracer() {
        traced.plan(Plan::none());
    }
    if life.is_told_to_stop() {
        if life.wait_end(MAX_DRAIN).await.is_none() {
            bail!("it does not stop: {}", place(&life));
        }
        let mut verdict = stage.finish().await.with_context(|| place(&life))?;
        explain(&mut verdict, &place(&life));
        return Ok((case, Some(Duration::ZERO), verdict));
    }
    if life.ended().is_some() {
        bail!("it did not survive: {}", place(&life));
    }
    let began = Instant::now();
    stage.platform.write(1);
    timeout(MAX_RECOVERY, stage.deliver(&mut life))
        .await
        .with_context(|| format!("it does not work again: {}", place(&life)))?
        .with_context(|| place(&life))?;
    let took = began.elapsed();
    let words = place(&life);
    let mut verdict = stage.close(life).await.context(words.clone())?;
    explain(&mut verdict, &words);
    Ok((case, Some(took), verdict))
}

/// A gateway that could not start must have said why, and must start on a good disk.
async fn not_started(stage: Stage, mut life: Life, case: Case) -> Result<(Case, Option<Duration>, Verdict)> {
    let ended = life.wait_end(MAX_RECOVERY).await;
    let words = life.output();
    let is_plain = matches!(ended, Some(Ended::Code(code)) if code != 0) && !words.trim().is_empty();
    if !is_plain {
        bail!(
            "{} at step {}: it does not start, ends with {ended:?} and says {words:?}",
            case.name,
            case.step
        );
    }
    drop(life);
    let mut verdict = stage.finish().await.with_context(|| format!("{} at step {}", case.name, case.step))?;
    if words.contains("panicked") {
        verdict.find(Wrong::Corrupt, format!("it panics: {words}"));
    }
    Ok((case, None, verdict))
}

fn explain(verdict: &mut Verdict, words: &str) {
    if let Some(first) = verdict.findings.first_mut() {
        first.what.push_str(&format!(" ({words})"));
    }
}

/// A long conversation, in which the disk refuses again and again.
async fn long(settings: &Settings) -> Row {
    let mut row = Row::new(Promise::P19, "a disk that refuses again and again", settings.faults);
    let homes = settings.faults.div_ceil(FAULTS_PER_HOME);
    let (mut running, mut next, mut refused) = (JoinSet::new(), 0, 0);
    loop {
        while next < homes && running.len() < settings.jobs {
            let faults = FAULTS_PER_HOME.min(settings.faults - next * FAULTS_PER_HOME);
            running.spawn(home(settings.clone(), next, faults));
            next += 1;
        }
        let Some(ended) = running.join_next().await else { break };
        match ended.context("a home broke off").and_then(|result| result) {
            Ok((number, faults, hits, verdict)) => {
                row.done += faults;
                refused += hits;
                row.judge(verdict, &format!("home {number}"));
            }
            Err(error) => row.fail(format!("{error:#}")),
        }
    }
    row.note(format!("{refused} system calls refused"));
    row.finish()
}

async fn home(settings: Settings, number: usize, faults: usize) -> Result<(usize, usize, usize, Verdict)> {
    let mut dice = Dice::new(settings.seed).fork(1_900 + number as u64);
    let mix = Mix { tools: 30, long: 0, agent: 25 };
    let mut stage = Stage::new(&settings, dice.fork(1), SESSIONS, mix);
    let mut life = Life::traced(&settings.binary, &stage.site, Plan::none());
    stage.platform.write(SESSIONS);
    stage.deliver(&mut life).await?;
    for fault in 0..faults {
        one_fault(&mut stage, &mut life, &mut dice).await.with_context(|| {
            let trace = life.tracer().map(|traced| traced.describe_last(SHOWN)).unwrap_or_default();
            format!("home {number}, fault {fault}, after\n{trace}{}", life.output().trim())
        })?;
    }
    let hits = life.tracer().map_or(0, Traced::hits);
    let verdict = stage.close(life).await.with_context(|| format!("home {number} at the end"))?;
    Ok((number, faults, hits, verdict))
}

/// Waits until a plan made for the next steps has hit one.
async fn one_fault(stage: &mut Stage, life: &mut Life, dice: &mut Dice) -> Result<()> {
    let mut link = life.link(stage.site.port()).await?;
    let Some(traced) = life.tracer() else { bail!("not traced") };
    let refusal = match dice.below(10) {
        0 => Refusal::Io,
        1 => Refusal::Quota,
        _ => Refusal::NoSpace,
    };
    let (is_once, fault) = (dice.chance(50), Fault::Refuse(refusal));
    let (before, limit) = (traced.hits(), Instant::now() + MAX_RECOVERY);
    let mut passed = 0;
    while traced.hits() == before {
        if Instant::now() > limit {
            bail!("the gateway does nothing on the disk any more");
        }
        // A step that such a disk does not refuse is passed by; another one is chosen.
        if traced.count() >= passed {
            let ahead = 1 + dice.below(MAX_AHEAD);
            traced.plan_ahead(if is_once { Plan::once(ahead, fault) } else { Plan::from(ahead, fault) });
            passed = traced.count() + ahead;
        }
        stage.platform.write(1);
        // While the disk refuses it takes nothing, and that is right.
        timeout(LONG_REFUSED, stage.platform.deliver(&mut link, Goal::Acknowledged)).await.ok();
    }
    traced.plan(Plan::none());
    stage.brain.forget();
    if life.ended().is_some() {
        bail!("it did not survive {}", refusal.name());
    }
    timeout(MAX_RECOVERY, stage.platform.deliver(&mut link, Goal::Acknowledged))
        .await
        .context("it does not work again")??;
    Ok(())
}
