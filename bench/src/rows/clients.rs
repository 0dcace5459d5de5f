//! Idle authenticated clients: what they cost, and how fast all of them hear of something.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::ms;
use crate::home::Home;
use crate::provider::Provider;
use crate::report::{Bar, Metric, Results};
use crate::stats::percentile;
use crate::subject::Subject;
use crate::talk::Talk;

/// A number of clients, and what is measured with them.
struct Crowd {
    clients: u32,
    memory: Metric,
    broadcast: Metric,
}

static MANY: Crowd = Crowd {
    clients: 5_000,
    memory: Metric { what: "resident memory with 5,000 idle clients", unit: "MB", bar: Bar::AtMost(200.0) },
    broadcast: Metric {
        what: "`chat.inject` to its event at 5,000 clients, p99",
        unit: "ms",
        bar: Bar::AtMost(100.0),
    },
};
/// What the peer can be asked to hold, too.
static FEW: Crowd = Crowd {
    clients: 500,
    memory: Metric { what: "resident memory with 500 idle clients", unit: "MB", bar: Bar::LessIsBetter },
    broadcast: Metric {
        what: "`chat.inject` to its event at 500 clients, p99",
        unit: "ms",
        bar: Bar::LessIsBetter,
    },
};
/// Connections that shake hands at once; the gateway takes at most 32 from one address.
const AT_ONCE: usize = 16;
const BROADCASTS: usize = 10;
/// Between two broadcasts, and after the last client came.
const REST: Duration = Duration::from_secs(2);
/// A broadcast that has not arrived everywhere by then counts as lost.
const LIMIT: Duration = Duration::from_secs(10);
/// Part of every broadcast text.
const MARK: &[u8] = b"broadcast-mark";
/// Longer than any event of this row.
const READ_BYTES: usize = 2 * 1024;

pub(super) async fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    results.note(format!(
        "clients: at most {AT_ONCE} handshakes at once; they read their events and parse nothing"
    ));
    hold(subject, results, &FEW).await?;
    // The peer is only asked for the few, to keep the run short.
    if subject.choose(true, false) { hold(subject, results, &MANY).await } else { Ok(()) }
}

async fn hold(subject: &Subject, results: &mut Results, crowd: &'static Crowd) -> Result<()> {
    let count = crowd.clients;
    let provider = Provider::instant().await?;
    let home = Home::empty(Some(&provider.base_url()));
    let (running, mut talk, _) = subject.start(&home).await?;
    // The session must exist before something can be put into it.
    talk.say("main", "first", "Hello.").await?;
    talk.wait_end("first").await?;
    let (heard, mut hearing) = mpsc::unbounded_channel();
    let port = home.port;
    let opening = stream::iter((0..count).map(|_| Talk::connect(port))).buffer_unordered(AT_ONCE);
    let clients: Vec<Talk> = opening.try_collect().await.context("a client was not let in")?;
    for client in clients {
        tokio::spawn(listen(client.into_stream(), heard.clone()));
    }
    // What the control connection missed while the others came is read here, so that it is no slow client.
    talk.call("chat.history", json!({"sessionKey": "main"})).await?;
    tokio::time::sleep(REST).await;
    results.record(&crowd.memory, &[running.resident_mb()]);
    for number in 0..BROADCASTS {
        let sent = Instant::now();
        let text = format!("broadcast-mark {number}");
        talk.call("chat.inject", json!({"sessionKey": "main", "message": text})).await?;
        let delays = gather(&mut hearing, sent, count).await;
        ensure!(
            delays.len() == usize::try_from(count)?,
            "a broadcast reached {} of {count} clients",
            delays.len()
        );
        results.record(&crowd.broadcast, &percentile(&delays, 99).into_iter().collect::<Vec<_>>());
        tokio::time::sleep(REST).await;
    }
    Ok(())
}

/// Reads without parsing: what five thousand clients do with a frame is not the gateway's time.
async fn listen(mut stream: TcpStream, heard: mpsc::UnboundedSender<Instant>) {
    let mut buffer = vec![0; READ_BYTES];
    while let Ok(length) = stream.read(&mut buffer).await {
        let at = Instant::now();
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else { return };
        if bytes.windows(MARK.len()).any(|window| window == MARK) && heard.send(at).is_err() {
            return;
        }
    }
}

/// Delays in milliseconds of as many clients as hear of it in time.
async fn gather(hearing: &mut mpsc::UnboundedReceiver<Instant>, sent: Instant, count: u32) -> Vec<f64> {
    let mut delays = Vec::new();
    let all = async {
        for _ in 0..count {
            let Some(at) = hearing.recv().await else { return };
            delays.push(ms(at.duration_since(sent)));
        }
    };
    // Those that are late are missing from the answer, which the caller counts.
    tokio::time::timeout(LIMIT, all).await.ok();
    delays
}
