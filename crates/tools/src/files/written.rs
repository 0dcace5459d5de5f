//! Telling memory of a note that an agent has written.

use std::path::Path;
use std::sync::Arc;

use openclaw_memory::{BUILT_IN, MemoryBackend, SyncReason};

/// A file that is about to be written.
pub(super) struct Written {
    /// Who is to know of it; nobody when it is no note.
    memory: Option<Arc<dyn MemoryBackend>>,
}

impl Written {
    /// The built-in engine looks at the notes itself before it answers.
    pub(super) fn new(memory: &Arc<dyn MemoryBackend>, path: &str) -> Self {
        let is_note = Path::new(path).extension().is_some_and(|end| end.eq_ignore_ascii_case("md"));
        let is_told = is_note && memory.standing().backend != BUILT_IN;
        Self { memory: is_told.then(|| Arc::clone(memory)) }
    }

    /// It is written. The agent does not wait for what memory makes of it.
    pub(super) fn tell(self) {
        let Some(memory) = self.memory else { return };
        tokio::spawn(async move {
            if let Err(error) = memory.sync(SyncReason::Written).await {
                tracing::warn!(%error, "memory does not take in a note that was written");
            }
        });
    }
}
