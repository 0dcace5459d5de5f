//! Anthropic messages.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Say, Speaker, halves};

/// What block is open.
#[derive(Default, PartialEq)]
enum Open {
    #[default]
    None,
    Text,
}

#[derive(Default)]
pub(super) struct Anthropic {
    blocks: u64,
    open: Open,
}

fn event(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

impl Anthropic {
    fn start(&mut self, block: &Value) -> Bytes {
        let index = self.blocks;
        event(
            "content_block_start",
            &json!({"type": "content_block_start", "index": index, "content_block": block}),
        )
    }

    fn delta(&self, delta: &Value) -> Bytes {
        let index = self.blocks;
        event("content_block_delta", &json!({"type": "content_block_delta", "index": index, "delta": delta}))
    }

    fn stop(&mut self) -> Bytes {
        let index = self.blocks;
        self.blocks += 1;
        self.open = Open::None;
        event("content_block_stop", &json!({"type": "content_block_stop", "index": index}))
    }

    fn close_text(&mut self, out: &mut Vec<Bytes>) {
        if self.open == Open::Text {
            out.push(self.stop());
        }
    }

    fn thinking(&mut self, text: &str, signature: &str, out: &mut Vec<Bytes>) {
        if text.is_empty() {
            out.push(self.start(&json!({"type": "redacted_thinking", "data": signature})));
        } else {
            out.push(self.start(&json!({"type": "thinking", "thinking": "", "signature": ""})));
            out.push(self.delta(&json!({"type": "thinking_delta", "thinking": text})));
            out.push(self.delta(&json!({"type": "signature_delta", "signature": signature})));
        }
        out.push(self.stop());
    }

    fn text(&mut self, text: &str, out: &mut Vec<Bytes>) {
        if self.open == Open::None {
            out.push(self.start(&json!({"type": "text", "text": ""})));
            self.open = Open::Text;
        }
        out.push(self.delta(&json!({"type": "text_delta", "text": text})));
    }
}

impl Speaker for Anthropic {
    fn say(&mut self, say: &Say<'_>) -> Vec<Bytes> {
        let mut out = Vec::new();
        if !matches!(say, Say::Text(_)) {
            self.close_text(&mut out);
        }
        match say {
            Say::Begin => {
                let usage = json!({"input_tokens": 12, "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0, "output_tokens": 1});
                let message = json!({"id": "msg_mock", "type": "message", "role": "assistant", "content": [],
                    "model": "mock-1", "stop_reason": null, "stop_sequence": null, "usage": usage});
                out.push(event("message_start", &json!({"type": "message_start", "message": message})));
                out.push(event("ping", &json!({"type": "ping"})));
            }
            Say::Thinking { text, signature } => self.thinking(text, signature, &mut out),
            Say::Text(text) => self.text(text, &mut out),
            Say::Call(call) => {
                let block = json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}});
                out.push(self.start(&block));
                for piece in halves(&call.arguments) {
                    out.push(self.delta(&json!({"type": "input_json_delta", "partial_json": piece})));
                }
                out.push(self.stop());
            }
            Say::End { calls, tokens } => {
                let reason = if *calls { "tool_use" } else { "end_turn" };
                let delta = json!({"type": "message_delta", "usage": {"output_tokens": tokens},
                    "delta": {"stop_reason": reason, "stop_sequence": null}});
                out.push(event("message_delta", &delta));
                out.push(event("message_stop", &json!({"type": "message_stop"})));
            }
            Say::Error { code } => {
                let error = json!({"type": code, "message": "The model failed"});
                out.push(event("error", &json!({"type": "error", "error": error})));
            }
            Say::Broken => out.push(Bytes::from_static(b"event: content_block_delta\ndata: {\"type\":\n\n")),
        }
        out
    }
}
