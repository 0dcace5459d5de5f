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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use jiff::civil::date;
    use openclaw_guard::ManualClock;

    use super::{RETRY, Shelter, Sheltered};
    use crate::backend::Query;
    use crate::sources::Sources;
    use crate::tests::{options, write, write_at};

    fn search(shelter: &mut Shelter, sources: &Sources, text: &str) -> Sheltered {
        // Far from the time of any file: each has settled.
        let clock = ManualClock::new(0);
        shelter.search(sources, &clock, &Query::new(text), date(2026, 11, 28)).unwrap()
    }

    fn paths(found: &Sheltered) -> Vec<&str> {
        let mut paths: Vec<&str> = found.found.hits.iter().map(|hit| hit.path.as_str()).collect();
        paths.sort_unstable();
        paths
    }

    fn files(home: &Path) -> Vec<String> {
        let names = std::fs::read_dir(home).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_file_is_left_alone_for_a_while_after_each_try() {
        let home = tempfile::tempdir().unwrap();
        let sources = Sources::of(&options(home.path()));
        let (start, moment) = (Instant::now(), Duration::from_millis(1));
        let mut shelter = Shelter::new("the disk is full".into(), start).unwrap();
        for (after, holds) in
            [(Duration::ZERO, true), (RETRY - moment, true), (RETRY, false), (2 * RETRY, false)]
        {
            assert_eq!(shelter.holds(start + after), holds, "{after:?}");
        }
        assert_eq!(
            search(&mut shelter, &sources, "needle").degraded,
            "words of notes only: the disk is full"
        );
        shelter.stay("another process has it".into(), start + RETRY);
        for (after, holds) in [(RETRY, true), (2 * RETRY - moment, true), (2 * RETRY, false)] {
            assert_eq!(shelter.holds(start + after), holds, "{after:?}");
        }
        let degraded = search(&mut shelter, &sources, "needle").degraded;
        assert_eq!(degraded, "words of notes only: another process has it");
    }

    #[test]
    fn it_answers_from_the_notes_as_they_are_and_writes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let sources = Sources::of(&options(home.path()));
        let mut shelter = Shelter::new(String::new(), Instant::now()).unwrap();
        let found = search(&mut shelter, &sources, "needle");
        assert_eq!(
            (paths(&found), found.pending, found.passages),
            (vec!["memory/a.md", "memory/b.md"], 0, 2)
        );
        write(home.path(), "a", "nothing of it\n");
        write(home.path(), "c", "a needle since\n");
        assert_eq!(paths(&search(&mut shelter, &sources, "needle")), ["memory/b.md", "memory/c.md"]);
        std::fs::remove_file(home.path().join("workspace/memory/b.md")).unwrap();
        assert_eq!(paths(&search(&mut shelter, &sources, "needle")), ["memory/c.md"]);
        assert_eq!(files(home.path()), ["workspace"]);
    }

    #[test]
    fn what_there_is_no_time_for_is_counted_and_read_before_the_next_answer() {
        let home = tempfile::tempdir().unwrap();
        let sources = Sources::of(&options(home.path()));
        let mut shelter = Shelter::new(String::new(), Instant::now()).unwrap();
        // Newer than the others, and as long as notes may be.
        for name in ["y", "z"] {
            write_at(home.path(), name, &"\n".repeat(2 * 1024 * 1024), 60);
        }
        let found = search(&mut shelter, &sources, "needle");
        assert_eq!((paths(&found), found.pending), (Vec::new(), 2));
        let found = search(&mut shelter, &sources, "needle");
        assert_eq!((paths(&found).len(), found.pending), (2, 0));
    }
}
