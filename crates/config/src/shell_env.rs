//! Variables of the owner's login shell, for those who keep their keys in its profile (`env.shellEnv`).

use std::io::{self, Read as _};
use std::process::Stdio;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use openclaw_guard::child_command;
use serde_json::Value;

use crate::env::Env;

/// Asks for the import without the configuration saying so.
const SWITCH: &str = "OPENCLAW_LOAD_SHELL_ENV";
/// The shell when `SHELL` names none.
const DEFAULT_SHELL: &str = "/bin/sh";
/// How long a profile may take when nothing else is configured, in milliseconds (CFG-06).
const DEFAULT_TIMEOUT_MS: u64 = 15_000;
/// The longest that a start may wait for a profile.
const MAX_TIMEOUT: Duration = Duration::from_secs(120);
/// Bytes of variables that are taken; real environments have a few kilobytes.
const MAX_BYTES: u64 = 1024 * 1024;
/// Between two looks at the shell.
const PAUSE: Duration = Duration::from_millis(5);

/// Why the variables are not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShellEnvFault {
    /// The shell could not be started or read.
    #[error("{shell}: {reason}")]
    Io {
        /// The shell.
        shell: String,
        /// What the operating system said.
        reason: io::ErrorKind,
    },
    /// It did not end in time.
    #[error(
        "{shell} did not end within {limit:?}; its profile waits for something, or env.shellEnv.timeoutMs is short"
    )]
    Slow {
        /// The shell.
        shell: String,
        /// What it had.
        limit: Duration,
    },
    /// It ended with an error.
    #[error("{shell} ended with an error")]
    Failed {
        /// The shell.
        shell: String,
    },
}

/// How long the shell may take, if the configuration as written or the environment asks for it.
pub(crate) fn wanted(config: Option<&Value>, env: &Env) -> Option<Duration> {
    let own = config.and_then(|config| config.pointer("/env/shellEnv"));
    let is_on = own.and_then(|own| own.get("enabled")).and_then(Value::as_bool).unwrap_or(false);
    let is_asked = env
        .non_blank(SWITCH)
        .is_some_and(|word| ["1", "true", "yes", "on"].iter().any(|yes| word.eq_ignore_ascii_case(yes)));
    let timeout = own.and_then(|own| own.get("timeoutMs")).and_then(Value::as_u64);
    let limit = Duration::from_millis(timeout.unwrap_or(DEFAULT_TIMEOUT_MS)).min(MAX_TIMEOUT);
    (is_on || is_asked).then_some(limit)
}

/// The variables of the login shell, asked once in a process: a profile that changed counts after its next start.
pub(crate) fn imported(env: &Env, limit: Duration) -> Result<Env, ShellEnvFault> {
    static IMPORTED: OnceLock<Result<Env, ShellEnvFault>> = OnceLock::new();
    IMPORTED.get_or_init(|| import(env.non_blank("SHELL").unwrap_or(DEFAULT_SHELL), limit)).clone()
}

/// Runs a login shell that prints its environment. Only a shell named by an absolute path is run, and it sees nothing
/// of this process but its home, so that no credential reaches a profile that did not have it.
fn import(shell: &str, limit: Duration) -> Result<Env, ShellEnvFault> {
    let shell = if shell.starts_with('/') { shell } else { DEFAULT_SHELL };
    let failed = |error: io::Error| ShellEnvFault::Io { shell: shell.to_owned(), reason: error.kind() };
    let mut command = child_command(shell);
    command.args(["-l", "-c", "env -0"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    let output = child.stdout.take().map(|output| thread::spawn(move || read(output)));
    let deadline = Instant::now() + limit;
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if Instant::now() < deadline => thread::sleep(PAUSE),
            None => {
                openclaw_guard::kill_group(&mut child);
                return Err(ShellEnvFault::Slow { shell: shell.to_owned(), limit });
            }
        }
    };
    if !status.success() {
        return Err(ShellEnvFault::Failed { shell: shell.to_owned() });
    }
    // A program that the profile left running may hold the pipe; it is waited for no longer than the shell.
    let Some(reader) = output else { return Ok(Env::default()) };
    while !reader.is_finished() && Instant::now() < deadline {
        thread::sleep(PAUSE);
    }
    if !reader.is_finished() {
        openclaw_guard::kill_group(&mut child);
    }
    let bytes = reader.join().unwrap_or_default();
    Ok(variables(&bytes))
}

fn read(output: impl io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What was read before an error is as good as it was.
    output.take(MAX_BYTES).read_to_end(&mut bytes).ok();
    bytes
}

/// `NAME=value` between NUL bytes. What is not such a pair, or not Unicode, is passed over.
fn variables(bytes: &[u8]) -> Env {
    let pairs =
        bytes.split(|byte| *byte == 0).filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='));
    pairs.filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::{ShellEnvFault, import, variables, wanted};
    use crate::env::Env;
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    #[test]
    fn the_import_is_asked_for_in_one_of_two_places() {
        let env = |value: &str| Env::from([("OPENCLAW_LOAD_SHELL_ENV", value)]);
        let on = json!({"env": {"shellEnv": {"enabled": true, "timeoutMs": 20}}});
        assert_eq!(wanted(Some(&on), &Env::default()), Some(Duration::from_millis(20)));
        assert_eq!(wanted(None, &env("1")), Some(Duration::from_secs(15)));
        for off in [env(""), env("0"), env("no"), Env::default()] {
            assert_eq!(wanted(Some(&json!({"env": {"shellEnv": {}}})), &off), None);
        }
    }

    #[test]
    fn values_may_hold_anything_but_nul() {
        let env = variables(b"A=1\nB=2\0C=x=y\0\xff=1\0D=\0nonsense\0");
        assert_eq!(env.iter().collect::<Vec<_>>(), [("A", "1\nB=2"), ("C", "x=y")]);
    }

    #[test]
    fn a_shell_is_run_bounded_and_its_faults_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let shell = |name: &str, body: &str| {
            let path = dir.path().join(name);
            openclaw_guard::write_atomic(&path, format!("#!/bin/sh\n{body}\n").as_bytes()).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let limit = Duration::from_secs(20);
        let good =
            import(&shell("good", "KEY=from-profile; export KEY; exec /usr/bin/env -0"), limit).unwrap();
        assert_eq!(good.get("KEY"), Some("from-profile"));
        assert!(!good.iter().any(|(name, _)| name.starts_with("CARGO")), "it sees nothing of this process");
        assert!(matches!(import(&shell("bad", "exit 3"), limit), Err(ShellEnvFault::Failed { .. })));
        let slow = import(&shell("slow", "sleep 600"), Duration::from_millis(50));
        assert!(matches!(slow, Err(ShellEnvFault::Slow { .. })));
        assert!(matches!(import("/nonexistent/sh", limit), Err(ShellEnvFault::Io { .. })));
    }
}
