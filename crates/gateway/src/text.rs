//! Messages as people see them.

use openclaw_agent::envelope;
use serde_json::{Value, json};

/// The text of a message value; a user's without the stamp and the id that only the model sees.
pub(crate) fn display_text(message: &Value) -> String {
    let text = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            texts.join("\n")
        }
        Some(_) | None => String::new(),
    };
    if message.get("role").and_then(Value::as_str) == Some("user") {
        envelope::unwrap(&text).to_owned()
    } else {
        text
    }
}

/// A user message with the stamp and the id taken off its text; other messages as they are.
pub(crate) fn for_display(mut message: Value) -> Value {
    if message.get("role").and_then(Value::as_str) != Some("user") {
        return message;
    }
    match message.get_mut("content") {
        Some(Value::String(text)) => *text = envelope::unwrap(text).to_owned(),
        Some(Value::Array(parts)) => {
            for part in parts {
                if let Some(Value::String(text)) = part.get_mut("text") {
                    *text = envelope::unwrap(text).to_owned();
                }
            }
        }
        Some(_) | None => {}
    }
    message
}

/// At most this many characters, with a mark when something was cut.
pub(crate) fn clip(text: &str, max_chars: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    format!("{cut}…")
}

/// An assistant message as `chat` events carry it.
pub(crate) fn assistant_message(text: &str, now_ms: i64) -> Value {
    json!({"role": "assistant", "content": [{"type": "text", "text": text}], "timestamp": now_ms})
}

#[cfg(test)]
mod tests {
    use super::{clip, display_text, for_display};
    use serde_json::json;

    #[test]
    fn people_do_not_see_stamps_and_ids() {
        let stamped = json!({"role":"user","content":[{"type":"text","text":"[Fri 2026-11-20 10:27 UTC] hi\n[message_id: m]"}]});
        assert_eq!(display_text(&stamped), "hi");
        assert_eq!(for_display(stamped)["content"][0]["text"], "hi");
        let quoted =
            json!({"role":"assistant","content":[{"type":"text","text":"[Fri 2026-11-20 10:27 UTC] hi"}]});
        assert_eq!(for_display(quoted.clone()), quoted);
    }

    #[test]
    fn clips_by_characters() {
        assert_eq!((clip("äöü", 3), clip("äöüß", 3)), ("äöü".to_owned(), "äö…".to_owned()));
    }
}
