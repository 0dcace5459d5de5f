//! What can go wrong with a model call, as types and in words for the user.

use std::sync::Arc;
use std::time::Duration;

use openclaw_http::Unreachable;

use crate::catalog::CatalogError;
use crate::catalog::table::builtin_provider;
use crate::cli::CliFault;

/// Why a model call failed. It never contains a credential or a request body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The credential was refused, or may not use this model.
    #[error("{provider}: credential refused (HTTP {status})")]
    Auth {
        /// Provider id.
        provider: Arc<str>,
        /// HTTP status, 401 or 403.
        status: u16,
    },
    /// Too many requests or tokens for the moment.
    #[error("{provider}: rate limited")]
    RateLimited {
        /// Provider id.
        provider: Arc<str>,
        /// How long the provider asked to wait.
        retry_after: Option<Duration>,
    },
    /// The provider has more work than it can take at the moment; another account would not help.
    #[error("{provider}: overloaded")]
    Overloaded {
        /// Provider id.
        provider: Arc<str>,
        /// How long the provider asked to wait.
        retry_after: Option<Duration>,
    },
    /// The account has no credit left.
    #[error("{provider}: out of credit")]
    Billing {
        /// Provider id.
        provider: Arc<str>,
    },
    /// The conversation is longer than the model's context window.
    #[error("{provider}: context window of {model} exceeded")]
    ContextOverflow {
        /// Provider id.
        provider: Arc<str>,
        /// Model id.
        model: String,
    },
    /// The provider does not know the model.
    #[error("{provider}: unknown model {model}")]
    ModelNotFound {
        /// Provider id.
        provider: Arc<str>,
        /// Model id.
        model: String,
    },
    /// Nothing came for too long.
    #[error("{provider}: {kind} timed out after {after:?}")]
    Timeout {
        /// Provider id.
        provider: Arc<str>,
        /// What was waited for.
        kind: TimeoutKind,
        /// The limit that was reached.
        after: Duration,
    },
    /// No connection could be made, or it broke before an answer.
    #[error("{provider}: {host} is unreachable, {why}")]
    Unreachable {
        /// Provider id.
        provider: Arc<str>,
        /// Host and port of the base URL.
        host: String,
        /// What failed.
        why: Unreachable,
    },
    /// The provider failed on its side. A status below 400 means that it failed in the middle of its answer.
    #[error("{provider}: server failure (HTTP {status})")]
    Server {
        /// Provider id.
        provider: Arc<str>,
        /// HTTP status.
        status: u16,
    },
    /// The provider points somewhere else; redirects are never followed, because the credential would travel along.
    #[error("{provider}: redirected (HTTP {status})")]
    Redirected {
        /// Provider id.
        provider: Arc<str>,
        /// HTTP status, 3xx.
        status: u16,
    },
    /// The provider does not accept the request.
    #[error("{provider}: request refused (HTTP {status}): {message}")]
    BadRequest {
        /// Provider id.
        provider: Arc<str>,
        /// HTTP status.
        status: u16,
        /// The provider's words, shortened, without credentials.
        message: String,
    },
    /// The provider's safety filter ended the answer.
    #[error("{provider}: answer withheld by the content filter")]
    Filtered {
        /// Provider id.
        provider: Arc<str>,
    },
    /// The provider's answer does not follow its API.
    #[error("{provider}: {what}")]
    Malformed {
        /// Provider id.
        provider: Arc<str>,
        /// What is wrong with it.
        what: Malformed,
    },
    /// A command-line program did not answer.
    #[error("{provider}: {command} {fault}")]
    Program {
        /// Provider id.
        provider: Arc<str>,
        /// The program as it is configured.
        command: String,
        /// Why.
        fault: CliFault,
    },
    /// The configured model cannot be run at all.
    #[error(transparent)]
    Unavailable(#[from] CatalogError),
    /// The caller cancelled.
    #[error("aborted")]
    Aborted,
}

/// What a time limit was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutKind {
    /// The connection.
    Connect,
    /// The first byte of the answer.
    FirstByte,
    /// The next byte of an answer that had begun.
    Idle,
}

