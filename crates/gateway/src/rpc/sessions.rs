//! The session methods.

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_agent::nature::kind;
use openclaw_agent::send_policy::SendDecision;
use openclaw_agent::turn::AbortReason;
use openclaw_agent::{AgentRuntime, Deleted, Job, TranscriptFate};
use openclaw_protocol::frame::ErrorShape;
use openclaw_protocol::session_key::{SessionKey, SessionKind};
use openclaw_store::{SessionEntry, SessionId, StoreError, field, read_tail};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::session_patch::parent_key;
use super::session_rows::{defaults, list_row};
use super::{Call, Reply, RpcError, attempt};
use crate::agents::Agents;
use crate::core::Core;
use crate::text::{clip, display_text};

/// Characters of a derived title and of the last message in lists.
const TITLE_CHARS: usize = 60;
const LAST_MESSAGE_CHARS: usize = 120;
/// Messages read to find a title or a last text.
const PEEK: usize = 12;
/// Keys answered by one `sessions.preview` (release: the first 64).
const MAX_PREVIEWS: usize = 64;
/// Lists longer than this read no transcripts: a title for each of ten thousand sessions is ten thousand files.
const MAX_PEEKED: usize = 200;
/// How long a list waits for sessions that are still being found after the index was lost; it runs off the reactor.
const FIND_WAIT: std::time::Duration = std::time::Duration::from_millis(500);
/// How long `sessions.delete` waits for a running answer to stop.
const DELETE_WAIT: std::time::Duration = std::time::Duration::from_secs(15);

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase", default)]
struct ListParams {
    limit: usize,
    active_minutes: Option<i64>,
    include_global: bool,
    include_unknown: bool,
    include_derived_titles: bool,
    include_last_message: bool,
    #[serde(flatten)]
    filter: Filter,
}

#[derive(Deserialize, Clone, Default)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    #[serde(skip)]
    session_id: Option<SessionId>,
    label: Option<String>,
    spawned_by: Option<String>,
    agent_id: Option<String>,
    search: Option<String>,
}

impl Default for ListParams {
    fn default() -> Self {
        Self {
            limit: usize::MAX,
            active_minutes: None,
            include_global: false,
            include_unknown: false,
            include_derived_titles: false,
            include_last_message: false,
            filter: Filter::default(),
        }
    }
}

/// A session on its way into a list.
struct Found {
    agent: Arc<AgentRuntime>,
    key: SessionKey,
    entry: Arc<SessionEntry>,
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let params: ListParams = attempt!(call.params());
    let core = Arc::clone(call.core);
    // Ten thousand sessions are megabytes of JSON.
    let now = Arc::clone(&call.now);
    Reply::blocking(move || Ok(rows(&core, &now.agents, &params)))
}

fn find(core: &Core, agents: &Agents, params: &ListParams) -> Vec<Found> {
    let oldest = params.active_minutes.map(|minutes| core.now_ms() - minutes.saturating_mul(60_000));
    let wanted_agent = params.filter.agent_id.as_deref().map(openclaw_protocol::session_key::agent_id);
    let mut found: Vec<Found> = Vec::new();
    for agent in agents.all.values() {
        if wanted_agent.as_ref().is_some_and(|wanted| *wanted != agent.id) {
            continue;
        }
        agent.sessions.wait_until_rebuilt(FIND_WAIT);
        for (key, entry) in agent.sessions.list() {
            let key = SessionKey::canonical(&key, &agent.id, &agents.main_key);
            let kind_fits = match kind(&key, Some(&entry)) {
                SessionKind::Global => params.include_global,
                SessionKind::Unknown => params.include_unknown,
                SessionKind::Direct | SessionKind::Group => true,
            };
            let fresh = oldest.is_none_or(|oldest| entry.updated_at() >= oldest);
            if kind_fits && fresh && !key.is_hidden() && matches(agent, &params.filter, (&key, &entry)) {
                found.push(Found { agent: Arc::clone(agent), key, entry });
            }
        }
    }
    found.sort_by_key(|row| std::cmp::Reverse(row.entry.updated_at()));
    found.truncate(params.limit);
    found
}

