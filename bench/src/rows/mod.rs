//! The rows: one module measures one thing and declares its metrics and bars.

mod build;
mod cli;
mod clients;
mod config;
mod durable;
mod hot;
mod overhead;
mod rss;
mod sessions;
mod size;
mod start;
mod streams;
mod turns;
mod wire;

use anyhow::Result;

use crate::args::Row;
use crate::report::Results;
use crate::subject::Subject;

/// Measures one row of one subject.
pub(crate) async fn measure(row: Row, subject: &Subject, results: &mut Results) -> Result<()> {
    match row {
        Row::Start => start::measure(subject, results).await,
        Row::Rss => rss::measure(subject, results).await,
        Row::Overhead => overhead::measure(subject, results).await,
        Row::Turns => turns::measure(subject, results).await,
        Row::Clients => clients::measure(subject, results).await,
        Row::Cli => cli::measure(subject, results).await,
        Row::Config => config::measure(subject, results),
        Row::Hot => hot::measure(subject, results).await,
        Row::Durable => durable::measure(subject, results).await,
        Row::Sessions => sessions::measure(subject, results).await,
        Row::Size => size::measure(subject, results),
        Row::Wire => wire::measure(subject, results),
        Row::Streams => streams::measure(subject, results).await,
        Row::Growth => turns::growth(subject, results).await,
        Row::Build => build::measure(subject, results),
    }
}

/// Milliseconds with their fraction.
fn ms(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
