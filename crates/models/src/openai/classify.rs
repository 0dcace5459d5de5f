//! From an HTTP status and an error body to a typed error.
//!
//! Sources: OpenAI API reference "Error codes"; OpenRouter "Errors" (the code is an HTTP status, also inside a stream);
//! Z.AI "Error codes"; llama.cpp pull request 15780 (`exceed_context_size_error`); vLLM answers a plain 400 without a code.

use std::borrow::Cow;

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
    /// OpenRouter's; `raw` is what the provider behind it said.
    #[serde(default)]
    metadata: Value,
}

impl ErrorObject {
    /// The status that a code stands for, when it is one.
    fn status(&self) -> Option<u16> {
        let number = self.code.as_u64().or_else(|| self.code.as_str()?.parse().ok());
        number.and_then(|number| u16::try_from(number).ok()).filter(|number| (400..600).contains(number))
    }

    /// The server's words: Mistral says in a list what it does not like.
    fn words(&self) -> Option<Cow<'_, str>> {
        match &self.message {
            Value::String(text) => Some(Cow::Borrowed(text)),
            list @ (Value::Array(_) | Value::Object(_)) => Some(Cow::Owned(list.to_string())),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }
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
    // Z.AI; most of these come with the status 429.
    ("1112", Meaning::Auth),
    ("1113", Meaning::Billing),
    ("1121", Meaning::Auth),
    ("1211", Meaning::NoModel),
    ("1234", Meaning::Server),
    ("1261", Meaning::Context),
    ("1301", Meaning::Filtered),
];

/// The only place where words decide: servers that refuse a long prompt without a code, some of them with a status that
/// means something else. In order: vLLM before 0.16 and OpenRouter, vLLM since 0.16, llama.cpp before its typed error,
/// llama-cpp-python, OpenAI's responses, xAI, Moonshot and Kimi, LM Studio (three ways to say it), Groq.
const OVERFLOW_WORDS: &[(&str, Meaning)] = &[
    ("maximum context length", Meaning::Context),
    ("context length is only", Meaning::Context),
    ("exceeds the available context size", Meaning::Context),
    ("exceed context window", Meaning::Context),
    ("exceeds the context window", Meaning::Context),
    ("maximum prompt length is", Meaning::Context),
    ("exceeded model token limit", Meaning::Context),
    ("greater than the context length", Meaning::Context),
    ("loaded with context length of only", Meaning::Context),
    ("context size has been exceeded", Meaning::Context),
    ("reduce the length of the messages", Meaning::Context),
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
    // The status of the connection says nothing when the error came inside an answer.
    let status = if refusal.status < 400 { error.status().unwrap_or(refusal.status) } else { refusal.status };
    let words = error.words();
    let raw = error.metadata["raw"].as_str();
    let is_too_long = || {
        let texts = [words.as_deref(), raw].into_iter().flatten();
        texts.filter(|_| status != TOO_MANY).find_map(|text| Meaning::of_words(OVERFLOW_WORDS, text))
    };
    let meaning = code(&error.code)
        .or_else(|| code(&error.kind))
        .or_else(is_too_long)
        .or_else(|| Meaning::of_status(status));
    // "Provider returned error" alone helps nobody.
    let message = match (words.as_deref(), raw) {
        (Some(words), Some(raw)) => Some(Cow::Owned(format!("{words}: {raw}"))),
        (words, raw) => words.or(raw).map(Cow::Borrowed),
    };
    let retry_after = refusal.retry_after;
    Verdict { meaning, status, retry_after, message: message.as_deref() }.into_error(info, redactor)
}

/// A limit of tokens in a minute may be told in the words of a prompt that is too long; waiting heals it.
const TOO_MANY: u16 = 429;

#[cfg(test)]
mod tests {
    use super::classify;
    use crate::wire::{Redactor, Refusal};
    use crate::{ModelError, ModelInfo, WireApi};
    use openclaw_guard::Secret;
    use proptest::prelude::*;
    use std::time::Duration;

    fn of(status: u16, body: &str) -> ModelError {
        classified(status, Some(Duration::from_secs(2)), body)
    }

    fn without_delay(status: u16, body: &str) -> ModelError {
        classified(status, None, body)
    }

