//! `reasoning_details`: reasoning as OpenRouter passes it on, with what its makers sign or encrypt.
//!
//! Source: OpenRouter, "Reasoning tokens": the whole list goes back as it came, or the provider behind refuses the calls that
//! it led to. In a stream each chunk has a piece of it. The transcript keeps the list as the signature of the reasoning.

use serde_json::{Map, Value, json};

/// Pieces of these are joined; what is encrypted comes whole.
const TEXTS: &[(&str, &str)] = &[("reasoning.text", "text"), ("reasoning.summary", "summary")];

/// Adds a piece to a list: to its last detail when that goes on.
pub(super) fn add(details: &mut Vec<Value>, piece: Value) {
    let Value::Object(piece) = piece else { return };
    let Some(kind) = piece.get("type").and_then(Value::as_str).filter(|kind| is_kind(kind)) else { return };
    let field = TEXTS.iter().find(|(known, _)| *known == kind).map(|(_, field)| *field);
    let last = details.last_mut().and_then(Value::as_object_mut);
    match (field, last.filter(|last| continues(last, &piece))) {
        (Some(field), Some(last)) => join(last, piece, field),
        (Some(_) | None, _) => details.push(Value::Object(piece)),
    }
}

fn is_kind(kind: &str) -> bool {
    kind.starts_with("reasoning.")
}

fn continues(last: &Map<String, Value>, piece: &Map<String, Value>) -> bool {
    let said =
        |detail: &Map<String, Value>, name: &str| detail.get(name).filter(|value| !value.is_null()).cloned();
    let agree = |name: &str| match (said(last, name), said(piece, name)) {
        (Some(last), Some(piece)) => last == piece,
        (None, _) | (_, None) => true,
    };
    ["type", "index", "id"].into_iter().all(agree)
}

/// The text goes on; a signature, an id and the like come once, mostly with the last piece.
fn join(last: &mut Map<String, Value>, piece: Map<String, Value>, field: &str) {
    for (name, value) in piece {
        match (last.get_mut(&name), value) {
            (Some(Value::String(text)), Value::String(more)) if name == field => text.push_str(&more),
            (_, Value::Null) => {}
            (_, value) => drop(last.insert(name, value)),
        }
    }
}

/// The list as a signature.
pub(super) fn to_signature(details: Vec<Value>) -> String {
    Value::Array(details).to_string()
}

/// The list of a signature, if it is one.
pub(super) fn of_signature(signature: &str) -> Vec<Value> {
    let is_detail = |value: &Value| value["type"].as_str().is_some_and(is_kind);
    match serde_json::from_str(signature) {
        Ok(Value::Array(details)) if details.iter().all(is_detail) => details,
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// Says the id that a call has in this request where a detail names the call by the one it came with.
pub(super) fn rename(details: &mut [Value], calls: &[(&str, String)]) {
    for detail in details {
        if let Some((_, id)) = calls.iter().find(|(stored, _)| detail["id"] == **stored) {
            detail["id"] = json!(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{add, of_signature, rename, to_signature};
    use serde_json::{Value, json};

    fn joined(pieces: &[Value]) -> Value {
        let mut details = Vec::new();
        for piece in pieces {
            add(&mut details, piece.clone());
        }
        Value::Array(details)
    }

    #[test]
    fn pieces_become_the_list_that_goes_back() {
        let text = |text: &str, index: u64| json!({"type": "reasoning.text", "text": text, "index": index});
        let hidden = |data: &str| json!({"type": "reasoning.encrypted", "data": data, "index": 0});
        let rows = [
            (vec![text("a", 0), text("b", 0)], json!([text("ab", 0)])),
            (vec![text("a", 0), text("b", 1)], json!([text("a", 0), text("b", 1)])),
            (vec![hidden("x"), hidden("y")], json!([hidden("x"), hidden("y")])),
            (vec![text("a", 0), hidden("x"), text("b", 0)], json!([text("a", 0), hidden("x"), text("b", 0)])),
            (
                vec![
                    json!({"type": "reasoning.text", "text": "a", "signature": null, "index": 0}),
                    json!({"type": "reasoning.text", "text": "", "signature": "s", "index": 0}),
                    json!({"type": "reasoning.text", "text": "b", "signature": null, "index": 0}),
                ],
                json!([{"type": "reasoning.text", "text": "ab", "signature": "s", "index": 0}]),
            ),
            // Claude behind OpenRouter: the signature comes alone, at the end.
            (
                vec![
                    text("a", 0),
                    json!({"type": "reasoning.text", "signature": "s", "format": "anthropic-claude-v1"}),
                ],
                json!([{"type": "reasoning.text", "text": "a", "index": 0, "signature": "s",
                    "format": "anthropic-claude-v1"}]),
            ),
            (vec![json!("x"), json!({"type": "other"}), json!({})], json!([])),
        ];
        for (pieces, expected) in rows {
            assert_eq!(joined(&pieces), expected, "{pieces:?}");
        }
    }

    #[test]
    fn a_signature_is_the_list_or_nothing() {
        let list = vec![json!({"type": "reasoning.encrypted", "data": "x", "id": "call 1"})];
        assert_eq!(of_signature(&to_signature(list.clone())), list);
        for other in ["reasoning_content", "c2ln", "{}", "[1]", r#"[{"type":"text"}]"#] {
            assert!(of_signature(other).is_empty(), "{other}");
        }
        let mut list = list;
        rename(&mut list, &[("call 2", "b".to_owned()), ("call 1", "call_1".to_owned())]);
        assert_eq!(list[0]["id"], "call_1");
    }
}
