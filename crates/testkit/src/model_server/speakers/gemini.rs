//! Gemini's `streamGenerateContent`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Say, Speaker};
use crate::model_server::wire::event;

pub(super) struct Gemini {
    response_id: String,
}

impl Gemini {
    pub(super) fn new(number: usize) -> Self {
        Self { response_id: format!("mock{number}") }
    }

    fn chunk(&self, part: Option<&Value>, finish: Option<&str>, tokens: usize) -> Bytes {
        let mut candidate = json!({"index": 0});
        if let Some(part) = part {
            candidate["content"] = json!({"parts": [part], "role": "model"});
        }
        if let Some(finish) = finish {
            candidate["finishReason"] = json!(finish);
        }
        let usage =
            json!({"promptTokenCount": 12, "candidatesTokenCount": tokens, "totalTokenCount": 12 + tokens});
        event(
            &json!({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "mock-1",
            "responseId": self.response_id})
            .to_string(),
        )
    }
}

impl Speaker for Gemini {
    fn say(&mut self, say: &Say<'_>) -> Vec<Bytes> {
        match say {
            // The first event already carries a part.
            Say::Begin => Vec::new(),
            Say::Thinking { text, signature } => {
                let part = json!({"text": text, "thought": true, "thoughtSignature": signature});
                vec![self.chunk(Some(&part), None, 1)]
            }
            Say::Text(text) => vec![self.chunk(Some(&json!({"text": text})), None, 1)],
            Say::Call(call) => {
                // Arguments are an object here; broken ones cannot be said.
                let args: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
                let call = json!({"id": call.id, "name": call.name, "args": args});
                let part = json!({"functionCall": call, "thoughtSignature": "bW9jaw=="});
                vec![self.chunk(Some(&part), None, 1)]
            }
            Say::End { tokens, .. } => vec![self.chunk(Some(&json!({"text": ""})), Some("STOP"), *tokens)],
            Say::Error { code } => {
                let error = json!({"code": 500, "message": "The model failed", "status": code});
                vec![event(&json!({"error": error}).to_string())]
            }
            Say::Broken => vec![event("{\"candidates\": [{")],
        }
    }
}
