//! Who is served next: queries before documents, and documents a few at a time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::protocol::MAX_TEXTS;
use crate::embedder::{Purpose, Vector};
use crate::error::Failure;

/// Texts and bytes of one request to the program: a query waits for one of these. A batch is no faster on a processor.
const MAX_GROUP_TEXTS: usize = 4;
const _: () = assert!(MAX_GROUP_TEXTS <= MAX_TEXTS, "the program refuses more");
const MAX_GROUP_BYTES: usize = 4 * 1024;

/// One call of `embed`.
pub(super) struct Job {
    pub(super) purpose: Purpose,
    texts: VecDeque<String>,
    done: Vec<Vector>,
    asked: Instant,
    answer: oneshot::Sender<Result<Vec<Vector>, Failure>>,
}

impl Job {
    pub(super) fn new(
        purpose: Purpose,
        texts: Vec<String>,
        answer: oneshot::Sender<Result<Vec<Vector>, Failure>>,
    ) -> Self {
        let done = Vec::with_capacity(texts.len());
        Self { purpose, texts: texts.into(), done, asked: Instant::now(), answer }
    }

    /// Takes out the next texts to send.
    pub(super) fn group(&mut self) -> Vec<String> {
        let mut bytes = 0;
        let mut group = Vec::new();
        while group.len() < MAX_GROUP_TEXTS {
            let fits = |text: &mut String| group.is_empty() || bytes + text.len() <= MAX_GROUP_BYTES;
            let Some(text) = self.texts.pop_front_if(fits) else { break };
            bytes += text.len();
            group.push(text);
        }
        group
    }

    /// Keeps the vectors of a group. Gives the job back while there is more to do.
    pub(super) fn keep(mut self, vectors: Vec<Vector>) -> Option<Self> {
        self.done.extend(vectors);
        if !self.texts.is_empty() {
            return Some(self);
        }
        // Whoever asked may have gone.
        self.answer.send(Ok(self.done)).ok();
        None
    }

    pub(super) fn fail(self, failure: Failure) {
        // Whoever asked may have gone.
        self.answer.send(Err(failure)).ok();
    }

    /// Whether nobody waits any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

/// The jobs that wait.
#[derive(Default)]
pub(super) struct Queue {
    queries: VecDeque<Job>,
    documents: VecDeque<Job>,
}

impl Queue {
    pub(super) fn push(&mut self, job: Job) {
        self.line(job.purpose).push_back(job);
    }

    /// Puts back a job that is not done: it keeps its place.
    pub(super) fn push_front(&mut self, job: Job) {
        self.line(job.purpose).push_front(job);
    }

    pub(super) fn pop(&mut self) -> Option<Job> {
        self.forget_abandoned();
        self.queries.pop_front().or_else(|| self.documents.pop_front())
    }

    pub(super) fn is_empty(&mut self) -> bool {
        self.forget_abandoned();
        self.queries.is_empty() && self.documents.is_empty()
    }

    /// Takes out everything.
    pub(super) fn drain(&mut self) -> Vec<Job> {
        self.queries.drain(..).chain(self.documents.drain(..)).collect()
    }

    /// Takes out the queries.
    pub(super) fn drain_queries(&mut self) -> Vec<Job> {
        self.queries.drain(..).collect()
    }

    /// Takes out the queries that have waited this long.
    pub(super) fn drain_late(&mut self, now: Instant, patience: Duration) -> Vec<Job> {
        let mut late = Vec::new();
        while let Some(job) = self.queries.pop_front_if(|job| now.duration_since(job.asked) >= patience) {
            late.push(job);
        }
        late
    }

    /// When the next query has waited too long.
    pub(super) fn next_late(&self, patience: Duration) -> Option<Instant> {
        self.queries.front().map(|job| job.asked + patience)
    }

    fn forget_abandoned(&mut self) {
        self.queries.retain(|job| !job.is_abandoned());
        self.documents.retain(|job| !job.is_abandoned());
    }

    fn line(&mut self, purpose: Purpose) -> &mut VecDeque<Job> {
        match purpose {
            Purpose::Query => &mut self.queries,
            Purpose::Document => &mut self.documents,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Job, MAX_GROUP_BYTES, MAX_GROUP_TEXTS, Queue};
    use crate::embedder::{Purpose, Vector};
    use proptest::prelude::*;
    use std::time::Duration;
    use tokio::sync::oneshot;

    fn job(
        purpose: Purpose,
        texts: &[&str],
    ) -> (Job, oneshot::Receiver<Result<Vec<Vector>, crate::Failure>>) {
        let (answer, receiver) = oneshot::channel();
        (Job::new(purpose, texts.iter().map(|text| (*text).to_owned()).collect(), answer), receiver)
    }

    #[test]
    fn queries_overtake_and_the_abandoned_are_forgotten() {
        let mut queue = Queue::default();
        let (first, _a) = job(Purpose::Document, &["1"]);
        let (second, gone) = job(Purpose::Document, &["2"]);
        let (query, _b) = job(Purpose::Query, &["3"]);
        let (third, _c) = job(Purpose::Document, &["4"]);
        queue.push(second);
        queue.push(third);
        queue.push(query);
        queue.push_front(first);
        drop(gone);
        let order: Vec<String> =
            std::iter::from_fn(|| queue.pop().map(|mut job| job.group().concat())).collect();
        assert_eq!(order, ["3", "1", "4"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_query_that_waits_too_long_is_taken_out() {
        let mut queue = Queue::default();
        let (query, _a) = job(Purpose::Query, &["1"]);
        let asked = query.asked;
        let (document, _b) = job(Purpose::Document, &["2"]);
        queue.push(query);
        queue.push(document);
        let patience = Duration::from_secs(300);
        assert_eq!(queue.next_late(patience), Some(asked + patience));
        assert!(queue.drain_late(asked + patience - Duration::from_millis(1), patience).is_empty());
        assert_eq!(queue.drain_late(asked + patience, patience).len(), 1);
        assert_eq!(queue.next_late(patience), None);
        assert!(!queue.is_empty());
    }

    proptest! {
        #[test]
        fn groups_are_small_and_lose_nothing(sizes in proptest::collection::vec(0_usize..6000, 0..30)) {
            let texts: Vec<String> = sizes.iter().enumerate().map(|(i, size)| format!("{i} {}", "x".repeat(*size))).collect();
            let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
            let (mut job, _receiver) = job(Purpose::Document, &borrowed);
            let mut all = Vec::new();
            loop {
                let group = job.group();
                if group.is_empty() { break }
                prop_assert!(group.len() <= MAX_GROUP_TEXTS);
                prop_assert!(group.len() == 1 || group.concat().len() <= MAX_GROUP_BYTES);
                all.extend(group);
            }
            prop_assert_eq!(all, texts);
        }
    }
}