    fn classified(status: u16, retry_after: Option<Duration>, body: &str) -> ModelError {
        let info = ModelInfo::new("p", "m", WireApi::OpenAiCompletions);
        let redactor = Redactor::new(vec![Secret::new("sk-canary-1".into())]);
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
            (502, "bad gateway", "p: overloaded"),
            (307, "", "p: redirected (HTTP 307)"),
            (200, r#"{"error":{"message":"x","type":"server_error"}}"#, "p: overloaded"),
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

    /// Without a delay: what OpenRouter says inside a stream, where only the code tells.
    #[test]
    fn a_number_as_code_is_the_status() {
        let rows = [
            (200, r#"{"error":{"code":429,"message":"Rate limited"}}"#, "p: rate limited"),
            (200, r#"{"error":{"code":402,"message":"Insufficient credits"}}"#, "p: out of credit"),
            (200, r#"{"error":{"code":401,"message":"No auth"}}"#, "p: credential refused (HTTP 401)"),
            (
                200,
                r#"{"error":{"code":502,"message":"Provider disconnected"}}"#,
                "p: server failure (HTTP 502)",
            ),
            (200, r#"{"error":{"code":"503","message":"x"}}"#, "p: server failure (HTTP 503)"),
            (200, r#"{"error":{"code":400,"message":"x"}}"#, "p: request refused (HTTP 400): x"),
            (200, r#"{"error":{"code":1000,"message":"x"}}"#, "p: request refused (HTTP 200): x"),
            (400, r#"{"error":{"code":503,"message":"x"}}"#, "p: request refused (HTTP 400): x"),
            (
                200,
                r#"{"error":{"code":400,"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"This model's maximum context length is 131072 tokens\"}}"}}}"#,
                "p: context window of m exceeded",
            ),
        ];
        for (status, body, expected) in rows {
            assert_eq!(without_delay(status, body).to_string(), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_prompt_that_is_too_long_in_the_words_of_many_servers() {
        let rows = [
            // xAI
            (
                400,
                r#"{"code":"Client specified an invalid argument","error":"This model's maximum prompt length is 131072 but the request contains 537812 tokens."}"#,
            ),
            // Moonshot: MoonshotAI/kimi-cli issue 2011
            (
                400,
                r#"{"error":{"message":"Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)","type":"invalid_request_error"}}"#,
            ),
            // LM Studio: its bug tracker, issues 546 and 2339
            (
                400,
                r#"{"error":"The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input"}"#,
            ),
            (
                200,
                r#"{"error":{"message":"Trying to keep the first 111490 tokens when context the overflows. However, the model is loaded with context length of only 32768 tokens, which is not enough."}}"#,
            ),
            (500, r#"{"error":"Context size has been exceeded."}"#),
            // Z.AI
            (400, r#"{"error":{"code":"1261","message":"Prompt exceeds max length"}}"#),
        ];
        for (status, body) in rows {
            assert_eq!(of(status, body).to_string(), "p: context window of m exceeded", "{status} {body}");
        }
        let per_minute =
            r#"{"error":{"message":"Limit 6000 tokens per minute: reduce the length of the messages"}}"#;
        assert_eq!(of(429, per_minute).to_string(), "p: rate limited");
    }

    #[test]
    fn what_other_servers_say() {
        let rows = [
            (429, r#"{"error":{"code":"1113","message":"Insufficient balance"}}"#, "p: out of credit"),
            (429, r#"{"error":{"code":"1302","message":"High concurrency usage"}}"#, "p: rate limited"),
            (
                400,
                r#"{"error":{"code":"1301","message":"unsafe content"}}"#,
                "p: answer withheld by the content filter",
            ),
            (
                400,
                r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"Invalid `signature` for sk-canary-1","provider_name":"Anthropic"}}}"#,
                "p: request refused (HTTP 400): Provider returned error: Invalid `signature` for [redacted]",
            ),
            (400, r#"{"error":{"code":"1211","message":"Model does not exist"}}"#, "p: unknown model m"),
            (
                422,
                r#"{"object":"error","message":{"detail":[{"loc":["body","store"]}]},"type":"invalid_request_error","param":null,"code":null}"#,
                r#"p: request refused (HTTP 422): {"detail":[{"loc":["body","store"]}]}"#,
            ),
        ];
        for (status, body, expected) in rows {
            assert_eq!(of(status, body).to_string(), expected, "{status} {body}");
        }
    }

    /// `Retry-After` counts whatever the status is.
    #[test]
    fn a_failure_that_names_a_time_is_waited_for() {
        for status in [408, 500, 502, 503, 504] {
            let expected =
                ModelError::Overloaded { provider: "p".into(), retry_after: Some(Duration::from_secs(2)) };
            assert_eq!(of(status, ""), expected);
            assert_eq!(without_delay(status, ""), ModelError::Server { provider: "p".into(), status });
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
