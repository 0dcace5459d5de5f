//! `sessions.patch`: what is set for one session alone.

use std::sync::Arc;

use openclaw_agent::AgentRuntime;
use openclaw_protocol::frame::ErrorShape;
use openclaw_protocol::session_key::{Conversation, SessionKey};
use openclaw_store::{SessionEntry, SessionId, field};
use serde_json::{Map, Value, json};

use super::sessions::target;
use super::{Call, Reply, RpcError, RpcResult, attempt};
use crate::core::Core;
use crate::text::clip;

/// What a field may hold.
enum Values {
    /// One of these, in any case.
    OneOf(&'static [&'static str]),
    /// A text that is not empty.
    Text,
}

/// Fields that a patch may set, or clear with `null`, as the release spells them. `model` is apart: it is two fields.
const FIELDS: &[(&str, Values)] = &[
    ("label", Values::Text),
    ("thinkingLevel", Values::OneOf(&["off", "minimal", "low", "medium", "high", "xhigh"])),
    ("verboseLevel", Values::OneOf(&["off", "on", "full"])),
    ("reasoningLevel", Values::OneOf(&["off", "on", "stream"])),
    ("responseUsage", Values::OneOf(&["off", "tokens", "full", "on"])),
    ("elevatedLevel", Values::OneOf(&["off", "on", "ask", "full"])),
    ("execHost", Values::OneOf(&["sandbox", "gateway", "node"])),
    ("execSecurity", Values::OneOf(&["deny", "allowlist", "full"])),
    ("execAsk", Values::OneOf(&["off", "on-miss", "always"])),
    ("execNode", Values::Text),
    ("spawnedBy", Values::Text),
    ("sendPolicy", Values::OneOf(&["allow", "deny"])),
    ("groupActivation", Values::OneOf(&["mention", "always"])),
];

/// A checked patch: the fields that change, and their values; nothing clears one.
type Changes = Vec<(&'static str, Option<String>)>;

pub(super) fn patch(call: &Call<'_>) -> Reply {
    let params: Map<String, Value> = attempt!(call.params());
    let given = params.get("key").and_then(Value::as_str).unwrap_or_default();
    let (agent, key) = attempt!(target(call, given));
    let changes = attempt!(changes(&params));
    attempt!(check_label(&agent, &key, &changes));
    attempt!(check_parent(&agent, &key, &changes));
    let model = attempt!(model_override(&agent, params.get("model")));
    let core = Arc::clone(call.core);
    Reply::blocking(move || patch_now(&core, &agent, &key, &(changes, model)))
}

/// The changes that a patch asks for, or the first that is no value of its field.
fn changes(params: &Map<String, Value>) -> Result<Changes, ErrorShape> {
    let mut changes = Vec::new();
    for (name, values) in FIELDS {
        let value = match params.get(*name) {
            None => continue,
            Some(Value::Null) => None,
            Some(value) => {
                let given = value.as_str().unwrap_or_default().trim();
                match values {
                    Values::OneOf(values) => {
                        let meant = values.iter().find(|value| value.eq_ignore_ascii_case(given));
                        let meant = meant.ok_or_else(|| {
                            ErrorShape::invalid(format!("invalid {name} (use {})", values.join("|")))
                        })?;
                        Some((*meant).to_owned())
                    }
                    Values::Text if given.is_empty() => {
                        return Err(ErrorShape::invalid(format!("invalid {name}: empty")));
                    }
                    Values::Text => Some(given.to_owned()),
                }
            }
        };
        changes.push((*name, value));
    }
    Ok(changes)
}

fn change_of<'a>(changes: &'a Changes, name: &str) -> Option<&'a Option<String>> {
    changes.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// A label belongs to one session.
fn check_label(agent: &AgentRuntime, key: &SessionKey, changes: &Changes) -> Result<(), ErrorShape> {
    let Some(Some(label)) = change_of(changes, "label") else { return Ok(()) };
    match agent.sessions.find_by_label(label) {
        Some(holder) if holder != key.as_str() => {
            Err(ErrorShape::invalid(format!("label already in use: {}", clip(label, 64))))
        }
        Some(_) | None => Ok(()),
    }
}

