//! All of it; on other systems than Linux on x86-64 there is nothing of it.

mod args;
mod life;
mod output;
mod p01_kills;
mod p02_outbox;
mod p04_steps;
mod p08_owner;
mod p16_drain;
mod p19_disk;
mod p19_small_disk;
mod report;
mod stage;
mod story;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use args::{Args, Promise};
use report::{Report, Row};

/// Runs what the command line asks for.
pub(crate) fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let settings = args.settings()?;
    output::progress(&format!("torture: seed {} ({})", settings.seed, settings.binary.display()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut report = Report::new(settings.seed);
    if settings.is_inner {
        let row = runtime.block_on(p19_small_disk::run(&settings))?;
        output::progress(&row.details())?;
        report.add(row);
        return Ok(report.exit_code());
    }
    for promise in &settings.promises {
        output::progress(&format!("torture: {promise}"))?;
        let rows = runtime.block_on(run(*promise, &settings));
        for row in rows.unwrap_or_else(|error| vec![Row::broken(*promise, &error)]) {
            output::progress(&row.details())?;
            report.add(row);
        }
    }
    output::text(&report.table())?;
    Ok(report.exit_code())
}

async fn run(promise: Promise, settings: &args::Settings) -> Result<Vec<Row>> {
    match promise {
        Promise::P01 => p01_kills::run(settings).await,
        Promise::P02 => p02_outbox::run(settings).await,
        Promise::P04 => p04_steps::run(settings).await,
        Promise::P08 => p08_owner::run(settings).await,
        Promise::P16 => p16_drain::run(settings).await,
        Promise::P19 => {
            let mut rows = p19_disk::run(settings).await?;
            rows.push(p19_small_disk::run(settings).await?);
            Ok(rows)
        }
    }
}
