//! Other programs: how they are started and what a failure is called.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::say;

/// What `cargo run` tells this program about itself. Handed on, it would make build scripts that read these variables
/// believe that something changed, and everything above them would compile again.
const OWN_VARIABLES: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A program in the root of the repository, without standard input: a chore never asks.
#[allow(
    clippy::disallowed_methods,
    reason = "builds need the developer's own environment (PATH, CARGO_HOME, proxies), which the guard's children lack"
)]
pub(crate) fn program(name: impl Into<OsString>) -> Command {
    let mut command = Command::new(name.into());
    command.current_dir(root()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if OWN_VARIABLES.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// The cargo that started this program.
pub(crate) fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs one step of a chore with its output on the terminal, and says how long it took.
///
/// # Errors
/// When it cannot be started, or fails.
pub(crate) fn step(title: &str, command: &mut Command) -> Result<()> {
    say::line(&format!("==> {title}: {}", shown(command)));
    let start = Instant::now();
    let status = command.status().with_context(|| format!("{title}: cannot start {}", shown(command)))?;
    let seconds = start.elapsed().as_secs();
    if !status.success() {
        bail!("{title} failed after {seconds} s ({status}): {}", shown(command));
    }
    say::line(&format!("==> {title}: done in {seconds} s"));
    Ok(())
}

/// Whether a program can be started and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{program, shown, step, succeeds};

    #[test]
    fn a_failing_step_is_an_error_that_names_the_command() {
        assert!(step("fine", &mut program("true")).is_ok());
        let error = step("tests", program("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(
            error.to_string().contains("tests failed") && error.to_string().contains("sh -c exit 3"),
            "{error}"
        );
        let error = step("tests", &mut program("no-such-program-here")).unwrap_err();
        assert!(error.to_string().contains("cannot start no-such-program-here"), "{error}");
    }

    #[test]
    fn success_is_only_the_exit_code_zero() {
        assert!(succeeds(&mut program("true")));
        assert!(!succeeds(&mut program("false")));
        assert!(!succeeds(&mut program("no-such-program-here")));
    }

    #[test]
    fn children_do_not_see_what_cargo_says_about_xtask() {
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some(), "cargo test sets it");
        assert!(succeeds(program("sh").args(["-c", "test -z \"$CARGO_PKG_NAME\" && test -n \"$PATH\""])));
    }

    #[test]
    fn commands_are_shown_by_name() {
        assert_eq!(shown(program("/usr/bin/cargo").args(["test", "--workspace"])), "cargo test --workspace");
    }
}
