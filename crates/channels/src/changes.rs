//! Who waits for one delivery hears when something has become of it.

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use openclaw_store::NewDelivery;

/// Changes that somebody slow may miss before it looks again by itself.
const MAX_MISSED: usize = 256;

/// What changed.
#[derive(Debug, Clone)]
enum Change {
    /// One delivery.
    One { channel: String, account: String, key: String },
    /// Perhaps several.
    Many,
}

/// Where changes are told.
#[derive(Debug)]
pub(crate) struct Teller(broadcast::Sender<Change>);

impl Default for Teller {
    fn default() -> Self {
        Self(broadcast::channel(MAX_MISSED).0)
    }
}

impl Teller {
    pub(crate) fn one(&self, what: &NewDelivery) {
        let change = Change::One {
            channel: what.channel.clone(),
            account: what.account.clone(),
            key: what.key.clone(),
        };
        // Nobody may be waiting.
        self.0.send(change).ok();
    }

    pub(crate) fn many(&self) {
        self.0.send(Change::Many).ok();
    }

    pub(crate) fn listen(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

/// Changes in the outbox from the moment this was made.
#[derive(Debug)]
pub struct Changes(broadcast::Receiver<Change>);

impl Changes {
    /// Waits until something may have become of a delivery; look at the ledger then. Does not end while the courier works
    /// and nothing happens; whether it is still there.
    pub async fn of(&mut self, wanted: &NewDelivery) -> bool {
        loop {
            match self.0.recv().await {
                Ok(Change::One { channel, account, key }) => {
                    if key == wanted.key && channel == wanted.channel && account == wanted.account {
                        return true;
                    }
                }
                Ok(Change::Many) | Err(RecvError::Lagged(_)) => return true,
                Err(RecvError::Closed) => return false,
            }
        }
    }
}
