//! What a configuration asks for that this build does not do yet.

use serde_json::{Map as JsonMap, Value};

use crate::check::accepts;
use crate::configured::configured_channels;
use crate::key_path::{KeyPath, Trail};
use crate::keys::{Config, not_yet, spec};
use crate::spec::{Key, Kind, SectionSpec};

/// Most keys that are named: a screen of them is read, and a generated file of thousands says nothing more.
pub const MAX_PLANNED: usize = 60;

/// The keys that are declared `planned` and configured, each with the reason why nothing runs by it, in the order of
/// the file; of keys within each other only the outer one, and [`MAX_PLANNED`] at most.
///
/// `written` is the value as it stands in the files: only what stands there is named. `effective` is the value in use,
/// by which switches are judged. A key is not configured when it is empty, when its value asks for nothing (`false`,
/// `"off"`, or what its `met_by` lists), or when a switch around it is off; a channel, when [`configured_channels`]
/// does not know it.
#[must_use]
pub fn planned(config: &Config, written: &Value, effective: &Value) -> Vec<(KeyPath, &'static str)> {
    let mut found = Vec::new();
    let Some(object) = written.as_object() else { return found };
    for (name, value) in object {
        let Some(key) = spec().find(name) else { continue };
        let path = Trail::Root.key(name);
        match name.as_str() {
            "channels" => channels(config, value, &mut found),
            _ => visit_key(key, Values::below(value, effective, name), &path, Around::On, &mut found),
        }
    }
    found.truncate(MAX_PLANNED);
    found
}

/// Whether what a key stands in is switched on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    On,
    Off,
}

/// A value as written, and the one in use in its place.
#[derive(Clone, Copy)]
struct Values<'v> {
    written: &'v Value,
    used: &'v Value,
}

impl<'v> Values<'v> {
    fn below(written: &'v Value, used: &'v Value, name: &str) -> Self {
        Self { written, used: used.get(name).unwrap_or(written) }
    }

    fn at(written: &'v Value, used: &'v Value, index: usize) -> Self {
        Self { written, used: used.get(index).unwrap_or(written) }
    }
}

