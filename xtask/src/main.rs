//! Chores of the repository: `cargo xtask <command>`; `cargo xtask help` lists them.
//!
//! It starts cargo and the few programs a chore needs; it knows nothing of the crates of the product.

mod arm;
mod chores;
mod chromium;
mod local;
mod run;
mod say;

use std::process::ExitCode;

use chores::COMMANDS;

/// The exit code of wrong usage, as most programs have it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "help".to_owned());
    let arguments: Vec<String> = arguments.collect();
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        say::line(&format!("xtask: there is no {name:?}; choose one of {}", names.join(", ")));
        return ExitCode::from(USAGE);
    };
    match (command.run)(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::line(&format!("xtask {name}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
