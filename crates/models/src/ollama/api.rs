//! Ollama's chat as an [`Api`].

use std::sync::Arc;

use serde::Deserialize;

use super::decode::Decoder;
use super::encode::encode;
use crate::wire::{self, Api, Framing, Meaning, Redactor, Refusal, Verdict};
use crate::{ModelError, ModelInfo, ModelRequest};

/// Ollama's chat.
pub struct Chat;

impl Api for Chat {
    /// What is configured is the address of its copy of chat completions.
    fn address(&self, base_url: &str, _: &ModelInfo) -> String {
        let root = base_url.trim_end_matches('/').trim_end_matches("/v1");
        format!("{root}/api/chat")
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn encode(&self, request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
        encode(request, info)
    }

    fn decoder(&self, info: Arc<ModelInfo>, redactor: Redactor) -> Box<dyn wire::Decoder> {
        Box::new(Decoder::with_redactor(info, redactor))
    }

    fn classify(&self, refusal: Refusal<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError {
        classify(refusal, info, redactor)
    }
}

#[derive(Deserialize)]
struct ErrorBody {
    error: String,
}

/// It has no codes. A 404 is a model that was not pulled; the words are those of its server.
const WORDS: &[(&str, Meaning)] =
    &[("exceeds the available context size", Meaning::Context), ("context length", Meaning::Context)];

pub(super) fn classify(refusal: Refusal<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError {
    let body: Option<ErrorBody> = serde_json::from_slice(refusal.body).ok();
    let message = body.as_ref().map(|body| body.error.as_str());
    let meaning = match refusal.status {
        404 => Some(Meaning::NoModel),
        // A model that does not fit into memory, or broke: another one may do.
        200 => message.map(|message| Meaning::of_words(WORDS, message).unwrap_or(Meaning::Server)),
        status => {
            message.and_then(|text| Meaning::of_words(WORDS, text)).or_else(|| Meaning::of_status(status))
        }
    };
    let verdict = Verdict { meaning, status: refusal.status, retry_after: refusal.retry_after, message };
    verdict.into_error(info, redactor)
}

#[cfg(test)]
mod tests {
    use super::{Chat, classify};
    use crate::wire::{Api as _, Redactor, Refusal};
    use crate::{ModelError, ModelInfo, WireApi};
    use std::sync::Arc;

    #[test]
    fn the_address_is_beside_its_copy_of_chat_completions() {
        let info = ModelInfo::new("ollama", "m", WireApi::OllamaChat);
        for base in ["http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1/", "http://127.0.0.1:11434"] {
            assert_eq!(Chat.address(base, &info), "http://127.0.0.1:11434/api/chat");
        }
    }

    #[test]
    fn refusals() {
        let info = ModelInfo::new("ollama", "m", WireApi::OllamaChat);
        let provider = || Arc::from("ollama");
        let rows = [
            (
                404,
                r#"{"error":"model 'm' not found"}"#,
                ModelError::ModelNotFound { provider: provider(), model: "m".into() },
            ),
            (
                500,
                r#"{"error":"llama runner process has terminated"}"#,
                ModelError::Server { provider: provider(), status: 500 },
            ),
            (
                200,
                r#"{"error":"an error was encountered while running the model"}"#,
                ModelError::Server { provider: provider(), status: 200 },
            ),
            (
                400,
                r#"{"error":"m does not support tools"}"#,
                ModelError::BadRequest {
                    provider: provider(),
                    status: 400,
                    message: "m does not support tools".into(),
                },
            ),
        ];
        for (status, body, expected) in rows {
            let refusal = Refusal { status, retry_after: None, body: body.as_bytes() };
            assert_eq!(classify(refusal, &info, &Redactor::new(Vec::new())), expected, "{body}");
        }
    }
}
