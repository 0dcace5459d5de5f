//! Whose turn it is to make vectors: when the fallback steps in for the primary, and when the primary is taken back.
//!
//! A fallback gets the text of all notes. So it steps in when the primary fails, and not when an answer is late or a model
//! still on its way; and it steps out again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use openclaw_embed::{EmbedError, Embedder, EmbedderId, Failure, Purpose};
use tokio::time::Instant;

use super::calls::HARMLESS;
use super::state::{Embedding, State};
use crate::backend::Fallback;
use crate::engine::Mailbox;

/// How long an embedder that failed is left alone: it has repeated its calls by itself already.
pub(super) const REST: Duration = Duration::from_secs(30);
/// Failures one after the other, with a rest between them, that make somebody step in. One may be a program that is
/// started again, or a machine that wakes up before its network.
const ENOUGH: u32 = 2;
/// The same rest where a person waits.
const SHORT_REST: Duration = Duration::from_secs(5);
/// When the primary is asked again after somebody stepped in. It doubles each time it is asked in vain and each time it
/// fails anew, up to five hours: whoever comes and goes is not followed each time.
const AWAY: Duration = Duration::from_secs(10 * 60);
const MAX_DOUBLINGS: u32 = 5;
/// How long the primary must have been back for its absences to be forgotten.
const FORGIVEN: Duration = Duration::from_secs(24 * 60 * 60);

/// Who waits for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// A search.
    Query,
    /// Nobody: passages are embedded in the background.
    Background,
    /// A person who has asked for passages to be embedded.
    Person,
}

/// What a failed call means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing for the next call.
    Nothing,
    /// The embedder rests; nobody else could do better, or should.
    Rest,
    /// The embedder rests, and somebody steps in if it goes on like this.
    Failing,
    /// Time heals nothing: somebody steps in at once.
    Final,
}

/// What to do after passages have failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Somebody else is asked for them now.
    GoesOn,
    /// The same one is asked again after a short rest.
    Again,
    /// They are left for another time.
    Stops,
}

/// What a failure means. Only what fails for documents is final: they are what the fallback would get.
pub(super) fn meaning(failure: &Failure, call: Call) -> Meaning {
    let is_query = call == Call::Query;
    match failure {
        // A text that is refused says nothing about others, and a late answer may be there the next time.
        Failure::Refused(_) | Failure::TimedOut(_) | Failure::NotReady(_) if is_query => Meaning::Nothing,
        // The first is ours for all services, and passes; the second is no failure.
        Failure::OverBudget { .. } | Failure::NotReady(_) => Meaning::Rest,
        Failure::Auth(_) | Failure::Quota(_) | Failure::Refused(_) if !is_query => Meaning::Final,
        Failure::Auth(_)
        | Failure::Quota(_)
        | Failure::Refused(_)
        | Failure::TimedOut(_)
        | Failure::RateLimited { .. }
        | Failure::Overloaded(_)
        | Failure::Unreachable(_)
        | Failure::Malformed(_)
        | Failure::Unavailable(_) => Meaning::Failing,
    }
}

/// What is wrong with the embedder that is asked.
#[derive(Default)]
pub(super) struct Trouble {
    queries: Side,
    documents: Side,
    /// When it is asked again.
    pub(super) rests_until: Option<Instant>,
    /// How often it failed, one time after the other.
    pub(super) failures: u32,
}

/// Calls of one kind.
#[derive(Default)]
struct Side {
    /// Why the last one failed.
    says: Option<String>,
    /// Failures in a row, as far as they count.
    in_a_row: u32,
}

impl Trouble {
    /// Why vectors are missing.
    pub(super) fn says(&self) -> Option<&String> {
        self.documents.says.as_ref().or(self.queries.says.as_ref())
    }

    /// A question was answered: this heals what questions suffered from, and not what documents do.
    pub(super) fn query_answered(&mut self) {
        self.queries = Side::default();
        if self.documents.says.is_none() {
            *self = Self::default();
        }
    }

    /// Takes note of a failure, and tells whether it is enough for somebody to step in.
    fn add(&mut self, error: &EmbedError, (call, meaning): (Call, Meaning), now: Instant) -> bool {
        let rests = self.rests_until.is_some_and(|until| now < until);
        // Calls that were under way at once fail at once, and for one reason. A person's rest is short.
        let counts = meaning == Meaning::Failing && (call == Call::Person || !rests);
        let side = match call {
            Call::Query => &mut self.queries,
            Call::Background | Call::Person => &mut self.documents,
        };
        side.says = Some(error.to_string());
        side.in_a_row += u32::from(counts);
        self.rests_until = Some(now + REST);
        self.failures = self.failures.saturating_add(1);
        meaning == Meaning::Final || counts && self.queries.in_a_row + self.documents.in_a_row >= ENOUGH
    }
}

