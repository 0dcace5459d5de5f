//! The program `qmd`, which some tests of the memory want for real.

use std::ffi::OsString;

use crate::run::program;
use crate::say;

/// Names it to the tests.
pub(crate) const VARIABLE: &str = "OPENCLAW_REAL_QMD";
/// The first Node that `qmd` runs on.
const NODE: u32 = 22;

/// Where it is: as the variable says, or as it is installed beside a Node that it runs on. Otherwise those tests pass
/// without it, and that is said: nobody shall believe that they ran.
pub(crate) fn find() -> Option<OsString> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return Some(named);
    }
    let missing = match (said("command -v qmd"), major(&said("node --version").unwrap_or_default())) {
        (Some(qmd), Some(node)) if node >= NODE => return Some(qmd.into()),
        (Some(_), node) => format!("it wants Node {NODE}, and here is {}", shown(node)),
        (None, node) => format!("it is not installed, and Node here is {}", shown(node)),
    };
    say::line(&format!(
        "==> SKIPPED: the tests with the real qmd ({missing}). With Node {NODE} or newer: `npm install -g @tobilu/qmd`, or name \
         it in {VARIABLE}"
    ));
    None
}

fn shown(node: Option<u32>) -> String {
    node.map_or_else(|| "none".to_owned(), |node| node.to_string())
}

/// What a command prints, if it succeeds.
fn said(command: &str) -> Option<String> {
    let output = program("sh").args(["-c", command]).output().ok()?; // no shell: nothing is installed either
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// `v22.11.0` is 22.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok() // another program of that name
}

#[cfg(test)]
mod tests {
    use super::{major, said};

    #[test]
    fn versions_of_node() {
        for (text, expected) in [("v22.11.0", Some(22)), ("v9", Some(9)), ("", None), ("deno 2.1", None)] {
            assert_eq!(major(text), expected, "{text}");
        }
    }

    #[test]
    fn a_command_says_something_or_nothing() {
        assert_eq!(said("echo ' here '").as_deref(), Some("here"));
        assert_eq!(said("echo gone; exit 1"), None);
        assert_eq!(said("command -v no-such-program-here"), None);
    }
}
