//! OpenAI responses as an [`Api`].

use std::sync::Arc;

use super::decode::Decoder;
use super::encode::encode;
use crate::openai::classify;
use crate::thinking::refuses_effort;
use crate::wire::{self, Api, Redactor, Refusal};
use crate::{ModelError, ModelInfo, ModelRequest};

/// `openai-responses`.
pub struct Responses;

impl Api for Responses {
    fn address(&self, base_url: &str, _: &ModelInfo) -> String {
        format!("{base_url}/responses")
    }

    fn encode(&self, request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
        encode(request, info)
    }

    fn decoder(&self, info: Arc<ModelInfo>, redactor: Redactor) -> Box<dyn wire::Decoder> {
        Box::new(Decoder::new(info, redactor))
    }

    /// Errors have the same shape and the same codes as those of chat completions.
    fn refuses_effort(&self, body: &[u8]) -> bool {
        refuses_effort(body)
    }

    fn classify(&self, refusal: Refusal<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError {
        classify(refusal, info, redactor)
    }
}
