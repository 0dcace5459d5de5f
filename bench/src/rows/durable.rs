//! What it costs that nothing is lost: waits for the disk per message, and how many messages are accepted a second.

use std::io::Write as _;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use openclaw_store::{
    Accepted, Done, EventKey, FinalLine, Ledger, LedgerError, LinePlace, NewEvent, RecordId, SqliteLedger,
    TurnCommit,
};
use serde_json::Value;

use super::ms;
use crate::home::Home;
use crate::provider::Provider;
use crate::report::{Bar, Metric, Results};
use crate::stats::percentile;
use crate::subject::Subject;

static SYNC: Metric = Metric {
    what: "appending 300 bytes to a file and waiting for the disk, p50",
    unit: "ms",
    bar: Bar::LessIsBetter,
};
static MESSAGE: Metric = Metric {
    what: "durability per message (accepted, and ended with its last record), p50",
    unit: "ms",
    bar: Bar::AtMost(2.0),
};
static MESSAGE_P99: Metric = Metric { what: "the same, p99", unit: "ms", bar: Bar::LessIsBetter };
static WAITS: Metric = Metric {
    what: "the same, as a multiple of the bare wait for the disk",
    unit: "times",
    bar: Bar::LessIsBetter,
};
static ACCEPTED: Metric = Metric {
    what: "messages accepted per second, 100 sessions, while they are answered",
    unit: "1/s",
    bar: Bar::AtLeast(500.0),
};

const SAMPLES: usize = 1_000;
const WARM_UP: usize = 50;
const RUNS: usize = 3;
/// Below what a session keeps waiting.
const PER_SESSION: usize = 20;
const SESSIONS: usize = 100;

pub(super) async fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    if subject.choose(true, false) {
        results
            .note("durable: ledger and bare file on the same disk, by turns; 300 bytes a message".to_owned());
        for _ in 0..RUNS {
            let home = Home::empty(None);
            let bare = bare_syncs(&home)?;
            let messages = messages(&home)?;
            let (sync, message) = (p(&bare, 50)?, p(&messages, 50)?);
            results.record(&SYNC, &[sync]);
            results.record(&MESSAGE, &[message]);
            results.record(&MESSAGE_P99, &[p(&messages, 99)?]);
            results.record(&WAITS, &[message / sync]);
        }
    }
    for _ in 0..RUNS {
        results.record(&ACCEPTED, &[accepted_per_second(subject).await?]);
    }
    Ok(())
}

fn p(samples: &[f64], percent: usize) -> Result<f64> {
    percentile(samples, percent).context("no samples")
}

fn bare_syncs(home: &Home) -> Result<Vec<f64>> {
    let mut file = std::fs::File::create(home.path().join("bare"))?;
    let mut samples = Vec::new();
    for _ in 0..SAMPLES {
        let began = Instant::now();
        file.write_all(&[b'x'; 300])?;
        file.sync_data()?;
        samples.push(ms(began.elapsed()));
    }
    Ok(samples)
}

/// One message after the other: nothing is shared with others.
fn messages(home: &Home) -> Result<Vec<f64>> {
    let ledger = SqliteLedger::open(home.path(), 0)?;
    let mut samples = Vec::new();
    for number in 0..WARM_UP + SAMPLES {
        let began = Instant::now();
        let event = NewEvent {
            key: EventKey { channel: "bench".into(), account: "bench".into(), id: number.to_string() },
            session_key: "agent:main:main".into(),
            received_at_ms: 0,
            payload: vec![b'x'; 300],
        };
        let Accepted::New(event) = ask(&ledger, |ledger, done| ledger.accept(event, done))? else {
            bail!("message {number} was there")
        };
        let line = FinalLine {
            place: LinePlace { agent: "main".into(), file: "bench.jsonl".into() },
            session_key: "agent:main:main".into(),
            record: RecordId::random()?,
            line: vec![b'x'; 300],
        };
        let commit = TurnCommit {
            event,
            outcome: vec![b'x'; 100],
            ended_at_ms: 1,
            line: Some(line),
            replies: Vec::new(),
        };
        let line = ask(&ledger, |ledger, done| ledger.commit_turn(commit, done))?;
        if number >= WARM_UP {
            samples.push(ms(began.elapsed()));
        }
        ledger.forget_lines(line.into_iter().collect());
    }
    Ok(samples)
}

fn ask<T: Send + 'static>(
    ledger: &dyn Ledger,
    start: impl FnOnce(&dyn Ledger, Done<T>),
) -> Result<T, LedgerError> {
    let (sender, answer) = channel();
    // The receiver waits below.
    start(ledger, Box::new(move |result| drop(sender.send(result))));
    answer.recv().unwrap_or(Err(LedgerError::Closed))
}

/// All messages are sent at once; they count when the gateway has said that it has them.
async fn accepted_per_second(subject: &Subject) -> Result<f64> {
    let provider = Provider::instant().await?;
    let home = Home::empty(Some(&provider.base_url()));
    let (_running, mut talk, _) = subject.start(&home).await?;
    talk.say("warm", "warm-up", "Hello.").await?;
    let began = Instant::now();
    for number in 0..PER_SESSION {
        for session in 0..SESSIONS {
            talk.say(&format!("s{session}"), &format!("{session}-{number}"), "Please note this.").await?;
        }
    }
    let mut accepted = 0;
    while accepted < PER_SESSION * SESSIONS {
        let frame: Value = serde_json::from_str(&talk.next().await?).context("a frame that is not JSON")?;
        if frame["payload"]["status"] == "started" {
            accepted += 1;
        }
        ensure!(frame["ok"] != false, "refused: {frame}");
        ensure!(began.elapsed() < Duration::from_secs(60), "{accepted} accepted in a minute");
    }
    Ok(f64::from(u32::try_from(PER_SESSION * SESSIONS)?) / began.elapsed().as_secs_f64())
}
