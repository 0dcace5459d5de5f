//! The wire APIs: what reading a streamed answer costs in this process, without a socket.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use openclaw_models::sse::Parser;
use openclaw_models::wire::{Redactor, speaks};
use openclaw_models::{ModelEvent, ModelInfo, WireApi};
use openclaw_testkit::model_server::Reply;

use crate::report::{Bar, Metric, Results};
use crate::subject::Subject;

/// Bytes of the stream.
const STREAM: usize = 1_000_000;
/// A network gives pieces of about this size: what TLS puts into one record.
const PIECE: usize = 16 * 1024;
const RUNS: usize = 100;
/// Runs that are not counted.
const WARM_UP: usize = 10;
const BAR_SPEED: Bar = Bar::AtLeast(200.0);
const BAR_DELTA: Bar = Bar::AtMost(20.0);

/// One API with its two rows.
struct Subjects {
    api: WireApi,
    path: &'static str,
    speed: &'static Metric,
    delta: &'static Metric,
}

macro_rules! rows {
    ($($api:ident, $path:literal, $speed:ident, $delta:ident, $name:literal;)*) => {
        $(
            static $speed: Metric = Metric {
                what: concat!($name, ": a stream of 1 MB read"),
                unit: "MB/s",
                bar: BAR_SPEED,
            };
            static $delta: Metric = Metric {
                what: concat!($name, ": one streamed delta, from its bytes to the event"),
                unit: "us",
                bar: BAR_DELTA,
            };
        )*
        const SUBJECTS: &[Subjects] = &[
            $(Subjects { api: WireApi::$api, path: $path, speed: &$speed, delta: &$delta },)*
        ];
    };
}

rows! {
    OpenAiCompletions, "/v1/chat/completions", COMPLETIONS, COMPLETIONS_DELTA, "openai-completions";
    OpenAiResponses, "/v1/responses", RESPONSES, RESPONSES_DELTA, "openai-responses";
    AnthropicMessages, "/v1/messages", ANTHROPIC, ANTHROPIC_DELTA, "anthropic-messages";
    GoogleGenerativeAi, "/x:streamGenerateContent", GEMINI, GEMINI_DELTA, "google-generative-ai";
}

pub(super) fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    if !subject.choose(true, false) {
        return Ok(()); // the peer has no such thing to call
    }
    for row in SUBJECTS {
        let body = stream_for(row.path);
        for run in 0..WARM_UP + RUNS {
            let began = Instant::now();
            let deltas = read(row.api, &body)?;
            let took = began.elapsed().as_secs_f64();
            ensure!(deltas > 1_000, "only {deltas} deltas");
            if run >= WARM_UP {
                let megabytes = f64::from(u32::try_from(body.len())?) / 1e6;
                results.record(row.speed, &[megabytes / took]);
                results.record(row.delta, &[took * 1e6 / f64::from(u32::try_from(deltas)?)]);
            }
        }
    }
    results.note(format!(
        "wire: answers of {STREAM} bytes in words of about five letters, pieces of {PIECE} bytes"
    ));
    Ok(())
}

/// An answer of about a megabyte, word by word, as providers send them.
fn stream_for(path: &str) -> Vec<u8> {
    let one = Reply::text("the boat ").body(path).len() / 2;
    let words = "the boat lies in the harbour of Lübeck until May ".repeat(STREAM / one / 10 + 1);
    let mut words: Vec<&str> = words.split_inclusive(' ').collect();
    let body = |words: &[&str]| Reply::text(&words.concat()).body(path);
    let mut whole = body(&words);
    while whole.len() < STREAM {
        words.extend_from_within(..words.len().div_ceil(4));
        whole = body(&words);
    }
    let fitting = words.len() * STREAM / whole.len();
    body(words.get(..fitting).unwrap_or(&words)).to_vec()
}

/// Reads a body to its end; how many deltas it had.
fn read(api: WireApi, body: &[u8]) -> Result<usize> {
    let info = Arc::new(ModelInfo::new("bench", "m", api));
    let mut decoder = speaks(api).context("no such API")?.decoder(info, Redactor::default());
    let mut parser = Parser::default();
    let mut deltas = 0;
    let mut ended = false;
    for piece in body.chunks(PIECE) {
        for data in parser.push(piece)? {
            for event in decoder.push(&data)? {
                deltas += usize::from(matches!(event, ModelEvent::TextDelta(_)));
                ended |= matches!(event, ModelEvent::Done(_));
            }
        }
    }
    ensure!(ended, "the answer did not end");
    Ok(deltas)
}
