//! Chat completions.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Say, Speaker};
use crate::model_server::wire::{Chunks, error_body, event};

pub(super) struct Completions {
    chunks: Chunks,
    calls: usize,
}

impl Completions {
    pub(super) fn new(number: usize, request: &Value) -> Self {
        Self { chunks: Chunks::for_request(number, request), calls: 0 }
    }
}

impl Speaker for Completions {
    fn say(&mut self, say: &Say<'_>) -> Vec<Bytes> {
        match say {
            Say::Begin => vec![self.chunks.role()],
            // Signatures are not part of this API.
            Say::Thinking { text, .. } => vec![self.chunks.delta(&json!({"reasoning_content": text}))],
            Say::Text(text) => vec![self.chunks.text(text)],
            Say::Call(call) => {
                self.calls += 1;
                self.chunks.call(self.calls - 1, call)
            }
            Say::End { calls, tokens } => {
                self.chunks.end(if *calls { "tool_calls" } else { "stop" }, *tokens)
            }
            Say::Error { code } => vec![event(&error_body("The model failed", "server_error", code))],
            Say::Broken => vec![event("{\"choices\":[{")],
        }
    }
}
