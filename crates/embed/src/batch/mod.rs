//! Jobs of many texts, which a service does when it has time and for less money.

mod files;
mod gemini;
mod job;
mod lines;
mod remote;
mod wait;

pub use job::{BatchItem, BatchJob, BatchJobs, JobLimits, JobLine, JobMark, JobState, NoVector, text_id};
pub(crate) use remote::RemoteJobs;
pub use wait::{BatchPolicy, Ended, Next, Seen, Waiting, wait};
