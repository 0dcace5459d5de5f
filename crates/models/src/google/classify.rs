//! From an HTTP status and an error body to a typed error.
//!
//! Source: Gemini API guide "Troubleshooting"; google.rpc.Status with `ErrorInfo`, `RetryInfo` and `QuotaFailure`
//! (googleapis/google/rpc/error_details.proto).

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Meaning, Redactor, Refusal, Verdict};
use crate::{ModelError, ModelInfo};

/// `{"error":{…}}`, or a list of one when the stream was not asked for as events.
#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorBody {
    One { error: ErrorObject },
    List(Vec<Value>),
}

#[derive(Deserialize, Default)]
struct ErrorObject {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    details: Vec<Value>,
}

const STATUSES: &[(&str, Meaning)] = &[
    ("UNAUTHENTICATED", Meaning::Auth),
    ("PERMISSION_DENIED", Meaning::Auth),
    ("RESOURCE_EXHAUSTED", Meaning::Rate),
    ("UNAVAILABLE", Meaning::Overload),
    ("INTERNAL", Meaning::Server),
    ("UNKNOWN", Meaning::Server),
    ("ABORTED", Meaning::Server),
    ("DEADLINE_EXCEEDED", Meaning::Server),
    ("NOT_FOUND", Meaning::NoModel),
];

/// Reasons of `ErrorInfo` that say more than the status.
const REASONS: &[(&str, Meaning)] = &[
    ("API_KEY_INVALID", Meaning::Auth),
    ("API_KEY_SERVICE_BLOCKED", Meaning::Auth),
    ("SERVICE_DISABLED", Meaning::Auth),
    ("BILLING_DISABLED", Meaning::Billing),
    ("RATE_LIMIT_EXCEEDED", Meaning::Rate),
];

/// Phrases, in small letters, of INVALID_ARGUMENT ("The input token count (1200000) exceeds the maximum number of
/// tokens allowed (1048576)." and "API key not valid.") and of FAILED_PRECONDITION ("… enable billing …").
const WORDS: &[(&str, Meaning)] = &[
    ("exceeds the maximum number of tokens", Meaning::Context),
    ("input token count", Meaning::Context),
    ("request payload size exceeds", Meaning::Context),
    ("api key not valid", Meaning::Auth),
    ("api key expired", Meaning::Auth),
    ("enable billing", Meaning::Billing),
    ("prepayment credits are depleted", Meaning::Billing),
];

/// The error for a refused request. `message` of the result has passed the redactor.
#[must_use]
pub fn classify(refusal: Refusal<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError {
    let error = read(refusal.body);
    let details = |kind: &'static str| {
        let is_kind =
            move |detail: &&Value| detail["@type"].as_str().is_some_and(|name| name.ends_with(kind));
        error.details.iter().filter(is_kind)
    };
    let reason =
        details("ErrorInfo").find_map(|detail| Meaning::of_code(REASONS, detail["reason"].as_str()?));
    let message = error.message.as_deref();
    let meaning = reason
        .or_else(|| Meaning::of_words(WORDS, message?))
        .or_else(|| Meaning::of_code(STATUSES, error.status.as_deref()?))
        .or_else(|| Meaning::of_status(refusal.status));
    let asked = details("RetryInfo").find_map(|detail| seconds(detail["retryDelay"].as_str()?));
    // The delay is about the shorter limits: a day's quota does not come back in seconds.
    let whole_day = details("QuotaFailure")
        .flat_map(|detail| detail["violations"].as_array().into_iter().flatten())
        .any(|violation| violation["quotaId"].as_str().is_some_and(|id| id.contains("PerDay")));
    let retry_after = refusal.retry_after.or(asked).filter(|_| !whole_day);
    Verdict { meaning, status: refusal.status, retry_after, message }.into_error(info, redactor)
}

fn read(body: &[u8]) -> ErrorObject {
    match serde_json::from_slice(body) {
        Ok(ErrorBody::One { error }) => error,
        Ok(ErrorBody::List(mut list)) => {
            let first = if list.is_empty() { Value::Null } else { list.swap_remove(0) };
            serde_json::from_value(first["error"].clone()).unwrap_or_default()
        }
        Err(_) => ErrorObject::default(),
    }
}

/// A google.protobuf.Duration in JSON: `34.074824224s`.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::classify;
    use crate::wire::{Redactor, Refusal};
    use crate::{ModelError, ModelInfo, WireApi};
    use openclaw_guard::Secret;
    use std::time::Duration;

    fn of(status: u16, body: &str) -> ModelError {
        let info = ModelInfo::new("p", "m", WireApi::GoogleGenerativeAi);
        let redactor = Redactor::new(vec![Secret::new("AIza-canary".into())]);
        classify(Refusal { status, retry_after: None, body: body.as_bytes() }, &info, &redactor)
    }

    #[test]
    fn bodies_as_the_api_sends_them() {
        let rows = [
            (
                400,
                r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#,
                "p: credential refused (HTTP 400)",
            ),
            (
                401,
                r#"{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}"#,
                "p: credential refused (HTTP 401)",
            ),
            (
                403,
                r#"{"error":{"code":403,"message":"Permission denied.","status":"PERMISSION_DENIED"}}"#,
                "p: credential refused (HTTP 403)",
            ),
            (
                503,
                r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#,
                "p: overloaded",
            ),
            (
                500,
                r#"{"error":{"code":500,"message":"An internal error has occurred.","status":"INTERNAL"}}"#,
                "p: server failure (HTTP 500)",
            ),
            (
                504,
                r#"{"error":{"code":504,"message":"Deadline expired","status":"DEADLINE_EXCEEDED"}}"#,
                "p: server failure (HTTP 504)",
            ),
            (
                404,
                r#"{"error":{"code":404,"message":"models/m is not found for API version v1beta","status":"NOT_FOUND"}}"#,
                "p: unknown model m",
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
                "p: context window of m exceeded",
            ),
            (413, "", "p: context window of m exceeded"),
            (
                400,
                r#"{"error":{"code":400,"message":"Gemini API free tier is not available in your country. Please enable billing on your project.","status":"FAILED_PRECONDITION"}}"#,
                "p: out of credit",
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"Please ensure that function call turn comes immediately after a user turn; key AIza-canary","status":"INVALID_ARGUMENT"}}"#,
                "p: request refused (HTTP 400): Please ensure that function call turn comes immediately after a user turn; key [redacted]",
            ),
            (200, r#"[{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}]"#, "p: overloaded"),
            (400, "[]", "p: request refused (HTTP 400): it gave no reason"),
            (301, "", "p: redirected (HTTP 301)"),
        ];
        for (status, body, expected) in rows {
            assert_eq!(of(status, body).to_string(), expected, "{status} {body}");
        }
    }

    #[test]
    fn the_delay_of_a_rate_limit() {
        let body = |quota: &str| {
            format!(
                r#"{{"error":{{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaMetric":"m","quotaId":"{quota}"}}]}},{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}}]}}}}"#
            )
        };
        let limited = |retry_after| ModelError::RateLimited { provider: "p".into(), retry_after };
        let per_minute = body("GenerateRequestsPerMinutePerProjectPerModel");
        assert_eq!(of(429, &per_minute), limited(Some(Duration::from_millis(34_500))));
        assert_eq!(of(429, &body("GenerateRequestsPerDayPerProjectPerModel-FreeTier")), limited(None));
        assert_eq!(of(429, "<html>"), limited(None));
    }
}
