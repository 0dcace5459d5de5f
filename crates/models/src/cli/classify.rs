//! From what a program says of its failure to a typed error.
//!
//! A program has no status and no codes but those that it happens to print, so this is a place where words decide. What
//! is not known stays a failure of the program, with its own words.

use std::sync::Arc;
use std::time::Duration;

use super::fault::CliFault;
use crate::wire::{Meaning, Redactor};
use crate::{ModelError, ModelInfo};

/// What a program says when it does not know the conversation any more: Claude Code, Codex, others.
const LOST: &[&str] = &[
    "no conversation found",
    "conversation not found",
    "session not found",
    "no session found",
    "unknown session",
    "no such session",
    "invalid session",
    "session does not exist",
    "no rollout found",
    "thread not found",
    "is not a valid uuid",
];

/// The first row that fits counts: codes of the providers, which programs pass on, then what they say themselves.
const WORDS: &[(&str, Meaning)] = &[
    ("overloaded_error", Meaning::Overload),
    ("rate_limit_error", Meaning::Rate),
    ("rate_limit_exceeded", Meaning::Rate),
    ("authentication_error", Meaning::Auth),
    ("permission_error", Meaning::Auth),
    ("billing_error", Meaning::Billing),
    ("insufficient_quota", Meaning::Billing),
    ("context_length_exceeded", Meaning::Context),
    ("model_not_found", Meaning::NoModel),
    ("prompt is too long", Meaning::Context),
    ("maximum context length", Meaning::Context),
    ("context window", Meaning::Context),
    ("context limit", Meaning::Context),
    ("credit balance", Meaning::Billing),
    ("out of credit", Meaning::Billing),
    ("payment required", Meaning::Billing),
    ("usage limit", Meaning::Rate),
    ("hit your limit", Meaning::Rate),
    ("limit reached", Meaning::Rate),
    ("rate limit", Meaning::Rate),
    ("too many requests", Meaning::Rate),
    ("overloaded", Meaning::Overload),
    ("at capacity", Meaning::Overload),
    ("issue with the selected model", Meaning::NoModel),
    ("unknown model", Meaning::NoModel),
    ("invalid model", Meaning::NoModel),
    ("model not found", Meaning::NoModel),
    ("model is not supported", Meaning::NoModel),
    ("content filter", Meaning::Filtered),
    ("content policy", Meaning::Filtered),
    ("/login", Meaning::Auth),
    ("not logged in", Meaning::Auth),
    ("please log in", Meaning::Auth),
    ("log in to", Meaning::Auth),
    ("log in again", Meaning::Auth),
    ("login required", Meaning::Auth),
    ("not signed in", Meaning::Auth),
    ("please sign in", Meaning::Auth),
    ("sign in to", Meaning::Auth),
    ("sign in again", Meaning::Auth),
    ("invalid api key", Meaning::Auth),
    ("api key not", Meaning::Auth),
    ("unauthorized", Meaning::Auth),
    ("authentication", Meaning::Auth),
    ("token has expired", Meaning::Auth),
    ("internal server error", Meaning::Server),
];

/// A run that failed.
pub(crate) struct Failure<'a> {
    /// Its exit code; none when it was killed.
    pub(crate) code: Option<i32>,
    /// Its own words.
    pub(crate) said: &'a str,
    /// Those of them that may decide what it means.
    pub(crate) telling: &'a str,
    pub(crate) command: &'a str,
    /// Milliseconds since the epoch.
    pub(crate) now_ms: i64,
}

/// Whether a program says that it does not know the conversation.
pub(crate) fn is_lost(said: &str) -> bool {
    let said = said.to_lowercase();
    LOST.iter().any(|words| said.contains(words))
}

/// The error of a run that failed. What the program said passes the redactor.
pub(crate) fn classify(failure: &Failure<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError {
    let provider = Arc::clone(&info.provider);
    let (said, retry_after) = (words(failure.said, redactor), rest_until(failure));
    let status = status_in(failure.telling);
    let by_status = status.and_then(Meaning::of_status);
    let meaning = Meaning::of_words(WORDS, failure.telling).or(by_status);
    let fault = |fault| ModelError::Program {
        provider: provider.clone(),
        command: failure.command.to_owned(),
        fault,
    };
    match meaning {
        Some(Meaning::Auth) => fault(CliFault::SignIn { said }),
        Some(Meaning::Context) => ModelError::ContextOverflow { provider, model: info.id.clone() },
        Some(Meaning::Billing) => ModelError::Billing { provider },
        Some(Meaning::Rate) => ModelError::RateLimited { provider, retry_after },
        Some(Meaning::Overload) => ModelError::Overloaded { provider, retry_after },
        Some(Meaning::NoModel) => ModelError::ModelNotFound { provider, model: info.id.clone() },
        Some(Meaning::Filtered) => ModelError::Filtered { provider },
        Some(Meaning::Server) => ModelError::Server { provider, status: status.unwrap_or(500) },
        None => fault(CliFault::Failed { code: failure.code, said }),
    }
}

/// The end of what it said, on one line: that is where programs put the reason.
fn words(said: &str, redactor: &Redactor) -> String {
    /// What is looked at, in characters: whole lines of it are shown, as many as fit.
    const MAX_CHARS: usize = 280;
    let said = redactor.hide(said);
    let said = said.trim();
    let skip = said.chars().count().saturating_sub(MAX_CHARS);
    let end: String = said.chars().skip(skip).collect();
    let end = match (skip, end.split_once('\n')) {
        (1.., Some((_, whole_lines))) if !whole_lines.trim().is_empty() => whole_lines.to_owned(),
        (_, _) => end,
    };
    let clean = redactor.clean(&end);
    if clean.trim().is_empty() { "it said nothing".to_owned() } else { clean.trim().to_owned() }
}

/// Claude Code writes when a limit ends: `usage limit reached|1764316800`, in seconds since the epoch.
fn rest_until(failure: &Failure<'_>) -> Option<Duration> {
    let (_, rest) = failure.telling.split_once("limit reached|")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let until_ms = digits.parse::<i64>().ok()?.checked_mul(1_000)?;
    let left = u64::try_from(until_ms.checked_sub(failure.now_ms)?).ok()?;
    (failure.now_ms > 0).then(|| Duration::from_millis(left))
}

/// An HTTP status that is called so: `API Error: 529 …`, `unexpected status 401 Unauthorized`, `HTTP 503`.
fn status_in(text: &str) -> Option<u16> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    words.windows(2).find_map(|pair| {
        let [name, number] = pair else { return None };
        let is_name = ["error", "status", "http", "code"].iter().any(|it| name.eq_ignore_ascii_case(it));
        let status = number.parse::<u16>().ok().filter(|status| is_name && (400..600).contains(status));
        status.filter(|_| number.len() == 3)
    })
}

