//! Lines of a log that somebody reads: written by an earlier configuration, or by another program.

use std::borrow::Cow;

use openclaw_guard::Redactor;
use serde_json::Value;

use super::record::one_line;

/// A line of a log without its secrets. A record is looked at text by text, so that it stays a record; anything else as
/// it stands. A line that holds none comes back as it was.
#[must_use]
pub fn redact_log_line<'l>(redactor: &Redactor, line: &'l str) -> Cow<'l, str> {
    match serde_json::from_str::<Value>(line) {
        Ok(mut record @ Value::Object(_)) => match scrub(redactor, "", &mut record) {
            Found::Nothing => Cow::Borrowed(line),
            Found::Secrets => Cow::Owned(one_line(&record)),
        },
        // No record is no error: lines of other programs are shown too.
        Ok(_) | Err(_) => redactor.redact(line),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Secrets,
}

/// Hides what is secret in a value that stands under `name`.
fn scrub(redactor: &Redactor, name: &str, value: &mut Value) -> Found {
    let all =
        |found: Vec<Found>| if found.contains(&Found::Secrets) { Found::Secrets } else { Found::Nothing };
    match value {
        Value::String(text) => replace(redactor.redact_field(name, text).into_owned(), value),
        Value::Number(number) => {
            let text = number.to_string();
            match redactor.redact(&text) {
                Cow::Borrowed(_) => Found::Nothing,
                Cow::Owned(hidden) => replace(hidden, value),
            }
        }
        Value::Array(items) => all(items.iter_mut().map(|item| scrub(redactor, name, item)).collect()),
        Value::Object(object) => {
            let mut found: Vec<Found> =
                object.iter_mut().map(|(name, item)| scrub(redactor, name, item)).collect();
            if object.keys().any(|name| matches!(redactor.redact(name), Cow::Owned(_))) {
                *object = std::mem::take(object)
                    .into_iter()
                    .map(|(name, item)| (redactor.redact(&name).into_owned(), item))
                    .collect();
                found.push(Found::Secrets);
            }
            all(found)
        }
        Value::Bool(_) | Value::Null => Found::Nothing,
    }
}

fn replace(hidden: String, value: &mut Value) -> Found {
    if value.as_str() == Some(hidden.as_str()) {
        return Found::Nothing;
    }
    *value = Value::String(hidden);
    Found::Secrets
}

#[cfg(test)]
mod tests {
    use super::redact_log_line;
    use openclaw_guard::{Hiding, Redactor, Secret};

    #[test]
    fn records_stay_records_and_other_lines_are_looked_at_too() {
        let secrets = [Secret::new("correct \"horse\"".to_owned()), Secret::new("12345678".to_owned())];
        let redactor = Redactor::new(&secrets, Hiding::Shapes { patterns: Vec::new() });
        let table = [
            (r#"{"1":"it is correct \"horse\"","n":1}"#, r#"{"1":"it is ***","n":1}"#),
            (
                r#"{"2":{"token":"abc","list":["sk-abc TOKEN=x"],"pin":12345678}}"#,
                r#"{"2":{"token":"***","list":["sk-abc TOKEN=***"],"pin":"***"}}"#,
            ),
            (
                r#"{"1":"-----BEGIN PRIVATE KEY-----\nQUJD","2":{"a":"b"}}"#,
                r#"{"1":"-----BEGIN PRIVATE KEY-----***","2":{"a":"b"}}"#,
            ),
            (r#"{"2":{"12345678":1}}"#, r#"{"2":{"***":1}}"#),
            ("panic: correct \"horse\"", "panic: ***"),
            ("{\"1\": \"spaces stay\" }", "{\"1\": \"spaces stay\" }"),
            ("[\"12345678\"]", "[\"***\"]"),
            ("", ""),
        ];
        for (line, expected) in table {
            assert_eq!(redact_log_line(&redactor, line), expected, "{line}");
        }
    }
}