type Found = Vec<(KeyPath, &'static str)>;

/// Which channels run is a question of several switches, which have their own place.
fn channels(config: &Config, written: &Value, found: &mut Found) {
    let Some(Kind::Object(section)) = spec().find("channels").map(|key| key.kind) else { return };
    let path = Trail::Root.key("channels");
    if let (Some(defaults), Some(key)) = (written.get("defaults"), section.find("defaults")) {
        let values = Values { written: defaults, used: defaults };
        visit_key(key, values, &path.key("defaults"), Around::On, found);
    }
    for id in configured_channels(config) {
        // A channel that is not declared belongs to a plugin.
        let why = section.find(&id).map_or(Some(not_yet::CHANNELS), |key| key.planned);
        found.extend(why.map(|why| (path.key(&id).to_path(), why)));
    }
}

fn visit_key(key: &Key, values: Values<'_>, path: &Trail<'_>, around: Around, found: &mut Found) {
    if let Some(why) = key.planned.filter(|_| counts(key, around) && asks(key, values)) {
        // The walk ends with the file, which is bounded; what it finds is bounded here.
        if found.len() < MAX_PLANNED {
            found.push((path.to_path(), why));
        }
        return;
    }
    let around = if key.planned.is_some() && is_off(&key.kind, values) { Around::Off } else { around };
    visit(&key.kind, values, path, around, found);
}

/// Inside something that is off, what has a switch of its own may run all the same.
fn counts(key: &Key, around: Around) -> bool {
    let has_switch = || matches!(key.kind, Kind::Object(section) if section.find("enabled").is_some());
    around == Around::On || has_switch()
}

fn visit(kind: &Kind, values: Values<'_>, path: &Trail<'_>, around: Around, found: &mut Found) {
    match (kind, values.written) {
        (Kind::Object(section), Value::Object(object)) => {
            let says_off = values.used.get("enabled") == Some(&Value::Bool(false));
            let around = if says_off { Around::Off } else { around };
            for (name, value) in object {
                let (below, path) = (Values::below(value, values.used, name), path.key(name));
                match section.find(name) {
                    Some(key) => visit_key(key, below, &path, around, found),
                    None => {
                        section.rest.iter().for_each(|rest| visit(rest.kind, below, &path, around, found))
                    }
                }
            }
        }
        (Kind::Map(element), Value::Object(object)) => {
            for (name, value) in object {
                visit(element, Values::below(value, values.used, name), &path.key(name), around, found);
            }
        }
        (Kind::List(element), Value::Array(items)) => {
            for (index, value) in items.iter().enumerate() {
                visit(element, Values::at(value, values.used, index), &path.index(index), around, found);
            }
        }
        (Kind::OneOf(kinds), value) => {
            kinds
                .iter()
                .filter(|kind| accepts(kind, value))
                .for_each(|kind| visit(kind, values, path, around, found));
        }
        (Kind::Bool | Kind::Integer { .. } | Kind::Number | Kind::Text | Kind::Secret, _) => {}
        (Kind::Choice(_) | Kind::List(_) | Kind::Map(_) | Kind::Object(_), _) => {}
        (Kind::Any | Kind::Sealed, _) => {}
    }
}

/// Whether a value of a key wants anything that this build does not do anyway.
fn asks(key: &Key, values: Values<'_>) -> bool {
    if key.met_by.is_empty() {
        return wants(&key.kind, values);
    }
    let is_met = |value: &Value| match value {
        Value::String(text) => key.met_by.contains(&text.as_str()),
        Value::Bool(_) | Value::Number(_) => key.met_by.contains(&value.to_string().as_str()),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    let items = values.used.as_array().map_or(std::slice::from_ref(values.used), Vec::as_slice);
    !items.iter().all(is_met)
}

fn wants(kind: &Kind, values: Values<'_>) -> bool {
    if let Kind::OneOf(kinds) = kind {
        return kinds
            .iter()
            .find(|kind| accepts(kind, values.written))
            .is_some_and(|kind| wants(kind, values));
    }
    match values.written {
        Value::Object(object) => !is_off(kind, values) && object_wants(kind, object, values.used),
        Value::Array(items) => !items.is_empty(),
        Value::String(_) => !matches!(values.used.as_str(), Some("" | "off")),
        Value::Bool(_) => values.used != &Value::Bool(false),
        Value::Number(_) => true,
        Value::Null => false,
    }
}

fn object_wants(kind: &Kind, object: &JsonMap<String, Value>, used: &Value) -> bool {
    object.iter().any(|(name, value)| {
        let values = Values::below(value, used, name);
        match kind {
            Kind::Object(section) => match section.find(name) {
                Some(key) => asks(key, values),
                None => section.rest.is_some_and(|rest| wants(rest.kind, values)),
            },
            Kind::Map(element) => wants(element, values),
            Kind::Bool | Kind::Integer { .. } | Kind::Number | Kind::Text | Kind::Secret => true,
            Kind::Choice(_) | Kind::List(_) | Kind::OneOf(_) | Kind::Any | Kind::Sealed => true,
        }
    })
}

/// Whether an object's own switch is off: `enabled`, a `mode` that can be `off` and is so unless it is written, or a
/// rhythm of no time.
fn is_off(kind: &Kind, values: Values<'_>) -> bool {
    let switch = |name: &str| match kind {
        Kind::Object(section) => value_of(section, name, values.used),
        Kind::Map(_) | Kind::Any | Kind::Sealed => values.used.get(name).cloned(),
        Kind::OneOf(_) | Kind::List(_) | Kind::Choice(_) | Kind::Secret => None,
        Kind::Bool | Kind::Integer { .. } | Kind::Number | Kind::Text => None,
    };
    let is_never = |text: &str| {
        let number = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
        number.parse() == Ok(0.0)
    };
    switch("enabled") == Some(Value::Bool(false))
        || switch("mode").is_some_and(|mode| mode == "off")
        || switch("every").is_some_and(|every| every.as_str().is_some_and(is_never))
}

/// The value of a switch, with its default; of a mode that can be off and says nothing, off.
fn value_of(section: &SectionSpec, name: &str, used: &Value) -> Option<Value> {
    let key = section.find(name)?;
    let can_be_off = matches!(key.kind, Kind::Choice(choices) if choices.contains(&"off"));
    let silent = || key.default.map(|default| default()).or(can_be_off.then(|| "off".into()));
    used.get(name).cloned().or_else(silent)
}
