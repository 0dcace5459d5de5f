//! `sessions.patch`: what is set for one session alone.

use std::sync::{Arc, Mutex, PoisonError};

use openclaw_agent::{AgentRuntime, choose_model};
use openclaw_models::catalog::{CatalogError, Reference};
use openclaw_protocol::frame::ErrorShape;
use openclaw_protocol::session_key::{Conversation, SessionKey};
use openclaw_store::{SessionId, field};
use serde_json::{Map, Value, json};

use super::sessions::target;
use super::{Call, Reply, RpcError, RpcResult, attempt};
use crate::agents::Agents;
use crate::core::Core;

/// What a field may hold.
enum Values {
    /// One of these, in any case.
    OneOf(&'static [&'static str]),
    /// A text in one line that is not empty, of so many characters at most.
    Text(usize),
}

/// Most characters of a name that people read (release: of a label).
const MAX_NAME: usize = 64;
/// Most characters of a session key or of the name of a model.
const MAX_KEY: usize = 512;

/// Fields that a patch may set, or clear with `null`, as the release spells them. `model` is apart: it is two fields.
const FIELDS: &[(&str, Values)] = &[
    ("label", Values::Text(MAX_NAME)),
    ("thinkingLevel", Values::OneOf(&["off", "minimal", "low", "medium", "high", "xhigh"])),
    ("verboseLevel", Values::OneOf(&["off", "on", "full"])),
    ("reasoningLevel", Values::OneOf(&["off", "on", "stream"])),
    ("responseUsage", Values::OneOf(&["off", "tokens", "full", "on"])),
    ("elevatedLevel", Values::OneOf(&["off", "on", "ask", "full"])),
    ("execHost", Values::OneOf(&["sandbox", "gateway", "node"])),
    ("execSecurity", Values::OneOf(&["deny", "allowlist", "full"])),
    ("execAsk", Values::OneOf(&["off", "on-miss", "always"])),
    ("execNode", Values::Text(MAX_NAME)),
    ("spawnedBy", Values::Text(MAX_KEY)),
    ("sendPolicy", Values::OneOf(&["allow", "deny"])),
    ("groupActivation", Values::OneOf(&["mention", "always"])),
];

/// Fields whose value is compared with what other sessions have, or with what was there.
const UNIQUE: &[&str] = &["label", "spawnedBy"];

/// Held from that comparison until the value is there: of two patches that ask for one label, one gets it.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A checked patch: the fields that change, and their values; nothing clears one.
type Changes = Vec<(&'static str, Option<String>)>;

pub(super) fn patch(call: &Call<'_>) -> Reply {
    let params: Map<String, Value> = attempt!(call.params());
    let given = params.get("key").and_then(Value::as_str).unwrap_or_default();
    let (agent, key) = attempt!(target(call, given));
    let mut changes = attempt!(changes(&params));
    name_parent(&agent, &mut changes);
    let model = attempt!(model_override(&agent, params.get("model")));
    let (core, now) = (Arc::clone(call.core), Arc::clone(&call.now));
    Reply::blocking(move || {
        let unique = changes.iter().any(|(name, _)| UNIQUE.contains(name));
        let turn = unique.then(|| ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner));
        check_label(&now.agents, &key, &changes)?;
        check_parent(&agent, &key, &changes)?;
        let answer = patch_now(&core, &agent, &key, &(changes, model));
        drop(turn);
        answer
    })
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
                    Values::Text(max) => Some(line(name, given, *max)?.to_owned()),
                }
            }
        };
        changes.push((*name, value));
    }
    Ok(changes)
}

/// A text that may stand in a list on a terminal.
fn line<'t>(name: &str, given: &'t str, max: usize) -> Result<&'t str, ErrorShape> {
    let wrong = match given {
        "" => "empty".to_owned(),
        _ if given.chars().count() > max => format!("too long (max {max})"),
        _ if given.chars().any(char::is_control) => {
            "it has control characters or more than one line".to_owned()
        }
        _ => return Ok(given),
    };
    Err(ErrorShape::invalid(format!("invalid {name}: {wrong}")))
}

fn change_of<'a>(changes: &'a Changes, name: &str) -> Option<&'a Option<String>> {
    changes.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// A label belongs to one session of all agents.
