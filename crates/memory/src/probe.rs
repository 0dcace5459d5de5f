//! Asking those who make vectors for one, to see whether and how fast they answer.

use std::time::{Duration, Instant};

use openclaw_embed::{EmbedError, Embedder, Failure, Purpose};
use serde::Serialize;

use crate::engine::Engine;

/// What is asked: a question as short as most.
const QUESTION: &str = "Where is the spare key?";
/// A model that is loaded for the first time may need a while; nobody waits longer than this for a status.
const PATIENCE: Duration = Duration::from_secs(60);

/// How an embedder answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// Provider and model.
    pub embedder: String,
    /// When it is asked.
    pub role: Role,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// Numbers of a vector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<usize>,
    /// Why there is no vector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// When an embedder is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// First.
    Primary,
    /// When the first one fails.
    Fallback,
}

impl Engine {
    /// Asks every configured embedder for the vector of one question.
    pub async fn probe(&self) -> Vec<Probe> {
        let embedders = self.embedding.embedders();
        let mut found = Vec::new();
        for (role, embedder) in [(Role::Primary, &embedders.primary), (Role::Fallback, &embedders.fallback)] {
            if let Some(embedder) = embedder {
                found.push(ask(embedder.as_ref(), role).await);
            }
        }
        found
    }

    /// Provider and model of who makes the vectors, or will; nothing when nobody does.
    #[must_use]
    pub fn embedder(&self) -> Option<String> {
        self.embedding.active().map(|embedder| embedder.identity().to_string())
    }

    /// The provider that gets the text of notes and questions when it is not this machine: `openai`, `gemini`, `voyage`.
    #[must_use]
    pub fn service(&self) -> Option<&'static str> {
        let embedders = self.embedding.embedders();
        let providers = [&embedders.primary, &embedders.fallback].into_iter().flatten();
        providers.map(|embedder| embedder.identity().provider).find(|provider| !HERE.contains(provider))
    }
}

/// Providers that send nothing anywhere.
const HERE: [&str; 2] = ["builtin", "local"];

async fn ask(embedder: &dyn Embedder, role: Role) -> Probe {
    let begun = Instant::now();
    let asked = embedder.embed(Purpose::Query, vec![QUESTION.to_owned()]);
    let answer = tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_late| {
        let failure = Failure::TimedOut(PATIENCE);
        Err(EmbedError { embedder: embedder.identity().to_string(), failure })
    });
    let ms = begun.elapsed().as_secs_f64() * 1_000.0;
    let (dimensions, error) = match answer {
        Ok(vectors) => (vectors.first().map(|vector| vector.as_slice().len()), None),
        Err(error) => (None, Some(error.failure.to_string())),
    };
    Probe { embedder: embedder.identity().to_string(), role, ms, dimensions, error }
}