#[cfg(test)]
mod tests {
    use super::{Failure, classify, is_lost};
    use crate::wire::Redactor;
    use crate::{ModelError, ModelInfo, WireApi};
    use openclaw_guard::Secret;
    use proptest::prelude::*;
    use std::sync::Arc;
    use std::time::Duration;

    fn failure<'a>(code: Option<i32>, (said, telling): (&'a str, &'a str)) -> Failure<'a> {
        Failure { code, said, telling, command: "claude", now_ms: 1_764_316_000_000 }
    }

    fn of(code: Option<i32>, said: &str) -> String {
        let info = ModelInfo::new("claude-cli", "opus", WireApi::Cli);
        let redactor = Redactor::new(vec![Secret::new("sk-canary-1".into())]);
        let error = classify(&failure(code, (said, said)), &info, &redactor);
        assert!(!error.plain_words().is_empty());
        error.to_string()
    }

    /// What the programs print: Claude Code 2 and Codex 0.9 as their users report it.
    #[test]
    fn words_of_programs() {
        let rows = [
            (
                "Invalid API key · Please run /login",
                "claude-cli: claude is not signed in: Invalid API key · Please run /login",
            ),
            (
                "API Error: 401 {\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"OAuth token has expired.\"}}",
                "claude-cli: claude is not signed in: API Error: 401 {\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"OAuth token has expired.\"}}",
            ),
            (
                "unexpected status 401 Unauthorized: Missing bearer",
                "claude-cli: claude is not signed in: unexpected status 401 Unauthorized: Missing bearer",
            ),
            ("Claude AI usage limit reached|1764316800", "claude-cli: rate limited"),
            ("You've hit your limit · resets 3pm", "claude-cli: rate limited"),
            ("stream error: HTTP 429 from the server", "claude-cli: rate limited"),
            (
                "API Error: 529 {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
                "claude-cli: overloaded",
            ),
            ("API Error: 500 something", "claude-cli: server failure (HTTP 500)"),
            ("Credit balance is too low", "claude-cli: out of credit"),
            ("Prompt is too long", "claude-cli: context window of opus exceeded"),
            (
                "There's an issue with the selected model (foo). It may not exist",
                "claude-cli: unknown model opus",
            ),
            (
                "panicked at src/main.rs:500: index 529",
                "claude-cli: claude failed with exit code 1: panicked at src/main.rs:500: index 529",
            ),
            ("bad key sk-canary-1", "claude-cli: claude failed with exit code 1: bad key [redacted]"),
            ("", "claude-cli: claude failed with exit code 1: it said nothing"),
        ];
        for (said, expected) in rows {
            assert_eq!(of(Some(1), said), expected, "{said}");
        }
        assert_eq!(of(None, "x"), "claude-cli: claude was killed: x");
        let info = ModelInfo::new("claude-cli", "opus", WireApi::Cli);
        let echo = classify(&failure(Some(1), ("rate limit", "")), &info, &Redactor::default());
        assert_eq!(echo.to_string(), "claude-cli: claude failed with exit code 1: rate limit");
        let long = format!("{}\nthe reason", "noise ".repeat(200));
        assert_eq!(of(Some(2), &long), "claude-cli: claude failed with exit code 2: the reason");
    }

    #[test]
    fn a_limit_that_says_when_it_ends() {
        let info = ModelInfo::new("claude-cli", "opus", WireApi::Cli);
        let rows = [
            ("Claude AI usage limit reached|1764316800", Some(800)),
            ("Claude AI usage limit reached|1764310000", None),
            ("usage limit reached|99999999999999999999", None),
            ("rate limit", None),
        ];
        for (said, seconds) in rows {
            let error = classify(&failure(Some(1), (said, said)), &info, &Redactor::default());
            let retry_after = seconds.map(Duration::from_secs);
            let expected = ModelError::RateLimited { provider: Arc::from("claude-cli"), retry_after };
            assert_eq!(error, expected, "{said}");
        }
    }

    #[test]
    fn a_session_that_is_gone() {
        for said in
            ["No conversation found with session ID: 6f1c", "Error: no rollout found for conversation id x"]
        {
            assert!(is_lost(said), "{said}");
        }
        assert!(!is_lost("Invalid API key"));
    }

    proptest! {
        #[test]
        fn any_words_are_classified_and_leak_nothing(said in ".{0,400}(sk-canary-1)?.{0,60}") {
            prop_assert!(!of(Some(1), &said).contains("sk-canary-1"));
        }
    }
}