fn check_label(agents: &Agents, key: &SessionKey, changes: &Changes) -> Result<(), ErrorShape> {
    let Some(Some(label)) = change_of(changes, "label") else { return Ok(()) };
    let holders = agents
        .all
        .values()
        .filter_map(|agent| Some(agents.key_for(&agent.sessions.find_by_label(label)?, &agent.id)));
    match holders.into_iter().find(|holder| holder != key) {
        Some(_) => Err(ErrorShape::invalid(format!("label already in use: {label}"))),
        None => Ok(()),
    }
}

/// The key that a text names as the parent of a session of an agent.
pub(super) fn parent_key(agent: &AgentRuntime, text: &str) -> SessionKey {
    SessionKey::canonical(text, &agent.id, &agent.settings.main_key)
}

/// Who spawned a session is kept as a key, since who listens in it depends on that.
fn name_parent(agent: &AgentRuntime, changes: &mut Changes) {
    for (_, value) in changes.iter_mut().filter(|(name, _)| *name == "spawnedBy") {
        *value = value.take().map(|text| parent_key(agent, &text).to_string());
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
        (Some(wanted), Some(known)) if wanted != parent_key(agent, known).as_str() => {
            Err(ErrorShape::invalid("spawnedBy cannot be changed once set"))
        }
        (Some(_), Some(_) | None) => Ok(()),
    }
}

/// What `model` asks for: nothing, the default again, or a model that exists.
enum ModelChange {
    Keep,
    Clear,
    Set(Reference),
}

fn model_override(agent: &AgentRuntime, value: Option<&Value>) -> Result<ModelChange, RpcError> {
    match value {
        None => Ok(ModelChange::Keep),
        Some(Value::Null) => Ok(ModelChange::Clear),
        Some(value) => {
            let reference = line("model", value.as_str().unwrap_or_default().trim(), MAX_KEY)?;
            let refused = |error: CatalogError| RpcError::from(ErrorShape::invalid(error.plain_words()));
            Ok(ModelChange::Set(agent.choose_model(reference).map_err(refused)?))
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
    agent.sessions.get_or_create(key.as_str(), || agent.new_entry(key, &SessionId::random()))?;
    let entry = agent.sessions.patch(key.as_str(), |entry| {
        for (name, value) in changes {
            match value {
                None => entry.remove(name),
                Some(value) => entry.set_json(name, value.as_str().into()),
            }
        }
        match model {
            ModelChange::Keep => {}
            ModelChange::Clear => choose_model(entry, None),
            ModelChange::Set(chosen) => choose_model(entry, Some(chosen)),
        }
        entry.set(field::UPDATED_AT, &entry.updated_at().max(now));
    })?;
    let resolved = entry
        .as_ref()
        .and_then(|entry| agent.model_of(entry).ok())
        .map(|model| json!({"modelProvider": model.provider, "model": model.id}));
    Ok(json!({
        "ok": true, "path": agent.sessions.path().to_string_lossy(), "key": key, "entry": entry,
        "resolved": resolved,
    }))
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, UNIQUE, Values, changes};
    use openclaw_agent::OVERRIDES;
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
                Values::Text(max) => {
                    assert_eq!(set(json!(" Mine ")).unwrap(), [(*name, Some("Mine".to_owned()))]);
                    let longest = "é".repeat(*max);
                    assert_eq!(set(json!(longest)).unwrap(), [(*name, Some(longest.clone()))]);
                    let refused = |value: &str| set(json!(value)).unwrap_err().message;
                    assert_eq!(refused(" "), format!("invalid {name}: empty"));
                    assert_eq!(refused(&(longest + "e")), format!("invalid {name}: too long (max {max})"));
                    for control in ["a\nb", "\u{1b}[2Jb", "a\u{85}b"] {
                        assert!(refused(control).contains("control characters"), "{name} {control:?}");
                    }
                }
            }
            assert!(set(json!("")).is_err(), "{name}");
        }
        assert_eq!(changes(&params(json!({"key": "k"}))).unwrap(), []);
    }

    #[test]
    fn what_can_be_set_is_shown() {
        for (name, _) in FIELDS.iter().filter(|(name, _)| !UNIQUE.contains(name)) {
            assert!(OVERRIDES.contains(name), "{name}");
        }
        let can_be_set = |name: &&str| FIELDS.iter().any(|(field, _)| *field == *name);
        let others: Vec<&&str> = OVERRIDES.iter().filter(|name| !can_be_set(name)).collect();
        assert_eq!(others, [&"modelOverride"], "`model` sets it");
    }
}