/// Who spawned a session is said once, and of spawned sessions only.
fn check_parent(agent: &AgentRuntime, key: &SessionKey, changes: &Changes) -> Result<(), ErrorShape> {
    let Some(wanted) = change_of(changes, "spawnedBy") else { return Ok(()) };
    let entry = agent.sessions.get(key.as_str());
    let known = entry.as_ref().and_then(|entry| entry.text(field::SPAWNED_BY));
    let is_spawned = matches!(key.conversation(&agent.settings.main_key), Some(Conversation::Subagent(_)));
    match (wanted, known) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(ErrorShape::invalid("spawnedBy cannot be cleared once set")),
        (Some(_), _) if !is_spawned => {
            Err(ErrorShape::invalid("spawnedBy is only supported for subagent:* sessions"))
        }
        (Some(wanted), Some(known)) if wanted != known => {
            Err(ErrorShape::invalid("spawnedBy cannot be changed once set"))
        }
        (Some(_), Some(_) | None) => Ok(()),
    }
}

/// What `model` asks for: nothing, the default again, or a model that exists.
enum ModelChange {
    Keep,
    Clear,
    Set { provider: String, model: String },
}

fn model_override(agent: &AgentRuntime, value: Option<&Value>) -> Result<ModelChange, RpcError> {
    match value {
        None => Ok(ModelChange::Keep),
        Some(Value::Null) => Ok(ModelChange::Clear),
        Some(value) => {
            let reference = value.as_str().unwrap_or_default().trim();
            if reference.is_empty() {
                return Err(ErrorShape::invalid("invalid model: empty").into());
            }
            let model = agent
                .models
                .resolve(reference)
                .map_err(|error| RpcError::from(ErrorShape::invalid(error.plain_words())))?;
            let info = model.describe();
            Ok(ModelChange::Set { provider: info.provider.to_string(), model: info.id.clone() })
        }
    }
}

fn patch_now(
    core: &Core,
    agent: &AgentRuntime,
    key: &SessionKey,
    (changes, model): &(Changes, ModelChange),
) -> RpcResult {
    let now = core.now_ms();
    agent.sessions.get_or_create(key.as_str(), || SessionEntry::new(&SessionId::random(), now))?;
    let entry = agent.sessions.patch(key.as_str(), |entry| {
        for (name, value) in changes {
            match value {
                None => entry.remove(name),
                Some(value) => entry.set_json(name, value.as_str().into()),
            }
        }
        match model {
            ModelChange::Keep => {}
            ModelChange::Clear => {
                entry.clear(field::MODEL_OVERRIDE);
                entry.clear(field::PROVIDER_OVERRIDE);
            }
            ModelChange::Set { provider, model } => {
                entry.set_text(field::PROVIDER_OVERRIDE, provider);
                entry.set_text(field::MODEL_OVERRIDE, model);
            }
        }
        entry.set(field::UPDATED_AT, &entry.updated_at().max(now));
    })?;
    let resolved = entry.as_ref().and_then(|entry| agent.model_of(entry).ok()).map(|model| {
        let info = model.describe();
        json!({"modelProvider": info.provider, "model": info.id})
    });
    Ok(json!({
        "ok": true, "path": agent.sessions.path().to_string_lossy(), "key": key, "entry": entry,
        "resolved": resolved,
    }))
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, Values, changes};
    use serde_json::{Map, Value, json};

    fn params(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn every_field_takes_its_values_and_null_and_nothing_else() {
        for (name, values) in FIELDS {
            let set = |value: Value| changes(&params(json!({"key": "k", (*name): value})));
            assert_eq!(set(Value::Null).unwrap(), [(*name, None)]);
            match values {
                Values::OneOf(values) => {
                    for value in *values {
                        let given = format!(" {} ", value.to_uppercase());
                        assert_eq!(set(json!(given)).unwrap(), [(*name, Some((*value).to_owned()))]);
                    }
                    let refused = set(json!("sometimes")).unwrap_err().message;
                    assert_eq!(refused, format!("invalid {name} (use {})", values.join("|")));
                }
                Values::Text => {
                    assert_eq!(set(json!(" Mine ")).unwrap(), [(*name, Some("Mine".to_owned()))]);
                    assert_eq!(set(json!(" ")).unwrap_err().message, format!("invalid {name}: empty"));
                }
            }
            assert!(set(json!("")).is_err(), "{name}");
        }
        assert_eq!(changes(&params(json!({"key": "k"}))).unwrap(), []);
    }
}