impl std::fmt::Display for TimeoutKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::FirstByte => "waiting for the first byte",
            Self::Idle => "waiting for the next byte",
        })
    }
}

/// How an answer breaks its API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// The body ended without a finish reason.
    EndedEarly,
    /// A chunk is not the JSON that the API describes.
    NotJson,
    /// The body is not an event stream.
    NotEventStream,
    /// A tool call came without a name.
    UnnamedToolCall,
    /// The provider itself could not read the tool call that its model made.
    BrokenToolCall,
    /// More tool calls than any tool list could ask for.
    TooManyToolCalls,
    /// One event is larger than [`crate::sse::MAX_EVENT_BYTES`].
    EventTooLarge,
    /// The whole body is larger than [`crate::wire::MAX_RESPONSE_BYTES`].
    ResponseTooLarge,
    /// The request could not be written as JSON.
    Request,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::EndedEarly => "the stream ended early, without a finish reason",
            Self::NotJson => "a chunk of the answer was not the expected JSON",
            Self::NotEventStream => "the answer was not an event stream",
            Self::UnnamedToolCall => "a tool call came without a name",
            Self::BrokenToolCall => "the model made a tool call that cannot be read",
            Self::TooManyToolCalls => "the answer contained too many tool calls",
            Self::EventTooLarge => "one event of the answer was too large",
            Self::ResponseTooLarge => "the answer was too large",
            Self::Request => "the request could not be written as JSON",
        })
    }
}

impl ModelError {
    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Overloaded { .. }
            | Self::Timeout { .. }
            | Self::Server { .. } => true,
            Self::Unreachable { why, .. } => match why {
                Unreachable::Refused
                | Unreachable::NameNotFound
                | Unreachable::Closed
                | Unreachable::Network => true,
                Unreachable::Tls | Unreachable::ClientSetup => false,
            },
            Self::Malformed { what, .. } => {
                matches!(what, Malformed::EndedEarly | Malformed::BrokenToolCall)
            }
            Self::Auth { .. }
            | Self::Billing { .. }
            | Self::ContextOverflow { .. }
            | Self::ModelNotFound { .. }
            | Self::Redirected { .. }
            | Self::BadRequest { .. }
            | Self::Filtered { .. }
            | Self::Program { .. }
            | Self::Unavailable(_)
            | Self::Aborted => false,
        }
    }

    /// One or two sentences for the user: who, what happened, what to do next.
    #[must_use]
    pub fn plain_words(&self) -> String {
        match self {
            Self::Auth { provider, status: 403 } => format!(
                "{provider} answered 403: this API key may not use the model. Choose another model, or check {}.",
                key_places(provider)
            ),
            Self::Auth { provider, status } => {
                format!(
                    "{provider} answered {status}: the API key was refused. Check {}.",
                    key_places(provider)
                )
            }
            Self::RateLimited { provider, retry_after: Some(wait) } => {
                format!("{provider} is rate limiting this account. Try again in {}.", spoken(*wait))
            }
            Self::RateLimited { provider, retry_after: None } => {
                format!("{provider} is rate limiting this account. Try again in a minute.")
            }
            Self::Overloaded { provider, retry_after } => {
                let wait = retry_after.map_or_else(|| "a minute".to_owned(), spoken);
                format!("{provider} is overloaded at the moment. Try again in {wait}, or use another model.")
            }
            Self::Billing { provider } => {
                format!(
                    "{provider} refused the request: the account has no credit left. Check its plan and billing page."
                )
            }
            Self::ContextOverflow { provider, model } => format!(
                "The conversation is too long for {provider}/{model}. Send /compact to shorten it or /new to start over."
            ),
            Self::ModelNotFound { provider, model } => format!(
                "{provider} does not know the model \"{model}\". Check agents.defaults.model.primary and the model's spelling."
            ),
            Self::Timeout { provider, kind, after } => timeout_words(provider, *kind, *after),
            Self::Unreachable { provider, host, why } => format!(
                "{provider} at {host} cannot be reached: {why}. Check the network and models.providers.{provider}.baseUrl."
            ),
            Self::Server { provider, status } if *status < 400 => {
                format!("{provider} reported a failure in the middle of its answer. Try again.")
            }
            Self::Server { provider, status } => {
                format!("{provider} answered {status}: the failure is on its side. Try again in a moment.")
            }
            Self::Redirected { provider, status } => format!(
                "{provider} answered {status}, a redirect, which is never followed. Put the final address into models.providers.{provider}.baseUrl."
            ),
            Self::BadRequest { provider, status, message } => {
                format!("{provider} answered {status} and did not accept the request: {message}")
            }
            Self::Filtered { provider } => {
                format!("{provider}'s content filter stopped the answer. Ask in other words.")
            }
            Self::Malformed { provider, what } => {
                format!(
                    "{provider} sent an answer that could not be used: {what}. Try again; if it stays, check models.providers.{provider}.baseUrl and api."
                )
            }
            Self::Program { provider, command, fault } => fault.plain_words(provider, command),
            Self::Unavailable(error) => error.plain_words(),
            Self::Aborted => "The answer was stopped.".to_owned(),
        }
    }
}

