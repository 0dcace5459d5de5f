//! The vector of a question. A search does not wait long for it, and what comes too late serves the same question later.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, Shared, select};
use openclaw_embed::{EmbedError, Embedder, EmbedderId, Failure, Purpose, Readiness, Vector};
use tokio::time::Instant;

use super::standing::Call;
use super::state::Embedding;
use crate::engine::Mailbox;
use crate::worker::ByEmbedder;

/// How long a search waits for the vector of its question before it goes on with words alone. Services take some tenths of
/// a second, and words have the answer already.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// The same while a program on this machine reads its model, which happens once in a while.
pub(super) const STARTING_PATIENCE: Duration = Duration::from_secs(5);
/// Late answers that are waited for in the background: a server that says nothing is not asked more.
const MAX_LATE: usize = 2;
/// Late vectors that are kept, and how long: until the same question comes again, as it does when an answer was poor.
const MAX_KEPT: usize = 16;
const KEPT: Duration = Duration::from_secs(10 * 60);

/// The vector of a query, or why there is none.
#[derive(Default)]
pub(crate) struct QueryVector {
    pub(crate) vector: Option<ByEmbedder<Vector>>,
    pub(crate) degraded: Option<String>,
}

type Asked = Result<Vec<Vector>, EmbedError>;
/// A call that several may wait for; it ends when nobody does.
type Asking = Shared<BoxFuture<'static, Asked>>;

/// Questions whose vectors were late.
#[derive(Default)]
pub(super) struct Late(Mutex<Vec<Question>>);

struct Question {
    by: EmbedderId,
    text: String,
    asking: Asking,
    since: Instant,
}

impl Late {
    /// The call for this question, if it was late.
    fn find(&self, by: &EmbedderId, text: &str) -> Option<Asking> {
        let mut questions = self.lock();
        let now = Instant::now();
        questions.retain(|question| question.is_open() || now < question.since + KEPT);
        let found = questions.iter().find(|question| question.text == text && question.by == *by);
        found.map(|question| question.asking.clone())
    }

    /// Whether so many answers of one embedder are waited for that it gets no more questions.
    fn is_full(&self, by: &EmbedderId) -> bool {
        is_full(&self.lock(), by)
    }

    /// Keeps a late question, and tells whether it may be waited for: several that are asked at once may all be late.
    fn keep(&self, question: Question) -> bool {
        let mut questions = self.lock();
        let is_kept = |kept: &Question| kept.text == question.text && kept.by == question.by;
        if is_full(&questions, &question.by) || questions.iter().any(is_kept) {
            return false;
        }
        // One that is still waited for stays, or it would no longer be counted.
        if questions.len() >= MAX_KEPT
            && let Some(oldest) = questions.iter().position(|question| !question.is_open())
        {
            questions.remove(oldest);
        }
        questions.push(question);
        true
    }

    /// Forgets a call that has failed.
    fn forget(&self, asking: &Asking) {
        self.lock().retain(|question| !question.asking.ptr_eq(asking));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Question>> {
        // Only ever held for a few moves of values, so that a poisoned one is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_full(questions: &[Question], by: &EmbedderId) -> bool {
    questions.iter().filter(|question| question.is_open() && question.by == *by).count() >= MAX_LATE
}

impl Question {
    /// Whether its answer is still to come.
    fn is_open(&self) -> bool {
        self.asking.peek().is_none()
    }
}

impl Embedding {
    /// The vector of a query.
    pub(crate) async fn query(self: &Arc<Self>, mailbox: &Arc<Mailbox>, text: &str) -> QueryVector {
        let nothing = || QueryVector { vector: None, degraded: self.degraded() };
        let Some(embedder) = self.active() else { return nothing() };
        let by = embedder.identity();
        let known = self.late.find(by, text);
        if known.is_none() && self.rests() {
            return nothing();
        }
        if known.is_none() && self.late.is_full(by) {
            let degraded = format!("words only: embeddings of {by}: earlier questions are not answered yet");
            return QueryVector { vector: None, degraded: Some(degraded) };
        }
        let is_known = known.is_some();
        let asking = known.unwrap_or_else(|| ask(&embedder, text));
        let patience = match embedder.readiness() {
            Readiness::Ready | Readiness::Downloading(_) => PATIENCE,
            Readiness::Starting => STARTING_PATIENCE,
        };
        let asked = match select(asking.clone(), self.embedders.batching.timer.deadline(patience)).await {
            Either::Left((asked, _)) => asked,
            Either::Right(((), _)) => {
                if !is_known {
                    self.wait_longer(mailbox, by, (text, asking));
                }
                Err(EmbedError { embedder: by.to_string(), failure: Failure::TimedOut(patience) })
            }
        };
        match asked {
            Ok(vectors) => {
                // A late one that was kept says nothing about who made it now.
                if !is_known {
                    self.answered(by);
                }
                let vector = vectors.into_iter().next().map(|made| ByEmbedder { by: by.clone(), made });
                let dimensions = vector.as_ref().map(|vector| vector.made.as_slice().len());
                let changed = self.settle(mailbox, embedder.as_ref(), dimensions).await;
                QueryVector { vector, degraded: changed.or_else(|| self.degraded()) }
            }
            Err(error) => {
                // Whoever waits for a late one in the background has said so already.
                if !is_known {
                    self.failed(mailbox, (by, Call::Query), &error);
                }
                QueryVector { vector: None, degraded: Some(format!("words only: {error}")) }
            }
        }
    }

    /// Waits in the background for a late answer, unless enough others are late. Whoever is not waited for is told so by
    /// its call that ends.
    fn wait_longer(
        self: &Arc<Self>,
        mailbox: &Arc<Mailbox>,
        by: &EmbedderId,
        (text, asking): (&str, Asking),
    ) {
        let question =
            Question { by: by.clone(), text: text.to_owned(), asking: asking.clone(), since: Instant::now() };
        if !self.late.keep(question) {
            return;
        }
        // Weak, as for the loop that embeds.
        let (embedding, mailbox, by) = (Arc::downgrade(self), Arc::downgrade(mailbox), by.clone());
        tokio::spawn(async move {
            let asked = asking.clone().await;
            let (Some(embedding), Some(mailbox)) = (embedding.upgrade(), mailbox.upgrade()) else { return };
            match asked {
                Ok(_) => embedding.answered(&by),
                Err(error) => {
                    embedding.late.forget(&asking);
                    embedding.failed(&mailbox, (&by, Call::Query), &error);
                }
            }
        });
    }
}

fn ask(embedder: &Arc<dyn Embedder>, text: &str) -> Asking {
    let (embedder, texts) = (Arc::clone(embedder), vec![text.to_owned()]);
    async move { embedder.embed(Purpose::Query, texts).await }.boxed().shared()
}
