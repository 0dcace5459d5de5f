//! Amounts and their limits.

use serde::{Deserialize, Serialize};

/// Tokens of prompt and answer, and dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Amount {
    /// Tokens.
    pub tokens: u64,
    /// US dollars, at the prices that the catalog knows.
    pub usd: f64,
}

impl Amount {
    pub(super) fn plus(self, other: Self) -> Self {
        Self { tokens: self.tokens.saturating_add(other.tokens), usd: self.usd + other.usd }
    }

    /// The larger of each.
    pub(super) fn or_more(self, other: Self) -> Self {
        Self { tokens: self.tokens.max(other.tokens), usd: self.usd.max(other.usd) }
    }

    pub(super) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// The most of something. Nothing is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limit {
    /// Tokens.
    pub tokens: Option<u64>,
    /// US dollars.
    pub usd: Option<f64>,
}

impl Limit {
    pub(super) fn is_set(&self) -> bool {
        self.tokens.is_some() || self.usd.is_some()
    }
}

/// Something of each span.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BySpan<T> {
    /// One answer, with all its rounds.
    pub run: T,
    /// One session, until it starts over.
    pub session: T,
    /// One agent in a day.
    pub agent: T,
    /// All agents in a day.
    pub day: T,
}

impl<T> BySpan<T> {
    pub(super) fn of(&self, span: Span) -> &T {
        match span {
            Span::Run => &self.run,
            Span::Session => &self.session,
            Span::Agent => &self.agent,
            Span::Day => &self.day,
        }
    }
}

/// `models.budgets`.
pub type Budgets = BySpan<Limit>;

impl Budgets {
    /// Whether anything is limited.
    pub(super) fn are_set(&self) -> bool {
        Span::ALL.iter().any(|span| self.of(*span).is_set())
    }
}

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// One answer.
    Run,
    /// One session.
    Session,
    /// One agent in a day.
    Agent,
    /// All agents in a day.
    Day,
}

impl Span {
    pub(super) const ALL: [Self; 4] = [Self::Run, Self::Session, Self::Agent, Self::Day];

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Session => "session",
            Self::Agent => "agent",
            Self::Day => "day",
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Run => "this answer",
            Self::Session => "this session",
            Self::Agent => "this agent today",
            Self::Day => "today",
        }
    }

    /// What to do when nothing is left.
    pub(super) fn next_step(self) -> &'static str {
        match self {
            Self::Run => "Ask for less at once, or raise it.",
            Self::Session => "Send /new to start over, or raise it.",
            Self::Agent | Self::Day => "Wait until tomorrow, or raise it.",
        }
    }
}
