//! The documents that services answer with.

use serde_json::{Value, json};

use super::server::Api;
use super::vectors::bag_of_words;

/// The numbers of a text.
pub(super) fn one_vector(text: &str) -> Value {
    json!(bag_of_words(text))
}

/// A good answer. OpenAI's comes in an order of its own: only `index` counts.
pub(super) fn good(api: Api, vectors: &[Value]) -> Value {
    match api {
        Api::OpenAi | Api::Voyage => {
            let item = |(index, vector): (usize, &Value)| json!({"object": "embedding", "index": index, "embedding": vector});
            let data: Vec<Value> = vectors.iter().enumerate().rev().map(item).collect();
            json!({"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}})
        }
        Api::Gemini => {
            let items: Vec<Value> = vectors.iter().map(|vector| json!({"values": vector})).collect();
            json!({"embeddings": items})
        }
    }
}

/// An error of OpenAI.
fn openai(message: &str, kind: &str, code: &Value) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

/// An error of Google's.
fn google(code: u16, status: &str, message: &str, details: &Value) -> Value {
    json!({"error": {"code": code, "message": message, "status": status, "details": details}})
}

fn reason(reason: &str) -> Value {
    json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason,
        "domain": "googleapis.com", "metadata": {"service": "generativelanguage.googleapis.com"}}])
}

fn quota(id: &str, wait: Option<u32>) -> Value {
    let mut details = vec![json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaMetric": "generativelanguage.googleapis.com/embed_content_requests", "quotaId": id}]})];
    if let Some(seconds) = wait {
        details.push(json!({"@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{seconds}s")}));
    }
    Value::Array(details)
}

/// Status and body of a refusal.
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) body: Value,
}

fn refusal(status: u16, body: Value) -> Refusal {
    Refusal { status, body }
}

pub(super) fn wrong_key(api: Api) -> Refusal {
    match api {
        Api::OpenAi => {
            let message =
                "Incorrect API key provided. You can find your API key at https://platform.openai.com.";
            refusal(401, openai(message, "invalid_request_error", &json!("invalid_api_key")))
        }
        Api::Voyage => refusal(401, json!({"detail": "Provided API key is invalid."})),
        Api::Gemini => {
            let message = "API key not valid. Please pass a valid API key.";
            refusal(400, google(400, "INVALID_ARGUMENT", message, &reason("API_KEY_INVALID")))
        }
    }
}

pub(super) fn rate_limited(api: Api, wait: Option<u32>) -> Refusal {
    match api {
        Api::OpenAi => refusal(429, openai("Rate limit reached", "requests", &json!("rate_limit_exceeded"))),
        Api::Voyage => refusal(429, json!({"detail": "You have exceeded your rate limit."})),
        Api::Gemini => {
            let details = quota("EmbedContentRequestsPerMinutePerProject", wait);
            refusal(429, google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", &details))
        }
    }
}

pub(super) fn out_of_quota(api: Api) -> Refusal {
    match api {
        Api::OpenAi => {
            let message = "You exceeded your current quota, please check your plan and billing details.";
            refusal(429, openai(message, "insufficient_quota", &json!("insufficient_quota")))
        }
        Api::Voyage => refusal(402, json!({"detail": "Your account has no credit left."})),
        Api::Gemini => {
            let details = quota("EmbedContentRequestsPerDayPerProject-FreeTier", None);
            refusal(429, google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", &details))
        }
    }
}

pub(super) fn too_many_tokens(api: Api) -> Refusal {
    let message = "This model's maximum context length is 8192 tokens, however you requested 9000 tokens";
    match api {
        Api::OpenAi => refusal(400, openai(message, "invalid_request_error", &Value::Null)),
        Api::Voyage => refusal(400, json!({"detail": message})),
        Api::Gemini => {
            let message = "The input token count (9000) exceeds the maximum number of tokens allowed (2048).";
            refusal(400, google(400, "INVALID_ARGUMENT", message, &json!([])))
        }
    }
}

pub(super) fn bad_request(api: Api, message: &str) -> Refusal {
    match api {
        Api::OpenAi => refusal(400, openai(message, "invalid_request_error", &Value::Null)),
        Api::Voyage => refusal(400, json!({"detail": message})),
        Api::Gemini => refusal(400, google(400, "INVALID_ARGUMENT", message, &json!([]))),
    }
}

pub(super) fn not_found(api: Api) -> Refusal {
    match api {
        Api::OpenAi => refusal(404, openai("not found", "invalid_request_error", &json!("model_not_found"))),
        Api::Voyage => refusal(404, json!({"detail": "Not Found"})),
        Api::Gemini => refusal(404, google(404, "NOT_FOUND", "not found", &json!([]))),
    }
}

pub(super) fn failed(api: Api, status: u16) -> Refusal {
    let name = if status == 503 { "UNAVAILABLE" } else { "INTERNAL" };
    match api {
        Api::OpenAi => refusal(status, openai("The server had an error", "server_error", &Value::Null)),
        Api::Voyage => refusal(status, json!({"detail": "Our servers are experiencing high load."})),
        Api::Gemini => refusal(status, google(status, name, "The model is overloaded.", &json!([]))),
    }
}
