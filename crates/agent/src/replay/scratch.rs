//! The world in which a turn is run again: a copy of the conversation, and the results that its tools had.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use openclaw_guard::{Clock, FileError, ManualClock, RandomError, create_private_dir, random_hex};
use openclaw_models::replay::{Difference, Script};
use openclaw_protocol::message::{Message, ToolResultMessage, text_of};
use openclaw_store::{HistoryItem, NewTranscript, SessionId, StoreError, Transcript};
use openclaw_tools::{ToolCall, ToolOutcome};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::driver::World;
use crate::turn::STOPPED;

/// Bytes of the folder's random name.
const NAME_BYTES: usize = 16;

/// Why a transcript cannot be copied and read.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// The copy cannot be made.
    #[error(transparent)]
    File(#[from] FileError),
    /// The copy gets no name.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The copy cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A folder that is gone when this is.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies in the folder for such things, for its owner only.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The history of a session, read as the gateway reads it, from a copy: opening a transcript may repair it. Nothing if
/// there is no such file.
///
/// # Errors
/// The file cannot be copied or read.
pub fn scratch_history(
    transcript: &Path,
    session: &SessionId,
    clock: Arc<dyn Clock>,
) -> Result<Option<Vec<Arc<HistoryItem>>>, ScratchError> {
    let scratch = std::env::temp_dir().join(format!("openclaw-replay-{}", random_hex(NAME_BYTES)?));
    create_private_dir(&scratch)?;
    let scratch = Scratch(scratch);
    let copy = scratch.0.join(session.transcript_file_name());
    match std::fs::copy(transcript, &copy) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FileError::new("copy", transcript, source).into()),
    }
    let new = NewTranscript { cwd: &scratch.0, key: "", parent: None };
    let transcript = Transcript::open_named(&copy, session, &new, clock)?;
    Ok(Some(transcript.history().to_vec()))
}

/// Where a turn writes while it is run again.
pub(super) struct ScratchWorld {
    pub(super) written: Vec<Message>,
    results: Mutex<VecDeque<ToolResultMessage>>,
    unknown: Mutex<Vec<Difference>>,
    script: Arc<Script>,
    clock: ManualClock,
}

impl ScratchWorld {
    /// With the results of then, in their order.
    pub(super) fn new(results: Vec<ToolResultMessage>, script: &Arc<Script>, now_ms: i64) -> Self {
        Self {
            written: Vec::new(),
            results: Mutex::new(results.into()),
            unknown: Mutex::default(),
            script: Arc::clone(script),
            clock: ManualClock::new(now_ms),
        }
    }

    /// Calls that were not made then.
    pub(super) fn unknown(&self) -> Vec<Difference> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn result_of(&self, call: &ToolCall) -> Option<ToolResultMessage> {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let at = results
            .iter()
            .position(|result| result.tool_call_id == call.id && result.tool_name == call.name)?;
        results.remove(at)
    }
}

impl World for ScratchWorld {
    fn append(&mut self, message: Message) -> BoxFuture<'_, Result<(), StoreError>> {
        self.written.push(message);
        Box::pin(std::future::ready(Ok(())))
    }

    fn run_tool(&self, call: ToolCall, abort: CancellationToken) -> BoxFuture<'static, ToolOutcome> {
        let Some(result) = self.result_of(&call) else {
            let place = format!("tool {}", call.name);
            let now = format!("called with {}", call.arguments);
            let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
            unknown.push(Difference::new(place, "no result was recorded", now));
            let words = "this call was not made when the turn was recorded";
            let value = json!({"status": "error", "tool": call.name, "error": words});
            return Box::pin(std::future::ready(ToolOutcome { is_error: true, ..ToolOutcome::json(value) }));
        };
        if was_stopped(&result) && self.script.next().is_none() {
            self.script.stopped().cancel();
            return Box::pin(async move {
                abort.cancelled().await;
                outcome_of(result)
            });
        }
        Box::pin(std::future::ready(outcome_of(result)))
    }

    fn clock(&self) -> &dyn Clock {
        &self.clock
    }
}

/// Whether a result only says that the turn was stopped while its call ran.
pub(super) fn was_stopped(result: &ToolResultMessage) -> bool {
    let text = text_of(&result.content);
    result.is_error && STOPPED.iter().any(|words| text.contains(words))
}

fn outcome_of(result: ToolResultMessage) -> ToolOutcome {
    ToolOutcome { content: result.content, details: result.details, is_error: result.is_error }
}
