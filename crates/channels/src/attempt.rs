//! One try.

use std::sync::Arc;
use std::time::Duration;

use openclaw_store::{ClaimedDelivery, Delivery};

use crate::{Channel, IdempotencyKey, Outbound};

/// A platform that has not answered by then will not. Well below the ledger's lease (`LEASE`, 120 s), so that the end of
/// a try is always recorded by whoever began it.
pub(crate) const MAX_TRY: Duration = Duration::from_secs(60);

/// Tries to deliver; whatever the channel does, there is an answer after [`MAX_TRY`].
pub(crate) async fn attempt(channel: Option<Arc<dyn Channel>>, claimed: &ClaimedDelivery) -> Delivery {
    let Some(channel) = channel else {
        let reason = format!("no channel {} runs here", claimed.what.channel);
        return Delivery::Transient { reason, retry_after_ms: None };
    };
    let message = match Outbound::of(&claimed.what) {
        Ok(message) => message,
        Err(error) => return Delivery::Permanent { reason: error.to_string() },
    };
    let key = IdempotencyKey::new(&claimed.what.key);
    // A task of its own: a panic ends there, and a channel that blocks its thread does not block the courier.
    let mut running = tokio::spawn(async move { channel.deliver(message, key).await });
    let _stops = StopOnDrop(running.abort_handle());
    match tokio::time::timeout(MAX_TRY, &mut running).await {
        Ok(Ok(said)) => said,
        // The panic is in the log. The message may have left before it.
        Ok(Err(_panicked)) => Delivery::Unknown { reason: "the channel broke off".to_owned() },
        Err(_elapsed) => Delivery::Unknown { reason: format!("no answer within {} s", MAX_TRY.as_secs()) },
    }
}

/// A try that nobody waits for any more must not go on: it would be judged as broken off while it delivers.
struct StopOnDrop(tokio::task::AbortHandle);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
