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

use fuzzing::{Instance, edit_once, load_once};
use mutation::CONFIGURATION;
use openclaw_testkit::mutation::Target;

/// Executions in an ordinary test run: a few seconds in a debug build. Each edit reads the files several times.
const LOADS: usize = 15_000;
const EDITS: usize = 5_000;

fn run(name: &str, usual_runs: usize, once: impl Fn(&mut Instance, &[u8])) {
    let mut instance = Instance::new().unwrap();
    let target = Target { name, usual_runs, kept_in: env!("CARGO_TARGET_TMPDIR") };
    openclaw_testkit::mutation::run(&target, &CONFIGURATION, |case| once(&mut instance, case));
}

#[test]
fn any_bytes_load_or_are_told_of() {
    run("config_load", LOADS, load_once);
}

#[test]
fn any_edit_means_what_it_says() {
    run("config_edit", EDITS, edit_once);
}
