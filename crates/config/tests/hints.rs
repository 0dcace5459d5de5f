//! What a form is told of each key.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_config::{config_schema, declared_keys, ui_hints};
use serde_json::{Value, json};

/// The schemas at a written path: of several alternatives, each.
fn at<'s>(schema: &'s Value, path: &str) -> Vec<&'s Value> {
    let mut found = alternatives(schema);
    for step in path.replace("[]", ".[]").split('.') {
        let below = found.iter().filter_map(|schema| match step {
            "[]" => schema.get("items"),
            "*" => schema.get("additionalProperties").filter(|rest| rest.is_object()),
            name => schema.get("properties")?.get(name),
        });
        found = below.flat_map(alternatives).collect();
    }
    found
}

fn alternatives(schema: &Value) -> Vec<&Value> {
    match schema.get("anyOf").and_then(Value::as_array) {
        Some(any) => any.iter().flat_map(alternatives).collect(),
        None => vec![schema],
    }
}

#[test]
fn every_hint_belongs_to_a_key_of_the_schema_and_every_key_has_one() {
    let (schema, hints) = (config_schema(), ui_hints());
    for path in hints.keys() {
        assert!(!at(&schema, path).is_empty(), "{path}");
    }
    for (path, _) in declared_keys() {
        assert!(hints.contains_key(&path), "{path}");
    }
}

#[test]
fn labels_are_words_and_differ_among_siblings() {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, hint) in ui_hints() {
        let label = hint["label"].as_str().unwrap_or_default().to_owned();
        assert!(!label.trim().is_empty() && label.len() < 40, "{path}: {label}");
        let around = path.rsplit_once('.').map_or("", |(around, _)| around).to_owned();
        assert!(seen.entry(around).or_default().insert(label.clone()), "{path}: {label} twice");
        assert!(!hint["group"].as_str().unwrap_or_default().is_empty(), "{path}");
        assert!(hint.get("help").is_none_or(|help| help != ""), "{path}");
    }
}

/// A template holds what is required, so that adding an element does not make other keys wrong.
#[test]
fn templates_hold_what_is_required() {
    let (schema, hints) = (config_schema(), ui_hints());
    let mut count = 0;
    for (path, hint) in &hints {
        let Some(template) = hint.get("itemTemplate").and_then(Value::as_object) else { continue };
        let items = at(&schema, &format!("{path}[]"));
        let required = items.iter().find_map(|item| item.get("required")).cloned().unwrap_or(json!([]));
        let names: BTreeSet<&str> = template.keys().map(String::as_str).collect();
        let wanted: BTreeSet<&str> =
            required.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(names, wanted, "{path}");
        count += 1;
    }
    assert!(count > 10, "{count}");
    assert_eq!(hints["bindings"]["itemTemplate"], json!({"agentId": "", "match": {"channel": ""}}));
}

/// What is below an object that most people never touch is not for them either.
#[test]
fn advanced_reaches_down() {
    let hints = ui_hints();
    for (path, advanced) in [
        ("diagnostics", true),
        ("diagnostics.otel.endpoint", true),
        ("gateway.port", false),
        ("gateway.trustedProxies", true),
        ("agents.defaults.model", false),
        ("agents.list[].memorySearch.chunking.tokens", true),
        ("channels.telegram.botToken", false),
    ] {
        assert_eq!(hints[path].get("advanced"), advanced.then_some(&json!(true)), "{path}");
    }
}

/// The readable part: what a form shows of some sections, in its order.
#[test]
fn how_a_form_reads() {
    let mut lines = Vec::new();
    let hints = ui_hints();
    let shown =
        ["gateway", "agents.defaults.heartbeat", "models.providers.*", "env", "session", "messages.tts"];
    for (path, _) in declared_keys() {
        let top = path.split('.').count() == 1;
        if !top && !shown.iter().any(|section| path.starts_with(&format!("{section}."))) {
            continue;
        }
        let hint = &hints[&path];
        let text = |name: &str| hint.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut line = format!("{path}: {} / {}", text("group"), text("label"));
        for name in ["placeholder", "sensitive", "advanced", "itemTemplate"] {
            line.extend(hint.get(name).map(|value| format!(", {name} {value}")));
        }
        lines.push(line);
    }
    insta::assert_snapshot!(lines.join("\n"));
}
