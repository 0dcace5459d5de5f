//! `config.set`, `config.patch`, `config.apply`: edits of the file, then what the running gateway makes of them.

use std::sync::Arc;
use std::time::Duration;

use openclaw_config::{Base, EditError, Editor, Losses, Terms, Validity, edit, redact};
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
        let config = write(&core, Editor::take_document, &params).await?;
        let settled = settle(&core, SET_DELAY, Wish::AsConfigured).await;
        let mut answer = json!({"ok": true, "path": core.locations.config_path, "config": config});
        settled.tell(&mut answer);
        Ok(answer)
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
    let note = RestartNote::new(why, core.now_ms(), params.session_key, params.note);
    // Kept before a restart can begin: the gateway that has started again looks for it at once.
    let kept = keep(&core, &note).await;
    let settled = settle(&core, delay, Wish::InForce).await;
    let restarts = matches!(settled, Settled::Restarts);
    if !restarts {
        forget(&core).await;
        wake(&core, &note, settled.held_back());
    }
    let mut answer = json!({
        "ok": true, "path": core.locations.config_path, "config": config,
        "restart": {
            "ok": settled.held_back().is_none(), "pid": std::process::id(), "signal": "SIGUSR1",
            "delayMs": delay.as_millis(), "reason": why.as_str(), "mode": if restarts { "emit" } else { "none" },
        },
        "sentinel": {"path": kept.filter(|_| restarts), "payload": note.payload(&core.locations.config_path)},
    });
    settled.tell(&mut answer);
    Ok(answer)
}

/// Changes the files; returns the configuration as it is now, secrets hidden.
async fn write(core: &Arc<Core>, take: Take, params: &WriteParams) -> Result<Value, RpcError> {
    let (core, raw, base) = (Arc::clone(core), params.raw.clone(), params.base_hash.clone());
    let work = move || {
        let base = Base::Hash(base.as_deref().filter(|hash| !hash.is_empty()));
        let terms = Terms { base, validity: Validity::Valid, losses: Losses::Stage };
        let made = |editor: &mut Editor| take(editor, &raw);
        let (draft, _) = edit(&core.locations, core.reload.env(), &terms, &made)?;
        Ok(redact(draft.value()))
    };
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| RpcError::from(ErrorShape::unavailable(error.to_string())))?;
    done.map_err(|error: EditError| refusal(&error).into())
}

/// The error of an edit, in the release's words where clients look for them.
fn refusal(error: &EditError) -> ErrorShape {
    if matches!(error, EditError::Write { .. } | EditError::Busy { .. }) {
        return ErrorShape::unavailable(error.to_string());
    }
    let problems = error.problems();
    if problems.is_empty() {
        return ErrorShape::invalid(error.to_string());
    }
    let issues: Vec<Value> = problems.iter().map(issue).collect();
    // Clients of the release show the message alone, so the first problem is in it.
    let first = problems.first().map(|problem| format!(": {problem}")).unwrap_or_default();
    let more = match problems.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    ErrorShape::invalid(format!("invalid config{first}{more}")).with_details(json!({ "issues": issues }))
}

/// What the running gateway made of the written files.
pub(super) enum Settled {
    /// It works with them.
    Runs,
    /// It works with a part of them; these keys wait for a restart.
    Waits(Vec<String>),
    /// It starts again with them.
    Restarts,
    /// It goes on with what it had.
    HeldBack(String),
}

impl Settled {
    /// Why the change is not in force, if it is not.
    fn held_back(&self) -> Option<&str> {
        match self {
            Self::HeldBack(reason) => Some(reason),
            Self::Runs | Self::Waits(_) | Self::Restarts => None,
        }
    }

    /// Adds to an answer what became of the change.
    fn tell(&self, answer: &mut Value) {
        answer["applied"] = match self {
            Self::Runs => json!({"state": "applied"}),
            Self::Waits(pending) => json!({"state": "restart-needed", "pending": pending}),
            Self::Restarts => json!({"state": "restarting"}),
            Self::HeldBack(reason) => json!({"state": "held-back", "reason": reason}),
        };
    }
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
    let outcome = core.reload.written(delay).await;
    match outcome {
        Some(Outcome::Restarting { .. }) => Settled::Restarts,
        // Reloading is off, or waits for a restart: somebody asks for the change to hold.
        Some(Outcome::Ignored | Outcome::RestartNeeded { .. }) if wish == Wish::InForce => {
            core.request_restart(delay, "configuration changed");
            Settled::Restarts
        }
        Some(Outcome::Ignored) => Settled::HeldBack("gateway.reload.mode is off".to_owned()),
        Some(Outcome::RestartNeeded { pending, .. }) => Settled::Waits(pending),
        Some(Outcome::Unchanged | Outcome::Applied { .. }) => Settled::Runs,
        Some(Outcome::Staged { reason }) => Settled::HeldBack(reason),
        Some(Outcome::Invalid { problems }) => Settled::HeldBack(problems.join("; ")),
        None => Settled::HeldBack("the gateway is stopping".to_owned()),
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

/// Nobody has to be told by a gateway that has started again.
async fn forget(core: &Arc<Core>) {
    let core = Arc::clone(core);
    // A panic was logged by the task.
    tokio::task::spawn_blocking(move || RestartNote::forget(&core.locations)).await.ok();
}
