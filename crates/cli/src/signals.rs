//! Signals that end the gateway: the first one politely, the second one at once.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use openclaw_gateway::StopHandle;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output;

/// The exit code of a shell command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// From now on any of these signals stops the gateway; a second one ends the process without waiting.
///
/// # Errors
/// The operating system takes no handler.
pub(crate) fn stop_on(kinds: &[SignalKind], stop: StopHandle) -> io::Result<()> {
    let mut signals = kinds.iter().map(|kind| signal(*kind)).collect::<io::Result<Vec<_>>>()?;
    tokio::spawn(async move {
        next(&mut signals).await;
        stop.stop();
        output::complain("openclaw: stopping; running answers get a few seconds (once more to stop at once)");
        next(&mut signals).await;
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}

async fn next(signals: &mut [Signal]) {
    poll_fn(|cx| {
        let arrived = signals.iter_mut().any(|signal| signal.poll_recv(cx).is_ready());
        if arrived { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
