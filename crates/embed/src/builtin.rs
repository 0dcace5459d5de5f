//! The model that is compiled in.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_encoder::{DataError, Encoder, FINGERPRINT, MODEL, give_back};
use tokio::sync::oneshot;

use crate::embedder::{BatchLimits, Embedder, EmbedderId, Purpose, Reach, Vector};
use crate::error::{EmbedError, Failure};

/// How the configuration calls it.
const PROVIDER: &str = "builtin";
/// Texts between two looks at whether anybody still waits: 26 ms of work with AVX-512, 100 ms with plain AVX2.
const GROUP: usize = 4;
/// Texts of a call: enough to keep the thread busy, few enough that a stopped index loses little.
const MAX_TEXTS: usize = 64;
/// Bytes of a call; the model reads about 1,000 of each text.
const MAX_BYTES: usize = 1 << 20;
/// How long a thread waits for more before it ends and the pages of the model are given back. Whoever asks later waits two
/// milliseconds longer.
const LINGER: Duration = Duration::from_secs(1);
/// What the thread for documents adds to its nice value: it runs when others do not want to.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// all-MiniLM-L6-v2 inside this program: no key, no network, no file.
///
/// Queries and documents have a thread each, which ends a while after nothing is left to do; the last one gives back the 20 MB that the
/// model takes while it is used. The one for documents has a low priority,
/// so a query never waits for documents. The model is read when the first text comes.
pub struct Builtin {
    identity: EmbedderId,
    model: Arc<OnceLock<Result<Encoder, DataError>>>,
    queries: Arc<Lane>,
    documents: Arc<Lane>,
}

/// Work of one kind, done one after the other on at most one thread.
#[derive(Default)]
struct Lane {
    waiting: Mutex<Waiting>,
    /// Tells a thread that waits for more.
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// Whether a thread will look at them.
    is_served: bool,
}

struct Job {
    texts: Vec<String>,
    answer: oneshot::Sender<Result<Vec<Vector>, Failure>>,
}

impl Builtin {
    /// Ready at once.
    #[must_use]
    pub fn new() -> Self {
        let identity =
            EmbedderId { provider: PROVIDER, model: MODEL.to_owned(), fingerprint: FINGERPRINT.to_owned() };
        Self { identity, model: Arc::default(), queries: Arc::default(), documents: Arc::default() }
    }

    fn start(
        &self,
        purpose: Purpose,
        texts: Vec<String>,
    ) -> io::Result<oneshot::Receiver<Result<Vec<Vector>, Failure>>> {
        let (lane, other) = match purpose {
            Purpose::Query => (&self.queries, &self.documents),
            Purpose::Document => (&self.documents, &self.queries),
        };
        let (answer, receiver) = oneshot::channel();
        let mut waiting = lane.lock();
        waiting.jobs.push_back(Job { texts, answer });
        if waiting.is_served {
            lane.more.notify_one();
        } else {
            let (lane, other, model) = (Arc::clone(lane), Arc::clone(other), Arc::clone(&self.model));
            let name = match purpose {
                Purpose::Query => "embed-query",
                Purpose::Document => "embed-documents",
            };
            let serve = move || {
                if purpose == Purpose::Document {
                    lower_priority();
                }
                lane.serve(&model);
                if !other.lock().is_served {
                    give_back();
                }
            };
            if let Err(error) = thread::Builder::new().name(name.to_owned()).spawn(serve) {
                waiting.jobs.clear();
                return Err(error);
            }
            waiting.is_served = true;
        }
        Ok(receiver)
    }

    fn error(&self, failure: Failure) -> EmbedError {
        EmbedError { embedder: self.identity.to_string(), failure }
    }
}

impl Default for Builtin {
    fn default() -> Self {
        Self::new()
    }
}

impl Embedder for Builtin {
    fn identity(&self) -> &EmbedderId {
        &self.identity
    }

    fn reach(&self) -> Reach {
        Reach::Here
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits { texts: MAX_TEXTS, bytes: MAX_BYTES, concurrency: 1 }
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        async move {
            if texts.is_empty() {
                return Ok(Vec::new());
            }
            let receiver = self.start(purpose, texts).map_err(|error| {
                self.error(Failure::Overloaded(format!("no thread for the built-in model: {error}")))
            })?;
            let answer = receiver.await;
            answer
                .unwrap_or_else(|_| Err(Failure::Unavailable("the built-in model stopped".to_owned())))
                .map_err(|failure| self.error(failure))
        }
        .boxed()
    }
}

