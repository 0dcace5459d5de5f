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
    /// paid for: store what comes back before anything else.
    fn submit(&self, items: Vec<BatchItem>) -> BoxFuture<'_, Result<BatchJob, EmbedError>>;
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
