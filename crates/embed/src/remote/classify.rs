//! From an HTTP status and an error body to a typed failure.
//!
//! Sources: OpenAI API reference "Error codes"; Gemini API "Troubleshooting" and `google.rpc` error details; Voyage
//! "Error codes", whose bodies are `{"detail": "..."}`; llama.cpp pull request 15780 (`exceed_context_size_error`).

use std::time::Duration;

use serde_json::Value;

use crate::Failure;

/// Everything known about a refusal. `body` has at most a few kilobytes.
#[derive(Clone, Copy)]
pub(crate) struct Refusal<'a> {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: &'a [u8],
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// A text was longer than the model reads; a shorter one helps.
    TooLong(String),
    /// Anything else.
    Failed(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLong(said) => Self::Refused(said),
            Refused::Failed(failure) => failure,
        }
    }
}

/// What a typed code means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    TooLong,
    Quota,
    Auth,
    Rate,
    Server,
}

/// Codes, types, statuses and reasons that services send.
const CODES: &[(&str, Meaning)] = &[
    ("context_length_exceeded", Meaning::TooLong),
    ("exceed_context_size_error", Meaning::TooLong),
    ("insufficient_quota", Meaning::Quota),
    ("billing_hard_limit_reached", Meaning::Quota),
    ("billing_not_active", Meaning::Quota),
    ("invalid_api_key", Meaning::Auth),
    ("authentication_error", Meaning::Auth),
    ("API_KEY_INVALID", Meaning::Auth),
    ("PERMISSION_DENIED", Meaning::Auth),
    ("UNAUTHENTICATED", Meaning::Auth),
    ("rate_limit_exceeded", Meaning::Rate),
    ("rate_limit_error", Meaning::Rate),
    ("RESOURCE_EXHAUSTED", Meaning::Rate),
    ("UNAVAILABLE", Meaning::Server),
    ("INTERNAL", Meaning::Server),
    ("DEADLINE_EXCEEDED", Meaning::Server),
];

/// The last resort, and the only place where words decide: services that refuse a long text without a code. In
/// order: OpenAI and vLLM, Ollama, llama.cpp, Gemini.
const TOO_LONG_WORDS: &[&str] = &[
    "maximum context length",
    "exceeds the context length",
    "exceeds maximum context length",
    "input is too large to process",
    "larger than the max context size",
    "exceeds the maximum number of tokens",
];

/// The parts of an error body that decide.
#[derive(Default)]
struct Said {
    message: Option<String>,
    codes: Vec<String>,
    /// `google.rpc.RetryInfo`.
    retry_after: Option<Duration>,
    /// A `google.rpc.QuotaFailure` of a whole day, which waiting a minute does not heal.
    day_is_over: bool,
}

/// The failure of a refused request; `clean` removes secrets from what the service said.
pub(crate) fn classify(refusal: Refusal<'_>, clean: impl Fn(&str) -> String) -> Refused {
    let said = serde_json::from_slice(refusal.body).map(|body| said(&body)).unwrap_or_default();
    let words = said.message.as_deref().unwrap_or("it gave no reason");
    let is_too_long = || TOO_LONG_WORDS.iter().any(|known| words.contains(known));
    let by_code = said.codes.iter().find_map(|code| meaning(code));
    let by_words = matches!(refusal.status, 400 | 413 | 422 | 500).then(is_too_long).unwrap_or_default();
    let decided = by_code.or(by_words.then_some(Meaning::TooLong)).or_else(|| by_status(refusal.status));
    let detail = format!("HTTP {}: {}", refusal.status, clean(words));
    let retry_after = refusal.retry_after.or(said.retry_after);
    Refused::Failed(match decided {
        Some(Meaning::TooLong) => return Refused::TooLong(detail),
        Some(Meaning::Auth) => Failure::Auth(detail),
        Some(Meaning::Quota) => Failure::Quota(detail),
        Some(Meaning::Rate) if said.day_is_over => Failure::Quota(detail),
        Some(Meaning::Rate) => Failure::RateLimited { detail, retry_after },
        Some(Meaning::Server) => Failure::Overloaded(detail),
        None if (300..400).contains(&refusal.status) => Failure::Refused(format!(
            "HTTP {}: it wants to send the request elsewhere; put the final address into baseUrl",
            refusal.status
        )),
        None => Failure::Refused(detail),
    })
}

