//! Status, agents, models, pairing codes.

use std::sync::Arc;

use openclaw_agent::AgentRuntime;
use openclaw_channels::{Counts, ask};
use openclaw_protocol::frame::ErrorShape;
use openclaw_protocol::methods::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::agents::Agents;

use super::session_rows::{defaults, status_row};
use super::{Call, Reply, attempt};

/// Newest sessions in `status`.
const RECENT: usize = 10;

#[derive(Deserialize)]
struct HealthParams {
    #[serde(default)]
    probe: Option<Value>,
}

/// Cached for a minute unless a probe is asked for.
pub(super) fn health(call: &Call<'_>) -> Reply {
    let params: HealthParams = attempt!(call.params());
    let core = call.core;
    let wants_probe = params.probe == Some(Value::Bool(true));
    let age = if wants_probe { crate::health::BURST_MS } else { crate::health::FRESH_MS };
    let cached = core.health.younger_than(age, core.now_ms());
    let mut health = cached.unwrap_or_else(|| core.health.renew(core));
    crate::health::look_again(core, &mut health);
    // Not in the summary that everybody hears: what is wrong with a file may quote it.
    if Scope::Admin.is_satisfied_by(&call.client.scopes)
        && let Some(config) = health.get_mut("config").and_then(Value::as_object_mut)
    {
        config.insert("problems".to_owned(), core.reload.problems());
    }
    Reply::Now(Ok(health))
}

/// What runs, and how much the outbox holds.
pub(super) fn status(call: &Call<'_>) -> Reply {
    let mut status = status_without_outbox(call);
    let core = Arc::clone(call.core);
    Reply::later(async move {
        // A ledger that does not answer takes nothing from the rest.
        let counts = ask(|done| core.ledger.counts(done)).await.map(Counts::from).ok();
        if let Some(status) = status.as_object_mut() {
            status.insert("outbox".to_owned(), json!(counts));
        }
        Ok(status)
    })
}

fn status_without_outbox(call: &Call<'_>) -> Value {
    let (core, agents) = (call.core, &call.now.agents);
    let now = core.now_ms();
    let mut recent = Vec::new();
    let mut by_agent = Vec::new();
    let mut paths = Vec::new();
    let mut count = 0;
    for agent in agents.all.values() {
        let mut rows = agent.sessions.list();
        rows.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.updated_at()));
        count += rows.len();
        let path = agent.sessions.path().to_string_lossy().into_owned();
        let newest: Vec<Value> =
            rows.iter().take(RECENT).map(|(key, entry)| status_row(agent, key, entry, now)).collect();
        recent.extend(newest.iter().cloned());
        by_agent.push(json!({"agentId": agent.id, "path": path, "count": rows.len(), "recent": newest}));
        paths.push(path);
    }
    recent.sort_by_key(|row| std::cmp::Reverse(row.get("updatedAt").and_then(Value::as_i64).unwrap_or(0)));
    recent.truncate(RECENT);
    let heartbeats: Vec<Value> = agents
        .all
        .values()
        .map(|agent| {
            let beat = crate::health::heartbeat(call.now.config());
            json!({"agentId": agent.id, "enabled": beat["enabled"], "every": beat["every"], "everyMs": null})
        })
        .collect();
    json!({
        "heartbeat": {"defaultAgentId": agents.default_id, "agents": heartbeats},
        "channelSummary": [], "queuedSystemEvents": [],
        "sessions": {
            "paths": paths, "count": count, "defaults": defaults(agents), "recent": recent, "byAgent": by_agent,
        },
        "gateway": {
            "version": crate::VERSION, "uptimeMs": core.uptime_ms(), "clients": core.hub.client_count(),
            "activeRuns": core.runs.active_count(), "activeSessions": core.lanes.active(),
            "address": core.address.to_string(),
        },
        "memory": memory_rows(agents),
        "disk": crate::health::disk(core),
        "unsupported": crate::unsupported::unsupported(&call.now.loaded, &core.locations.state_dir),
    })
}

