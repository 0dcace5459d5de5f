//! Measures the built `openclaw` beside a released peer: `cargo run --release -p openclaw-bench -- --help`.
//!
//! Everything runs on the loopback interface in temporary homes, against providers inside this process, and ends by
//! itself. `RESULTS.md` beside this package holds the last numbers.

mod args;
mod example_set;
mod home;
mod machine;
mod many_sessions;
mod output;
mod proc_stat;
mod provider;
mod report;
mod rows;
mod stats;
mod subject;
mod talk;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use args::Args;
use report::{Report, Results};
use subject::Subject;

fn main() -> Result<()> {
    let args = Args::parse();
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(measure(&args))?;
    output::text(&report.markdown())?;
    if let Some(path) = &args.json {
        openclaw_guard::write_atomic(path, report.json().as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

async fn measure(args: &Args) -> Result<Report> {
    let machine = machine::describe();
    let ours = Subject::ours(args.binary()?);
    let mut subjects = vec![ours];
    if let Some(peer) = args.peer()? {
        subjects.push(peer);
    }
    let mut all = Vec::new();
    for subject in subjects {
        let mut results = Results::default();
        for row in &args.rows {
            output::progress(&format!("{}: {row}", subject.name()))?;
            if let Err(error) = rows::measure(*row, &subject, &mut results).await {
                results.failed(&format!("{}: {row}: {error:#}", subject.name()));
            }
        }
        all.push((subject.name(), results));
    }
    Ok(Report::new(machine, all))
}

/// Five thousand clients are as many open files.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // With the lower limit the other rows still work, and that one says what is missing.
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).ok();
}
