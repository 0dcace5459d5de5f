//! OpenAI responses.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Say, Speaker, halves};

#[derive(Default)]
pub(super) struct Responses {
    outputs: u64,
    /// The text of the open message.
    open: Option<String>,
    sequence: u64,
}

impl Responses {
    fn event(&mut self, kind: &str, mut data: Value) -> Bytes {
        data["type"] = json!(kind);
        data["sequence_number"] = json!(self.sequence);
        self.sequence += 1;
        Bytes::from(format!("event: {kind}\ndata: {data}\n\n"))
    }

    fn close_message(&mut self, out: &mut Vec<Bytes>) {
        let Some(text) = self.open.take() else { return };
        let (index, id) = (self.outputs, format!("msg_mock{}", self.outputs));
        let part = json!({"type": "output_text", "text": text, "annotations": []});
        out.push(self.event("response.output_text.done", json!({"output_index": index, "text": text})));
        let item = json!({"id": id, "type": "message", "status": "completed", "role": "assistant", "content": [part]});
        out.push(self.event("response.output_item.done", json!({"output_index": index, "item": item})));
        self.outputs += 1;
    }

    fn text(&mut self, text: &str, out: &mut Vec<Bytes>) {
        let index = self.outputs;
        if self.open.is_none() {
            let item = json!({"id": format!("msg_mock{index}"), "type": "message", "status": "in_progress",
                "role": "assistant", "content": []});
            out.push(self.event("response.output_item.added", json!({"output_index": index, "item": item})));
        }
        let delta = json!({"output_index": index, "content_index": 0, "delta": text});
        out.push(self.event("response.output_text.delta", delta));
        self.open.get_or_insert_default().push_str(text);
    }

    fn thinking(&mut self, text: &str, signature: &str, out: &mut Vec<Bytes>) {
        let (index, id) = (self.outputs, format!("rs_mock{}", self.outputs));
        let item = |summary: Value, content: Option<&str>| json!({"id": id, "type": "reasoning", "summary": summary, "encrypted_content": content});
        let added = json!({"output_index": index, "item": item(json!([]), None)});
        out.push(self.event("response.output_item.added", added));
        if !text.is_empty() {
            let part = json!({"output_index": index, "summary_index": 0, "part": {"type": "summary_text", "text": ""}});
            out.push(self.event("response.reasoning_summary_part.added", part));
            let delta = json!({"output_index": index, "summary_index": 0, "delta": text});
            out.push(self.event("response.reasoning_summary_text.delta", delta));
        }
        let summary = json!([{"type": "summary_text", "text": text}]);
        let done = json!({"output_index": index, "item": item(summary, Some(signature))});
        out.push(self.event("response.output_item.done", done));
        self.outputs += 1;
    }
}

impl Speaker for Responses {
    fn say(&mut self, say: &Say<'_>) -> Vec<Bytes> {
        let mut out = Vec::new();
        if !matches!(say, Say::Text(_) | Say::Error { .. } | Say::Broken) {
            self.close_message(&mut out);
        }
        match say {
            Say::Begin => {
                let response = json!({"id": "resp_mock", "object": "response", "status": "in_progress"});
                out.push(self.event("response.created", json!({"response": response.clone()})));
                out.push(self.event("response.in_progress", json!({"response": response})));
            }
            Say::Thinking { text, signature } => self.thinking(text, signature, &mut out),
            Say::Text(text) => self.text(text, &mut out),
            Say::Call(call) => {
                let index = self.outputs;
                let item = |arguments: &str| {
                    json!({"id": format!("fc_mock{index}"), "type": "function_call", "call_id": call.id,
                        "name": call.name, "arguments": arguments})
                };
                out.push(
                    self.event(
                        "response.output_item.added",
                        json!({"output_index": index, "item": item("")}),
                    ),
                );
                for piece in halves(&call.arguments) {
                    let delta = json!({"output_index": index, "delta": piece});
                    out.push(self.event("response.function_call_arguments.delta", delta));
                }
                let done = json!({"output_index": index, "item": item(&call.arguments)});
                out.push(self.event("response.output_item.done", done));
                self.outputs += 1;
            }
            Say::End { tokens, .. } => {
                let usage = json!({"input_tokens": 12, "input_tokens_details": {"cached_tokens": 0},
                    "output_tokens": tokens, "total_tokens": 12 + tokens});
                let response = json!({"id": "resp_mock", "status": "completed", "error": null,
                    "incomplete_details": null, "usage": usage});
                out.push(self.event("response.completed", json!({"response": response})));
            }
            Say::Error { code } => {
                out.push(
                    self.event("error", json!({"code": code, "message": "The model failed", "param": null})),
                );
            }
            Say::Broken => {
                out.push(Bytes::from_static(b"event: response.output_text.delta\ndata: {\"type\":\n\n"))
            }
        }
        out
    }
}
