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
mod outputs;

use fuzzing::stream_once;
use mutation::EVENTS;
use openclaw_models::WireApi;
use openclaw_testkit::mutation::Target;
use outputs::output_once;

/// Executions in an ordinary test run: about a second in a debug build.
const RUNS: usize = 10_000;

fn run(name: &str, once: impl Fn(&[u8])) {
    let target = Target { name, usual_runs: RUNS, kept_in: env!("CARGO_TARGET_TMPDIR") };
    openclaw_testkit::mutation::run(&target, &EVENTS, once);
}

#[test]
fn any_bytes_as_chat_completions() {
    run("wire_completions", |case| stream_once(WireApi::OpenAiCompletions, case));
}

#[test]
fn any_bytes_as_responses() {
    run("wire_responses", |case| stream_once(WireApi::OpenAiResponses, case));
}

#[test]
fn any_bytes_as_anthropic_messages() {
    run("wire_anthropic", |case| stream_once(WireApi::AnthropicMessages, case));
}

#[test]
fn any_bytes_as_gemini() {
    run("wire_gemini", |case| stream_once(WireApi::GoogleGenerativeAi, case));
}

#[test]
fn any_bytes_as_output_of_a_program() {
    run("cli_output", output_once);
}
