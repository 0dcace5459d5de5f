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

/// On whose behalf the gateway starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Somebody wants it whatever the files say.
    Person,
    /// A change of the configuration needs it. Taken back, it needs none.
    Change,
}

/// A restart that somebody asked for.
#[derive(Clone, Debug)]
pub(crate) struct Restart {
    pub(crate) asker: Asker,
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
        self.restart(Asker::Person, delay, reason);
    }

    /// The same for a change of the configuration; [`Control::withdraw`] takes it back.
    pub(crate) fn restart(&self, asker: Asker, delay: Duration, reason: &str) {
        let asked = Restart { asker, at: Instant::now() + delay, reason: reason.to_owned() };
        self.restart.send_modify(|pending| {
            if pending.as_ref().is_none_or(|pending| asked.at < pending.at) {
                *pending = Some(asked);
            }
        });
    }

    /// Takes back a restart that only a change of the configuration asked for; whether there was one.
    pub(crate) fn withdraw(&self) -> bool {
        self.restart.send_if_modified(|pending| {
            let is_for_change = pending.as_ref().is_some_and(|pending| pending.asker == Asker::Change);
            if is_for_change {
                *pending = None;
            }
            is_for_change
        })
    }

    /// Returns when the gateway is to stop.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Whether the gateway is to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
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
    use super::{Asker, Control, Told};
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

    #[test]
    fn only_what_a_change_asked_for_is_taken_back() {
        let control = Control::default();
        assert!(!control.withdraw());
        control.restart(Asker::Change, Duration::ZERO, "configuration changed");
        assert!(control.withdraw() && !control.withdraw());
        control.request_restart(Duration::ZERO, "SIGUSR1");
        assert!(!control.withdraw());
    }
}