/// Whether a session is one that another spawned, if that is asked: under any name of it.
fn is_child(agent: &AgentRuntime, entry: &SessionEntry, of: Option<&str>) -> bool {
    let is_of = |parent: &str| {
        let known = entry.text(field::SPAWNED_BY);
        known.is_some_and(|known| parent_key(agent, known) == parent_key(agent, parent))
    };
    of.is_none_or(is_of)
}

fn matches(agent: &AgentRuntime, filter: &Filter, (key, entry): (&SessionKey, &SessionEntry)) -> bool {
    let equals = |wanted: &Option<String>, which| {
        wanted.as_deref().is_none_or(|wanted| entry.text(which) == Some(wanted))
    };
    let search =
        filter.search.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase);
    let found = search.is_none_or(|text| {
        let fields = [Some(key.as_str()), entry.text(field::LABEL), entry.text(field::DISPLAY_NAME)];
        fields.into_iter().flatten().any(|value| value.to_lowercase().contains(&text))
            || entry.session_id().as_str().contains(&text)
    });
    filter.session_id.as_ref().is_none_or(|id| *id == entry.session_id())
        && equals(&filter.label, field::LABEL)
        && is_child(agent, entry, filter.spawned_by.as_deref())
        && found
}

fn rows(core: &Core, agents: &Agents, params: &ListParams) -> Value {
    let sessions: Vec<Value> = find(core, agents, params)
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let mut map = list_row(&row.key, &row.entry);
            if index < MAX_PEEKED {
                peek(row, params, &mut map);
            }
            Value::Object(map)
        })
        .collect();
    json!({
        "ts": core.now_ms(), "path": "(multiple)", "count": sessions.len(), "defaults": defaults(agents),
        "sessions": sessions,
    })
}

fn peek(row: &Found, params: &ListParams, map: &mut Map<String, Value>) {
    if !params.include_derived_titles && !params.include_last_message {
        return;
    }
    let messages = newest_messages(&row.agent, &row.entry, PEEK).unwrap_or_default();
    let texts: Vec<(&str, String)> = messages
        .iter()
        .filter_map(|message| {
            let role = message.get("role")?.as_str()?;
            let text = display_text(message);
            (!text.trim().is_empty() && role != "toolResult").then_some((role, text))
        })
        .collect();
    if params.include_derived_titles
        && let Some((_, text)) = texts.iter().find(|(role, _)| *role == "user")
    {
        map.insert("derivedTitle".to_owned(), json!(clip(&text.replace('\n', " "), TITLE_CHARS)));
    }
    if params.include_last_message
        && let Some((_, text)) = texts.last()
    {
        map.insert("lastMessagePreview".to_owned(), json!(clip(text, LAST_MESSAGE_CHARS)));
    }
}

/// The last messages of a session; none while nothing was said in it.
pub(super) fn newest_messages(
    agent: &AgentRuntime,
    entry: &SessionEntry,
    count: usize,
) -> Result<Vec<Value>, StoreError> {
    let path = transcript(agent, entry);
    if path.exists() { read_tail(&path, count) } else { Ok(Vec::new()) }
}

