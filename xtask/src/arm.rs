//! The encoder on the other kind of processor: its tests in an emulator, so that the kernels for ARM are run somewhere.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::run::{cargo, program, step, succeeds};
use crate::say;

const TARGET: &str = "aarch64-unknown-linux-gnu";
/// Links, and compiles what is C.
const COMPILER: &str = "aarch64-linux-gnu-gcc";
const EMULATOR: &str = "qemu-aarch64";
/// Where the compiler's packages put the libraries of that processor.
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";
const PACKAGES: &str =
    "type: rustup target add aarch64-unknown-linux-gnu; apt-get install -y gcc-aarch64-linux-gnu qemu-user";

/// Runs the tests; arguments go to `cargo test`.
///
/// # Errors
/// What is missing, with what to type; what failed.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if let Some(missing) = missing() {
        bail!("{missing} is missing; {PACKAGES}");
    }
    step("tests of the encoder on ARM", test().args(arguments))
}

/// What CI runs: on a machine that has the tools, and it says so where they are missing.
///
/// # Errors
/// What failed.
pub(crate) fn ci() -> Result<()> {
    match missing() {
        // The kernels beside the portable one; all texts of the reference would take an emulator many minutes.
        None => step("kernels of the encoder on ARM", test().arg("--lib")),
        Some(missing) => {
            say::line(&format!(
                "==> NOT RUN: kernels of the encoder on ARM: {missing} is missing; {PACKAGES}"
            ));
            Ok(())
        }
    }
}

/// What is needed and not here.
fn missing() -> Option<&'static str> {
    let has = |name: &str| succeeds(program(name).arg("--version"));
    let tools = [
        (has_target(), TARGET),
        (has(COMPILER), COMPILER),
        (has(EMULATOR), EMULATOR),
        // The compiler may be here without them.
        (Path::new(LIBRARIES).is_dir(), LIBRARIES),
    ];
    tools.into_iter().find_map(|(is_here, name)| (!is_here).then_some(name))
}

/// Whether Rust's own libraries for it are installed.
fn has_target() -> bool {
    let output = program("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

fn test() -> Command {
    let mut command = cargo();
    command.args(["test", "--package", "openclaw-encoder", "--target", TARGET]);
    command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", COMPILER);
    command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", format!("{EMULATOR} -L {LIBRARIES}"));
    command
}
