//! What one agent takes over from the defaults of all agents.

use serde_json::{Map as JsonMap, Value};

/// Objects of an agent that are laid over the same object of `agents.defaults`, key by key: always, or only when the
/// agent has the object (having a heartbeat of its own is itself a statement).
const OVERLAID: [(&str, bool); 2] = [("memorySearch", true), ("heartbeat", false)];

/// Folders that an agent adds to those of the defaults, where everything else replaces.
const ADDED_LIST: &str = "extraPaths";

/// Writes the effective objects into `agents.list[]`, before the typed values are read.
pub(crate) fn inherit(config: &mut Value) {
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
