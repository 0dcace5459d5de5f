//! From an HTTP status and an error body to a typed error.
//!
//! Sources: OpenAI API reference "Error codes"; llama.cpp pull request 15780 (`exceed_context_size_error`); vLLM
//! answers a plain 400 without a code.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::redact::Redactor;
use crate::{ModelError, ModelInfo};

/// Everything known about a refusal.
#[derive(Clone, Copy)]
pub struct Refusal<'a> {
    /// HTTP status; 200 when the error came inside the stream.
    pub status: u16,
    /// What `Retry-After` asked for.
    pub retry_after: Option<Duration>,
    /// The body, at most a few kilobytes of it.
    pub body: &'a [u8],
}

/// `{"error": {...}}` as documented, `{"error": "text"}` from small servers, or the error's fields at the top as
/// Mistral and older vLLM send them.
#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorBody {
    Documented { error: ErrorObject },
    Text { error: String },
    Flat(ErrorObject),
}

/// `code` is a string, a number or null, depending on the server; `message` is nearly always a string.
#[derive(Deserialize, Default)]
struct ErrorObject {
    #[serde(default)]
    message: Value,
    #[serde(default)]
    code: Value,
    #[serde(default, rename = "type")]
    kind: Value,
}

/// What a typed code means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Context,
    Billing,
    Auth,
    Rate,
    Server,
    NoModel,
    Filtered,
}

/// Codes and types that servers put into `error.code` or `error.type`.
const CODES: &[(&str, Meaning)] = &[
    ("context_length_exceeded", Meaning::Context),
    ("exceed_context_size_error", Meaning::Context),
    ("insufficient_quota", Meaning::Billing),
    ("billing_hard_limit_reached", Meaning::Billing),
    ("billing_not_active", Meaning::Billing),
    ("invalid_api_key", Meaning::Auth),
    ("authentication_error", Meaning::Auth),
    ("rate_limit_exceeded", Meaning::Rate),
    ("rate_limit_error", Meaning::Rate),
    ("server_error", Meaning::Server),
    ("overloaded_error", Meaning::Server),
    ("model_not_found", Meaning::NoModel),
    ("content_filter", Meaning::Filtered),
    ("content_policy_violation", Meaning::Filtered),
];

/// The last resort, and the only place where words decide: servers that answer 400 to a long prompt without a code.
/// In order: vLLM before 0.16, vLLM since 0.16, llama.cpp before its typed error, llama-cpp-python.
const OVERFLOW_WORDS: &[&str] = &[
    "maximum context length",
    "context length is only",
    "exceeds the available context size",
    "exceed context window",
];

/// The error for a refused request. `message` of the result has passed the redactor.
#[must_use]
pub fn classify(refusal: Refusal<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError {
    let error = match serde_json::from_slice(refusal.body) {
        Ok(ErrorBody::Documented { error } | ErrorBody::Flat(error)) => error,
        Ok(ErrorBody::Text { error }) => {
            ErrorObject { message: Value::String(error), ..ErrorObject::default() }
        }
        Err(_) => ErrorObject::default(),
    };
    let by_code = meaning(&error.code).or_else(|| meaning(&error.kind));
    let decided = by_code.or_else(|| by_status(refusal.status)).or_else(|| by_words(&error));
    let provider = Arc::clone(&info.provider);
    let status = refusal.status;
    match decided {
        Some(Meaning::Context) => ModelError::ContextOverflow { provider, model: info.id.clone() },
        Some(Meaning::Billing) => ModelError::Billing { provider },
        Some(Meaning::Auth) => ModelError::Auth { provider, status },
        Some(Meaning::Rate) => ModelError::RateLimited { provider, retry_after: refusal.retry_after },
        Some(Meaning::Server) => ModelError::Server { provider, status },
        Some(Meaning::NoModel) => ModelError::ModelNotFound { provider, model: info.id.clone() },
        Some(Meaning::Filtered) => ModelError::Filtered { provider },
        None if (300..400).contains(&status) => ModelError::Redirected { provider, status },
        None => {
            let message = error.message.as_str().unwrap_or("it gave no reason");
            ModelError::BadRequest { provider, status, message: redactor.clean(message) }
        }
    }
}

fn meaning(code: &Value) -> Option<Meaning> {
    let code = code.as_str()?;
    CODES.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning)
}