impl Lane {
    /// Nothing that panics leaves the list half changed.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job, or the end of the thread's service when none comes for a while.
    fn next(&self) -> Option<Job> {
        let is_idle = |waiting: &mut Waiting| waiting.jobs.is_empty();
        let waited = self.more.wait_timeout_while(self.lock(), LINGER, is_idle);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let next = waiting.jobs.pop_front();
        waiting.is_served = next.is_some();
        next
    }

    fn serve(&self, model: &OnceLock<Result<Encoder, DataError>>) {
        let end = EndOfService(self);
        while let Some(job) = self.next() {
            let vectors = match model.get_or_init(Encoder::builtin) {
                Ok(encoder) => encode(encoder, &job),
                Err(error) => Some(Err(Failure::Unavailable(error.to_string()))),
            };
            if let Some(vectors) = vectors {
                // Whoever asked may have gone meanwhile.
                job.answer.send(vectors).ok();
            }
        }
        // `next` has said so already, and the lane may have another thread by now.
        std::mem::forget(end);
    }
}

/// When a thread panics, the next call starts another one, and calls that waited are told.
struct EndOfService<'a>(&'a Lane);

impl Drop for EndOfService<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_served = false;
        waiting.jobs.clear();
    }
}

/// The vectors of a job; `None` when nobody waits for them any more.
fn encode(encoder: &Encoder, job: &Job) -> Option<Result<Vec<Vector>, Failure>> {
    let mut vectors = Vec::with_capacity(job.texts.len());
    for group in job.texts.chunks(GROUP) {
        if job.answer.is_closed() {
            return None;
        }
        let group: Vec<&str> = group.iter().map(String::as_str).collect();
        for numbers in encoder.encode(&group) {
            let Some(vector) = Vector::normalized(numbers) else {
                return Some(Err(Failure::Malformed("a vector without direction".to_owned())));
            };
            vectors.push(vector);
        }
    }
    Some(Ok(vectors))
}

/// On Linux a priority belongs to a thread; elsewhere it would be that of the whole process, so it stays.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        let nice = rustix::process::getpriority_process(None).unwrap_or(0).saturating_add(NICE).min(19);
        // Refused, it only is less polite.
        rustix::process::setpriority_process(None, nice).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::{Builtin, Lane};
    use crate::embedder::{Embedder as _, Purpose, Vector};
    use futures_util::FutureExt as _;
    use futures_util::future::{join, join_all};

    fn dot(a: &Vector, b: &Vector) -> f32 {
        a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b).sum()
    }

    /// The thread ends by itself soon after its last answer.
    fn wait_until_idle(lane: &Lane) {
        while lane.lock().is_served {
            std::thread::yield_now();
        }
    }

    #[tokio::test]
    async fn what_means_the_same_is_near() {
        let builtin = Builtin::new();
        let texts =
            ["The cat sleeps on the sofa.", "Invoice 4432 is overdue.", ""].map(str::to_owned).to_vec();
        let documents = builtin.embed(Purpose::Document, texts).await.unwrap();
        let query = builtin.embed(Purpose::Query, vec!["where is the kitten?".to_owned()]).await.unwrap();
        assert_eq!((documents.len(), query.len()), (3, 1));
        assert!(dot(&query[0], &documents[0]) > dot(&query[0], &documents[1]) + 0.1);
        assert_eq!(builtin.embed(Purpose::Query, Vec::new()).await.unwrap(), Vec::new());
    }

    #[tokio::test]
    async fn a_query_overtakes_documents() {
        let builtin = Builtin::new();
        let text = "Water the plants, call the bank, renew the passport. ".repeat(12);
        let documents = builtin.embed(Purpose::Document, vec![text; 64]);
        let query = builtin.embed(Purpose::Query, vec!["passport".to_owned()]);
        let order = std::sync::Mutex::new(Vec::new());
        let log = |name: &'static str| order.lock().unwrap().push(name);
        join(
            async {
                documents.await.unwrap();
                log("documents");
            },
            async {
                query.await.unwrap();
                log("query");
            },
        )
        .await;
        assert_eq!(*order.lock().unwrap(), ["query", "documents"]);
    }

    #[tokio::test]
    async fn dropping_the_future_stops_the_work_and_nothing_else() {
        let builtin = Builtin::new();
        let text = "one two three four five six seven ".repeat(40);
        let mut given_up = builtin.embed(Purpose::Document, vec![text; 1_000]);
        assert!((&mut given_up).now_or_never().is_none());
        drop(given_up);
        let calls = (0..5).map(|number| builtin.embed(Purpose::Document, vec![format!("note {number}")]));
        assert!(join_all(calls).await.iter().all(Result::is_ok));
        wait_until_idle(&builtin.documents);
        assert!(builtin.documents.lock().jobs.is_empty());
        assert!(builtin.embed(Purpose::Document, vec!["again".to_owned()]).await.is_ok());
    }
}
