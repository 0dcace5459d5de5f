//! The fuzz targets' properties on mutated seeds, without a fuzzer: the slice that runs with every test.
//! `OPENCLAW_FUZZ_RUNS=1000000` makes it long, `OPENCLAW_FUZZ_SEED` gives it other cases. CONTRIBUTING.md says how to
//! fuzz with coverage.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a broken property stops the run at once and says where the case is"
)]

mod fuzzing;
mod mutation;

use fuzzing::stream_once;
use mutation::EVENTS;
use openclaw_models::WireApi;
use openclaw_testkit::mutation::Target;

/// Executions in an ordinary test run: about a second in a debug build.
const RUNS: usize = 10_000;

fn run(name: &str, api: WireApi) {
    let target = Target { name, usual_runs: RUNS, kept_in: env!("CARGO_TARGET_TMPDIR") };
    openclaw_testkit::mutation::run(&target, &EVENTS, |case| stream_once(api, case));
}

#[test]
fn any_bytes_as_chat_completions() {
    run("wire_completions", WireApi::OpenAiCompletions);
}

#[test]
fn any_bytes_as_responses() {
    run("wire_responses", WireApi::OpenAiResponses);
}

#[test]
fn any_bytes_as_anthropic_messages() {
    run("wire_anthropic", WireApi::AnthropicMessages);
}

#[test]
fn any_bytes_as_gemini() {
    run("wire_gemini", WireApi::GoogleGenerativeAi);
}