fn timeout_words(provider: &str, kind: TimeoutKind, after: Duration) -> String {
    let limit = spoken(after);
    match kind {
        TimeoutKind::Connect => format!(
            "No connection to {provider} within {limit}. Check the network and models.providers.{provider}.baseUrl."
        ),
        TimeoutKind::FirstByte => {
            format!("{provider} did not begin to answer within {limit}. Try again, or use a faster model.")
        }
        TimeoutKind::Idle => {
            format!("{provider} stopped in the middle of its answer for {limit}. Try again.")
        }
    }
}

/// Where a user puts the key of `provider`.
pub(crate) fn key_places(provider: &str) -> String {
    let variables = builtin_provider(provider).map_or(&[][..], |builtin| builtin.env_keys);
    let configured = format!("models.providers.{provider}.apiKey");
    match variables.split_last() {
        None => configured,
        Some((last, [])) => format!("{configured} or {last}"),
        Some((last, others)) => format!("{configured}, {} or {last}", others.join(", ")),
    }
}

/// A duration as people say it; sub-second limits occur only in tests.
pub(crate) fn spoken(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        1 => "1 second".to_owned(),
        seconds if seconds < 120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Malformed, ModelError, TimeoutKind};
    use openclaw_http::Unreachable;
    use std::sync::Arc;
    use std::time::Duration;

    fn openai() -> Arc<str> {
        Arc::from("openai")
    }

    #[test]
    fn words_name_the_provider_and_the_next_step() {
        let rows = [
            (
                ModelError::Auth { provider: openai(), status: 401 },
                "openai answered 401: the API key was refused. Check models.providers.openai.apiKey or OPENAI_API_KEY.",
            ),
            (
                ModelError::RateLimited { provider: openai(), retry_after: Some(Duration::from_secs(150)) },
                "openai is rate limiting this account. Try again in 3 minutes.",
            ),
            (
                ModelError::Timeout {
                    provider: openai(),
                    kind: TimeoutKind::Idle,
                    after: Duration::from_secs(60),
                },
                "openai stopped in the middle of its answer for 60 seconds. Try again.",
            ),
            (
                ModelError::Unreachable {
                    provider: Arc::from("lm"),
                    host: "127.0.0.1:1".into(),
                    why: Unreachable::Refused,
                },
                "lm at 127.0.0.1:1 cannot be reached: the connection was refused. Check the network and models.providers.lm.baseUrl.",
            ),
        ];
        for (error, words) in rows {
            assert_eq!(error.plain_words(), words);
        }
    }

    #[test]
    fn only_what_may_pass_by_itself_is_transient() {
        let rows = [
            (ModelError::Server { provider: openai(), status: 503 }, true),
            (ModelError::RateLimited { provider: openai(), retry_after: None }, true),
            (ModelError::Malformed { provider: openai(), what: Malformed::EndedEarly }, true),
            (ModelError::Malformed { provider: openai(), what: Malformed::NotJson }, false),
            (ModelError::Billing { provider: openai() }, false),
            (ModelError::Auth { provider: openai(), status: 401 }, false),
            (ModelError::Aborted, false),
        ];
        for (error, transient) in rows {
            assert_eq!(error.is_transient(), transient, "{error}");
        }
    }
}
