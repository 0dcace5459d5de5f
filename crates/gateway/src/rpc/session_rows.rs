//! How sessions look in lists.

use openclaw_agent::nature::kind;
use openclaw_agent::{AgentRuntime, OVERRIDES};
use openclaw_models::ModelInfo;
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{SessionEntry, field};
use serde_json::{Map, Value, json};

use crate::agents::Agents;

/// Entry fields that `sessions.list` shows as they are, besides those that may be set for one session.
const SHOWN: &[&str] = &[
    "label",
    "displayName",
    "channel",
    "subject",
    "groupChannel",
    "space",
    "chatType",
    "origin",
    "systemSent",
    "abortedLastRun",
    "inputTokens",
    "outputTokens",
    "modelProvider",
    "model",
    "contextTokens",
    "deliveryContext",
    "lastChannel",
    "lastTo",
    "lastAccountId",
    "spawnedBy",
    // Not in the release's rows; clients pass over what they do not know.
    "previousSessionId",
    "compactionCount",
    "providerOverride",
];

/// The model of the default agent, as lists name it.
pub(super) fn defaults(agents: &Agents) -> Value {
    let model = agents
        .get(&agents.default_id)
        .and_then(|agent| agent.models.describe(&agent.models.default_reference()).ok());
    match model {
        Some(info) => defaults_of(&info),
        None => json!({"modelProvider": null, "model": null, "contextTokens": null}),
    }
}

fn defaults_of(info: &ModelInfo) -> Value {
    json!({"modelProvider": info.provider, "model": info.id, "contextTokens": info.context_window})
}

/// A row of `sessions.list`.
pub(super) fn list_row(key: &SessionKey, entry: &SessionEntry) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("key".to_owned(), json!(key));
    row.insert("kind".to_owned(), json!(kind(key, Some(entry))));
    for name in SHOWN.iter().chain(OVERRIDES) {
        if let Some(value) = entry.json(name) {
            row.insert((*name).to_owned(), value);
        }
    }
    row.insert("updatedAt".to_owned(), json!(entry.updated_at()));
    row.insert("sessionId".to_owned(), json!(entry.session_id().as_str()));
    row.insert("totalTokens".to_owned(), json!(entry.get(field::TOTAL_TOKENS).unwrap_or(0)));
    row
}

/// A row of `status`.
pub(super) fn status_row(agent: &AgentRuntime, key: &str, entry: &SessionEntry, now_ms: i64) -> Value {
    let canonical = SessionKey::canonical(key, &agent.id, &agent.settings.main_key);
    let info = agent.model_of(entry).ok();
    let window = info.as_ref().map(|info| u64::from(info.context_window));
    let total = entry.get(field::TOTAL_TOKENS).unwrap_or(0);
    let mut row = json!({
        "agentId": agent.id, "key": key, "kind": kind(&canonical, Some(entry)), "sessionId": entry.session_id().as_str(),
        "updatedAt": entry.updated_at(), "age": now_ms - entry.updated_at(),
        "systemSent": entry.get(field::SYSTEM_SENT).unwrap_or(false),
        "abortedLastRun": entry.get(field::ABORTED_LAST_RUN).unwrap_or(false),
        "totalTokens": total,
        "remainingTokens": window.map(|window| window.saturating_sub(total)),
        "percentUsed": window.filter(|window| *window > 0).map(|window| total * 100 / window),
        "model": info.as_ref().map(|info| info.id.as_str()), "contextTokens": window, "flags": [],
    });
    if let Some(row) = row.as_object_mut() {
        for name in [
            "thinkingLevel",
            "verboseLevel",
            "reasoningLevel",
            "elevatedLevel",
            "inputTokens",
            "outputTokens",
        ] {
            if let Some(value) = entry.json(name) {
                row.insert(name.to_owned(), value);
            }
        }
    }
    row
}
