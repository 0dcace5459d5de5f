//! The port to a memory, and the values that cross it.

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::MemoryError;

/// Results of a search when the caller does not say: OpenClaw's default.
pub const DEFAULT_RESULTS: usize = 6;
/// More results than a model can use; a larger wish is cut to this.
pub const MAX_RESULTS: usize = 50;
/// Largest note that is indexed or read: 2 MiB (S-082). Nobody writes a longer one by hand.
pub const MAX_NOTE_BYTES: u64 = 2 * 1024 * 1024;

/// A memory that can be searched and read. The contract that every implementation is tested against is in the
/// crate's `tests/memory/contract.rs`.
pub trait MemoryBackend: Send + Sync {
    /// The windows of text that answer a query best, best first. Asking for fewer results never changes their order.
    fn search(&self, query: Query) -> BoxFuture<'_, Result<Answer, MemoryError>>;
    /// Lines of one note.
    fn read(&self, range: LineRange) -> BoxFuture<'_, Result<Passage, MemoryError>>;
    /// What is indexed, and what is wrong.
    fn status(&self) -> BoxFuture<'_, Result<Status, MemoryError>>;
    /// Brings the index up to date with the files.
    fn sync(&self, why: SyncReason) -> BoxFuture<'_, Result<SyncReport, MemoryError>>;
}

/// What to search for.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// A question or words, in any language.
    pub text: String,
    /// Results wanted, at most [`MAX_RESULTS`].
    pub max_results: usize,
    /// Results with a lower [`Hit::score`] are left out; 0 keeps all.
    pub min_score: f64,
}

impl Query {
    /// A query for [`DEFAULT_RESULTS`] results of any score.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), max_results: DEFAULT_RESULTS, min_score: 0.0 }
    }
}

/// The results of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Best first.
    pub results: Vec<Hit>,
    /// Who ranked: `offline` for the built-in engine.
    pub provider: &'static str,
    /// By what: `lexical` for words alone.
    pub model: &'static str,
    /// From 0 to 1: how sure it is that the best result is about the query at all; 0 without results.
    pub confidence: f64,
    /// Whether changed files were not yet looked at, or could not be.
    pub stale: bool,
    /// Why the answer may be stale, in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One result: a run of whole lines.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// Relative to the workspace, with forward slashes; starts with `../` for extra paths elsewhere.
    pub path: String,
    /// First line of the snippet, from 1.
    pub start_line: u32,
    /// Last line of the snippet.
    pub end_line: u32,
    /// From 0 to 1, never rising from one result to the next: BM25 as a share of the best that the query could
    /// score, stretched so that a window with every word of the query once comes out near 0.8.
    pub score: f64,
    /// The lines, at most 700 characters. A line longer than that is shown in part.
    pub snippet: String,
    /// What kind of thing was found: `memory`.
    pub source: &'static str,
    /// `path#L3`, or `path#L3-L9`.
    pub citation: String,
}

/// Which lines of which note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRange {
    /// As in [`Hit::path`].
    pub path: String,
    /// First line, from 1; the first of the note when absent.
    pub from: Option<u32>,
    /// How many lines; up to the end when absent.
    pub lines: Option<u32>,
}

/// Lines of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// As it was asked for.
    pub path: String,
    /// The lines, joined by `\n`.
    pub text: String,
}

/// Why a sync was asked for; it goes to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncReason {
    /// A session began.
    SessionStart,
    /// A note was written.
    Written,
    /// A person asked.
    Requested,
    /// Forget everything and index again.
    Rebuild,
}

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// Notes in the index afterwards.
    pub files: usize,
    /// Notes that were new or changed.
    pub indexed: usize,
    /// Notes that are gone.
    pub removed: usize,
    /// Changed notes left for later.
    pub pending: usize,
    /// Notes and folders that are not indexed, and why.
    pub skipped: Vec<Skipped>,
}

/// A note or folder that is not indexed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// As in [`Hit::path`].
    pub path: String,
    /// In plain words.
    pub reason: String,
}

/// The state of a memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whose memory.
    pub agent_id: String,
    /// `builtin`.
    pub backend: &'static str,
    /// As in [`Answer::provider`].
    pub provider: &'static str,
    /// As in [`Answer::model`].
    pub model: &'static str,
    /// The index file.
    pub database: std::path::PathBuf,
    /// Notes in the index.
    pub files: usize,
    /// Windows that can be found.
    pub windows: usize,
    /// Whether files have changed since they were indexed.
    pub dirty: bool,
    /// Notes and folders that are not indexed, and why.
    pub skipped: Vec<Skipped>,
    /// Where a damaged index was put, if that happened since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered: Option<std::path::PathBuf>,
}
