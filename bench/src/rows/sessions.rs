//! An index of ten thousand sessions: what it costs in memory, in bytes for each message, and to find again.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use openclaw_guard::{Clock as _, ManualClock, SystemClock};
use openclaw_store::{SessionIndex, field};
use serde_json::json;

use super::ms;
use crate::home::Home;
use crate::many_sessions::{COUNT, Writer, key, write_index, write_transcripts};
use crate::proc_stat;
use crate::provider::Provider;
use crate::report::{Bar, Metric, Results};
use crate::stats::percentile;
use crate::subject::Subject;
use crate::talk::Talk;

static MEMORY: Metric = Metric {
    what: "resident memory of 10,000 idle sessions, beyond an empty gateway",
    unit: "MB",
    bar: Bar::AtMost(20.0),
};
static MEMORY_RELEASE: Metric = Metric {
    what: "resident memory of 10,000 idle sessions of the release, beyond an empty gateway",
    unit: "MB",
    bar: Bar::AtMost(20.0),
};
static LINES: Metric = Metric {
    what: "index bytes written per message at 10,000 sessions",
    unit: "kB",
    bar: Bar::AtMost(4.096),
};
static WHOLE: Metric = Metric {
    what: "rewriting the index for each message, as the release does: bytes",
    unit: "kB",
    bar: Bar::LessIsBetter,
};
static LINES_TIME: Metric =
    Metric { what: "time in the index per message at 10,000 sessions", unit: "ms", bar: Bar::LessIsBetter };
static WHOLE_TIME: Metric = Metric {
    what: "rewriting the index for each message, as the release does: time",
    unit: "ms",
    bar: Bar::LessIsBetter,
};
static TURN_ALL: Metric = Metric {
    what: "all bytes the gateway writes per turn at 10,000 sessions",
    unit: "kB",
    bar: Bar::LessIsBetter,
};
static TURN_PAGES: Metric = Metric {
    what: "all pages the gateway writes per turn at 10,000 sessions",
    unit: "kB",
    bar: Bar::LessIsBetter,
};
static TURN: Metric =
    Metric { what: "a whole turn at 10,000 sessions, p50", unit: "ms", bar: Bar::LessIsBetter };
static TURN_EMPTY: Metric =
    Metric { what: "a whole turn without other sessions, p50", unit: "ms", bar: Bar::LessIsBetter };
static REBUILT: Metric = Metric {
    what: "index lost: all 10,000 sessions are listed again after",
    unit: "s",
    bar: Bar::AtMost(10.0),
};
static FIRST: Metric =
    Metric { what: "index lost: first message answered after", unit: "ms", bar: Bar::AtMost(1_000.0) };

const RUNS: usize = 3;
/// What a start leaves to be done is done by then.
const SETTLE: Duration = Duration::from_secs(3);
/// Enough for the whole file to be due several times, so that it is counted.
const MESSAGES: u32 = 40_000;
/// Counters are appended this often.
const TICK: Duration = Duration::from_millis(250);
const REWRITES: u32 = 20;
const TURNS: usize = 300;
const WARM_UP: usize = 20;

pub(super) async fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    if !subject.choose(true, false) {
        return Ok(()); // what the release does is done here in its stead
    }
    results.note("sessions: one message each 250 ms, so that no two share a write; rewriting is not synced, as in the release".to_owned());
    memory(subject, results).await?;
    lines(results)?;
    turns(subject, results).await?;
    for _ in 0..RUNS {
        rebuild(subject, results).await?;
    }
    Ok(())
}

async fn settled(subject: &Subject, home: &Home) -> Result<f64> {
    let (running, mut talk, _) = subject.start(home).await?;
    tokio::time::sleep(SETTLE).await;
    let resident = running.resident_mb();
    let health = talk.call("health", json!({})).await?;
    ensure!(health["ok"] == true, "{health}");
    Ok(resident)
}

fn folder(home: &Home) -> std::path::PathBuf {
    home.state_dir().join("agents/main/sessions")
}

async fn memory(subject: &Subject, results: &mut Results) -> Result<()> {
    for _ in 0..RUNS {
        let empty = settled(subject, &Home::empty(None)).await?;
        for (metric, writer) in [(&MEMORY, Writer::Ours), (&MEMORY_RELEASE, Writer::Release)] {
            let home = Home::empty(None);
            write_index(&folder(&home), writer)?;
            results.record(metric, &[settled(subject, &home).await? - empty]);
        }
    }
    Ok(())
}

