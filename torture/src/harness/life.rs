//! A gateway that is started, watched and ended, traced or not.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use openclaw_testkit::crash::{Link, Site};
use openclaw_testkit::process::GatewayProcess;
use openclaw_testkit::trace::{Plan, Traced};
use rustix::process::{Pid, Signal, kill_process};

/// A start takes milliseconds; this is for a busy machine.
const START_LIMIT: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(1);

/// A running gateway. Dropping it kills it.
pub(crate) enum Life {
    /// As people run it.
    Plain(GatewayProcess),
    /// Step by step.
    Traced(Traced),
}

/// How a gateway ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this code.
    Code(i32),
    /// By a signal.
    Signal,
}

impl Life {
    /// Starts a gateway and waits for nothing.
    pub(crate) fn plain(binary: &Path, site: &Site) -> Self {
        Self::Plain(GatewayProcess::spawn(binary, site.home(), site.port(), &Site::ARGS))
    }

    /// Starts one under the tracer.
    pub(crate) fn traced(binary: &Path, site: &Site, plan: Plan) -> Self {
        Self::Traced(Traced::start(binary, site.home(), &Site::ARGS, plan))
    }

    /// The tracer's side of it.
    pub(crate) fn tracer(&self) -> Option<&Traced> {
        match self {
            Self::Plain(_) => None,
            Self::Traced(traced) => Some(traced),
        }
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        match self {
            Self::Plain(process) => process.pid(),
            Self::Traced(traced) => traced.pid(),
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&mut self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid
            && self.ended().is_none()
        {
            // It may end at this moment.
            kill_process(pid, signal).ok();
        }
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<Ended> {
        match self {
            Self::Plain(process) => {
                let status = process.try_exit()?;
                Some(status.code().map_or(Ended::Signal, Ended::Code))
            }
            Self::Traced(traced) => traced.end().map(|end| match end {
                openclaw_testkit::trace::End::Exit(code) => Ended::Code(code),
                openclaw_testkit::trace::End::Signal(_) => Ended::Signal,
            }),
        }
    }

    /// Waits for its end.
    pub(crate) async fn wait_end(&mut self, within: Duration) -> Option<Ended> {
        let deadline = Instant::now() + within;
        loop {
            let ended = self.ended();
            if ended.is_some() || Instant::now() > deadline {
                return ended;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// What it has said.
    pub(crate) fn output(&self) -> String {
        match self {
            Self::Plain(process) => format!("{}{}", process.stdout(), process.stderr()),
            Self::Traced(traced) => traced.output(),
        }
    }

    /// Connects as soon as it listens.
    ///
    /// # Errors
    /// It ended, or does not listen.
    pub(crate) async fn link(&mut self, port: u16) -> Result<Link> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Ok(link) = Link::open(port).await {
                return Ok(link);
            }
            let ended = self.ended();
            if ended.is_some() || Instant::now() > deadline {
                bail!("the gateway does not listen ({ended:?}): {}", self.output().trim());
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}
