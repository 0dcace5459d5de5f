//! Why there are no vectors.

use std::time::Duration;

/// A failed call, and who failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("embeddings of {embedder}: {failure}")]
pub struct EmbedError {
    /// Provider and model.
    pub embedder: String,
    /// What went wrong.
    pub failure: Failure,
}

/// What went wrong, sorted by what helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The key is missing, wrong or not allowed to do this.
    #[error("the key was refused ({0}); check the key of this provider")]
    Auth(String),
    /// Nothing more is paid for.
    #[error("the quota is used up ({0})")]
    Quota(String),
    /// Too many calls.
    #[error("too many requests ({detail})")]
    RateLimited {
        /// What the provider said.
        detail: String,
        /// How long to wait, if it said so.
        retry_after: Option<Duration>,
    },
    /// The provider has a problem; the same call may work later.
    #[error("the provider failed ({0})")]
    Overloaded(String),
    /// Nobody answered.
    #[error("cannot be reached ({0})")]
    Unreachable(String),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Our own limit: more was sent within an hour than is allowed.
    #[error("the request budget of this hour is used up; it goes on in {} min", .again_in.as_secs().div_ceil(60))]
    OverBudget {
        /// When the next hour begins.
        again_in: Duration,
    },
    /// The call itself is wrong: another try changes nothing.
    #[error("the request was refused ({0})")]
    Refused(String),
    /// The answer is not what the interface promises.
    #[error("the answer makes no sense ({0})")]
    Malformed(String),
    /// A model or program on this machine is missing or does not run.
    #[error("{0}")]
    Unavailable(String),
    /// A model on this machine is on its way here, and calls for documents wait for it; or its program rests because a call
    /// of somebody else has failed. This call has not.
    #[error("{0}")]
    NotReady(String),
}

impl Failure {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Overloaded(_)
            | Self::Unreachable(_)
            | Self::TimedOut(_)
            | Self::OverBudget { .. }
            | Self::NotReady(_) => true,
            Self::Auth(_) | Self::Quota(_) | Self::Refused(_) | Self::Malformed(_) | Self::Unavailable(_) => {
                false
            }
        }
    }
}
