//! Time that is ours between a client and a provider, on an idle machine with one session at a time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::ms;
use crate::home::Home;
use crate::provider::{MARK, Probe, Provider};
use crate::report::{Bar, Metric, Results};
use crate::stats::percentile;
use crate::subject::Subject;
use crate::talk::Talk;

static TO_PROVIDER: Metric = Metric {
    what: "`chat.send` to the first byte of the provider request",
    unit: "ms",
    bar: Bar::AtMost(2.0),
};
static TO_CLIENT: Metric =
    Metric { what: "provider delta to the WebSocket event", unit: "ms", bar: Bar::AtMost(1.0) };
static TO_PROVIDER_P99: Metric = Metric {
    what: "`chat.send` to the first byte of the provider request, p99",
    unit: "ms",
    bar: Bar::LessIsBetter,
};
static TO_CLIENT_P99: Metric =
    Metric { what: "provider delta to the WebSocket event, p99", unit: "ms", bar: Bar::LessIsBetter };

/// The turn starts when the message is durable, which the client hears at the same time.
static FROM_START: Metric = Metric {
    what: "the turn's start (`started` heard) to the first byte of the provider request",
    unit: "ms",
    bar: Bar::AtMost(1.0),
};
static FROM_START_P99: Metric = Metric {
    what: "the turn's start (`started` heard) to the first byte of the provider request, p99",
    unit: "ms",
    bar: Bar::LessIsBetter,
};

const TURNS: usize = 300;
const PEER_TURNS: usize = 20;
/// Turns that are not counted: the first ones open connections and load code.
const WARM_UP: usize = 5;
/// A new session after this many turns: long conversations make long requests, which is another matter.
const TURNS_PER_SESSION: usize = 20;
/// Between two turns the gateway comes to rest.
const REST: Duration = Duration::from_millis(5);

pub(super) async fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    let (provider, mut probes) = Provider::probing().await?;
    let home = Home::empty(Some(&provider.base_url()));
    let (_running, mut talk, _) = subject.start(&home).await?;
    let (mut there, mut begun, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..WARM_UP + subject.choose(TURNS, PEER_TURNS) {
        let session = format!("overhead-{}", turn / TURNS_PER_SESSION);
        let run = format!("run-{turn}");
        let asked = Instant::now();
        talk.say(&session, &run, "How long does this take?").await?;
        let started = wait_for(&mut talk, "\"started\"").await?;
        let told = wait_for(&mut talk, MARK).await?;
        talk.wait_end(&run).await?;
        let Probe { first_byte, delta_sent } = probes.recv().await.context("the provider is gone")?;
        if turn >= WARM_UP {
            there.push(ms(first_byte.duration_since(asked)));
            begun.push(ms(first_byte.saturating_duration_since(started)));
            back.push(ms(told.duration_since(delta_sent)));
        }
        tokio::time::sleep(REST).await;
    }
    results.record(&TO_PROVIDER, &there);
    results.record(&FROM_START, &begun);
    results.record(&FROM_START_P99, &percentile(&begun, 99).into_iter().collect::<Vec<_>>());
    results.record(&TO_CLIENT, &back);
    results.record(&TO_PROVIDER_P99, &percentile(&there, 99).into_iter().collect::<Vec<_>>());
    results.record(&TO_CLIENT_P99, &percentile(&back, 99).into_iter().collect::<Vec<_>>());
    Ok(())
}

/// Waits for the first frame that carries these words.
async fn wait_for(talk: &mut Talk, words: &str) -> Result<Instant> {
    loop {
        let frame = talk.next().await?;
        let at = Instant::now();
        if frame.contains(words) {
            return Ok(at);
        }
    }
}
