//! What is known about changes since the index was last brought up to date, and when it is time to look.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::backend::Source;
use crate::sources::Sources;
use crate::watch::{Among, Wake, Watch};

/// A watch is believed for so long without a look at the folders: memory maps, and other names of a file elsewhere,
/// change files without an event. The look comes behind the answer of a search.
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

impl SyncOptions {
    /// For a command that ends soon: nothing is done by itself.
    #[must_use]
    pub fn for_a_moment(self) -> Self {
        Self { watch: false, interval: None, ..self }
    }
}

/// What it is time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// A sync of everything.
    Sync,
    /// A sync of what has changed.
    Take,
    /// To see whether files have changed.
    Look,
}

/// What is known about changes.
pub(crate) struct Freshness {
    name: String,
    pub(crate) options: SyncOptions,
    watch: Watch,
    /// Whether the worker was told of changes and has not looked yet.
    rung: Arc<AtomicBool>,
    /// Of what changes are not heard.
    blind: Among,
    /// What may have changed since a whole pass began.
    unseen: Among,
    /// When the last whole pass over the notes began.
    passed: Option<Instant>,
    next_sync: Option<Instant>,
    /// When changes that a search heard of, and left, are taken in.
    next_take: Option<Instant>,
    next_look: Instant,
    /// Sizes and times of all files at the last look.
    looked: Option<u64>,
}

impl Freshness {
    /// Knows nothing, and watches nothing yet.
    pub(crate) fn new(name: String, options: SyncOptions, now: Instant) -> Self {
        Self {
            name,
            watch: Watch::off(),
            rung: Arc::default(),
            blind: Among::ALL,
            unseen: Among::ALL,
            passed: None,
            next_sync: options.interval.map(|interval| now + interval),
            next_take: None,
            next_look: now + options.poll,
            looked: None,
            options,
        }
    }

