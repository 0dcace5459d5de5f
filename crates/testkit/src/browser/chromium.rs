//! The browser process and its throw-away profile.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::cdp::{Cdp, SharedLog};
use super::error::BrowserError;
use super::page::Page;

/// Names under which distributions install it.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// A cold start on a busy two-core machine takes about five seconds.
const START_DEADLINE: Duration = Duration::from_secs(60);
const START_POLL: Duration = Duration::from_millis(20);
/// Enough of its standard error to see why it did not start.
const MAX_OUTPUT_CHARS: usize = 2_000;
/// Children of a killed Chromium may write into the profile for a moment longer.
const REMOVE_ATTEMPTS: usize = 50;

/// No sandbox: tests run as root in containers, and open nothing but their own pages. The rest keeps Chromium from
/// talking to anybody else, and from needing a desktop or a large `/dev/shm`.
const FLAGS: [&str; 14] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--password-store=basic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--remote-debugging-port=0",
];

/// A running Chromium. Dropping it ends the process and removes its profile.
pub struct Browser {
    cdp: Cdp,
    _process: Process,
}

impl Browser {
    /// Starts the Chromium named by `OPENCLAW_CHROMIUM`, or the first one on `PATH`, with an empty profile.
    ///
    /// # Errors
    /// [`BrowserError::NotInstalled`] without one, [`BrowserError::NotReady`] when it does not come up within a minute.
    pub async fn launch() -> Result<Self, BrowserError> {
        let mut process = Process::start(&find()?)?;
        let endpoint = process.endpoint().await?;
        let cdp = Cdp::connect(&endpoint).await?;
        Ok(Self { cdp, _process: process })
    }

    /// Opens an address in a new tab and waits until it is loaded. Tabs of one browser share their storage.
    ///
    /// # Errors
    /// [`BrowserError::Navigation`] when there is nothing at the address.
    pub async fn open(&self, url: &str) -> Result<Page, BrowserError> {
        let target = self.cdp.call(None, "Target.createTarget", json!({"url": "about:blank"})).await?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.cdp.call(None, "Target.attachToTarget", attach).await?;
        let session = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        let log = SharedLog::default();
        self.cdp.watch(&session, Arc::clone(&log)).await?;
        for method in ["Page.enable", "Runtime.enable", "Network.enable", "Log.enable"] {
            self.cdp.call(Some(&session), method, json!({})).await?;
        }
        let page = Page::new(self.cdp.clone(), session, log);
        page.navigate(url).await?;
        Ok(page)
    }
}

struct Process {
    child: Child,
    profile: TempDir,
}

impl Process {
    fn start(program: &Path) -> Result<Self, BrowserError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| BrowserError::Io { path, source }
        };
        let profile = tempfile::Builder::new()
            .prefix("openclaw-chromium-")
            .tempdir()
            .map_err(at(&std::env::temp_dir()))?;
        let output = File::create(output_file(profile.path())).map_err(at(profile.path()))?;
        #[allow(
            clippy::disallowed_methods,
            reason = "a test tool with a cleared environment; there are no secrets to inherit"
        )]
        let mut command = std::process::Command::new(program);
        command
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", profile.path())
            .env("LANG", "en_US.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        let child = command.spawn().map_err(at(program))?;
        Ok(Self { child, profile })
    }

    /// Waits until Chromium has written down its DevTools address.
    async fn endpoint(&mut self) -> Result<String, BrowserError> {
        let file = self.profile.path().join("DevToolsActivePort");
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            // Missing at first, and for a moment only half written.
            if let Some(url) = std::fs::read_to_string(&file).ok().as_deref().and_then(endpoint_url) {
                return Ok(url);
            }
            let ended = matches!(self.child.try_wait(), Ok(Some(_)));
            if ended || Instant::now() > deadline {
                return Err(BrowserError::NotReady { output: self.output() });
            }
            sleep(START_POLL).await;
        }
    }

    fn output(&self) -> String {
        let output = std::fs::read(output_file(self.profile.path())).unwrap_or_default();
        let output = String::from_utf8_lossy(&output);
        let skip = output.chars().count().saturating_sub(MAX_OUTPUT_CHARS);
        output.chars().skip(skip).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        self.child.kill().ok();
        self.child.wait().ok();
        for _ in 0..REMOVE_ATTEMPTS {
            if std::fs::remove_dir_all(self.profile.path()).is_ok() || !self.profile.path().exists() {
                return;
            }
            std::thread::sleep(START_POLL);
        }
    }
}

fn output_file(profile: &Path) -> PathBuf {
    profile.join("stderr.txt")
}

fn find() -> Result<PathBuf, BrowserError> {
    if let Some(program) = std::env::var_os("OPENCLAW_CHROMIUM") {
        return Ok(program.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_in(&std::env::split_paths(&path).collect::<Vec<_>>()).ok_or(BrowserError::NotInstalled)
}

fn find_in(directories: &[PathBuf]) -> Option<PathBuf> {
    let mut candidates = PROGRAMS.iter().flat_map(|name| directories.iter().map(move |dir| dir.join(name)));
    candidates.find(|program| program.is_file())
}

/// Reads `DevToolsActivePort`: the port in the first line, the path of the browser's socket in the second.
fn endpoint_url(text: &str) -> Option<String> {
    let (port, path) = text.split_once('\n')?;
    let port: u16 = port.trim().parse().ok()?;
    let path = path.trim_end();
    path.starts_with("/devtools/").then(|| format!("ws://127.0.0.1:{port}{path}"))
}

#[cfg(test)]
mod tests {
    use super::{endpoint_url, find_in};
    use std::fs::File;

    #[test]
    fn endpoint_needs_both_lines() {
        let table = [
            ("", None),
            ("4123", None),
            ("4123\n", None),
            ("x\n/devtools/browser/7", None),
            ("4123\n/devtools/browser/7", Some("ws://127.0.0.1:4123/devtools/browser/7")),
        ];
        for (text, expected) in table {
            assert_eq!(endpoint_url(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn prefers_chromium_wherever_it_is() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let directories = [first.path().to_owned(), second.path().to_owned()];
        assert_eq!(find_in(&directories), None);
        File::create(first.path().join("google-chrome")).unwrap();
        assert_eq!(find_in(&directories), Some(first.path().join("google-chrome")));
        File::create(second.path().join("chromium")).unwrap();
        assert_eq!(find_in(&directories), Some(second.path().join("chromium")));
    }
}
