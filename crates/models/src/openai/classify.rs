//! From an HTTP status and an error body to a typed error.
//!
//! Sources: OpenAI API reference "Error codes"; llama.cpp pull request 15780 (`exceed_context_size_error`); vLLM
//! answers a plain 400 without a code.

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Meaning, Redactor, Refusal, Verdict};
use crate::{ModelError, ModelInfo};

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
    ("overloaded_error", Meaning::Overload),
    ("server_is_overloaded", Meaning::Overload),
    ("slow_down", Meaning::Overload),
    ("model_not_found", Meaning::NoModel),
    ("content_filter", Meaning::Filtered),
    ("content_policy_violation", Meaning::Filtered),
];

/// The last resort, and the only place where words decide: servers that answer 400 to a long prompt without a code.
/// In order: vLLM before 0.16, vLLM since 0.16, llama.cpp before its typed error, llama-cpp-python.
const OVERFLOW_WORDS: &[(&str, Meaning)] = &[
    ("maximum context length", Meaning::Context),
    ("context length is only", Meaning::Context),
    ("exceeds the available context size", Meaning::Context),
    ("exceed context window", Meaning::Context),
    ("exceeds the context window", Meaning::Context),
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
    let code = |value: &Value| Meaning::of_code(CODES, value.as_str()?);
    let message = error.message.as_str();
    let meaning = code(&error.code)
        .or_else(|| code(&error.kind))
        .or_else(|| Meaning::of_status(refusal.status))
        .or_else(|| Meaning::of_words(OVERFLOW_WORDS, message?));
    let Refusal { status, retry_after, body: _ } = refusal;
    Verdict { meaning, status, retry_after, message }.into_error(info, redactor)
}

#[cfg(test)]
mod tests {
    use super::classify;
    use crate::wire::{Redactor, Refusal};
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
            (529, r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#, "p: overloaded"),
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
