//! The state of one engine's embedders, and the loop that has passages embedded.

use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openclaw_embed::{Embedder, EmbedderId};
use tokio::sync::watch;
use tokio::time::Instant;

use super::asking::Late;
use super::embedders::Embedders;
use super::jobs::{Jobs, Submitted};
use super::measuring::Word;
use super::spending::Withheld;
use super::standing::{Absence, Call, Next, REST, Trouble};
use crate::backend::Fallback;
use crate::engine::{Mailbox, Progress};
use crate::error::MemoryError;
use crate::open::Wanted;
use crate::worker::{ByEmbedder, Missing, Request};

/// Below this confidence an answer says that nothing is clearly about the query.
pub(crate) const LOW_CONFIDENCE: f64 = 0.25;
/// How often the time doubles after which it is asked again by itself: up to half an hour.
const MAX_DOUBLINGS: u32 = 6;
/// How long it takes until an embedder that could not be measured is asked to be again.
const TEST_REST: Duration = Duration::from_secs(10 * 60);
/// Passages that are embedded between two commits: little is lost with the power, and few commits are made.
pub(super) const COMMIT_TEXTS: usize = 256;
/// Bytes of their texts.
const COMMIT_BYTES: usize = 256 * 1024;
const COMMIT: (usize, usize) = (COMMIT_TEXTS, COMMIT_BYTES);
/// What was paid for is kept though another process writes: the time between two tries, and how many there are.
const KEEP_AGAIN: Duration = Duration::from_millis(250);
const KEEP_TRIES: u32 = 20;
/// How often the index is told whose vectors are used.
const NOTED_MS: i64 = 24 * 60 * 60 * 1_000;

/// The state of one engine's embedders.
pub(crate) struct Embedding {
    pub(super) embedders: Embedders,
    state: Mutex<State>,
    /// Whether the loop runs.
    turn: Turn,
    /// Whether somebody asks the primary now and then.
    pub(super) is_minded: AtomicBool,
    /// Questions whose vectors were late.
    pub(super) late: Late,
    /// Whether somebody comes back when the embedder has rested.
    is_awaited: AtomicBool,
    /// One step at a time, or two loops would send the same passages.
    pub(super) stepping: tokio::sync::Mutex<()>,
    /// What is known of batch jobs.
    pub(super) jobs: Jobs,
    pub(super) progress: watch::Sender<Progress>,
}

#[derive(Default)]
pub(super) struct State {
    /// Who stepped in, and why.
    pub(super) fallback: Option<Fallback>,
    /// The primary's absences, also those that are over.
    pub(super) absence: Absence,
    /// What is wrong with who is asked.
    pub(super) trouble: Trouble,
    /// Digests of texts that no embedder takes; they are left alone until the engine is made anew.
    pub(super) refused: Arc<HashSet<Vec<u8>>>,
    /// What is not sent in the background because it would cost much.
    pub(super) withheld: Option<Withheld>,
    /// When the index was told last that this embedder is used.
    pub(super) noted_ms: Option<i64>,
    /// Numbers of a vector of it, as the index was told.
    pub(super) dimensions: Option<usize>,
    /// When the embedder was measured last, or that was tried.
    pub(super) tested: Option<Instant>,
}

impl State {
    /// Whether the embedder was measured a while ago, or that was tried in vain.
    pub(super) fn test_rests(&self, now: Instant) -> bool {
        self.tested.is_some_and(|tested| now < tested + TEST_REST)
    }
}

/// Whose turn it is: at most one loop runs, and whoever comes while it ends is not forgotten.
#[derive(Default)]
struct Turn(AtomicU8);

/// No loop runs; one runs; one runs and somebody has come since it began.
const NOBODY: u8 = 0;
const RUNS: u8 = 1;
const RUNS_AGAIN: u8 = 2;

impl Turn {
    /// Whether the caller is to run the loop; if not, the one that runs goes round once more.
    fn begin(&self) -> bool {
        self.step(|turn| if turn == NOBODY { RUNS } else { RUNS_AGAIN }) == NOBODY
    }

