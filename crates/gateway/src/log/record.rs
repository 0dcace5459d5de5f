//! One record: what is kept of an event, without secrets and cut, and how it stands in the file.

use openclaw_guard::{Redactor, iso_millis};
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// Characters of a field: peers choose names, addresses and texts (S-112).
const MAX_FIELD_CHARS: usize = 200;
/// Characters of messages and of [`OWN_FIELDS`]: an error names paths, keys and causes.
const MAX_OWN_CHARS: usize = 2_000;
/// Characters of a backtrace: the frames that matter stand first.
const MAX_BACKTRACE_CHARS: usize = 8_000;
/// Fields whose text is ours, not a peer's.
const OWN_FIELDS: [&str; 4] = ["message", "error", "report", "cause"];
/// Stands at the end of what was cut.
const CUT: char = '…';

/// One record. Its texts hold no secrets.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) level: Level,
    pub(super) subsystem: String,
    pub(super) message: String,
    pub(super) fields: Map<String, Value>,
    pub(super) now_ms: i64,
}

impl Record {
    /// What an event says.
    pub(super) fn of(event: &Event<'_>, now_ms: i64, redactor: &Redactor) -> Self {
        let target = event.metadata().target();
        let subsystem = target.trim_start_matches("openclaw_").replace("::", "/");
        let mut record = Self::new(*event.metadata().level(), &subsystem, now_ms);
        event.record(&mut Fields { record: &mut record, redactor });
        record
    }

    pub(super) fn new(level: Level, subsystem: &str, now_ms: i64) -> Self {
        Self { level, subsystem: subsystem.to_owned(), message: String::new(), fields: Map::new(), now_ms }
    }

    /// Sets the message, or the field of that name.
    pub(super) fn put(&mut self, name: &str, value: &str, redactor: &Redactor) {
        // Secrets go first: half a secret would not be recognised.
        if name == "message" {
            self.message = cut(&redactor.redact(value), MAX_OWN_CHARS);
            return;
        }
        let limit = match name {
            "backtrace" => MAX_BACKTRACE_CHARS,
            _ if OWN_FIELDS.contains(&name) => MAX_OWN_CHARS,
            _ => MAX_FIELD_CHARS,
        };
        let value = cut(&redactor.redact_field(name, value), limit);
        self.fields.insert(name.to_owned(), Value::String(value));
    }

    /// The line of the file.
    pub(super) fn to_json(&self) -> String {
        let name = json!({"subsystem": self.subsystem}).to_string();
        let time = iso_millis(self.now_ms);
        let mut record = json!({
            "0": name, "1": self.message,
            "_meta": {"runtime": "openclaw", "name": name, "date": time, "logLevelName": self.level.as_str()},
            "time": time,
        });
        if let (Some(record), false) = (record.as_object_mut(), self.fields.is_empty()) {
            record.insert("2".to_owned(), Value::Object(self.fields.clone()));
        }
        one_line(&record)
    }
}

struct Fields<'r> {
    record: &'r mut Record,
    redactor: &'r Redactor,
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record.put(field.name(), value, self.redactor);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record.put(field.name(), &format!("{value:?}"), self.redactor);
    }
}

fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}{CUT}", &text[..end]),
        None => text.to_owned(),
    }
}

/// JSON in which nothing steers a terminal or ends a line: JSON itself escapes only the oldest of such characters, and
/// all of them stand in strings.
pub(super) fn one_line(value: &Value) -> String {
    let text = value.to_string();
    if !text.chars().any(steers) {
        return text;
    }
    let escape = |c: char| if steers(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    text.chars().map(escape).collect()
}

/// Whether a character moves the cursor, ends a line or turns the direction of writing. All of them have four digits.
pub(super) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{MAX_FIELD_CHARS, MAX_OWN_CHARS, Record};
    use openclaw_guard::{Hiding, Redactor, Secret};
    use proptest::prelude::*;
    use serde_json::Value;
    use tracing::Level;

    fn redactor() -> Redactor {
        Redactor::new(&[Secret::new("correct horse".to_owned())], Hiding::Shapes { patterns: Vec::new() })
    }

    #[test]
    fn the_file_keeps_the_outline_of_the_release() {
        let mut record = Record::new(Level::WARN, "gateway/ws", 1_795_171_362_908);
        record.put("message", "closed", &redactor());
        record.put("peer", "a\"b", &redactor());
        insta::assert_snapshot!(record.to_json(), @r#"{"0":"{\"subsystem\":\"gateway/ws\"}","1":"closed","_meta":{"runtime":"openclaw","name":"{\"subsystem\":\"gateway/ws\"}","date":"2026-11-20T10:42:42.908Z","logLevelName":"WARN"},"time":"2026-11-20T10:42:42.908Z","2":{"peer":"a\"b"}}"#);
    }

    #[test]
    fn what_peers_say_is_cut_sooner_than_what_we_say() {
        let mut record = Record::new(Level::INFO, "x", 0);
        let long = "é".repeat(MAX_OWN_CHARS + 9);
        for name in ["message", "error", "peer"] {
            record.put(name, &long, &redactor());
        }
        let length = |value: &Value| value.as_str().unwrap().chars().count();
        assert_eq!(record.message.chars().count(), MAX_OWN_CHARS + 1);
        assert_eq!(length(&record.fields["error"]), MAX_OWN_CHARS + 1);
        assert_eq!(length(&record.fields["peer"]), MAX_FIELD_CHARS + 1);
    }

    #[test]
    fn a_secret_at_the_cut_is_hidden_before_it() {
        let mut record = Record::new(Level::INFO, "x", 0);
        record.put("peer", &format!("{} correct horse", "x".repeat(MAX_FIELD_CHARS - 8)), &redactor());
        record.put("token", "short", &redactor());
        assert!(record.fields["peer"].as_str().unwrap().ends_with("x ***"));
        assert_eq!(record.fields["token"], "***");
    }

    proptest! {
        #[test]
        fn a_record_is_one_line_of_json(message in any::<String>(), field in any::<String>()) {
            let mut record = Record::new(Level::INFO, "x", 0);
            record.put("message", &message, &redactor());
            record.put("peer", &field, &redactor());
            let line = record.to_json();
            prop_assert!(!line.chars().any(super::steers), "{line:?}");
            let read: Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(read["1"].as_str(), Some(record.message.as_str()));
        }
    }
}
