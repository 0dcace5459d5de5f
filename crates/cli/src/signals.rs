//! Signals that end the gateway, the first one politely, the second one at once; and the one that starts it again.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use openclaw_gateway::Control;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output;

/// The exit code of a shell command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;
/// How long a second signal waits until what runs is killed.
const LONGEST_KILL: Duration = Duration::from_secs(2);

/// A write beyond the limit of `ulimit -f` fails from now on like one on a full disk, and what it was part of cleans up;
/// without a handler it ends the process in the middle. One that the system does not take leaves things as they are.
pub(crate) fn survive_size_limits() {
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    // The handler stays when its listener goes.
    runtime.block_on(async { signal(kind).map(drop) }).ok();
}

/// Does something before Ctrl-C ends the process.
///
/// # Errors
/// The operating system takes no handler.
pub(crate) fn on_interrupt(first: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut interrupts = {
        let _inside = runtime.enter();
        signal(SignalKind::interrupt())?
    };
    std::thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
        if runtime.block_on(interrupts.recv()).is_some() {
            first();
            std::process::exit(INTERRUPTED);
        }
    })?;
    Ok(())
}

/// Signals that are caught from the moment this value is made, also before there is a gateway to stop.
pub(crate) struct GatewaySignals {
    stop: Vec<Signal>,
    /// As in the release, this one lets the gateway start again inside its process.
    restart: Signal,
}

impl GatewaySignals {
    /// Catches these signals and `SIGUSR1`. Needs an async runtime around it.
    ///
    /// # Errors
    /// The operating system takes no handler.
    pub(crate) fn catch(kinds: &[SignalKind]) -> io::Result<Self> {
        let stop = kinds.iter().map(|kind| signal(*kind)).collect::<io::Result<_>>()?;
        Ok(Self { stop, restart: signal(SignalKind::user_defined1())? })
    }

    /// From now on the first signal stops the gateway, and a second one ends the process without waiting.
    pub(crate) fn steer(mut self, gateway: Control) {
        let restarted = gateway.clone();
        tokio::spawn(async move {
            while self.restart.recv().await.is_some() {
                restarted.request_restart(Duration::ZERO, "SIGUSR1");
            }
        });
        tokio::spawn(async move {
            next(&mut self.stop).await;
            gateway.stop();
            output::complain_aside(
                "openclaw: stopping; running answers get up to 25 seconds (once more to stop at once)"
                    .to_owned(),
            );
            next(&mut self.stop).await;
            // What runs would go on without anybody. A program that is just being started from a disk that hangs keeps nobody
            // waiting.
            let killed = tokio::task::spawn_blocking(openclaw_guard::kill_children);
            tokio::time::timeout(LONGEST_KILL, killed).await.ok();
            std::process::exit(INTERRUPTED);
        });
    }
}

async fn next(signals: &mut [Signal]) {
    poll_fn(|cx| {
        let arrived = signals.iter_mut().any(|signal| signal.poll_recv(cx).is_ready());
        if arrived { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