/// The primary's absences.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Absence {
    /// When it is asked again; nothing while it is there.
    pub(super) until: Option<Instant>,
    /// Times it went or was asked in vain, of late.
    times: u32,
    /// When it was taken back last.
    back: Option<Instant>,
}

impl Absence {
    fn begin(mut self, now: Instant) -> Self {
        if self.back.is_some_and(|back| now >= back + FORGIVEN) {
            self.times = 0;
        }
        self.go_on(now)
    }

    fn go_on(self, now: Instant) -> Self {
        let away = AWAY * (1 << self.times.min(MAX_DOUBLINGS));
        Self { until: Some(now + away), times: self.times.saturating_add(1), back: self.back }
    }

    fn end(self, now: Instant) -> Self {
        Self { until: None, back: Some(now), ..self }
    }
}

impl Embedding {
    /// Takes note of a failure. If somebody can step in, it is worth going on at once; else the embedder rests, so that
    /// not every search waits for it.
    pub(super) fn failed(
        &self,
        mailbox: &Mailbox,
        (by, call): (&EmbedderId, Call),
        error: &EmbedError,
    ) -> Next {
        let mut state = self.state();
        if self.active_in(&state).is_some_and(|active| active.identity() != by) {
            // A call that was under way when the other one stepped in says nothing about that one.
            return Next::GoesOn;
        }
        let meaning = meaning(&error.failure, call);
        if meaning == Meaning::Nothing {
            return Next::Stops;
        }
        let now = Instant::now();
        let is_enough = state.trouble.add(error, (call, meaning), now);
        let Some(next) = self.embedders.fallback.as_ref().filter(|_| state.fallback.is_none()) else {
            return Next::Stops;
        };
        if !is_enough {
            return if call == Call::Person && meaning == Meaning::Failing {
                Next::Again
            } else {
                Next::Stops
            };
        }
        *state = State {
            fallback: Some(Fallback { from: error.embedder.clone(), reason: error.failure.to_string() }),
            absence: state.absence.begin(now),
            ..State::default()
        };
        drop(state);
        self.progress.send_modify(|progress| progress.in_jobs = 0);
        tracing::warn!(agent = %mailbox.agent_id(), %error, next = %next.identity(), "embeddings fall back");
        Next::GoesOn
    }

    /// Takes note of an answer to a question.
    pub(super) fn answered(&self, by: &EmbedderId) {
        let mut state = self.state();
        if self.active_in(&state).is_some_and(|active| active.identity() == by) {
            state.trouble.query_answered();
        }
    }

    /// The pause before a person's passages are tried again.
    pub(super) async fn rest_shortly(&self) {
        self.embedders.batching.timer.pause(SHORT_REST).await;
    }

    /// Whether the embedder failed a moment ago.
    pub(super) fn rests(&self) -> bool {
        self.state().trouble.rests_until.is_some_and(|until| Instant::now() < until)
    }

    /// Asks the primary now and then, in the background, while somebody else makes the vectors.
    pub(super) fn mind_primary(self: &Arc<Self>, mailbox: &Arc<Mailbox>) {
        let Some(until) = self.state().absence.until else { return };
        if self.is_minded.swap(true, Ordering::AcqRel) {
            return;
        }
        // Weak, as for the loop that embeds.
        let (embedding, mailbox) = (Arc::downgrade(self), Arc::downgrade(mailbox));
        tokio::spawn(async move {
            let mut until = until;
            loop {
                tokio::time::sleep_until(until).await;
                let Some(primary) =
                    embedding.upgrade().and_then(|embedding| embedding.embedders.primary.clone())
                else {
                    return;
                };
                // Nobody's text. Where a model has to be downloaded first, this waits for it.
                let asked = primary.embed(Purpose::Document, vec![HARMLESS.to_owned()]).await;
                let (Some(embedding), Some(mailbox)) = (embedding.upgrade(), mailbox.upgrade()) else {
                    return;
                };
                match embedding.heard(&mailbox, primary.identity(), asked.err()).await {
                    Some(later) => until = later,
                    None => {
                        embedding.is_minded.store(false, Ordering::Release);
                        return embedding.begin(&mailbox);
                    }
                }
            }
        });
    }

    /// Takes the primary back if it has answered, and tells otherwise when to ask it again.
    async fn heard(
        &self,
        mailbox: &Mailbox,
        primary: &EmbedderId,
        error: Option<EmbedError>,
    ) -> Option<Instant> {
        // No job is on its way meanwhile.
        let _one = self.stepping.lock().await;
        // What a service is doing is paid for, and would be left there.
        let is_working = error.is_none() && self.has_jobs(mailbox).await;
        let now = Instant::now();
        let mut state = self.state();
        if let Some(error) = error {
            state.absence = state.absence.go_on(now);
            tracing::info!(agent = %mailbox.agent_id(), %error, "the embeddings' fallback goes on");
        } else if is_working {
            state.absence.until = Some(now + AWAY);
        } else {
            *state = State { absence: state.absence.end(now), ..State::default() };
            self.progress.send_modify(|progress| progress.in_jobs = 0);
            tracing::info!(agent = %mailbox.agent_id(), %primary, "embeddings are made by the first provider again");
        }
        state.absence.until
    }

