//! Memory and processor time of a process and of all it started, from `/proc` (man 5 proc).

use std::collections::HashMap;
use std::time::Duration;

/// `utime` and `stime` count in hundredths of a second on every Linux that user programs see (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);
/// Positions of fields in `/proc/<pid>/stat`, counted from the one behind the name, which is field 3.
const PARENT: usize = 1;
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;

/// The process `root` and its descendants, `root` first.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        if let Some(parent) = stat_field(pid, PARENT).and_then(|parent| u32::try_from(parent).ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = vec![root];
    let mut at = 0;
    while let Some(pid) = found.get(at) {
        found.extend(children.remove(pid).unwrap_or_default());
        at += 1;
    }
    found
}

/// Resident memory of the tree in MB (10^6 bytes).
pub(crate) fn resident_mb(root: u32) -> f64 {
    let kib: u64 = tree(root).into_iter().filter_map(resident_kib).sum();
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) * 1024.0 / 1e6
}

fn resident_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Processor time the tree has used, in both modes. Time of children that have ended is not in it.
pub(crate) fn processor_time(root: u32) -> Duration {
    let ticks = |pid| Some(stat_field(pid, USER_TICKS)? + stat_field(pid, SYSTEM_TICKS)?);
    let sum: u64 = tree(root).into_iter().filter_map(ticks).sum();
    TICK * u32::try_from(sum).unwrap_or(u32::MAX)
}

/// Bytes a process has written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    /// By `write` and its kin, to files and pipes; sockets are not in it.
    pub(crate) asked: u64,
    /// Pages of files that became dirty, times their size: what the disk will have to do.
    pub(crate) pages: u64,
}

/// What a process has written so far; nothing where the kernel does not count.
pub(crate) fn written(pid: u32) -> Option<Written> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    let number = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    Some(Written { asked: number("wchar:")?, pages: number("write_bytes:")? })
}

fn stat_field(pid: u32, index: usize) -> Option<u64> {
    field(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?, index)
}

/// The name in parentheses may hold anything, so fields are counted from its end.
fn field(stat: &str, index: usize) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(index)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{PARENT, SYSTEM_TICKS, USER_TICKS, field, processor_time, resident_mb, tree, written};

    #[test]
    fn fields_behind_a_hostile_name() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194304 100 0 0 0 13 5 0 0 20 0 1 0 99";
        assert_eq!(field(stat, PARENT), Some(7));
        assert_eq!((field(stat, USER_TICKS), field(stat, SYSTEM_TICKS)), (Some(13), Some(5)));
        assert_eq!(field("no name", PARENT), None);
    }

    #[test]
    fn sees_this_process() {
        let own = std::process::id();
        assert_eq!(tree(own).first(), Some(&own));
        assert!(resident_mb(own) > 0.5);
        assert!(processor_time(own).as_secs() < 3600);
        let before = written(own).unwrap();
        openclaw_guard::write_atomic(&tempfile::tempdir().unwrap().path().join("x"), &[0; 10_000]).unwrap();
        let after = written(own).unwrap();
        assert!(after.asked >= before.asked + 10_000 && after.pages >= before.pages);
    }
}
