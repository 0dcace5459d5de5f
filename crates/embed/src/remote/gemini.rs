//! Gemini's own embeddings. Source: Gemini API reference, "Embeddings", `models.batchEmbedContents`.

use serde::{Deserialize, Serialize};

use super::senseless::Senseless;
use super::vectors::{Numbers, in_order};
use crate::Purpose;

/// Used when the configuration names none, as OpenClaw 2026.2.9 does.
pub(super) const DEFAULT_MODEL: &str = "gemini-embedding-001";
/// Where the service is.
pub(super) const BASE_URL: &str = "https://generativelanguage.googleapis.com/v1beta";

#[derive(Serialize)]
struct Body<'a> {
    requests: Vec<One<'a>>,
}

/// One text, in a call or in a line of a job.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct One<'a> {
    model: String,
    content: Content<'a>,
    task_type: &'static str,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: [Part<'a>; 1],
}

#[derive(Serialize)]
struct Part<'a> {
    text: &'a str,
}

impl<'a> One<'a> {
    pub(crate) fn new(model: &str, purpose: Purpose, text: &'a str) -> Self {
        let task_type = match purpose {
            Purpose::Query => "RETRIEVAL_QUERY",
            Purpose::Document => "RETRIEVAL_DOCUMENT",
        };
        Self { model: format!("models/{model}"), content: Content { parts: [Part { text }] }, task_type }
    }
}

pub(super) fn encode(model: &str, purpose: Purpose, texts: &[&str]) -> Option<Vec<u8>> {
    let requests = texts.iter().map(|text| One::new(model, purpose, text)).collect();
    serde_json::to_vec(&Body { requests }).ok()
}

#[derive(Deserialize)]
struct Answer {
    embeddings: Vec<Embedding>,
}

/// One vector.
#[derive(Deserialize)]
pub(crate) struct Embedding {
    pub(crate) values: Numbers,
}

pub(super) fn decode(body: &[u8], count: usize) -> Result<Vec<Numbers>, Senseless> {
    let answer: Answer = serde_json::from_slice(body)?;
    in_order(answer.embeddings.into_iter().map(|one| (None, one.values)).collect(), count)
}
