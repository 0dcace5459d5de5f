//! What one agent takes over from the defaults of all agents, and `tools.exec` from its earlier place.

use serde_json::{Map as JsonMap, Value};

/// Objects of an agent that are laid over the same object of `agents.defaults`, key by key: always, or only when the
/// agent has the object (having a heartbeat of its own is itself a statement).
const OVERLAID: [(&str, bool); 2] = [("memorySearch", true), ("heartbeat", false)];

/// Folders that an agent adds to those of the defaults, where everything else replaces.
const ADDED_LIST: &str = "extraPaths";

/// Writes the effective objects into `agents.list[]` and `tools.exec`, before the typed values are read.
pub(crate) fn inherit(config: &mut Value) {
    take_earlier_exec(config);
    let Some(agents) = config.get_mut("agents").and_then(Value::as_object_mut) else { return };
    let defaults = agents.get("defaults").cloned().unwrap_or_default();
    let Some(list) = agents.get_mut("list").and_then(Value::as_array_mut) else { return };
    for agent in list.iter_mut().filter_map(Value::as_object_mut) {
        for (name, is_always) in OVERLAID {
            let Some(base) = defaults.get(name) else { continue };
            if let Some(own) = agent.get_mut(name) {
                let upper = std::mem::replace(own, base.clone());
                overlay(own, upper);
            } else if is_always {
                agent.insert(name.to_owned(), base.clone());
            }
        }
    }
}

/// Lays `tools.exec` over `agents.defaults.exec`, where the documentation had it once.
fn take_earlier_exec(config: &mut Value) {
    let Some(mut exec) = config.pointer("/agents/defaults/exec").cloned() else { return };
    let Some(config) = config.as_object_mut() else { return };
    let tools = config.entry("tools").or_insert_with(|| JsonMap::new().into());
    if let Some(tools) = tools.as_object_mut() {
        overlay(&mut exec, tools.remove("exec").unwrap_or_else(|| JsonMap::new().into()));
        tools.insert("exec".to_owned(), exec);
    }
}

/// Lays `upper` over `base`: objects merge, everything else is replaced.
fn overlay(base: &mut Value, upper: Value) {
    match (base, upper) {
        (Value::Object(base), Value::Object(upper)) => {
            for (name, value) in upper {
                match name.as_str() {
                    ADDED_LIST => add_to_list(base, value),
                    _ => overlay(base.entry(name).or_insert(Value::Null), value),
                }
            }
        }
        (base, upper) => *base = upper,
    }
}

fn add_to_list(base: &mut JsonMap<String, Value>, added: Value) {
    let list = base.entry(ADDED_LIST).or_insert_with(|| Value::Array(Vec::new()));
    if let (Value::Array(list), Value::Array(added)) = (list, added) {
        for item in added {
            if !list.contains(&item) {
                list.push(item);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::inherit;
    use serde_json::json;

    #[test]
    fn the_earlier_place_of_exec_counts_where_the_new_one_is_silent() {
        let earlier = json!({"defaults": {"exec": {"backgroundMs": 5, "timeoutSec": 6}}});
        for (tools, expected) in [
            (None, json!({"exec": {"backgroundMs": 5, "timeoutSec": 6}})),
            (
                Some(json!({"deny": ["x"], "exec": {"timeoutSec": 7}})),
                json!({"deny": ["x"], "exec": {"backgroundMs": 5, "timeoutSec": 7}}),
            ),
        ] {
            let mut config = json!({"agents": earlier});
            if let Some(tools) = tools {
                config["tools"] = tools;
            }
            inherit(&mut config);
            assert_eq!(config["tools"], expected);
        }
    }

    #[test]
    fn an_agent_overlays_the_defaults() {
        let mut config = json!({"agents": {
        "defaults": {"memorySearch": {"model": "a", "query": {"maxResults": 9, "minScore": 0.1}, "extraPaths": ["x"]},
            "heartbeat": {"every": "1h", "target": "last"}},
        "list": [
            {"id": "plain"},
            {"id": "own", "memorySearch": {"query": {"minScore": 0.5}, "extraPaths": ["y", "x"]}, "heartbeat": {"every": "5m"}},
        ]}});
        inherit(&mut config);
        let list = &config["agents"]["list"];
        assert_eq!(
            list[0],
            json!({"id": "plain", "memorySearch": config["agents"]["defaults"]["memorySearch"]})
        );
        assert_eq!(
            list[1]["memorySearch"],
            json!({"model": "a", "query": {"maxResults": 9, "minScore": 0.5}, "extraPaths": ["x", "y"]})
        );
        assert_eq!(list[1]["heartbeat"], json!({"every": "5m", "target": "last"}));
    }
}
