//! The keys that may come next behind a half-typed path.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::key_path::KeyPath;
use crate::keys::root;
use crate::spec::{Kind, kinds_at};

/// The paths that begin with `prefix` and end one step behind its last dot, sorted: declared keys, and of free names and
/// lists those that `value`, the configuration as it is, has.
#[must_use]
pub fn complete_path(prefix: &str, value: &Value) -> Vec<String> {
    // What is behind the last dot or bracket is half a name.
    let cut =
        prefix.rfind(['.', '[']).map_or(0, |at| if prefix[at..].starts_with('.') { at + 1 } else { at });
    let around = prefix[..cut].trim_end_matches('.');
    let Ok(around) = around.parse::<KeyPath>() else { return Vec::new() }; // half a path leads nowhere
    let mut found = BTreeSet::new();
    for kind in kinds_at(root(), around.steps()) {
        if let Kind::Object(section) = kind {
            found.extend(section.all_keys().map(|key| around.key(key.name).to_string()));
        }
    }
    match around.find(value) {
        Some(Value::Object(object)) => {
            found.extend(object.keys().map(|name| around.key(name).to_string()));
        }
        Some(Value::Array(items)) => {
            found.extend((0..items.len()).map(|index| around.index(index).to_string()));
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {}
    }
    found.into_iter().filter(|path| path.starts_with(prefix)).collect()
}

/// The values that a key may have, where they can be listed.
#[must_use]
pub fn complete_value(path: &str) -> Vec<String> {
    let Ok(path) = path.parse::<KeyPath>() else { return Vec::new() }; // half a path has no values
    let mut found = Vec::new();
    for kind in kinds_at(root(), path.steps()) {
        match kind {
            Kind::Bool => found.extend(["true".to_owned(), "false".to_owned()]),
            Kind::Choice(names) => found.extend(names.iter().map(|name| (*name).to_owned())),
            Kind::Integer { .. } | Kind::Number | Kind::Text | Kind::Secret => {}
            Kind::List(_) | Kind::Map(_) | Kind::Object(_) => {}
            Kind::OneOf(_) | Kind::Any | Kind::Sealed => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{complete_path, complete_value};
    use serde_json::json;

    #[test]
    fn offers_what_may_come_next() {
        let value = json!({"models": {"providers": {"mine": {}}}, "agents": {"list": [{"id": "main"}]}});
        let rows: [(&str, &[&str]); 7] = [
            ("gateway.po", &["gateway.port"]),
            (
                "gateway.auth.",
                &[
                    "gateway.auth.allowTailscale",
                    "gateway.auth.mode",
                    "gateway.auth.password",
                    "gateway.auth.token",
                ],
            ),
            ("models.providers.", &["models.providers.mine"]),
            ("models.providers.mine.apiK", &["models.providers.mine.apiKey"]),
            ("agents.list[", &["agents.list[0]"]),
            ("agents.list[0].na", &["agents.list[0].name"]),
            ("nothing.", &[]),
        ];
        for (prefix, expected) in rows {
            assert_eq!(complete_path(prefix, &value), expected, "{prefix}");
        }
        assert!(complete_path("", &value).contains(&"gateway".to_owned()));
        assert_eq!(complete_value("gateway.mode"), ["local", "remote"]);
        assert_eq!(complete_value("session.agentToAgent.nothing"), [""; 0]);
        assert_eq!(complete_value("discovery.wideArea.enabled"), ["true", "false"]);
    }
}
