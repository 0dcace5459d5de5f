//! What can go wrong with a program, beside what goes wrong with any model.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::spoken;

/// Why a program did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CliFault {
    /// It could not be started.
    Start {
        /// The system's reason.
        why: String,
    },
    /// It is not signed in to its own account.
    SignIn {
        /// Its words, shortened.
        said: String,
    },
    /// It ended with a failure that says nothing more precise.
    Failed {
        /// Its exit code; none when it was killed.
        code: Option<i32>,
        /// Its words, shortened.
        said: String,
    },
    /// Others read along, and it would show them any file of this machine.
    NotForGroups,
    /// It ended well and printed no answer.
    Silent,
    /// It printed something else than what it is configured to print.
    NotUnderstood,
    /// It printed more than any answer could be.
    TooMuch {
        /// The limit.
        max_bytes: usize,
    },
    /// It printed more than a budget left for its answer.
    OverBudget {
        /// What was left, in bytes.
        max_bytes: u64,
    },
    /// It ran for too long.
    TooLong {
        /// The limit.
        after: Duration,
    },
}

impl std::fmt::Display for CliFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start { why } => write!(f, "cannot be started: {why}"),
            Self::SignIn { said } => write!(f, "is not signed in: {said}"),
            Self::Failed { code: Some(code), said } => write!(f, "failed with exit code {code}: {said}"),
            Self::Failed { code: None, said } => write!(f, "was killed: {said}"),
            Self::NotForGroups => write!(f, "is not for groups"),
            Self::Silent => write!(f, "ended without an answer"),
            Self::NotUnderstood => write!(f, "printed something that is not the configured output"),
            Self::TooMuch { max_bytes } => write!(f, "printed more than {max_bytes} bytes"),
            Self::OverBudget { max_bytes } => {
                write!(f, "wrote more than the {max_bytes} bytes that a budget leaves for its answer")
            }
            Self::TooLong { after } => write!(f, "ran for more than {after:?}"),
        }
    }
}

impl CliFault {
    /// For the user: what happened and what to do next.
    #[must_use]
    pub fn plain_words(&self, provider: &str, command: &str) -> String {
        let keys = format!("agents.defaults.cliBackends.{provider}");
        match self {
            Self::Start { why } => format!(
                "{provider}: the program {command} cannot be started: {why}. Check that it is a program that this user may run, or set {keys}.command."
            ),
            Self::SignIn { said } => format!(
                "{provider}: the program {command} is not signed in to its account ({said}). Run {command} in a terminal on this machine, sign in, and try again."
            ),
            Self::Failed { code, said } => {
                let how = code
                    .map_or_else(|| "was killed".to_owned(), |code| format!("failed with exit code {code}"));
                format!(
                    "{provider}: the program {command} {how}: {said}. `openclaw models test {provider}/MODEL` runs it again."
                )
            }
            Self::NotForGroups => format!(
                "{provider} does not answer in groups, because the program {command} may read every file of this user. Choose another model for groups, or say with {keys}.args and {keys}.resumeArgs (both, or args and sessionMode \"none\") how it is called within limits of yours."
            ),
            Self::Silent => format!(
                "{provider}: the program {command} ended without an answer. Check {keys}.args and output, or try again."
            ),
            Self::NotUnderstood => format!(
                "{provider}: what the program {command} printed is not what {keys}.output says, or has no text under result, message, content, response, output or text. Correct output (json, jsonl or text) or args."
            ),
            Self::TooMuch { max_bytes } => format!(
                "{provider}: the program {command} printed more than {} MB and was stopped. Check {keys}.args.",
                max_bytes / (1024 * 1024)
            ),
            Self::OverBudget { .. } => format!(
                "{provider}: the program {command} wrote more than the budget leaves for its answer and was stopped. Ask for less at once, or raise models.budgets."
            ),
            Self::TooLong { after } => {
                format!(
                    "{provider}: the program {command} ran for more than {} and was stopped.",
                    spoken(*after)
                )
            }
        }
    }
}
