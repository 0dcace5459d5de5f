//! The self-test of an embedder: once for an index file, in the background, behind the first passages.

use openclaw_embed::{EmbedError, Embedder, Mode, Purpose, Reach, Vector};
use tokio::time::Instant;

use super::embedders::SelfTesting;
use super::state::Embedding;
use crate::engine::Mailbox;
use crate::error::MemoryError;
use crate::measure::{SET, SelfTest, by_meaning, by_words};

impl Embedding {
    /// Measures an embedder whose vectors rank, unless somebody has done so. It is little work and little money, and still
    /// sent like all other text: a person who wants to be asked about every token is. What fails is left for another
    /// time, and the default counts meanwhile.
    pub(super) async fn measure(
        &self,
        mailbox: &Mailbox,
        embedder: &dyn Embedder,
        word: Word,
    ) -> Result<(), MemoryError> {
        if self.embedders.self_testing == SelfTesting::Never || self.state().test_rests(Instant::now()) {
            return Ok(());
        }
        if word == Word::Assumed && self.is_test_much(embedder) {
            return Ok(());
        }
        let is_due =
            mailbox.with_vectors(embedder, |open, _| Ok(open.is_unmeasured() && open.embedded().1 > 0));
        if !is_due.await? {
            return Ok(());
        }
        self.state().tested = Some(Instant::now());
        let meaning = match find(embedder).await {
            Ok(meaning) => meaning,
            Err(error) => {
                tracing::info!(agent = %mailbox.agent_id(), %error, "the embedding model is not measured; its vectors count the default");
                return Ok(());
            }
        };
        let measured = mailbox.with_vectors(embedder, move |open, _| {
            let measured = SelfTest { meaning, words: by_words()? };
            open.keep_measured(measured)?;
            Ok(open.weight())
        });
        if let Some(weight) = measured.await? {
            tracing::info!(agent = %mailbox.agent_id(), embedder = %embedder.identity(), %weight, "what meaning counts");
        }
        Ok(())
    }

    /// Whether an embedder is still to be measured.
    pub(super) async fn is_unmeasured(
        &self,
        mailbox: &Mailbox,
        embedder: &dyn Embedder,
    ) -> Result<bool, MemoryError> {
        if self.embedders.self_testing == SelfTesting::Never {
            return Ok(false);
        }
        mailbox.with_vectors(embedder, |open, _| Ok(open.is_unmeasured())).await
    }

    /// Whether the self-test is more than what goes without saying.
    fn is_test_much(&self, embedder: &dyn Embedder) -> bool {
        let texts: Vec<&str> = texts().collect();
        let estimate = embedder.estimate(&texts, Mode::Inline);
        estimate.dollars != Some(0.0)
            && self.embedders.ask_above_tokens.is_some_and(|most| estimate.tokens > most)
    }
}

/// Whether a person has said that text may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// By asking for it.
    Given,
    /// It is so little that nobody wants to be asked.
    Assumed,
}

/// All texts of the test.
pub(super) fn texts<'a>() -> impl Iterator<Item = &'a str> {
    SET.iter().flat_map(|pair| [pair.note, pair.question])
}

/// The mean reciprocal rank by the vectors of an embedder.
async fn find(embedder: &dyn Embedder) -> Result<f64, EmbedError> {
    let texts = embedder.limits().texts.max(1);
    // A question of a person does not wait for more than one of the test where they stand in one line.
    let questions_at_once = if embedder.reach() == Reach::Here { 1 } else { texts };
    let notes = embed(embedder, Purpose::Document, texts).await?;
    let questions = embed(embedder, Purpose::Query, questions_at_once).await?;
    Ok(by_meaning(&notes, &questions))
}

async fn embed(embedder: &dyn Embedder, purpose: Purpose, at_once: usize) -> Result<Vec<Vector>, EmbedError> {
    let mut vectors = Vec::with_capacity(SET.len());
    for pairs in SET.chunks(at_once) {
        let texts = pairs.iter().map(|pair| match purpose {
            Purpose::Document => pair.note,
            Purpose::Query => pair.question,
        });
        vectors.extend(embedder.embed(purpose, texts.map(ToOwned::to_owned).collect()).await?);
    }
    Ok(vectors)
}
