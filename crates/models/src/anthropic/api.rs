//! Anthropic messages as an [`Api`].

use std::sync::Arc;

use super::classify::classify;
use super::decode::Decoder;
use super::encode::encode;
use super::thinking::needs_interleaving;
use crate::wire::{self, Api, KeyPlace, Redactor, Refusal};
use crate::{ModelError, ModelInfo, ModelRequest};

/// `anthropic-messages`.
pub struct Messages;

/// The version whose formats this module reads and writes.
const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");
/// What a subscription's token needs beside itself.
const WITH_TOKEN: &[(&str, &str)] = &[VERSION, ("anthropic-beta", "oauth-2025-04-20")];
/// What lets a model think between its calls: guide "Extended thinking", "Interleaved thinking".
const INTERLEAVED: &[(&str, &str)] = &[VERSION, ("anthropic-beta", "interleaved-thinking-2025-05-14")];
const INTERLEAVED_WITH_TOKEN: &[(&str, &str)] =
    &[VERSION, ("anthropic-beta", "oauth-2025-04-20,interleaved-thinking-2025-05-14")];
/// How a subscription's token begins; any other key is a key of the console.
const TOKEN_PREFIX: &str = "sk-ant-oat";

impl Api for Messages {
    /// Anthropic's own base URL has no version; some servers' have one.
    fn address(&self, base_url: &str, _: &ModelInfo) -> String {
        let version = if base_url.ends_with("/v1") { "" } else { "/v1" };
        format!("{base_url}{version}/messages")
    }

    fn key_place(&self, key: &str) -> KeyPlace {
        if key.starts_with(TOKEN_PREFIX) { KeyPlace::Bearer } else { KeyPlace::Header("x-api-key") }
    }

    fn headers(&self, key: Option<&str>, info: &ModelInfo) -> &'static [(&'static str, &'static str)] {
        let is_token = key.is_some_and(|key| key.starts_with(TOKEN_PREFIX));
        match (is_token, info.reasoning && needs_interleaving(&info.id)) {
            (false, false) => &[VERSION],
            (true, false) => WITH_TOKEN,
            (false, true) => INTERLEAVED,
            (true, true) => INTERLEAVED_WITH_TOKEN,
        }
    }

    fn encode(&self, request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
        encode(request, info)
    }

    fn decoder(&self, info: Arc<ModelInfo>, redactor: Redactor) -> Box<dyn wire::Decoder> {
        Box::new(Decoder::new(info, redactor))
    }

    fn classify(&self, refusal: Refusal<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError {
        classify(refusal, info, redactor)
    }
}

#[cfg(test)]
mod tests {
    use super::Messages;
    use crate::wire::{Api, KeyPlace};
    use crate::{ModelInfo, WireApi};

    #[test]
    fn addresses_and_keys() {
        let info = ModelInfo::new("anthropic", "m", WireApi::AnthropicMessages);
        let rows = [
            ("https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
            ("https://h.example/v1", "https://h.example/v1/messages"),
            ("https://h.example/anthropic", "https://h.example/anthropic/v1/messages"),
        ];
        for (base_url, expected) in rows {
            assert_eq!(Messages.address(base_url, &info), expected);
        }
        assert_eq!(Messages.key_place("sk-ant-api03-x"), KeyPlace::Header("x-api-key"));
        assert_eq!(Messages.key_place("sk-ant-oat01-x"), KeyPlace::Bearer);
        assert_eq!(Messages.headers(Some("sk-ant-api03-x"), &info), [("anthropic-version", "2023-06-01")]);
        assert_eq!(Messages.headers(Some("sk-ant-oat01-x"), &info).len(), 2);
    }

    #[test]
    fn models_with_a_budget_may_think_between_their_calls() {
        let betas = |id: &str, key| {
            let info =
                ModelInfo { reasoning: true, ..ModelInfo::new("anthropic", id, WireApi::AnthropicMessages) };
            let all = Messages.headers(Some(key), &info);
            all.iter().find(|(name, _)| *name == "anthropic-beta").map(|(_, value)| *value)
        };
        for id in ["claude-sonnet-4-20250514", "claude-opus-4-1", "claude-haiku-4-5"] {
            assert_eq!(betas(id, "sk-ant-api03-x"), Some("interleaved-thinking-2025-05-14"), "{id}");
            let both = "oauth-2025-04-20,interleaved-thinking-2025-05-14";
            assert_eq!(betas(id, "sk-ant-oat01-x"), Some(both), "{id}");
        }
        for id in ["claude-3-7-sonnet-latest", "claude-opus-4-6", "claude-opus-5", "kimi-k2-thinking"] {
            assert_eq!(betas(id, "sk-ant-api03-x"), None, "{id}");
        }
    }
}
