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

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use fuzzing::{Instance, edit_once, load_once};
use mutation::Mutator;

/// Executions in an ordinary test run: a few seconds in a debug build. Each edit reads the files several times.
const LOADS: usize = 15_000;
const EDITS: usize = 5_000;
const SEED: u64 = 0x6f70_656e_636c_6177;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?; // not set: the usual number
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")))
}

/// Every seed as it is, then mutations of seeds. A case that fails is kept beside the build and can be made a seed.
fn run(target: &str, usual_runs: usize, once: impl Fn(&mut Instance, &[u8])) {
    let mut instance = Instance::new().unwrap();
    let seeds = seeds(target);
    let mut attempt = |case: &[u8]| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| once(&mut instance, case))) {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}.case"));
            openclaw_guard::write_atomic(&kept, case).unwrap();
            eprintln!("the case is kept in {}", kept.display());
            resume_unwind(panic);
        }
    };
    seeds.iter().for_each(|seed| attempt(seed));
    let runs = number("OPENCLAW_FUZZ_RUNS").map_or(usual_runs, |runs| usize::try_from(runs).unwrap());
    let mut mutator = Mutator::new(number("OPENCLAW_FUZZ_SEED").unwrap_or(SEED), &seeds);
    for _ in 0..runs {
        attempt(&mutator.case());
    }
}

/// The committed cases of a target, in the order of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new("../../fuzz/seeds").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 10, "only {} seeds in {}", paths.len(), folder.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn any_bytes_load_or_are_told_of() {
    run("config_load", LOADS, load_once);
}

#[test]
fn any_edit_means_what_it_says() {
    run("config_edit", EDITS, edit_once);
}
