//! P-04: a story is broken off before and after each change it makes on the disk.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use openclaw_testkit::crash::{Dice, Verdict, Wrong};
use openclaw_testkit::trace::{Plan, Traced};
use serde_json::Value;
use tokio::task::JoinSet;

use super::args::{Promise, Settings};
use super::life::{Ended, Life};
use super::report::Row;
use super::stage::Stage;
use super::story;

/// Threads take turns differently each time, so a story has a few steps more or less; these beyond the counted ones.
const SLACK: usize = 5;
/// The connection breaks a moment before the process is gone.
const DEATH_LIMIT: Duration = Duration::from_secs(2);
/// Steps shown with a failure.
const SHOWN: usize = 6;

/// Counts the steps and breaks the story off at each.
pub(crate) async fn run(settings: &Settings) -> Result<Vec<Row>> {
    let (steps, kinds) = count(settings).await.context("the story without a kill")?;
    let last = steps + SLACK;
    let first = 1 + (settings.seed as usize) % settings.stride;
    let mut points = (first..=last)
        .step_by(settings.stride)
        .flat_map(|step| [Plan::kill_before(step), Plan::kill_after(step)].map(|plan| (step, plan)));
    let total = (first..=last).step_by(settings.stride).count() * 2;
    let mut row = Row::new(Promise::P04, "SIGKILL around each step", total);
    row.note(format!("the story has {steps} steps: {kinds}"));
    let mut running = JoinSet::new();
    let mut killed = 0;
    loop {
        while running.len() < settings.jobs
            && let Some((step, plan)) = points.next()
        {
            running.spawn(point(settings.clone(), step, plan));
        }
        let Some(ended) = running.join_next().await else { break };
        match ended.context("a point broke off").and_then(|result| result) {
            Ok((step, was_killed, verdict)) => {
                row.done += 1;
                killed += usize::from(was_killed);
                row.judge(verdict, &format!("step {step}"));
            }
            Err(error) => row.fail(format!("{error:#}")),
        }
    }
    row.note(format!("killed at {killed} of {total} points; the others lie beyond the end"));
    Ok(vec![row.finish()])
}

fn stage(settings: &Settings) -> Stage {
    let mut stage = Stage::new(settings, Dice::new(settings.seed), story::SESSIONS, story::MIX);
    story::prepare(&mut stage);
    stage
}

/// The story without a kill: how many steps it has, and of which kinds.
async fn count(settings: &Settings) -> Result<(usize, String)> {
    let mut stage = stage(settings);
    let mut life = Life::traced(&settings.binary, &stage.site, Plan::none());
    let ended = story::play(&mut stage, &mut life).await?;
    ensure!(ended == Some(Ended::Code(0)), "it ends with {ended:?}: {}", life.output());
    let kinds = life.tracer().map(Traced::kinds).unwrap_or_default();
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind:?}")).collect();
    Ok((life.tracer().map_or(0, Traced::count), kinds.join(", ")))
}

/// The story with one kill.
async fn point(settings: Settings, step: usize, plan: Plan) -> Result<(usize, bool, Verdict)> {
    let mut stage = stage(&settings);
    let mut life = Life::traced(&settings.binary, &stage.site, plan);
    // It breaks off, that is the point; what is left to say is said in the last act.
    story::play(&mut stage, &mut life).await.ok();
    let was_killed = life.wait_end(DEATH_LIMIT).await == Some(Ended::Signal);
    let trace = life.tracer().map(|traced| traced.describe_last(SHOWN)).unwrap_or_default();
    drop(life);
    let state = stage.site.state_dir();
    let config = std::fs::read_to_string(state.join("openclaw.json")).unwrap_or_default();
    let index = std::fs::read_to_string(state.join("agents/main/sessions/sessions.json"));
    let mut verdict = stage.finish().await.with_context(|| format!("step {step}, after\n{trace}"))?;
    for (name, text) in [("openclaw.json", Some(config)), ("sessions.json", index.ok())] {
        // An index that was never written is an old one.
        if text.is_some_and(|text| serde_json::from_str::<Value>(&text).is_err()) {
            verdict.find(Wrong::Corrupt, format!("{name} is neither old nor new"));
        }
    }
    if let Some(first) = verdict.findings.first_mut() {
        first.what.push_str(&format!(" (after\n{trace})"));
    }
    Ok((step, was_killed, verdict))
}
