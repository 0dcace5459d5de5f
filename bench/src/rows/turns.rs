//! Whole turns with an instant provider: how many per second, what each costs, what stays behind.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::ms;
use crate::home::Home;
use crate::provider::Provider;
use crate::report::{Bar, Metric, Results};
use crate::subject::{Running, Subject};
use crate::talk::{RunEnd, Talk};

static ONE: Metric =
    Metric { what: "turns per second, 1 session in flight", unit: "1/s", bar: Bar::AtLeast(300.0) };
static EIGHT: Metric =
    Metric { what: "turns per second, 8 sessions in flight", unit: "1/s", bar: Bar::AtLeast(1_000.0) };
static SIXTY_FOUR: Metric =
    Metric { what: "turns per second, 64 sessions in flight", unit: "1/s", bar: Bar::AtLeast(1_000.0) };
static PROCESSOR: Metric =
    Metric { what: "processor time per turn, 8 in flight", unit: "ms", bar: Bar::AtMost(1.0) };
static ON_DISK: Metric = Metric {
    what: "turns whose question and answer are on disk at the end",
    unit: "%",
    bar: Bar::AtLeast(100.0),
};
static GROWTH: Metric = Metric {
    what: "memory growth per 1,000 further turns, 8 in flight, once the sessions are idle",
    unit: "MB",
    // No growth, but for the index entries of 50 new sessions, which stay in memory: 6 kB each.
    bar: Bar::AtMost(0.3),
};
static BUSY_GROWTH: Metric =
    Metric { what: "the same, right after the last turn", unit: "MB", bar: Bar::LessIsBetter };

static LONG_GROWTH: Metric = Metric {
    what: "memory growth over 10,000 further turns, 8 in flight, once the sessions are idle",
    unit: "MB",
    // No growth, but for the index entries of 500 new sessions, which stay in memory: 6 kB each.
    bar: Bar::AtMost(3.0),
};

/// Turns of a run with one session in flight, and with several.
const TURNS: usize = 1_500;
const BUSY_TURNS: usize = 5_000;
const PEER_TURNS: usize = 100;
const WARM_UP: usize = 1_000;
const PEER_WARM_UP: usize = 10;
const RUNS: usize = 3;
const PEER_RUNS: usize = 1;
/// A new session after this many turns: the cost of a long conversation is another matter.
const TURNS_PER_SESSION: usize = 20;
/// The gateway forgets idle sessions after 20 seconds.
const IDLE: Duration = Duration::from_secs(23);

pub(super) async fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    results.note(format!(
        "turns: one client, a new session every {TURNS_PER_SESSION} turns, provider and client on the same processors"
    ));
    for _ in 0..subject.choose(RUNS, PEER_RUNS) {
        speed(subject, results, &ONE, (1, TURNS)).await?;
        cost(subject, results).await?;
        speed(subject, results, &SIXTY_FOUR, (64, BUSY_TURNS)).await?;
    }
    Ok(())
}

/// A fresh gateway with some turns behind it.
struct Bench {
    home: Home,
    running: Running,
    talk: Talk,
    turns: usize,
    _provider: Provider,
}

impl Bench {
    async fn warm(subject: &Subject, sessions: usize) -> Result<Self> {
        let provider = Provider::instant().await?;
        let home = Home::empty(Some(&provider.base_url()));
        let (running, talk, _) = subject.start(&home).await?;
        let mut bench = Self { home, running, talk, turns: 0, _provider: provider };
        bench.run(sessions, subject.choose(WARM_UP, PEER_WARM_UP)).await?;
        Ok(bench)
    }