    /// Whether the loop is over.
    fn end(&self) -> bool {
        self.step(|turn| if turn == RUNS_AGAIN { RUNS } else { NOBODY }) != RUNS_AGAIN
    }

    /// The loop is over, whoever came.
    fn stop(&self) {
        self.0.store(NOBODY, Ordering::Release);
    }

    /// Moves on, and gives what was before.
    fn step(&self, next: impl Fn(u8) -> u8) -> u8 {
        let moved = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |turn| Some(next(turn)));
        moved.unwrap_or_else(|turn| turn)
    }
}

impl Embedding {
    pub(crate) fn new(embedders: Embedders) -> Self {
        Self {
            embedders,
            state: Mutex::default(),
            turn: Turn::default(),
            is_minded: AtomicBool::new(false),
            late: Late::default(),
            is_awaited: AtomicBool::new(false),
            stepping: tokio::sync::Mutex::default(),
            jobs: Jobs::default(),
            progress: watch::Sender::new(Progress::default()),
        }
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Who is asked first, and who steps in.
    pub(crate) fn embedders(&self) -> &Embedders {
        &self.embedders
    }

    /// Provider and model as answers name them.
    pub(crate) fn names(&self, (_, embedded): (usize, usize)) -> (String, String) {
        match self.active() {
            Some(embedder) if embedded > 0 => {
                let id = embedder.identity();
                (id.provider.to_owned(), id.model.clone())
            }
            Some(_) | None => ("none".to_owned(), "words".to_owned()),
        }
    }

    /// Who stepped in.
    pub(crate) fn fallback(&self) -> Option<Fallback> {
        self.state().fallback.clone()
    }

    /// Why meaning is missing from answers, or from some passages.
    pub(crate) fn degraded(&self) -> Option<String> {
        let state = self.state();
        let why = state.trouble.says().cloned().or_else(|| self.embedders.problem.clone());
        let withheld = state.withheld.as_ref().map(|withheld| withheld.says.clone());
        why.or(withheld).map(|why| format!("words only: {why}"))
    }

    /// Lets the index know, once, how many numbers a vector has. If those of the notes have others, tells so: they go, and
    /// are made anew like all that is missing.
    pub(super) async fn settle(
        &self,
        mailbox: &Mailbox,
        embedder: &dyn Embedder,
        dimensions: Option<usize>,
    ) -> Option<String> {
        let now = dimensions?;
        if self.state().dimensions.replace(now) == Some(now) {
            return None;
        }
        match mailbox.with_vectors(embedder, move |open, _| open.expect(now)).await {
            Ok(known) => known.map(|known| {
                let by = embedder.identity();
                tracing::warn!(agent = %mailbox.agent_id(), %by, known, now, "an embedding model has changed");
                format!(
                    "words only: vectors of {by} have {now} numbers now, and those of the notes had {known}; they are made \
                     anew in the background, or by `openclaw memory index`"
                )
            }),
            Err(error) => {
                if error.is_busy() {
                    self.state().dimensions = None;
                }
                tracing::debug!(agent = %mailbox.agent_id(), %error, "vectors are not compared in length");
                None
            }
        }
    }

    /// Has passages without vectors embedded, in the background. Does nothing while that goes on already.
    pub(crate) fn begin(self: &Arc<Self>, mailbox: &Arc<Mailbox>) {
        if self.active().is_none() {
            return;
        }
        self.mind_primary(mailbox);
        if self.rests() {
            return self.come_back(mailbox);
        }
        self.watch(mailbox);
        if !self.turn.begin() {
            return;
        }
        // Weak: the loop must not keep an engine alive that nobody has any more.
        let (embedding, mailbox) = (Arc::downgrade(self), Arc::downgrade(mailbox));
        tokio::spawn(async move {
            loop {
                let mut allowed = None;
                while let (Some(embedding), Some(mailbox)) = (embedding.upgrade(), mailbox.upgrade()) {
                    match embedding.allowed_step(&mailbox, &mut allowed, Word::Assumed).await {
                        Ok(Some(_)) => {}
                        Ok(None) => {
                            embedding.watch(&mailbox);
                            embedding.mind_primary(&mailbox);
                            break;
                        }
                        Err(error) => {
                            tracing::warn!(agent = %mailbox.agent_id(), %error, "memory cannot be embedded");
                            break;
                        }
                    }
                }
                let (Some(embedding), Some(mailbox)) = (embedding.upgrade(), mailbox.upgrade()) else {
                    return;
                };
                if embedding.rests() {
                    embedding.turn.stop();
                    return embedding.come_back(&mailbox);
                }
                if embedding.turn.end() {
                    return;
                }
            }
        });
    }

    /// Begins again when the embedder has rested: nobody may ask memory anything until then.
    fn come_back(self: &Arc<Self>, mailbox: &Arc<Mailbox>) {
        let (until, failures) = {
            let state = self.state();
            (state.trouble.rests_until, state.trouble.failures)
        };
        let Some(until) = until else { return };
        // What fails for long, as with a wrong key, is tried less and less often.
        let until = until + REST * (1 << failures.saturating_sub(1).min(MAX_DOUBLINGS)) - REST;
        if self.is_awaited.swap(true, Ordering::AcqRel) {
            return;
        }
        let (embedding, mailbox) = (Arc::downgrade(self), Arc::downgrade(mailbox));
        tokio::spawn(async move {
            tokio::time::sleep_until(until).await;
            if let (Some(embedding), Some(mailbox)) = (embedding.upgrade(), mailbox.upgrade()) {
                embedding.is_awaited.store(false, Ordering::Release);
                embedding.begin(&mailbox);
            }
        });
    }

    /// A step of a run. Whoever is not allowed yet is looked at first: all that is missing may cost too much.
    async fn allowed_step(
        &self,
        mailbox: &Mailbox,
        allowed: &mut Option<EmbedderId>,
        word: Word,
    ) -> Result<Option<usize>, MemoryError> {
        let active = self.active();
        let by = active.as_ref().map(|embedder| embedder.identity().clone());
        if by != *allowed {
            // Also of one whose passages all have vectors, or are withheld.
            if let Some(embedder) = active {
                self.note_use(mailbox, embedder.as_ref()).await?;
            }
            if self.withhold(mailbox).await? {
                return Ok(None);
            }
            *allowed = by;
        }
        self.step(mailbox, allowed.as_ref(), word).await
    }

    /// Has all passages without vectors embedded and returns how many there were. What fails is left for another time,
    /// and so are batch jobs if nobody is to wait for them. A person's word is for who made the vectors when it was
    /// given: whoever steps in meanwhile gets no more than what goes without saying.
    pub(crate) async fn finish(&self, mailbox: &Mailbox) -> Result<usize, MemoryError> {
        self.state().withheld = None;
        let mut allowed = self.active().map(|embedder| embedder.identity().clone());
        let mut embedded = self.look(mailbox).await?.collected;
        loop {
            while let Some(step) = self.allowed_step(mailbox, &mut allowed, Word::Given).await? {
                embedded += step;
            }
            if !self.embedders.batching.policy.wait {
                return Ok(embedded);
            }
            let look = self.look(mailbox).await?;
            embedded += look.collected;
            match look.pause {
                _ if look.has_ended => {}
                Some(pause) => self.embedders.batching.timer.pause(pause).await,
                None => return Ok(embedded),
            }
        }
    }

    /// Has some passages embedded and kept; `None` when nothing is left, or nothing more can be done now.
    async fn step(
        &self,
        mailbox: &Mailbox,
        allowed: Option<&EmbedderId>,
        word: Word,
    ) -> Result<Option<usize>, MemoryError> {
        let _one = self.stepping.lock().await;
        let Some(embedder) = self.active() else { return Ok(None) };
        if allowed != Some(embedder.identity()) {
            // Somebody has stepped in meanwhile, and is looked at first.
            return Ok(Some(0));
        }
        self.note_use(mailbox, embedder.as_ref()).await?;
        let Missing { passages, left } = self.missing(mailbox, embedder.as_ref(), COMMIT).await?;
        self.progress.send_modify(|progress| progress.left = left);
        if passages.is_empty() {
            self.measure(mailbox, embedder.as_ref(), word).await?;
            return Ok(None);
        }
        match self.submit(mailbox, embedder.as_ref(), left).await? {
            Submitted::Nothing => {}
            Submitted::Job => return Ok(Some(0)),
            Submitted::Later => return Ok(None),
        }
        let (vectors, failure) = self.embed(embedder.as_ref(), passages).await;
        let count = vectors.len();
        if count > 0 {
            let keep = || {
                let vectors = ByEmbedder { by: embedder.identity().clone(), made: vectors.clone() };
                mailbox.ask(|reply| Request::Remember(vectors, reply))
            };
            self.insist(keep).await?;
            self.progress.send_modify(|progress| {
                progress.embedded += count;
                progress.left = progress.left.saturating_sub(count);
            });
        }
        match failure {
            None => {
                {
                    let mut state = self.state();
                    if self.active_in(&state).is_some_and(|active| active.identity() == embedder.identity()) {
                        state.trouble = Trouble::default();
                    }
                }
                self.measure(mailbox, embedder.as_ref(), word).await?;
                Ok(Some(count))
            }
            Some(failure) => {
                let call = match word {
                    Word::Given => Call::Person,
                    Word::Assumed => Call::Background,
                };
                match self.failed(mailbox, (embedder.identity(), call), &failure) {
                    Next::GoesOn => Ok(Some(count)),
                    Next::Again => {
                        self.rest_shortly().await;
                        Ok(Some(count))
                    }
                    Next::Stops => Ok(None),
                }
            }
        }
    }

    /// Some of the passages without vectors that are in no batch job.
    pub(super) async fn missing(
        &self,
        mailbox: &Mailbox,
        embedder: &dyn Embedder,
        (texts, bytes): (usize, usize),
    ) -> Result<Missing, MemoryError> {
        let made = Wanted { texts, bytes, except: Arc::clone(&self.state().refused) };
        let wanted = ByEmbedder { by: embedder.identity().clone(), made };
        mailbox.ask(|reply| Request::Unembedded(wanted, reply)).await
    }

    /// Does to the index what must not be lost, again while another process is in the way.
    pub(super) async fn insist<T, F: Future<Output = Result<T, MemoryError>>>(
        &self,
        work: impl Fn() -> F,
    ) -> Result<T, MemoryError> {
        for _ in 1..KEEP_TRIES {
            match work().await {
                Err(error) if error.is_busy() => self.embedders.batching.timer.pause(KEEP_AGAIN).await,
                done => return done,
            }
        }
        work().await
    }

    /// Lets the index know, once a day, whose vectors are used: it forgets those that nobody uses for long.
    async fn note_use(&self, mailbox: &Mailbox, embedder: &dyn Embedder) -> Result<(), MemoryError> {
        let now_ms = mailbox.options.clock.now_ms();
        {
            let mut state = self.state();
            if state.noted_ms.is_some_and(|noted_ms| now_ms.saturating_sub(noted_ms) < NOTED_MS) {
                return Ok(());
            }
            state.noted_ms = Some(now_ms);
        }
        let noted = mailbox.with_vectors(embedder, |open, now_ms| match open.embedder() {
            Some(embedder) => open.index.use_vectors_of(embedder, now_ms),
            None => Ok(()),
        });
        match noted.await {
            // It is no hurry.
            Err(error) if error.is_busy() => {
                self.state().noted_ms = None;
                Ok(())
            }
            noted => noted,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Only ever held for a few moves of values, so that a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    #[test]
    fn whoever_comes_while_the_loop_ends_is_not_forgotten() {
        let turn = Turn::default();
        assert!(turn.begin());
        // Nothing is left, and before the loop can say so somebody has something.
        assert!(!turn.begin() && !turn.begin());
        assert!(!turn.end(), "it goes round once more");
        assert!(turn.end() && turn.begin());
        turn.begin();
        turn.stop();
        assert!(turn.begin());
    }
}
