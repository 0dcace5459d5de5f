//! The command line.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};

use crate::subject::Subject;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// Process start to the first `hello-ok`
    Start,
    /// Idle resident memory
    Rss,
    /// Time of our own between client and provider
    Overhead,
    /// Whole turns per second, CPU and memory per turn
    Turns,
    /// Idle clients held, and a broadcast to them
    Clients,
    /// `--version` and `status --json`
    Cli,
    /// Loading and editing a large configuration, and the schema
    Config,
    /// Changes of the configuration under a running gateway
    Hot,
    /// Waits for the disk per message, and messages accepted per second
    Durable,
    /// An index of ten thousand sessions: memory, bytes per message, rebuilding
    Sessions,
    /// The binary and the packages it is made of
    Size,
    /// Reading the streams of each wire API
    Wire,
    /// A hundred streams at once, and the way of a request to its provider
    Streams,
    /// Memory of the gateway over ten thousand turns; takes a minute
    Growth,
    /// A clean optimised build; takes minutes
    Build,
}

/// Every row that does not take minutes.
const USUAL: [Row; 13] = [
    Row::Start,
    Row::Rss,
    Row::Overhead,
    Row::Turns,
    Row::Clients,
    Row::Cli,
    Row::Config,
    Row::Hot,
    Row::Durable,
    Row::Sessions,
    Row::Size,
    Row::Wire,
    Row::Streams,
];

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("?", |value| value.get_name()))
    }
}

/// Measures the built gateway, and beside it a peer.
#[derive(Debug, Parser)]
#[command(name = "openclaw-bench")]
pub(crate) struct Args {
    /// The optimised `openclaw`; the one beside this program by default
    #[arg(long, value_name = "PATH")]
    bin: Option<PathBuf>,
    /// `openclaw.mjs` of the released package, to measure it too
    #[arg(long, value_name = "PATH", requires = "node")]
    peer: Option<PathBuf>,
    /// The Node that runs the peer
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
    /// What to measure
    #[arg(long, value_delimiter = ',', default_values_t = USUAL)]
    pub(crate) rows: Vec<Row>,
    /// Also write every sample to this file
    #[arg(long, value_name = "PATH")]
    pub(crate) json: Option<PathBuf>,
}

impl Args {
    /// The program to measure.
    pub(crate) fn binary(&self) -> Result<PathBuf> {
        let path = match &self.bin {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("openclaw"),
        };
        if !path.is_file() {
            bail!(
                "{} does not exist; build it with `cargo build --release -p openclaw` or name it with --bin",
                path.display()
            );
        }
        path.canonicalize().with_context(|| format!("cannot resolve {}", path.display()))
    }

    /// The released package, when it was named.
    pub(crate) fn peer(&self) -> Result<Option<Subject>> {
        let (Some(peer), Some(node)) = (&self.peer, &self.node) else { return Ok(None) };
        let peer = peer.canonicalize().with_context(|| format!("--peer {}", peer.display()))?;
        let node = node.canonicalize().with_context(|| format!("--node {}", node.display()))?;
        Ok(Some(Subject::peer(node, peer)))
    }
}
