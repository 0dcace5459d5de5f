//! Asking those who make vectors for one, to see whether and how fast they answer.

use std::fmt;
use std::time::{Duration, Instant};

use openclaw_embed::{EmbedError, Embedder, Failure, Purpose, Reach};
use serde::Serialize;

use crate::embedding::Embedders;
use crate::engine::Engine;

/// What is asked: a question as short as most.
pub(crate) const QUESTION: &str = "Where is the spare key?";
/// A model that is loaded for the first time may need a while; nobody waits longer than this for a status.
const PATIENCE: Duration = Duration::from_secs(60);

/// How an embedder answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// Provider and model, or `qmd`.
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

    /// Who gets the text of notes and questions; nobody when this program makes the vectors.
    #[must_use]
    pub fn reader(&self) -> Option<Reader> {
        self.embedding.embedders().reader()
    }
}

/// Who gets the text of notes and questions, to make vectors of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Reader {
    /// A service elsewhere, as the configuration calls it: `openai`, `gemini`, `voyage`.
    Service(&'static str),
    /// A server on this machine, by its host and port.
    Server(String),
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => f.write_str(name),
            Self::Server(address) => write!(f, "a server on this machine ({address})"),
        }
    }
}

impl Embedders {
    /// Who gets the text of notes and questions; a service elsewhere before a server on this machine.
    #[must_use]
    pub fn reader(&self) -> Option<Reader> {
        let all = || [&self.primary, &self.fallback].into_iter().flatten();
        let service = all().find(|embedder| embedder.reach() == Reach::Service);
        let server = || {
            all().find_map(|embedder| match embedder.reach() {
                Reach::Server(address) => Some(Reader::Server(address)),
                Reach::Here | Reach::Service => None,
            })
        };
        service.map(|embedder| Reader::Service(embedder.identity().provider)).or_else(server)
    }
}

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
