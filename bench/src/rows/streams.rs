//! Many streamed answers at once, and the way of a request to its provider: each beside the same without our code.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use openclaw_http::{GuardedHttp, parse_address};
use openclaw_models::wire::{Access, Api, Endpoint, RemoteChat, speaks};
use openclaw_models::{
    CallPolicy, ChatModel as _, ModelEvent, ModelInfo, ModelRequest, Retries, Timeouts, WireApi,
};
use openclaw_protocol::message::{Content, Message, UserMessage};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ms;
use crate::provider::{chunk, ending, event, http_chunk, read_request};
use crate::report::{Bar, Metric, Results};
use crate::stats::percentile;
use crate::subject::Subject;

macro_rules! metrics {
    ($($name:ident, $bar:expr, $what:literal;)*) => {
        $(static $name: Metric = Metric { what: $what, unit: "ms", bar: $bar };)*
    };
}

metrics! {
    OURS, Bar::LessIsBetter, "100 streams: written by the provider to the event, p50";
    OURS_P99, Bar::LessIsBetter, "100 streams: written by the provider to the event, p99";
    BARE, Bar::LessIsBetter, "100 bare sockets at the same pace: written to read, p50";
    BARE_P99, Bar::LessIsBetter, "100 bare sockets at the same pace: written to read, p99";
    ADDED, Bar::AtMost(5.0), "100 streams: added by us, p50";
    ADDED_P99, Bar::AtMost(5.0), "100 streams: added by us, p99";
    CALL, Bar::AtMost(1.0), "a model call to the first byte at the provider, warm connection, p50";
    CALL_P99, Bar::LessIsBetter, "a model call to the first byte at the provider, warm connection, p99";
    BARE_CALL, Bar::LessIsBetter, "a bare request with the same body to its first byte, p50";
    BARE_CALL_P99, Bar::LessIsBetter, "a bare request with the same body to its first byte, p99";
}

const STREAMS: u32 = 100;
/// Deltas of each stream, and the pause between two: what a quick model gives.
const DELTAS: u32 = 200;
const PACE: Duration = Duration::from_millis(20);
const RUNS: usize = 3;
const CALLS: usize = 500;
const WARM_UP: usize = 20;
/// Bytes of the system prompt: about what a workspace's files make.
const PROMPT: usize = 20_000;
/// How a bare socket asks.
const BARE_REQUEST: &str = "GET /bare HTTP/1.1\r\n\r\n";

pub(super) async fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    if !subject.choose(true, false) {
        return Ok(()); // the peer has no such thing to call
    }
    let began = Instant::now();
    let (url, mut arrivals) = serve(began)?;
    for _ in 0..RUNS {
        let model = model(&url)?;
        let ours = try_join_all((0..STREAMS).map(|_| spawned(listen(Arc::clone(&model), began)))).await?;
        let bare = try_join_all((0..STREAMS).map(|_| spawned(read_bare(url.clone(), began)))).await?;
        let (ours, bare) = (ours.concat(), bare.concat());
        let at = |samples: &[f64], percent| percentile(samples, percent).context("no samples");
        let (ours, bare) = ((at(&ours, 50)?, at(&ours, 99)?), (at(&bare, 50)?, at(&bare, 99)?));
        let rows = [(&OURS, ours.0), (&OURS_P99, ours.1), (&BARE, bare.0), (&BARE_P99, bare.1)];
        let added = [(&ADDED, ours.0 - bare.0), (&ADDED_P99, ours.1 - bare.1)];
        for (metric, value) in rows.into_iter().chain(added) {
            results.record(metric, &[value]);
        }
        while arrivals.try_recv().is_ok() {}
    }
    calls(&url, &mut arrivals, results).await?;
    results.note(format!(
        "streams: {STREAMS} at once, {DELTAS} deltas each, one every {} ms; provider and readers in one process, the provider on \
         a thread of its own; system prompt of the calls: {PROMPT} bytes",
        PACE.as_millis()
    ));
    Ok(())
}

async fn spawned(work: impl Future<Output = Result<Vec<f64>>> + Send + 'static) -> Result<Vec<f64>> {
    tokio::spawn(work).await?
}

/// A model behind the server of this row.
fn model(url: &str) -> Result<Arc<RemoteChat>> {
    let (api, info) = (api()?, info());
    let access = Access { base_url: url, key: None, key_place: None, headers: &[] };
    let endpoint = Endpoint::new(api, &info, access)?;
    let http = Arc::new(GuardedHttp::new(Timeouts::local().connect));
    let policy = CallPolicy { timeouts: Timeouts::local(), retries: Retries::default() };
    Ok(Arc::new(RemoteChat::new(api, info, endpoint, http, policy)))
}

fn api() -> Result<&'static dyn Api> {
    speaks(WireApi::OpenAiCompletions).context("no such API")
}

fn info() -> ModelInfo {
    ModelInfo::new("bench", "m", WireApi::OpenAiCompletions)
}

fn request(text: &str) -> ModelRequest {
    let user = UserMessage { content: Content::Text(text.to_owned()), timestamp: 0 };
    ModelRequest {
        system: Arc::from("Notes of the workspace. ".repeat(PROMPT / 24)),
        messages: vec![Arc::new(Message::User(user))],
        ..ModelRequest::default()
    }
}