/// The transcript file of a session of an agent. Its directory is never taken from the index (V-082).
fn transcript(agent: &AgentRuntime, entry: &SessionEntry) -> PathBuf {
    agent.sessions_dir.join(entry.transcript_file_name())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreviewParams {
    keys: Vec<String>,
    #[serde(default = "default_preview_limit")]
    limit: usize,
    #[serde(default = "default_preview_chars")]
    max_chars: usize,
}

fn default_preview_limit() -> usize {
    12
}

fn default_preview_chars() -> usize {
    240
}

pub(super) fn preview(call: &Call<'_>) -> Reply {
    let params: PreviewParams = attempt!(call.params());
    let (core, now) = (Arc::clone(call.core), Arc::clone(&call.now));
    Reply::blocking(move || {
        let preview = |key: &String| preview_of(&now.agents, key, &params);
        let previews: Vec<Value> = params.keys.iter().take(MAX_PREVIEWS).map(preview).collect();
        Ok(json!({"ts": core.now_ms(), "previews": previews}))
    })
}

fn preview_of(agents: &Agents, given: &str, params: &PreviewParams) -> Value {
    let key = agents.key(given);
    let found = agents.of_key(&key).and_then(|agent| Some((agent, agent.sessions.get(key.as_str())?)));
    let Some((agent, entry)) = found else {
        return json!({"key": given, "status": "missing", "items": []});
    };
    match newest_messages(agent, &entry, params.limit.min(1_000)) {
        Err(_) => json!({"key": given, "status": "error", "items": []}),
        Ok(messages) => {
            let items: Vec<Value> = messages
                .iter()
                .map(|message| {
                    let role = match message.get("role").and_then(Value::as_str) {
                        Some(role @ ("user" | "assistant")) => role,
                        Some("toolResult") => "tool",
                        Some(_) | None => "other",
                    };
                    json!({"role": role, "text": clip(&display_text(message), params.max_chars)})
                })
                .filter(|item| item.get("text").and_then(Value::as_str).is_some_and(|text| !text.is_empty()))
                .collect();
            let status = if items.is_empty() { "empty" } else { "ok" };
            json!({"key": given, "status": status, "items": items})
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResolveParams {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    session_id: Option<String>,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    agent_id: Option<String>,
    #[serde(default)]
    spawned_by: Option<String>,
    #[serde(default)]
    include_global: bool,
    #[serde(default)]
    include_unknown: bool,
}

impl ResolveParams {
    /// The list in which the session is looked for.
    fn list(&self, filter: Filter) -> ListParams {
        let filter =
            Filter { agent_id: self.agent_id.clone(), spawned_by: self.spawned_by.clone(), ..filter };
        ListParams {
            include_global: self.include_global,
            include_unknown: self.include_unknown,
            filter,
            ..ListParams::default()
        }
    }
}

pub(super) fn resolve(call: &Call<'_>) -> Reply {
    let params: ResolveParams = attempt!(call.params());
    let (core, now) = (Arc::clone(call.core), Arc::clone(&call.now));
    Reply::blocking(move || {
        let agents = &now.agents;
        let missing = |asked: &str| ErrorShape::invalid(format!("No session found: {}", clip(asked, 200)));
        let (found, asked) = match (&params.key, &params.session_id, &params.label) {
            (Some(key), None, None) => {
                let found = resolve_key(agents, key, &params).ok_or_else(|| missing(key))?;
                return Ok(json!({"ok": true, "key": found}));
            }
            (None, Some(id), None) => {
                let session_id = SessionId::parse(id).map_err(|_| missing(id))?;
                let filter = Filter { session_id: Some(session_id), ..Filter::default() };
                (find(&core, agents, &params.list(filter)), id)
            }
            (None, None, Some(label)) => {
                let filter = Filter { label: Some(label.trim().to_owned()), ..Filter::default() };
                (find(&core, agents, &params.list(filter)), label)
            }
            _ => return Err(ErrorShape::invalid("exactly one of key, sessionId, label is needed").into()),
        };
        match found.as_slice() {
            [] => Err(missing(asked).into()),
            [found] => Ok(json!({"ok": true, "key": found.key})),
            [first, second, ..] => Err(ErrorShape::invalid(format!(
                "Multiple sessions found: {} ({}, {}); name the agent or the key",
                clip(asked, 200),
                first.key,
                second.key
            ))
            .into()),
        }
    })
}

/// The session of a key, if there is one and it is what the caller says of it.
fn resolve_key(agents: &Agents, given: &str, params: &ResolveParams) -> Option<SessionKey> {
    let wanted = params.agent_id.as_deref().map(openclaw_protocol::session_key::agent_id);
    let key = agents.key_for(given, wanted.as_deref().unwrap_or(&agents.default_id));
    let agent = agents.of_key(&key)?;
    let entry = agent.sessions.get(key.as_str())?;
    let is_child = is_child(agent, &entry, params.spawned_by.as_deref());
    (wanted.is_none_or(|wanted| wanted == agent.id) && is_child).then_some(key)
}

/// The agent and key a session method is about.
pub(super) fn target(call: &Call<'_>, given: &str) -> Result<(Arc<AgentRuntime>, SessionKey), RpcError> {
    let key = call.now.agents.key(given);
    match call.now.agents.of_key(&key) {
        Some(agent) => Ok((Arc::clone(agent), key)),
        None => {
            Err(ErrorShape::invalid(format!("unknown agent in session key: {}", clip(given, 200))).into())
        }
    }
}

#[derive(Deserialize)]
struct KeyParams {
    key: String,
}

pub(super) fn reset(call: &Call<'_>) -> Reply {
    let params: KeyParams = attempt!(call.params());
    let (agent, key) = attempt!(target(call, &params.key));
    let core = Arc::clone(call.core);
    core.runs.abort(&key, None, AbortReason::Rpc);
    let (done, reset) = oneshot::channel();
    attempt!(submit(&core, &agent, &key, Job::Reset { done }));
    Reply::later(async move {
        let entry = reset.await.map_err(|_| interrupted(&key))??;
        Ok(json!({"ok": true, "key": key, "entry": entry}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeleteParams {
    key: String,
    #[serde(default)]
    delete_transcript: Option<bool>,
}

pub(super) fn delete(call: &Call<'_>) -> Reply {
    let params: DeleteParams = attempt!(call.params());
    let (agent, key) = attempt!(target(call, &params.key));
    if call.now.agents.is_main(&key) {
        return Reply::invalid(format!("Cannot delete the main session ({key})."));
    }
    let core = Arc::clone(call.core);
    core.runs.abort(&key, None, AbortReason::Rpc);
    let transcript =
        if params.delete_transcript == Some(false) { TranscriptFate::Kept } else { TranscriptFate::Archived };
    let (done, deleted) = oneshot::channel();
    attempt!(submit(&core, &agent, &key, Job::Delete { transcript, done }));
    Reply::later(async move {
        match tokio::time::timeout(DELETE_WAIT, deleted).await {
            Ok(Ok(deleted)) => {
                let Deleted { existed, archived } = deleted?;
                let archived: Vec<_> = archived.iter().map(|path| path.to_string_lossy()).collect();
                Ok(json!({"ok": true, "key": key, "deleted": existed, "archived": archived}))
            }
            Ok(Err(_)) => Err(interrupted(&key)),
            Err(_) => Err(ErrorShape::unavailable(format!("session {key} is still busy; try again")).into()),
        }
    })
}

/// Stops a message to a session that `session.sendPolicy`, or the session itself, closes.
pub(super) fn may_send(agent: &AgentRuntime, key: &SessionKey) -> Result<(), ErrorShape> {
    match agent.may_send(key) {
        SendDecision::Allow => Ok(()),
        // The release's words: clients look for them.
        SendDecision::Deny => {
            let entry = agent.sessions.get(key.as_str());
            let own = entry.as_ref().and_then(|entry| entry.text(field::SEND_POLICY)).map(str::trim);
            let is_own = own.is_some_and(|own| own.eq_ignore_ascii_case("deny"));
            let rule = if is_own { "sendPolicy of the session" } else { "session.sendPolicy" };
            let details = json!({"session": key, "rule": rule});
            Err(ErrorShape::invalid("send blocked by session policy").with_details(details))
        }
    }
}

/// Hands a job to the session's lane.
pub(super) fn submit(
    core: &Core,
    agent: &Arc<AgentRuntime>,
    key: &SessionKey,
    job: Job,
) -> Result<(), RpcError> {
    core.lanes
        .submit(agent, key, job)
        .map_err(|error| ErrorShape::unavailable(error.to_string()).retry_after(1_000).into())
}

/// The lane ended before it answered.
pub(super) fn interrupted(key: &SessionKey) -> RpcError {
    ErrorShape::unavailable(format!("the work on session {key} broke off; try again")).into()
}
