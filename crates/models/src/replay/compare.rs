//! Where what is asked or said now differs from then. Times do not count, and neither does what a redactor hides.

use openclaw_guard::Redactor;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::exchange::RecordedRequest;
use super::hide::{hidden_text, hide};

/// Characters shown of a text, and of them before the place where it differs.
const SHOWN_CHARS: usize = 80;
const SHOWN_BEFORE: usize = 20;
/// The field of a message that is never compared.
const TIME: &str = "timestamp";

/// A place where two values differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where, as `messages[3].content[0].text`.
    pub place: String,
    /// What was there then, shortened.
    pub then: String,
    /// What is there now, shortened.
    pub now: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n  then: {}\n  now:  {}", self.place, self.then, self.now)
    }
}

impl Difference {
    /// A difference in words.
    #[must_use]
    pub fn new(place: impl Into<String>, then: impl Into<String>, now: impl Into<String>) -> Self {
        Self { place: place.into(), then: then.into(), now: now.into() }
    }

    /// The first place in which two values differ. What stands at `place` in the one may have had its secrets taken out
    /// already, and in the other not.
    #[must_use]
    pub fn between(place: &str, then: &Value, now: &Value, redactor: &Redactor) -> Option<Self> {
        match (then, now) {
            (Value::Object(then), Value::Object(now)) => of_objects(place, (then, now), redactor),
            (Value::Array(then), Value::Array(now)) => {
                let both = then.iter().zip(now).enumerate();
                let differing = both
                    .filter_map(|(at, (then, now))| {
                        Self::between(&format!("{place}[{at}]"), then, now, redactor)
                    })
                    .next();
                let counts = || {
                    let (then, now) = (then.len(), now.len());
                    (then != now)
                        .then(|| Self::new(place, format!("{then} of them"), format!("{now} of them")))
                };
                differing.or_else(counts)
            }
            (Value::String(then), Value::String(now)) => {
                let hidden = (hidden_text(then, redactor), hidden_text(now, redactor));
                let is_same = then == now
                    || hidden.0 == hidden.1
                    || hidden.0 == now.as_str()
                    || then.as_str() == hidden.1;
                (!is_same).then(|| of_texts(place, &hidden.0, &hidden.1))
            }
            (then, now) => {
                (then != now).then(|| Self::new(place, brief(then, redactor), brief(now, redactor)))
            }
        }
    }
}

fn of_objects(
    place: &str,
    (then, now): (&Map<String, Value>, &Map<String, Value>),
    redactor: &Redactor,
) -> Option<Difference> {
    let (whole_then, whole_now) = (hidden(then, redactor), hidden(now, redactor));
    if whole_then == whole_now {
        return None;
    }
    let added = now.keys().filter(|name| !then.contains_key(*name));
    let names = then.keys().chain(added).filter(|name| *name != TIME);
    let differing = names.filter_map(|name| {
        let below = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        // Fields whose name says that they are secret differ in nothing when both are hidden.
        if whole_then.get(name) == whole_now.get(name) {
            return None;
        }
        let nothing = Value::Null;
        let (then, now) = (then.get(name).unwrap_or(&nothing), now.get(name).unwrap_or(&nothing));
        Difference::between(&below, then, now, redactor)
    });
    let mut differing = differing;
    differing.next()
}

fn hidden(fields: &Map<String, Value>, redactor: &Redactor) -> Map<String, Value> {
    let mut value = Value::Object(fields.clone());
    hide(&mut value, redactor);
    match value {
        Value::Object(mut fields) => {
            fields.shift_remove(TIME);
            fields
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

fn of_texts(place: &str, then: &str, now: &str) -> Difference {
    let same = then.chars().zip(now.chars()).take_while(|(then, now)| then == now).count();
    let from = same.saturating_sub(SHOWN_BEFORE);
    let shown = |text: &str| {
        let mut shown: String = text.chars().skip(from).take(SHOWN_CHARS).collect();
        if from > 0 {
            shown.insert(0, '…');
        }
        if text.chars().count() > from + SHOWN_CHARS {
            shown.push('…');
        }
        format!("{shown:?}")
    };
    Difference::new(place, shown(then), shown(now))
}

fn brief(value: &Value, redactor: &Redactor) -> String {
    if value.is_null() {
        return "nothing".to_owned();
    }
    let mut value = value.clone();
    hide(&mut value, redactor);
    let text = value.to_string();
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// The first place in which a request differs from the one that was recorded.
#[must_use]
pub fn first_difference(
    then: &RecordedRequest,
    now: &RecordedRequest,
    redactor: &Redactor,
) -> Option<Difference> {
    Difference::between("", &compared(then), &compared(now), redactor)
}

fn compared(request: &RecordedRequest) -> Value {
    let messages = request.messages.iter().map(AsRef::as_ref);
    let messages: Vec<&Value> = messages.filter(|message| is_said(message)).collect();
    json!({
        "system": request.system, "tools": request.tools, "messages": messages, "maxTokens": request.max_tokens,
        "temperature": request.temperature, "thinking": request.thinking,
    })
}

/// An answer that failed before anything was said is no part of a request: each API leaves it out.
fn is_said(message: &Value) -> bool {
    let is_empty = message.get("content").and_then(Value::as_array).is_some_and(Vec::is_empty);
    !(is_empty && message.get("role").and_then(Value::as_str) == Some("assistant"))
}
