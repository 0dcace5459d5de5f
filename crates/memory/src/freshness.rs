//! What is known about changes since the index was last brought up to date, and when it is time to look.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use crate::backend::Source;
use crate::sources::Sources;
use crate::watch::{Changes, Watch};

/// A watch is believed for so long: memory maps and names of files elsewhere change files without an event.
const TRUST: Duration = Duration::from_secs(60);

/// When the index is brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncOptions {
    /// When somebody says that a session begins.
    pub on_session_start: bool,
    /// Before a search answers, as far as that takes no time worth speaking of.
    pub on_search: bool,
    /// As files change.
    pub watch: bool,
    /// How long changes must have rested before a sync that nobody waits for.
    pub debounce: Duration,
    /// How often the folders are looked at where they cannot be watched.
    pub poll: Duration,
    /// Time between syncs that come whatever happens; none if absent.
    pub interval: Option<Duration>,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            on_session_start: true,
            on_search: true,
            watch: true,
            debounce: Duration::from_millis(1_500),
            poll: Duration::from_secs(60),
            interval: None,
        }
    }
}

/// What it is time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// A sync of everything.
    Sync,
    /// To see whether files have changed.
    Look,
}

/// What is known about changes.
pub(crate) struct Freshness {
    name: String,
    pub(crate) options: SyncOptions,
    watch: Watch,
    /// What may have changed since a whole pass began.
    unseen: Changes,
    /// When the last whole pass over the notes began.
    passed: Option<Instant>,
    next_sync: Option<Instant>,
    next_look: Instant,
    /// Sizes and times of all files at the last look.
    looked: Option<u64>,
}

impl Freshness {
    pub(crate) fn new(name: String, options: SyncOptions, watch: Watch) -> Self {
        let now = Instant::now();
        Self {
            name,
            watch,
            unseen: Changes::ALL,
            passed: None,
            next_sync: options.interval.map(|interval| now + interval),
            next_look: now + options.poll,
            looked: None,
            options,
        }
    }

    /// Takes in what the watch knows. What changes afterwards is known the next time.
    pub(crate) fn look(&mut self) {
        let changes = self.watch.changes(&self.name);
        self.unseen.add(changes);
    }

    /// Whether changes are heard of, and nobody needs to look for them.
    pub(crate) fn hears(&self) -> bool {
        self.watch.sees_all()
    }

    /// Whether the index has the notes as they are.
    pub(crate) fn knows_notes(&self) -> bool {
        let is_recent = self.passed.is_some_and(|passed| passed.elapsed() < TRUST);
        self.hears() && is_recent && !self.unseen.notes
    }

    /// Whether something may have changed that nobody has looked at.
    pub(crate) fn has_unseen(&self) -> bool {
        self.unseen.any()
    }

    /// Nothing is known any more: it is another index.
    pub(crate) fn forget(&mut self) {
        self.unseen = Changes::ALL;
        self.passed = None;
    }

    /// A pass over the notes, and perhaps over transcripts, has left nothing to do. It began then.
    pub(crate) fn passed(&mut self, began: Instant, with_transcripts: bool) {
        self.passed = Some(began);
        self.unseen.notes = false;
        self.unseen.transcripts &= !with_transcripts;
    }

    /// When it is time for something.
    pub(crate) fn next_duty(&self) -> Option<Instant> {
        let look = (self.options.watch && !self.hears()).then_some(self.next_look);
        [self.next_sync, look].into_iter().flatten().min()
    }

    /// What it is time for now.
    pub(crate) fn duty(&mut self, now: Instant) -> Option<Duty> {
        if let Some(interval) = self.options.interval
            && self.next_sync.is_some_and(|next| next <= now)
        {
            self.next_sync = Some(now + interval);
            return Some(Duty::Sync);
        }
        if self.options.watch && !self.hears() && self.next_look <= now {
            self.next_look = now + self.options.poll;
            return Some(Duty::Look);
        }
        None
    }

    /// Whether files are not what they were at the last look.
    pub(crate) fn looks_changed(&mut self, sources: &Sources) -> bool {
        let mut hasher = DefaultHasher::new();
        for source in [Source::Memory, Source::Sessions] {
            for note in sources.list(source).notes {
                (note.path, note.size, note.mtime_ms).hash(&mut hasher);
            }
        }
        let now = hasher.finish();
        self.looked.replace(now) != Some(now)
    }
}
