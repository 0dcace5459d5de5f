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

use std::panic::{catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use fuzzing::stream_once;
use mutation::Mutator;
use openclaw_models::WireApi;
use outputs::output_once;

/// Executions in an ordinary test run: about a second in a debug build.
const RUNS: usize = 10_000;
const SEED: u64 = 0x6f70_656e_636c_6177;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?; // not set: the usual number
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")))
}

/// Every seed as it is, then mutations of seeds. A case that fails is kept beside the build and can be made a seed.
fn run(target: &str, once: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let seeds = seeds(target);
    let attempt = |case: &[u8]| {
        if let Err(panic) = catch_unwind(|| once(case)) {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}.case"));
            openclaw_guard::write_atomic(&kept, case).unwrap();
            eprintln!("the case is kept in {}", kept.display());
            resume_unwind(panic);
        }
    };
    seeds.iter().for_each(|seed| attempt(seed));
    let runs = number("OPENCLAW_FUZZ_RUNS").map_or(RUNS, |runs| usize::try_from(runs).unwrap());
    let mut mutator = Mutator::new(number("OPENCLAW_FUZZ_SEED").unwrap_or(SEED), &seeds);
    for _ in 0..runs {
        attempt(&mutator.case());
    }
}

/// The committed cases of a target, in the order of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 10, "only {} seeds in {}", paths.len(), folder.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
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
