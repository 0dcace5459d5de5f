//! Child processes that inherit nothing but what is named here (S-068, S-069).

use std::ffi::OsStr;
use std::process::{Child, Command, Stdio};

/// The only search path a child gets: system directories, never the gateway's own `PATH`, which a workspace
/// may have put itself into.
#[cfg(target_os = "macos")]
pub const CHILD_PATH: &str = "/opt/homebrew/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The only search path a child gets: system directories, never the gateway's own `PATH`, which a workspace
/// may have put itself into.
#[cfg(not(target_os = "macos"))]
pub const CHILD_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Variables a child inherits when the gateway has them. Everything else, every API key first, stays here.
pub const CHILD_ENV: [&str; 7] = ["HOME", "LANG", "LC_ALL", "TZ", "TERM", "USER", "TMPDIR"];

/// A command with an empty environment but for [`CHILD_PATH`] and [`CHILD_ENV`], no standard input, and a process
/// group of its own, so that one signal to the group stops it with all it started.
///
/// The program is looked up in [`CHILD_PATH`] unless it contains a slash. File descriptors are closed on exec by the
/// standard library. Turn it into an asynchronous command with `tokio::process::Command::from`.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the function the ban points to")]
pub fn child_command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", CHILD_PATH).stdin(Stdio::null());
    for name in CHILD_ENV {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    own_process_group(&mut command);
    command
}

/// Stops a child of [`child_command`] with everything it started, and collects it.
pub fn kill_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // The whole group may be gone already, which is what is wanted.
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
    }
    // It was killed a moment ago: there is nothing left to fail.
    child.kill().ok();
    child.wait().ok();
}

#[cfg(unix)]
fn own_process_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_process_group(_command: &mut Command) {}

#[cfg(all(test, unix))]
mod tests {
    use super::{CHILD_ENV, CHILD_PATH, child_command};

    #[test]
    fn child_sees_only_the_allow_list() {
        // The test runner's environment is full of CARGO_* variables: none may come through.
        assert!(std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("CARGO")));
        let output = child_command("env").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.lines().any(|line| line == format!("PATH={CHILD_PATH}")));
        for line in text.lines() {
            let name = line.split('=').next().unwrap();
            assert!(name == "PATH" || CHILD_ENV.contains(&name), "leaked {name}");
        }
    }

    #[test]
    fn child_leads_its_own_group_and_reads_nothing() {
        // Field 5 of /proc/<pid>/stat and `ps -o pgid=` are not everywhere; `kill -0 -$$` asks the kernel itself.
        let status = child_command("sh").args(["-c", "kill -0 -$$ && ! read line"]).status().unwrap();
        assert!(status.success());
    }
}
