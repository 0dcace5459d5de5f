//! Work that may block, away from the reactor.

use crate::error::ToolError;

/// Runs disk work, or the start of a process, where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ToolError> + Send + 'static,
) -> Result<T, ToolError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a tool broke off");
            Err(ToolError::Broken)
        }
    }
}
