//! A configuration that lost what nobody takes out on purpose: a truncated file, a stub, a section gone (P-09).

use std::fmt;

use serde_json::Value;

use crate::text;

/// Sections without which nobody gets in, no provider is paid or no chat is answered. People empty them rarely;
/// programs that write half a file do it all the time.
const GUARDED: [&str; 3] = ["gateway", "auth", "channels"];

/// What a configuration lost, compared with the one before it. It waits for somebody to confirm it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Top-level sections that held something and hold nothing now.
    pub sections: Vec<&'static str>,
    /// Set when more than half of the text and more than half of the keys are gone.
    pub shrunk: Option<Shrunk>,
}

/// How much smaller a configuration became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// Bytes of the text before and after.
    pub bytes: (usize, usize),
    /// Keys at every depth before and after.
    pub keys: (usize, usize),
}

/// What `after` lost of `before`; `None` when it may be taken as it is. The lengths are those of the texts in bytes.
///
/// A text that shrinks keeps its keys when it moves parts of itself into included files or drops its comments, and a
/// value that loses keys keeps its length when they are commented out; only both together count.
#[must_use]
pub fn loss(before: &Value, before_len: usize, after: &Value, after_len: usize) -> Option<Loss> {
    let holds = |value: &Value, name: &str| value.get(name).is_some_and(|section| keys(section) > 0);
    let sections: Vec<_> =
        GUARDED.into_iter().filter(|name| holds(before, name) && !holds(after, name)).collect();
    let (had, has) = (keys(before), keys(after));
    let is_halved = after_len < before_len.div_ceil(2) && has < had.div_ceil(2);
    let shrunk = is_halved.then_some(Shrunk { bytes: (before_len, after_len), keys: (had, has) });
    (!sections.is_empty() || shrunk.is_some()).then_some(Loss { sections, shrunk })
}

/// The same for two texts alone, without the files they include; `None` also when one of them cannot be read.
#[must_use]
pub fn loss_of_texts(before: &str, after: &str) -> Option<Loss> {
    loss(&text::value(before)?, before.len(), &text::value(after)?, after.len())
}

/// What a configuration, included files merged in, lost of an earlier text that is alone; `None` also when that cannot be
/// read. What moved into an included file is not lost.
#[must_use]
pub fn loss_since(before: &str, after: &Value, after_len: usize) -> Option<Loss> {
    loss(&text::value(before)?, before.len(), after, after_len)
}

/// Keys at every depth.
fn keys(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.len() + object.values().map(keys).sum::<usize>(),
        Value::Array(items) => items.iter().map(keys).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.sections.is_empty() {
            write!(f, "nothing is left of {}", self.sections.join(", "))?;
        }
        let Some(Shrunk { bytes, keys }) = self.shrunk else { return Ok(()) };
        let joint = if self.sections.is_empty() { "" } else { "; " };
        write!(f, "{joint}{} of {} keys and {} of {} bytes are left", keys.1, keys.0, bytes.1, bytes.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{loss, loss_of_texts};
    use crate::text;
    use serde_json::{Value, json};

    fn full() -> Value {
        json!({
            "gateway": {"mode": "local", "auth": {"token": "t"}},
            "channels": {"telegram": {"botToken": "b"}},
            "agents": {"list": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}]},
            "ui": {"seamColor": "#112233"},
        })
    }

    #[test]
    fn what_counts_as_lost() {
        let without = |names: &[&str]| {
            let mut value = full();
            value.as_object_mut().unwrap().retain(|name, _| !names.contains(&name.as_str()));
            value
        };
        let hollow = |name: &str| {
            let mut value = full();
            value[name] = json!({});
            value
        };
        let kept = json!({"gateway": {"mode": "local"}, "channels": {"telegram": {}}});
        let rows = [
            ("the same", full(), 200, None),
            ("a shorter text with every key", full(), 10, None),
            ("fewer keys in a text as long", kept.clone(), 200, None),
            ("half of both", kept, 80, Some("4 of 15 keys and 80 of 200 bytes are left")),
            ("an unguarded section", without(&["ui"]), 190, None),
            ("the gateway", without(&["gateway"]), 150, Some("nothing is left of gateway")),
            ("an empty gateway", hollow("gateway"), 150, Some("nothing is left of gateway")),
            ("the channels", without(&["channels"]), 150, Some("nothing is left of channels")),
            (
                "a stub",
                json!({}),
                3,
                Some("nothing is left of gateway, channels; 0 of 15 keys and 3 of 200 bytes are left"),
            ),
        ];
        for (name, after, len, expected) in rows {
            let found = loss(&full(), 200, &after, len).map(|loss| loss.to_string());
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn exactly_half_is_not_more_than_half() {
        let (before, after) = (json!({"a": 1, "b": 2}), json!({"a": 1}));
        assert_eq!(loss(&before, 100, &after, 50), None);
        assert_eq!(loss(&before, 100, &after, 49), None, "half of the keys are left");
        assert!(loss(&before, 100, &json!({}), 49).is_some());
    }

    #[test]
    fn texts_are_compared_without_what_they_include() {
        let full = "{gateway: {mode: 'local', auth: {$include: './secret.json5'}}, // mine\n}";
        assert_eq!(loss_of_texts(full, full), None);
        assert!(loss_of_texts(full, "{}").is_some());
        assert_eq!(loss_of_texts(full, "{"), None, "nobody can say");
    }

    #[test]
    fn no_cut_passes_for_a_configuration() {
        let text = "// mine\n{\n  gateway: { mode: 'local', auth: { token: 't' } },\n  ui: { seamColor: '#112233' },\n}\n";
        let whole = text::value(text).unwrap();
        for cut in (0..text.len()).map(|end| &text[..end]) {
            let passes =
                text::value(cut).is_some_and(|value| loss(&whole, text.len(), &value, cut.len()).is_none());
            assert!(!passes || cut == text.trim_end(), "{cut}");
        }
    }

    #[test]
    fn nothing_can_be_lost_of_nothing() {
        assert_eq!(loss(&json!({}), 2, &json!({}), 0), None);
        assert_eq!(
            loss(&json!({"gateway": {}, "auth": {}}), 30, &json!({"ui": {"seamColor": "#112233"}}), 30),
            None
        );
    }
}
