//! `openclaw replay`

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(after_help = "\
Needs a recording: with models.recording.enabled the gateway writes down what models are asked and what they answer,
secrets left out. The turns run again through today's code with those answers and the tools' results of then: nobody is
asked, no tool runs, nothing is written.

Exit code 0: today's answers are those of then; 1: they differ, and where; 2: there is nothing to run again; 3: they are
those of then as far as they can be compared, and something of the recording or the transcript is missing.

Examples:
  openclaw replay agent:main:main
  openclaw replay main --json
  openclaw replay main --speed original")]
pub(crate) struct ReplayArgs {
    /// The session: its key, or its id (`openclaw sessions` lists both)
    #[arg(value_name = "SESSION")]
    pub(crate) session: String,
    /// A session of this agent
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// Play answers as fast as they came then, or without waiting
    #[arg(long, value_name = "SPEED", value_enum, default_value_t = ReplaySpeed::None)]
    pub(crate) speed: ReplaySpeed,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

// Help lists the values in one line as long as they have no words of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReplaySpeed {
    Original,
    None,
}
