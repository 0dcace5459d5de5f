//! From the ledger's answers to futures.

use openclaw_store::{Done, LedgerError};
use tokio::sync::oneshot;

/// Asks the ledger and waits for its answer: `ask(|done| ledger.counts(done)).await`. What was asked happens even if
/// nobody waits any more.
///
/// # Errors
/// The ledger's, and [`LedgerError::Closed`] when it ended without an answer.
pub async fn ask<T: Send + 'static>(start: impl FnOnce(Done<T>)) -> Result<T, LedgerError> {
    let (sender, answer) = oneshot::channel();
    start(Box::new(move |result| {
        // Whoever asked may have gone.
        sender.send(result).ok();
    }));
    answer.await.unwrap_or(Err(LedgerError::Closed))
}
