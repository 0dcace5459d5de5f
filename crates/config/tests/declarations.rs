//! What must hold for every declared key, and what follows from the declarations.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_config::{
    Env, Form, Kind, Limits, REDACTED, config_schema, declared_keys, parse, redact, spec, ui_hints, validate,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

#[test]
fn no_key_is_declared_twice_and_all_are_documented() {
    let mut seen = BTreeSet::new();
    for (path, key) in declared_keys() {
        assert!(seen.insert(path.clone()), "{path} is declared twice");
        assert!(key.help().ends_with(['.', ';', ')', '`']), "{path}: {}", key.help());
        assert!(key.help().len() < 200, "{path}");
    }
}

#[test]
fn every_default_passes_its_own_check() {
    for (path, key) in declared_keys().into_iter().filter(|(path, _)| !path.contains(['[', '*'])) {
        let Some(default) = key.default else { continue };
        let value = path.rsplit('.').fold(default(), |value, name| json!({ name: value }));
        let is_ours = |problem: &openclaw_config::Problem| problem.key.to_string() == path;
        let problems = validate(&value, "defaults", &Env::default());
        assert!(!problems.iter().any(is_ours), "{path}: {problems:?}");
    }
}

#[test]
fn the_schema_is_closed_and_carries_bounds() {
    let schema = config_schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(schema["additionalProperties"], false);
    let gateway = &schema["properties"]["gateway"]["properties"];
    assert_eq!(gateway["port"]["minimum"], 1);
    assert_eq!(gateway["port"]["maximum"], 65535);
    assert_eq!(gateway["bind"]["default"], "loopback");
    assert_eq!(gateway["auth"]["properties"]["mode"]["enum"], json!(["token", "password"]));
    let provider = &schema["properties"]["models"]["properties"]["providers"]["additionalProperties"];
    let model = &provider["properties"]["models"]["items"];
    assert_eq!(model["required"], json!(["id", "name"]));
    assert_eq!(model["properties"]["contextWindow"]["minimum"], 1);
    assert_eq!(schema["properties"]["env"]["additionalProperties"], json!({"type": "string"}));
}

#[test]
fn hints_mark_secrets() {
    let hints = ui_hints();
    for secret in ["gateway.auth.token", "models.providers.*.apiKey", "env.vars", "plugins.entries.*.config"]
    {
        assert_eq!(hints[secret]["sensitive"], true, "{secret}");
    }
    assert_eq!(hints["agents.list[].memorySearch.chunking.tokens"].get("sensitive"), None);
}

/// Every string below a secret key disappears, whatever is around it.
#[test]
fn no_canary_survives_redaction() {
    let mut count = 0;
    for (path, key) in declared_keys() {
        let canary = format!("canary-{count}-end");
        let value = if matches!(key.kind, Kind::Secret) {
            json!(canary)
        } else if matches!(key.kind, Kind::Map(Kind::Secret)) {
            json!({ "X": canary })
        } else if matches!(key.kind, Kind::Sealed) {
            json!({ "deep": [{ "er": canary }] })
        } else {
            continue;
        };
        count += 1;
        let whole = path.rsplit('.').fold(value, |value, step| match step.strip_suffix("[]") {
            Some(name) => json!({ name: [value] }),
            None => json!({ step: value }),
        });
        let text = redact(&whole).to_string();
        assert!(text.contains(REDACTED) && !text.contains("canary"), "{path}: {text}");
        let quoted = openclaw_config::redact_text(&whole.to_string()).unwrap();
        assert!(!quoted.contains("canary"), "{path}: {quoted}");
    }
    assert!(count > 30, "{count}");
}

fn within(limits: Limits, type_max: f64) -> std::ops::RangeInclusive<u32> {
    (limits.min.unwrap_or(0.0) as u32)..=(limits.max.unwrap_or(type_max).min(1e6) as u32)
}

