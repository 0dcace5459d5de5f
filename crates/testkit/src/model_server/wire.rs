//! The documents of the chat completions API: chunks, whole answers, errors, the model list.

use bytes::Bytes;
use serde_json::{Value, json};

use super::reply::ScriptedCall;

/// Constant, so that recorded answers compare equal. 2026-01-01T00:00:00Z in seconds.
const CREATED: u64 = 1_767_225_600;

/// Makes the chunks of one answer.
#[derive(Debug, Clone)]
pub(super) struct Chunks {
    id: String,
    model: String,
    pub(super) include_usage: bool,
    prompt_tokens: u64,
}

impl Chunks {
    pub(super) fn for_request(number: usize, body: &Value) -> Self {
        Self {
            id: format!("chatcmpl-mock{number}"),
            model: body["model"].as_str().unwrap_or("mock-1").to_owned(),
            include_usage: body["stream_options"]["include_usage"] == true,
            // About four bytes a token is close enough for a server that counts nothing.
            prompt_tokens: u64::try_from(body["messages"].to_string().len() / 4).unwrap(),
        }
    }

    fn chunk(&self, choices: &Value, usage: &Value) -> Bytes {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": CREATED, "model": self.model,
            "system_fingerprint": null, "choices": choices,
        });
        if self.include_usage {
            chunk["usage"] = usage.clone();
        }
        event(&chunk.to_string())
    }

    pub(super) fn delta(&self, delta: &Value) -> Bytes {
        let choice = json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]);
        self.chunk(&choice, &Value::Null)
    }

    /// The first chunk, which names the role.
    pub(super) fn role(&self) -> Bytes {
        self.delta(&json!({"role": "assistant", "content": "", "refusal": null}))
    }

    pub(super) fn text(&self, text: &str) -> Bytes {
        self.delta(&json!({"content": text}))
    }

    /// The chunks of one call: its name, and its arguments in two pieces.
    pub(super) fn call(&self, index: usize, call: &ScriptedCall) -> Vec<Bytes> {
        let middle =
            (0..=call.arguments.len() / 2).rev().find(|at| call.arguments.is_char_boundary(*at)).unwrap();
        let start = json!({"tool_calls": [{"index": index, "id": call.id, "type": "function",
            "function": {"name": call.name, "arguments": ""}}]});
        let (head, tail) = call.arguments.split_at(middle);
        let mut chunks = vec![self.delta(&start)];
        for piece in [head, tail] {
            let more = json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]});
            chunks.push(self.delta(&more));
        }
        chunks
    }

    /// The finish reason, the usage if it was asked for, and `[DONE]`.
    pub(super) fn end(&self, finish_reason: &str, completion_tokens: usize) -> Vec<Bytes> {
        let choice = json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": finish_reason}]);
        let mut chunks = vec![self.chunk(&choice, &Value::Null)];
        if self.include_usage {
            chunks.push(self.chunk(&json!([]), &self.usage(completion_tokens)));
        }
        chunks.push(event("[DONE]"));
        chunks
    }

    fn usage(&self, completion_tokens: usize) -> Value {
        let completion_tokens = u64::try_from(completion_tokens).unwrap();
        json!({
            "prompt_tokens": self.prompt_tokens, "completion_tokens": completion_tokens,
            "total_tokens": self.prompt_tokens + completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        })
    }

    /// The answer to a request without `stream`.
    pub(super) fn whole(&self, text: &str, calls: &[ScriptedCall]) -> String {
        let content = if text.is_empty() { Value::Null } else { json!(text) };
        let mut message = json!({"role": "assistant", "content": content, "refusal": null});
        if !calls.is_empty() {
            let calls = calls.iter().map(|call| {
                json!({"id": call.id, "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments}})
            });
            message["tool_calls"] = calls.collect();
        }
        let finish_reason = if calls.is_empty() { "stop" } else { "tool_calls" };
        json!({
            "id": self.id, "object": "chat.completion", "created": CREATED, "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason}],
            "usage": self.usage(1),
        })
        .to_string()
    }
}

/// One server-sent event.
pub(super) fn event(data: &str) -> Bytes {
    Bytes::from(format!("data: {data}\n\n"))
}

/// A whole stream for `text`, with usage.
pub(super) fn whole_stream(text: &str) -> Bytes {
    let request = json!({"model": "mock-1", "stream_options": {"include_usage": true}});
    let chunks = Chunks::for_request(0, &request);
    let pieces = text.split_inclusive(' ').map(|piece| chunks.text(piece));
    let parts = [chunks.role()].into_iter().chain(pieces).chain(chunks.end("stop", text.len() / 4));
    Bytes::from(parts.fold(Vec::new(), |mut all, part| {
        all.extend_from_slice(&part);
        all
    }))
}

pub(super) fn error_body(message: &str, kind: &str, code: &str) -> String {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}}).to_string()
}

pub(super) fn model_list(ids: &[String]) -> String {
    let data: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "testkit"}))
        .collect();
    json!({"object": "list", "data": data}).to_string()
}

/// The text of the last thing the user said, in any of the APIs.
pub(super) fn last_user_text(body: &Value) -> String {
    let list = |key: &str| body[key].as_array();
    let all = list("messages").or_else(|| list("contents")).or_else(|| list("input"));
    let all = all.map_or(&[][..], Vec::as_slice);
    let Some(last) = all.iter().rfind(|message| message["role"] == "user") else { return String::new() };
    if let Some(text) = last["content"].as_str() {
        return text.to_owned();
    }
    let parts = last["content"].as_array().or_else(|| last["parts"].as_array()).into_iter().flatten();
    parts.filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
}
