//! What a refusal means, before it is an error with a name in it.

use std::sync::Arc;
use std::time::Duration;

use super::redact::Redactor;
use crate::{ModelError, ModelInfo};

/// What a typed code, a status or a phrase stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Context,
    Billing,
    Auth,
    Rate,
    Overload,
    Server,
    NoModel,
    Filtered,
}

impl Meaning {
    /// The status alone. 413 means a body that is too long, with the same remedy as a context that is too long.
    pub(crate) fn of_status(status: u16) -> Option<Self> {
        match status {
            401 | 403 => Some(Self::Auth),
            402 => Some(Self::Billing),
            413 => Some(Self::Context),
            429 => Some(Self::Rate),
            529 => Some(Self::Overload),
            408 | 425 | 500.. => Some(Self::Server),
            _ => None,
        }
    }

    /// The first of `rows` whose words are in `text`.
    pub(crate) fn of_words(rows: &[(&str, Self)], text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        rows.iter().find(|(words, _)| text.contains(words)).map(|(_, meaning)| *meaning)
    }

    /// The first of `rows` with exactly this code.
    pub(crate) fn of_code(rows: &[(&str, Self)], code: &str) -> Option<Self> {
        rows.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning)
    }
}

/// A refusal as far as it is understood.
pub(crate) struct Verdict<'a> {
    pub(crate) meaning: Option<Meaning>,
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// The provider's own words.
    pub(crate) message: Option<&'a str>,
}

impl Verdict<'_> {
    /// The error for the user and for failover. The provider's words pass the redactor.
    pub(crate) fn into_error(self, info: &ModelInfo, redactor: &Redactor) -> ModelError {
        let (provider, status, retry_after) = (Arc::clone(&info.provider), self.status, self.retry_after);
        match self.meaning {
            Some(Meaning::Context) => ModelError::ContextOverflow { provider, model: info.id.clone() },
            Some(Meaning::Billing) => ModelError::Billing { provider },
            Some(Meaning::Auth) => ModelError::Auth { provider, status },
            Some(Meaning::Rate) => ModelError::RateLimited { provider, retry_after },
            Some(Meaning::Overload) => ModelError::Overloaded { provider, retry_after },
            // Who says when to come back has more work than it can take.
            Some(Meaning::Server) if retry_after.is_some() => {
                ModelError::Overloaded { provider, retry_after }
            }
            Some(Meaning::Server) => ModelError::Server { provider, status },
            Some(Meaning::NoModel) => ModelError::ModelNotFound { provider, model: info.id.clone() },
            Some(Meaning::Filtered) => ModelError::Filtered { provider },
            None if (300..400).contains(&status) => ModelError::Redirected { provider, status },
            None => {
                let message = redactor.clean(self.message.unwrap_or("it gave no reason"));
                ModelError::BadRequest { provider, status, message }
            }
        }
    }
}