fn said(body: &Value) -> Said {
    // Google wraps some errors into a list.
    let body = body.get(0).unwrap_or(body);
    let error = body.get("error").unwrap_or(body);
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let message = [error, &error["message"], &body["detail"], &body["detail"][0]["msg"]];
    let details = error["details"].as_array().map_or(&[][..], Vec::as_slice);
    let codes = [&error["code"], &error["type"], &error["status"]].into_iter();
    let reasons = details.iter().map(|detail| &detail["reason"]);
    let violations = details.iter().filter_map(|detail| detail["violations"].as_array()).flatten();
    let per_day = |violation: &Value| violation["quotaId"].as_str().is_some_and(|id| id.contains("PerDay"));
    Said {
        message: message.into_iter().find_map(text),
        // The most exact first: Google's reason tells a bad key from a bad argument.
        codes: reasons.chain(codes).filter_map(text).collect(),
        retry_after: details.iter().find_map(|detail| seconds(detail["retryDelay"].as_str()?)),
        day_is_over: violations.into_iter().any(per_day),
    }
}

/// A `google.protobuf.Duration` as JSON: `36s`, `1.5s`.
fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.strip_suffix('s')?.parse().ok()?).ok()
}

fn meaning(code: &str) -> Option<Meaning> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning)
}

fn by_status(status: u16) -> Option<Meaning> {
    match status {
        401 | 403 => Some(Meaning::Auth),
        402 => Some(Meaning::Quota),
        429 => Some(Meaning::Rate),
        408 | 425 | 500.. => Some(Meaning::Server),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, Refused, classify};
    use crate::Failure;
    use proptest::prelude::*;
    use std::time::Duration;

    fn of(status: u16, body: &str) -> String {
        let retry_after = None;
        match classify(Refusal { status, retry_after, body: body.as_bytes() }, ToOwned::to_owned) {
            Refused::TooLong(said) => format!("too long: {said}"),
            Refused::Failed(failure) => failure.to_string(),
        }
    }

    #[test]
    fn codes_come_before_words_and_words_before_the_status() {
        let quota = |id: &str| {
            format!(
                r#"{{"error":{{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED","details":[
                {{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaId":"{id}"}}]}},
                {{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"36s"}}]}}}}"#
            )
        };
        let (minute, day) = (quota("EmbedContentRequestsPerMinute"), quota("EmbedContentRequestsPerDay"));
        let rows = [
            (
                401,
                r#"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#,
                "the key was refused (HTTP 401: Incorrect API key)",
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#,
                "the key was refused (HTTP 400: API key not valid)",
            ),
            (
                401,
                r#"{"detail":"Provided API key is invalid."}"#,
                "the key was refused (HTTP 401: Provided API key is invalid.)",
            ),
            (
                429,
                r#"{"error":{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}}"#,
                "the quota is used up",
            ),
            (429, &day, "the quota is used up"),
            (429, &minute, "too many requests"),
            (429, "<html>", "too many requests (HTTP 429: it gave no reason)"),
            (402, "", "the quota is used up"),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 8192 tokens, however you requested 9000","type":"invalid_request_error","code":null}}"#,
                "too long: HTTP 400: This model's",
            ),
            (
                500,
                r#"{"error":{"code":500,"message":"input is too large to process. increase the physical batch size","type":"server_error"}}"#,
                "too long",
            ),
            (400, r#"{"error":{"code":400,"message":"x","type":"exceed_context_size_error"}}"#, "too long"),
            (500, "", "the provider failed (HTTP 500"),
            (
                503,
                r#"[{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}]"#,
                "the provider failed (HTTP 503: busy)",
            ),
            (
                404,
                r#"{"error":{"message":"no such model","code":"model_not_found"}}"#,
                "the request was refused (HTTP 404: no such model)",
            ),
            (
                422,
                r#"{"detail":[{"msg":"field required"}]}"#,
                "the request was refused (HTTP 422: field required)",
            ),
            (400, r#"{"error":"no such thing"}"#, "the request was refused (HTTP 400: no such thing)"),
            (302, "", "elsewhere"),
        ];
        for (status, body, expected) in rows {
            assert!(of(status, body).contains(expected), "{status} {body}: {}", of(status, body));
        }
        let limited =
            classify(Refusal { status: 429, retry_after: None, body: minute.as_bytes() }, str::to_owned);
        let wait = Some(Duration::from_secs(36));
        assert_eq!(
            limited,
            Refused::Failed(Failure::RateLimited { detail: "HTTP 429: x".into(), retry_after: wait })
        );
    }

    proptest! {
        #[test]
        fn any_body_is_classified(status in 100_u16..700, body in "[\\[\\]{}\":,a-z0-9.]{0,80}") {
            prop_assert!(!of(status, &body).is_empty());
        }
    }
}
