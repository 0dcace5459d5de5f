//! Asking those who make vectors for one, to see whether and how fast they answer.

use std::fmt;
use std::time::{Duration, Instant};

use openclaw_embed::local::Progress as Download;
use openclaw_embed::{EmbedError, Embedder, Failure, Purpose, Reach, Readiness};
use serde::Serialize;

use crate::embedding::Embedders;
use crate::engine::Engine;

/// What is asked: a question as short as most.
pub(crate) const QUESTION: &str = "Where is the spare key?";
/// A model that is loaded for the first time may need a while; nobody waits longer than this for a status.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks at a download until its size is known: five seconds in all.
const LOOK: Duration = Duration::from_millis(100);
const MAX_LOOKS: u32 = 50;

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

    /// How far the model of who makes the vectors is on its way to this machine; nothing when it is not.
    #[must_use]
    pub fn download(&self) -> Option<Download> {
        match self.embedding.active()?.readiness() {
            Readiness::Downloading(progress) => Some(progress),
            Readiness::Ready | Readiness::Starting => None,
        }
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

/// Waits until a download that has just begun, or that another process is at, has told how far it is.
async fn size_is_known(embedder: &dyn Embedder) {
    for _ in 0..MAX_LOOKS {
        match embedder.readiness() {
            Readiness::Downloading(Download { total: None, .. }) => tokio::time::sleep(LOOK).await,
            Readiness::Downloading(_) | Readiness::Ready | Readiness::Starting => return,
        }
    }
}

async fn ask(embedder: &dyn Embedder, role: Role) -> Probe {
    let begun = Instant::now();
    let asked = async {
        let question = || embedder.embed(Purpose::Query, vec![QUESTION.to_owned()]);
        match question().await {
            Err(EmbedError { failure: Failure::NotReady(_), .. }) => {
                size_is_known(embedder).await;
                question().await
            }
            answer => answer,
        }
    };
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
