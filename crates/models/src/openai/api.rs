//! Chat completions as an [`Api`].

use std::sync::Arc;

use super::classify::classify;
use super::decode::Decoder;
use super::encode::encode;
use crate::thinking::refuses_effort;
use crate::wire::{self, Api, Redactor, Refusal};
use crate::{ModelError, ModelInfo, ModelRequest};

/// `openai-completions`.
pub struct Completions;

impl Api for Completions {
    fn address(&self, base_url: &str, _: &ModelInfo) -> String {
        format!("{base_url}/chat/completions")
    }

    fn encode(&self, request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
        encode(request, info)
    }

    fn decoder(&self, info: Arc<ModelInfo>, redactor: Redactor) -> Box<dyn wire::Decoder> {
        Box::new(Decoder::with_redactor(info, redactor))
    }

    fn refuses_effort(&self, body: &[u8]) -> bool {
        refuses_effort(body)
    }

    fn classify(&self, refusal: Refusal<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError {
        classify(refusal, info, redactor)
    }
}
