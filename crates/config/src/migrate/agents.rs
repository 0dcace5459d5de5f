//! From one agent, or a table of agents, to `agents.list`; and who may write to it.

use serde_json::{Map as JsonMap, Value};

use super::draft::{Draft, at};
use super::plan::Rule;
use crate::keys::MAIN_AGENT;

/// Old keys that take another shape, and what they are now.
pub(super) const REPLACED: &[(&str, &str)] = &[
    ("routing.agents", "\"agents.list\""),
    ("routing.defaultAgentId", "\"default\" in \"agents.list\""),
    ("routing.allowFrom", "\"channels.whatsapp.allowFrom\""),
    ("identity", "\"identity\" in \"agents.list\""),
];

pub(super) fn drafts() -> &'static [Rule] {
    &[routing_agents, default_agent, identity, allow_from, leftover_routing, leftover_agent]
}

/// A table of agents by id becomes the list.
fn routing_agents(value: &Value) -> Option<Draft> {
    let from = at(&["routing", "agents"]);
    let table = from.find(value)?;
    let mut draft = Draft::new(value, from.clone(), format!("\"{from}\" becomes \"agents.list\""));
    let Some(table) = table.as_object() else {
        draft.block(&from, "is not a table of agents; write \"agents.list\" by hand");
        return Some(draft);
    };
    for (id, entry) in table {
        take_agent(&mut draft, id, entry);
    }
    if draft.object(&from).is_some_and(JsonMap::is_empty) {
        draft.remove(from.clone());
    }
    draft.prune(&from);
    Some(draft)
}

fn take_agent(draft: &mut Draft, id: &str, entry: &Value) {
    let from = at(&["routing", "agents", id]);
    let Some(entry) = entry.as_object().filter(|_| !id.trim().is_empty()) else {
        return draft.block(&from, "is not an agent with an id; write it into \"agents.list\" by hand");
    };
    let Some(agent) = draft.agent(id.trim()) else { return };
    draft.move_into(&from.key("mentionPatterns"), &agent.key("groupChat").key("mentionPatterns"));
    let sandbox_tools = from.key("sandbox").key("tools");
    draft.move_away(&sandbox_tools, &agent.key("tools").key("sandbox").key("tools"));
    for name in entry.keys() {
        draft.move_into(&from.key(name), &agent.key(name));
    }
    if draft.object(&from).is_some_and(JsonMap::is_empty) {
        draft.remove(from);
    }
}

/// The id of the default agent becomes a mark on it.
fn default_agent(value: &Value) -> Option<Draft> {
    let from = at(&["routing", "defaultAgentId"]);
    let id = from.find(value)?;
    let mut draft =
        Draft::new(value, from.clone(), format!("\"{from}\" becomes \"default\" in \"agents.list\""));
    let Some(id) = id.as_str().map(str::trim).filter(|id| !id.is_empty()) else {
        draft.block(&from, "is not the id of an agent; mark one in \"agents.list\" with \"default\": true");
        return Some(draft);
    };
    match marked(value) {
        Some(other) if other.trim() != id => {
            draft
                .block(&from, "another agent of \"agents.list\" is the default already; keep one of the two");
        }
        Some(_) => {}
        None => {
            if let Some(agent) = draft.agent(id) {
                draft.set(agent.key("default"), true.into());
            }
        }
    }
    draft.remove(from.clone());
    draft.prune(&from);
    Some(draft)
}

fn agents(value: &Value) -> &[Value] {
    value.pointer("/agents/list").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn id_of(agent: &Value) -> Option<&str> {
    agent.get("id")?.as_str()
}

/// The id of the agent that is marked as the default one.
fn marked(value: &Value) -> Option<&str> {
    agents(value).iter().find(|agent| agent.get("default") == Some(&Value::Bool(true))).and_then(id_of)
}

/// The identity of the only agent becomes that of the default one.
fn identity(value: &Value) -> Option<Draft> {
    let from = at(&["identity"]);
    let old = from.find(value)?;
    let id = marked(value).or_else(|| id_of(agents(value).first()?)).unwrap_or(MAIN_AGENT).trim();
    let about = format!("\"{from}\" becomes that of the agent \"{id}\" in \"agents.list\"");
    let mut draft = Draft::new(value, from.clone(), about);
    if !old.is_object() {
        draft.block(&from, "is not an object; write it into an agent of \"agents.list\" by hand");
    } else if at(&["routing", "agents"]).find(value).is_some()
        || at(&["routing", "defaultAgentId"]).find(value).is_some()
    {
        draft.block(&from, "which agent it belongs to is not known before \"routing\" has moved");
    } else if let Some(agent) = draft.agent(id) {
        draft.move_into(&from, &agent.key("identity"));
    }
    Some(draft)
}

/// Who may write: once for WhatsApp without its name. Without that channel the list must not make one.
fn allow_from(value: &Value) -> Option<Draft> {
    let from = at(&["routing", "allowFrom"]);
    from.find(value)?;
    let whatsapp = at(&["channels", "whatsapp"]);
    let to = whatsapp.key("allowFrom");
    let mut draft = Draft::new(value, from.clone(), format!("\"{from}\" moves to \"{to}\""));
    if draft.object(&whatsapp).is_none() {
        draft.block(
            &from,
            "it held for WhatsApp, which is not configured; remove it, or write it into a channel",
        );
    }
    draft.move_away(&from, &to);
    Some(draft)
}

fn leftover_routing(value: &Value) -> Option<Draft> {
    leftover(value, "routing")
}

fn leftover_agent(value: &Value) -> Option<Draft> {
    leftover(value, "agent")
}

/// An old object without content.
fn leftover(value: &Value, name: &str) -> Option<Draft> {
    let path = at(&[name]);
    path.find(value)?.as_object().filter(|object| object.is_empty())?;
    let mut draft = Draft::new(value, path.clone(), format!("\"{path}\" is empty and goes"));
    draft.remove(path);
    Some(draft)
}