    /// Runs `turns` turns with `sessions` of them in flight and returns how long they took.
    async fn run(&mut self, sessions: usize, turns: usize) -> Result<Duration> {
        let began = Instant::now();
        let (mut asked, mut answered) = (0, 0);
        let mut lanes: Vec<usize> = vec![0; sessions];
        let batch = self.turns;
        for lane in 0..sessions.min(turns) {
            self.ask(batch, lane, &mut lanes).await?;
            asked += 1;
        }
        while answered < turns {
            let Some(end) = RunEnd::read(&self.talk.next().await?)? else { continue };
            end.check()?;
            answered += 1;
            if asked < turns {
                let lane = end.run.split('-').nth(1).and_then(|lane| lane.parse().ok());
                self.ask(batch, lane.context("a run of nobody")?, &mut lanes).await?;
                asked += 1;
            }
        }
        self.turns += turns;
        Ok(began.elapsed())
    }

    /// Asks the next question of a lane. A lane has two sessions by turns: the release drops a message that comes
    /// in the moment after the last answer of the same session.
    async fn ask(&mut self, batch: usize, lane: usize, lanes: &mut [usize]) -> Result<()> {
        let count = lanes.get_mut(lane).context("a run of nobody")?;
        let session = format!("bench-{batch}-{lane}-{}-{}", *count / (2 * TURNS_PER_SESSION), *count % 2);
        let run = format!("{batch}-{lane}-{count}");
        *count += 1;
        self.talk.say(&session, &run, "Please note that the answer to this is short.").await
    }

    /// The share of all turns that is on disk, in percent.
    fn on_disk(&self) -> Result<f64> {
        let written = self.home.messages_on_disk("user").min(self.home.messages_on_disk("assistant"));
        ensure!(written <= self.turns, "{written} answers on disk, {} turns", self.turns);
        Ok(100.0 * count(written) / count(self.turns))
    }
}

async fn speed(
    subject: &Subject,
    results: &mut Results,
    metric: &'static Metric,
    (sessions, turns): (usize, usize),
) -> Result<()> {
    let mut bench = Bench::warm(subject, sessions).await?;
    let turns = subject.choose(turns, PEER_TURNS);
    let took = bench.run(sessions, turns).await?;
    results.record(metric, &[count(turns) / took.as_secs_f64()]);
    results.record(&ON_DISK, &[bench.on_disk()?]);
    Ok(())
}

/// Eight sessions in flight, with a look at what they cost.
async fn cost(subject: &Subject, results: &mut Results) -> Result<()> {
    let sessions = 8;
    let mut bench = Bench::warm(subject, sessions).await?;
    let turns = subject.choose(BUSY_TURNS, PEER_TURNS);
    // What a busy phase needs at its height stays with the allocator: growth counts from there.
    bench.run(sessions, turns).await?;
    tokio::time::sleep(IDLE).await;
    let (memory, processor) = (bench.running.resident_mb(), bench.running.processor_time());
    let took = bench.run(sessions, turns).await?;
    let processor = bench.running.processor_time().saturating_sub(processor);
    let busy = bench.running.resident_mb();
    results.record(&EIGHT, &[count(turns) / took.as_secs_f64()]);
    results.record(&PROCESSOR, &[ms(processor) / count(turns)]);
    results.record(&ON_DISK, &[bench.on_disk()?]);
    tokio::time::sleep(IDLE).await;
    let per_thousand = 1_000.0 / count(turns);
    results.record(&GROWTH, &[(bench.running.resident_mb() - memory) * per_thousand]);
    results.record(&BUSY_GROWTH, &[(busy - memory) * per_thousand]);
    Ok(())
}

/// The same eight sessions in flight, for so long that a leak shows.
pub(super) async fn growth(subject: &Subject, results: &mut Results) -> Result<()> {
    let mut bench = Bench::warm(subject, 8).await?;
    let turns = subject.choose(2 * BUSY_TURNS, PEER_TURNS);
    // As many sessions are awake at once before the first look as before the second.
    bench.run(8, turns).await?;
    tokio::time::sleep(IDLE).await;
    let memory = bench.running.resident_mb();
    bench.run(8, turns).await?;
    tokio::time::sleep(IDLE).await;
    results.record(&LONG_GROWTH, &[bench.running.resident_mb() - memory]);
    results.record(&ON_DISK, &[bench.on_disk()?]);
    Ok(())
}

/// Counts here are far below what a float holds exactly.
fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
