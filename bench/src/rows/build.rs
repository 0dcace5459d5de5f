//! A clean optimised build.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Result, ensure};
use openclaw_guard::child_command;

use crate::report::{Bar, Metric, Results};
use crate::subject::Subject;

static BUILD: Metric =
    Metric { what: "clean release build, dependencies downloaded", unit: "s", bar: Bar::LessIsBetter };
/// What a toolchain needs to know.
const ENVIRONMENT: [&str; 4] = ["PATH", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];

pub(super) fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    if !subject.choose(true, false) {
        return Ok(()); // the peer comes built
    }
    let target = tempfile::tempdir()?;
    let mut command = child_command(env!("CARGO"));
    command.args(["build", "--release", "--locked", "--package", "openclaw"]);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).env("CARGO_TARGET_DIR", target.path());
    command.stdout(Stdio::null());
    for name in ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let began = Instant::now();
    let status = command.status()?;
    ensure!(status.success(), "the build ended with {status}");
    results.record(&BUILD, &[began.elapsed().as_secs_f64()]);
    Ok(())
}