    /// Set when the worker is told of changes, so that it is told once.
    pub(crate) fn rung(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.rung)
    }

    /// Begins to watch, if that is wanted.
    pub(crate) fn begin(&mut self, sources: &Sources, wake: Wake) {
        if self.options.watch {
            self.watch = Watch::start(&self.name, sources.places(), self.options.debounce, wake);
            self.blind = self.watch.blind();
        }
    }

    /// Takes in what the watch knows. What changes afterwards is known the next time.
    pub(crate) fn look(&mut self, now: Instant) {
        // Before the queue is read: what comes behind is told again.
        self.rung.store(false, Ordering::Release);
        let changes = self.watch.changes(&self.name);
        self.blind = self.watch.blind();
        self.heard(changes, now);
    }

    fn heard(&mut self, changes: Among, now: Instant) {
        self.unseen.add(changes);
        if changes.without(self.blind).any() {
            self.next_take.get_or_insert(now + self.options.debounce);
        }
    }

    /// Whether changes of conversations are heard of, and nobody needs to look for them.
    pub(crate) fn hears_transcripts(&self) -> bool {
        !self.blind.transcripts
    }

    /// Whether the index has the notes as they are.
    pub(crate) fn knows_notes(&self) -> bool {
        !self.blind.notes && !self.unseen.notes && self.passed.is_some()
    }

    /// Whether it is long ago that somebody looked at the folders.
    pub(crate) fn is_old(&self, now: Instant) -> bool {
        self.passed.is_none_or(|passed| now.saturating_duration_since(passed) >= TRUST)
    }

    /// Whether something may have changed that nobody has looked at.
    pub(crate) fn has_unseen(&self) -> bool {
        self.unseen.any()
    }

    /// The notes are in another folder than before: nothing is known of it, and that one is watched.
    pub(crate) fn turn_to(&mut self, sources: &Sources) {
        if self.options.watch {
            self.watch.turn_to(&self.name, sources.places());
            self.blind = self.watch.blind();
        }
        self.forget();
    }

    /// Nothing is known any more: it is another index.
    pub(crate) fn forget(&mut self) {
        self.unseen = Among::ALL;
        self.passed = None;
    }

    /// A pass over the notes, and perhaps over transcripts, has left nothing to do. It began then.
    pub(crate) fn passed(&mut self, began: Instant, with_transcripts: bool) {
        self.passed = Some(began);
        self.unseen.notes = false;
        self.unseen.transcripts &= !with_transcripts;
        let rest = self.unseen.without(self.blind);
        self.next_take = rest.any().then(|| self.next_take.unwrap_or(began + self.options.debounce));
    }

    /// When it is time for something.
    pub(crate) fn next_duty(&self) -> Option<Instant> {
        let look = (self.options.watch && self.blind.any()).then_some(self.next_look);
        [self.next_sync, self.next_take, look].into_iter().flatten().min()
    }

    /// What it is time for now.
    pub(crate) fn duty(&mut self, now: Instant) -> Option<Duty> {
        if let Some(interval) = self.options.interval
            && self.next_sync.is_some_and(|next| next <= now)
        {
            self.next_sync = Some(now + interval);
            return Some(Duty::Sync);
        }
        if self.next_take.is_some_and(|next| next <= now) {
            self.next_take = None;
            return Some(Duty::Take);
        }
        if self.options.watch && self.blind.any() && self.next_look <= now {
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

#[cfg(test)]
mod tests {
    use super::{Duty, Freshness, SyncOptions, TRUST};
    use crate::watch::Among;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    const NOTES: Among = Among { notes: true, transcripts: false };
    const TRANSCRIPTS: Among = Among { notes: false, transcripts: true };

    /// One that is told of all changes.
    fn hearing(now: Instant) -> Freshness {
        let mut fresh = Freshness::new("main".into(), SyncOptions::default(), now);
        fresh.blind = Among::NONE;
        fresh
    }

    #[test]
    fn notes_are_known_after_a_pass_and_until_they_change() {
        let now = Instant::now();
        let mut fresh = hearing(now);
        assert!(!fresh.knows_notes() && fresh.is_old(now));
        fresh.passed(now, false);
        assert!(fresh.knows_notes() && !fresh.is_old(now) && fresh.is_old(now + TRUST));
        fresh.heard(TRANSCRIPTS, now);
        assert!(fresh.knows_notes());
        fresh.heard(NOTES, now);
        assert!(!fresh.knows_notes());
        fresh.passed(now, true);
        assert!(fresh.knows_notes() && !fresh.has_unseen());
        fresh.forget();
        assert!(!fresh.knows_notes());
        fresh.passed(now, true);
        fresh.blind = NOTES;
        assert!(!fresh.knows_notes());
    }

    #[test]
    fn what_a_search_heard_of_and_left_is_taken_in_when_it_has_rested() {
        let now = Instant::now();
        let rested = now + Duration::from_millis(1_500);
        let mut fresh = hearing(now);
        // The first pass of a search leaves the conversations.
        fresh.passed(now, false);
        assert_eq!((fresh.next_duty(), fresh.duty(now)), (Some(rested), None));
        assert_eq!((fresh.duty(rested), fresh.next_duty()), (Some(Duty::Take), None));
        fresh.passed(now, true);
        assert_eq!(fresh.next_duty(), None);
        // A further change puts nothing off.
        fresh.heard(TRANSCRIPTS, now);
        fresh.heard(Among::ALL, now + Duration::from_secs(1));
        assert_eq!(fresh.next_duty(), Some(rested));
        // A search takes in the notes; the conversations still wait.
        fresh.passed(now + Duration::from_secs(1), false);
        assert_eq!(fresh.duty(rested), Some(Duty::Take));
        // Where nothing is heard, nobody waits for a rest.
        fresh.passed(now, true);
        fresh.blind = Among::ALL;
        fresh.heard(Among::ALL, now);
        assert_eq!(fresh.duty(rested), None);
    }

    #[test]
    fn duties_come_at_their_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let interval = Some(Duration::from_secs(100));
        let mut fresh =
            Freshness::new("main".into(), SyncOptions { interval, ..SyncOptions::default() }, start);
        // Blind: it polls every minute, and syncs every 100 s.
        let rows = [
            (59, None),
            (60, Some(Duty::Look)),
            (60, None),
            (100, Some(Duty::Sync)),
            (120, Some(Duty::Look)),
        ];
        for (seconds, expected) in rows {
            assert_eq!(fresh.duty(at(seconds)), expected, "{seconds}");
        }
        assert_eq!(fresh.next_duty(), Some(at(180)));
        fresh.options.watch = false;
        assert_eq!((fresh.next_duty(), fresh.duty(at(190))), (Some(at(200)), None));
        let quiet = Freshness::new("main".into(), SyncOptions::default().for_a_moment(), start);
        assert_eq!(quiet.next_duty(), None);
    }

    proptest! {
        /// Whatever happens in whatever order: what was heard and not passed over is either unknown, or due.
        #[test]
        fn no_change_is_lost(steps in proptest::collection::vec((0_u8..5, any::<bool>()), 0..40)) {
            let mut now = Instant::now();
            let mut fresh = hearing(now);
            let (mut notes, mut transcripts) = (true, true);
            for (step, with_transcripts) in steps {
                now += Duration::from_millis(400);
                match step {
                    0 => { fresh.heard(NOTES, now); notes = true; }
                    1 => { fresh.heard(TRANSCRIPTS, now); transcripts = true; }
                    2 => {
                        fresh.passed(now, with_transcripts);
                        notes = false;
                        transcripts &= !with_transcripts;
                    }
                    3 => { fresh.forget(); (notes, transcripts) = (true, true); }
                    // A duty that is taken leads to a pass over everything.
                    _ => if fresh.duty(now) == Some(Duty::Take) {
                        fresh.passed(now, true);
                        (notes, transcripts) = (false, false);
                    },
                }
                prop_assert_eq!(fresh.has_unseen(), notes || transcripts);
                prop_assert!(!(notes && fresh.knows_notes()));
                if transcripts && !notes {
                    prop_assert!(fresh.next_take.is_some(), "conversations are forgotten");
                }
            }
        }
    }
}
