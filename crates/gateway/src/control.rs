//! Telling a gateway from elsewhere to stop, or to start again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Stops a gateway, or lets it start again, from elsewhere. The same value serves every gateway that a process runs one
/// after the other, so that a signal handler is set up once.
#[derive(Clone, Default)]
pub struct Control {
    stop: CancellationToken,
    restart: Arc<watch::Sender<Option<Restart>>>,
}

/// A restart that somebody asked for.
#[derive(Clone, Debug)]
pub(crate) struct Restart {
    /// When it is due.
    pub(crate) at: Instant,
    /// Who asked, for the log.
    pub(crate) reason: String,
}

/// What a gateway is told to do next.
pub(crate) enum Told {
    Stop,
    Restart(Restart),
}

impl Control {
    /// Begins an orderly stop.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Asks for a restart inside the process. Of several requests the earliest counts; a gateway whose files cannot
    /// start one goes on and says why.
    pub fn request_restart(&self, delay: Duration, reason: &str) {
        let asked = Restart { at: Instant::now() + delay, reason: reason.to_owned() };
        self.restart.send_modify(|pending| {
            if pending.as_ref().is_none_or(|pending| asked.at < pending.at) {
                *pending = Some(asked);
            }
        });
    }

    /// Waits for the next thing to do. A restart that is due is taken: it is not due again.
    pub(crate) async fn told(&self) -> Told {
        let mut restarts = self.restart.subscribe();
        loop {
            let pending = restarts.borrow_and_update().clone();
            let due = async {
                match &pending {
                    Some(restart) => tokio::time::sleep_until(restart.at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Told::Stop,
                // The sender lives in `self`.
                _changed = restarts.changed() => {}
                () = due => {
                    if let Some(restart) = self.restart.send_replace(None) {
                        return Told::Restart(restart);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Control, Told};
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn the_earliest_restart_counts_and_happens_once() {
        let control = Control::default();
        control.request_restart(Duration::from_secs(2), "late");
        control.request_restart(Duration::from_secs(1), "early");
        control.request_restart(Duration::from_secs(3), "later");
        let Told::Restart(restart) = control.told().await else { panic!("stopped") };
        assert_eq!(restart.reason, "early");
        let again = tokio::time::timeout(Duration::from_secs(60), control.told()).await;
        assert!(again.is_err(), "one restart");
        control.request_restart(Duration::ZERO, "now");
        control.stop();
        assert!(matches!(control.told().await, Told::Stop), "a stop wins");
    }
}
