//! Ollama's own chat: one JSON value in a line.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Say, Speaker};

#[derive(Default)]
pub(super) struct Ollama {
    calls: u64,
}

fn line(mut value: Value, done: bool) -> Bytes {
    value["model"] = json!("mock-1");
    value["created_at"] = json!("2026-01-01T00:00:00Z");
    value["done"] = json!(done);
    Bytes::from(format!("{value}\n"))
}

fn said(part: &Value) -> Bytes {
    let mut message = json!({"role": "assistant", "content": ""});
    if let (Some(message), Some(part)) = (message.as_object_mut(), part.as_object()) {
        message.extend(part.clone());
    }
    line(json!({"message": message}), false)
}

impl Speaker for Ollama {
    fn say(&mut self, say: &Say<'_>) -> Vec<Bytes> {
        match say {
            Say::Begin => Vec::new(),
            // Signatures are not part of this API.
            Say::Thinking { text, .. } => vec![said(&json!({"thinking": text}))],
            Say::Text(text) => vec![said(&json!({"content": text}))],
            Say::Call(call) => {
                // Arguments are an object here; broken ones cannot be said.
                let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
                let function = json!({"index": self.calls, "name": call.name, "arguments": arguments});
                self.calls += 1;
                vec![said(&json!({"tool_calls": [{"id": call.id, "function": function}]}))]
            }
            Say::End { tokens, .. } => {
                let message = json!({"role": "assistant", "content": ""});
                let end = json!({"message": message, "done_reason": "stop", "total_duration": 1,
                    "prompt_eval_count": 12, "eval_count": tokens});
                vec![line(end, true)]
            }
            Say::Error { code } => vec![Bytes::from(format!("{}\n", json!({"error": code})))],
            Say::Broken => vec![Bytes::from_static(b"{\"message\":{\n")],
        }
    }
}
