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
pub(crate) struct Life {
    kind: Kind,
    is_told_to_stop: bool,
}

enum Kind {
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
        Self::of(Kind::Plain(GatewayProcess::spawn(binary, site.home(), site.port(), &Site::ARGS)))
    }

    /// Starts one under the tracer.
    pub(crate) fn traced(binary: &Path, site: &Site, plan: Plan) -> Self {
        Self::of(Kind::Traced(Traced::start(binary, site.home(), &Site::ARGS, plan)))
    }

    fn of(kind: Kind) -> Self {
        Self { kind, is_told_to_stop: false }
    }

    /// Whether a signal told it to stop.
    pub(crate) fn is_told_to_stop(&self) -> bool {
        self.is_told_to_stop
    }

    /// The tracer's side of it.
    pub(crate) fn tracer(&self) -> Option<&Traced> {
        match &self.kind {
            Kind::Plain(_) => None,
            Kind::Traced(traced) => Some(traced),
        }
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        match &self.kind {
            Kind::Plain(process) => process.pid(),
            Kind::Traced(traced) => traced.pid(),
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&mut self, signal: Signal) {
        self.is_told_to_stop |= signal == Signal::TERM || signal == Signal::INT;
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
        match &mut self.kind {
            Kind::Plain(process) => {
                let status = process.try_exit()?;
                Some(status.code().map_or(Ended::Signal, Ended::Code))
            }
            Kind::Traced(traced) => traced.end().map(|end| match end {
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
        match &self.kind {
            Kind::Plain(process) => format!("{}{}", process.stdout(), process.stderr()),
            Kind::Traced(traced) => traced.output(),
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