/// Who answers for each memory, and who is out; ours, the release says nothing of it.
fn memory_rows(agents: &Agents) -> Vec<Value> {
    let row = |agent: &Arc<AgentRuntime>| {
        let mut row = json!(agent.memory.standing());
        row["agentId"] = json!(agent.id);
        row
    };
    agents.all.values().map(row).collect()
}

pub(super) fn agents(call: &Call<'_>) -> Reply {
    let agents = &call.now.agents;
    let configured = &call.now.config().agents.list;
    let rows: Vec<Value> = agents
        .all
        .values()
        .map(|agent| {
            let mut row = json!({"id": agent.id});
            let known = configured
                .iter()
                .find(|entry| openclaw_protocol::session_key::agent_id(&entry.id) == agent.id);
            if let (Some(row), Some(entry)) = (row.as_object_mut(), known) {
                if let Some(name) = &entry.name {
                    row.insert("name".to_owned(), json!(name));
                }
                let identity = &entry.identity;
                let shown = [
                    ("name", &identity.name),
                    ("theme", &identity.theme),
                    ("emoji", &identity.emoji),
                    ("avatar", &identity.avatar),
                ];
                let map: serde_json::Map<String, Value> = shown
                    .into_iter()
                    .filter_map(|(name, value)| value.as_ref().map(|value| (name.to_owned(), json!(value))))
                    .collect();
                if !map.is_empty() {
                    row.insert("identity".to_owned(), Value::Object(map));
                }
            }
            row
        })
        .collect();
    Reply::Now(Ok(json!({
        "defaultId": agents.default_id, "mainKey": agents.main_key, "scope": agents.scope.as_str(), "agents": rows,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdentityParams {
    #[serde(default)]
    agent_id: Option<String>,
    #[serde(default)]
    session_key: Option<String>,
}

pub(super) fn identity(call: &Call<'_>) -> Reply {
    let params: IdentityParams = attempt!(call.params());
    let agents = &call.now.agents;
    let id = params
        .agent_id
        .or_else(|| {
            params.session_key.as_deref().and_then(|key| agents.key(key).agent().map(ToOwned::to_owned))
        })
        .unwrap_or_else(|| agents.default_id.clone());
    let Some(agent) = agents.get(&id) else {
        return Reply::invalid(format!("unknown agent: {id}"));
    };
    let config = call.now.config();
    let entry = config
        .agents
        .list
        .iter()
        .find(|entry| openclaw_protocol::session_key::agent_id(&entry.id) == agent.id);
    let ui = config.system.ui.assistant.name.clone();
    let name =
        entry.and_then(|entry| entry.identity.name.clone()).or(ui).unwrap_or_else(|| "Assistant".to_owned());
    let avatar: String = name.chars().next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let mut result = json!({"agentId": agent.id, "name": name, "avatar": avatar});
    if let (Some(result), Some(emoji)) =
        (result.as_object_mut(), entry.and_then(|entry| entry.identity.emoji.clone()))
    {
        result.insert("emoji".to_owned(), json!(emoji));
    }
    Reply::Now(Ok(result))
}

/// No channel runs in this build; configured ones are errors in `status`.
pub(super) fn channels(call: &Call<'_>) -> Reply {
    Reply::Now(Ok(json!({
        "ts": call.core.now_ms(), "channelOrder": [], "channelLabels": {}, "channelDetailLabels": {},
        "channelSystemImages": {}, "channelMeta": [], "channels": {}, "channelAccounts": {},
        "channelDefaultAccountId": {},
    })))
}

pub(super) fn models(call: &Call<'_>) -> Reply {
    let agents = &call.now.agents;
    let models = agents.get(&agents.default_id).map(|agent| agent.models.list()).unwrap_or_default();
    Reply::Now(Ok(json!({ "models": models })))
}

pub(super) fn pairing_code(call: &Call<'_>) -> Reply {
    let core = call.core;
    match core.access.codes.issue(&call.client.scopes, core.now_ms()) {
        Ok((code, expires)) => Reply::Now(Ok(json!({"code": code.expose(), "expiresAtMs": expires}))),
        Err(error) => Reply::Now(Err(ErrorShape::unavailable(error.to_string()).into())),
    }
}
