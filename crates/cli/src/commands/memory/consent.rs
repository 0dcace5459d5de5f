//! Asking a person before text is sent or money is spent.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::bail;

use crate::output;

/// Whether a person can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// If this is a terminal.
    Allowed,
    /// The output is for a program.
    Never,
}

/// Asks whether to go on; without a person, `--yes` has to say so.
///
/// # Errors
/// The answer is no, or nobody can be asked.
pub(super) fn consent(what: &str, asking: Asking, declined: &str) -> anyhow::Result<()> {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if asking == Asking::Never || !is_terminal {
        bail!("{what}; add --yes if that is all right");
    }
    output::complain(&format!("{what}. Go on? [y/N]"));
    let mut said = String::new();
    std::io::stdin().lock().read_line(&mut said)?;
    if !["y", "yes"].contains(&said.trim().to_lowercase().as_str()) {
        bail!("{declined}");
    }
    Ok(())
}
