//! What a key on the command line probably means: its new name, the nearest declared one, its default.

use openclaw_config::{
    Change, Env, KeyPath, Problem, ProblemKind, Step, declared_keys, is_declared, migrations, validate,
};
use serde_json::Value;

/// Why this is no key, and what is meant; `None` for a key that can be set.
pub(super) fn no_key(path: &KeyPath) -> Option<String> {
    if let Some(now) = renamed(path) {
        return Some(format!("{path} has another name now: {now}"));
    }
    if path.is_root() || is_declared(path) {
        return None;
    }
    let found = validate(&alone(path, Value::Null), "", &Env::default());
    let is_about = |problem: &&Problem| {
        matches!(problem.kind, ProblemKind::UnknownKey { .. } | ProblemKind::RetiredKey { .. })
    };
    let what = found.iter().find(is_about).map_or_else(|| "unknown key".to_owned(), Problem::message);
    Some(format!("{path}: {what}"))
}

/// The path that a value at this one would move to.
fn renamed(path: &KeyPath) -> Option<KeyPath> {
    let plan = migrations(&alone(path, Value::String("x".to_owned())));
    let mut now = path.clone();
    for change in plan.changes() {
        let Change::Move { from, to } = change else { continue };
        if let Some(rest) = now.steps().strip_prefix(from.steps()) {
            now = KeyPath::from(&[to.steps(), rest].concat()[..]);
        }
    }
    (now != *path).then_some(now)
}

/// A configuration with this value and nothing else; a list has it as its only element.
fn alone(path: &KeyPath, value: Value) -> Value {
    path.steps().iter().rev().fold(value, |value, step| match step {
        Step::Key(name) => Value::Object([(name.clone(), value)].into_iter().collect()),
        Step::Index(_) => Value::Array(vec![value]),
    })
}

/// The value of a key that is not set, where it has one.
pub(super) fn default_of(path: &KeyPath) -> Option<Value> {
    let fits = |written: &str| {
        let written = written.replace("[]", ".*");
        let parts: Vec<&str> = written.split('.').collect();
        let same = |(part, step): (&&str, &Step)| match step {
            Step::Key(name) => *part == "*" || part == name,
            Step::Index(_) => *part == "*",
        };
        parts.len() == path.steps().len() && parts.iter().zip(path.steps()).all(same)
    };
    let keys = declared_keys();
    keys.iter().filter(|(written, _)| fits(written)).find_map(|(_, key)| Some(key.default?()))
}

#[cfg(test)]
mod tests {
    use super::{default_of, no_key};
    use serde_json::json;

    #[test]
    fn a_key_that_is_none_is_explained() {
        let rows = [
            ("gateway.port", None),
            ("channels.telegram.botToken", None),
            ("models.providers.mine.apiKey", None),
            ("gateway.prot", Some("gateway.prot: unknown key, did you mean \"port\"?")),
            ("telegram.botToken", Some("telegram.botToken has another name now: channels.telegram.botToken")),
            ("gateway.token", Some("gateway.token has another name now: gateway.auth.token")),
        ];
        for (path, expected) in rows {
            assert_eq!(no_key(&path.parse().unwrap()).as_deref(), expected, "{path}");
        }
        assert!(no_key(&"nonsense".parse().unwrap()).unwrap().starts_with("nonsense: unknown key"));
    }

    #[test]
    fn defaults_are_those_of_the_declarations() {
        assert_eq!(default_of(&"gateway.reload.debounceMs".parse().unwrap()), Some(json!(300)));
        assert_eq!(default_of(&"gateway.auth.token".parse().unwrap()), None);
    }
}