/// Values that fit a declared shape.
fn fitting(kind: &'static Kind, limits: Limits) -> BoxedStrategy<Value> {
    match kind {
        Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Integer { max } => within(limits, *max as f64).prop_map(Value::from).boxed(),
        Kind::Number => {
            let low = limits.min.or(limits.above.map(|above| above + 0.5)).unwrap_or(-1.5);
            let high = limits.max.unwrap_or(10.0);
            prop::sample::select(vec![low, (low + high) / 2.0, high]).prop_map(Value::from).boxed()
        }
        Kind::Text | Kind::Secret => match limits.form {
            Some(Form::Color | Form::Pattern) => Just(json!("#a0B1c2")).boxed(),
            Some(Form::IndexFile) => Just(json!("state/{agentId}.sqlite")).boxed(),
            None => "[a-z]{1,8}".prop_map(Value::from).boxed(),
        },
        Kind::Choice(names) => prop::sample::select(*names).prop_map(Value::from).boxed(),
        Kind::List(element) => {
            prop::collection::vec(fitting(element, limits), 0..2).prop_map(Value::from).boxed()
        }
        Kind::Map(element) => prop::collection::btree_map("[a-z.]{1,4}", fitting(element, limits), 0..2)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
            .boxed(),
        Kind::OneOf(kinds) => {
            let options: Vec<_> = kinds.iter().map(|kind| fitting(kind, limits)).collect();
            proptest::strategy::Union::new(options).boxed()
        }
        Kind::Any | Kind::Sealed => Just(json!({"x": [1]})).boxed(),
        Kind::Object(section) => {
            let keys: Vec<_> = section.all_keys().collect();
            let values = keys.iter().map(|key| {
                let present =
                    if key.required { Just(true).boxed() } else { prop::bool::weighted(0.3).boxed() };
                (present, Just(key.name), fitting(&key.kind, key.limits))
            });
            let pairs = values.collect::<Vec<_>>();
            pairs.prop_map(|pairs| object(pairs.into_iter().filter(|p| p.0).map(|p| (p.1, p.2)))).boxed()
        }
    }
}

fn object(pairs: impl Iterator<Item = (&'static str, Value)>) -> Value {
    Value::Object(pairs.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn declared_channels() -> BoxedStrategy<Value> {
    match spec().find("channels") {
        Some(key) => fitting(&key.kind, key.limits),
        None => Just(Value::Null).boxed(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// What passes the check can always be read: the two follow from one declaration.
    #[test]
    fn everything_that_fits_is_read(picked in any::<prop::sample::Index>().prop_flat_map(|index| {
        let keys: Vec<_> = spec().all_keys().collect();
        let key = keys[index.index(keys.len())];
        fitting(&key.kind, key.limits).prop_map(move |value| json!({ key.name: value }))
    })) {
        let problems = parse(&picked.to_string(), "f", &Env::default()).err().unwrap_or_default();
        prop_assert!(problems.is_empty(), "{}: {:?}", picked, problems);
    }

    /// The same for every chat service, which are too many for chance to reach each.
    #[test]
    fn every_channel_that_fits_is_read(channels in declared_channels()) {
        let config = json!({ "channels": channels });
        let problems = parse(&config.to_string(), "f", &Env::default()).err().unwrap_or_default();
        prop_assert!(problems.is_empty(), "{}: {:?}", config, problems);
    }

    /// Any JSON is read or refused with problems that name keys, never a crash.
    #[test]
    fn anything_else_is_refused_with_a_place(text in "\\{ ?(gateway|agents|env|models|channels|\\$include)?: ?[{\\[]?.{0,30}") {
        if let Err(problems) = parse(&text, "f", &Env::default()) {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|problem| problem.place.is_some()));
        }
    }
}

#[test]
fn sections_that_share_a_name_share_a_table() {
    let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut add = |kind: &Kind| {
        let (Kind::Object(section) | Kind::List(Kind::Object(section)) | Kind::Map(Kind::Object(section))) =
            kind
        else {
            return;
        };
        let names: Vec<&str> = section.all_keys().map(|key| key.name).collect();
        assert_eq!(*tables.entry(section.name).or_insert_with(|| names.clone()), names);
    };
    declared_keys().iter().for_each(|(_, key)| add(&key.kind));
}
