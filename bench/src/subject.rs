//! What is measured: our program, or the released package.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use openclaw_guard::child_command;
use openclaw_testkit::process::GatewayProcess;
use rustix::process::{Pid, Signal, kill_process};

use crate::home::Home;
use crate::proc_stat;
use crate::talk::Talk;

/// A gateway that does not answer by then never will; the peer takes seconds on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often a client tries again while the gateway starts.
const RETRY: Duration = Duration::from_micros(500);

/// A program that can run a gateway.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    kind: Kind,
    program: PathBuf,
    leading: Vec<String>,
}

/// Whose program it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ours,
    Peer,
}

impl Subject {
    /// The binary of this repository.
    pub(crate) fn ours(program: PathBuf) -> Self {
        Self { kind: Kind::Ours, program, leading: Vec::new() }
    }

    /// The released package, run by Node.
    pub(crate) fn peer(node: PathBuf, script: PathBuf) -> Self {
        Self { kind: Kind::Peer, program: node, leading: vec![script.to_string_lossy().into_owned()] }
    }

    /// How the report calls it.
    pub(crate) fn name(&self) -> &'static str {
        self.choose("openclaw", "peer")
    }

    /// One value for us, another for the peer, which is too slow for as many repetitions.
    pub(crate) fn choose<T>(&self, ours: T, peer: T) -> T {
        match self.kind {
            Kind::Ours => ours,
            Kind::Peer => peer,
        }
    }

    /// The file one installs: the binary, or the package's entry script.
    pub(crate) fn installed(&self) -> &Path {
        self.leading.first().map_or(self.program.as_path(), Path::new)
    }

    fn command_line<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        self.leading.iter().map(String::as_str).chain(args.iter().copied()).collect()
    }

    /// Starts a gateway and connects to it; returns how long it took from before the start to `hello-ok`.
    pub(crate) async fn start(&self, home: &Home) -> Result<(Running, Talk, Duration)> {
        let began = Instant::now();
        let args = ["gateway", "run"];
        let process = GatewayProcess::spawn(&self.program, home, home.port, &self.command_line(&args));
        let running = Running { process };
        loop {
            if let Ok(talk) = Talk::connect(home.port).await {
                return Ok((running, talk, began.elapsed()));
            }
            if began.elapsed() > START_LIMIT {
                let output = format!("{}{}", running.process.stdout(), running.process.stderr());
                bail!("no hello-ok within {START_LIMIT:?}\n{output}");
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Runs a command to its end and returns how long it took.
    pub(crate) fn run(&self, home: &Home, args: &[&str]) -> Result<Duration> {
        let mut command = child_command(&self.program);
        command.args(self.command_line(args)).env_clear().envs(home.env()).current_dir(home.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        let status = command.status().with_context(|| self.program.display().to_string())?;
        let took = began.elapsed();
        if status.success() { Ok(took) } else { bail!("{args:?} ended with {status}") }
    }
}

/// A running gateway. Dropping it ends it and everything it started.
pub(crate) struct Running {
    process: GatewayProcess,
}

impl Running {
    /// Resident memory in MB.
    pub(crate) fn resident_mb(&self) -> f64 {
        proc_stat::resident_mb(self.process.pid())
    }

    /// Bytes the gateway has written so far.
    pub(crate) fn written(&self) -> Option<proc_stat::Written> {
        proc_stat::written(self.process.pid())
    }

    /// Processor time used so far.
    pub(crate) fn processor_time(&self) -> Duration {
        proc_stat::processor_time(self.process.pid())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Children first: once the parent is gone they are nobody's. A process that has ended needs no signal.
        for pid in proc_stat::tree(self.process.pid()).into_iter().skip(1).rev() {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                kill_process(pid, Signal::KILL).ok();
            }
        }
    }
}
