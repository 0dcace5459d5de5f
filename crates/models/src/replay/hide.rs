//! Taking the secrets out of values and texts. A text that is JSON is hidden value by value: hidden as it is spelt it would
//! keep what another spelling of JSON says, and might be no JSON any more.

use std::borrow::Cow;
use std::collections::HashSet;

use openclaw_guard::{HIDDEN, Redactor};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The field of a message with what a tool was called with.
const ARGUMENTS: &str = "arguments";

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In something whose numbers are not to become texts: a message.
    Typed,
    /// In the JSON of a text.
    Text,
    /// In the definition of a tool: names below are those of parameters and say nothing of what stands there.
    Definition,
    /// Below a name that says secret.
    Secret,
}

/// Takes the secrets out of every text in a value, names included. What stands below a name that says secret is hidden
/// whatever it is.
pub(super) fn hide(value: &mut Value, redactor: &Redactor) {
    walk(value, Place::Typed, redactor);
}

/// The same for the definition of a tool.
pub(super) fn hide_definition(value: &mut Value, redactor: &Redactor) {
    walk(value, Place::Definition, redactor);
}

/// Takes the secrets out of a text.
pub(super) fn hide_text(text: &mut String, redactor: &Redactor) {
    if let Cow::Owned(hidden) = hidden_text(text, redactor) {
        *text = hidden;
    }
}

/// The text without its secrets.
pub(super) fn hidden_text<'t>(text: &'t str, redactor: &Redactor) -> Cow<'t, str> {
    hidden_json(text, redactor, |value| walk(value, Place::Text, redactor))
}

/// The body of a request without its secrets.
pub(super) fn hide_body(text: &mut String, redactor: &Redactor) {
    let hidden = hidden_json(text, redactor, |value| match value {
        Value::Object(fields) => {
            each_field(fields, redactor, |name, value| {
                let place =
                    if name == "tools" { Place::Definition } else { below(name, Place::Text, redactor) };
                walk(value, place, redactor);
            });
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            walk(other, Place::Text, redactor);
        }
    });
    if let Cow::Owned(hidden) = hidden {
        *text = hidden;
    }
}

fn walk(value: &mut Value, place: Place, redactor: &Redactor) {
    match value {
        Value::String(text) if place == Place::Secret => {
            if !text.is_empty() {
                HIDDEN.clone_into(text);
            }
        }
        Value::String(text) => hide_text(text, redactor),
        Value::Number(_) if place == Place::Secret => *value = Value::from(HIDDEN),
        Value::Number(number) if place == Place::Text => {
            if let Cow::Owned(hidden) = redactor.redact(&number.to_string()) {
                *value = Value::from(hidden);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, place, redactor)),
        Value::Object(fields) => {
            each_field(fields, redactor, |name, value| {
                walk(value, below_of(name, value, place, redactor), redactor)
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn each_field(
    fields: &mut serde_json::Map<String, Value>,
    redactor: &Redactor,
    mut hide: impl FnMut(&str, &mut Value),
) {
    let hidden = std::mem::take(fields).into_iter().map(|(name, mut value)| {
        hide(&name, &mut value);
        (redactor.redact(&name).into_owned(), value)
    });
    *fields = hidden.collect();
}

fn below_of(name: &str, value: &Value, place: Place, redactor: &Redactor) -> Place {
    match place {
        // What a tool was called with is whatever a model wrote, and stands as text elsewhere.
        Place::Typed if name == ARGUMENTS => below(name, Place::Text, redactor),
        Place::Definition if value.is_object() || value.is_array() => Place::Definition,
        Place::Definition | Place::Typed | Place::Text | Place::Secret => below(name, place, redactor),
    }
}

fn below(name: &str, place: Place, redactor: &Redactor) -> Place {
    if redactor.hides_field(name) { Place::Secret } else { place }
}

/// The text without its secrets, as JSON if it is some.
fn hidden_json<'t>(text: &'t str, redactor: &Redactor, hide: impl FnOnce(&mut Value)) -> Cow<'t, str> {
    let Some((read, names)) = json(text) else { return redactor.redact(text) };
    let mut value = read.clone();
    hide(&mut value);
    let hidden = if value == read && names == Names::Once {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(value.to_string())
    };
    // What reaches over several values, for which a user may have a pattern. It must leave JSON behind.
    match redactor.redact(&hidden) {
        Cow::Owned(more) if json(&more).is_some() => Cow::Owned(more),
        Cow::Owned(_) | Cow::Borrowed(_) => hidden,
    }
}

/// Whether each name of an object stands there once: of two, a reader takes the last one, and the text has both.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Once,
    Twice,
}

/// A text that is a JSON object or array.
fn json(text: &str) -> Option<(Value, Names)> {
    let is_json = text.trim_start().starts_with(['{', '[']);
    let value = is_json.then(|| serde_json::from_str(text).ok()).flatten()?;
    let names = if serde_json::from_str::<Once>(text).is_ok() { Names::Once } else { Names::Twice };
    Some((value, names))
}

/// Any JSON in which no object has a name twice.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Once)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON in which no name stands twice")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            if !names.insert(name) {
                // The rest is of no interest.
                while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Err(A::Error::custom("a name stands twice"));
            }
            fields.next_value::<Self>()?;
        }
        Ok(self)
    }
}
