//! What a measurement says.

use serde::Serialize;

use super::needles::Kind;

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BenchReport {
    /// Whose memory.
    pub agent_id: String,
    /// What the questions were chosen by.
    pub seed: u64,
    /// Notes that questions were made of.
    pub notes: usize,
    /// Their lines that say something.
    pub lines: usize,
    /// Who makes the vectors; `none` when nobody does.
    pub provider: String,
    /// The embedding model; `words` when words alone ranked.
    pub model: String,
    /// Passages of the index.
    pub passages: usize,
    /// Those that have vectors.
    pub embedded: usize,
    /// The search as it is configured; absent when that is words alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configured: Option<Quality>,
    /// The same questions, by words alone.
    pub words: Quality,
    /// An index of the words, built from nothing.
    pub building: Building,
    /// What the search as configured lacked, in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
}

/// How good and how fast answers are. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quality {
    /// By kind of question, without nonsense.
    pub rows: Vec<Row>,
    /// Questions that have an answer.
    pub questions: usize,
    /// Answered by the first result.
    pub found1: f64,
    /// Answered by one of the first six.
    pub found6: f64,
    /// Questions that have an answer and got no result at all.
    pub empty: usize,
    /// Questions about nothing in the notes.
    pub nonsense: usize,
    /// Of those: answers that say themselves that nothing is about the question.
    pub rejected: f64,
    /// Of the questions that have an answer: those whose answer does not say so.
    pub kept: f64,
    /// How probable it is that the answer to a real question is surer than one to nonsense.
    pub separation: Option<f64>,
    /// One search, with the vector of its question.
    pub search: Speed,
}

/// Questions of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// How they were made.
    pub kind: Kind,
    /// How many.
    pub questions: usize,
    /// Answered by the first result.
    pub found1: f64,
    /// Answered by one of the first six.
    pub found6: f64,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Speed {
    /// Half of all took no longer.
    pub p50_ms: f64,
    /// Nineteen of twenty took no longer.
    pub p95_ms: f64,
}

/// The building of an index.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Building {
    /// All notes of the memory.
    pub notes: usize,
    /// Windows that can be found afterwards.
    pub windows: usize,
    /// How long it took.
    pub ms: f64,
}
