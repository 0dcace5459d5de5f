//! The `openclaw` binary: reads arguments, calls the gateway or a library, prints.
//!
//! It may read the configuration and the session files, write what `quickstart` creates and this machine's own device
//! identity, and open one WebSocket to the gateway. Commands that need no socket start no async runtime.
//!
//! ```text
//! openclaw quickstart               # a working gateway from nothing, and a chat in the terminal
//! openclaw agent -m "What is due?"  # one turn from the shell
//! openclaw status --json
//! ```

mod agents;
mod args;
mod client;
mod commands;
mod copies;
mod format;
mod instance;
mod model;
mod output;
mod quickstart;
mod runtime;
mod service;
mod signals;
mod space;
mod standing;
mod upstream;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // A usage error ends the process here, with exit code 2; `--help` and `--version` with 0.
    let cli = args::Cli::parse();
    let flags = cli.instance.clone();
    signals::survive_size_limits();
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::report(&error, &flags),
    }
}