/// What the status says when no code does. 413 means a body that is too long, with the same remedy as a context
/// that is too long.
fn by_status(status: u16) -> Option<Meaning> {
    match status {
        401 | 403 => Some(Meaning::Auth),
        402 => Some(Meaning::Billing),
        413 => Some(Meaning::Context),
        429 => Some(Meaning::Rate),
        408 | 425 | 500.. => Some(Meaning::Server),
        _ => None,
    }
}

fn by_words(error: &ErrorObject) -> Option<Meaning> {
    let message = error.message.as_str()?;
    OVERFLOW_WORDS.iter().any(|words| message.contains(words)).then_some(Meaning::Context)
}

#[cfg(test)]
mod tests {
    use super::{Redactor, Refusal, classify};
    use crate::{ModelError, ModelInfo, WireApi};
    use openclaw_guard::Secret;
    use proptest::prelude::*;
    use std::time::Duration;

    fn of(status: u16, body: &str) -> ModelError {
        let info = ModelInfo::new("p", "m", WireApi::OpenAiCompletions);
        let redactor = Redactor::new(vec![Secret::new("sk-canary-1".into())]);
        let retry_after = Some(Duration::from_secs(2));
        classify(Refusal { status, retry_after, body: body.as_bytes() }, &info, &redactor)
    }

    #[test]
    fn codes_come_before_the_status() {
        let rows = [
            (
                400,
                r#"{"error":{"message":"x","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
                "p: context window of m exceeded",
            ),
            (
                500,
                r#"{"error":{"code":500,"message":"x","type":"exceed_context_size_error","n_ctx":256}}"#,
                "p: context window of m exceeded",
            ),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","param":null,"code":400}}"#,
                "p: context window of m exceeded",
            ),
            (413, "", "p: context window of m exceeded"),
            (
                429,
                r#"{"error":{"message":"x","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
                "p: out of credit",
            ),
            (
                429,
                r#"{"error":{"message":"x","type":"tokens","code":"rate_limit_exceeded"}}"#,
                "p: rate limited",
            ),
            (429, "<html>", "p: rate limited"),
            (
                401,
                r#"{"error":{"message":"Incorrect API key provided: sk-canary-1","code":"invalid_api_key"}}"#,
                "p: credential refused (HTTP 401)",
            ),
            (403, "", "p: credential refused (HTTP 403)"),
            (
                404,
                r#"{"error":{"message":"x","type":"invalid_request_error","code":"model_not_found"}}"#,
                "p: unknown model m",
            ),
            (502, "bad gateway", "p: server failure (HTTP 502)"),
            (307, "", "p: redirected (HTTP 307)"),
            (200, r#"{"error":{"message":"x","type":"server_error"}}"#, "p: server failure (HTTP 200)"),
            (
                400,
                r#"{"error":{"message":"no 'tools' with\nsk-canary-1"}}"#,
                "p: request refused (HTTP 400): no 'tools' with [redacted]",
            ),
            (404, r#"{"error":"no such page"}"#, "p: request refused (HTTP 404): no such page"),
            (
                422,
                r#"{"object":"error","message":"Extra inputs","type":"invalid","code":null}"#,
                "p: request refused (HTTP 422): Extra inputs",
            ),
            (422, "", "p: request refused (HTTP 422): it gave no reason"),
        ];
        for (status, body, expected) in rows {
            assert_eq!(of(status, body).to_string(), expected, "{status} {body}");
        }
    }

    proptest! {
        #[test]
        fn any_body_is_classified_and_leaks_nothing(status in 200u16..600, body in ".{0,80}(sk-canary-1)?.{0,80}") {
            for body in [body.clone(), serde_json::json!({"error":{"message":body}}).to_string()] {
                let error = of(status, &body);
                let words = [error.to_string(), error.plain_words(), format!("{error:?}")].concat();
                prop_assert!(!words.contains("sk-canary-1"), "{}", words);
            }
        }
    }
}
