//! The state of a newer program, and of one that cannot be known.

use openclaw_testkit::home::TempHome;
use serde_json::Value;

use super::fixture::{self, everything};
use crate::support::run;

/// Commands that open the state, with the program's other flags.
const COMMANDS: [&[&str]; 14] = [
    &["gateway", "run"],
    &["quickstart", "--non-interactive"],
    &["sessions"],
    &["memory", "status"],
    &["memory", "index"],
    &["memory", "search", "key"],
    &["config", "set", "gateway.port", "19000"],
    &["config", "unset", "gateway.port"],
    &["agent", "-m", "hello"],
    &["chat"],
    &["dashboard"],
    &["outbox", "list"],
    &["outbox", "retry", "1"],
    &["outbox", "drop", "1"],
];

fn refused_by_all(version: &str, expected: &[&str]) {
    let home = TempHome::new();
    fixture::put(&home, ".openclaw");
    home.write(".openclaw/state/version.json", version);
    let before = everything(home.path());
    for command in COMMANDS {
        let output = run(&home, command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        for part in expected {
            assert!(said.contains(part), "{command:?}: {part:?} is not in {said}");
        }
        assert_eq!(said.trim().lines().count(), 1, "{command:?}: {said}");
        assert!(everything(home.path()) == before, "{command:?} has changed something");
    }
    // Those that look say so, and change nothing either.
    for command in
        [&["status"][..], &["health"], &["logs"], &["gateway", "call", "health"], &["doctor", "--fix"]]
    {
        run(&home, command);
        assert!(everything(home.path()) == before, "{command:?} has changed something");
    }
    let report: Value = serde_json::from_slice(&run(&home, &["doctor", "--json"]).stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["id"] == "state.version").unwrap();
    assert_eq!(finding["severity"], "error");
    assert!(finding["fix"]["about"].as_str().is_some_and(|about| !about.is_empty()), "{finding}");
}

#[test]
fn state_of_a_newer_program_is_refused_and_not_touched() {
    refused_by_all(
        r#"{"version":2,"writtenBy":"9.1.0","more":[]}"#,
        &["newer openclaw (version 9.1.0)", "state version 2", "knows up to 1", "OPENCLAW_STATE_DIR"],
    );
}

#[test]
fn a_version_that_cannot_be_understood_is_refused_and_not_touched() {
    for text in ["", "\0\0\0\0", "{\"version\":", "7", "{\"version\":\"1\"}"] {
        refused_by_all(text, &["version.json", "openclaw doctor", "nothing was changed"]);
    }
}
