//! Times at which a scheduled job runs: each is taken once, whatever happens to the process.

/// One time of one job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotKey {
    /// The job's id.
    pub job: String,
    /// The time it is due, in milliseconds since the epoch.
    pub due_at_ms: i64,
}

/// Whether a slot could be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotClaim {
    /// It is ours: run the job.
    Claimed,
    /// It runs in this process.
    Running,
    /// It began in a process that is gone: it was interrupted, and is not run again by itself.
    Interrupted,
    /// It has been run.
    Ended,
}
