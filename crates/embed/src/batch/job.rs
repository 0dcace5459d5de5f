//! The port, and the values that cross it.

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::remote::hex_digest;
use crate::{EmbedError, Vector};

/// Submits jobs and collects them, also after a restart: everything needed is in a [`BatchJob`].
pub trait BatchJobs: Send + Sync {
    /// How much one job takes.
    fn limits(&self) -> JobLimits;
    /// Begins one job for all these texts. Of several items with one id the first is sent. A job that was begun is
    /// paid for: store what comes back before anything else. Whoever dies in between finds it again by its mark.
    fn submit<'a>(
        &'a self,
        items: Vec<BatchItem>,
        mark: &'a JobMark,
    ) -> BoxFuture<'a, Result<BatchJob, EmbedError>>;
    /// The job with a mark, if the service has one: of a submission that nobody knows the end of.
    fn find<'a>(&'a self, mark: &'a JobMark) -> BoxFuture<'a, Result<Option<BatchJob>, EmbedError>>;
    /// How far it is.
    fn state<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<JobState, EmbedError>>;
    /// What it made, in any order, as it is read from the network: a whole job may not fit into memory. Jobs that
    /// expired or were cancelled give what they had done. Texts may be missing; they were not embedded.
    fn results<'a>(&'a self, job: &'a BatchJob) -> BoxStream<'a, Result<JobLine, EmbedError>>;
    /// Stops it; what is done by then stays to be collected.
    fn cancel<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<(), EmbedError>>;
    /// Deletes the texts and vectors that lie at the service, when the vectors are safe here.
    fn forget<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<(), EmbedError>>;
}

/// How much one job takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobLimits {
    /// Texts.
    pub texts: usize,
    /// Bytes of all texts together; they are in memory once while they are sent.
    pub bytes: usize,
}

/// One text of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// Comes back with the vector; at most 64 letters and digits. [`text_id`] makes one.
    pub id: String,
    /// The text, as a document.
    pub text: String,
}

impl BatchItem {
    /// A text under the digest of its words.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self { id: text_id(&text), text }
    }
}

/// The SHA-256 of a text in hexadecimal digits.
#[must_use]
pub fn text_id(text: &str) -> String {
    hex_digest(text)
}

/// What tells one job from all others of an account. It is made before the job is sent, from what is stored by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobMark(String);

impl JobMark {
    /// A digest of what tells it apart; nothing can be read from it.
    #[must_use]
    pub fn of(what: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, what);
        Self(digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job at a service: what must be stored to find it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchJob {
    /// As the configuration calls it.
    pub provider: String,
    /// The service's name for the job.
    pub id: String,
    /// The fingerprint of the embedder that began it; no other may collect it.
    pub fingerprint: String,
    /// When it was begun, in milliseconds since the epoch.
    pub created_ms: i64,
    /// Texts in it.
    pub count: usize,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// It goes on.
    Running {
        /// Texts that are done, where the service says so.
        done: usize,
    },
    /// All is done; single texts may have failed.
    Finished,
    /// The service gave it up, for this reason.
    Failed(String),
    /// The service had no time within its own limit; what it did can be collected.
    Expired,
    /// Somebody stopped it; what it did can be collected.
    Cancelled,
}

/// One text's outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct JobLine {
    /// The id of the [`BatchItem`].
    pub id: String,
    /// The vector, or why there is none.
    pub outcome: Result<Vector, NoVector>,
}

/// Why one text of a job has no vector, in the service's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the text was not embedded ({0})")]
pub struct NoVector(pub String);