/// Milliseconds from each delta's writing to its event.
async fn listen(model: Arc<RemoteChat>, began: Instant) -> Result<Vec<f64>> {
    let mut stream = model.stream(request("paced"), CancellationToken::new());
    let mut took = Vec::new();
    while let Some(item) = stream.next().await {
        if let ModelEvent::TextDelta(text) = item? {
            took.push(since(began, &text)?);
        }
    }
    whole(took)
}

/// The same without HTTP and without a parser: bytes are read, and only then looked at.
async fn read_bare(url: String, began: Instant) -> Result<Vec<f64>> {
    let address = url.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(BARE_REQUEST.as_bytes()).await?;
    let (mut took, mut buffer) = (Vec::new(), Vec::new());
    while stream.read_buf(&mut buffer).await? > 0 {
        let at = began.elapsed();
        while let Some(end) = buffer.windows(2).position(|window| window == b"\n\n") {
            let data: Vec<u8> = buffer.drain(..end + 2).collect();
            let text = String::from_utf8_lossy(&data);
            let value: Value = serde_json::from_str(text.trim().trim_start_matches("data: "))?;
            let words = value["choices"][0]["delta"]["content"].as_str().context("no content")?;
            took.push(ms(at.saturating_sub(written(words)?)));
        }
    }
    whole(took)
}

fn whole(took: Vec<f64>) -> Result<Vec<f64>> {
    ensure!(took.len() == usize::try_from(DELTAS)?, "{} deltas of {DELTAS}", took.len());
    Ok(took)
}

fn since(began: Instant, words: &str) -> Result<f64> {
    Ok(ms(began.elapsed().saturating_sub(written(words)?)))
}

/// A delta says when it was written.
fn written(words: &str) -> Result<Duration> {
    Ok(Duration::from_nanos(words.trim().parse().context("no time in a delta")?))
}

/// Model calls and bare requests by turns.
async fn calls(
    url: &str,
    arrivals: &mut mpsc::UnboundedReceiver<Instant>,
    results: &mut Results,
) -> Result<()> {
    let model = model(url)?;
    let http = GuardedHttp::new(Timeouts::local().connect);
    let address = parse_address(&format!("{url}/chat/completions"))?;
    let body = api()?.encode(&request("at once"), &info())?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for call in 0..WARM_UP + CALLS {
        let asked = request("at once");
        let began = Instant::now();
        let mut stream = model.stream(asked, CancellationToken::new());
        while let Some(item) = stream.next().await {
            item?;
        }
        let arrived = arrivals.recv().await.context("the provider is gone")?;
        let our_time = ms(arrived.saturating_duration_since(began));
        let body = body.clone();
        let began = Instant::now();
        let sending = http.request("POST".parse()?, &address).await?;
        let answer = sending.header("content-type", "application/json").body(body).send().await?;
        answer.bytes().await?;
        let arrived = arrivals.recv().await.context("the provider is gone")?;
        if call >= WARM_UP {
            ours.push(our_time);
            bare.push(ms(arrived.saturating_duration_since(began)));
        }
    }
    let rows =
        [(&CALL, &ours, 50), (&CALL_P99, &ours, 99), (&BARE_CALL, &bare, 50), (&BARE_CALL_P99, &bare, 99)];
    for (metric, samples, percent) in rows {
        results.record(metric, &[percentile(samples, percent).context("no samples")?]);
    }
    Ok(())
}

/// A provider on a thread of its own; it ends with the process. Says when the first byte of each request came.
fn serve(began: Instant) -> Result<(String, mpsc::UnboundedReceiver<Instant>)> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    let (sender, arrivals) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let Ok(listener) = TcpListener::from_std(listener) else { return };
            while let Ok((stream, _)) = listener.accept().await {
                let answered = answer(stream, began, sender.clone());
                // A reader that hangs up misses deltas, which its row notices.
                tokio::spawn(async move { answered.await.ok() });
            }
        });
    });
    Ok((url, arrivals))
}

async fn answer(
    mut stream: TcpStream,
    began: Instant,
    arrivals: mpsc::UnboundedSender<Instant>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    while let Some((first_byte, asked)) = read_request(&mut stream, &mut buffer).await? {
        let is_bare = asked.starts_with(BARE_REQUEST.as_bytes());
        let is_paced = asked.windows(7).any(|window| window == b"\"paced\"");
        arrivals.send(first_byte).ok();
        if !is_bare {
            stream.write_all(head.as_bytes()).await?;
        }
        let mut pace = tokio::time::interval(PACE);
        for _ in 0..if is_bare || is_paced { DELTAS } else { 0 } {
            pace.tick().await;
            let time = began.elapsed().as_nanos().to_string();
            let delta = event(&chunk(&json!({"content": time}), &Value::Null));
            let delta = if is_bare { delta } else { http_chunk(&delta) };
            stream.write_all(delta.as_bytes()).await?;
        }
        if is_bare {
            return Ok(());
        }
        stream.write_all(format!("{}0\r\n\r\n", http_chunk(&ending())).as_bytes()).await?;
    }
    Ok(())
}
