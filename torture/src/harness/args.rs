//! The command line.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};

/// What can be proved, by the number of its promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Promise {
    /// Each acknowledged message gets one turn, however often the gateway is killed
    #[value(name = "P-01")]
    P01,
    /// Each reply reaches its recipient
    #[value(name = "P-02")]
    P02,
    /// Files are old or new, wherever a change breaks off
    #[value(name = "P-04")]
    P04,
    /// A state directory has one owner, and a new one soon after its death
    #[value(name = "P-08")]
    P08,
    /// A gateway that is told to stop loses nothing
    #[value(name = "P-16")]
    P16,
    /// A full or broken disk loses nothing
    #[value(name = "P-19")]
    P19,
}

impl std::fmt::Display for Promise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("?", |value| value.get_name()))
    }
}

/// Kills the built gateway, breaks its disk, and counts what was lost or done twice.
#[derive(Debug, Parser)]
#[command(name = "openclaw-torture")]
pub(crate) struct Args {
    /// The `openclaw` to torture; the one beside this program by default
    #[arg(long, value_name = "PATH")]
    bin: Option<PathBuf>,
    /// Repeats the choices of an earlier run
    #[arg(long)]
    seed: Option<u64>,
    /// What to prove; all of it by default
    #[arg(long, value_delimiter = ',', value_name = "PROMISE")]
    only: Vec<Promise>,
    /// A part of everything, in about a minute
    #[arg(long)]
    slice: bool,
    /// Gateways killed under load (P-01)
    #[arg(long, default_value_t = 2_000, value_name = "COUNT")]
    kills: usize,
    /// Messages handed in between two kills (P-01)
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    events: usize,
    /// Rounds of many gateways on one directory (P-08)
    #[arg(long, default_value_t = 1_000, value_name = "COUNT")]
    rounds: usize,
    /// Gateways in each of these rounds (P-08)
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    gateways: usize,
    /// Gateways told to stop under load (P-16)
    #[arg(long, default_value_t = 1_000, value_name = "COUNT")]
    drains: usize,
    /// Writes of a long conversation that fail, each (P-19)
    #[arg(long, default_value_t = 5_000, value_name = "COUNT")]
    faults: usize,
    /// Of the steps of a story, every which one to try (P-04, P-19); 1 unless it is a slice
    #[arg(long, value_name = "COUNT")]
    stride: Option<usize>,
    /// Copies state directories with findings to this folder
    #[arg(long, value_name = "PATH")]
    keep: Option<PathBuf>,
    /// Only the small disk, inside a namespace that this program made
    #[arg(long, hide = true)]
    pub(crate) inner: bool,
    /// Homes tortured at once
    #[arg(long, default_value_t = 2, value_name = "COUNT")]
    jobs: usize,
}

/// Numbers of one run.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) seed: u64,
    pub(crate) promises: Vec<Promise>,
    pub(crate) kills: usize,
    pub(crate) events: usize,
    pub(crate) rounds: usize,
    pub(crate) gateways: usize,
    pub(crate) drains: usize,
    pub(crate) faults: usize,
    /// Of the steps of a story, every which one: all of them, or in a slice a few.
    pub(crate) stride: usize,
    /// The same where each step is tried in many ways.
    pub(crate) disk_stride: usize,
    pub(crate) jobs: usize,
    /// Where state directories with findings go.
    pub(crate) keep: Option<PathBuf>,
    /// Whether this process may be run again elsewhere: not when it has been.
    pub(crate) is_inner: bool,
}

/// What a slice does of everything, so that it stays within a minute or so.
const SLICE_KILLS: usize = 60;
const SLICE_EVENTS: usize = 25;
const SLICE_ROUNDS: usize = 6;
const SLICE_GATEWAYS: usize = 12;
const SLICE_DRAINS: usize = 20;
const SLICE_FAULTS: usize = 150;
const SLICE_STRIDE: usize = 11;
const SLICE_DISK_STRIDE: usize = 43;

impl Args {
    /// The numbers to use.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let at_most = |number: usize, slice: usize| if self.slice { number.min(slice) } else { number };
        let promises = if self.only.is_empty() { Promise::value_variants() } else { &self.only };
        Ok(Settings {
            binary: self.binary()?,
            seed: self.seed.unwrap_or_else(any_seed),
            promises: promises.to_vec(),
            kills: at_most(self.kills, SLICE_KILLS),
            events: at_most(self.events, SLICE_EVENTS),
            rounds: at_most(self.rounds, SLICE_ROUNDS),
            gateways: at_most(self.gateways, SLICE_GATEWAYS),
            drains: at_most(self.drains, SLICE_DRAINS),
            faults: at_most(self.faults, SLICE_FAULTS),
            disk_stride: self.stride.unwrap_or(if self.slice { SLICE_DISK_STRIDE } else { 1 }).max(1),
            stride: self.stride.unwrap_or(if self.slice { SLICE_STRIDE } else { 1 }).max(1),
            jobs: self.jobs.max(1),
            keep: self.keep.clone(),
            is_inner: self.inner,
        })
    }

    fn binary(&self) -> Result<PathBuf> {
        let path = match &self.bin {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("openclaw"),
        };
        if !path.is_file() {
            bail!(
                "{} does not exist; build it with `cargo build --release -p openclaw` or name it with --bin",
                shown(&path)
            );
        }
        path.canonicalize().with_context(|| format!("cannot resolve {}", shown(&path)))
    }
}

fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}

/// Another seed each time; six digits are easy to type.
fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.as_secs() ^ u64::from(now.subsec_micros())) % 1_000_000
}
