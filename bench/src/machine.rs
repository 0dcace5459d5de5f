//! What was measured where and when.

use openclaw_guard::{Clock as _, SystemClock, child_command, iso_millis};
use serde::Serialize;

/// The machine and the moment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) processors: usize,
    pub(crate) model: String,
    pub(crate) kernel: String,
    /// The one-minute load average before the first row: numbers from a busy machine are worse.
    pub(crate) load: String,
}

/// Reads all of it; what cannot be read is called unknown.
pub(crate) fn describe() -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let first_word = |text: String| text.split_whitespace().next().unwrap_or("unknown").to_owned();
    Machine {
        date: iso_millis(SystemClock.now_ms()).chars().take(10).collect(),
        commit: commit().unwrap_or_else(|| "before first commit".to_owned()),
        processors: std::thread::available_parallelism().map_or(0, usize::from),
        model: model.map_or("unknown", |(_, name)| name).to_owned(),
        kernel: first_word(read("/proc/sys/kernel/osrelease")),
        load: first_word(read("/proc/loadavg")),
    }
}

fn commit() -> Option<String> {
    let folder = env!("CARGO_MANIFEST_DIR");
    let answer =
        child_command("git").args(["describe", "--always", "--dirty"]).current_dir(folder).output().ok()?;
    let name = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| name.trim().to_owned())
}