    /// Whether jobs of who makes the vectors are under way, or nobody can say now.
    async fn has_jobs(&self, mailbox: &Mailbox) -> bool {
        match self.see_jobs(mailbox).await {
            Ok(jobs) => !jobs.is_empty(),
            Err(error) => {
                tracing::debug!(agent = %mailbox.agent_id(), %error, "batch jobs cannot be looked at");
                true
            }
        }
    }

    pub(crate) fn active(&self) -> Option<Arc<dyn Embedder>> {
        self.active_in(&self.state()).cloned()
    }

    pub(super) fn active_in(&self, state: &State) -> Option<&Arc<dyn Embedder>> {
        let stepped_in = state.fallback.is_some();
        if stepped_in { self.embedders.fallback.as_ref() } else { self.embedders.primary.as_ref() }
    }
}

#[cfg(test)]
mod tests {
    use super::{AWAY, Absence, Call, FORGIVEN, Meaning, REST, Trouble, meaning};
    use openclaw_embed::{EmbedError, Failure};
    use std::time::Duration;
    use tokio::time::Instant;

    fn all() -> [(Failure, Meaning, Meaning); 10] {
        let text = String::new;
        let limited = Failure::RateLimited { detail: text(), retry_after: None };
        [
            (Failure::Auth(text()), Meaning::Failing, Meaning::Final),
            (Failure::Quota(text()), Meaning::Failing, Meaning::Final),
            (Failure::Refused(text()), Meaning::Nothing, Meaning::Final),
            (Failure::TimedOut(REST), Meaning::Nothing, Meaning::Failing),
            (Failure::NotReady(text()), Meaning::Nothing, Meaning::Rest),
            (Failure::OverBudget { again_in: REST }, Meaning::Rest, Meaning::Rest),
            (limited, Meaning::Failing, Meaning::Failing),
            (Failure::Overloaded(text()), Meaning::Failing, Meaning::Failing),
            (Failure::Unreachable(text()), Meaning::Failing, Meaning::Failing),
            (Failure::Unavailable(text()), Meaning::Failing, Meaning::Failing),
        ]
    }

    #[test]
    fn what_failures_mean() {
        for (failure, query, documents) in all() {
            assert_eq!(meaning(&failure, Call::Query), query, "{failure:?}");
            for call in [Call::Background, Call::Person] {
                assert_eq!(meaning(&failure, call), documents, "{failure:?}");
            }
        }
    }

    fn error() -> EmbedError {
        EmbedError { embedder: "a/b".into(), failure: Failure::Overloaded("busy".into()) }
    }

    #[test]
    fn two_failures_with_a_rest_between_them_are_enough() {
        let now = Instant::now();
        let failing = |call| (call, Meaning::Failing);
        let mut trouble = Trouble::default();
        assert!(!trouble.add(&error(), failing(Call::Background), now));
        assert!(!trouble.add(&error(), failing(Call::Query), now), "at the same time, for the same reason");
        assert!(trouble.add(&error(), failing(Call::Query), now + REST));

        let mut trouble = Trouble::default();
        assert!(!trouble.add(&error(), failing(Call::Query), now));
        trouble.query_answered();
        assert!(trouble.says().is_none() && trouble.rests_until.is_none());
        assert!(!trouble.add(&error(), failing(Call::Background), now + REST));
        trouble.query_answered();
        assert!(trouble.says().is_some(), "documents are still in trouble");
        assert!(!trouble.add(&error(), (Call::Background, Meaning::Rest), now + 2 * REST));
        assert!(trouble.add(&error(), failing(Call::Background), now + 4 * REST));
        assert!(Trouble::default().add(&error(), (Call::Background, Meaning::Final), now));
    }

    #[test]
    fn whoever_comes_and_goes_is_asked_less_and_less_often() {
        let now = Instant::now();
        let minutes = |absence: Absence, from: Instant| (absence.until.unwrap() - from).as_secs() / 60;
        let mut absence = Absence::default().begin(now);
        assert_eq!(absence.until, Some(now + AWAY));
        absence = absence.go_on(now);
        assert_eq!(minutes(absence, now), 20);
        absence = absence.end(now).begin(now + AWAY);
        assert_eq!(minutes(absence, now + AWAY), 40, "it had not been back for long");
        for _ in 0..9 {
            absence = absence.go_on(now);
        }
        assert_eq!(minutes(absence, now), 320);
        let later = now + FORGIVEN + Duration::from_secs(1);
        assert_eq!(minutes(absence.end(now).begin(later), later), 10);
    }
}
