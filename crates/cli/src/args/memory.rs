//! The arguments of `openclaw memory`.

use clap::{Args, Subcommand};
use openclaw_memory::MAX_RESULTS;
use openclaw_memory::bench::{DEFAULT_QUESTIONS, MAX_QUESTIONS};

#[derive(Debug, Subcommand)]
pub(crate) enum MemoryCommand {
    /// Show what is indexed, who makes the vectors, and what is wrong
    #[command(after_help = "\
Exit code 0: the memory can be searched; 1: it cannot, and why.

Examples:
  openclaw memory status
  openclaw memory status --deep")]
    Status(MemoryStatusArgs),
    /// Bring the index up to date with the notes
    #[command(after_help = "\
On a terminal a bar shows how it gets on. Ctrl-C stops it at any time: what is indexed stays and can be searched, and
the next time goes on from there.

Exit code 0: the words of all notes are indexed (what is missing of the vectors is said); 1: not; 130: stopped by Ctrl-C.

Examples:
  openclaw memory index
  openclaw memory index --force")]
    Index(MemoryIndexArgs),
    /// Find the lines of the notes that answer a question
    #[command(after_help = "\
A score is how probable it is that the lines are about the question, from 0 to 1.

Exit code 0: searched, also when nothing was found; 1: not searched, and why.

Examples:
  openclaw memory search where is the spare key
  openclaw memory search \"Where is the spare key?\"
  openclaw memory search \"birthday\" --max-results 3 --json
  openclaw memory search \"INV-2041\" --explain")]
    Search(MemorySearchArgs),
    /// Measure how well and how fast your own notes are found
    #[command(after_help = "\
Makes questions of lines of the notes (their rarest words, every other word, words that stand together, codes) and some
about nothing in them, and counts which are answered. The same seed asks the same. Notes are never changed. A provider
that is not this machine gets the questions, as with every search: then it asks first, or wants --yes.

Exit code 0: measured; 1: not measured, and why.

Examples:
  openclaw memory bench
  openclaw memory bench --questions 500 --seed 7 --json")]
    Bench(MemoryBenchArgs),
}

#[derive(Debug, Args)]
pub(crate) struct MemoryStatusArgs {
    /// Whose memory; the default agent's by default
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// Read changed notes first, and really ask for the vector of a question
    #[arg(long)]
    pub(crate) deep: bool,
    /// Print everything as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MemoryIndexArgs {
    /// Whose memory; the default agent's by default
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// Forget the index and make it anew; vectors of text that stayed the same are kept
    #[arg(long)]
    pub(crate) force: bool,
    /// Send notes to a service that costs money without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MemorySearchArgs {
    /// A question or words, in any language
    #[arg(value_name = "QUERY", required = true)]
    pub(crate) query: Vec<String>,
    /// Whose memory; the default agent's by default
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// Most results; as configured by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MAX_RESULTS as i64))]
    pub(crate) max_results: Option<u16>,
    /// Leave out results with a lower score, from 0 to 1; as configured by default
    #[arg(long, value_name = "SCORE", value_parser = share)]
    pub(crate) min_score: Option<f64>,
    /// Show where each score comes from
    #[arg(long)]
    pub(crate) explain: bool,
    /// Print the results as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MemoryBenchArgs {
    /// Whose memory; the default agent's by default
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// How many questions, a fifth of them about nothing in the notes
    #[arg(long, value_name = "N", default_value_t = DEFAULT_QUESTIONS as u16, value_parser = clap::value_parser!(u16).range(10..=MAX_QUESTIONS as i64))]
    pub(crate) questions: u16,
    /// What the questions are chosen by
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Do not ask before questions are sent to a provider
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print everything as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A score that no result can have.
#[derive(Debug, thiserror::Error)]
#[error("a score is a number from 0 to 1")]
struct NoScore;

fn share(text: &str) -> Result<f64, NoScore> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or(NoScore)
}
