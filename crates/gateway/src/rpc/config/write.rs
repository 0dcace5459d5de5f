//! `config.set`, `config.patch`, `config.apply`: edits of the file, then what the running gateway makes of them.

use std::sync::Arc;
use std::time::Duration;

use openclaw_config::{Base, EditError, Editor, Losses, Terms, Validity, edit, nothing_between, redact};
use openclaw_protocol::frame::ErrorShape;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{Call, Reply, RpcError, RpcResult, attempt};
use super::read::issue;
use crate::core::Core;
use crate::reload::Outcome;
use crate::restart_note::{RestartNote, Why};
use crate::wake::wake;

/// A restart that nobody asked for in so many words leaves the answer time to arrive.
const SET_DELAY: Duration = Duration::from_millis(300);
/// Who asks for a restart may have more to do first (release: the same).
const DEFAULT_RESTART_DELAY_MS: u64 = 2_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WriteParams {
    raw: String,
    #[serde(default)]
    base_hash: Option<String>,
    #[serde(default)]
    session_key: Option<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    restart_delay_ms: Option<u64>,
}

/// What is done with the text that was sent.
type Take = fn(&mut Editor, &str) -> Result<(), EditError>;

pub(in crate::rpc) fn set(call: &Call<'_>) -> Reply {
    let params: WriteParams = attempt!(call.params());
    let core = Arc::clone(call.core);
    Reply::later(async move {
        let written = write(&core, Editor::take_document, &params).await?;
        settle(&core, SET_DELAY, Wish::AsConfigured).await;
        Ok(json!({"ok": true, "path": core.locations.config_path, "config": written}))
    })
}

pub(in crate::rpc) fn patch(call: &Call<'_>) -> Reply {
    let params: WriteParams = attempt!(call.params());
    let core = Arc::clone(call.core);
    Reply::later(change(core, Why::Patch, Editor::take_patch, params))
}

pub(in crate::rpc) fn apply(call: &Call<'_>) -> Reply {
    let params: WriteParams = attempt!(call.params());
    let core = Arc::clone(call.core);
    Reply::later(change(core, Why::Apply, Editor::take_document, params))
}

/// Writes, applies, and has the gateway start again if the change needs it. Whoever asked is told in their session: at
/// once, or by the gateway that has started again.
async fn change(core: Arc<Core>, why: Why, take: Take, params: WriteParams) -> RpcResult {
    let config = write(&core, take, &params).await?;
    let delay = Duration::from_millis(params.restart_delay_ms.unwrap_or(DEFAULT_RESTART_DELAY_MS));
    let note = RestartNote {
        why,
        at_ms: core.now_ms(),
        session_key: params.session_key.filter(|key| !key.trim().is_empty()),
        message: params.note.filter(|note| !note.trim().is_empty()),
    };
    let restarts = settle(&core, delay, Wish::InForce).await == Settled::Restarts;
    let path = match restarts {
        true => keep(&core, &note).await,
        false => {
            wake(&core, &note);
            None
        }
    };
    Ok(json!({
        "ok": true, "path": core.locations.config_path, "config": config,
        "restart": {
            "ok": true, "pid": std::process::id(), "signal": "SIGUSR1", "delayMs": delay.as_millis(),
            "reason": why.as_str(), "mode": if restarts { "emit" } else { "none" },
        },
        "sentinel": {"path": path, "payload": note.payload(&core.locations.config_path)},
    }))
}

/// Changes the files; returns the configuration as it is now, secrets hidden.
async fn write(core: &Arc<Core>, take: Take, params: &WriteParams) -> Result<Value, RpcError> {
    let (core, raw, base) = (Arc::clone(core), params.raw.clone(), params.base_hash.clone());
    let work = move || {
        let base = Base::Hash(base.as_deref().filter(|hash| !hash.is_empty()));
        let terms = Terms { base, validity: Validity::Valid, losses: Losses::Stage };
        let made = |editor: &mut Editor| take(editor, &raw);
        let (draft, _) = edit(&core.locations, core.reload.env(), &terms, &mut nothing_between, &made)?;
        Ok(redact(draft.value()))
    };
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| RpcError::from(ErrorShape::unavailable(error.to_string())))?;
    done.map_err(|error: EditError| refusal(&error).into())
}

/// The error of an edit, in the release's words where clients look for them.
fn refusal(error: &EditError) -> ErrorShape {
    let problems = match error {
        EditError::Invalid { problems } => problems,
        EditError::Read(error) if !error.problems().is_empty() => error.problems(),
        EditError::Write { .. } | EditError::Busy { .. } => {
            return ErrorShape::unavailable(error.to_string());
        }
        EditError::Read(_)
        | EditError::Change(_)
        | EditError::Scattered { .. }
        | EditError::Entangled { .. }
        | EditError::NothingHidden { .. }
        | EditError::NoBase
        | EditError::OtherBase
        | EditError::Changed { .. }
        | EditError::Lossy { .. } => return ErrorShape::invalid(error.to_string()),
    };
    let issues: Vec<Value> = problems.iter().map(issue).collect();
    ErrorShape::invalid("invalid config").with_details(json!({ "issues": issues }))
}

/// What the running gateway made of the written files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// It works with them, or says in its health why not.
    Runs,
    /// It starts again with them.
    Restarts,
}

/// How much the caller wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// What `gateway.reload.mode` makes of a change.
    AsConfigured,
    /// That the change holds, with a restart if nothing else helps.
    InForce,
}

/// Has the files looked at now.
pub(super) async fn settle(core: &Arc<Core>, delay: Duration, wish: Wish) -> Settled {
    match core.reload.written(delay).await {
        Some(Outcome::Restarting { .. }) => Settled::Restarts,
        Some(Outcome::Ignored | Outcome::RestartNeeded { .. }) if wish == Wish::InForce => {
            core.request_restart(delay, "configuration changed");
            Settled::Restarts
        }
        Some(
            Outcome::Ignored
            | Outcome::RestartNeeded { .. }
            | Outcome::Unchanged
            | Outcome::Applied { .. }
            | Outcome::Staged { .. }
            | Outcome::Invalid { .. },
        )
        | None => Settled::Runs,
    }
}

/// Keeps the note for the gateway that will have started again; its path, if that worked.
async fn keep(core: &Arc<Core>, note: &RestartNote) -> Option<String> {
    let (core, note) = (Arc::clone(core), note.clone());
    let kept = tokio::task::spawn_blocking(move || note.keep(&core.locations)).await;
    match kept {
        Ok(Ok(path)) => Some(path.display().to_string()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "nobody will be told of the restart");
            None
        }
        // A panic was logged by the task.
        Err(_) => None,
    }
}
