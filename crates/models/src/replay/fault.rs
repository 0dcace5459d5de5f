//! An error of a model call as a recording has it.

use std::sync::Arc;
use std::time::Duration;

use openclaw_guard::Redactor;
use serde::{Deserialize, Serialize};

use super::hide::hide_text;
use crate::catalog::CatalogError;
use crate::cli::CliFault;
use crate::{Malformed, ModelError, TimeoutKind, Unreachable};

/// A [`ModelError`] that can be written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Provider id.
    pub provider: Arc<str>,
    /// What it was.
    pub kind: Kind,
}

/// What an error was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "each is the variant of ModelError with its name, which is documented")]
pub enum Kind {
    Auth { status: u16 },
    RateLimited { retry_after_ms: Option<u64> },
    Overloaded { retry_after_ms: Option<u64> },
    Billing,
    ContextOverflow { model: String },
    ModelNotFound { model: String },
    Timeout { waiting_for: Waiting, after_ms: u64 },
    Unreachable { host: String, why: Why },
    Server { status: u16 },
    Redirected { status: u16 },
    BadRequest { status: u16, message: String },
    Filtered,
    Malformed { what: What },
    Program { command: String, fault: CliFault },
    Unavailable { words: String },
    Aborted,
}

/// Two enums that name the same things, and the way from each to the other.
macro_rules! mirrored {
    ($(#[$doc:meta])* $mirror:ident = $original:ident { $($name:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[allow(missing_docs, reason = "each is documented where it comes from")]
        pub enum $mirror { $($name),* }

        impl From<$original> for $mirror {
            fn from(original: $original) -> Self {
                match original { $($original::$name => Self::$name),* }
            }
        }

        impl From<$mirror> for $original {
            fn from(mirror: $mirror) -> Self {
                match mirror { $($mirror::$name => Self::$name),* }
            }
        }
    };
}

mirrored! {
    /// [`TimeoutKind`].
    Waiting = TimeoutKind { Connect, FirstByte, Idle }
}
mirrored! {
    /// [`Unreachable`].
    Why = Unreachable { Refused, NameNotFound, Tls, Closed, ClientSetup, Network }
}
mirrored! {
    /// [`Malformed`].
    What = Malformed {
        EndedEarly, NotJson, NotEventStream, UnnamedToolCall, BrokenToolCall, TooManyToolCalls, EventTooLarge,
        ResponseTooLarge, Request,
    }
}

impl Fault {
    /// Writes down an error.
    #[must_use]
    pub fn of(error: &ModelError, redactor: &Redactor) -> Self {
        let (provider, kind) = parts(error);
        let mut fault = Self { provider, kind };
        fault.hide(redactor);
        fault
    }

    /// The error again. Of a model that could not be run only the words are left.
    #[must_use]
    pub fn error(&self) -> ModelError {
        let provider = Arc::clone(&self.provider);
        let wait = |ms: &Option<u64>| ms.map(Duration::from_millis);
        match &self.kind {
            Kind::Auth { status } => ModelError::Auth { provider, status: *status },
            Kind::RateLimited { retry_after_ms } => {
                ModelError::RateLimited { provider, retry_after: wait(retry_after_ms) }
            }
            Kind::Overloaded { retry_after_ms } => {
                ModelError::Overloaded { provider, retry_after: wait(retry_after_ms) }
            }
            Kind::Billing => ModelError::Billing { provider },
            Kind::ContextOverflow { model } => ModelError::ContextOverflow { provider, model: model.clone() },
            Kind::ModelNotFound { model } => ModelError::ModelNotFound { provider, model: model.clone() },
            Kind::Timeout { waiting_for, after_ms } => ModelError::Timeout {
                provider,
                kind: (*waiting_for).into(),
                after: Duration::from_millis(*after_ms),
            },
            Kind::Unreachable { host, why } => {
                ModelError::Unreachable { provider, host: host.clone(), why: (*why).into() }
            }
            Kind::Server { status } => ModelError::Server { provider, status: *status },
            Kind::Redirected { status } => ModelError::Redirected { provider, status: *status },
            Kind::BadRequest { status, message } => {
                ModelError::BadRequest { provider, status: *status, message: message.clone() }
            }
            Kind::Filtered => ModelError::Filtered { provider },
            Kind::Malformed { what } => ModelError::Malformed { provider, what: (*what).into() },
            Kind::Program { command, fault } => {
                ModelError::Program { provider, command: command.clone(), fault: fault.clone() }
            }
            Kind::Unavailable { words } => ModelError::Unavailable(CatalogError::Credential {
                provider: provider.to_string(),
                why: words.clone(),
            }),
            Kind::Aborted => ModelError::Aborted,
        }
    }

    fn hide(&mut self, redactor: &Redactor) {
        match &mut self.kind {
            Kind::ContextOverflow { model: text }
            | Kind::ModelNotFound { model: text }
            | Kind::Unreachable { host: text, .. }
            | Kind::BadRequest { message: text, .. }
            | Kind::Program {
                fault: CliFault::SignIn { said: text } | CliFault::Failed { said: text, .. },
                ..
            }
            | Kind::Unavailable { words: text } => hide_text(text, redactor),
            Kind::Auth { .. }
            | Kind::RateLimited { .. }
            | Kind::Overloaded { .. }
            | Kind::Billing
            | Kind::Timeout { .. }
            | Kind::Server { .. }
            | Kind::Redirected { .. }
            | Kind::Filtered
            | Kind::Malformed { .. }
            | Kind::Program { .. }
            | Kind::Aborted => {}
        }
    }
}

fn parts(error: &ModelError) -> (Arc<str>, Kind) {
    let ms = |wait: &Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    match error {
        ModelError::Auth { provider, status } => (Arc::clone(provider), Kind::Auth { status: *status }),
        ModelError::RateLimited { provider, retry_after } => {
            (Arc::clone(provider), Kind::RateLimited { retry_after_ms: retry_after.as_ref().map(ms) })
        }
        ModelError::Overloaded { provider, retry_after } => {
            (Arc::clone(provider), Kind::Overloaded { retry_after_ms: retry_after.as_ref().map(ms) })
        }
        ModelError::Billing { provider } => (Arc::clone(provider), Kind::Billing),
        ModelError::ContextOverflow { provider, model } => {
            (Arc::clone(provider), Kind::ContextOverflow { model: model.clone() })
        }
        ModelError::ModelNotFound { provider, model } => {
            (Arc::clone(provider), Kind::ModelNotFound { model: model.clone() })
        }
        ModelError::Timeout { provider, kind, after } => {
            (Arc::clone(provider), Kind::Timeout { waiting_for: (*kind).into(), after_ms: ms(after) })
        }
        ModelError::Unreachable { provider, host, why } => {
            (Arc::clone(provider), Kind::Unreachable { host: host.clone(), why: (*why).into() })
        }
        ModelError::Server { provider, status } => (Arc::clone(provider), Kind::Server { status: *status }),
        ModelError::Redirected { provider, status } => {
            (Arc::clone(provider), Kind::Redirected { status: *status })
        }
        ModelError::BadRequest { provider, status, message } => {
            (Arc::clone(provider), Kind::BadRequest { status: *status, message: message.clone() })
        }
        ModelError::Filtered { provider } => (Arc::clone(provider), Kind::Filtered),
        ModelError::Malformed { provider, what } => {
            (Arc::clone(provider), Kind::Malformed { what: (*what).into() })
        }
        ModelError::Program { provider, command, fault } => {
            (Arc::clone(provider), Kind::Program { command: command.clone(), fault: fault.clone() })
        }
        ModelError::Unavailable(error) => (Arc::from(""), Kind::Unavailable { words: error.plain_words() }),
        ModelError::Aborted => (Arc::from(""), Kind::Aborted),
    }
}
