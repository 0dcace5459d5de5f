//! What an error says about who else could answer.

use std::time::Duration;

use openclaw_credentials::Reason;

use crate::catalog::CatalogError;
use crate::cli::CliFault;
use crate::{Malformed, ModelError};

/// What an error means for the choice of the next candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Nobody else would do better, or nobody else should be asked.
    Final,
    /// Somebody else may answer.
    Another {
        /// Why this one did not.
        reason: Reason,
        /// How long the provider asked to wait.
        retry_after: Option<Duration>,
        /// Who else would fail in the same way.
        reach: Reach,
    },
}

/// Who would fail in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This model with this credential.
    Candidate,
    /// Every model with this credential.
    Credential,
    /// This model with every credential.
    Model,
    /// Every model of the provider.
    Provider,
}

/// Judges an error. A conversation that is too long for one model is no reason to ask another: the answer to it is a
/// shorter conversation. What a provider's filter withholds is not asked of the next one.
#[must_use]
pub fn judge(error: &ModelError) -> Judgement {
    let another = |reason, reach| Judgement::Another { reason, retry_after: None, reach };
    match error {
        // The key is good, but not for this model.
        ModelError::Auth { status: 403, .. } => another(Reason::NotFound, Reach::Candidate),
        ModelError::Auth { .. } => another(Reason::Auth, Reach::Credential),
        ModelError::Billing { .. } => another(Reason::Billing, Reach::Credential),
        ModelError::RateLimited { retry_after, .. } => Judgement::Another {
            reason: Reason::RateLimit,
            retry_after: *retry_after,
            reach: Reach::Candidate,
        },
        ModelError::Overloaded { retry_after, .. } => {
            Judgement::Another { reason: Reason::Overloaded, retry_after: *retry_after, reach: Reach::Model }
        }
        ModelError::ModelNotFound { .. } => another(Reason::NotFound, Reach::Model),
        ModelError::Timeout { .. } => another(Reason::Timeout, Reach::Model),
        ModelError::Unreachable { .. } => another(Reason::Timeout, Reach::Provider),
        ModelError::Server { .. } => another(Reason::Overloaded, Reach::Model),
        ModelError::Redirected { .. } => another(Reason::Format, Reach::Provider),
        ModelError::Program { fault, .. } => match fault {
            CliFault::SignIn { .. } => another(Reason::Auth, Reach::Provider),
            CliFault::NotForGroups => another(Reason::Format, Reach::Provider),
            CliFault::Start { .. } => another(Reason::Overloaded, Reach::Provider),
            CliFault::OverBudget { .. } => Judgement::Final,
            CliFault::TooLong { .. } => another(Reason::Timeout, Reach::Model),
            CliFault::Failed { .. }
            | CliFault::Silent
            | CliFault::NotUnderstood
            | CliFault::TooMuch { .. } => another(Reason::Overloaded, Reach::Model),
        },
        ModelError::Unavailable(CatalogError::NoProgram { .. }) => {
            another(Reason::Overloaded, Reach::Provider)
        }
        ModelError::BadRequest { .. } | ModelError::Unavailable(_) => another(Reason::Format, Reach::Model),
        ModelError::Malformed { what, .. } => match what {
            Malformed::EndedEarly => another(Reason::Overloaded, Reach::Model),
            Malformed::Request => Judgement::Final,
            Malformed::NotJson
            | Malformed::NotEventStream
            | Malformed::UnnamedToolCall
            | Malformed::BrokenToolCall
            | Malformed::TooManyToolCalls
            | Malformed::EventTooLarge
            | Malformed::ResponseTooLarge => another(Reason::Format, Reach::Model),
        },
        ModelError::ContextOverflow { .. } | ModelError::Filtered { .. } | ModelError::Aborted => {
            Judgement::Final
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Judgement, Reach, judge};
    use crate::cli::CliFault;
    use crate::{Malformed, ModelError, TimeoutKind};
    use openclaw_credentials::Reason;
    use openclaw_http::Unreachable;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn the_table() {
        let p = || Arc::from("p");
        let wait = Some(Duration::from_secs(7));
        let model = || "m".to_owned();
        let program = |fault| ModelError::Program { provider: p(), command: model(), fault };
        let rows = [
            (ModelError::Auth { provider: p(), status: 401 }, Some((Reason::Auth, Reach::Credential))),
            (ModelError::Auth { provider: p(), status: 403 }, Some((Reason::NotFound, Reach::Candidate))),
            (ModelError::Billing { provider: p() }, Some((Reason::Billing, Reach::Credential))),
            (
                ModelError::RateLimited { provider: p(), retry_after: wait },
                Some((Reason::RateLimit, Reach::Candidate)),
            ),
            (
                ModelError::Overloaded { provider: p(), retry_after: wait },
                Some((Reason::Overloaded, Reach::Model)),
            ),
            (ModelError::Server { provider: p(), status: 500 }, Some((Reason::Overloaded, Reach::Model))),
            (
                ModelError::ModelNotFound { provider: p(), model: model() },
                Some((Reason::NotFound, Reach::Model)),
            ),
            (
                ModelError::Timeout { provider: p(), kind: TimeoutKind::FirstByte, after: Duration::ZERO },
                Some((Reason::Timeout, Reach::Model)),
            ),
            (
                ModelError::Unreachable { provider: p(), host: "h".into(), why: Unreachable::Refused },
                Some((Reason::Timeout, Reach::Provider)),
            ),
            (
                ModelError::BadRequest { provider: p(), status: 400, message: String::new() },
                Some((Reason::Format, Reach::Model)),
            ),
            (
                ModelError::Malformed { provider: p(), what: Malformed::EndedEarly },
                Some((Reason::Overloaded, Reach::Model)),
            ),
            (program(CliFault::SignIn { said: String::new() }), Some((Reason::Auth, Reach::Provider))),
            (program(CliFault::Silent), Some((Reason::Overloaded, Reach::Model))),
            (program(CliFault::NotForGroups), Some((Reason::Format, Reach::Provider))),
            (ModelError::ContextOverflow { provider: p(), model: model() }, None),
            (ModelError::Filtered { provider: p() }, None),
            (ModelError::Aborted, None),
        ];
        for (error, expected) in rows {
            let seen = match judge(&error) {
                Judgement::Final => None,
                Judgement::Another { reason, reach, retry_after } => {
                    let asked =
                        matches!(error, ModelError::RateLimited { .. } | ModelError::Overloaded { .. });
                    assert_eq!(retry_after, wait.filter(|_| asked), "{error}");
                    Some((reason, reach))
                }
            };
            assert_eq!(seen, expected, "{error}");
        }
    }
}