/// What a turn does to the index, one after the other, in this process: nothing else writes here.
fn lines(results: &mut Results) -> Result<()> {
    let home = tempfile::tempdir()?;
    let text = write_index(home.path(), Writer::Ours)?;
    let clock = Arc::new(ManualClock::new(SystemClock.now_ms()));
    let index = SessionIndex::load(home.path(), "main", clock.clone())?;
    let own = || proc_stat::written(std::process::id()).context("this kernel does not count bytes");
    let (began, before) = (Instant::now(), own()?);
    for message in 0..MESSAGES {
        let now_ms = clock.now_ms();
        let number = usize::try_from(message)? * 7 % COUNT;
        index.update(&key(number), |entry| entry.set(field::UPDATED_AT, &now_ms));
        index.update(&key(number), |entry| {
            entry.set(field::UPDATED_AT, &now_ms);
            entry.set(field::INPUT_TOKENS, &u64::from(message));
            entry.set(field::OUTPUT_TOKENS, &80);
            entry.set(field::TOTAL_TOKENS, &(u64::from(message) + 80));
        });
        clock.advance(TICK);
        index.flush_if_dirty()?;
    }
    index.close()?;
    let (took, after) = (began.elapsed(), own()?);
    let bytes = f64::from(u32::try_from(after.asked - before.asked)?);
    results.record(&LINES, &[bytes / f64::from(MESSAGES) / 1e3]);
    results.record(&LINES_TIME, &[ms(took) / f64::from(MESSAGES)]);
    for _ in 0..REWRITES {
        let (began, before) = (Instant::now(), own()?);
        rewrite(home.path(), &text)?;
        results.record(&WHOLE_TIME, &[ms(began.elapsed())]);
        results.record(&WHOLE, &[f64::from(u32::try_from(own()?.asked - before.asked)?) / 1e3]);
    }
    Ok(())
}

/// What the release does for a message: parse the file, change an entry, write it beside, rename.
fn rewrite(folder: &Path, text: &str) -> Result<()> {
    let mut index: serde_json::Value = serde_json::from_str(text)?;
    index[key(7)]["totalTokens"] = json!(5);
    let beside = folder.join("sessions.json.tmp");
    let file = std::fs::File::create(&beside)?;
    std::io::Write::write_all(&mut &file, format!("{index:#}").as_bytes())?;
    std::fs::rename(beside, folder.join("sessions.json"))?;
    Ok(())
}

async fn turns(subject: &Subject, results: &mut Results) -> Result<()> {
    let provider = Provider::instant().await?;
    for (metric, sessions) in [(&TURN_EMPTY, false), (&TURN, true)] {
        let home = Home::empty(Some(&provider.base_url()));
        if sessions {
            write_index(&folder(&home), Writer::Ours)?;
        }
        let (running, mut talk, _) = subject.start(&home).await?;
        let mut times = Vec::new();
        let mut before = None;
        for turn in 0..WARM_UP + TURNS {
            if turn == WARM_UP {
                before = running.written();
            }
            let took = turn_of(&mut talk, &format!("turn-{}", turn / 20), &format!("run-{turn}")).await?;
            if turn >= WARM_UP {
                times.push(ms(took));
            }
        }
        let after = running.written();
        results.record(metric, &percentile(&times, 50).into_iter().collect::<Vec<_>>());
        if let (true, Some(before), Some(after)) = (sessions, before, after) {
            let per_turn =
                |bytes: u64| Ok::<_, anyhow::Error>(f64::from(u32::try_from(bytes)?) / 1e3 / 300.0);
            results.record(&TURN_ALL, &[per_turn(after.asked - before.asked)?]);
            results.record(&TURN_PAGES, &[per_turn(after.pages - before.pages)?]);
        }
    }
    Ok(())
}

async fn turn_of(talk: &mut Talk, session: &str, run: &str) -> Result<Duration> {
    let asked = Instant::now();
    talk.say(session, run, "How long does this take?").await?;
    talk.wait_end(run).await?;
    Ok(asked.elapsed())
}

async fn rebuild(subject: &Subject, results: &mut Results) -> Result<()> {
    let provider = Provider::instant().await?;
    let home = Home::empty(Some(&provider.base_url()));
    write_transcripts(&folder(&home))?;
    let (_running, mut talk, started) = subject.start(&home).await?;
    let connected = Instant::now();
    let answered = turn_of(&mut talk, "not-seen-before", "first").await?;
    results.record(&FIRST, &[ms(answered)]);
    loop {
        let list = talk.call("sessions.list", json!({"limit": 1})).await?;
        let status = talk.call("status", json!({})).await?;
        let count = status["sessions"]["count"].as_u64().unwrap_or(0);
        if count > u64::try_from(COUNT)? {
            ensure!(list["count"] == 1, "{list}");
            break;
        }
        ensure!(connected.elapsed() < Duration::from_secs(60), "{count} of {COUNT} sessions after a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    results.record(&REBUILT, &[(started + connected.elapsed()).as_secs_f64()]);
    Ok(())
}
