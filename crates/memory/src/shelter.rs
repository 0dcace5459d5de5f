//! Answers while the index file cannot be used: an index in memory, of the words of notes alone.
//!
//! The notes are on the disk whatever becomes of the index, and whoever asks is told what was told to memory. It is
//! thrown away when the file can be used again, or nobody asks.

use std::time::{Duration, Instant};

use jiff::civil::Date;
use openclaw_guard::Clock;

use crate::backend::Query;
use crate::index::IndexError;
use crate::open::OpenIndex;
use crate::search::Found;
use crate::sources::Sources;
use crate::sync::{Extent, sync};

/// Bytes of notes that are read before an answer: a tenth of a second of work. The rest follows with the next questions.
const BYTES: u64 = 4 * 1024 * 1024;
/// The file is tried again after this: it may take seconds to learn that another process has it.
const RETRY: Duration = Duration::from_secs(10);

/// The index in memory.
pub(crate) struct Shelter {
    open: OpenIndex,
    /// Why the file cannot be used.
    why: String,
    /// When the file is tried again.
    retry: Instant,
}

/// What it finds.
pub(crate) struct Sheltered {
    pub(crate) found: Found,
    /// Changed notes that were not read.
    pub(crate) pending: usize,
    pub(crate) passages: usize,
    /// What the answer is worse than it should be, and why.
    pub(crate) degraded: String,
}

impl Shelter {
    pub(crate) fn new(why: String, now: Instant) -> Result<Self, IndexError> {
        Ok(Self { open: OpenIndex::in_memory()?, why, retry: now + RETRY })
    }

    /// Whether the file was tried a moment ago.
    pub(crate) fn holds(&self, now: Instant) -> bool {
        now < self.retry
    }

    /// The file was tried once more.
    pub(crate) fn stay(&mut self, why: String, now: Instant) {
        (self.why, self.retry) = (why, now + RETRY);
    }

    pub(crate) fn search(
        &mut self,
        sources: &Sources,
        clock: &dyn Clock,
        query: &Query,
        today: Date,
    ) -> Result<Sheltered, IndexError> {
        let generation = self.open.index.published();
        let extent = Extent { bytes: BYTES, transcripts: None };
        let report = sync(&mut self.open, generation, sources, clock, extent)?;
        Ok(Sheltered {
            found: self.open.search(query, None, today)?,
            pending: report.pending,
            passages: self.open.corpus.embedded().0,
            degraded: format!("words of notes only: {}", self.why),
        })
    }
}
