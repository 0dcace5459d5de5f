//! OpenAI's embeddings, as spoken by most other servers too. Source: OpenAI API reference, "Create embeddings".

use serde::{Deserialize, Serialize};

use super::senseless::Senseless;
use super::vectors::{Numbers, in_order};

/// Used when the configuration names none, as OpenClaw 2026.2.9 does.
pub(super) const DEFAULT_MODEL: &str = "text-embedding-3-small";
/// Where the service is.
pub(super) const BASE_URL: &str = "https://api.openai.com/v1";

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
}

/// The body of a call. Numbers and not base64: many compatible servers know only these.
pub(super) fn encode(model: &str, texts: &[&str]) -> Option<Vec<u8>> {
    serde_json::to_vec(&Body { model, input: texts, encoding_format: "float" }).ok()
}

/// The answer; Voyage's looks the same.
#[derive(Deserialize)]
pub(crate) struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    index: Option<usize>,
    embedding: Numbers,
}

impl Answer {
    /// The vectors in the order of the texts.
    pub(crate) fn vectors(self, count: usize) -> Result<Vec<Numbers>, Senseless> {
        in_order(self.data.into_iter().map(|item| (item.index, item.embedding)).collect(), count)
    }
}

pub(super) fn decode(body: &[u8], count: usize) -> Result<Vec<Numbers>, Senseless> {
    serde_json::from_slice::<Answer>(body)?.vectors(count)
}
