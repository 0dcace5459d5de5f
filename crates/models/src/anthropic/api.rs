//! Anthropic messages as an [`Api`].

use std::sync::Arc;

use super::classify::classify;
use super::decode::Decoder;
use super::encode::encode;
use crate::wire::{self, Api, KeyPlace, Redactor, Refusal};
use crate::{ModelError, ModelInfo, ModelRequest};

/// `anthropic-messages`.
pub struct Messages;

/// The version whose formats this module reads and writes.
const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");
/// What a subscription's token needs beside itself.
const WITH_TOKEN: &[(&str, &str)] = &[VERSION, ("anthropic-beta", "oauth-2025-04-20")];
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

    fn headers(&self, key: Option<&str>) -> &'static [(&'static str, &'static str)] {
        if key.is_some_and(|key| key.starts_with(TOKEN_PREFIX)) { WITH_TOKEN } else { &[VERSION] }
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
        assert_eq!(Messages.headers(Some("sk-ant-api03-x")), [("anthropic-version", "2023-06-01")]);
        assert_eq!(Messages.headers(Some("sk-ant-oat01-x")).len(), 2);
    }
}
