//! From an HTTP status and an error body to a typed error.
//!
//! Source: Anthropic API reference, "Errors". `error.type` decides; the words of an `invalid_request_error` are read
//! only for the two causes that have no type of their own.

use serde::Deserialize;

use crate::wire::{Meaning, Redactor, Refusal, Verdict};
use crate::{ModelError, ModelInfo};

/// `{"type":"error","error":{"type":…,"message":…},"request_id":…}`. Servers that imitate the API leave fields out.
#[derive(Deserialize, Default)]
struct ErrorBody {
    #[serde(default)]
    error: Option<ErrorObject>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize, Default)]
struct ErrorObject {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

const TYPES: &[(&str, Meaning)] = &[
    ("authentication_error", Meaning::Auth),
    ("permission_error", Meaning::Auth),
    ("billing_error", Meaning::Billing),
    ("rate_limit_error", Meaning::Rate),
    ("overloaded_error", Meaning::Overload),
    ("request_too_large", Meaning::Context),
    ("timeout_error", Meaning::Server),
    ("api_error", Meaning::Server),
];

/// Phrases of `invalid_request_error`, in small letters: "prompt is too long: 213462 tokens > 200000 maximum",
/// "input length and `max_tokens` exceed context limit: …", "Your credit balance is too low to access the Anthropic
/// API…", "Output blocked by content filtering policy", and of `not_found_error`: "model: claude-x".
const WORDS: &[(&str, Meaning)] = &[
    ("prompt is too long", Meaning::Context),
    ("exceed context limit", Meaning::Context),
    ("context window", Meaning::Context),
    // Kimi's imitation: "Your request exceeded model token limit: 262144 (requested: 269030)"
    ("exceeded model token limit", Meaning::Context),
    ("credit balance is too low", Meaning::Billing),
    ("usage limits", Meaning::Billing),
    ("content filtering policy", Meaning::Filtered),
];

/// The error for a refused request. `message` of the result has passed the redactor.
#[must_use]
pub fn classify(refusal: Refusal<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError {
    let body: ErrorBody = serde_json::from_slice(refusal.body).unwrap_or_default();
    let error = body.error.unwrap_or_default();
    let message = error.message.or(body.message);
    let kind = error.kind.unwrap_or_default();
    let no_model = |message: &str| message.trim_start().starts_with("model:");
    let meaning = Meaning::of_code(TYPES, &kind)
        .or_else(|| message.as_deref().and_then(|message| Meaning::of_words(WORDS, message)))
        .or_else(|| {
            (kind == "not_found_error" && message.as_deref().is_some_and(no_model))
                .then_some(Meaning::NoModel)
        })
        .or_else(|| Meaning::of_status(refusal.status));
    let Refusal { status, retry_after, body: _ } = refusal;
    Verdict { meaning, status, retry_after, message: message.as_deref() }.into_error(info, redactor)
}

#[cfg(test)]
mod tests {
    use super::classify;
    use crate::wire::{Redactor, Refusal};
    use crate::{ModelInfo, WireApi};
    use openclaw_guard::Secret;
    use std::time::Duration;

    #[test]
    fn bodies_as_the_api_sends_them() {
        let rows = [
            (
                401,
                r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_1"}"#,
                "p: credential refused (HTTP 401)",
            ),
            (
                401,
                r#"{"type":"error","error":{"type":"authentication_error","message":"OAuth token has expired."}}"#,
                "p: credential refused (HTTP 401)",
            ),
            (
                403,
                r#"{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}"#,
                "p: credential refused (HTTP 403)",
            ),
            (402, r#"{"type":"error","error":{"type":"billing_error","message":"x"}}"#, "p: out of credit"),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."}}"#,
                "p: out of credit",
            ),
            (
                429,
                r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 40,000 input tokens per minute."}}"#,
                "p: rate limited",
            ),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                "p: overloaded",
            ),
            (
                200,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                "p: overloaded",
            ),
            (529, "", "p: overloaded"),
            (
                500,
                r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#,
                "p: overloaded",
            ),
            (
                504,
                r#"{"type":"error","error":{"type":"timeout_error","message":"Request timed out"}}"#,
                "p: overloaded",
            ),
            (
                413,
                r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
                "p: context window of m exceeded",
            ),
            (
                413,
                "<html><head><title>413 Request Entity Too Large</title></head></html>",
                "p: context window of m exceeded",
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 213462 tokens > 200000 maximum"}}"#,
                "p: context window of m exceeded",
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again"}}"#,
                "p: context window of m exceeded",
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#,
                "p: answer withheld by the content filter",
            ),
            (
                404,
                r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-9"}}"#,
                "p: unknown model m",
            ),
            (
                404,
                r#"{"type":"error","error":{"type":"not_found_error","message":"Not Found"}}"#,
                "p: request refused (HTTP 404): Not Found",
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages.1: `tool_use` ids were found without `tool_result` blocks; key sk-canary-1"}}"#,
                "p: request refused (HTTP 400): messages.1: `tool_use` ids were found without `tool_result` blocks; key [redacted]",
            ),
            (400, r#"{"message":"no such field"}"#, "p: request refused (HTTP 400): no such field"),
            (302, "", "p: redirected (HTTP 302)"),
            (418, "[]", "p: request refused (HTTP 418): it gave no reason"),
        ];
        for (status, body, expected) in rows {
            assert_eq!(of(status, body), expected, "{status} {body}");
        }
    }

    /// Kimi's coding endpoint speaks the API in words of its own.
    #[test]
    fn imitations_say_it_otherwise() {
        let body = r#"{"type":"error","error":{"type":"invalid_request_error","message":"Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)"}}"#;
        assert_eq!(of(400, body), "p: context window of m exceeded");
    }

    fn of(status: u16, body: &str) -> String {
        let info = ModelInfo::new("p", "m", WireApi::AnthropicMessages);
        let redactor = Redactor::new(vec![Secret::new("sk-canary-1".into())]);
        let refusal = Refusal { status, retry_after: Some(Duration::from_secs(3)), body: body.as_bytes() };
        classify(refusal, &info, &redactor).to_string()
    }
}
