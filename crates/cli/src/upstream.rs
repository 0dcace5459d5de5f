//! OpenClaw's own gateway on a state directory, found by the lock file it keeps in the temporary directory. A best effort:
//! a gateway with another temporary directory is not seen.

use std::path::{Path, PathBuf};

use openclaw_config::Env;
use openclaw_guard::Root;
use ring::digest;
use serde::Deserialize;

/// What the release takes of the digest for the name of the file.
const NAME_DIGITS: usize = 8;
/// Three short fields and a path.
const MAX_LOCK_BYTES: u64 = 16 * 1024;
/// Field of `/proc/<pid>/stat` with the start time, counted behind the name of the program: proc(5), field 22.
const START_TIME_FIELD: usize = 19;

/// A gateway of OpenClaw that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upstream {
    pub(crate) pid: u32,
    /// Its lock file.
    pub(crate) lock: PathBuf,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LockText {
    pid: u32,
    start_time: Option<u64>,
}

/// The gateway that runs with one of these configurations, if there is one.
pub(crate) fn running(configs: impl IntoIterator<Item = PathBuf>, env: &Env) -> Option<Upstream> {
    let temporary = ["TMPDIR", "TMP", "TEMP"].iter().find_map(|name| env.non_blank(name)).unwrap_or("/tmp");
    let folder = Path::new(temporary).join(format!("openclaw-{}", rustix::process::getuid().as_raw()));
    let root = Root::open(&folder).ok()?; // no such folder: it has never run
    configs.into_iter().find_map(|config| {
        let name = lock_name(&config);
        // A file that is not there, or not one of its, says nothing.
        let text = root.read_capped(Path::new(&name), MAX_LOCK_BYTES).ok()?;
        let said: LockText = serde_json::from_slice(&text).ok()?;
        is_alive(&said).then(|| Upstream { pid: said.pid, lock: folder.join(&name) })
    })
}

fn lock_name(config: &Path) -> String {
    let path = config.to_string_lossy();
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, path.as_bytes());
    let hex: String =
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).take(NAME_DIGITS / 2).collect();
    format!("gateway.{hex}.lock")
}

/// Whether the process is there, and where the system tells, whether it is the one that wrote the file.
fn is_alive(said: &LockText) -> bool {
    let pid = i32::try_from(said.pid).ok().and_then(rustix::process::Pid::from_raw);
    let Some(pid) = pid else { return false };
    let there = match rustix::process::test_kill_process(pid) {
        // Somebody else's process is one, too.
        Ok(()) | Err(rustix::io::Errno::PERM) => true,
        Err(_gone) => false,
    };
    let started = std::fs::read_to_string(format!("/proc/{}/stat", said.pid)).ok();
    let started = started.as_deref().and_then(start_time);
    there && started.zip(said.start_time).is_none_or(|(now, then)| now == then)
}

fn start_time(stat: &str) -> Option<u64> {
    // The name of the program is in parentheses and may hold some.
    stat.rsplit_once(')')?.1.split_whitespace().nth(START_TIME_FIELD)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{lock_name, running, start_time};
    use openclaw_config::Env;
    use openclaw_guard::{create_private_dir, write_atomic};
    use std::path::{Path, PathBuf};

    #[test]
    fn the_file_is_named_as_the_release_names_it() {
        // From a run of the released package.
        assert_eq!(lock_name(Path::new("/tmp/fx/run/home/.openclaw/openclaw.json")), "gateway.d2b35722.lock");
    }

    #[test]
    fn only_the_process_that_wrote_the_file_counts() {
        let temporary = tempfile::tempdir().unwrap();
        let env = Env::from([("TMPDIR", temporary.path().to_str().unwrap())]);
        let config = PathBuf::from("/home/user/.openclaw/openclaw.json");
        assert_eq!(running([config.clone()], &env), None);
        let folder = temporary.path().join(format!("openclaw-{}", rustix::process::getuid().as_raw()));
        create_private_dir(&folder).unwrap();
        let own = std::process::id();
        let write = |text: &str| write_atomic(&folder.join(lock_name(&config)), text.as_bytes()).unwrap();
        let found = |text: &str| {
            write(text);
            running([config.clone()], &env).map(|upstream| upstream.pid)
        };
        assert_eq!(found(&format!("{{\"pid\":{own}}}")), Some(own));
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let started = start_time(&stat).unwrap();
        assert_eq!(found(&format!("{{\"pid\":{own},\"startTime\":{started}}}")), Some(own));
        assert_eq!(found(&format!("{{\"pid\":{own},\"startTime\":{}}}", started + 1)), None, "used again");
        for dead in ["{\"pid\":0}", "{\"pid\":4294967295}", "{", ""] {
            assert_eq!(found(dead), None, "{dead}");
        }
    }
}
