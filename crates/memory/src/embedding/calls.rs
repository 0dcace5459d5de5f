//! Ordinary calls: passages with their vectors in the answer.

use std::sync::Arc;

use futures_util::StreamExt as _;
use openclaw_embed::{BatchLimits, EmbedError, Embedder, Failure, Purpose, Vector};
use tokio::sync::OnceCell;

use super::state::Embedding;
use crate::vectors::{Unembedded, hash};

/// A text that every embedder takes. One that refuses this as well refuses everything, as with a wrong model's name.
pub(super) const HARMLESS: &str = "The spare key lies in the blue box.";

/// Passages with their vectors, and what went wrong with others.
pub(super) type Outcome = (Vec<(Unembedded, Vector)>, Option<EmbedError>);

/// One round of calls.
struct Calls<'a> {
    embedding: &'a Embedding,
    embedder: &'a dyn Embedder,
    /// Why it refuses everything, if it does; asked at most once in a round.
    refuses_all: OnceCell<Option<EmbedError>>,
}

impl Embedding {
    /// The vectors of as many passages as possible, and the first failure.
    pub(super) async fn embed(&self, embedder: &dyn Embedder, passages: Vec<Unembedded>) -> Outcome {
        let limits = embedder.limits();
        let round = &Calls { embedding: self, embedder, refuses_all: OnceCell::new() };
        let calls = split(passages, limits).into_iter().map(|passages| round.call(passages));
        let mut done = futures_util::stream::iter(calls).buffered(limits.concurrency.max(1));
        let mut embedded = Vec::new();
        while let Some((vectors, failure)) = done.next().await {
            embedded.extend(vectors);
            if failure.is_some() {
                return (embedded, failure);
            }
        }
        (embedded, None)
    }
}

impl Calls<'_> {
    /// One call. If it is refused because of its texts, each is asked for by itself, so that one of them does not keep out
    /// the others.
    async fn call(&self, passages: Vec<Unembedded>) -> Outcome {
        match embed_texts(self.embedder, &passages).await {
            Ok(vectors) => (passages.into_iter().zip(vectors).collect(), None),
            Err(error) if !matches!(error.failure, Failure::Refused(_)) => (Vec::new(), Some(error)),
            Err(error) => match self.refuses_all.get_or_init(|| self.refuses_harmless(error)).await {
                Some(error) => (Vec::new(), Some(error.clone())),
                None => self.one_by_one(passages).await,
            },
        }
    }

    /// Whether it is not the texts: then nothing is to be known of them, and somebody else may step in.
    async fn refuses_harmless(&self, error: EmbedError) -> Option<EmbedError> {
        let asked = self.embedder.embed(Purpose::Document, vec![HARMLESS.to_owned()]).await;
        matches!(asked, Err(EmbedError { failure: Failure::Refused(_), .. })).then_some(error)
    }

    async fn one_by_one(&self, passages: Vec<Unembedded>) -> Outcome {
        let mut embedded = Vec::new();
        for passage in passages {
            match embed_texts(self.embedder, std::slice::from_ref(&passage)).await {
                Ok(vectors) => embedded.extend(vectors.into_iter().map(|vector| (passage.clone(), vector))),
                Err(error) if matches!(error.failure, Failure::Refused(_)) => {
                    tracing::warn!(%error, "a passage is found by its words only");
                    Arc::make_mut(&mut self.embedding.state().refused).insert(hash(&passage.text));
                }
                Err(error) => return (embedded, Some(error)),
            }
        }
        (embedded, None)
    }
}

/// Passages in calls that an embedder takes.
fn split(passages: Vec<Unembedded>, limits: BatchLimits) -> Vec<Vec<Unembedded>> {
    let mut calls: Vec<Vec<Unembedded>> = Vec::new();
    let mut bytes = 0;
    for passage in passages {
        let size = passage.text.len();
        match calls.last_mut() {
            Some(call) if call.len() < limits.texts && bytes + size <= limits.bytes => {
                bytes += size;
                call.push(passage);
            }
            Some(_) | None => {
                bytes = size;
                calls.push(vec![passage]);
            }
        }
    }
    calls
}

async fn embed_texts(embedder: &dyn Embedder, passages: &[Unembedded]) -> Result<Vec<Vector>, EmbedError> {
    let texts = passages.iter().map(|passage| passage.text.clone()).collect();
    embedder.embed(Purpose::Document, texts).await
}
