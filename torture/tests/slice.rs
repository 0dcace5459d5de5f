//! A part of it, on the program as the tests have built it. The whole is `cargo xtask torture`.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(
    clippy::panic,
    reason = "a test stops at once, with the place, when something is not as it should be"
)]

use std::path::Path;

use openclaw_guard::child_command;
use openclaw_testkit::trace;

const PROMISES: &str = "P-01,P-02,P-04,P-08,P-16,P-19";

#[test]
fn nothing_is_lost_in_a_slice_of_it() {
    if !trace::is_allowed() {
        return;
    }
    let torture = Path::new(env!("CARGO_BIN_EXE_openclaw-torture"));
    let openclaw = torture.with_file_name("openclaw");
    assert!(
        openclaw.is_file(),
        "{} does not exist; `cargo test --workspace` and `cargo build -p openclaw` make it",
        openclaw.display()
    );
    let output =
        child_command(torture).args(["--slice", "--only", PROMISES, "--bin"]).arg(&openclaw).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", torture.display()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (table, words) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{words}\n{table}");
    assert!(PROMISES.split(',').all(|promise| table.contains(promise)), "{table}");
}
