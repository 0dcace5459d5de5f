//! The port to a memory, and the values that cross it.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::embedding::JobUnderWay;
use crate::error::MemoryError;
use crate::measure::MeaningWeight;

/// Results of a search when the caller does not say: OpenClaw's default.
pub const DEFAULT_RESULTS: usize = 6;
/// More results than a model can use; a larger wish is cut to this.
pub const MAX_RESULTS: usize = 50;
/// Most places of [`Hit::elsewhere`]: a line that stands in more is a habit, and each costs a model some tokens.
pub const MAX_ELSEWHERE: usize = 10;
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
    /// Who answers now, from what is known already.
    fn standing(&self) -> Standing {
        Standing { backend: BUILT_IN, fallback: None }
    }
    /// Begins what it does without being asked, if there is anything; a second time does nothing. Comes back when the
    /// memory is as ready as the configuration wants it.
    fn start(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}

/// The built-in engine, as [`Status::backend`] has it.
pub const BUILT_IN: &str = "builtin";

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// As in [`Status::backend`].
    pub backend: &'static str,
    /// Who is out, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
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
    /// Whether results say where their score comes from.
    pub explain: Explaining,
}

/// Whether results say where their score comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Explaining {
    /// They do not.
    #[default]
    Off,
    /// They do.
    On,
}

impl Query {
    /// A query for [`DEFAULT_RESULTS`] results of any score.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), max_results: DEFAULT_RESULTS, min_score: 0.0, explain: Explaining::Off }
    }
}

/// The results of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Best first.
    pub results: Vec<Hit>,
    /// Who made the vectors, as the configuration calls it; `none` when words alone ranked.
    pub provider: String,
    /// The embedding model; `words` when words alone ranked.
    pub model: String,
    /// Who stepped in for whom, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
    /// From 0 to 1: how sure it is that the best result is about the query at all; 0 without results.
    pub confidence: f64,
    /// Whether changed files were not yet looked at, or could not be.
    pub stale: bool,
    /// What this answer is worse than it should be, and why, in plain words: `words only: …`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// What else is worth knowing, in plain words: no result is relevant, or notes are still being read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The days that the query names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<Days>,
}

/// Days that a query names, and what else it asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Days {
    /// The first one, `YYYY-MM-DD`.
    pub from: String,
    /// The last one.
    pub to: String,
    /// The query without its words about days; empty when it asks for whatever was noted on them.
    pub about: String,
}

/// A provider that stepped in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fallback {
    /// Who failed.
    pub from: String,
    /// Why.
    pub reason: String,
}

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A note.
    Memory,
    /// A conversation.
    Sessions,
}

impl Source {
    /// As results and the index call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sessions => "sessions",
        }
    }
}

/// Which ends of a snippet are not the ends of their lines: a long line is shown in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// Its first line begins earlier.
    Start,
    /// Its last line goes on.
    End,
    /// Both.
    Both,
}

impl Cut {
    /// Whether the start is cut, and whether the end is.
    pub(crate) fn at((start, end): (bool, bool)) -> Option<Self> {
        match (start, end) {
            (true, true) => Some(Self::Both),
            (true, false) => Some(Self::Start),
            (false, true) => Some(Self::End),
            (false, false) => None,
        }
    }
}

/// Another place of lines that are shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// As in [`Hit::path`].
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// What kind of thing it stands in.
    pub source: Source,
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
    /// From 0 to 1, never rising from one result to the next: how probable it is that the lines are about the query.
    pub score: f64,
    /// The lines, at most 700 characters. A line longer than that is shown in part.
    pub snippet: String,
    /// What kind of thing was found.
    pub source: Source,
    /// `path#L3`, or `path#L3-L9`.
    pub citation: String,
    /// The heading above the lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// The day the lines are about, `YYYY-MM-DD`: of the heading, else of the file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// How many other places say the same as the best line of this one.
    #[serde(skip_serializing_if = "is_zero")]
    pub repeated: usize,
    /// Where lines that say the same as one of these stand and are not shown, at most [`MAX_ELSEWHERE`] of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
    /// Which ends are not the ends of their lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
    /// Where the score comes from, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explain>,
}

/// Where a score comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explain {
    /// All in all, in deviations above the average line of this memory. Absent where the score itself is the sum: in
    /// OpenClaw's own ranking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fused: Option<f64>,
    /// BM25 as a share of the best that the query could score.
    pub words: f64,
    /// The share of the query's information that the window has.
    pub coverage: f64,
    /// Cosine of the query with the passage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f64>,
    /// What meaning counted beside words; absent where only one of them ranked, and in OpenClaw's own ranking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<MeaningWeight>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(count: &usize) -> bool {
    *count == 0
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

impl LineRange {
    /// The lines it names of a text. Asking past the end for more lines than there are is fine, starting there is not.
    pub(crate) fn lines_of(&self, text: &str) -> Result<String, MemoryError> {
        let lines: Vec<&str> = text.lines().collect();
        let from = self.from.unwrap_or(1);
        let start = usize::try_from(from).ok().and_then(|from| from.checked_sub(1));
        let outside = || MemoryError::Range { path: self.path.clone(), from, available: lines.len() };
        let start = start.filter(|&start| start == 0 || start < lines.len()).ok_or_else(outside)?;
        let count = self.lines.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
        Ok(lines.iter().skip(start).take(count).copied().collect::<Vec<_>>().join("\n"))
    }
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
    /// Passages that were embedded, or taken from the cache.
    pub embedded: usize,
    /// Why passages are without vectors, in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
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
    /// Whether it is all of a folder: a question about what it holds cannot be answered.
    #[serde(skip)]
    pub(crate) is_folder: bool,
}

impl Skipped {
    /// A note that is not indexed.
    pub(crate) fn note(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into(), is_folder: false }
    }

    /// A folder of which nothing is indexed.
    pub(crate) fn folder(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { is_folder: true, ..Self::note(path, reason) }
    }
}

/// The state of a memory.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whose memory.
    pub agent_id: String,
    /// Who answers: `builtin` or `qmd`.
    pub backend: &'static str,
    /// As in [`Answer::provider`].
    pub provider: String,
    /// As in [`Answer::model`].
    pub model: String,
    /// As in [`Answer::fallback`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
    /// As in [`Answer::degraded`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// Batch jobs at the service that are under way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobUnderWay>,
    /// The index file.
    pub database: std::path::PathBuf,
    /// Notes in the index.
    pub files: usize,
    /// Windows that can be found.
    pub windows: usize,
    /// Passages that are or will be embedded.
    pub passages: usize,
    /// Passages that are embedded.
    pub embedded: usize,
    /// Vectors kept for text that comes back.
    pub cached: usize,
    /// What meaning counts beside words; absent where nothing is brought together, and in OpenClaw's own ranking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<MeaningWeight>,
    /// Whether files have changed since they were indexed.
    pub dirty: bool,
    /// Notes and folders that are not indexed, and why.
    pub skipped: Vec<Skipped>,
    /// What is configured and has no effect, and why, in plain words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// Where a damaged index was put, if that happened since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered: Option<std::path::PathBuf>,
}
