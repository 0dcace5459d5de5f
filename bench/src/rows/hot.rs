//! Configurations that are put in force under a gateway that answers all the while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::ms;
use crate::home::Home;
use crate::report::{Bar, Metric, Results};
use crate::stats::percentile;
use crate::subject::Subject;
use crate::talk::Talk;

static SWAP: Metric =
    Metric { what: "a hot apply: time in which readers may wait", unit: "ms", bar: Bar::AtMost(1.0) };
static QUIET: Metric = Metric { what: "`health` while nothing changes", unit: "ms", bar: Bar::LessIsBetter };
static BUSY: Metric =
    Metric { what: "`health` while changes are applied", unit: "ms", bar: Bar::LessIsBetter };
static QUIET_P99: Metric =
    Metric { what: "`health` while nothing changes, p99", unit: "ms", bar: Bar::LessIsBetter };
static BUSY_P99: Metric =
    Metric { what: "`health` while changes are applied, p99", unit: "ms", bar: Bar::LessIsBetter };
static QUIET_MOST: Metric =
    Metric { what: "`health` while nothing changes, slowest", unit: "ms", bar: Bar::LessIsBetter };
static BUSY_MOST: Metric =
    Metric { what: "`health` while changes are applied, slowest", unit: "ms", bar: Bar::LessIsBetter };
static FROM_FILE: Metric =
    Metric { what: "file changed to `config` event (debounce 20 ms)", unit: "ms", bar: Bar::LessIsBetter };

/// Changes that are applied.
const CHANGES: usize = 50;
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(1);
/// How long is asked while nothing changes.
const QUIET_TIME: Duration = Duration::from_secs(5);
const DEBOUNCE_MS: u64 = 20;
/// What the log says of a swap.
const MARK: &str = "configuration swapped";

pub(super) async fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    if !subject.choose(true, false) {
        return Ok(()); // the peer starts again for most changes
    }
    let home = Home::empty(None);
    write(&home, 0)?;
    let (_running, mut listener, _) = subject.start(&home).await?;
    let quiet = Asking::start(&home).await?;
    tokio::time::sleep(QUIET_TIME).await;
    let quiet = quiet.stop().await?;
    let busy = Asking::start(&home).await?;
    for number in 1..=CHANGES {
        let began = Instant::now();
        write(&home, number)?;
        wait_applied(&mut listener).await?;
        results.record(&FROM_FILE, &[ms(began.elapsed())]);
    }
    let busy = busy.stop().await?;
    let swaps = swaps(&home)?;
    ensure!(swaps.len() >= CHANGES, "the log has {} swaps", swaps.len());
    results.record(&SWAP, &swaps);
    results.note(format!("hot: the slowest of {} swaps took {:.4} ms", swaps.len(), most(&swaps)));
    for (asked, metrics) in
        [(&quiet, [&QUIET, &QUIET_P99, &QUIET_MOST]), (&busy, [&BUSY, &BUSY_P99, &BUSY_MOST])]
    {
        let [middle, p99, slowest] = metrics;
        results.record(middle, asked);
        results.record(p99, &percentile(asked, 99).into_iter().collect::<Vec<_>>());
        results.record(slowest, &[most(asked)]);
    }
    Ok(())
}

fn most(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(0.0, f64::max)
}

/// Puts another name for the assistant into the file, as an editor does: whole.
fn write(home: &Home, number: usize) -> Result<()> {
    let path = home.state_dir().join("openclaw.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    config["ui"] = json!({"assistant": {"name": format!("Name {number}")}});
    config["gateway"]["reload"] = json!({"debounceMs": DEBOUNCE_MS});
    config["logging"] = json!({"level": "debug"});
    openclaw_guard::write_atomic(&path, format!("{config:#}\n").as_bytes())?;
    Ok(())
}

async fn wait_applied(listener: &mut Talk) -> Result<()> {
    loop {
        let frame = listener.next().await?;
        if frame.contains(r#""event":"config""#) {
            ensure!(frame.contains(r#""state":"applied""#), "{}", frame.as_str());
            return Ok(());
        }
    }
}

/// A client that asks all the time and notes how long each answer takes.
struct Asking {
    is_over: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Result<Vec<f64>>>,
}

impl Asking {
    async fn start(home: &Home) -> Result<Self> {
        let mut talk = Talk::connect(home.port).await?;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let task = tokio::spawn(async move {
            let mut took = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let began = Instant::now();
                talk.call("health", json!({})).await?;
                took.push(ms(began.elapsed()));
                tokio::time::sleep(PAUSE).await;
            }
            Ok(took)
        });
        Ok(Self { is_over, task })
    }

    async fn stop(self) -> Result<Vec<f64>> {
        self.is_over.store(true, Ordering::Relaxed);
        self.task.await?
    }
}

/// The swaps that the gateway has logged, in milliseconds.
fn swaps(home: &Home) -> Result<Vec<f64>> {
    let mut swaps = Vec::new();
    for entry in home.state_dir().join("logs").read_dir()? {
        let text = std::fs::read_to_string(entry?.path())?;
        for line in text.lines().filter(|line| line.contains(MARK)) {
            let (_, rest) = line.split_once("swapped_in").context("a swap without its time")?;
            swaps.push(millis(rest).with_context(|| line.to_owned())?);
        }
    }
    Ok(swaps)
}

/// A duration as Rust writes it for people, `1.25µs`, behind whatever is no digit.
fn millis(text: &str) -> Option<f64> {
    let text = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let factor = [("ns", 1e-6), ("µs", 1e-3), ("ms", 1.0), ("s", 1e3)]
        .into_iter()
        .find_map(|(name, factor)| unit.starts_with(name).then_some(factor))?;
    Some(number.parse::<f64>().ok()? * factor) // no number: the caller shows the line
}

#[cfg(test)]
mod tests {
    use super::millis;

    #[test]
    fn durations_are_read_as_they_are_written() {
        for (text, expected) in
            [("\":\"290ns\"", 290e-6), ("=1.5µs", 1.5e-3), ("=2ms", 2.0), ("=1.25s ", 1250.0)]
        {
            let read = millis(text).unwrap();
            assert!((read - expected).abs() < 1e-9, "{text}: {read}");
        }
        assert_eq!(millis("=fast"), None);
    }
}
