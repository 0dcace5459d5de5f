//! Signals that end the gateway: the first one politely, the second one at once.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use openclaw_gateway::StopHandle;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output;

/// The exit code of a shell command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Signals that are caught from the moment this value is made, also before there is a gateway to stop.
pub(crate) struct StopSignals(Vec<Signal>);

impl StopSignals {
    /// Catches these signals. Needs an async runtime around it.
    ///
    /// # Errors
    /// The operating system takes no handler.
    pub(crate) fn catch(kinds: &[SignalKind]) -> io::Result<Self> {
        Ok(Self(kinds.iter().map(|kind| signal(*kind)).collect::<io::Result<_>>()?))
    }

    /// The first signal stops the gateway; a second one ends the process without waiting.
    pub(crate) fn stop(mut self, gateway: StopHandle) {
        tokio::spawn(async move {
            next(&mut self.0).await;
            gateway.stop();
            output::complain(
                "openclaw: stopping; running answers get a few seconds (once more to stop at once)",
            );
            next(&mut self.0).await;
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
